"""JSON for programs: the pack in the names of `kb.models`, and for each excerpt what it is cited by
and its W3C Web Annotation selectors (https://www.w3.org/TR/annotation-model/)."""

from __future__ import annotations

from typing import Any

import kb.json
from kb.exporters.edition import Edition
from kb.models import Excerpt


def export(edition: Edition) -> bytes:
    """The pack as one object, which `msgspec.json.decode(…, type=Pack)` reads back."""
    pack = kb.json.plain(edition.pack)
    for section, plain in zip(edition.pack.sections, pack["sections"], strict=True):
        plain["excerpts"] = [_excerpt(edition, excerpt) for excerpt in section.excerpts]
    pack["sources"] = [
        {
            "citation": edition.citation(first.source),
            "link": edition.link(first),
            "licence": first.source.licence,
        }
        for first in edition.sources
    ]
    pack["quiz"] = [kb.json.plain(question) for question in edition.quiz]
    return kb.json.to_json(pack).encode()


def _excerpt(edition: Edition, excerpt: Excerpt) -> dict[str, Any]:
    quote, position = excerpt.quote_selector, excerpt.position_selector
    plain: dict[str, Any] = kb.json.plain(excerpt) | {
        "text": excerpt.text,
        "citation": edition.citation(excerpt.source),
        "link": edition.link(excerpt),
        "annotation": {
            "@context": "http://www.w3.org/ns/anno.jsonld",
            "type": "Annotation",
            "motivation": "highlighting",
            "target": {
                "source": edition.link(excerpt) or f"urn:servicebook:article:{excerpt.source.article}",
                "selector": [
                    {"type": "TextQuoteSelector", **kb.json.plain(quote)},
                    {"type": "TextPositionSelector", **kb.json.plain(position)},
                ],
            },
        },
    }
    if excerpt.counterpart:
        plain["counterpart"] = _excerpt(edition, excerpt.counterpart)
    return plain
