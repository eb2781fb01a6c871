"""The client gives what the library gives, over HTTP; and what it does when that fails."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

httpx = pytest.importorskip("httpx", reason="needs httpx: pip install '.[client]'")

import kb  # noqa: E402
from kb import client as client_module  # noqa: E402
from kb.client import Client  # noqa: E402
from kb.client.packs import ClientPacks  # noqa: E402
from kb.corpus_folder import ArticleFile  # noqa: E402
from kb.errors import (  # noqa: E402
    EngineUnavailable,
    InvalidRequest,
    KeyRefused,
    NotFound,
    PackChanged,
    ServicebookError,
    WriteRefused,
)
from kb.knowledge_base import KnowledgeBase  # noqa: E402
from kb.models import (  # noqa: E402
    Choice,
    Excerpt,
    Pack,
    PackSection,
    Question,
    Role,
    Scope,
    SearchRequest,
    Wording,
)
from kb.packs.kept import Packs  # noqa: E402
from tests.conftest import CORPUS, MakeBook, account_of, app_of  # noqa: E402


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
    anna = account_of(book, "anna", Role.EDITOR)

    def client(*scopes: Scope, **options: Any) -> Client:
        key = book.keys.add("test", scopes, account=anna)[1] if scopes else None
        return Client("http://testserver", key, transport=httpx.WSGITransport(app=app), **options)

    yield SimpleNamespace(book=book, client=client)
    book.close()


PASSAGE = "эмпатия"
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def undated(value: Any) -> Any:
    """A noun without the moments at which passages were quoted: they are quoted at every call."""
    if isinstance(value, Excerpt):
        return replace(value, quoted=MOMENT, counterpart=undated(value.counterpart))
    if isinstance(value, tuple):
        return tuple(map(undated, value))
    if isinstance(value, Pack):
        return replace(value, sections=undated(value.sections))
    if isinstance(value, PackSection):
        return replace(value, excerpts=undated(value.excerpts))
    if isinstance(value, Question):
        return replace(value, excerpt=undated(value.excerpt), choices=undated(value.choices))
    return replace(value, excerpt=undated(value.excerpt)) if isinstance(value, Choice) else value


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
        lambda book, id: replace(book.passages_on("empathy", "ru", limit=2, offset=1), took_ms=0),
        lambda book, id: replace(book.passages_naming("nps", limit=3), took_ms=0),
        lambda book, id: undated(book.excerpt(id)),
        lambda book, id: undated(book.pack_from([id, id], "Неделя", "ru")),
        lambda book, id: undated(book.ready_made("empathy", "zh-Hant")),
        lambda book, id: undated(book.with_counterparts(book.pack_from([id]), "zh")),
        lambda book, id: undated(book.quiz(replace(book.ready_made("empathy", "ru"), id="a"))),
    ],
    ids=range(24),
)  # fmt: skip
def test_the_client_gives_what_the_library_gives(
    here: SimpleNamespace, ask: Callable[[Any, str], object]
) -> None:
    passage = here.book.search(PASSAGE, limit=1).hits[0].passage.id
    with here.client() as remote:
        assert ask(remote, passage) == ask(here.book, passage)


ON_FILES = "it reads or writes files of the machine where it is called"
FOR_EDITORS = "it is about what people search and propose, which is not told to programs"
FOR_PAGES = "pages show it; programs have it in what other calls answer"
OF_THE_PROCESS = "it is about the process that serves"
# What of the library a program elsewhere cannot call, and why.
ONLY_THERE = {
    **dict.fromkeys(("add", "backup", "check", "evaluate_tagger", "explain_tags", "index", "restore"), ON_FILES),
    **dict.fromkeys(
        ("drop_proposal", "log_opening", "log_search", "most_frequent_searches", "proposals", "propose_term",
         "searches_without_results"), FOR_EDITORS),
    **dict.fromkeys(
        ("articles_on", "assemble", "best_passages", "look_up", "modified", "nearest", "principle_tags", "size",
         "state_of", "versions"), FOR_PAGES),
    **dict.fromkeys(
        ("accounts", "concepts", "engine", "faults", "is_empty", "keys", "made_with_another", "pipeline", "searcher",
         "sources", "store", "suggestions", "tagger", "traced_search", "vocabulary"), OF_THE_PROCESS),
}  # fmt: skip
ONLY_THERE_OF_PACKS = {"find": "packs there are found for the account that a key acts for, by `open`"}


@pytest.mark.parametrize(
    ("library", "client", "missing"),
    [(KnowledgeBase, Client, ONLY_THERE), (Packs, ClientPacks, ONLY_THERE_OF_PACKS)],
    ids=["book", "packs"],
)
def test_the_client_offers_what_the_library_offers(
    library: type, client: type, missing: dict[str, str]
) -> None:
    """Under the same names, with the same parameters and defaults in the same order, but for who asks."""
    offered = {name for name in vars(library) if not name.startswith("_")}
    assert offered - {name for name in vars(client) if not name.startswith("_")} == missing.keys()
    for name in offered - missing.keys() - {"packs"} - OTHERWISE:
        ours, theirs = (signature(getattr(kind, name)).parameters for kind in (library, client))
        asked = {one: ours[one].default for one in ours if one not in WHO}
        given = {one: theirs[one].default for one in theirs if one in asked}
        assert list(given.items()) == list(asked.items()), name


# Known there: who asks, where the product is reached, and what must not have changed meanwhile.
WHO = {"account", "owner", "reviewer", "check", "base_url"}
# A client names a passage, whose words are there.
OTHERWISE = {"add_excerpt"}


def test_packs_are_kept_changed_shared_and_exported(here: SimpleNamespace) -> None:
    ids = [passage.id for passage in here.book.article(here.book.articles()[0].id)[1]][:3]
    with here.client(Scope.PACKS) as remote:
        packs = remote.packs
        kept = packs.keep(remote.pack_from(ids[:1], "Неделя", "ru"))
        assert (kept.owner, kept.version, packs.open(kept.pack.id)) == ("anna", 1, kept)
        assert kept in packs.all() and here.book.packs.find(kept.pack.id) == kept
        more = replace(kept.pack, introduction="Читать.", title="Дважды")
        kept = packs.change(kept.pack.id, more, 1)
        assert kept.pack == more, "what was quoted stays as it was quoted"
        with pytest.raises(PackChanged) as caught:
            packs.change(kept.pack.id, more, 1)
        assert (caught.value.version, caught.value.changed_by, caught.value.title) == (2, "anna", "Дважды")
        id = kept.pack.id
        packs.add_excerpt(id, ids[1], place=0)
        packs.add_excerpt(id, ids[2])
        packs.move_excerpt(id, ids[0], place=0)
        kept = packs.remove_excerpt(id, ids[1], based_on=5)
        assert [one.passage for one in kept.pack.excerpts] == [ids[0], ids[2]]
        assert packs.history(id) == here.book.packs.history(id) and kept.version == 6
        assert len(packs.undo(id, 6).pack.excerpts) == 3
        assert packs.restore(id, 1, 7).pack.title == "Неделя"
        link = packs.share(id).link
        assert link and packs.shared(link) == packs.open(id).pack
        assert packs.copy_shared(link, "Копия").pack.title == "Копия"
        assert packs.copy(kept).owner == "anna"
        assert packs.withdraw(id).link is None
        with pytest.raises(NotFound):
            packs.shared(link)
        assert packs.states(id)[ids[0]].wording is Wording.SAME
        assert packs.export(id, "csv") == here.book.export(packs.open(id).pack, "csv", "http://testserver/")
        assert packs.quiz(id) == here.book.quiz(packs.open(id).pack)
        packs.delete(id, 8)
        with pytest.raises(NotFound, match="pack"):
            packs.open(id)
    with here.client(Scope.READ) as stranger, pytest.raises(KeyRefused):
        stranger.packs.all()


@pytest.mark.parametrize("form", ["markdown", "csv"])
def test_a_pack_is_exported(here: SimpleNamespace, form: str) -> None:
    pack = here.book.pack_from([here.book.search(PASSAGE, limit=1).hits[0].passage.id], "Неделя", "ru")
    with here.client() as remote:
        assert remote.export(pack, form) == here.book.export(pack, form, "http://testserver/")


def test_tags_are_reviewed(here: SimpleNamespace) -> None:
    passage = here.book.search(PASSAGE, limit=1).hits[0].passage.id
    with here.client(Scope.WRITE) as remote:
        reviewed = remote.review(passage, "empathy", False, "не о том")
        assert "empathy" not in {tag.principle for tag in reviewed.tags}
        (said,) = remote.reviews([reviewed])
        assert remote.reviews() == here.book.reviews() and said.reason == "не о том"
        assert remote.review_by_number(said.number) == said
        assert remote.undo_review(said.number) and remote.reviews() == []


def test_a_stream_is_every_article(here: SimpleNamespace) -> None:
    with here.client() as remote:
        assert list(remote.stream()) == [here.book.article(one.id) for one in here.book.articles()]
        assert list(remote.stream(since=datetime(2100, 1, 1, tzinfo=UTC))) == []


def test_articles_are_written_and_deleted(here: SimpleNamespace, tmp_path: Path) -> None:
    file = ArticleFile("first-minute", ".md", "# Первая минута\n\nВстречайте гостя стоя.".encode())
    with here.client(Scope.WRITE) as remote:
        assert [one.outcome for one in remote.write_articles([file])] == ["created"]
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
        (lambda book: book.write_articles([ArticleFile("x", ".md", b"# X\n\nText.")]), KeyRefused),
        (lambda book: book.write_articles([ArticleFile("x", ".pdf", b"%PDF")]), InvalidRequest),
        (lambda book: book.write_articles([ArticleFile("x", ".md", "# Гость".encode("cp1251"))]), InvalidRequest),
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
    client._calls.get("articles")
    assert paused == pauses


def test_it_gives_up_in_the_end() -> None:
    client, paused, asked = answering(503, 503, 503, 503)
    with pytest.raises(EngineUnavailable):
        client._calls.get("articles")
    assert len(asked) == 4 and len(paused) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<h1>Not Found</h1>"),
        httpx.Response(301, headers={"Location": "https://s/"}),
        httpx.Response(403, text="Sign in first."),
        httpx.Response(200, text="<h1>Welcome</h1>"),
        httpx.Response(404, json=["another", "product"]),
        httpx.ReadError("gone"),
    ],
    ids=["page", "elsewhere", "proxy", "portal", "product", "silent"],
)
def test_what_is_no_servicebook_is_told_as_such(answer: httpx.Response | Exception) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = Client("http://s", transport=httpx.MockTransport(respond), pause=lambda seconds: None)
    for ask in (lambda: client.article("a"), lambda: list(client.stream())):
        with pytest.raises(EngineUnavailable, match="http://s/api/v1/"):
            ask()


def test_what_never_arrived_is_sent_again() -> None:
    asked = []

    def answer(request: Any) -> Any:
        asked.append(request)
        if len(asked) == 1:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(200, json={"articles": []})

    client = Client("http://s", transport=httpx.MockTransport(answer), pause=lambda seconds: None)
    assert client.write_articles(remove=["x"]) == ()
    assert len(asked) == 2


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
