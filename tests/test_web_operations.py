"""What those who run it rely on: readiness, figures, log lines, prefixes."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from kb.errors import EngineUnavailable, StoreUnavailable
from kb.knowledge_base import KnowledgeBase
from tests.conftest import MakeBook, app_of
from web import logs, warm_up

ARTICLE = {"a.md": "# Жалоба — подарок\n\nБлагодарите за жалобу.\n"}


def test_it_is_ready_when_all_parts_are(make_book: MakeBook, monkeypatch: pytest.MonkeyPatch) -> None:
    book = make_book(ARTICLE, reading="members")
    client = app_of(book).test_client()
    assert client.get("/readyz").json == {"status": "ready", "faults": {}}

    def fails(error: Exception) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise error

        return fail

    with monkeypatch.context() as broken:
        broken.setattr(KnowledgeBase, "is_empty", fails(EngineUnavailable("/secret")))
        broken.setattr(book.store.database, "check", fails(StoreUnavailable("/secret")))
        answer = client.get("/readyz")
    assert answer.status_code == 503 and set(answer.json["faults"]) == {"index", "store"}
    assert "secret" not in answer.text
    monkeypatch.setattr(KnowledgeBase, "made_with_another", lambda _: "vocabulary")
    assert list(client.get("/readyz").json["faults"]) == ["vocabulary"]
    assert client.get("/healthz").status_code == 200


def test_a_new_one_is_not_ready(make_book: MakeBook) -> None:
    answer = app_of(make_book({}, index=False)).test_client().get("/readyz")
    assert answer.status_code == 503 and list(answer.json["faults"]) == ["index"]


def samples_of(answer: TestResponse) -> dict[tuple[str, ...], float]:
    """The figures of an answer by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_figures_for_prometheus(make_book: MakeBook) -> None:
    client = app_of(make_book(ARTICLE, metrics="on")).test_client()
    for address in (
        "/api/v1/search?q=жалоба",
        "/search?q=жалобу",
        "/api/v1/search?q=кот",
        "/invented/by/anybody",
    ):
        client.get(address)
    answer = client.get("/metrics")
    samples = samples_of(answer)
    assert samples["servicebook_searches_total", "something"] == 2
    assert samples["servicebook_searches_total", "nothing"] == 1
    assert samples["servicebook_search_seconds_count", "find"] == 3
    assert samples["servicebook_requests_total", "api.search", "200"] == 2
    assert samples["servicebook_requests_total", "none", "404"] == 1
    assert samples["servicebook_index_passages",] == 1
    assert samples["servicebook_index_memory_bytes",] > 0
    # The second search needs what the first one has made.
    assert samples["servicebook_index_lookups_total", "yes"] > 0
    assert samples["servicebook_index_lookups_total", "no"] > 0
    assert "invented" not in answer.text and "жалоб" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/search",
        "/principles",
        "/principles/empathy",
        "/articles/{article}?q=жалоба",
        "/api/v1/principles/empathy/passages",
        "/search?q=кот&language=ru",  # which also looks whether it would find something without the filter
    ],
)
def test_what_pages_look_up_for_themselves_is_no_search(make_book: MakeBook, address: str) -> None:
    book = make_book(ARTICLE, metrics="on")
    client = app_of(book).test_client()
    assert client.get(address.format(article=book.articles()[0].id)).status_code == 200
    samples = samples_of(client.get("/metrics"))
    asked = float("q=кот" in address)
    assert samples["servicebook_searches_total", "something"] == 0
    assert samples["servicebook_searches_total", "nothing"] == asked
    assert samples.get(("servicebook_search_seconds_count", "find"), 0) == asked


def test_getting_ready_is_nobody_who_asks(
    make_book: MakeBook, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web._FIRST_PAGES", ("/search?q=жалоба",))
    book = make_book(ARTICLE, metrics="on", search_log="on")
    app = app_of(book)
    with caplog.at_level(logging.INFO, "servicebook.requests"):
        warm_up(app)
    assert not [record for record in caplog.records if record.name == "servicebook.requests"]
    assert book.most_frequent_searches() == []
    counted = app.test_client().get("/metrics").text
    assert 'servicebook_searches_total{found="something"} 0.0' in counted
    assert "pages.search" not in counted


@pytest.mark.parametrize(
    ("options", "header", "status"),
    [
        ({}, "", 404),
        ({"metrics": "on"}, "", 200),
        ({"metrics": "on", "metrics_token": "t"}, "", 401),
        ({"metrics": "on", "metrics_token": "t"}, "Bearer wrong", 401),
        ({"metrics": "on", "metrics_token": "t", "reading": "members"}, "Bearer t", 200),
    ],
)
def test_figures_are_for_those_who_may(
    make_book: MakeBook, options: dict[str, str], header: str, status: int
) -> None:
    client = app_of(make_book({}, index=False, **options)).test_client()
    assert client.get("/metrics", headers={"Authorization": header}).status_code == status


@pytest.mark.parametrize(("setting", "said"), [("off", False), ("on", True)])
def test_log_lines_name_no_searches(
    make_book: MakeBook, caplog: pytest.LogCaptureFixture, setting: str, said: bool
) -> None:
    client = app_of(make_book(ARTICLE, log_queries=setting)).test_client()
    with caplog.at_level(logging.INFO, "servicebook.requests"):
        client.get("/api/v1/search?q=secret", headers={"X-Request-ID": "abc"})
    (record,) = [record for record in caplog.records if record.name == "servicebook.requests"]
    line = json.loads(logs.JsonLines().format(record))
    assert ("secret" in json.dumps(line)) is said
    assert line["status"] == 200 and line["method"] == "GET" and line["ms"] >= 0
    assert line["path"].startswith("/api/v1/search")


@pytest.mark.parametrize(
    ("shown", "kept"),
    [("abc-1.2:3_4", True), ("", False), ("abc def", False), ("жалоба", False), ("a" * 65, False)],
)
def test_a_request_id_is_kept_when_it_is_one(make_book: MakeBook, shown: str, kept: bool) -> None:
    client = app_of(make_book({}, index=False)).test_client()
    answer = client.get("/healthz", headers={"X-Request-ID": shown})
    assert answer.headers["X-Request-ID"]
    assert (answer.headers["X-Request-ID"] == shown) is kept


def test_a_line_of_the_log_is_json() -> None:
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "Что %s", ("случилось",), sys.exc_info())
    line = logs.JsonLines().format(record)
    assert "\n" not in line and json.loads(line)["message"] == "Что случилось"
    assert "ValueError" in json.loads(line)["traceback"]


def test_links_keep_the_prefix_of_a_proxy(make_book: MakeBook) -> None:
    book = make_book(ARTICLE, proxies=1)
    client = app_of(book).test_client()
    behind = {
        "X-Forwarded-Prefix": "/handbook",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.com",
    }
    assert client.get("/api/v1/openapi.json", headers=behind).json["servers"] == [{"url": "/handbook"}]
    page = client.get("/api/v1/", headers=behind).text
    assert 'href="/handbook/static/api/api.css' in page and 'href="/static' not in page
    key = book.keys.add("w", ["write"])[1]
    sent = {**behind, "Authorization": f"Bearer {key}", "Content-Type": "text/markdown"}
    made = client.put("/api/v1/articles/b", data="# Б\n\nТекст.", headers=sent)
    assert made.headers["Location"] == "/handbook/api/v1/articles/b"
    assert client.get("/", headers=behind).text.count('="/handbook/') > 5
