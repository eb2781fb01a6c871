"""The web: pages for people, `/api/v1` for programs. It only calls `KnowledgeBase`.

A request for a page goes: its address → one view in `pages` → `book` → a template.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load
from web import (
    accounts,
    addresses,
    api,
    assets,
    compression,
    errors,
    feeds,
    interface,
    packs,
    pages,
    reviews,
    search_log,
    security,
)
from web.current import EXTENSION

__all__ = ["create_app", "warm_up"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application, with one knowledge base of its own."""
    settings = settings or load()
    app = Flask(__name__)
    app.config.from_mapping(
        BASE_URL=settings.base_url,
        DEFAULT_LANGUAGE=settings.interface,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = KnowledgeBase(settings)
    for part in (compression, interface, addresses, assets, security, errors):
        part.set_up(app)
    accounts.set_up(app, settings)
    for part_of_site in (pages, packs, accounts, reviews, search_log, feeds, api):
        app.register_blueprint(part_of_site.blueprint)
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, trusted, trusted, trusted, x_prefix=trusted)  # type: ignore[method-assign]
    return app


def warm_up(app: Flask) -> None:
    """Load dictionaries, vocabulary, index, texts and templates, so that the first reader does not
    wait for them."""
    book: KnowledgeBase = app.extensions[EXTENSION]
    book.suggestions.prepare()
    with app.test_client() as client:
        for tag in interface.LANGUAGES:
            for path in _FIRST_PAGES:
                client.get(path, headers={"Accept-Language": tag})


# A misspelt search needs all there is: the analysers of each language, and what repairs a query.
_FIRST_PAGES = ("/", "/search?q=сервисс 服务 service", "/search?q=service 服务 сервис", "/principles")
