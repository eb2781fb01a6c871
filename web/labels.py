"""The names and colours by which pages know principles and trade terms."""

from __future__ import annotations

from functools import lru_cache, partial

from flask import Flask

from web import interface
from web.current import book


def set_up(app: Flask) -> None:
    """Let templates use them."""
    app.context_processor(lambda: {"label": partial(_label_in, interface.language()), "hue": hue})


def label(id: str) -> str:
    """The name of a principle or trade term in the interface's language; the id of one that is gone."""
    return _label_in(interface.language(), id)


def _label_in(language: str, id: str) -> str:
    return _label(id, language, book.vocabulary.digest)


@lru_cache(maxsize=10_000)
def _label(id: str, _language: str, _vocabulary: str) -> str:
    vocabulary = book.vocabulary
    concept = vocabulary.principles.get(id) or vocabulary.terms.get(id)
    return interface.in_language(concept.pref_labels) if concept else id


def hue(principle_id: str) -> int:
    """Which of six quiet colours a principle has: that of the top concept it stands under."""
    return _hues(book.vocabulary.digest).get(principle_id, 0)


@lru_cache(maxsize=4)
def _hues(_vocabulary: str) -> dict[str, int]:
    principles = book.vocabulary.principles
    tops = [top.id for top in book.vocabulary.tops()]
    hues = {}
    for found in principles.values():
        top = found
        while top.broader and top.broader[0] in principles:
            top = principles[top.broader[0]]
        hues[found.id] = tops.index(top.id) % 6 if top.id in tops else 0
    return hues
