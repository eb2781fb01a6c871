"""Pages and API through Flask's client, on a small corpus that tries to break them."""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.errors import EngineUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.settings import load
from tests.conftest import MakeApp, MakeBook, app_of, book_of
from web import create_app, interface
from web.searches import HITS_PER_PAGE, Search

LANGUAGES = list(interface.LANGUAGES)
ATTACK = "<script>alert('1')</script>"

CORPUS = {
    "empathy.md": f"""---
title: Эмпатия у стойки
language: ru
author: О'Нил & "сыновья" {ATTACK}
date: 2026-03-01
principles: [empathy]
summary: Как услышать {ATTACK} клиента
---

# Эмпатия у стойки

Эмпатия — способность увидеть положение глазами другого человека.

## Слушать

- Спросите, что случилось, и дослушайте до конца, не перебивая и не додумывая за клиента.
  - Запишите главное, чтобы человеку не пришлось повторять свою историю каждому сотруднику.

1. Назовите чувство клиента вслух, чтобы он услышал: его поняли и готовы помочь прямо сейчас.

> Эмпатия начинается с паузы, и пауза эта дольше, чем кажется тому, кто её держит.

| Слово | Дело |
|---|---|
| эмпатия | пауза & взгляд |

Подробнее на [сайте](https://example.org/?a=1&b="2") и [здесь](javascript:alert(1)).

```
<b onmouseover="alert(1)">эмпатия</b>
```
""",
    "attack.txt": f"""Приёмы нападения

Эмпатия с сюрпризом: {ATTACK} <img src=x onerror=alert(1)> и "кавычки" & 'апострофы'.

Восстановление сервиса после жалобы: </mark></p></main><script src=//evil.example></script> извиниться.
""",
    "attack.md": f"""---
title: '{ATTACK.replace("'", "''")} "onload=alert(1)" &amp;'
language: ru
date: 2026-02-01
author: '"><b onclick=alert(1)>'
keywords: ['</dd><script>']
sources: ['</li><script>alert(2)</script>']
---

Жалоба клиента: \\<script>alert(3)\\</script> и `<img src=x onerror=alert(1)>` в одном отрывке.
""",
    "zh.md": """---
title: 移情性与服务补救
language: zh-Hans
date: 2026-05-20
---

# 移情性与服务补救

移情性是把顾客当作一个具体的人，先听他把话说完，再想办法。服务补救从道歉开始。

## 员工培训

员工培训要讲移情性，也要讲服务标准，让每位员工都知道该怎样开口。
""",
}


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app(CORPUS)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def known(app: Flask) -> SimpleNamespace:
    """Ids that stand in addresses."""
    book = book_of(app)
    article = next(article for article in book.articles() if article.title == "Эмпатия у стойки")
    hostile, titled = (next(a for a in book.articles() if word in a.title) for word in ("Приёмы", "alert"))
    _, passages = book.article(article.id)
    return SimpleNamespace(article=article.id, hostile=hostile.id, titled=titled.id, passages=passages)


class Page(HTMLParser):
    """What a browser would make of a page, as far as the tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["script"]:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def get(client: FlaskClient, address: str, language: str = "ru", status: int = 200) -> Page:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == status, answer.text[-800:]
    return Page(answer.text)


def addresses(known: SimpleNamespace) -> list[tuple[str, int]]:
    return [
        ("/", 200),
        ("/search?q=эмпатия", 200),
        ("/search?q=эмпатия&view=flat", 200),
        ("/search?q=эмпатия&bridge=0", 200),
        ("/search?principle=empathy", 200),
        ("/search?q=zzqqx&language=ru&principle=empathy", 200),
        ("/search?q=эмпатия&page=90", 200),
        ("/articles", 200),
        ("/articles?by=title&language=ru", 200),
        ("/articles?by=source", 200),
        ("/articles?by=language", 200),
        (f"/articles/{known.article}", 200),
        (f"/articles/{known.article}?q=эмпатия&hit=1", 200),
        (f"/articles/{known.article}?passage=gone&at=2", 200),
        (f"/articles/{known.hostile}", 200),
        (f"/articles/{known.titled}", 200),
        ("/principles", 200),
        ("/principles/empathy", 200),
        ("/principles/empathy?left=zh&right=ru", 200),
        ("/principles/attitude", 200),
        (f"/passages/{known.passages[0].id}/counterparts", 200),
        ("/nowhere", 404),
        ("/articles/nowhere", 404),
        ("/principles/nowhere", 404),
        ("/passages/nowhere", 404),
        ("/search?q=" + "ж" * 1001, 400),
        ("/search?q=a&page=0", 400),
    ]


# --- Every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_its_language_and_has_one_heading(
    client: FlaskClient, known: SimpleNamespace, language: str
) -> None:
    for address, status in addresses(known):
        page = get(client, address, language, status)
        assert page.all("html") == [{"lang": language}], address
        assert len(page.all("h1")) == 1, address
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels)), address
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), address


def test_every_page_forbids_what_it_does_not_need(client: FlaskClient, known: SimpleNamespace) -> None:
    others = [("/api/v1/search?q=a", 200), ("/static/servicebook.css", 200), ("/healthz", 200)]
    for address, _ in [*addresses(known), *others]:
        with client.get(address) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert (
            "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] and headers["Permissions-Policy"]


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(
    client: FlaskClient, known: SimpleNamespace
) -> None:
    for address, status in addresses(known):
        page = get(client, address, status=status)
        for tag, attributes in page.tags:
            assert not any(name.startswith("on") or name == "style" for name in attributes), (address, tag)
            for name in ("src", "action"):
                assert (attributes.get(name) or "/").startswith("/"), (address, tag)
            if tag == "link" and attributes["rel"] in ("stylesheet", "icon", "search"):
                assert (attributes["href"] or "").startswith("/")
        for script in page.all("script"):
            assert script.get("src") or script.get("type") == "application/ld+json"


def test_cookies_cannot_be_read_or_sent_along(client: FlaskClient) -> None:
    cookie = client.get("/?lang=ru").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "Secure" in client.get("/?lang=en", base_url="https://localhost").headers["Set-Cookie"]


# --- Hostile texts -------------------------------------------------------------------------------

HOSTILE_QUERIES = [
    ATTACK,
    '"><script>alert(1)</script>',
    "' onfocus=alert(1) autofocus '",
    "</title><script>alert(1)</script>",
    "%(found)s %s {{ 7*7 }} {% raw %}",
    "\x00\u202e\ud7ff",
]


@pytest.mark.parametrize("query", HOSTILE_QUERIES)
def test_what_is_typed_is_never_markup(client: FlaskClient, known: SimpleNamespace, query: str) -> None:
    for path in ("/search", f"/articles/{known.article}", "/"):
        answer = client.get(path, query_string={"q": query, "language": "", "article": query, "lang": query})
        page = Page(answer.text)
        assert len([script for script in page.all("script") if script.get("src")]) == 1
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        field = next(field for field in page.all("input") if field.get("name") == "q")
        assert field["value"] == (query.strip() if answer.status_code == 200 else "")


def test_what_was_indexed_is_never_markup(client: FlaskClient, known: SimpleNamespace) -> None:
    articles = (f"/articles/{known.hostile}", f"/articles/{known.titled}")
    for address in (*articles, "/search?q=эмпатия", "/search?q=жалоба", "/articles", "/"):
        page = get(client, address)
        assert all("evil" not in (script.get("src") or "") for script in page.all("script")), address
        assert page.all("img") == []
    page = get(client, f"/articles/{known.hostile}")
    assert "<img src=x onerror=alert(1)>" in page.text and '"кавычки" & ' in page.text


def test_structured_data_cannot_break_out(client: FlaskClient, known: SimpleNamespace) -> None:
    text = client.get(f"/articles/{known.article}").text
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert data and json.loads(data[1])["abstract"] == f"Как услышать {ATTACK} клиента"


def test_dangerous_links_are_only_text(client: FlaskClient, known: SimpleNamespace) -> None:
    links = [link["href"] or "" for link in get(client, f"/articles/{known.article}").all("a")]
    assert not any("javascript" in link for link in links)
    assert any(link.startswith("https://example.org/?a=1&b=") for link in links)


@pytest.mark.parametrize("address", ["//evil.example/x", "/x?_scheme=javascript&_external=1&_anchor=x"])
def test_the_language_menu_stays_on_this_site(client: FlaskClient, address: str) -> None:
    page = Page(client.get(address).text)
    menu = [link["href"] or "" for link in page.all("a") if "hreflang" in link]
    assert len(menu) == len(LANGUAGES)
    assert all(link.startswith("/") and not link.startswith("//") for link in menu)


# --- Rendering -----------------------------------------------------------------------------------


def test_blocks_become_lists_tables_quotes_and_code(client: FlaskClient, known: SimpleNamespace) -> None:
    page = get(client, f"/articles/{known.article}")
    for tag in ("ul", "ol", "li", "blockquote", "table", "td", "pre", "code"):
        assert page.all(tag), tag
    anchors = [anchor for passage in known.passages for anchor in passage.anchors]
    ids = [attributes.get("id") for _, attributes in page.tags]
    assert [id for id in ids if id in anchors] == anchors


def test_highlights_stay_on_the_article(client: FlaskClient, known: SimpleNamespace) -> None:
    assert get(client, f"/articles/{known.article}?q=эмпатией").all("mark")
    assert not get(client, f"/articles/{known.article}").all("mark")


def test_passages_say_their_language(client: FlaskClient) -> None:
    page = get(client, "/search?q=移情性", "ru")
    languages = {attributes.get("lang") for _, attributes in page.tags if attributes.get("class") == "text"}
    assert languages == {"zh-Hans", "ru"}


# --- Search --------------------------------------------------------------------------------------


def links(page: Page) -> list[str]:
    return [link["href"] or "" for link in page.all("a")]


def test_facets_combine_and_come_off(client: FlaskClient) -> None:
    page = get(client, "/search?q=эмпатия&language=ru&bridge=0")
    adding = next(link for link in links(page) if "principle=empathy" in link)
    asked = parse_qs(urlsplit(adding).query)
    assert asked["language"] == ["ru"] and asked["bridge"] == ["0"] and asked["q"] == ["эмпатия"]
    off = get(client, adding)
    assert any(
        "principle=" not in link and "language=ru" in link for link in links(off) if "/search?" in link
    )
    assert sum(link.get("aria-current") == "true" for link in off.all("a") if "lang" not in link) == 2


def test_years_are_offered_from_the_newest_and_languages_from_the_most_frequent(make_book: MakeBook) -> None:
    dated = {
        f"{year}.md": f"---\ndate: {year}-03-01\n---\n# A {year}\n\nQueue {year}." for year in (2024, 2026)
    }
    often = {
        f"{n}.md": f"---\ndate: 2025-0{n}-01\n---\n# Касса {n}\n\nQueue, очередь {n}." for n in (1, 2, 3)
    }
    page = get(app_of(make_book({**dated, **often})).test_client(), "/search?q=queue")
    years = [link.partition("date=")[2] for link in links(page) if "date=" in link]
    assert years == ["2026", "2025", "2024"]
    codes = [link.partition("language=")[2] for link in links(page) if "language=" in link]
    assert codes == ["ru", "en"]


def test_titles_in_a_facet_say_their_language(client: FlaskClient) -> None:
    shown = client.get("/search?q=эмпатия", headers={"Accept-Language": "en"}).text
    titles = dict(re.findall(r'<span class="name"><span lang="([^"]+)">([^<]+)', shown))
    assert re.search("[а-я]", titles["ru"]) and re.search("[一-鿿]", titles["zh-Hans"])


def test_what_came_over_the_bridge_is_said_and_can_be_switched_off(client: FlaskClient) -> None:
    page = get(client, "/search?q=эмпатия")
    assert "Также найдено через понятие «Эмпатия»" in page.text and "移情" in page.text
    off = next(link for link in links(page) if "bridge=0" in link)
    assert "Также найдено" not in get(client, off).text


def test_a_repaired_query_is_said_and_can_be_insisted_on(client: FlaskClient) -> None:
    page = get(client, "/search?q=эмпатеи")
    assert "Показаны результаты по запросу «" in page.text
    assert any(field.get("value") == "эмпатеи" for field in page.all("input"))
    insisting = next(link for link in links(page) if "correct=0" in link)
    assert "Показаны результаты" not in get(client, insisting).text


def test_a_search_without_hits_helps_on(client: FlaskClient) -> None:
    page = get(client, "/search?q=移情性&language=en")
    assert "Без фильтра «Английский»" in page.text
    assert any(link.startswith("/principles/") for link in links(page))


def test_pages_of_results_have_stable_addresses() -> None:
    search = Search(q="a", language=("ru",), page=7)
    assert search.pages(HITS_PER_PAGE * 12) == [1, None, 5, 6, 7, 8, 9, None, 12]
    assert Search(q="a").pages(3) == [1]
    assert search.first == 6 * HITS_PER_PAGE
    assert [Search(q="a", page=page).parameters()["page"] for page in (1, 2, 3)] == [(), 2, 3]


def test_results_lead_to_their_passage_and_back(client: FlaskClient, known: SimpleNamespace) -> None:
    page = get(client, "/search?q=эмпатия&language=ru")
    result = next(link for link in links(page) if "hit=1" in link)
    assert "#" in result
    article = get(client, result.partition("#")[0])
    assert "1 из " in article.text
    assert any(link.startswith("/search?") and "language=ru" in link for link in links(article))
    assert any("hit=2" in link for link in links(article))


def test_an_empty_search_is_the_home_page(client: FlaskClient) -> None:
    assert get(client, "/search?q=").text == get(client, "/search").text


# --- Passages ------------------------------------------------------------------------------------


def test_a_passage_address_leads_to_its_place(client: FlaskClient, known: SimpleNamespace) -> None:
    anchor = known.passages[1].id
    answer = client.get(f"/passages/{anchor}")
    assert answer.status_code == 302
    assert answer.location == f"/articles/{known.article}#{anchor}"


def test_a_lost_passage_is_said_and_its_place_shown(client: FlaskClient, known: SimpleNamespace) -> None:
    moved = client.get(f"/passages/gone?article={known.article}&at=2")
    assert moved.location == f"/articles/{known.article}?passage=gone&at=2"
    page = get(client, moved.location)
    assert "в статье больше нет" in page.text
    assert f"#{known.passages[1].id}" in links(page)
    notice = next(attributes for _, attributes in page.tags if attributes.get("id") == "lost")
    assert "hidden" not in notice
    kept = get(client, f"/articles/{known.article}?passage={known.passages[1].id}&at=2")
    assert "hidden" in next(attributes for _, attributes in kept.tags if attributes.get("id") == "lost")


def test_counterparts_stand_beside_their_passage(client: FlaskClient, known: SimpleNamespace) -> None:
    anchor = known.passages[0].id
    page = get(client, f"/passages/{anchor}/counterparts")
    assert "Эмпатия — способность" in page.text and "移情性是把顾客" in page.text
    found = client.get(f"/api/v1/passages/{anchor}/counterparts?language=zh").json
    assert found and found["counterparts"]["zh"][0]["article"]["language"] == "zh"
    get(client, "/passages/nowhere/counterparts", status=404)


# --- Languages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("en-GB", "en"),
        ("fr,ru;q=0.5", "ru"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_the_browser_chooses_the_language(client: FlaskClient, asked: str, language: str) -> None:
    assert get(client, "/", asked).all("html") == [{"lang": language}]


def test_the_address_wins_and_is_remembered(client: FlaskClient) -> None:
    page = get(client, "/?lang=zh-Hant", "ru")
    assert page.all("html") == [{"lang": "zh-Hant"}]
    assert all("lang=zh-Hant" in link for link in links(page) if link.startswith("/principles/"))
    later = get(client, "/principles", "ru")
    assert later.all("html") == [{"lang": "zh-Hant"}]
    assert not any("lang=" in link for link in links(later) if link.startswith("/principles/"))
    assert "服務原則" in later.text


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 статья"), (2, "2 статьи"), (5, "5 статей"), (21, "21 статья"), (111, "111 статей")],
)
def test_plurals_are_right(app: Flask, number: int, said: str) -> None:
    with app.test_request_context("/?lang=ru"):
        app.preprocess_request()
        assert interface.say("articles", number) == said


def test_dates_are_written_as_readers_write_them(client: FlaskClient) -> None:
    assert "1 марта 2026" in get(client, "/articles", "ru").text
    assert "2026年3月1日" in get(client, "/articles", "zh-CN").text.replace(" ", "")
    assert "March 1, 2026" in get(client, "/articles", "en").text


# --- Errors --------------------------------------------------------------------------------------


def test_an_index_that_does_not_answer_is_said(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EngineUnavailable("The index at /secret/path does not answer.")

    monkeypatch.setattr(KnowledgeBase, "traced_search", fail)
    answer = client.get("/search?q=a", headers={"Accept-Language": "ru"})
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "не отвечает" in answer.text and "/secret" not in answer.text
    assert client.get("/api/v1/search?q=a").status_code == 503


def test_an_unforeseen_error_shows_no_traceback(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(KnowledgeBase, "traced_search", fail)
    for address in ("/search?q=a", "/api/v1/search?q=a"):
        answer = client.get(address)
        assert answer.status_code == 500 and "secret" not in answer.text


def test_writing_is_refused_in_the_asker_s_form(client: FlaskClient) -> None:
    assert client.post("/api/v1/search").mimetype == "application/problem+json"
    answer = client.post("/search")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


# --- For browsers and crawlers -------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/sitemap.xml", "/opensearch.xml", "/feed.atom"])
def test_xml_is_well_formed(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200 and "xml" in answer.mimetype
    ET.fromstring(answer.data)
    assert b"http://localhost/" in answer.data


def test_the_feed_has_the_articles_from_the_newest(app: Flask, client: FlaskClient) -> None:
    feed = ET.fromstring(client.get("/feed.atom").data)
    name = "{http://www.w3.org/2005/Atom}"
    entries = [
        (one.findtext(f"{name}updated"), one.findtext(f"{name}title")) for one in feed.iter(f"{name}entry")
    ]
    book = book_of(app)
    assert {title for _, title in entries} == {article.title for article in book.articles()}
    moments = [moment for moment, _ in entries]
    assert moments == sorted(moments, reverse=True) and len(set(moments)) > 1
    assert feed.findtext(f"{name}updated") == moments[0]


@pytest.mark.parametrize(
    ("address", "kind", "kept"),
    [
        ("/robots.txt", "text/plain", None),
        ("/favicon.ico", "image/svg+xml", "no-cache"),
        ("/widget.js", "text/javascript", "no-cache"),  # a new version is there at once
    ],
)
def test_what_browsers_ask_for_by_themselves(
    client: FlaskClient, address: str, kind: str, kept: str | None
) -> None:
    with client.get(address) as answer:
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.headers.get("Cache-Control") == kept


def test_crawlers_are_led_to_the_sitemap(client: FlaskClient) -> None:
    told = client.get("/robots.txt").text.splitlines()
    assert "Disallow: /search" in told and "Sitemap: http://localhost/sitemap.xml" in told


def test_every_template_escapes(app: Flask) -> None:
    autoescape = app.jinja_env.autoescape
    assert callable(autoescape)
    assert all(autoescape(name) for name in app.jinja_env.list_templates())


def test_the_sitemap_names_every_language(client: FlaskClient, known: SimpleNamespace) -> None:
    text = client.get("/sitemap.xml").text
    for language in LANGUAGES:
        assert f"/articles/{known.article}?lang={language}" in text


def test_static_files_may_be_kept_for_good(client: FlaskClient) -> None:
    style = next(link["href"] for link in get(client, "/").all("link") if link["rel"] == "stylesheet")
    assert style
    with client.get(style) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


def test_texts_travel_compressed_to_those_who_can_read_it(client: FlaskClient) -> None:
    plain = client.get("/principles")
    packed = client.get("/principles", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2


def test_static_files_travel_compressed_too(client: FlaskClient) -> None:
    with client.get("/static/servicebook.css") as plain:
        whole = plain.data
    with client.get("/static/servicebook.css", headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == whole


def test_the_first_page_is_light(client: FlaskClient) -> None:
    """HTML, style, scripts and icon together, uncompressed."""
    page = client.get("/")
    folder = Path(interface.__file__).with_name("static")
    fetched = [file for file in folder.iterdir() if file.suffix in (".css", ".js", ".svg")]
    assert len(page.data) + sum(file.stat().st_size for file in fetched) < 60_000


def test_it_works_below_a_path(app: Flask, known: SimpleNamespace) -> None:
    """As behind a reverse proxy that gives it /handbook."""
    client = app.test_client()
    for address, status in addresses(known):
        answer = client.get(address, base_url="http://localhost/handbook")
        assert answer.status_code == status
        for tag, attributes in Page(answer.text).tags:
            for name in ("href", "src", "action", "data-suggest", "data-passages", "data-link"):
                value = attributes.get(name) or ""
                assert not value.startswith("/") or value.startswith("/handbook/"), (address, tag, value)


def test_it_is_alive(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


# --- Articles in other languages ------------------------------------------------------------------


def test_an_article_in_another_language_is_shown_and_filtered_by_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Черга\n\nЕмпатія псує чергу не довжиною, а несправедливістю. Людина готова.\n", "utf-8"
    )
    app = create_app(load(home=tmp_path / "home", corpus=tmp_path))
    book = book_of(app)
    book.index()
    client = app.test_client()
    assert client.get("/principles/empathy").status_code == 200
    assert "Ukrainian" in client.get("/articles/cherga?lang=en").text
    assert client.get("/api/v1/search?q=чергу&language=uk").json["total"] == 1
    assert client.get("/api/v1/search?q=чергу&language=ru").json["total"] == 0
    book.close()
