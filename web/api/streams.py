"""Everything at once, for programs that keep a copy: a JSON object a line (NDJSON)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from flask import Response, stream_with_context

from kb.errors import NotFound
from kb.models import Article, Passage
from web.api.answers import article_json, passage_json
from web.api.calls import read
from web.api.contract import ArticleLine, PassageLine, StreamParameters
from web.current import book

_NDJSON = "application/x-ndjson"

Lines = Callable[[Article, tuple[Passage, ...], datetime | None], Iterator[dict[str, Any]]]


@read("/streams/articles", StreamParameters, ArticleLine, "Bulk", "All articles", forms=(_NDJSON,))
def stream_articles(asked: StreamParameters) -> Response:
    """Every article with its passages, one a line, by id; `modified` is when its file was changed.

    With `since`, those changed at or after that moment. What was deleted is known by its absence
    from `GET /articles?fields=id`.
    """
    return _stream(asked, _article_line)


@read("/streams/passages", StreamParameters, PassageLine, "Bulk", "All passages", forms=(_NDJSON,))
def stream_passages(asked: StreamParameters) -> Response:
    """Every passage, one a line, by article and position; `modified` is when its file was changed."""
    return _stream(asked, _passage_lines)


def _article_line(
    article: Article, passages: tuple[Passage, ...], modified: datetime | None
) -> Iterator[dict[str, Any]]:
    described = [passage_json(passage) for passage in passages]
    yield {**article_json(article), "passages": described, "modified": modified}


def _passage_lines(
    article: Article, passages: tuple[Passage, ...], modified: datetime | None
) -> Iterator[dict[str, Any]]:
    for passage in passages:
        yield {**passage_json(passage), "modified": modified}


def _stream(asked: StreamParameters, lines_of: Lines) -> Response:
    modified = book.modified()

    def wanted(article: Article) -> bool:
        changed = modified.get(article.id)
        fresh = asked.since is None or (changed is not None and changed >= asked.since)
        return fresh and asked.language in (None, article.language)

    chosen = [article.id for article in book.articles() if wanted(article)]

    def lines() -> Iterator[bytes]:
        for article_id in chosen:
            try:
                article, passages = book.article(article_id)
            except NotFound:  # deleted since the stream began
                continue
            for line in lines_of(article, passages, modified.get(article_id)):
                yield msgspec.json.encode(line) + b"\n"

    return Response(stream_with_context(lines()), mimetype=_NDJSON)
