"""How many of what, in English."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 0 queries, 1 query, 2 articles. The plural of most nouns ends in s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
