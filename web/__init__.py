"""The web: pages for people, `/api/v1` for programs. It only calls `KnowledgeBase`.

A request for a page goes: its address → one view in `pages` → `book` → a template.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace

from apiflask import APIFlask
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.errors import EngineUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load
from web import (
    account_keys,
    accounts,
    addresses,
    api,
    assets,
    compression,
    errors,
    feeds,
    interface,
    labels,
    logs,
    operations,
    packs,
    pages,
    processes,
    request_ids,
    reviews,
    search_log,
    security,
    serving,
    templating,
    widget,
)
from web.current import EXTENSION, WARM_UP
from web.logs import configure as configure_log
from web.shared_figures import shared_figures

__all__ = ["configure_log", "create_app", "serve", "warm_up"]


def create_app(settings: Settings | None = None, book: KnowledgeBase | None = None) -> Flask:
    """The application over a knowledge base: `book`, or one of its own."""
    settings = settings or load()
    # Errors and documents are ours; APIFlask brings the contract of the API.
    app = APIFlask(__name__, json_errors=False, spec_path=None, docs_path=None)
    app.config.from_mapping(
        BASE_URL=settings.base_url,
        DEFAULT_LANGUAGE=settings.interface,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = book or KnowledgeBase(settings)
    for part in (
        templating,
        request_ids,
        compression,
        interface,
        labels,
        addresses,
        assets,
        security,
        errors,
    ):
        part.set_up(app)
    accounts.set_up(app, settings)
    for part_of_site in (pages, packs, accounts, account_keys, reviews, search_log, feeds):
        app.register_blueprint(part_of_site.blueprint)
    api.set_up(app, settings)
    operations.set_up(app, settings)
    widget.set_up(app)
    logs.set_up(app, settings)
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, trusted, trusted, trusted, x_prefix=trusted)  # type: ignore[method-assign]
    return app


def serve(settings: Settings, host: str, port: int, listening: Callable[[], None] = lambda: None) -> None:
    """Serve the application until it is told to stop; `listening` is called once it can be reached."""
    workers = processes.how_many(settings.processes)
    with shared_figures(settings, workers):
        app = create_app(replace(settings, memory=max(1, settings.memory // workers)))
        warm_up(app)
        book: KnowledgeBase = app.extensions[EXTENSION]
        book.store.close()  # its connections are of one process
        gc.freeze()  # what was loaded stays: looking through it again and again would take time
        waits = not settings.engine_url.startswith("whoosh:")  # for a cluster
        serving.listen(app, host, port, bool(settings.proxies), workers, listening, waits)


def warm_up(app: Flask) -> None:
    """Load dictionaries, vocabulary, index, texts and templates, so that the first reader does not
    wait for them. While the index does not answer, the first readers do wait."""
    book: KnowledgeBase = app.extensions[EXTENSION]
    try:
        book.suggestions.prepare()
    except EngineUnavailable as error:  # pages say so, too, until it answers
        app.logger.warning("Not warmed up: %s", error)
        return
    with app.test_client() as client:
        for tag in interface.LANGUAGES:
            for path in _FIRST_PAGES:
                client.get(path, headers={"Accept-Language": tag}, environ_overrides={WARM_UP: True})


# A misspelt search needs all there is: the analysers of each language, and what repairs a query.
_FIRST_PAGES = ("/", "/search?q=сервисс 服务 service", "/search?q=service 服务 сервис", "/principles")
