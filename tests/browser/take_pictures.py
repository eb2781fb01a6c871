"""Take the README's pictures anew, of a server on the starter corpus."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).with_name("pictures")
# Name, address, language of the browser, window, theme.
PICTURES = [
    ("search", "/search?q=жалаба+как+подарок", "ru-RU", (1200, 900), "light"),
    ("phone", "/search?q=首问负责", "zh-CN", (390, 844), "light"),
    ("principle", "/principles/empathy", "en-GB", (1200, 900), "dark"),
]


@click.command()
@click.argument("url", default="http://127.0.0.1:8000")
def main(url: str) -> None:
    """Take the pictures of the server at URL with the system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, address, locale, (width, height), theme in PICTURES:
            page = browser.new_page(
                locale=locale,
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page.goto(url + address, wait_until="networkidle")
            # A palette is a third of the size and looks the same; a smaller one loses the principles' colours.
            picture = (
                Image.open(BytesIO(page.screenshot()))
                .convert("RGB")
                .quantize(256, Image.Quantize.MAXCOVERAGE)
            )
            picture.save(FOLDER / f"{name}.png", optimize=True)
            page.close()


if __name__ == "__main__":
    main()
