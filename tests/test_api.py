"""`/api/v1`: it answers what its contract says, to whom it says, and what the library says."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rdflib import Graph, URIRef
from rdflib.namespace import SKOS
from sqlalchemy import URL

from kb import readers
from kb.cli import main
from kb.corpus_folder import ArticleFile, FolderChanges
from kb.engines.whoosh import WhooshEngine
from kb.errors import IndexLocked, InvalidRequest, StoreUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.models import Role, Scope
from kb.settings import load
from tests.conftest import CORPUS, MakeBook, account_of, app_of
from web.api.answers import page

ARTICLES = ("ru/empathy-at-the-clinic.md", "ru/complaint-is-a-gift.md", "zh/empathy-and-listening.md")
DRAFT = "# Первая минута\n\nВстречайте гостя стоя и улыбнитесь первым.\n"


@pytest.fixture(scope="module")
def here(open_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A book of some articles in a folder of its own, and its application."""
    corpus = tmp_path_factory.mktemp("corpus")
    for name in ARTICLES:
        (corpus / Path(name).name).write_bytes((CORPUS / name).read_bytes())
    home = tmp_path_factory.mktemp("home")
    book = open_book(home=home, corpus=corpus, cors_origins="https://intranet.example")
    book.index()
    app = app_of(book)
    anna = account_of(book, "anna", Role.ADMINISTRATOR)
    keys = {scope: book.keys.add(f"for {scope}", [scope], account=anna)[1] for scope in Scope}
    client = app.test_client()
    spec = client.get("/api/v1/openapi.json").json
    passage = book.search("эмпатия", limit=1).hits[0].passage.id
    kept = book.packs.keep(book.ready_made("empathy", "ru"), anna)
    book.review(passage, "empathy", True, "anna")
    yield SimpleNamespace(
        app=app, book=book, keys=keys, client=client, spec=spec, corpus=corpus, home=home, passage=passage,
        article=book.articles()[0].id, pack=kept.pack.id, link=book.packs.share(kept.pack.id, anna).link,
    )  # fmt: skip
    book.close()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def path_of(here: SimpleNamespace, path: str) -> str:
    """A path of the contract with ids that are there."""
    return path.format(
        article_id=here.article, passage_id=here.passage, principle_id="empathy", term_id="nps",
        pack_id=here.pack, link=here.link, number=1,
    )  # fmt: skip


# --- The contract --------------------------------------------------------------------------------

READING = [
    ("/api/v1/search", {"q": "эмпатия", "explain": 1}),
    ("/api/v1/search", {"q": "жалоба OR 移情", "language": ["ru", "zh"], "limit": 2}),
    ("/api/v1/search", {"principle": "empathy"}),
    ("/api/v1/suggest", {"q": "эмп"}),
    ("/api/v1/analyze", {"text": "Стандарты сервиса (服务标准)"}),
    ("/api/v1/articles", {}),
    ("/api/v1/articles/{article_id}", {}),
    ("/api/v1/articles/{article_id}/passages", {"limit": 3}),
    ("/api/v1/passages", {"id": ["{passage_id}", "nowhere"]}),
    ("/api/v1/passages/{passage_id}", {}),
    ("/api/v1/passages/{passage_id}/counterparts", {"limit": 2}),
    ("/api/v1/passages/{passage_id}/similar", {}),
    ("/api/v1/principles", {"limit": 100}),
    ("/api/v1/principles/tree", {}),
    ("/api/v1/principles/{principle_id}", {}),
    ("/api/v1/principles/{principle_id}/passages", {}),
    ("/api/v1/terms", {"limit": 100}),
    ("/api/v1/terms/{term_id}", {}),
    ("/api/v1/terms/{term_id}/passages", {}),
    ("/api/v1/streams/articles", {"language": "zh"}),
    ("/api/v1/streams/passages", {"language": "ru"}),
    ("/api/v1/statistics", {}),
    ("/api/v1/index", {}),
    ("/api/v1/key", {}),
    ("/api/v1/principles/{principle_id}/pack", {"language": "zh-Hant", "counterparts": "zh"}),
    ("/api/v1/packs", {"limit": 1}),
    ("/api/v1/packs/{pack_id}", {}),
    ("/api/v1/packs/{pack_id}/wording", {}),
    ("/api/v1/packs/{pack_id}/versions", {}),
    ("/api/v1/packs/{pack_id}/quiz", {}),
    ("/api/v1/packs/{pack_id}/export", {"format": "json"}),
    ("/api/v1/shared-packs/{link}", {}),
    ("/api/v1/shared-packs/{link}/quiz", {}),
    ("/api/v1/shared-packs/{link}/export", {"format": "csv"}),
    ("/api/v1/reviews", {"principle": "empathy"}),
    ("/api/v1/reviews/{number}", {}),
]


@pytest.mark.parametrize(("path", "parameters"), READING, ids=[path for path, _ in READING])
def test_answers_are_as_described(here: SimpleNamespace, path: str, parameters: dict[str, Any]) -> None:
    filled = {
        name: [path_of(here, one) for one in value] if isinstance(value, list) else value
        for name, value in parameters.items()
    }
    answer = here.client.get(
        path_of(here, path),
        query_string=urlencode(filled, doseq=True),
        headers=bearer(here.keys[Scope.ADMIN]),
    )
    assert answer.status_code == 200, answer.text
    content = here.spec["paths"][path]["get"]["responses"]["200"]["content"][answer.mimetype]
    if path.endswith("/export"):
        assert content == {"schema": {}} and answer.data  # tests/test_exporters.py looks into them
        return
    strict = {**content["schema"], "components": json.loads(json.dumps(here.spec["components"]))}
    for schema in strict["components"]["schemas"].values():
        if "properties" in schema:  # as sent, an object has nothing that is not described
            described = schema.get("allOf") or schema
            described["unevaluatedProperties"] = False
    lines = answer.text.splitlines() if "ndjson" in answer.mimetype else [answer.text]
    assert lines
    for line in lines:
        Draft202012Validator(strict).validate(json.loads(line))


def test_every_call_is_tried_here(here: SimpleNamespace) -> None:
    described = {path for path, methods in here.spec["paths"].items() if "get" in methods}
    assert described == {path for path, _ in READING}


def test_the_contract_has_every_route(here: SimpleNamespace) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in here.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, methods in here.spec["paths"].items() for method in methods}
    assert described == routes - {("/api/v1/", "get"), ("/api/v1/openapi.json", "get")}
    assert here.spec["openapi"].startswith("3.1")


def test_every_call_is_described_to_the_end(here: SimpleNamespace) -> None:
    text = json.dumps(here.spec)
    for name in here.spec["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, f"{name} is of no use"
    for path, methods in here.spec["paths"].items():
        for method, call in methods.items():
            assert call["summary"] and call["description"] and call["tags"], (path, method)
            assert all(parameter["description"] for parameter in call["parameters"]), (path, method)
            assert {"400", "401", "403", "429", "503"} <= call["responses"].keys(), (path, method)
            problems = [of for status, of in call["responses"].items() if status >= "400"]
            examples = [of["content"]["application/problem+json"]["example"] for of in problems]
            assert all(example.keys() >= {"type", "title", "status", "detail"} for example in examples)


def test_the_examples_of_the_contract_work(here: SimpleNamespace) -> None:
    tried = 0
    for path, methods in here.spec["paths"].items():
        examples = {
            one["name"]: one["example"]
            for one in methods.get("get", {}).get("parameters", ())
            if "example" in one
        }
        if examples:
            answer = here.client.get(
                path_of(here, path), query_string=examples, headers=bearer(here.keys[Scope.ADMIN])
            )
            said = answer.get_data(as_text=True)
            assert answer.status_code == 200, (path, said)
            tried += 1
    assert tried >= 4


def test_the_page_of_the_contract_names_every_call(here: SimpleNamespace) -> None:
    answer = here.client.get("/api/v1/")
    assert answer.mimetype == "text/html"
    for path, methods in here.spec["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in answer.text
    assert "<script" not in answer.text and " style=" not in answer.text
    assert "http://" not in answer.text.replace("http://localhost", "")


def test_search_is_what_the_command_prints(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_HOME", str(here.home))
    monkeypatch.setenv("KB_CORPUS", str(here.corpus))
    printed = CliRunner().invoke(main, ["search", "эмпатия 同理心", "--limit", "3", "--explain", "--json"])
    answered = here.client.get("/api/v1/search?limit=3&explain=1&q=эмпатия 同理心").json
    expected = json.loads(printed.stdout)
    del expected["took_ms"], answered["took_ms"]
    assert answered == expected


# --- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "parameter"),
    [
        ("search?q=a&limit=-1", 400, "limit"),
        ("search?q=a&limit=1e3", 400, "limit"),
        ("search?q=a&limit=²", 400, "limit"),
        ("search?q=a&offset=x", 400, "offset"),
        ("search?q=a&bridge=maybe", 400, "bridge"),
        ("search?q=a&languages=ru", 400, "languages"),
        ("search?q=a&language=xx", 400, "language"),
        ("search?q=" + "a" * 1001, 400, "q"),
        ("passages/nowhere/counterparts?language=xx", 400, "language"),
        ("articles/nowhere", 404, None),
        ("passages/nowhere", 404, None),
        ("principles/nowhere", 404, None),
        ("nowhere", 404, None),
        ("search?q=a&limit=1.0", 400, "limit"),
        ("search?q=a&limit=", 400, "limit"),
        ("search?q=a&limit=1&limit=2", 400, "limit"),
        ("search?q=a&bridge=yes", 400, "bridge"),
        ("search?q=a&fields=hits", 400, "fields"),
        ("search?q=a&fields=score.x", 400, "fields"),
        ("suggest?q=a&language=xx", 400, "language"),
        ("analyze", 400, "text"),
        ("articles?limit=101", 400, "limit"),
        ("articles?cursor=?", 400, "cursor"),
        ("articles?q=a", 400, "q"),
        ("principles/empathy/passages?cursor=YQ", 400, "cursor"),
        ("principles?cursor=YQ", 400, "cursor"),
        ("passages", 400, "id"),
        ("streams/articles?since=yesterday", 400, "since"),
        ("streams/articles?since=2026-11-01T00:00:00", 400, "since"),
        ("statistics?x=1", 400, "x"),
        ("terms/nowhere", 404, None),
        ("terms/nowhere/passages", 404, None),
        ("passages/nowhere/similar", 404, None),
    ],
)
def test_what_is_wrong_is_said(
    here: SimpleNamespace, address: str, status: int, parameter: str | None
) -> None:
    answer = here.client.get(f"/api/v1/{address}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["type"].startswith("urn:servicebook:problem:")
    assert answer.json.get("parameter") == parameter
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


# --- Parts of answers ----------------------------------------------------------------------------


def test_fields_are_chosen(here: SimpleNamespace) -> None:
    found = here.client.get("/api/v1/search?q=эмпатия&limit=1&fields=passage.id, article.title").json
    assert {"query", "total", "facets"} <= found.keys()
    (hit,) = found["hits"]
    assert {name: list(inside) for name, inside in hit.items()} == {"passage": ["id"], "article": ["title"]}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("articles", "articles"),
        ("articles/{article_id}/passages", "passages"),
        ("principles", "principles"),
        ("terms", "terms"),
        ("principles/empathy/passages", "hits"),
        ("terms/nps/passages", "hits"),
    ],
)
def test_pages_make_up_the_whole(here: SimpleNamespace, path: str, name: str) -> None:
    items: list[Any] = []
    cursor = ""
    while True:
        asked = {"limit": 7, "cursor": cursor} if cursor else {"limit": 7}
        found = here.client.get(f"/api/v1/{path_of(here, path)}", query_string=asked).json
        items += found[name]
        cursor = found["next"]
        if not cursor:
            break
    ids = [json.dumps(item) for item in items]
    assert len(items) == found["total"] == len(set(ids))


@given(
    keys=st.sets(st.text("abc", min_size=1, max_size=4), max_size=12), limit=st.integers(1, 5), data=st.data()
)
def test_a_list_that_loses_items_between_pages_skips_none(
    keys: set[str], limit: int, data: st.DataObject
) -> None:
    left, seen, cursor = sorted(keys), [], ""
    while True:
        shown, further = page(left, str, limit, cursor)
        seen += shown
        if further is None:
            break
        cursor = further
        gone = data.draw(st.sets(st.sampled_from(sorted(keys)), max_size=2))
        left = [key for key in left if key not in gone]
    assert len(seen) == len(set(seen)) and set(left) <= set(seen)


@pytest.mark.parametrize("cursor", ["?", "é", "_", "/w"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        page(["b", "a"], str, 1, cursor)


def test_streams_since_a_moment(here: SimpleNamespace) -> None:
    changed = datetime(2026, 3, 1, 12, tzinfo=UTC)
    file = here.corpus / "complaint-is-a-gift.md"
    for other in here.corpus.iterdir():
        old = changed.timestamp() - 86_400
        os.utime(other, (old, old))
    os.utime(file, (changed.timestamp(), changed.timestamp()))
    here.book.index()

    def since(moment: datetime) -> list[str]:
        text = here.client.get("/api/v1/streams/articles", query_string={"since": moment.isoformat()}).text
        return [json.loads(line)["title"] for line in text.splitlines()]

    assert len(since(changed)) == 1
    assert since(changed + timedelta(seconds=1)) == []
    assert len(since(changed - timedelta(days=2))) == len(ARTICLES)


@pytest.mark.parametrize(
    ("path", "accept", "form"),
    [
        ("principles/empathy", "text/turtle", "turtle"),
        ("principles/empathy", "application/ld+json", "json-ld"),
        ("terms/nps", "application/ld+json", "json-ld"),
        ("principles", "text/turtle", "turtle"),
    ],
)
def test_concepts_are_skos_for_those_who_ask(
    here: SimpleNamespace, path: str, accept: str, form: str
) -> None:
    answer = here.client.get(f"/api/v1/{path}", headers={"Accept": f"{accept}, application/json;q=0.5"})
    assert answer.mimetype == accept
    with warnings.catch_warnings():  # rdflib's JSON-LD parser uses a class rdflib has deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        graph = Graph().parse(data=answer.text, format=form)
    concept = URIRef(
        "urn:servicebook:trade-terms:nps" if "terms" in path else "urn:servicebook:principles:empathy"
    )
    names = {str(label) for label in graph.objects(concept, SKOS.prefLabel)}
    book: KnowledgeBase = here.book
    known = book.trade_term("nps") if "terms" in path else book.principle("empathy")
    assert set(known.pref_labels.values()) <= names


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [("*/*", "application/json"), ("", "application/json"), ("image/png", "application/problem+json")],
)
def test_json_is_what_one_gets_otherwise(here: SimpleNamespace, accept: str, mimetype: str) -> None:
    answer = here.client.get("/api/v1/principles/empathy", headers={"Accept": accept} if accept else {})
    assert answer.mimetype == mimetype and (answer.status_code == 406) is ("problem" in mimetype)


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        ("GET nowhere", 404, "There is no such call; /api/v1/ tells of all there are."),
        ("PATCH search", 405, "PATCH cannot be done here, only GET, HEAD, OPTIONS."),
        ("GET search?limit=5000", 400, "“limit” must be 1000 or less."),
        ("GET suggest?limit=0", 400, "“limit” must be 1 or more."),
        ("GET search?limit=x", 400, "“limit” must be a whole number."),
        ("GET search?bridge=x", 400, "“bridge” must be 0 or 1."),
        ("GET search?sort=x", 400, "“sort” must be 'relevance' or 'date'."),
        ("GET search?language=xx", 400, "“language.0” must be a known language, one of ru, zh, en, not “xx”."),
        ("GET search?date=2026-13", 400, "“date.0” must be a year, month or day, such as 2026, 2026-03 or 2026-03-15."),
        ("GET search?q=" + "a" * 1001, 400, "“q” may have 1000 characters at most."),
        ("GET search?article=", 400, "“article.0” is empty."),
        ("GET passages", 400, "“id” is missing."),
        ("GET streams/articles?since=2026-11-01T00:00:00", 400, "“since” must have a time zone, such as 2026-11-01T00:00:00Z."),
        ("POST packs:draft", 400, "The body is no JSON: Expecting value: line 1 column 1 (char 0)."),
        ('POST packs:draft {"title": 1', 400, "The body is no JSON: Expecting ',' delimiter: line 1 column 12 (char 11)."),
        ("POST packs:draft " + "[" * 100_000, 400, "The body is nested too deeply."),
        ("POST packs:draft []", 400, "The body must be an object."),
        ('POST packs:draft {"title": 1}', 400, "“title” must be a string."),
        ('POST packs:draft {"sections": {}}', 400, "“sections” must be a list."),
        ('POST packs:draft {"sections": [{"excerpts": [{"passge": "a"}]}]}', 400, "“sections.0.excerpts.0.passge” is not known here."),
        ('POST packs:draft {"sections": [{"excerpts": [{}]}]}', 400, "“sections.0.excerpts.0.passage” is missing."),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)  # fmt: skip
def test_errors_say_what_to_do(here: SimpleNamespace, asked: str, status: int, detail: str) -> None:
    method, path, *body = asked.split(" ", 2)
    answer = here.client.open(
        f"/api/v1/{path}", method=method, data="".join(body), content_type="application/json"
    )
    assert (answer.status_code, answer.json["detail"]) == (status, detail)


def test_a_body_is_sent_as_json(here: SimpleNamespace) -> None:
    answer = here.client.post("/api/v1/packs:draft", data="{}", content_type="text/plain")
    assert (answer.status_code, answer.json["detail"]) == (415, "Send the body as application/json.")


# --- Asking again --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["search?q=эмпатия", "articles", "articles/{article_id}", "principles", "index"]
)
def test_what_did_not_change_is_not_sent_again(here: SimpleNamespace, path: str) -> None:
    address = f"/api/v1/{path_of(here, path)}"
    first = here.client.get(address)
    again = here.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    here.book.write_articles([file_of("another")])
    try:
        changed = here.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (changed.status_code == 304) is (path == "articles/{article_id}")
    finally:
        here.book.write_articles(remove=["another"])


def file_of(id: str, text: str = DRAFT) -> Any:
    from kb.corpus_folder import ArticleFile

    return ArticleFile(id, ".md", text.encode())


def test_another_form_has_another_tag(here: SimpleNamespace) -> None:
    tags = {
        here.client.get("/api/v1/principles/empathy", headers={"Accept": form}).headers["ETag"]
        for form in ("application/json", "text/turtle", "application/ld+json")
    }
    assert len(tags) == 3


def test_answers_travel_compressed(here: SimpleNamespace) -> None:
    answer = here.client.get("/api/v1/search?q=эмпатия", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(answer.data))["total"]


# --- Who may -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def members(here: SimpleNamespace, open_book: MakeBook) -> FlaskClient:
    """The same book where reading is for members."""
    closed = app_of(here.book)
    closed.config["MEMBERS_ONLY"] = True
    return closed.test_client()


HOLDERS: list[Scope | str | None] = [None, *Scope, "unknown"]


@pytest.mark.parametrize("holder", HOLDERS, ids=str)
@pytest.mark.parametrize("reading", ["open", "members"])
def test_scopes_by_calls(
    here: SimpleNamespace, members: FlaskClient, holder: Scope | str | None, reading: str
) -> None:
    """Every call of the contract, with every kind of key, where reading is open and where it is not."""
    client = here.client if reading == "open" else members
    key = here.keys.get(holder, "sbk_00000000_" + "a" * 43)
    headers = {} if holder is None else bearer(key)
    for path, methods in here.spec["paths"].items():
        for method in methods:
            answer = client.open(path_of(here, path) + "?nonsense=1", method=method.upper(), headers=headers)
            # Who is let on gets to hear that there is no such parameter.
            expected = allowed_as(holder, NEEDED.get(f"{method.upper()} {path}", Scope.READ), reading)
            assert answer.status_code == expected, (path, method, answer.text)


def allowed_as(holder: Scope | str | None, needed: Scope, reading: str) -> int:
    if holder == "unknown":
        return 401
    if needed is Scope.READ:
        return 400 if holder or reading == "open" else 401
    if holder is None:
        return 401
    return 400 if holder in (needed, Scope.ADMIN) else 403


def test_a_key_opens_its_own_request_only(here: SimpleNamespace) -> None:
    """Also while a stream, asked for with a key, is still open in the same thread."""
    stream = here.client.get(
        "/api/v1/streams/passages", headers=bearer(here.keys[Scope.WRITE]), buffered=False
    )
    next(stream.response)
    assert here.client.delete(f"/api/v1/articles/{here.article}?nonsense=1").status_code == 401
    stream.close()


# What needs more than reading.
NEEDED = {
    "PUT /api/v1/articles/{article_id}": Scope.WRITE,
    "DELETE /api/v1/articles/{article_id}": Scope.WRITE,
    "POST /api/v1/articles:batch": Scope.WRITE,
    "GET /api/v1/reviews": Scope.WRITE,
    "POST /api/v1/reviews": Scope.WRITE,
    "GET /api/v1/reviews/{number}": Scope.WRITE,
    "DELETE /api/v1/reviews/{number}": Scope.WRITE,
    "GET /api/v1/packs": Scope.PACKS,
    "POST /api/v1/packs": Scope.PACKS,
    "GET /api/v1/packs/{pack_id}": Scope.PACKS,
    "PUT /api/v1/packs/{pack_id}": Scope.PACKS,
    "DELETE /api/v1/packs/{pack_id}": Scope.PACKS,
    "POST /api/v1/packs/{pack_id}/excerpts": Scope.PACKS,
    "PATCH /api/v1/packs/{pack_id}/excerpts/{passage_id}": Scope.PACKS,
    "DELETE /api/v1/packs/{pack_id}/excerpts/{passage_id}": Scope.PACKS,
    "GET /api/v1/packs/{pack_id}/wording": Scope.PACKS,
    "GET /api/v1/packs/{pack_id}/versions": Scope.PACKS,
    "POST /api/v1/packs/{pack_id}/versions/{number}/restore": Scope.PACKS,
    "POST /api/v1/packs/{pack_id}/undo": Scope.PACKS,
    "PUT /api/v1/packs/{pack_id}/link": Scope.PACKS,
    "DELETE /api/v1/packs/{pack_id}/link": Scope.PACKS,
    "POST /api/v1/packs/{pack_id}/copy": Scope.PACKS,
    "GET /api/v1/packs/{pack_id}/export": Scope.PACKS,
    "GET /api/v1/packs/{pack_id}/quiz": Scope.PACKS,
    "POST /api/v1/shared-packs/{link}/copy": Scope.PACKS,
}


def test_the_contract_says_what_needs_a_key(here: SimpleNamespace) -> None:
    told = {
        f"{method.upper()} {path}"
        for path, methods in here.spec["paths"].items()
        for method, call in methods.items()
        if {} not in call["security"]
    }
    assert told == NEEDED.keys()


def test_the_contract_itself_is_open(members: FlaskClient) -> None:
    assert members.get("/api/v1/openapi.json").status_code == 200
    assert members.get("/api/v1/").status_code == 200
    assert members.get("/api/v1/nowhere").status_code == 401


@pytest.mark.parametrize("said", ["Basic YTpi", "Bearer", "Bearer x y", "sbk_1", "Bearer " + "é" * 9])
def test_what_is_no_key_is_refused(here: SimpleNamespace, said: str) -> None:
    answer = here.client.get("/api/v1/key", headers={"Authorization": said.encode().decode("latin-1")})
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_program_learns_what_its_key_may_do(here: SimpleNamespace) -> None:
    told = here.client.get("/api/v1/key", headers=bearer(here.keys[Scope.WRITE])).json
    assert told == {"name": "for write", "scopes": ["write"], "expires": None, "account": "anna"}


def test_other_sites_may_ask_where_they_are_named(here: SimpleNamespace) -> None:
    friend, stranger = {"Origin": "https://intranet.example"}, {"Origin": "https://evil.example"}
    answer = here.client.get("/api/v1/search?q=a", headers=friend)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://intranet.example"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert {"ETag", "Location"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert (
        "Access-Control-Allow-Origin" not in here.client.get("/api/v1/search?q=a", headers=stranger).headers
    )
    asked = {
        **friend,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    before = here.client.options("/api/v1/search", headers=asked)
    assert (
        before.status_code == 200
        and "authorization" in before.headers["Access-Control-Allow-Headers"].lower()
    )
    assert "Access-Control-Allow-Origin" not in here.client.get("/", headers=friend).headers


def test_a_limit_is_counted_for_each_key(make_book: MakeBook) -> None:
    book = make_book({"a.md": DRAFT}, api_limit="2 per minute")
    client = app_of(book).test_client()
    key = book.keys.add("program", [Scope.READ])[1]
    assert [client.get("/api/v1/key").status_code for _ in range(3)] == [200, 200, 429]
    assert [client.get("/api/v1/key", headers=bearer(key)).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/api/v1/key")
    assert refused.mimetype == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 61  # the second that has begun is one
    assert client.get("/").status_code == 200


def test_nobody_is_refused_while_calls_cannot_be_counted(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book({"a.md": DRAFT}, api_limit="1 per minute")
    client = app_of(book).test_client()

    def away(*_: object) -> int:
        raise StoreUnavailable("The database does not answer.")

    monkeypatch.setattr(book.store.calls, "count", away)
    assert [client.get("/api/v1/search?q=a").status_code for _ in range(3)] == [200, 200, 200]


def test_nodes_over_one_database_count_together(
    make_book: MakeBook, new_database: Callable[[str], URL]
) -> None:
    url = new_database("postgresql").render_as_string(hide_password=False)
    nodes = [make_book({"a.md": DRAFT}, api_limit="3 per minute", database_url=url) for _ in range(2)]
    one, other = (app_of(node).test_client() for node in nodes)
    assert [client.get("/api/v1/key").status_code for client in (one, other, one)] == [200, 200, 200]
    for client in (one, other):
        refused = client.get("/api/v1/key")
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 61


# --- Writing -------------------------------------------------------------------------------------


@pytest.fixture
def folder(make_book: MakeBook, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A small corpus folder, and a client that may write. All formats are read in this process: starting
    another for what foreign parsers read takes a second, and `test_indexing_preparing` sees to that."""
    monkeypatch.setattr(readers, "is_plain", lambda path: True)
    book = make_book(
        {"gift.md": "# Жалоба — подарок\n\nБлагодарите за жалобу.\n", "sub/two.md": "# Два\n\nТекст.\n"}
    )
    key = book.keys.add("writer", [Scope.WRITE])[1]
    client = app_of(book).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    assert book.settings.corpus
    return SimpleNamespace(book=book, client=client, root=book.settings.corpus)


def put(folder: SimpleNamespace, id: str, text: str | bytes = DRAFT, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return folder.client.put(
        f"/api/v1/articles/{id}", data=text, headers={"Content-Type": "text/markdown", **named}
    )


def files(folder: SimpleNamespace) -> dict[str, bytes]:
    found = [path for path in folder.root.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder.root)): path.read_bytes() for path in found}


def test_an_article_is_written_read_replaced_and_deleted(folder: SimpleNamespace) -> None:
    made = put(folder, "first-minute")
    assert made.status_code == 201 and made.headers["Location"].endswith("/api/v1/articles/first-minute")
    assert made.json == {"id": "first-minute", "outcome": "created", "passages": 1, "problems": []}
    assert files(folder)["first-minute.md"].decode().endswith(DRAFT)
    read = folder.client.get("/api/v1/articles/first-minute")
    assert read.headers["ETag"] == made.headers["ETag"]
    assert folder.client.get("/api/v1/search?q=улыбнитесь").json["total"] == 1

    assert put(folder, "first-minute", DRAFT.replace("стоя", "у двери")).status_code == 200
    assert "у двери" in folder.client.get("/api/v1/articles/first-minute").text
    assert folder.client.delete("/api/v1/articles/first-minute").json["outcome"] == "deleted"
    assert "first-minute.md" not in files(folder)
    assert folder.client.get("/api/v1/articles/first-minute").status_code == 404
    assert folder.client.delete("/api/v1/articles/first-minute").status_code == 404


def test_an_article_keeps_its_file(folder: SimpleNamespace) -> None:
    assert put(folder, "dva", "# Два\n\nДругой текст.\n").json["outcome"] == "replaced"
    assert "Другой" in files(folder)["sub/two.md"].decode() and len(files(folder)) == 2


@pytest.mark.parametrize(
    ("body", "options", "suffix"),
    [
        ("Первая минута\n\nВстречайте гостя стоя. Улыбнитесь.\n", {"content_type": "text/plain; charset=utf-8"}, ".txt"),
        ("# Первая минута\n\nВстречайте.\n".encode("cp1251"), {"content_type": "text/markdown; charset=windows-1251"}, ".md"),
        ({"file": (io.BytesIO(DRAFT.encode()), "../../etc/Draft.MD")}, {"content_type": "multipart/form-data"}, ".md"),
    ],
    ids=["text", "another charset", "a file"],
)  # fmt: skip
def test_an_article_comes_in_many_forms(
    folder: SimpleNamespace, body: Any, options: dict[str, str], suffix: str
) -> None:
    answer = folder.client.put("/api/v1/articles/pervaia-minuta", data=body, **options)
    assert answer.status_code == 201, answer.text
    assert f"pervaia-minuta{suffix}" in files(folder)
    assert "Первая минута" in folder.client.get("/api/v1/articles/pervaia-minuta").text


@pytest.mark.parametrize(
    ("id", "text", "headers", "status"),
    [
        ("..%2f..%2fetc", DRAFT, {}, 404),  # no path of the contract has a slash there
        ("..", DRAFT, {}, 400),
        ("%2e%2e", DRAFT, {}, 400),
        ("..\\x", DRAFT, {}, 400),
        ("a.md", DRAFT, {}, 400),
        ("x%00", DRAFT, {}, 400),
        ("-a", DRAFT, {}, 400),
        ("Upper", DRAFT, {}, 400),
        ("a" * 61, DRAFT, {}, 400),
        ("жалоба", DRAFT, {}, 400),
        ("empty", " \n", {}, 400),
        ("binary", b"\xff\xfe\x00\x01" * 9, {}, 400),
        ("nothing", "---\ntitle: x\n---\n", {}, 400),
        ("form", DRAFT, {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ("form", DRAFT, {"Content_Type": "application/zip"}, 415),
    ],
)  # fmt: skip
def test_what_cannot_be_written_changes_nothing(
    folder: SimpleNamespace, id: str, text: str | bytes, headers: dict[str, str], status: int
) -> None:
    before, ids = files(folder), [article.id for article in folder.book.articles()]
    answer = put(folder, id, text, **headers)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert files(folder) == before
    assert [article.id for article in folder.book.articles()] == ids


PAGE = "<html><title>Очередь</title><body><h1>Очередь</h1><p>Скажите, сколько ждать, и держите слово.</p></body></html>"


def office(name: str) -> bytes:
    return (Path(__file__).parent / "files" / "formats" / name).read_bytes()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("media", "suffix", "content", "other"),
    [
        ("text/plain", ".txt", "Первая минута\n\nТекст здесь.\n", "Вторая минута\n\nДругой текст.\n"),
        ("text/html", ".html", PAGE, PAGE.replace("Очередь", "Ожидание").replace("сколько", "долго ли")),
        ("application/pdf", ".pdf", office("phone.pdf"), office("queue.pdf")),
        (DOCX, ".docx", office("welcome.docx"), office("complaint.docx")),
    ],
    ids=["text", "html", "pdf", "docx"],
)
def test_any_format_may_have_any_id(
    folder: SimpleNamespace, media: str, suffix: str, content: str | bytes, other: str | bytes
) -> None:
    made = put(folder, "my-own-id", content, Content_Type=media)
    assert (made.status_code, made.json["id"]) == (201, "my-own-id"), made.text
    assert folder.client.get("/api/v1/articles/my-own-id").headers["ETag"] == made.headers["ETag"]
    assert files(folder)["my-own-id.yml"] == b"id: 'my-own-id'\n"
    # What an editor adds to the metadata stays.
    (folder.root / "my-own-id.yml").write_text("licence: CC0\nid: my-own-id\n", "utf-8")
    assert put(folder, "my-own-id", other, Content_Type=media).json["outcome"] == "replaced"
    read = folder.client.get("/api/v1/articles/my-own-id").json
    assert (read["licence"], files(folder)["my-own-id.yml"]) == ("CC0", b"id: 'my-own-id'\nlicence: CC0\n")
    # Another format is another file, beside the same metadata.
    assert put(folder, "my-own-id", DRAFT).json["outcome"] == "replaced"
    assert folder.client.get("/api/v1/articles/my-own-id").json["licence"] == "CC0"
    assert "my-own-id.md" in files(folder) and f"my-own-id{suffix}" not in files(folder)
    assert folder.client.delete("/api/v1/articles/my-own-id").status_code == 200
    assert set(files(folder)) == {"gift.md", "sub/two.md"}


def test_another_format_that_cannot_be_read_leaves_the_file_there_was(folder: SimpleNamespace) -> None:
    (folder.root / "sub" / "two.yml").write_text("licence: CC0\n", "utf-8")
    folder.book.index()
    before = files(folder)
    assert put(folder, "dva", office("locked.pdf"), Content_Type="application/pdf").status_code == 400
    assert files(folder) == before and folder.client.get("/api/v1/articles/dva").json["licence"] == "CC0"
    assert put(folder, "dva", office("phone.pdf"), Content_Type="application/pdf").status_code == 200
    assert set(files(folder)) == {"gift.md", "sub/two.pdf", "sub/two.yml"}
    assert folder.client.get("/api/v1/articles/dva").json["licence"] == "CC0"


@pytest.mark.parametrize("writes", [0, 1])
def test_a_kill_while_the_format_changes_loses_nothing(
    folder: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    write, left = FolderChanges.write, iter(range(writes))

    def write_until_killed(changes: FolderChanges, path: Path, content: bytes) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(changes, path, content)

    monkeypatch.setattr(FolderChanges, "write", write_until_killed)
    monkeypatch.setattr(FolderChanges, "undo", lambda changes: None)  # who is killed undoes nothing
    before = files(folder)["sub/two.md"]
    with pytest.raises(KeyboardInterrupt):
        folder.book.write_articles([ArticleFile("dva", ".pdf", office("phone.pdf"))])
    assert files(folder).get("sub/two.md") == before


def test_a_metadata_file_of_another_is_left_alone(folder: SimpleNamespace) -> None:
    (folder.root / "gift.yml").write_text("licence: CC0\n", "utf-8")
    assert put(folder, "gift", "Подарок\n\nТекст.\n", Content_Type="text/plain").status_code == 201
    assert files(folder)["gift-2.yml"] == b"id: 'gift'\n" and files(folder)["gift.yml"] == b"licence: CC0\n"
    # One that came to speak for two files since: no id can be stated there.
    (folder.root / "gift-2.txt").rename(folder.root / "two.txt")
    (folder.root / "gift-2.yml").rename(folder.root / "two.yml")
    (folder.root / "two.html").write_text(PAGE, "utf-8")
    folder.book.index()
    before = files(folder)
    ids = [one.id for one in folder.book.articles()]
    assert put(folder, "gift-2", "Подарок\n\nДругой.\n", Content_Type="text/plain").status_code == 409
    assert files(folder) == before and [one.id for one in folder.book.articles()] == ids


def test_a_link_out_of_the_folder_is_not_followed(folder: SimpleNamespace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("# Снаружи\n\nТекст.\n", "utf-8")
    folder.book.index([outside])
    assert put(folder, "snaruzhi").status_code == 409
    assert folder.client.delete("/api/v1/articles/snaruzhi").status_code == 409
    assert outside.read_text("utf-8").startswith("# Снаружи")
    (folder.root / "link.md").symlink_to(tmp_path / "nowhere.md")
    assert put(folder, "link").status_code == 201
    assert not (tmp_path / "nowhere.md").exists()


def test_conditions_hold(folder: SimpleNamespace) -> None:
    first = put(folder, "first-minute", If_None_Match="*")
    assert first.status_code == 201
    assert put(folder, "first-minute", If_None_Match="*").status_code == 412
    assert put(folder, "nowhere", If_Match="*").status_code == 412
    tag = first.headers["ETag"]
    second = put(folder, "first-minute", DRAFT + "\nЕщё абзац.\n", If_Match=tag)
    assert second.status_code == 200 and second.headers["ETag"] != tag
    assert put(folder, "first-minute", DRAFT, If_Match=tag).status_code == 412
    assert folder.client.delete("/api/v1/articles/first-minute", headers={"If-Match": tag}).status_code == 412
    assert "Ещё абзац" in files(folder)["first-minute.md"].decode()


def test_a_batch_is_all_or_nothing(folder: SimpleNamespace) -> None:
    def batch(put: list[dict[str, str]], delete: list[str]) -> Any:
        return folder.client.post("/api/v1/articles:batch", json={"put": put, "delete": delete})

    before = files(folder)
    good = {"id": "first-minute", "content": DRAFT}
    assert batch([good, {"id": "b", "content": "---\n"}], []).status_code == 400
    assert batch([good], ["nowhere"]).status_code == 404
    assert batch([good, good], []).status_code == 400
    assert batch([good], ["first-minute"]).status_code == 400
    assert batch([{**good, "format": "pdf"}], []).json["parameter"] == "put.0.format"
    assert files(folder) == before and folder.client.get("/api/v1/articles/first-minute").status_code == 404
    done = batch([good], ["dva"]).json["articles"]
    assert [(one["id"], one["outcome"]) for one in done] == [("first-minute", "created"), ("dva", "deleted")]
    assert set(files(folder)) == {"gift.md", "first-minute.md"}
    assert batch([], []).json == {"articles": []}


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"put": 1}', '{"x": []}'])
def test_a_batch_that_cannot_be_read(folder: SimpleNamespace, body: str) -> None:
    answer = folder.client.post("/api/v1/articles:batch", data=body, content_type="application/json")
    assert answer.status_code == 400 and answer.mimetype == "application/problem+json"


def test_while_another_writes_one_is_asked_to_wait(
    folder: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise IndexLocked("Another process is indexing.")

    before = files(folder)
    monkeypatch.setattr("kb.knowledge_base.PATIENCE", 0)
    monkeypatch.setattr(WhooshEngine, "write", locked)
    answer = put(folder, "first-minute")
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert files(folder) == before


def test_the_starter_corpus_is_not_written_to(tmp_path: Path) -> None:
    with KnowledgeBase(load(home=tmp_path)) as book:
        key = book.keys.add("writer", [Scope.WRITE])[1]
        client = app_of(book).test_client()
        answer = client.put(
            "/api/v1/articles/x", data=DRAFT, headers={**bearer(key), "Content-Type": "text/markdown"}
        )
    assert answer.status_code == 409 and "KB_CORPUS" in answer.json["detail"]


def test_a_body_has_a_limit(folder: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.calls.MAX_BYTES", 1000)
    refused = put(folder, "long", "# A\n\n" + "text " * 500)
    assert (refused.status_code, refused.json["detail"]) == (413, "The body may have 1,000 bytes at most.")
