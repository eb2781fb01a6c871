"""Accessibility, weight and fit of every kind of page."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

Opening = Callable[..., Page]

PAGES = {
    "home": "/",
    "results": "/search?q=эмпатия&language=ru&language=zh",
    "flat": "/search?q=移情性&view=flat",
    "nothing": "/search?q=zzqqx&language=ru",
    "articles": "/articles",
    "article": "/articles/{article}?q=жалоба&hit=1#{anchor}",
    "table": "/articles/{table}",
    "lost": "/articles/{article}?passage=gone&at=2",
    "principles": "/principles",
    "principle": "/principles/empathy",
    "counterparts": "/passages/{anchor}/counterparts",
    "missing": "/nowhere",
    "wrong": "/search?q=a&page=x",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


def axe() -> str:
    """axe-core's script, as the package for tests brings it."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs axe: pip install '.[test]'")
    return Path(found.submodule_search_locations[0], "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def places(address: str) -> dict[str, str]:
    """The addresses of `PAGES`, with ids that there are."""
    import json
    from urllib.parse import quote
    from urllib.request import urlopen

    def hit(query: str) -> Any:
        with urlopen(f"{address}/api/v1/search?limit=1&q={quote(query)}") as answer:
            return json.load(answer)["hits"][0]

    complaint, table = hit("жалоба"), hit("维度 题目示例 期望 感知 差距")
    ids = {
        "article": complaint["article"]["id"],
        "anchor": complaint["passage"]["id"],
        "table": table["article"]["id"],
    }
    return {name: path.format(**ids) for name, path in PAGES.items()}


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    opened: Opening, places: dict[str, str], name: str, theme: str, viewport: dict[str, int]
) -> None:
    page = opened(places[name], color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    # Where a page is scrolled to its anchor, the sticky header may cover half of a link: no fault of the link.
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(axe())
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    violations = [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert not violations, "\n".join(violations)
    assert len(found["passes"]) > 20


def test_axe_finds_nothing_in_what_opens(opened: Opening, places: dict[str, str]) -> None:
    page = opened(places["results"])
    page.locator(".menu summary").click()
    page.locator(".result").first.hover()
    page.locator(".result .actions summary").first.click()
    page.locator("#q").fill("эмпат")
    page.locator("#options li").first.wait_for()
    page.evaluate(axe())
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    assert [one["id"] for one in found["violations"]] == []


@pytest.mark.parametrize("locale", ["ru-RU", "zh-CN", "zh-TW", "en-GB"])
@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280])
def test_nothing_is_wider_than_the_window(
    opened: Opening, places: dict[str, str], locale: str, width: int
) -> None:
    page = opened("/", locale=locale, viewport={"width": width, "height": 800})
    for name, path in places.items():
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name


def test_the_first_page_is_light(opened: Opening) -> None:
    """Everything that a first visit fetches, uncompressed, in bytes."""
    page = opened("about:blank")
    weight: list[int] = []
    page.on("response", lambda response: weight.append(len(response.body())))
    page.goto("/", wait_until="networkidle")
    assert sum(weight) < 60_000


def test_long_addresses_and_lists_print_without_what_is_for_the_screen(
    opened: Opening, places: dict[str, str]
) -> None:
    page = opened(places["article"])
    page.emulate_media(media="print")
    for hidden in (".head", ".foot", ".beside", ".way"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".article h1").is_visible()


def test_still_for_those_who_ask(opened: Opening) -> None:
    page = opened("/", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
