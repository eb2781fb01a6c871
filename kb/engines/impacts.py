"""Ranking from remembered impacts: what each term gives to each passage, added up term by term.

A search engine spends its time decoding postings and computing the same BM25 fractions again for
every query. Here a term's postings are decoded once into arrays, turned into *impacts* (its share
of each passage's score; Anh & Moffat 2006) and remembered; a query adds up the impacts of its
terms in an array with a place for every passage ("term at a time"; Turtle & Flood 1995) and takes
the best. Nothing is approximate: scores, totals and facets are those of the formula in
`kb.ranking`.

Adding a posting costs 1.5 ns, and the best are found in 60 µs among 100,000, so the famous ways to
add up less (MaxScore: Turtle & Flood 1995; WAND: Broder et al. 2003) would cost more than they
save, up to about a million passages.

Passages are numbered by article and position, so that neighbours are adjacent and equal scores
come in reading order, whatever the order of indexing was.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kb import ranking
from kb.models import QueryTerm
from kb.ranking import Field

Numbers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Value = TypeVar("Value")

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
        return self.places.nbytes + self.values.nbytes


class Impacts:
    """The impacts of one unchanging collection.

    `postings` decodes a term of a field; of the title's, once for the first passage of each
    article. `memory` keeps what was computed, under keys that begin with `owner`.
    """

    def __init__(
        self,
        collection: Collection,
        postings: Callable[[Field, str], Postings],
        memory: Memory,
        owner: object,
    ) -> None:
        self.collection = collection
        self._postings = postings
        self._memory = memory
        self._owner = owner
        # Passages of a section stand together, and so do sections of an article.
        sections = _begins(collection.section)
        self._passages_in_section = np.diff(sections, append=collection.size)
        self._article_of_section = collection.article[sections].astype(np.intp)
        self._first = _begins(collection.article)
        self._norms = {
            (Field.TEXT, Level.PASSAGE): _norms(collection.text_words, Field.TEXT),
            (Field.TEXT, Level.SECTION): _norms(_sums(collection.text_words, collection.section), Field.TEXT),
            (Field.TEXT, Level.ARTICLE): _norms(_sums(collection.text_words, collection.article), Field.TEXT),
            (Field.HEADINGS, Level.PASSAGE): _norms(collection.heading_words, Field.HEADINGS),
            (Field.TITLE, Level.ARTICLE): _norms(collection.title_words, Field.TITLE),
        }

    def scores(self, terms: Sequence[QueryTerm]) -> Floats:
        """The score of every passage."""
        own, section, article = (np.zeros(self._norms[Field.TEXT, level].size) for level in Level)
        sums = (own, section, article)
        lent = False
        for term in terms:
            for share in self.shares(term):
                values = share.values if term.weight == 1 else share.values * term.weight
                np.add.at(sums[share.level], share.places, values)
                lent |= share.level is not Level.PASSAGE
        if lent:
            section += article[self._article_of_section]
            own += np.repeat(section, self._passages_in_section)
        return own

    def hits(self, terms: Sequence[QueryTerm]) -> Mask:
        """Which passages are hits, as `kb.ranking` defines it."""
        mask = np.zeros(self.collection.size, np.bool_)
        held = np.zeros(len(self._passages_in_section), np.int32)
        words = 0
        for term in terms:
            if not term.matches:
                continue
            counts = ranking.counts_for_section(term)
            words += counts
            for share in self.shares(term):
                if share.field is Field.TITLE:
                    mask[self._first[share.places]] = True
                elif share.level is Level.PASSAGE:
                    mask[share.places] = True
                elif share.level is Level.SECTION and counts:
                    held[share.places] += 1
        enough = held >= ranking.section_quorum(words)
        return mask | np.repeat(enough, self._passages_in_section) if enough.any() else mask

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
        return self._memory.get(key, lambda: self._shares(term), lambda found: sum(s.nbytes for s in found))

    def _synonym_postings(self, field: Field, spelled: tuple[str, ...]) -> Postings:
        """The postings of terms that share a frequency: in each passage, that of the most frequent."""
        if len(spelled) == 1:
            return self._postings(field, spelled[0])
        found = [postings for term in spelled if len((postings := self._postings(field, term))[0])]
        if not found:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        numbers, starts, times = _grouped(
            np.concatenate([numbers for numbers, _ in found]), np.concatenate([times for _, times in found])
        )
        return numbers, np.maximum.reduceat(times, starts)

    def _shares(self, term: QueryTerm) -> tuple[Share, ...]:
        collection, spelled = self.collection, _spelled(term)
        weight = ranking.KIND_WEIGHTS[term.kind]
        numbers, times = self._synonym_postings(Field.TEXT, spelled)
        headed, heading_times = self._synonym_postings(Field.HEADINGS, spelled)
        titled, title_times = self._synonym_postings(Field.TITLE, spelled)
        levels = (
            (Field.TEXT, Level.PASSAGE, 1.0, numbers, times),
            (Field.TEXT, Level.SECTION, ranking.SECTION_WEIGHT, *_lifted(collection.section, numbers, times)),
            (Field.TEXT, Level.ARTICLE, ranking.ARTICLE_WEIGHT, *_lifted(collection.article, numbers, times)),
            (Field.HEADINGS, Level.PASSAGE, 1.0, headed, heading_times),
            (Field.TITLE, Level.ARTICLE, 1.0, *_lifted(collection.article, titled, title_times)),
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


def best(scores: Floats | Numbers, matched: Numbers | None, count: int, *then: Floats | Numbers) -> Numbers:
    """The `count` best of the matched passages (None: of all that score), by score, then by what else
    is given, and then by number."""
    found = scores if matched is None else scores[matched]
    lowest = _reached(found, count)
    worthy = found > 0 if matched is None and lowest <= 0 else found >= lowest
    kept = np.flatnonzero(worthy)
    places = kept if matched is None else matched[kept]
    keys = [-merit[places] for merit in (*reversed(then), scores)]
    order = np.lexsort(keys) if then else np.argsort(keys[0], kind="stable")
    return places[order][:count].astype(np.int32)


def _reached(found: Floats | Numbers, count: int) -> float:
    """A score that at least `count` reach, and few more: the `count`-th best of a best in each row.

    That takes a fifth of the time of finding the `count`-th best of all.
    """
    if not 0 < count < len(found):
        return -np.inf
    rows = len(found) // _ROW
    if rows > 10 * count:
        found = found[: rows * _ROW].reshape(_ROW, rows).max(axis=0)
    return float(np.partition(found, -count)[-count])


_ROW = 32


def _spelled(term: QueryTerm) -> tuple[str, ...]:
    """The terms as they are indexed, with the letter of their kind."""
    return tuple(term.kind + synonym for synonym in term.synonyms)


def _bm25(places: Numbers, times: Numbers, norms: Floats) -> Floats:
    """idf × tf / (tf + norm) of each place; see `kb.ranking`."""
    count, holders = len(norms), len(places)
    idf = np.log1p((count - holders + 0.5) / (holders + 0.5))
    shares: Floats = idf * times / (times + norms[places])
    return shares


def _norms(words: Numbers, field: Field) -> Floats:
    """K1 × (1 − b + b × length / average length) of every place."""
    b = ranking.FIELD_WEIGHTS[field].b
    average = words.mean() if len(words) else 1.0
    norms: Floats = ranking.K1 * (1 - b + b * words / max(average, 1e-9))
    return norms


def _begins(groups: Numbers) -> npt.NDArray[np.intp]:
    """Where each group begins; `groups` rises."""
    return np.flatnonzero(np.diff(groups, prepend=-1))


def _sums(values: Numbers, groups: Numbers) -> Numbers:
    """The sum of the values of each group; `groups` rises from 0 without gaps."""
    return np.bincount(groups, values).astype(np.int32)


def _lifted(groups: Numbers, numbers: Numbers, times: Numbers) -> Postings:
    """The postings of passages as postings of their groups (sections or articles)."""
    if not len(numbers):
        return numbers, times
    places = groups[numbers]
    starts = _begins(places)
    return places[starts], np.add.reduceat(times, starts)


def _grouped(numbers: Numbers, times: Numbers) -> tuple[Numbers, npt.NDArray[np.intp], Numbers]:
    """Sort postings by number: the distinct numbers, where each begins, and the sorted times."""
    order = np.argsort(numbers, kind="stable")
    numbers, times = numbers[order], times[order]
    starts = _begins(numbers)
    return numbers[starts], starts, times


class Memory:
    """A cache with a limit in bytes; what was used least recently leaves first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._entries: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], Value], size: Callable[[Value], int]) -> Value:
        """What is remembered under `key`; when nothing is, what `make` gives, of `size` bytes."""
        with self._lock:
            if (found := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                remembered: Value = found[0]
                return remembered
        value = make()
        self._remember(key, value, size(value) + _ENTRY_SIZE)
        return value

    def _remember(self, key: tuple[object, ...], value: object, size: int) -> None:
        with self._lock:
            if key in self._entries or size > self.limit:
                return
            self._entries[key] = (value, size)
            self.used += size
            while self.used > self.limit:
                _, (_, freed) = self._entries.popitem(last=False)
                self.used -= freed

    def forget(self, owners: Callable[[object], bool]) -> None:
        """Forget everything whose key begins with an owner that `owners` says yes to."""
        with self._lock:
            for key in [key for key in self._entries if owners(key[0])]:
                self.used -= self._entries.pop(key)[1]


# What an entry takes beside its arrays: key, tuples, array headers.
_ENTRY_SIZE = 600
