"""The client gives what the library gives, over HTTP; and what it does when that fails."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

httpx = pytest.importorskip("httpx", reason="needs httpx: pip install '.[client]'")

import kb  # noqa: E402
from kb import client as client_module  # noqa: E402
from kb.client import Client  # noqa: E402
from kb.corpus_folder import Draft  # noqa: E402
from kb.errors import (  # noqa: E402
    EngineUnavailable,
    InvalidRequest,
    KeyRefused,
    NotFound,
    ServicebookError,
    WriteRefused,
)
from kb.models import Scope, SearchRequest  # noqa: E402
from tests.conftest import CORPUS, MakeBook, app_of  # noqa: E402


@pytest.fixture(scope="module")
def here(open_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A book of some articles, and clients of it."""
    corpus = tmp_path_factory.mktemp("corpus")
    names = ["ru/empathy-at-the-clinic.md", "ru/complaint-is-a-gift.md", "zh/empathy-and-listening.md"]
    for name in names:
        (corpus / Path(name).name).write_bytes((CORPUS / name).read_bytes())
    book = open_book(home=tmp_path_factory.mktemp("home"), corpus=corpus)
    book.index()
    app = app_of(book)

    def client(*scopes: Scope, **options: Any) -> Client:
        key = book.keys.add("test", scopes)[1] if scopes else None
        return Client("http://testserver", key, transport=httpx.WSGITransport(app=app), **options)

    yield SimpleNamespace(book=book, client=client)
    book.close()


PASSAGE = "эмпатия"


@pytest.mark.parametrize(
    "ask",
    [
        lambda book, id: replace(book.search("эмпатия"), took_ms=0),
        lambda book, id: replace(book.search("эмпатя", language="ru", limit=2, explain=True), took_ms=0),
        lambda book, id: replace(book.search(SearchRequest("移情", languages=("ru", "zh"))), took_ms=0),
        lambda book, id: book.suggest("эмп", limit=4),
        lambda book, id: book.analyze("Стандарты сервиса (服务标准)"),
        lambda book, id: book.articles(),
        lambda book, id: book.article(book.articles()[0].id),
        lambda book, id: book.passage(id),
        lambda book, id: book.passages([id, "nowhere", id]),
        lambda book, id: book.counterparts(id, limit=2),
        lambda book, id: book.similar(id, limit=2),
        lambda book, id: book.principles(),
        lambda book, id: book.principle("empathy"),
        lambda book, id: book.trade_terms(),
        lambda book, id: book.trade_term("nps"),
        lambda book, id: book.statistics(),
        lambda book, id: book.index_status(),
    ],
    ids=range(17),
)  # fmt: skip
def test_the_client_gives_what_the_library_gives(
    here: SimpleNamespace, ask: Callable[[Any, str], object]
) -> None:
    passage = here.book.search(PASSAGE, limit=1).hits[0].passage.id
    with here.client() as remote:
        assert ask(remote, passage) == ask(here.book, passage)


def test_a_stream_is_every_article(here: SimpleNamespace) -> None:
    with here.client() as remote:
        assert list(remote.stream()) == [here.book.article(one.id) for one in here.book.articles()]
        assert list(remote.stream(since=datetime(2100, 1, 1, tzinfo=UTC))) == []


def test_articles_are_written_and_deleted(here: SimpleNamespace, tmp_path: Path) -> None:
    draft = Draft("first-minute", ".md", "# Первая минута\n\nВстречайте гостя стоя.".encode())
    with here.client(Scope.WRITE) as remote:
        assert [one.outcome for one in remote.write_articles([draft])] == ["created"]
        assert here.book.article("first-minute")[0].title == "Первая минута"
        (tmp_path / "a.md").write_text("# Первая минута\n\nВстречайте гостя у двери.", "utf-8")
        assert remote.put_file("first-minute", tmp_path / "a.md").outcome == "replaced"
        assert [one.outcome for one in remote.write_articles(remove=["first-minute"])] == ["deleted"]
    with pytest.raises(NotFound):
        here.book.article("first-minute")


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda book: book.article("nowhere"), NotFound),
        (lambda book: book.principle("nowhere"), NotFound),
        (lambda book: book.counterparts("nowhere"), NotFound),
        (lambda book: book.search("a", limit=5000), InvalidRequest),
        (lambda book: book.search("a", language="xx"), InvalidRequest),
        (lambda book: book.write_articles([Draft("x", ".md", b"# X\n\nText.")]), KeyRefused),
        (lambda book: book.write_articles([Draft("x", ".pdf", b"%PDF")]), InvalidRequest),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_library(
    here: SimpleNamespace, ask: Callable[[Any], object], error: type[ServicebookError]
) -> None:
    with here.client() as remote, pytest.raises(error):
        ask(remote)
    if error is not KeyRefused:
        with pytest.raises((error, WriteRefused)):
            ask(here.book)


def answering(*statuses: int, headers: dict[str, str] | None = None) -> tuple[Client, list[float], list[Any]]:
    """A client of a server that answers these statuses in turn, its pauses, and what it was asked."""
    pauses: list[float] = []
    asked: list[Any] = []
    left = list(statuses)

    def answer(request: Any) -> Any:
        asked.append(request)
        status = left.pop(0)
        if status == 0:
            raise httpx.ReadError("gone")
        return httpx.Response(status, json={"articles": []}, headers=headers)

    transport = httpx.MockTransport(answer)
    return Client("http://s", transport=transport, pause=pauses.append), pauses, asked


@pytest.mark.parametrize(
    ("statuses", "headers", "pauses"),
    [
        ([200], {}, []),
        ([503, 200], {"Retry-After": "7"}, [7.0]),
        ([429, 429, 200], {"Retry-After": "900"}, [30.0, 30.0]),
        ([502, 503, 200], {}, [0.5, 1.0]),
        ([0, 200], {}, [0.5]),
    ],
)
def test_what_fails_for_the_moment_is_tried_again(
    statuses: list[int], headers: dict[str, str], pauses: list[float]
) -> None:
    client, paused, _ = answering(*statuses, headers=headers)
    client._get("articles")
    assert paused == pauses


def test_it_gives_up_in_the_end() -> None:
    client, paused, asked = answering(503, 503, 503, 503)
    with pytest.raises(EngineUnavailable):
        client._get("articles")
    assert len(asked) == 4 and len(paused) == 3


def test_what_may_have_arrived_is_not_sent_twice() -> None:
    client, _, asked = answering(0, 200)
    with pytest.raises(EngineUnavailable):
        client.write_articles(remove=["x"])
    assert len(asked) == 1


def test_the_documentation_of_the_client_is_true(here: SimpleNamespace) -> None:
    with here.client() as remote:
        result = doctest.testmod(client_module, extraglobs={"book": remote})
    assert result.attempted > 5 and not result.failed


def test_the_documentation_of_the_library_is_true(here: SimpleNamespace) -> None:
    result = doctest.testmod(kb, extraglobs={"book": here.book})
    assert result.attempted > 3 and not result.failed


def test_the_example_of_the_readme_runs(
    here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (CORPUS.parent / "README.md").read_text("utf-8")
    example = readme.split("## Ask it from a program")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.setenv("KB_HOME", str(here.book.settings.home))
    monkeypatch.setenv("KB_CORPUS", str(here.book.settings.corpus))
    exec(compile(example, "README.md", "exec"), {})
    assert "同理心" in capsys.readouterr().out
