"""What assistants get, asked for by the protocol's own client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

mcp = pytest.importorskip("mcp", reason="needs mcp: pip install '.[mcp]'")

import anyio  # noqa: E402
import httpx  # noqa: E402
from mcp import Client, StdioServerParameters  # noqa: E402

from kb.assistants import citation, server  # noqa: E402
from kb.knowledge_base import KnowledgeBase  # noqa: E402
from tests.conftest import CORPUS, app_of, free_port  # noqa: E402

COMMAND = [sys.executable, "-m", "kb", "mcp"]


@pytest.fixture(scope="module")
def book(make_book: Callable[..., KnowledgeBase]) -> KnowledgeBase:
    names = ["ru/empathy-at-the-clinic.md", "zh/empathy-and-listening.md"]
    return make_book(
        {Path(name).name: (CORPUS / name).read_text("utf-8") for name in names},
        base_url="https://handbook.example/kb/",
    )


def ask(server_of: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What tools answer."""

    async def asking() -> list[Any]:
        async with Client(server_of) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(asking)


def test_its_tools_are_described_and_only_read(book: KnowledgeBase) -> None:
    async def listing() -> Any:
        async with Client(server(book)) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in anyio.run(listing).tools}
    assert list(tools) == ["search", "fetch", "principles", "counterparts"]
    for tool in tools.values():
        assert tool.description and tool.annotations.read_only_hint and tool.output_schema
        assert all(one.get("description") for one in tool.input_schema["properties"].values())


def test_a_passage_comes_with_citation_and_link(book: KnowledgeBase) -> None:
    (answer,) = ask(server(book), ("search", {"query": "эмпатия", "language": "ru", "limit": 2}))
    results = answer.structured_content
    assert len(results["results"]) == 2 <= results["total"]
    first = results["results"][0]
    passage, article = book.passage(first["id"])
    assert first["text"] == passage.text
    assert first["url"] == f"https://handbook.example/kb/articles/{article.id}#{passage.id}"
    assert first["citation"] == citation(article, passage.headings)
    assert article.title in first["citation"] and passage.headings[-1] in first["citation"]


def test_what_is_fetched_is_what_the_api_gives(book: KnowledgeBase) -> None:
    http = app_of(book).test_client()
    article = book.articles()[0]
    passages = book.article(article.id)[1]
    one, whole = ask(server(book), ("fetch", {"id": passages[3].id}), ("fetch", {"id": article.id}))
    assert (
        one.structured_content["text"]
        == http.get(f"/api/v1/passages/{passages[3].id}").json["passage"]["text"]
    )
    texts = [passage["text"] for passage in http.get(f"/api/v1/articles/{article.id}").json["passages"]]
    assert whole.structured_content["text"] == "\n\n".join(texts)
    assert whole.structured_content["url"].endswith(f"/articles/{article.id}")


def test_principles_and_counterparts(book: KnowledgeBase) -> None:
    passage = book.search("эмпатия", language="ru", limit=1).hits[0].passage.id
    named, other = ask(server(book), ("principles", {}), ("counterparts", {"id": passage, "limit": 1}))
    principles = named.structured_content["principles"]
    assert len(principles) == len(book.principles())
    assert principles[0]["labels"].keys() == {"ru", "zh", "en"}
    (hit,) = other.structured_content["counterparts"]["zh"]
    assert hit["language"] == "zh" and "empathy" in hit["principles"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("fetch", {"id": "nowhere"}, "There is no passage"),
        ("search", {"query": "a", "language": "xx"}, "There is no language"),
        ("search", {"query": "a", "limit": 500}, "limit"),
        ("search", {}, "query"),
    ],
)
def test_errors_tell_what_to_do(book: KnowledgeBase, tool: str, arguments: dict[str, Any], said: str) -> None:
    (answer,) = ask(server(book), (tool, arguments))
    assert answer.is_error and said in answer.content[0].text
    assert "Traceback" not in answer.content[0].text


def test_over_stdin_and_stdout(book: KnowledgeBase) -> None:
    environment = {"KB_HOME": str(book.settings.home), "KB_CORPUS": str(book.settings.corpus)}
    command = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env={**os.environ, **environment})
    (answer,) = ask(command, ("search", {"query": "同理心", "limit": 1}))
    assert answer.structured_content["results"][0]["text"]


def status_for(port: int, host: str) -> int:
    said = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": said}
    headers = {"Host": host, "Accept": "application/json, text/event-stream"}
    return httpx.post(f"http://127.0.0.1:{port}/mcp", json=call, headers=headers).status_code


def test_over_http(book: KnowledgeBase) -> None:
    port = free_port()
    environment = {
        "KB_HOME": str(book.settings.home),
        "KB_CORPUS": str(book.settings.corpus),
        "KB_BASE_URL": book.settings.base_url,
    }
    served = subprocess.Popen(
        [*COMMAND, "--http", "--port", str(port)],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        (answer,) = ask(f"http://127.0.0.1:{port}/mcp", ("fetch", {"id": book.articles()[0].id}))
        assert answer.structured_content["title"] == book.articles()[0].title
        # Behind a proxy it is known by the name of KB_BASE_URL; a page by another name reaches nothing.
        assert [status_for(port, host) for host in ("handbook.example", "evil.example")] == [200, 421]
    finally:
        served.terminate()
        served.wait()
