"""How much room a text takes."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """The columns of a fixed-width font that a text takes: two for a Han character, which says twice as
    much as a letter, and one for all else."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
