"""Where a phrase or a prefix stands in a text: what engines verify and snippets mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from kb import languages
from kb.languages import fold, scripts
from kb.models import Phrase, Prefix, QueryTerm, Span, TermKind, Token


def occurrences(wanted: Phrase | Prefix, text: str, tokens: Sequence[Token] | None = None) -> list[Span]:
    """The spans of `text` where a phrase or prefix stands; `tokens` spares a second analysis."""
    if isinstance(wanted, Phrase) and wanted.literal:
        return list(_substrings(wanted.literal, text))
    tokens = languages.words(text) if tokens is None else tokens
    if isinstance(wanted, Prefix):
        return [
            (token.start, token.end)
            for token in tokens
            if token.kind is TermKind.FORM and token.term.startswith(wanted.letters)
        ]
    return list(_sequences(wanted.words, list(_words(tokens))))


def phrase_terms(phrase: Phrase) -> list[QueryTerm]:
    """Terms that every passage with the phrase holds: what an engine looks up before it verifies."""
    if not phrase.literal:
        return [QueryTerm(TermKind.WORD, words) for words in phrase.words]
    terms: list[QueryTerm] = []
    for run in (run.group() for run in scripts(phrase.literal) if run.lastgroup == "han"):
        pairs = [run[at : at + 2] for at in range(len(run) - 1)]
        terms.extend(QueryTerm(TermKind.BIGRAM, (pair,)) for pair in pairs)
        if not pairs:
            terms.append(QueryTerm(TermKind.CHAR, (run,)))
    return terms


def is_certain(phrase: Phrase) -> bool:
    """Whether every passage that holds `phrase_terms` also holds the phrase."""
    return (
        len(phrase.words) == 1 if not phrase.literal else len(phrase.literal) <= 2 and is_han(phrase.literal)
    )


def is_han(text: str) -> bool:
    """Whether a folded text is one run of Han characters."""
    runs = list(scripts(text))
    return len(runs) == 1 and runs[0].lastgroup == "han" and runs[0].group() == text


def _substrings(literal: str, text: str) -> Iterator[Span]:
    folded = fold(text)
    at = folded.text.find(literal)
    while at >= 0:
        yield folded.span(at, at + len(literal))
        at = folded.text.find(literal, at + 1)


def _words(tokens: Sequence[Token]) -> Iterator[tuple[frozenset[str], Span]]:
    """Each word of a text as what it may stand for (lemmas and form) and its span."""
    kinds = (TermKind.WORD, TermKind.FORM)
    for _, stacked in groupby((t for t in tokens if t.kind in kinds), key=lambda t: t.position):
        stack = list(stacked)
        yield frozenset(token.term for token in stack), (stack[0].start, stack[0].end)


def _sequences(
    wanted: Sequence[tuple[str, ...]], words: Sequence[tuple[frozenset[str], Span]]
) -> Iterator[Span]:
    for first in range(len(words) - len(wanted) + 1):
        window = words[first : first + len(wanted)]
        if all(not forms.isdisjoint(possible) for (forms, _), possible in zip(window, wanted, strict=True)):
            yield window[0][1][0], window[-1][1][1]
