"""A text → the spans of its sentences, in Russian, Chinese and English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.models import Span

_END = re.compile(
    r"""
    (?P<mark>
        [。！？]{1,9}[”’」』）】]{0,9}          # Chinese: no space follows
      | [.!?…]{1,9}["'»”’)\]]{0,9}(?=\s)     # others: a space follows
    )
    \s*
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?<!\w)(?:[а-яёa-z]|др|пр|см|ср|рис|табл|стр|руб|тыс|млн|млрд|ул|им|гг|mr|mrs|dr|vs|etc|e\.g|i\.e|\d{1,3}|[A-ZА-ЯЁ])\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[Span]:
    """The spans of the sentences of `text`; together with the spaces between them they are all of it.

    A full stop before a small letter ends none, nor does one after an abbreviation or an initial.
    """
    spans = []
    start = 0
    for match in _END.finditer(text):
        if not _goes_on(text, start, match):
            spans.append((start, match.end("mark")))
            start = match.end()
    return [*spans, (start, len(text))] if start < len(text) else spans


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the sentence that began at `start` goes on after what looks like its end."""
    if text[match.end() : match.end() + 1].islower():
        return True
    return bool(_ABBREVIATION.search(text, max(start, match.end("mark") - 12), match.end("mark")))
