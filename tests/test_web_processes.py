"""A server of several processes is one server: limits, figures and writing hold for all of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kb.corpus_folder import ArticleFile
from kb.knowledge_base import KnowledgeBase
from tests.conftest import MakeBook, free_port, new_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process answers")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, vocabulary_cache: Path) -> Iterator[SimpleNamespace]:
    """`kb serve` with two processes: its port, its process, and what it says of errors."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "a.md").write_text("# Жалоба\n\nЖалоба — подарок.\n", "utf-8")
    port = free_port()
    said = {
        "KB_HOME": str(new_home(folder, vocabulary_cache)),
        "KB_CORPUS": str(folder / "corpus"),
        "KB_PROCESSES": "2",
        "KB_API_LIMIT": "90 per hour",
        "KB_METRICS": "on",
        "KB_LOG": "json",
    }
    command = [sys.executable, "-m", "kb", "serve", "--port", str(port)]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(
            command, env={**os.environ, **said}, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        while "Servicebook is at" not in (told := (folder / "errors").read_text()):
            assert process.poll() is None, told
            time.sleep(0.05)
        yield SimpleNamespace(port=port, process=process, errors=folder / "errors")
        process.kill()


def children(process: int) -> set[int]:
    """The processes that a process has made."""
    return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def get(port: int, path: str) -> tuple[int, str]:
    """What a server answers on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def soon(is_so: Callable[[], object]) -> None:
    """Wait until something is so, ten seconds at most."""
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_limits_and_figures_are_of_all_processes(server: SimpleNamespace) -> None:
    statuses = Counter(get(server.port, "/api/v1/key")[0] for _ in range(100))
    assert statuses == {200: 90, 429: 10}
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(get(server.port, "/metrics")[1])
        for sample in family.samples
    }
    assert samples["servicebook_requests_total", "api.key", "200"] == 90
    assert samples["servicebook_requests_total", "api.key", "429"] == 10
    assert samples["servicebook_index_passages",] == 1


def test_an_address_may_be_typed_as_it_is_meant(server: SimpleNamespace) -> None:
    """… as curl sends it, which escapes nothing."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall("GET /search?q=жалоба HTTP/1.0\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            said = answer.read().decode()
    assert said.startswith("HTTP/1.0 200") and "подарок" in said


def test_a_process_that_dies_is_replaced(server: SimpleNamespace) -> None:
    before = children(server.process.pid)
    assert len(before) == 2
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    assert get(server.port, "/healthz")[0] == 200
    soon(lambda: len(children(server.process.pid) - {victim}) == 2)
    assert {get(server.port, "/search?q=" + quote("жалоба"))[0] for _ in range(4)} == {200}


def test_all_end_when_told(server: SimpleNamespace) -> None:
    answering = children(server.process.pid)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert not any(Path(f"/proc/{process}").exists() for process in answering)
    first, *lines = [json.loads(line) for line in server.errors.read_text().splitlines()]
    assert first["logger"] == "servicebook.serve" and server.process.stdout.read() == ""
    assert any(line.get("path") == "/healthz" for line in lines)
    assert not any("traceback" in line for line in lines)


def test_one_writes_into_the_corpus_at_a_time(make_book: MakeBook) -> None:
    here = make_book({"a.md": "# А\n\nРаз.\n"})
    there = KnowledgeBase(here.settings)
    seen: list[str] = []

    def write(name: str) -> None:
        book = here if name == "here" else there

        def check() -> None:
            seen.append(f"{name} looks")
            time.sleep(0.1)

        book.write_articles([ArticleFile(name, ".md", f"# {name}\n\nText.".encode())], check=check)
        seen.append(f"{name} has written")

    writers = [threading.Thread(target=write, args=(name,)) for name in ("here", "there")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    there.close()
    first, second = (seen[number].split()[0] for number in (0, 2))
    assert seen == [f"{name} {does}" for name in (first, second) for does in ("looks", "has written")]
