"""The web: pages for people, `/api/v1` for programs. It only calls `KnowledgeBase`.

A request for a page goes: its address → one view in `pages` → `book` → a template.
"""

from __future__ import annotations

from apiflask import APIFlask
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load
from web import (
    accounts,
    api,
    assets,
    compression,
    errors,
    feeds,
    interface,
    logs,
    operations,
    pages,
    request_ids,
    reviews,
    search_log,
    security,
    widget,
)
from web.current import EXTENSION

__all__ = ["create_app", "warm_up"]


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
    for part in (request_ids, compression, interface, assets, security, errors):
        part.set_up(app)
    accounts.set_up(app, settings)
    for part_of_site in (pages, accounts, reviews, search_log, feeds):
        app.register_blueprint(part_of_site.blueprint)
    api.set_up(app, settings)
    operations.set_up(app, settings)
    widget.set_up(app)
    logs.set_up(app, settings)
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, trusted, trusted, trusted, x_prefix=trusted)  # type: ignore[method-assign]
    return app


def warm_up(app: Flask) -> None:
    """Load dictionaries, vocabulary and index, so that the first reader does not wait for them."""
    book: KnowledgeBase = app.extensions[EXTENSION]
    book.search("сервисс 服务 service", limit=1)  # misspelt: repairs have dictionaries too
    book.suggestions.prepare()
