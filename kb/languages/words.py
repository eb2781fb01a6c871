"""Tokens of scripts that put spaces between words: lemmas or stems, the form itself, its n-grams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kb.models import TermKind, Token

GRAM_LENGTH = 4


def word_tokens(run: str, words: Sequence[str], start: int, position: int) -> list[Token]:
    """The tokens of one word: what it may stand for, the form as it stands, and its n-grams."""
    end = start + len(run)
    tokens = [Token(word, start, end, position) for word in words]
    tokens.append(Token(run, start, end, position, TermKind.FORM))
    tokens.extend(Token(gram, start, end, position, TermKind.GRAM) for gram in grams(run))
    return tokens


def grams(word: str) -> Iterator[str]:
    """The 4-grams of a word with its beginning marked: жалоба -> ^жал, жало, алоб, лоба."""
    marked = "^" + word
    for offset in range(max(1, len(marked) - GRAM_LENGTH + 1)):
        yield marked[offset : offset + GRAM_LENGTH]
