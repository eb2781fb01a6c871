"""What browsers, crawlers and feed readers ask for."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, render_template
from werkzeug.wrappers import Response as Answer

from web import interface
from web.addresses import url_for
from web.current import book

blueprint = Blueprint("feeds", __name__)

_FEED_LENGTH = 30


@blueprint.get("/favicon.ico")
def favicon() -> Answer:
    """The icon, for browsers that look here."""
    return current_app.send_static_file("icon.svg")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Crawlers may read articles and principles; searches are for people."""
    lines = ["User-agent: *", "Disallow: /search", "Disallow: /api/", ""]
    lines.append(f"Sitemap: {interface.absolute(url_for('feeds.sitemap'))}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Every page in every language of the interface."""
    modified = book.modified()
    addresses: list[tuple[str, dict[str, str], datetime | None]]
    addresses = [("pages.home", {}, None), ("pages.articles", {}, None), ("pages.principles", {}, None)]
    addresses += [
        ("pages.article", {"article_id": article.id}, modified.get(article.id)) for article in book.articles()
    ]
    addresses += [("pages.principle", {"principle_id": id}, None) for id in book.vocabulary.principles]
    return _xml("sitemap.xml", "application/xml", addresses=addresses)


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """How a browser searches here from its address bar."""
    return _xml("opensearch.xml", "application/opensearchdescription+xml")


@blueprint.get("/feed.atom")
def atom() -> Response:
    """New and changed articles, newest first."""
    modified = book.modified()
    never = datetime.fromtimestamp(0, UTC)
    found = sorted(book.articles(), key=lambda article: modified.get(article.id, never), reverse=True)
    return _xml(
        "feed.xml",
        "application/atom+xml",
        never=never,
        entries=[(article, modified.get(article.id, never)) for article in found[:_FEED_LENGTH]],
    )


def _xml(template: str, mimetype: str, **values: object) -> Response:
    return Response(render_template(template, **values), mimetype=mimetype)
