"""A text → the spans of its sentences, in Russian, Chinese and English."""

from __future__ import annotations

import re

from kb.models import Span

_END = re.compile(
    r"""
      [。！？]+[”’」』）】]*          # Chinese: the mark ends it, no space follows
    | [.!?…]+["'»”’)\]]*(?=\s+\S)    # others: a space follows
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(«])(?:[а-яёa-z]|др|пр|см|ср|рис|табл|стр|руб|тыс|млн|млрд|ул|им|гг|mr|mrs|dr|vs|etc|e\.g|i\.e|\d{1,3}|[A-ZА-ЯЁ])\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[Span]:
    """The spans of the sentences of `text`; together with the spaces between them they are all of it.

    A full stop before a small letter ends none, nor does one after an abbreviation or an initial.
    """
    spans = []
    start = 0
    for match in _END.finditer(text):
        after = text[match.end() :].lstrip()[:1] if match.end() - match.start() < 50 else ""
        if _goes_on(text[start : match.end()], after):
            continue
        spans.append((start, match.end()))
        start = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    return [*spans, (start, len(text))] if start < len(text) else spans


def _goes_on(sentence: str, after: str) -> bool:
    """Whether a sentence goes on after what looks like its end."""
    return after.islower() or bool(_ABBREVIATION.search(sentence[-12:]))
