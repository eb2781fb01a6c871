"""The widget on a page that is not ours: another origin, a strict policy of its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[browser]'")

from playwright.sync_api import Browser, Page, expect
from waitress.server import create_server

from kb.settings import load
from web import create_app

PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Intranet</title>
<script type="module" src="{book}/widget.js"></script></head>
<body><main><h1>Intranet</h1><servicebook-search limit="3"></servicebook-search></main></body></html>"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The address of an intranet page in a language; the Servicebook that it asks runs elsewhere."""

    class Intranet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = f"default-src 'none'; script-src {book}; connect-src {book}; style-src 'none'"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(PAGE.format(lang=self.path.strip("/"), book=book).encode())

        def log_message(self, *_: Any) -> None:
            pass

    intranet = ThreadingHTTPServer(("127.0.0.1", 0), Intranet)
    here = f"http://localhost:{intranet.server_port}"
    home: Path = tmp_path_factory.mktemp("home")
    app = create_app(load(home=home, cors_origins=here))
    app.extensions["servicebook"].index()
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=4)
    book = f"http://127.0.0.1:{server.effective_port}"
    for run in (intranet.serve_forever, server.run):
        threading.Thread(target=run, daemon=True).start()
    yield lambda language: f"{here}/{language}"
    intranet.shutdown()
    intranet.server_close()
    server.close()
    app.extensions["servicebook"].close()


@pytest.fixture
def opened(browser: Browser, pages: Callable[[str], str]) -> Iterator[Callable[[str], Page]]:
    contexts = []
    faults: list[str] = []

    def open_page(language: str) -> Page:
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        page.goto(pages(language))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def test_it_finds_and_marks_by_keyboard_alone(opened: Callable[[str], Page]) -> None:
    page = opened("ru")
    page.keyboard.press("Tab")
    page.keyboard.type("эмпатия")
    expect(page.get_by_role("status")).to_contain_text("фрагмент")
    results = page.get_by_role("listitem")
    expect(results).to_have_count(4)  # three, and the way to all
    expect(page.locator("mark").first).to_have_text(re.compile("эмпати", re.IGNORECASE))
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.shadowRoot.activeElement.href")
    assert "/articles/" in focused and "#" in focused
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(results).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_have_value("")


@pytest.mark.parametrize(
    ("language", "label", "nothing"),
    [
        ("ru", "Поиск по стандартам сервиса", "Ничего не нашлось"),
        ("zh-CN", "搜索服务标准", "没有找到"),
        ("zh-TW", "搜尋服務標準", "沒有找到"),
        ("en", "Search the service standards", "Nothing was found"),
    ],
)
def test_it_speaks_the_language_of_the_page(
    opened: Callable[[str], Page], language: str, label: str, nothing: str
) -> None:
    page = opened(language)
    page.get_by_label(label).fill('"нет такого нигде"')
    expect(page.get_by_role("status")).to_contain_text(nothing)


def test_a_result_leads_to_its_passage(opened: Callable[[str], Page]) -> None:
    page = opened("ru")
    page.get_by_role("searchbox").fill("эмпатия")
    page.get_by_role("listitem").first.get_by_role("link").click()
    page.wait_for_url("**/articles/**")
    passage = page.url.rpartition("#")[2]
    expect(page.locator(f'[id="{passage}"]')).to_be_visible()


def test_it_is_accessible(opened: Callable[[str], Page]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened("en")
    page.get_by_role("searchbox").fill("empathy")
    expect(page.get_by_role("status")).to_contain_text("passage")
    source = Path(axe.__file__).with_name("axe.min.js").read_text("utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run('servicebook-search')")
    assert [violation["id"] for violation in found["violations"]] == []


def test_it_is_themed_by_custom_properties(opened: Callable[[str], Page]) -> None:
    page = opened("en")
    page.evaluate("document.body.style.setProperty('--servicebook-radius', '17px')")
    assert page.get_by_role("searchbox").evaluate("one => getComputedStyle(one).borderRadius") == "17px"
    page.get_by_role("searchbox").fill("x")


def test_a_page_that_is_not_named_gets_nothing(browser: Browser, pages: Callable[[str], str]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(pages("en").replace("localhost", "127.0.0.1"))
    expect(page.get_by_role("searchbox")).to_have_count(0)
    context.close()
