"""Ways through the product, in every language of the interface, with and without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

Opening = Callable[..., Page]

# A locale of the browser, the query it types, and what the page is expected to say.
WAYS = [
    ("ru-RU", "жалоба как подарок", "отрыв", "Принципы"),
    ("zh-CN", "首问负责", "个段落", "原则"),
    ("zh-TW", "標桿企業", "個段落", "原則"),
    ("en-GB", "empathy", "passages", "Principles"),
]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize(("locale", "query", "counted", "principles"), WAYS)
def test_from_a_question_to_the_paragraph_and_back(
    opened: Opening, locale: str, query: str, counted: str, principles: str, scripts: bool
) -> None:
    page = opened("/", locale=locale, java_script_enabled=scripts)
    page.locator("#q").fill(query)
    page.locator("#q").press("Enter")
    expect(page.locator("h1")).to_contain_text(counted)
    expect(page.locator("h1")).to_contain_text(query)
    expect(page.locator("#q")).to_have_value(query)

    page.locator(".result h3 a").first.click()
    expect(page).to_have_url(re.compile(r"/articles/.+hit=1\b.*#"))
    lit = page.locator(".passage:has(:target)")
    expect(lit).to_be_in_viewport()
    expect(page.locator("mark").first).to_be_attached()

    page.locator(".way a[rel=next]").click()
    expect(page).to_have_url(re.compile(r"hit=2\b.*#"))
    page.locator(".way a").first.click()
    expect(page.locator("h1")).to_contain_text(query)

    page.locator(".nav > a").first.click()
    expect(page.locator(".nav > a[aria-current=page]")).to_have_text(principles)
    page.locator(".tree li a").first.click()
    expect(page.locator(".columns .result").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_filters_are_put_on_and_taken_off(opened: Opening, scripts: bool) -> None:
    page = opened("/search?q=эмпатия", java_script_enabled=scripts)
    total = page.locator("h1").inner_text()
    page.locator(".facet a", has_text="Китайский").click()
    expect(page.locator(".chosen li")).to_have_count(1)
    page.locator(".facet a", has_text="Эмпатия").click()
    expect(page.locator(".facet [aria-current]")).to_have_count(2)
    for text in page.locator(".result .text").all():
        expect(text).to_have_attribute("lang", re.compile("^zh"))
    page.locator(".chosen a", has_text="Снять все").click()
    expect(page.locator("h1")).to_have_text(total)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_filters_open_as_a_sheet_on_a_phone(opened: Opening, scripts: bool) -> None:
    page = opened("/search?q=эмпатия", viewport={"width": 390, "height": 800}, java_script_enabled=scripts)
    expect(page.locator(".facets")).to_be_hidden()
    page.locator(".narrow-button").click()
    page.locator(".facets a", has_text="Русский").click()
    expect(page.locator(".chosen li")).to_have_count(1)


def test_the_language_is_switched_and_kept(opened: Opening) -> None:
    page = opened("/search?q=эмпатия")
    page.locator(".menu summary").click()
    page.get_by_role("link", name="繁體中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    expect(page.locator("#q")).to_have_value("эмпатия")
    page.goto("/principles")
    expect(page.locator("h1")).to_have_text("服務原則")


def test_the_bridge_is_switched_off(opened: Opening) -> None:
    page = opened("/search?q=情商", locale="zh-CN")
    expect(page.locator(".bridges")).to_contain_text("Эмпатия")
    page.locator(".bridges a").click()
    expect(page.locator(".result .text[lang=ru]")).to_have_count(0)


# --- As one types --------------------------------------------------------------------------------


def test_results_come_as_one_types(opened: Opening) -> None:
    page = opened("/")
    page.locator("#q").press_sequentially("эмпатия", delay=20)
    expect(page.locator("h1")).to_contain_text("«эмпатия»")
    expect(page).to_have_url(re.compile("search.*q="))
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#said")).to_contain_text("«эмпатия»")
    page.go_back()
    expect(page.locator(".welcome")).to_be_visible()


def test_a_request_that_is_overtaken_is_cancelled(opened: Opening) -> None:
    page = opened("/search?q=эмпатия")
    cancelled: list[str] = []
    page.on("requestfailed", lambda request: cancelled.append(request.url))
    page.route(re.compile(r"/search\?"), lambda route: page.wait_for_timeout(300) or route.continue_())
    page.locator("#q").fill("лояльность")
    page.wait_for_timeout(250)
    page.locator("#q").fill("надёжность")
    expect(page.locator("h1")).to_contain_text("«надёжность»")
    assert any("/search" in url for url in cancelled)


def test_nothing_is_sent_while_an_input_method_composes(opened: Opening) -> None:
    page = opened("/", locale="zh-CN")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "?q=" in request.url else None)
    keyboard = page.context.new_cdp_session(page)
    page.locator("#q").focus()
    for pinyin in ("y", "yi", "yi q", "yi qing"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": pinyin, "selectionStart": len(pinyin), "selectionEnd": len(pinyin)},
        )
        page.wait_for_timeout(250)
    # The Enter that ends a composition comes as a keydown with isComposing, or with the code 229.
    enter = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", enter)
    page.wait_for_timeout(400)
    assert sent == []
    assert page.url.endswith("/")
    keyboard.send("Input.insertText", {"text": "移情"})
    expect(page.locator("h1")).to_contain_text("移情")


def test_an_enter_of_the_input_method_does_not_submit(opened: Opening) -> None:
    """Safari ends the composition before its keydown, which then only has the code 229."""
    page = opened("/principles", locale="zh-CN")
    page.locator("#q").fill("移情")
    stopped = page.evaluate(
        """() => ["isComposing", "keyCode"].map((how) => {
            const event = new KeyboardEvent("keydown", {
                key: "Enter", bubbles: true, cancelable: true,
                ...(how === "isComposing" ? { isComposing: true } : { keyCode: 229 }),
            });
            document.querySelector("#q").dispatchEvent(event);
            return event.defaultPrevented;
        })"""
    )
    assert stopped == [True, True]


def test_completions_are_a_combobox(opened: Opening) -> None:
    page = opened("/principles")
    field = page.locator("#q")
    expect(field).to_have_attribute("role", "combobox")
    field.press_sequentially("эмпат")
    options = page.locator("#options [role=option]")
    expect(options.first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "?")
    field.press("Escape")
    expect(page.locator("#options")).to_be_hidden()
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("ArrowDown")
    expect(options.first).to_be_visible()
    field.press("ArrowDown")
    chosen = options.first.locator("span").inner_text()
    field.press("Enter")
    expect(page).to_have_url(re.compile("/search"))
    expect(page.locator("#q")).to_have_value(chosen)


def test_completions_may_be_missing(opened: Opening) -> None:
    page = opened("/principles")
    page.route("**/api/v1/suggest*", lambda route: route.fulfill(status=404, body="gone"))
    page.locator("#q").press_sequentially("эмпатия")
    page.wait_for_timeout(300)
    expect(page.locator("#options")).to_be_hidden()
    page.locator("#q").press("Enter")
    expect(page.locator("h1")).to_contain_text("эмпатия")


def test_recent_searches_stay_in_the_browser(opened: Opening) -> None:
    page = opened("/principles")
    page.locator("#q").fill("лояльность")
    page.locator("#q").press("Enter")
    page.wait_for_url("**/search**")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.goto("/principles")
    page.locator("#q").click()
    expect(page.locator("#options li").first).to_contain_text("лояльность")
    assert all("лояльность" not in (request.url + (request.post_data or "")) for request in sent)
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"lang"}
    page.locator("#options li").last.click()
    assert json.loads(page.evaluate("localStorage.getItem('servicebook.recent')")) == []


def test_keys_lead_to_the_field(opened: Opening) -> None:
    page = opened("/principles")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("Control+k")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("")


def test_the_first_tab_skips_to_the_content(opened: Opening) -> None:
    page = opened("/search?q=эмпатия")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


# --- Passages ------------------------------------------------------------------------------------


def copied(page: Page, action: str) -> str:
    place = page.locator(".result").first
    place.hover()
    place.locator(".actions summary").click()
    place.locator(f"[data-do={action}]").click()
    expect(page.locator("#said")).to_have_text("Скопировано")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_passages_are_copied_with_text_citation_and_link(opened: Opening, address: str) -> None:
    options: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = opened("/search?q=главная жалоба пациента&language=ru", **options)
    text = copied(page, "text")
    assert "\u200b" not in text and len(text) > 20
    page.reload()
    cited = copied(page, "citation")
    assert cited.startswith(text) and "— Servicebook." in cited and f"{address}/articles/" in cited
    page.reload()
    link = copied(page, "link")
    assert re.search(
        r"/articles/[a-z0-9-]+\?passage=[0-9a-f]+&at=\d+&near=[\w-]{16}#[0-9a-f]+:~:text=.", link
    )
    page.goto(link)
    expect(page.locator(".passage.target")).to_be_in_viewport()
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_link_to_an_edited_passage_shows_the_nearest(opened: Opening, scripts: bool) -> None:
    """A link that was copied before an edit: the passage's id is gone, what it said is nearly there."""
    page = opened("/search?q=главная жалоба пациента&language=ru", java_script_enabled=scripts)
    link = str(page.locator(".result").first.get_attribute("data-link"))
    id = re.search("passage=([0-9a-f]+)", link)[1]
    page.goto(link.replace(id, "000000000000"))
    expect(page.locator("#lost")).to_be_visible()
    page.locator("#lost a").click()
    expect(page).to_have_url(re.compile(f"#{id}$"))
    expect(page.locator(".passage.target:has(:target)")).to_be_in_viewport()


def test_the_address_of_a_result_finds_its_passage_again(opened: Opening) -> None:
    """What a browser's address line holds: only scripts see that its anchor is gone."""
    page = opened("/search?q=главная жалоба пациента&language=ru")
    address, _, id = str(page.locator(".result h3 a").first.get_attribute("href")).partition("#")
    page.goto(f"{address}#000000000000")
    expect(page.locator("#lost a")).to_have_attribute("href", f"#{id}")
    page.locator("#lost a").click()
    expect(page.locator(".passage:has(:target)")).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_results_are_sorted_and_narrowed_by_date(opened: Opening, scripts: bool) -> None:
    page = opened("/search?q=эмпатия&view=flat", java_script_enabled=scripts)
    page.locator(".views a", has_text="Сначала новые").click()
    expect(page).to_have_url(re.compile("sort=date"))
    expect(page.locator(".views a", has_text="Сначала лучшие")).to_be_visible()
    page.locator(".facet summary", has_text="Год").click()
    page.locator(".facet[open] a", has_text="2026").first.click()
    expect(page.locator(".chosen li")).to_contain_text("2026")
    expect(page).to_have_url(re.compile("sort=date"))


def test_a_lost_anchor_is_said(opened: Opening) -> None:
    page = opened("/articles")
    article = page.locator(".card a", has_text="Кафе").first.get_attribute("href")
    page.goto(f"{article}#000000000000")
    expect(page.locator("#lost")).to_be_visible()
    page.goto(f"{article}?passage=000000000000&at=3")
    page.locator("#lost a").click()
    expect(page.locator(".passage").nth(2)).to_be_in_viewport()


# --- Hostile texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "жалоба опасная", "'-alert(1)-'"]
)
def test_nothing_typed_or_indexed_is_run(opened: Opening, query: str) -> None:
    """The fixture fails on every dialog, error and breach of the policy."""
    page = opened("/")
    page.locator("#q").press_sequentially(query)
    page.wait_for_timeout(500)
    page.locator("#q").press("Enter")
    page.wait_for_url("**/search**")
    page.goto("/articles")
    page.locator(".card a", has_text="script").click()
    page.locator("body").hover()
    page.wait_for_timeout(100)
    assert page.title() != "attacked"
    assert page.locator("main img, main svg[onload]").count() == 0
