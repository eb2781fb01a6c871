"""What those who sign in see and do, in a real browser, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_craft import DESK, PHONE, RULES, axe
from tests.conftest import PASSWORD

Opening = Callable[..., Page]
ADDRESSES = ["/account", "/accounts", "/searches", "/search?q=жалоба", "/principles/empathy"]


@pytest.fixture
def signed_in(opened: Opening) -> Opening:
    """Opens a page as somebody: `signed_in("trainer", "/search?q=жалоба")`."""

    def sign_in(name: str, path: str, **options: Any) -> Page:
        page = opened("/sign-in", **options)
        page.locator("main input[name=name]").fill(name)
        page.locator("main input[name=password]").fill(PASSWORD)
        page.locator("main form button").click()
        page.wait_for_url("**/")
        page.goto(path)
        return page

    return sign_in


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(signed_in: Opening, theme: str, viewport: dict[str, int]) -> None:
    page = signed_in("administrator", "/search?q=zzqqx&correct=0", color_scheme=theme, viewport=viewport)
    found: dict[str, list[str]] = {}
    for address in ADDRESSES:
        page.goto(address)
        if page.locator(".review").count():
            page.locator(".review > summary").first.click()
        page.locator(".menu").nth(1).locator("summary").click() if address == "/account" else None
        page.evaluate(axe())
        answer = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
        found[address] = [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
            for one in answer["violations"]
            for node in one["nodes"]
        ]
    assert found == {address: [] for address in ADDRESSES}


def test_axe_finds_nothing_on_the_way_in(opened: Opening) -> None:
    page = opened("/sign-in?next=/principles")
    page.locator("main input[name=name]").fill("anna")
    page.locator("main input[name=password]").fill("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Имя и пароль не подходят друг к другу.")
    page.evaluate(axe())
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    assert [one["id"] for one in found["violations"]] == []


@pytest.mark.parametrize("locale", ["ru-RU", "zh-TW"])
@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_nothing_is_wider_than_the_window(signed_in: Opening, locale: str, width: int) -> None:
    page = signed_in("administrator", "/", locale=locale, viewport={"width": width, "height": 800})
    for address in ["/", *ADDRESSES]:
        page.goto(address)
        if page.locator(".review").count():
            page.locator(".review > summary").first.click()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_trainer_s_word_and_back(signed_in: Opening, scripts: bool) -> None:
    page = signed_in("trainer", "/search?q=клиент+жалоба&view=flat", java_script_enabled=scripts)
    place = page.locator(".result").filter(has=page.locator(".rail > .principle")).first
    review = page.locator("#" + str(place.locator(".review").get_attribute("id")))
    rail = page.locator(".rail").filter(has=review)
    tag = rail.locator(".principle").first.inner_text()
    review.locator("> summary").click()
    review.locator("li", has_text=tag).get_by_role("button", name="Неверно").click()
    notice = page.locator(".heard")
    expect(notice).to_contain_text(f"отрывок не о принципе «{tag}»")
    expect(rail.locator("> .principle", has_text=re.compile(f"^{tag}$"))).to_have_count(0)
    assert review.get_attribute("id") in page.url or scripts
    notice.get_by_role("button", name="Отменить").click()
    expect(notice).to_contain_text("Всё как было")
    expect(rail.locator("> .principle", has_text=re.compile(f"^{tag}$"))).to_have_count(1)


def test_a_missing_principle_by_keyboard(signed_in: Opening) -> None:
    page = signed_in("trainer", "/search?q=клиент&view=flat", locale="zh-CN")
    review = page.locator(".review").first
    review.locator("> summary").focus()
    page.keyboard.press("Enter")
    field = review.locator("input[name=missing]")
    name = page.locator("#all-principles option").nth(3).get_attribute("value")
    field.fill(str(name))
    field.press("Enter")
    expect(page.locator(".heard")).to_contain_text(f"“{name}”")
    expect(page.locator(".review[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".review[open]")).to_have_count(0)
    page.locator(".heard button").click()
    expect(page.locator(".heard")).to_contain_text("已撤销")


def test_what_is_typed_is_counted_once_it_stays(signed_in: Opening) -> None:
    page = signed_in("editor", "/search?q=редкость")
    page.locator("#q").press("End")
    page.locator("#q").press_sequentially(" тишина", delay=60)
    with page.expect_response(lambda answer: answer.request.method == "HEAD"):
        expect(page.locator("h1")).to_contain_text("тишина")
    page.goto("/searches")
    searched = page.locator("section", has=page.locator("#frequent")).locator("tbody th").all_inner_texts()
    assert "редкость тишина" in searched
    assert not [text for text in searched if "тиши" in text and text != "редкость тишина"]


def test_a_term_goes_to_the_vocabulary_in_one_click(signed_in: Opening) -> None:
    page = signed_in("editor", "/search?q=щщщ&correct=0")
    page.goto("/searches")
    page.get_by_role("button", name="Предложить «щщщ» для словаря").first.click()
    expect(page.locator(".heard")).to_have_text("«щщщ» теперь в списке на рассмотрение для словаря.")
    expect(page.locator(".terms")).to_contain_text("щщщ")
    page.get_by_role("button", name="Убрать «щщщ» из списка").first.click()
    expect(page.locator(".terms")).to_have_count(0)


def test_signing_out(signed_in: Opening) -> None:
    page = signed_in("reader", "/principles")
    page.locator(".menu summary", has_text="reader").click()
    page.get_by_role("button", name="Выйти").click()
    page.wait_for_url("**/")
    page.go_back()
    assert not page.get_by_text("reader").count()
