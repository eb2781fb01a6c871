"""All passages of one commit as columns: what engines filter, count and collapse with, whoever ranks.

A passage is named by its number here, its place by article and position; so numbers that rise are in
reading order, and the first of several copies is the one that is read first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import ranking
from kb.engines import Place
from kb.engines.copies import Copies
from kb.engines.impacts import Floats, Mask, Numbers, Places, begins, best
from kb.models import Query
from kb.sameness import Sketches, groups

# What is known of a passage; `article` is the number of its article among the ids, in their order.
FACTS = np.dtype(
    [
        ("language", "S3"),
        ("article", "i4"),
        ("position", "u4"),
        ("section", "u4"),
        ("published", "i4"),  # the day as Python counts them, 0 without a date
        ("text_words", "u4"),
        ("heading_words", "u4"),
        ("asked_words", "u4"),
        ("title_words", "u4"),
    ]
)
_ARTICLES_IN_FACET = 20


class PassageTable:
    """The passages of one unchanging collection.

    `facts` are records with the fields of `FACTS`, by article and position, and `ids` the articles'
    ids, rising. `sketches` gives a row of bytes for each passage (`kb.sameness`), and `tagged` for
    each principle the numbers of the passages with it, rising; both are asked when they are needed.
    """

    def __init__(
        self,
        facts: npt.NDArray[np.void],
        ids: npt.NDArray[np.bytes_],
        sketches: Callable[[], Sketches],
        tagged: Callable[[], Mapping[str, Numbers]],
    ) -> None:
        self.facts = facts
        self._ids = ids
        self._read_sketches = sketches
        self._read_tagged = tagged

    def __len__(self) -> int:
        return len(self.facts)

    @cached_property
    def article(self) -> Numbers:
        """The number of every passage's article among those that have passages, by id."""
        return numbered(self.facts["article"])

    @cached_property
    def article_ids(self) -> npt.NDArray[np.bytes_]:
        """The ids of the articles that have passages, by number."""
        found: npt.NDArray[np.bytes_] = self._ids[self.facts["article"][begins(self.article)]]
        return found

    @cached_property
    def _languages(self) -> tuple[npt.NDArray[np.bytes_], Numbers]:
        """The languages that passages have, and the place of every passage's among them."""
        codes, places = np.unique(self.facts["language"], return_inverse=True)
        return codes, places.astype(np.int32)

    @cached_property
    def _years(self) -> tuple[npt.NDArray[np.bytes_], Numbers]:
        """The years that passages were published in, "" for those without a date, and the place of
        every passage's among them."""
        days, places = np.unique(self.facts["published"], return_inverse=True)
        years = [f"{date.fromordinal(day).year:04}" if day else "" for day in days]
        codes, of_day = np.unique(np.array(years, "S4"), return_inverse=True)
        return codes, of_day[places].astype(np.int32)

    # --- Copies ---

    @cached_property
    def copies(self) -> Copies:
        """Which passages are copies of each other."""
        return Copies(groups(self._read_sketches()), self.article, self.facts["text_words"].astype(np.int32))

    def versions(self, article_id: str) -> list[str]:
        """The articles that share most of their text with one; see `kb.engines.Engine`."""
        number = _place(self.article_ids, article_id) if len(self) else None
        if number is None:
            return []
        return [self.article_ids[other].decode() for other in self.copies.versions(number)]

    def copied(self, least: int) -> Iterator[list[Place]]:
        """Where each passage stands that stands in so many articles; see `kb.engines.Engine`."""
        spread = self.copies.spread(least) if len(self) else iter(())
        return ([self.place(number) for number in members] for members in spread)

    def place(self, number: int) -> Place:
        """The article of a passage, and its position there."""
        return self.article_ids[self.article[number]].decode(), int(self.facts["position"][number])

    def language_weights(self, query: Query, numbers: Places) -> Floats:
        """What the scores of some passages count, by their languages; see `kb.ranking`."""
        codes, places = self._languages
        weights = np.array([ranking.language_weight(code.decode(), query) for code in codes.tolist()])
        return weights.take(places.take(numbers))

    # --- Filters ---

    def filters(self, query: Query, like: int | None) -> dict[str, Mask]:
        """A mask for each facet that the query restricts; `like` is the number of the passage whose
        copies it asks for, or None when there is none."""
        masks = {}
        if query.languages:
            codes, places = self._languages
            masks["language"] = np.isin(codes, [encoded(code) for code in query.languages])[places]
        if query.articles:
            chosen = np.zeros(len(self.article_ids), np.bool_)
            chosen[
                [place for id in query.articles if (place := _place(self.article_ids, id)) is not None]
            ] = True
            masks["article"] = chosen[self.article]
        if query.principles:
            masks["principle"] = np.logical_and.reduce([self._with_tag(id) for id in query.principles])
        days = self.facts["published"]
        if query.dates:
            masks["date"] = np.logical_or.reduce(
                [(first.toordinal() <= days) & (days <= last.toordinal()) for first, last in query.dates]
            )
        if query.like:
            masks["like"] = np.zeros(len(days), np.bool_) if like is None else self.copies.like(like)
        return masks

    def _with_tag(self, principle: str) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[self._by_principle.get(principle, [])] = True
        return mask

    # --- Facets ---

    def facets(
        self, matched: Places, filters: Mapping[str, Mask], collapse: bool
    ) -> dict[str, dict[str, int]]:
        """How many hits choosing each value would give. A passage has one language, article and date,
        so these are counted as if their own filter were off: what else one could choose. When copies
        are collapsed, those with the same value count once."""
        numbers = passing(matched, filters)

        def places(facet: str, of: npt.NDArray[Any]) -> npt.NDArray[Any]:
            found = numbers
            if facet in filters:
                found = passing(matched, {name: mask for name, mask in filters.items() if name != facet})
            return of[found[self.copies.once(found, of[found])]] if collapse else of[found]

        codes, languages = self._languages
        years, year = self._years
        dates = _counts(years, places("date", year))
        return {
            "language": _counts(codes, places("language", languages)),
            "principle": self._principle_counts(numbers, collapse),
            "article": _counts(self.article_ids, places("article", self.article), _ARTICLES_IN_FACET),
            "date": {value: count for value, count in dates.items() if value},
        }

    def _principle_counts(self, numbers: Places, collapse: bool) -> dict[str, int]:
        principles, tagged, starts = self._tagged
        if not len(tagged):
            return {}
        hits = np.zeros(len(self), np.uint8)
        hits[numbers] = 1
        found = hits.take(tagged)
        if collapse:
            copies, principle = self._copied_tags
            held = found[copies] > 0
            copies, principle = copies[held], principle[held]
            found[copies[~self.copies.once(tagged[copies], principle)]] = 0
        return _most(principles, np.add.reduceat(found, starts, dtype=np.intp))

    @cached_property
    def _copied_tags(self) -> tuple[Places, Places]:
        """Where in `_tagged` there are passages with copies, and the place of the principle of each."""
        _, tagged, starts = self._tagged
        copies = np.flatnonzero(self.copies.copied[tagged])
        return copies, np.searchsorted(starts, copies, side="right") - 1

    @cached_property
    def _by_principle(self) -> Mapping[str, Numbers]:
        return self._read_tagged()

    @cached_property
    def _tagged(self) -> tuple[npt.NDArray[np.bytes_], Places, Places]:
        """The principles that passages have, the passages with each, and where those of each begin."""
        found = {principle.encode(): held for principle, held in sorted(self._by_principle.items())}
        ends = np.cumsum([len(numbers) for numbers in found.values()], dtype=np.intp)
        joined = np.concatenate([np.empty(0, np.intp), *found.values()])
        return np.array(list(found), np.bytes_), joined, np.concatenate([[0], ends[:-1]]).astype(np.intp)


def numbered(values: npt.NDArray[Any]) -> Numbers:
    """The number of the run of equal values that each is in."""
    starts = begins(values)
    return np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(values)))


def passing(matched: Places, filters: Mapping[str, Mask]) -> Places:
    """The passages that pass all filters."""
    for mask in filters.values():
        matched = matched[mask[matched]]
    return matched


def encoded(value: str) -> bytes:
    """A value as it is stored. One that was asked for may hold what no text can, and is not found."""
    return value.encode(errors="surrogatepass")


def _place(ids: npt.NDArray[np.bytes_], id: str) -> int | None:
    """The place of an id among rising ones, or None."""
    wanted = encoded(id)
    place = int(np.searchsorted(ids, wanted))
    return place if place < len(ids) and ids[place] == wanted else None


def _counts(
    values: npt.NDArray[np.bytes_], places: npt.NDArray[np.integer], most: int | None = None
) -> dict[str, int]:
    """How often each value is there, by its place; the most frequent first."""
    return _most(values, np.bincount(places, minlength=len(values)), most)


def _most(values: npt.NDArray[np.bytes_], counts: Places, most: int | None = None) -> dict[str, int]:
    """The values, which rise, with their counts: the most frequent first, those never there left out."""
    order = best(counts, len(counts) if most is None else most)
    shown = zip(values[order].tolist(), counts[order].tolist(), strict=True)
    return {value.decode(): count for value, count in shown if count}
