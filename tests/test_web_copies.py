"""Copies, versions, dates and edited passages on the pages and in the API, through Flask's client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from itertools import product
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from tests.conftest import MakeApp, book_of, write_files
from web import interface
from web.api.contract import Period

RULE = (
    "Гость жалуется потому, что ещё верит: его услышат, поблагодарят и сделают обещанное в тот же день,"
    " а потом перезвонят и спросят, всё ли теперь хорошо."
)
LUGGAGE = "Багаж относят в номер, пока заполняют карточку, и говорят, когда завтрак и как открыть окно."
OWN = [
    "Для багажа есть комната за стойкой, и ключ от неё у старшего смены.",
    LUGGAGE,
    "Забытый багаж описывают вдвоём и хранят полгода.",
    "Если багаж повредили, вызывают старшего и составляют акт при владельце.",
]


def article(number: int, date: str, *texts: str) -> str:
    return f"---\ntitle: Статья {number}\ndate: {date}\nlanguage: ru\n---\n\n" + "\n\n".join(texts) + "\n"


FILES = {
    **{f"{n}.md": article(n, f"202{n}-03-1{n}", RULE, OWN[n - 1]) for n in range(1, 5)},
    "conflict.md": "# Спор\n\n<<<<<<< ours\nОчередь ждёт молча.\n=======\nЛюди стоят и злятся.\n>>>>>>> theirs\n",
}


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app(FILES)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def page(client: FlaskClient, address: str, language: str = "en") -> str:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def addresses(text: str, label: str) -> list[str]:
    """Where the links go that hold this text."""
    return re.findall(rf'<a href="([^"]*)"[^>]*>[^<]*{re.escape(label)}', text)


# --- Copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "and 3 more like this"),
        ("ru", "и ещё 3 таких же"),
        ("zh-CN", "还有 3 处与此相同"),
        ("zh-TW", "還有 3 處與此相同"),
    ],
)
def test_one_copy_is_shown_and_leads_to_the_others(client: FlaskClient, language: str, said: str) -> None:
    found = page(client, "/search?q=обещанное+перезвонят", language)
    assert found.count('<article class="result"') == 1
    (more,) = addresses(found, said)
    listed = page(client, more, language)
    assert listed.count('<article class="result"') == 4
    assert said not in listed


def test_a_search_for_copies_is_a_filter_that_comes_off(client: FlaskClient) -> None:
    (more,) = addresses(page(client, "/search?q=обещанное"), "and 3 more like this")
    listed = page(client, more)
    off = re.search(r'<a href="([^"]*)"><span class="unseen">[^<]*</span>Copies of one passage', listed)
    assert off and "like" not in off[1] and quote("обещанное") in off[1]


def test_every_copy_can_be_shown(client: FlaskClient) -> None:
    (every,) = addresses(page(client, "/search?q=обещанное"), "Every copy")
    shown = page(client, every)
    assert shown.count('<article class="result"') == 4
    assert '<input type="hidden" name="copies" value="1">' in shown
    (one,) = addresses(shown, "One of several copies")
    assert page(client, one).count('<article class="result"') == 1


def test_the_api_says_how_many_more_and_lists_them(client: FlaskClient) -> None:
    found = client.get("/api/v1/search?q=обещанное").json
    assert found and (found["total"], [hit["more"] for hit in found["hits"]]) == (1, [3])
    id = found["hits"][0]["passage"]["id"]
    listed = client.get(f"/api/v1/search?q=обещанное&like={id}").json
    every = client.get("/api/v1/search?q=обещанное&collapse=0").json
    assert listed and every and listed["hits"] == every["hits"] and every["total"] == 4
    assert client.get("/api/v1/search?like=nowhere").json["total"] == 0


# --- Dates ---------------------------------------------------------------------------------------


def test_the_newest_come_first(client: FlaskClient) -> None:
    (newest,) = addresses(page(client, "/search?q=багаж&view=flat"), "Newest first")
    shown = page(client, newest)
    assert re.findall(r'class="of">Статья (\d)', shown) == ["4", "3", "2", "1"]
    assert '<input type="hidden" name="sort" value="date">' in shown
    assert addresses(shown, "Best first") == [newest.replace("&sort=date", "")]
    assert client.get("/search?q=гость&sort=colour").status_code == 400


def test_years_are_a_facet(client: FlaskClient) -> None:
    shown = page(client, "/search?q=багаж")
    years = re.findall(r'<span class="name">(20\d\d)</span> <span class="count">(\d)', shown)
    assert years == [("2024", "1"), ("2023", "1"), ("2022", "1"), ("2021", "1")]
    (address,) = re.findall(r'href="([^"]*date=2023[^"]*)"', shown)
    assert re.findall(r"<h2 id=\"g1\"[^>]*><a[^>]*>([^<]*)", page(client, address)) == ["Статья 3"]


@pytest.mark.parametrize(
    ("date", "said", "language"),
    [
        ("2023-03", "March 2023", "en"),
        ("2023-03-13", "13 марта 2023", "ru"),
        ("2023-03", "2023年3月", "zh-CN"),
    ],
)
def test_months_and_days_are_written_as_readers_write_them(
    client: FlaskClient, date: str, said: str, language: str
) -> None:
    shown = page(client, f"/search?q=багаж&date={date}", language)
    assert said in re.search(r'<ul class="chosen".*?</ul>', shown, re.DOTALL)[0]
    assert shown.count('<article class="result"') == 1


@pytest.mark.parametrize("date", ["2023-13", "yesterday", "0000", "2023-02-30", "٢٠٢٣", "99999"])
def test_what_is_no_date_is_said(client: FlaskClient, date: str) -> None:
    assert client.get(f"/search?q=гость&date={date}").status_code == 400
    assert client.get(f"/api/v1/search?q=гость&date={date}").status_code == 400


@pytest.mark.parametrize("year", [4, 100, 400, 1900, 2000, 2023, 2024, 2100, 9996])
def test_the_contract_knows_each_day_of_a_year(year: int) -> None:
    promised = TypeAdapter(Period).json_schema()["pattern"]
    for month, day in product(range(14), range(33)):
        try:
            there_is = bool(date(year, month, day))
        except ValueError:
            there_is = False
        assert bool(re.search(promised, f"{year:04}-{month:02}-{day:02}")) == there_is, (year, month, day)


# --- Versions ------------------------------------------------------------------------------------


def test_both_sides_of_a_conflict_are_versions_of_one_article(client: FlaskClient) -> None:
    shown = page(client, "/articles/spor")
    (other,) = re.findall(r'<p class="version">.*?<a href="([^"]*)"', shown)
    assert other == "/articles/spor-2"
    assert re.findall(r'<p class="version">.*?<a href="([^"]*)"', page(client, other)) == ["/articles/spor"]


def test_articles_that_share_most_are_versions(client: FlaskClient) -> None:
    shown = page(client, "/articles/statia-1")
    assert len(re.findall(r'<p class="version">', shown)) == 3
    assert client.get("/api/v1/articles/statia-1").json["versions"] == [f"statia-{n}" for n in (2, 3, 4)]


# --- Edited passages -----------------------------------------------------------------------------


@pytest.fixture
def edited(app: Flask, client: FlaskClient) -> Iterator[dict[str, str]]:
    """The addresses of a passage of an article that is then rewritten, shortened and moved."""
    found = client.get("/api/v1/search?q=багаж&article=statia-2").json["hits"][0]
    trace, id = found["passage"]["trace"], found["passage"]["id"]
    book = book_of(app)
    corpus = book.settings.corpus
    changed = LUGGAGE.replace("относят в номер", "сразу поднимают наверх").replace("завтрак", "ужин")
    moved = "Совсем новое начало.", changed, "И конец.", RULE
    write_files(corpus, FILES | {"2.md": article(2, "2022-03-12", *moved)})
    book.index()
    yield {"id": id, "trace": trace}
    write_files(corpus, FILES)
    book.index()


@pytest.mark.parametrize("language", list(interface.LANGUAGES))
def test_a_link_to_an_edited_passage_shows_the_nearest(
    client: FlaskClient, edited: dict[str, str], language: str
) -> None:
    link = f"/articles/statia-2?passage={edited['id']}&at=4&near={edited['trace']}"
    shown = page(client, link, language)
    notice = re.search(r'<p class="lost" role="note" id="lost" data.*?</p>', shown, re.DOTALL)
    nearest = re.search(r'<a href="#(\w+)">[^<]*</a> <q lang="ru">Багаж сразу поднимают', notice[0])
    assert f'class="passage target" data-passage="{nearest[1]}"' in shown


def test_a_lasting_address_leads_there_too(client: FlaskClient, edited: dict[str, str]) -> None:
    where = f"article=statia-2&at=4&near={edited['trace']}"
    answer = client.get(f"/passages/{edited['id']}?{where}", follow_redirects=True)
    assert '<q lang="ru">Багаж сразу поднимают' in answer.text


def test_without_a_trace_the_old_place_is_shown(client: FlaskClient, edited: dict[str, str]) -> None:
    for near in ("", "&near=AAAAAAAAAAAAAAAA", "&near=%FF<script>"):
        shown = page(client, f"/articles/statia-2?passage={edited['id']}&at=3{near}")
        assert '<q lang="ru">И конец.</q>' in shown
    assert "It was changed or taken out" in page(client, f"/articles/statia-2?passage={edited['id']}")


def test_a_passage_that_is_there_is_no_cause_for_a_notice(client: FlaskClient) -> None:
    hit = client.get("/api/v1/search?q=багаж&article=statia-3").json["hits"][0]["passage"]
    shown = page(client, f"/articles/statia-3?passage={hit['id']}&at=1&near={hit['trace']}")
    assert re.search(r'<p class="lost" role="note" id="lost" hidden', shown)
    assert f'class="passage target" data-passage="{hit["id"]}"' in shown
