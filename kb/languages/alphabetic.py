"""Tokens of scripts that put spaces between words."""

from __future__ import annotations

from collections.abc import Sequence

from kb.models import TermKind, Token


def word_tokens(form: str, words: Sequence[str], start: int, position: int) -> list[Token]:
    """The tokens of one written word: all that it may stand for, and the form as it stands."""
    end = start + len(form)
    tokens = [Token(word, start, end, position) for word in words]
    tokens.append(Token(form, start, end, position, TermKind.FORM))
    return tokens
