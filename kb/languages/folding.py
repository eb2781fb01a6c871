"""Folding: the spelling differences that no search should see, with offsets that stay true.

What is folded: case, full-width and other compatibility forms (NFKC), ё to е, accents on Latin
letters, stress marks on Cyrillic ones, invisible characters, and Traditional characters to
Simplified ones. Folding may change the length of a text (½ → 1⁄2), so each folded character
remembers the one it came from.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from kb.languages.chinese_scripts import simplified
from kb.models import Span

# Marks that letters are written with: и + ˘ is й. All other combining marks are accents or stress.
_LETTER_MARKS = frozenset("\u0306\u0308")
_YO = str.maketrans("ё", "е")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and, for each of its characters and for its end, the offset it came from (None:
    the same)."""

    text: str
    origins: Sequence[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The range of the original text that `text[start:end]` came from, with the marks on it."""
        if self.origins is None:
            return start, end
        return self.origins[start], max(self.origins[end - 1] + 1, self.origins[end])


def fold(text: str) -> Folded:
    """Fold a text for matching. The original offsets can be had back with `Folded.span`."""
    lowered = text.lower()
    if len(lowered) == len(text) and _is_plain(lowered):
        return Folded(simplified(lowered.translate(_YO)))
    if _keeps_places(text):
        return Folded(simplified("".join(map(_fold_character, text)).translate(_YO)))
    characters: list[str] = []
    origins: list[int] = []
    for offset, original in enumerate(text):
        if original in _LETTER_MARKS and characters:
            characters[-1] = _marked(characters[-1], original)
        for character in _fold_character(original):
            characters.append(character)
            origins.append(offset)
    origins.append(len(text))
    return Folded(simplified("".join(characters).translate(_YO)), origins)


def _is_plain(lowered: str) -> bool:
    """Whether no character but case and ё would be folded one by one."""
    return lowered.isascii() or all(_fold_character(character) == character for character in set(lowered))


def _keeps_places(text: str) -> bool:
    """Whether each character is folded to one, as full-width signs are."""
    distinct = set(text)
    return distinct.isdisjoint(_LETTER_MARKS) and all(len(_fold_character(one)) == 1 for one in distinct)


@cache
def _marked(letter: str, mark: str) -> str:
    """The Cyrillic letter that a letter and a mark are: и, ˘ -> й. Others lose the mark."""
    composed = unicodedata.normalize("NFC", letter + mark)
    is_letter = len(composed) == 1 and unicodedata.name(composed, "").startswith("CYRILLIC")
    return composed if is_letter else letter


@cache
def _fold_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).lower()
    if unicodedata.name(character, "").startswith("LATIN"):
        folded = unicodedata.normalize("NFD", folded)  # é -> e + ´, and the mark goes below
    return "".join(c for c in folded if unicodedata.category(c) not in {"Mn", "Cf"})
