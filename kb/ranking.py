"""The ranking: which terms there are, what each weighs, and which texts of a passage they stand in.

A passage's score is the sum, over the terms of a query and the texts they are found in, of

    weight of the kind × weight of the text × idf × tf / (tf + K1 × (1 − b + b × length / average))

BM25 without its constant numerator (Robertson & Zaragoza 2009), with Lucene's idf,
ln(1 + (N − df + ½) / (df + ½)). Lengths are counted in words for every kind of term, so that kinds
and languages can share an index. Synonyms (the possible lemmas of one form) share a frequency: the
text's is the highest of theirs, and df counts the texts with any.

What people ask for a passage is read with its headings, and these weigh twice as much as its text:
that says what a passage is about, where the text has many words in passing. What people ask is also
read with the text in what passages borrow from their section and article: who asks for one passage
there may want another, and there is more of it to go by (+2 points in one language, +3 across languages).

Who types Russian reads Russian: the score of a passage in another language counts three quarters, unless
the reader has chosen languages. So what is asked in Russian finds a Chinese passage, too, and comes before
the Russian ones only when it is a much better answer (in lists of several languages, scores are weighed
by language before they are merged: Si, Callan, Cetintas & Yuan 2008).

A passage is a hit when its text, its headings or, for an article's first, the title holds a term
that `matches` (function words and n-grams alone do not), or when its section holds many of them.

The weights are round numbers that were right on every set they were tried on; `python -m
tests.benchmarks.ablation` shows what each gives.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kb.models import Query, QueryTerm, TermKind, Token

K1 = 0.9

KIND_WEIGHTS: dict[TermKind, float] = {
    TermKind.WORD: 1.0,
    TermKind.FORM: 0.1,
    TermKind.GRAM: 0.2,
    TermKind.PAIR: 0.3,
    TermKind.BIGRAM: 0.5,
    TermKind.CHAR: 0.5,
    TermKind.CONCEPT: 1.0,
}


class Field(StrEnum):
    """A text that a passage is found by. What people ask for it weighs as the text it is read with."""

    TEXT = "text"
    HEADINGS = "headings"
    ASKED = "asked"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """What a field weighs, and how far its length counts (BM25's b)."""

    weight: float
    b: float


FIELD_WEIGHTS: dict[Field, FieldWeight] = {
    Field.TEXT: FieldWeight(1.0, 0.6),
    Field.HEADINGS: FieldWeight(2.0, 0.3),
    Field.TITLE: FieldWeight(1.0, 0.3),
}

# A passage borrows from the text around it: its section's and its article's BM25, each as if the
# section or the article, with what is asked for its passages, were one text. The largest gain on short
# passages.
SECTION_WEIGHT = 1.0
ARTICLE_WEIGHT = 1.0

# What the score of a passage counts that is in another language than the query.
FOREIGN_WEIGHT = 0.75

# What a term that came over a bridge weighs beside one that was typed, and what is left of it when
# the query is about something else: the hotel in "complaint in the hotel".
BRIDGE_WEIGHT = 0.5
ASIDE = 0.5

# The headings of a passage that is about a principle count as naming it up to so many times, by the
# weight of its tag: it comes before one that mentions the principle in passing.
TAG_TIMES = 4


def own_weight(kind: TermKind) -> float:
    """What a kind of term weighs in a passage's own text, beside what its section and article lend.

    Concepts as in the headings, where tags name them for a whole section: who names it comes first.
    """
    return FIELD_WEIGHTS[Field.HEADINGS].weight if kind is TermKind.CONCEPT else 1.0


def idf(texts: int, holders: int) -> float:
    """What it says that a term stands in a text, when it stands in `holders` of so many."""
    return math.log1p((texts - holders + 0.5) / (holders + 0.5))


def language_weight(language: str, query: Query) -> float:
    """What the score of a passage in a language counts."""
    return FOREIGN_WEIGHT if language in query.foreign else 1.0


_COUNTED = frozenset((TermKind.WORD, TermKind.BIGRAM))


def counts_for_section(term: QueryTerm) -> bool:
    """Whether a term counts among the words of a query that a section must hold; see `section_quorum`."""
    return term.matches and not term.via and term.kind in _COUNTED


def section_quorum(words: int) -> int:
    """How many of a query's words a section must hold for all its passages to be hits.

    An answer may not repeat the words of the question when the sentence before it does: half of
    the words, and at least three (a gain of half a point on sentences, for few more hits).
    """
    return max(3, (words + 1) // 2)


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text as an engine takes it in: its terms with their frequencies, and its length in words.

    `sketch` tells copies of it; see `kb.sameness`.
    """

    terms: dict[str, int]
    length: int
    sketch: bytes = b""


class PassageTexts(NamedTuple):
    """What a passage is found by: its text, its headings, and what people ask for it."""

    text: IndexedText
    headings: IndexedText
    asked: IndexedText


def index_text(tokens: Iterable[Token]) -> IndexedText:
    """Count the terms of an analysed text. A term begins with the letter of its kind: wжалоба."""
    counts: Counter[str] = Counter()
    words = 0
    position = -1
    for token in tokens:
        counts[token.kind + token.term] += 1
        if token.kind is TermKind.WORD and token.position != position:
            words += 1
            position = token.position
    return IndexedText(dict(counts), words)
