"""A trainer's way from the first search to the exported file, with scripts and without."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD

Opening = Callable[..., Page]


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in")
    page.fill("main [name=name]", name)
    page.fill("main [name=password]", PASSWORD)
    page.locator("main form button").first.click()


def downloaded(page: Page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as expected:
        page.locator(".hand-over a", has_text=name).click()
    return expected.value.suggested_filename, Path(expected.value.path()).read_bytes()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_first_search_to_the_exported_file(opened: Opening, scripts: bool) -> None:
    page = opened("/search?q=ответственность за решение", java_script_enabled=scripts)
    first = page.locator(".result").first
    first.hover()
    first.locator(".actions summary").click()
    first.locator("form.collect button").click()
    expect(page.locator("#tray .how-many")).to_have_text("1")
    page.goto("/principles/ownership")
    other = page.locator(".columns section:nth-of-type(2) .result").first
    other.hover()
    other.locator(".actions summary").click()
    other.locator("form.collect button").click()
    expect(page.locator("#tray .how-many")).to_have_text("2")
    page.locator("#tray summary").click()
    page.locator("#tray a", has_text="Упорядочить").click()
    expect(page.locator(".row")).to_have_count(2)
    before = page.locator(".row [name=item]").first.get_attribute("value")
    page.locator("button[value='down 0']").click()
    expect(page.locator(".row [name=item]").nth(1)).to_have_value(before or "")
    page.fill("[name=title]", "Первая неделя: 责任")
    page.locator(".row summary").first.click()
    page.locator(".row textarea").first.fill("Спросите новичка")
    page.locator("button.main-button", has_text="Записать в адрес").click()
    expect(page).to_have_url(re.compile("title="))
    name, written = downloaded(page, "Word")
    assert name == "Первая неделя 责任.docx"
    text = "\n".join(each.text for each in docx.Document(io.BytesIO(written)).paragraphs)
    assert "Спросите новичка" in text and "Источники" in text

    # The address alone gives the same to somebody else, who keeps and shares it.
    trainer = opened(page.url, java_script_enabled=scripts)
    address = trainer.url
    sign_in(trainer, "trainer")
    trainer.goto(address)
    trainer.locator("button", has_text="Сохранить подборку").click()
    expect(trainer.locator("h1")).to_have_text("Первая неделя: 责任")
    trainer.locator("button", has_text="Поделиться по ссылке").click()
    link = trainer.locator("input.address").input_value()
    reader = opened(link, java_script_enabled=scripts)
    expect(reader.locator("blockquote")).to_have_count(2)
    assert downloaded(reader, "PowerPoint")[0].endswith(".pptx")
    reader.locator(".hand-over a", has_text="Проверить себя").click()
    reader.locator("input[type=radio]").first.check()
    reader.locator("main button").click()
    expect(reader.locator(".score")).to_contain_text("Верно")


def test_collecting_and_moving_by_keys(opened: Opening) -> None:
    page = opened("/search?q=эмпатия")
    page.locator(".result h3 a").first.focus()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("p")
    expect(page.locator("#tray .how-many")).to_have_text("1")
    page.locator(".result h3 a").nth(1).focus()
    page.keyboard.press("p")
    expect(page.locator("#tray .how-many")).to_have_text("2")
    page.locator("#q").fill("")
    page.locator("#q").press("p")
    expect(page.locator("#tray .how-many")).to_have_text("2"), "typing collects nothing"
    page.goto("/packs/draft")
    first = page.locator(".row [name=item]").first.input_value()
    page.locator(".row summary").first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".row [name=item]").nth(1)).to_have_value(first)
    expect(page.locator("#said")).to_have_text("Теперь на месте 2")
    expect(page.locator(".row").nth(1).locator("button[name=do]").first).to_have_attribute("value", "up 1")

    page.fill("[name=title]", "Мой черновик")
    page.locator("button.main-button").first.click()
    expect(page).to_have_url(re.compile("title="))
    page.wait_for_load_state("networkidle")  # scripts remember the address
    page.goto("/search?q=надёжность")
    page.locator(".result h3 a").first.focus()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("p")
    expect(page.locator("#tray .how-many")).to_have_text("3")
    page.locator("#tray summary").click()
    page.locator("#tray a[data-draft]").click()
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator("[name=title]")).to_have_value("Мой черновик")
    expect(page.locator(".row [name=item]").nth(1)).to_have_value(first)


def test_rows_are_dragged(opened: Opening) -> None:
    page = opened("/packs/on/empathy", viewport={"width": 1280, "height": 2400})
    ids = [
        link.split("#")[-1]
        for link in page.locator(".quote .source a").evaluate_all("all => all.map(a => a.href)")
    ]
    page.goto("/packs/draft?" + "&".join(f"item={id}" for id in ids[:3]))
    handle, last = (
        page.locator(selector).bounding_box() for selector in (".row >> nth=0 >> .order", ".row >> nth=2")
    )
    assert handle and last
    page.mouse.move(handle["x"] + 20, handle["y"] + 12)
    page.mouse.down()
    page.mouse.move(last["x"] + 60, last["y"] + last["height"] / 2, steps=8)
    page.mouse.move(last["x"] + 60, last["y"] + last["height"] - 8, steps=4)
    page.mouse.up()
    order = page.locator(".row [name=item]").evaluate_all("all => all.map(one => one.value)")
    assert order == [ids[1], ids[2], ids[0]]


@pytest.mark.parametrize("locale", ["ru-RU", "zh-TW"])
@pytest.mark.parametrize(
    "path",
    ["/packs/on/ownership", "/packs/on/ownership/quiz", "/packs/draft?item=section&item={0}&item={1}"],
)
def test_everybody_can_use_the_pages(opened: Opening, path: str, locale: str) -> None:
    page = opened("/packs/on/ownership", locale=locale)
    ids = [
        link.split("#")[-1]
        for link in page.locator(".quote .source a").evaluate_all("all => all.map(a => a.href)")
    ]
    page.goto(path.format(*ids))
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
