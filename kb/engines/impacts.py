"""Ranking from remembered impacts: what each term gives to each passage, added up term by term.

A search engine spends its time decoding postings and computing the same BM25 fractions again for
every query. Here a term's postings are decoded once into arrays, turned into *impacts* (its share
of each passage's score; Anh & Moffat 2006) and remembered; a query adds up the impacts of its
terms in an array with a place for every passage ("term at a time"; Turtle & Flood 1995) and takes
the best. Nothing is approximate: scores, totals and facets are those of the formula in
`kb.ranking`.

Adding a posting costs 2 ns, and the best of 100,000 are found in 50 µs, so the famous ways to add up
less (MaxScore: Turtle & Flood 1995; WAND: Broder et al. 2003) would cost more than they save, up to
about a million passages; Lin & Trotman (2015) found the same of plain accumulators in C. A query of
rare terms pays nothing for the passages that hold none: the arrays stay, and only what a query wrote
into them is set back to zero.

Passages are numbered by article and position, so that neighbours are adjacent and equal scores
come in reading order, whatever the order of indexing was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kb import ranking
from kb.engines.cache import BoundedCache, array_bytes
from kb.models import QueryTerm
from kb.ranking import Field

Numbers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]  # in this form numpy looks things up twice as fast
Values = TypeVar("Values", Numbers, Floats)

Postings = tuple[Numbers, Numbers]
"""The numbers of the passages that hold a term, rising, and how often each does."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What the formula needs to know of all passages.

    `section` and `article` number the section and the article of each passage; both rise. Lengths
    are in words; `title_words` has one for each article, the others one for each passage.
    """

    section: Numbers
    article: Numbers
    text_words: Numbers
    heading_words: Numbers
    asked_words: Numbers
    title_words: Numbers

    @property
    def size(self) -> int:
        """The number of passages."""
        return len(self.article)


class Level(IntEnum):
    """What an impact is on: a passage, or a section or article that lends it to its passages."""

    PASSAGE = 0
    SECTION = 1
    ARTICLE = 2


# A member of an enumeration takes half a microsecond to reach, which adds up where every term passes.
_PASSAGE, _SECTION, _ARTICLE = Level
_TITLE = Field.TITLE


@dataclass(frozen=True, slots=True)
class Share:
    """What a term gives to each place (passage, section or article number) that it is found in."""

    field: Field
    level: Level
    places: Numbers
    values: Floats

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return array_bytes(self.places, self.values)


LookedUp = Sequence[tuple[QueryTerm, tuple[Share, ...]]]
"""Terms, each with what it gives."""


class Impacts:
    """The impacts of one unchanging collection.

    `postings` decodes a term of a field; of the title's, once for the first passage of each
    article. `cache` keeps what was computed, under keys that begin with `owner`.
    """

    def __init__(
        self,
        collection: Collection,
        postings: Callable[[Field, str], Postings],
        cache: BoundedCache,
        owner: object,
    ) -> None:
        self.collection = collection
        self._postings = postings
        self._cache = cache
        self._owner = owner
        # Passages of a section stand together, and so do sections of an article.
        self._sections = begins(collection.section)
        self._passages_in_section = np.diff(self._sections, append=collection.size)
        self._article_of_section = collection.article[self._sections].astype(np.intp)
        self._first = begins(collection.article).astype(np.int32)
        self._sums = tuple(
            _Sums(size) for size in (collection.size, len(self._sections), len(self._first))
        )  # by level
        lent = collection.text_words + collection.asked_words
        headed = collection.heading_words + collection.asked_words
        self._norms = {
            (Field.TEXT, Level.PASSAGE): _norms(collection.text_words, Field.TEXT),
            (Field.TEXT, Level.SECTION): _norms(_sums(lent, collection.section), Field.TEXT),
            (Field.TEXT, Level.ARTICLE): _norms(_sums(lent, collection.article), Field.TEXT),
            (Field.HEADINGS, Level.PASSAGE): _norms(headed, Field.HEADINGS),
            (Field.TITLE, Level.ARTICLE): _norms(collection.title_words, Field.TITLE),
        }

    def looked_up(self, terms: Sequence[QueryTerm]) -> LookedUp:
        """The terms of a query with what they give, for `hits` and `scores`."""
        return [(term, self.shares(term)) for term in terms]

    def scores(self, terms: LookedUp, numbers: Places) -> Floats:
        """What the terms of a query give together to some passages; their numbers rise."""
        given: tuple[list[tuple[Numbers, Floats]], ...] = ([], [], [])
        for term, shares in terms:
            for share in shares:
                values = share.values if term.weight == 1 else share.values * term.weight
                given[share.level].append((share.places, values))
        own, sections, articles = given
        are_all = len(numbers) == self.collection.size
        scores = self._sums[_PASSAGE].of(own, None if are_all else numbers)
        if sections or articles:
            around = self.collection.section.take(numbers)
            lent = self._sums[_SECTION].of(sections, around)
            lent += self._sums[_ARTICLE].of(articles, self._article_of_section.take(around))
            scores += lent
        return scores

    def hits(self, terms: LookedUp) -> Places:
        """The passages that are hits, as `kb.ranking` defines it, rising."""
        holders: list[Numbers | Places] = []
        sections: list[Numbers] = []
        words = 0
        for term, shares in terms:
            if not term.matches:
                continue
            counts = ranking.counts_for_section(term)
            words += counts
            for share in shares:
                if share.field is _TITLE:
                    holders.append(self._first[share.places])
                elif share.level is _PASSAGE:
                    holders.append(share.places)
                elif share.level is _SECTION and counts:
                    sections.append(share.places)
        if len(sections) >= (quorum := ranking.section_quorum(words)):
            held = np.bincount(np.concatenate(sections), minlength=len(self._passages_in_section))
            enough = np.flatnonzero(held >= quorum)
            holders.append(_ranges(self._sections[enough], self._passages_in_section[enough]))
        return _union(holders, self.collection.size)

    def text_holders(self, term: QueryTerm) -> Numbers:
        """The passages whose own text holds a term, rising."""
        for share in self.shares(term):
            if share.field is Field.TEXT and share.level is Level.PASSAGE:
                return share.places
        return np.empty(0, np.int32)

    def given(self, term: QueryTerm, passage: int) -> Iterator[tuple[str, float]]:
        """What a term gives to a passage, by the field it stands in ("context": the text around)."""
        around = (passage, int(self.collection.section[passage]), int(self.collection.article[passage]))
        for share in self.shares(term):
            number = around[share.level]
            place = int(np.searchsorted(share.places, number))
            if place < len(share.places) and share.places[place] == number:
                lent = share.field is Field.TEXT and share.level is not Level.PASSAGE
                yield "context" if lent else share.field.value, float(share.values[place]) * term.weight

    def shares(self, term: QueryTerm) -> tuple[Share, ...]:
        """What a term gives, but for the query's own weight; remembered."""
        key = (self._owner, "shares", term.kind, term.synonyms)
        return self._cache.get(key, lambda: self._shares(term), lambda found: sum(s.nbytes for s in found))

    def _shares(self, term: QueryTerm) -> tuple[Share, ...]:
        collection, spelled = self.collection, _spelled(term)
        weight = ranking.KIND_WEIGHTS[term.kind]
        texts, headings, asked, titles = (
            [self._postings(field, one) for one in spelled]
            for field in (Field.TEXT, Field.HEADINGS, Field.ASKED, Field.TITLE)
        )
        lent, headed = _added(texts, asked), _added(headings, asked)
        levels = (
            (Field.TEXT, Level.PASSAGE, ranking.own_weight(term.kind), *_most_frequent(texts)),
            (Field.TEXT, Level.SECTION, ranking.SECTION_WEIGHT, *_most_frequent(lent, collection.section)),
            (Field.TEXT, Level.ARTICLE, ranking.ARTICLE_WEIGHT, *_most_frequent(lent, collection.article)),
            (Field.HEADINGS, Level.PASSAGE, 1.0, *_most_frequent(headed)),
            (Field.TITLE, Level.ARTICLE, 1.0, *_most_frequent(titles, collection.article)),
        )
        return tuple(
            Share(
                field,
                level,
                places,
                weight
                * ranking.FIELD_WEIGHTS[field].weight
                * lent
                * _bm25(places, frequencies, self._norms[field, level]),
            )
            for field, level, lent, places, frequencies in levels
            if lent and len(places)
        )


class _Sums:
    """Adds up what is given to places, in arrays that are all zero between two uses. Safe for threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Floats] = []  # as many as there ever were threads at once

    def of(self, given: Sequence[tuple[Numbers, Floats]], places: Places | Numbers | None) -> Floats:
        """The sums of what was given, at some places or at all."""
        postings = sum([len(there) for there, _ in given])
        try:
            sums = self._idle.pop()
        except IndexError:
            sums = np.zeros(self._size)
        is_sparse = 0 < postings * _FILLED <= self._size
        if is_sparse:
            # At once: a call costs as much as several hundred postings.
            everywhere, all_values = zip(*given, strict=True)
            there = np.concatenate(everywhere, dtype=np.intp)
            np.add.at(sums, there, np.concatenate(all_values))
        else:
            for somewhere, values in given:
                np.add.at(sums, somewhere, values)
        found: Floats = sums.copy() if places is None else sums.take(places)
        if is_sparse:
            sums[there] = 0
        elif postings:
            sums.fill(0)
        self._idle.append(sums)  # not after an error, which may leave something in it
        return found


def best(merits: Floats | Places | Numbers, count: int, *then: Floats | Places | Numbers) -> Places:
    """The places of the `count` highest merits, the highest first; equal ones by what else is given,
    and then in order."""
    kept: Places = (merits >= _reached(merits, count)).nonzero()[0]
    highest = -merits[kept]
    if then:
        order = np.lexsort([*(-merit[kept] for merit in reversed(then)), highest])
    else:
        order = highest.argsort(kind="stable")
    return kept[order[:count]]


def _reached(scores: Floats | Places | Numbers, count: int) -> float:
    """A score that at least `count` reach, and few more: the `count`-th best of a best in each row.

    That takes a fifth of the time of finding the `count`-th best of all.
    """
    if not 0 < count < len(scores):
        return -np.inf
    rows = len(scores) // _ROW
    are_many = rows > 10 * count
    highest = scores[: rows * _ROW].reshape(_ROW, rows).max(axis=0) if are_many else scores.copy()
    highest.partition(-count)  # as a method, without the function's overhead
    return float(highest[-count])


_ROW = 32
# Setting one place back costs as much as so many in a row.
_FILLED = 4
# Sorting a posting costs as much as clearing and reading so many places.
_SPARSE = 8
_BEFORE_ALL = np.array([-1], np.int32)


def _union(parts: Sequence[Numbers | Places], size: int) -> Places:
    """The numbers below `size` that are in any of the parts, each of which rises."""
    parts = [part for part in parts if len(part)]
    if len(parts) <= 1:
        return parts[0].astype(np.intp) if parts else np.empty(0, np.intp)
    if sum(map(len, parts)) * _SPARSE < size:
        joined = np.concatenate([_BEFORE_ALL, *parts])
        joined.sort(kind="stable")  # fast where sorted parts were joined
        numbers = joined[1:]
        distinct: Places = numbers[numbers != joined[:-1]].astype(np.intp)
        return distinct
    mask = np.zeros(size, np.bool_)
    for part in parts:
        mask[part] = True
    return np.flatnonzero(mask)


def _ranges(firsts: Places, lengths: Places) -> Places:
    """The numbers of ranges that stand in order."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(firsts - before, lengths) + np.arange(lengths.sum())


def _spelled(term: QueryTerm) -> tuple[str, ...]:
    """The terms as they are indexed, with the letter of their kind."""
    return tuple(term.kind + synonym for synonym in term.synonyms)


def _bm25(places: Numbers, times: Numbers, norms: Floats) -> Floats:
    """idf × tf / (tf + norm) of each place; see `kb.ranking`."""
    count, holders = len(norms), len(places)
    shares: Floats = ranking.idf(count, holders) * times / (times + norms[places])
    return shares


def _norms(words: Numbers, field: Field) -> Floats:
    """K1 × (1 − b + b × length / average length) of every place."""
    b = ranking.FIELD_WEIGHTS[field].b
    average = words.mean() if len(words) else 1.0
    norms: Floats = ranking.K1 * (1 - b + b * words / max(average, 1e-9))
    return norms


def begins(values: npt.NDArray[Any]) -> Places:
    """Where each run of equal values begins."""
    is_first = np.empty(len(values), np.bool_)
    is_first[:1] = True
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return is_first.nonzero()[0]


def _sums(values: Numbers, groups: Numbers) -> Numbers:
    """The sum of the values of each group; `groups` rises from 0 without gaps."""
    return np.bincount(groups, values).astype(np.int32)


def _lifted(groups: Numbers, numbers: Numbers, times: Numbers) -> Postings:
    """The postings of passages as postings of their groups (sections or articles)."""
    if not len(numbers):
        return numbers, times
    places = groups[numbers]
    starts = begins(places)
    return places[starts], np.add.reduceat(times, starts)


def _added(some: Sequence[Postings], others: Sequence[Postings]) -> list[Postings]:
    """The postings of each term in two texts, as if they were one."""
    return [_merged(parts, np.add) for parts in zip(some, others, strict=True)]


def _most_frequent(synonyms: Sequence[Postings], groups: Numbers | None = None) -> Postings:
    """The postings of terms that share a frequency: in each passage, or group of them, that of the most
    frequent."""
    if groups is not None:
        synonyms = [_lifted(groups, *postings) for postings in synonyms]
    return _merged(synonyms, np.maximum)


def _merged(parts: Sequence[Postings], joined: np.ufunc) -> Postings:
    """Postings in one; where several have a number, with their times `joined`."""
    found = [postings for postings in parts if len(postings[0])]
    if len(found) <= 1:
        return found[0] if found else (np.empty(0, np.int32), np.empty(0, np.int32))
    numbers, starts, times = _grouped(
        np.concatenate([numbers for numbers, _ in found]), np.concatenate([times for _, times in found])
    )
    return numbers, joined.reduceat(times, starts)


def _grouped(numbers: Numbers, values: Values) -> tuple[Numbers, Places, Values]:
    """Sort values by number: the distinct numbers, where each begins, and the values in that order."""
    order = np.argsort(numbers, kind="stable")  # fast where sorted parts were joined
    numbers, values = numbers[order], values[order]
    starts = begins(numbers)
    return numbers[starts], starts, values
