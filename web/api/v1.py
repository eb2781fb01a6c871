"""Version 1 of the interface for programs: names and shapes as DESIGN 3 fixes them."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from kb.errors import InvalidRequest
from kb.json import plain
from kb.languages import LANGUAGES
from kb.models import Article, Passage, SearchRequest
from web.current import book
from web.searches import sort_of, whole_number

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

_SEARCH = frozenset(
    "q language principle article date like sort limit offset bridge correct collapse explain".split()
)
_SUGGESTIONS = 6


@blueprint.get("/search")
def search() -> Response:
    """Passages that answer a query."""
    _only(_SEARCH)
    found = book.search(
        SearchRequest(
            text=request.args.get("q", ""),
            languages=tuple(request.args.getlist("language")),
            principles=tuple(request.args.getlist("principle")),
            articles=tuple(request.args.getlist("article")),
            dates=tuple(request.args.getlist("date")),
            like=request.args.get("like", ""),
            sort=sort_of(request.args),
            limit=whole_number(request.args, "limit", 0, 1000, default=10),
            offset=whole_number(request.args, "offset", 0, 10**6, default=0),
            bridge=_switch("bridge", usual=True),
            correct=_switch("correct", usual=True),
            collapse=_switch("collapse", usual=True),
            explain=_switch("explain", usual=False),
        )
    )
    return _json(found)


@blueprint.get("/suggest")
def suggest() -> Response:
    """What a text that is being typed may become."""
    _only(frozenset({"q", "language", "limit"}))
    text = request.args.get("q", "")
    limit = whole_number(request.args, "limit", 1, 20, default=_SUGGESTIONS)
    return _json({"query": text, "suggestions": book.suggest(text, request.args.get("language"), limit)})


@blueprint.get("/articles/<article_id>")
def article(article_id: str) -> Response:
    """An article with its passages."""
    _only(frozenset())
    found, passages = book.article(article_id)
    sections = [{"heading": section.heading, "level": section.level} for section in found.sections]
    return _json(
        {
            **_article_json(found),
            "sections": sections,
            "versions": [other.id for other in book.versions(found.id)],
            "passages": [_passage_json(passage) for passage in passages],
        }
    )


@blueprint.get("/passages/<passage_id>")
def passage(passage_id: str) -> Response:
    """A passage and its article."""
    _only(frozenset())
    found, where = book.passage(passage_id)
    return _json({"passage": _passage_json(found), "article": _article_json(where)})


@blueprint.get("/passages/<passage_id>/counterparts")
def counterparts(passage_id: str) -> Response:
    """The passages in the other languages, or in one, that are closest to a passage."""
    _only(frozenset({"language", "limit"}))
    limit = whole_number(request.args, "limit", 1, 20, default=3)
    found = book.counterparts(passage_id, _language(), limit)
    return _json({"counterparts": found})


def _language() -> str | None:
    code = request.args.get("language")
    if code is not None and code not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise InvalidRequest(f"There is no language “{code}”; known are {known}.", "language")
    return code


@blueprint.get("/principles")
def principles() -> Response:
    """All principles in the order of their scheme."""
    _only(frozenset())
    found = book.principles()
    return _json({"total": len(found), "principles": list(found)})


@blueprint.get("/principles/<principle_id>")
def principle(principle_id: str) -> Response:
    """One principle."""
    _only(frozenset())
    return _json(book.principle(principle_id))


def _passage_json(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "text": passage.text,
        "language": passage.language,
        "locale": passage.locale,
        "headings": passage.headings,
        "position": passage.position,
        "principles": book.principle_tags(passage),
        "trace": passage.trace,
        "article_id": passage.article_id,
        "anchors": passage.anchors,
        "blocks": passage.blocks,
    }


def _article_json(article: Article) -> dict[str, Any]:
    answer: dict[str, Any] = plain(article)
    for hidden in ("sections", "stated_id"):
        answer.pop(hidden)
    return answer


def _switch(name: str, *, usual: bool) -> bool:
    text = request.args.get(name)
    if text not in (None, "0", "1", "false", "true"):
        raise InvalidRequest(f"“{name}” must be 0 or 1, not “{text}”.", name)
    return usual if text is None else text in ("1", "true")


def _only(known: frozenset[str]) -> None:
    """Refuse parameters that mean nothing here: a misspelt filter must not go unnoticed."""
    for name in request.args:
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidRequest(f"There is no parameter “{name}” here; known are: {names}.", name)


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(plain(answer)), mimetype="application/json")
