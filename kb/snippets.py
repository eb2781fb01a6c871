"""Highlights and extracts: what to mark in a passage and which part of a long one to show.

The same for every engine: the passage's text is analysed again with the code that analysed it for
the index, so a mark is always a form of something that was searched for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress

from kb import languages
from kb.models import Clause, Prefix, QueryTerm, Span, Token
from kb.phrases import occurrences, phrase_terms
from kb.sentences import sentences

# About three lines on a wide screen, in characters; Han characters are twice as wide and say more.
EXTRACT_LENGTH = 320


def highlights(
    text: str, terms: Iterable[QueryTerm], clauses: Sequence[Clause], mentions: Iterable[Span] = ()
) -> tuple[Span, ...]:
    """The spans of a text that hold what was searched for, in order, not overlapping.

    Words that were searched for as a phrase are marked only where the phrase stands. `mentions` are
    spans that name a principle the search came over.
    """
    wanted = [w for clause in clauses if not clause.negated for w in clause.alternatives]
    phrases = [span for one in wanted for span in occurrences(one, text, _tokens(text))]
    bound = {
        (term.kind, synonym)
        for one in wanted
        if not isinstance(one, Prefix) and (len(one.words) > 1 or len(one.literal) > 1)
        for term in phrase_terms(one)
        for synonym in term.synonyms
    }
    sought = {(term.kind, s) for term in terms if term.matches for s in term.synonyms} - bound
    hashes = set(map(hash, sought))
    words, starts, ends = _words(text)
    places = compress(range(len(words)), map(hashes.__contains__, words))
    found = [(starts[place], ends[place]) for place in places]
    return tuple(_merged([*phrases, *found, *mentions]))


# The same passages are found again and again; two thousand take about 6 MB, where tokens take 50.
@lru_cache(maxsize=2000)
def _words(text: str) -> tuple[array[int], array[int], array[int]]:
    """The words of a text as hashes of their kind and term, and where each begins and ends."""
    tokens = _tokens(text)
    hashes = array("q", (hash((token.kind, token.term)) for token in tokens))
    return hashes, array("I", (token.start for token in tokens)), array("I", (token.end for token in tokens))


# For all phrases of a query, on the pages that are turned to and fro.
@lru_cache(maxsize=50)
def _tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order."""
    return tuple(languages.words(text))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Overlapping and touching spans as one: 服务 + 务标 + 标准 -> 服务标准."""
    last: Span | None = None
    for start, end in sorted(spans):
        if last and start <= last[1]:
            last = (last[0], max(last[1], end))
        else:
            if last:
                yield last
            last = (start, end)
    if last:
        yield last


def extract(text: str, marks: Sequence[Span]) -> Span:
    """The part of a text to show: whole sentences around the most different marks.

    A text that is not much longer than an extract is shown whole.
    """
    if len(text) <= EXTRACT_LENGTH * 1.25:
        return 0, len(text)
    pieces = list(_pieces(text))
    windows = [_window(pieces, first) for first in range(len(pieces))]
    return max(windows, key=lambda window: (_worth(text, window, marks), -window[0]))


def _pieces(text: str) -> Iterator[Span]:
    """The sentences of each line; one that is longer than an extract in pieces of half its length."""
    begin = 0
    for line in text.split("\n"):
        for start, end in sentences(line):
            yield from _short_enough(text, begin + start, begin + end)
        begin += len(line) + 1


def _short_enough(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > EXTRACT_LENGTH:
        half = start + EXTRACT_LENGTH // 2
        cut = text.rfind(" ", start, half) + 1 or half
        yield start, cut
        start = cut
    yield start, end


def _window(pieces: Sequence[Span], first: int) -> Span:
    """Pieces from the first on, as many as fit."""
    start, end = pieces[first]
    for _, further in pieces[first + 1 :]:
        if further - start > EXTRACT_LENGTH:
            break
        end = further
    return start, end


def _worth(text: str, window: Span, marks: Sequence[Span]) -> tuple[int, int]:
    inside = [text[start:end].lower() for start, end in marks if window[0] <= start and end <= window[1]]
    return len(set(inside)), len(inside)
