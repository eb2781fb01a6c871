"""What people search, as editors see it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, text

from kb.errors import StoreUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.store.schema import OPENINGS, PROPOSALS, SEARCHES
from tests.conftest import MakeApp, book_of, csrf_of, signed_in

ARTICLE = "# Смена в кафе\n\nГость молчит. Эмпатия: поставьте себя на его место и спросите, что случилось.\n"


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": ARTICLE}, search_log="on")


@pytest.fixture
def book(app: Flask) -> Iterator[KnowledgeBase]:
    """The book, with an empty log."""
    found = book_of(app)
    yield found
    with found.store.database.write() as connection:
        for table in (SEARCHES, OPENINGS, PROPOSALS):
            connection.execute(delete(table))


def visit(client: FlaskClient, address: str, **headers: str) -> str:
    """Get a page and take all of it, as browsers do: the log is written after the answer."""
    with client.get(address, headers={"Accept-Language": "zh-Hant", **headers}) as answer:
        return answer.text


def searched(book: KnowledgeBase) -> dict[str, tuple[str, int, int]]:
    return {one.text: (one.language, one.times, one.total) for one in book.most_frequent_searches()}


def test_searches_are_counted(app: Flask, book: KnowledgeBase) -> None:
    client = app.test_client()
    for address in (
        "/search?q=гость",
        "/search?q=Гость",
        "/?q=zzqqx&correct=0",
        "/search?q=zzqqx&language=ru&correct=0",
        "/search?q=移情",
    ):
        visit(client, address)
    assert searched(book) == {
        "Гость": ("zh-Hant", 2, 1),
        "zzqqx": ("zh-Hant", 2, 0),
        "移情": ("zh-Hant", 1, 1),
    }
    assert [one.text for one in book.searches_without_results()] == ["zzqqx"]


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/search",
        "/search?q=",
        "/search?q=%20",
        "/search?principle=empathy",
        "/search?q=гость&page=2",
        "/api/v1/search?q=гость",
    ],
)
def test_what_is_no_search_of_a_person_is_not_counted(app: Flask, book: KnowledgeBase, address: str) -> None:
    visit(app.test_client(), address)
    assert searched(book) == {}


def test_who_is_still_typing_is_not_counted(app: Flask, book: KnowledgeBase) -> None:
    """`live.js` fetches as one types, and says once what stayed."""
    client = app.test_client()
    for typed in ("г", "го", "гос", "гост"):
        visit(client, f"/search?q={typed}&correct=0", **{"X-Typing": "1"})
    assert searched(book) == {}
    client.head("/search?q=гость").close()
    assert list(searched(book)) == ["гость"]
    assert "data-logged" in visit(client, "/")


def test_what_is_opened_from_results_is_counted(app: Flask, book: KnowledgeBase) -> None:
    client = app.test_client()
    page = visit(client, "/search?q=гость")
    address = re.search(r'<h3><a href="([^"#]+)', page)
    assert address
    visit(client, address[1].replace("&amp;", "&"))
    visit(client, "/articles/" + book.articles()[0].id + "?q=гость")
    (logged,) = book.most_frequent_searches()
    assert list(logged.opened.values()) == [1]
    assert book.passage(next(iter(logged.opened)))[0].text.startswith("Гость молчит")


def test_nothing_tells_who_it_was(app: Flask, book: KnowledgeBase) -> None:
    client = signed_in(app, "trainer")
    visit(
        client,
        "/search?q=гость anna@example.org",
        **{"User-Agent": "Browser/1.0", "X-Forwarded-For": "192.0.2.7"},
    )
    with book.store.database.read() as connection:
        kept = str(connection.execute(text("SELECT * FROM searches")).all())
    assert "гость …" in kept
    for told in ("trainer", "example", "127.0.0.1", "192.0.2.7", "Browser"):
        assert told not in kept


def test_off_is_off(make_app: MakeApp) -> None:
    app = make_app({"cafe.md": ARTICLE})
    book = book_of(app)
    page = visit(app.test_client(), "/search?q=гость")
    assert "data-logged" not in page
    book.log_search("гость", "ru", 1)
    assert searched(book) == {}
    assert "KB_SEARCH_LOG=on" in visit(signed_in(app, "editor"), "/searches")


def test_a_search_is_answered_also_when_it_cannot_be_counted(
    app: Flask, book: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(book.store.searches, "put", broken)
    assert "на его место" in visit(app.test_client(), "/search?q=поставьте")


def test_editors_see_it_and_propose_terms(app: Flask, book: KnowledgeBase) -> None:
    client = app.test_client()
    for query in ("zzqqx", "<script>alert(1)</script>", "гость"):
        visit(client, f"/search?q={query}&correct=0")
    result = re.search(r'<h3><a href="([^"#]+)', visit(client, "/search?q=гость"))
    assert result
    visit(client, result[1].replace("&amp;", "&"))
    editor = signed_in(app, "editor")
    page = visit(editor, "/searches")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert page.count(">zzqqx</a>") == 2, "among those without results, and among the most frequent"
    assert page.count(">гость</a>") == 1 and "Смена в кафе</a>" in page
    form = {"term": "zzqqx", "csrf_token": csrf_of(editor, "/searches")}
    chinese = {"Accept-Language": "zh-Hant"}
    assert editor.post("/searches/proposals", data=form, headers=chinese).status_code == 303
    assert "「zzqqx」已加入詞表待審清單。" in visit(editor, "/searches")
    assert [(one.text, one.proposer) for one in book.proposals()] == [("zzqqx", "editor")]
    editor.post("/searches/proposals", data={**form, "drop": "1"})
    assert book.proposals() == []


@pytest.mark.parametrize("term", ["", "  ", "ж" * 201])
def test_terms_that_are_none(app: Flask, book: KnowledgeBase, term: str) -> None:
    editor = signed_in(app, "editor")
    form = {"term": term, "csrf_token": csrf_of(editor, "/account")}
    assert editor.post("/searches/proposals", data=form).status_code == 400
    assert book.proposals() == []


def test_what_was_opened_may_be_gone(app: Flask, book: KnowledgeBase) -> None:
    book.log_search("гость", "ru", 1)
    book.log_opening("гость", "gone")
    assert ">гость</a>" in visit(signed_in(app, "editor"), "/searches")
