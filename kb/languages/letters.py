"""Which script a folded word is written in, by its first letter alone: for what asks it of every word.

Folded letters stand in this order: Latin ones and digits, Cyrillic ones, Han characters.
"""

from __future__ import annotations

_FIRST_CYRILLIC, _FIRST_HAN = "\u0400", "\u2e80"


def script_of(word: str) -> str:
    """The script of a folded word, by its name in `kb.languages.SCRIPTS`."""
    if is_han(word):
        return "han"
    return "cyrillic" if is_cyrillic(word) else "latin"


def is_cyrillic(word: str) -> bool:
    """Whether a folded word is Cyrillic."""
    return _FIRST_CYRILLIC <= word < _FIRST_HAN


def is_han(word: str) -> bool:
    """Whether a folded word is Chinese."""
    return word >= _FIRST_HAN
