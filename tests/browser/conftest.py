"""A browser and a running Servicebook. Without a browser these tests are skipped, but never in CI."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[browser]'")

from playwright.sync_api import Browser, BrowserContext, Page  # noqa: E402
from waitress.server import create_server  # noqa: E402

from kb.models import Role  # noqa: E402
from kb.settings import load  # noqa: E402
from tests.conftest import PASSWORD, QUICK_HASHER  # noqa: E402
from web import create_app, warm_up  # noqa: E402

ATTACK = "<script>document.title = 'attacked'; alert(1)</script>"
HOSTILE = f"""---
title: 'Жалоба {ATTACK.replace("'", "''")} <img src=x onerror=alert(1)>'
language: ru
date: 2026-11-05
author: '"><svg onload=alert(1)>'
keywords: ['</dd>{ATTACK.replace("'", "''")}']
---

## Раздел \\<img src=x onerror=alert(1)>

Опасная жалоба: `{ATTACK}` и "кавычки' onmouseover=alert(1)", и [ссылка](javascript:alert(1)).
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Servicebook answers, with the starter corpus, a hostile article and an account for each role."""
    settings = load(home=tmp_path_factory.mktemp("home"), search_log="on")
    hostile = tmp_path_factory.mktemp("hostile")
    (hostile / "attack.md").write_text(HOSTILE, "utf-8")
    app = create_app(settings)
    book = app.extensions["servicebook"]
    book.index([settings.corpus_path, hostile])
    book.accounts._hasher = QUICK_HASHER
    for role in Role:
        book.accounts.add(role.value, role, PASSWORD)
    warm_up(app)
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)
    book.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that playwright brought."""
    with sync_api.sync_playwright() as playwright:
        found = shutil.which("chromium") or playwright.chromium.executable_path
        if not Path(found).exists() and "CI" not in os.environ:
            pytest.skip("there is no browser: apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


Opening = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opening]:
    """Opens pages: `opened("/search", locale="ru", java_script_enabled=False)`.

    A dialog, an error in a script or a breach of the Content-Security-Policy fails the test.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=address, **{"locale": "ru-RU", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: faults.append(message.text) if "Content Security" in message.text else None,
        )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
