"""The names and colours by which pages know principles and trade terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import Flask

from kb.languages import interface as vocabulary_texts
from web import interface
from web.current import book


def set_up(app: Flask) -> None:
    """Let templates use them."""
    app.context_processor(_for_templates)


def _for_templates() -> dict[str, Any]:
    hues = _hues(book.vocabulary.digest)
    return {"label": labelling(), "hue": lambda id: hues.get(id, 0)}


def label(id: str) -> str:
    """The name of a principle or trade term in the interface's language; the id of one that is gone."""
    return labelling()(id)


def labelling() -> Callable[[str], str]:
    """What gives these names while one request is answered."""
    labels = _labels(interface.language(), book.vocabulary.digest)
    return lambda id: labels.get(id, id)


@lru_cache(maxsize=20)
def _labels(language: str, _vocabulary: str) -> Mapping[str, str]:
    vocabulary = book.vocabulary
    return {
        concept.id: vocabulary_texts.in_interface(concept.pref_labels, language)
        for concept in (*vocabulary.terms.values(), *vocabulary.principles.values())
    }


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
