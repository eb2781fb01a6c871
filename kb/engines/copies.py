"""Copies among the passages of one collection, as numbers: collapsing them, and articles that share most.

Passages are numbered by article and position (see `kb.engines.impacts`), so the first of a group is
the first in reading order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kb.engines.impacts import Floats, Mask, Numbers, Places, begins

# Two articles that have this share of their words in common are versions of one.
VERSION = 0.5


class Copies:
    """The groups of copies of one unchanging collection.

    `groups` has for each passage the first that it is a copy of, itself if none (`kb.sameness.groups`);
    `article` numbers the article of each, and rises; `words` is its length.
    """

    def __init__(self, groups: Numbers, article: Numbers, words: Numbers) -> None:
        self.groups = groups
        self._article = article
        self._words = words
        self._article_words = np.bincount(article, words)
        self.copied: Mask = groups != np.arange(len(groups), dtype=np.int32)
        self.copied[groups[self.copied]] = True
        # The copied passages, those of a group together.
        copied = np.flatnonzero(self.copied)
        self._members = copied[np.argsort(groups[copied], kind="stable")]
        self._member_groups = groups[self._members]

    # --- In a search ---

    def collapsed(self, numbers: Places, *merits: Floats | Numbers) -> tuple[Mask, Numbers]:
        """Which of the passages are not outdone by a copy among them, and how many copies each outdoes.

        `numbers` rises. `merits` are those of the passages, what counts most first: higher is better,
        and where all are equal, the first passage is.
        """
        shown, more = np.ones(len(numbers), np.bool_), np.zeros(len(numbers), np.int32)
        copies = np.flatnonzero(self.copied[numbers])
        if len(copies) < 2:  # as in most searches
            return shown, more
        groups = self.groups[numbers[copies]]
        order = np.lexsort((*(-merit[copies] for merit in reversed(merits)), groups))
        starts = begins(groups[order])
        best = copies[order[starts]]
        shown[copies] = False
        shown[best] = True
        more[best] = np.diff(starts, append=len(order)) - 1
        return shown, more

    def once(self, numbers: npt.NDArray[np.integer], values: npt.NDArray[np.integer]) -> Mask:
        """Which of the passages are the first of their group to have their value."""
        first = np.ones(len(numbers), np.bool_)
        copies = np.flatnonzero(self.copied[numbers])
        if len(copies) < 2:
            return first
        keys = self.groups[numbers[copies]].astype(np.int64) << 32 | values[copies]
        _, firsts = np.unique(keys, return_index=True)
        first[copies] = False
        first[copies[firsts]] = True
        return first

    def like(self, number: int) -> Mask:
        """The copies of a passage, itself among them."""
        mask: Mask = self.groups == self.groups[number]
        return mask

    # --- In the whole collection ---

    def versions(self, article: int) -> Numbers:
        """The articles that share at least `VERSION` of their words with one, by number.

        Of the words of both articles together, those count that stand in passages with a copy in the
        other (Dice's coefficient, by words).
        """
        first, last = np.searchsorted(self._article, [article, article + 1])
        own = np.arange(first, last)
        own = own[self.copied[own]]
        groups, places = np.unique(self.groups[own], return_inverse=True)
        own_words = np.bincount(places, self._words[own], len(groups))
        there, place = self._holders(groups)
        elsewhere = self._article[there] != article
        there, place = there[elsewhere], place[elsewhere]
        others, which = np.unique(self._article[there], return_inverse=True)
        shared = np.bincount(which, self._words[there], len(others))
        # A group counts once for each article, however often the passage stands in it.
        pairs = np.unique(which.astype(np.int64) << 32 | place)
        shared += np.bincount(pairs >> 32, own_words[pairs & 0xFFFFFFFF], len(others))
        together = self._article_words[others] + self._article_words[article]
        versions: Numbers = others[(shared > 0) & (shared >= VERSION * together)]
        return versions

    def _holders(self, groups: Numbers) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The passages of some groups, and for each the place of its group among them."""
        starts = np.searchsorted(self._member_groups, groups)
        counts = np.searchsorted(self._member_groups, groups, side="right") - starts
        place = np.repeat(np.arange(len(groups)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._members[starts[place] + within], place

    def spread(self, least: int) -> Iterator[Numbers]:
        """The passages of each group that stands in `least` articles or more, the widest spread first."""
        starts = begins(self._member_groups)
        if not len(starts):
            return
        ends = np.append(starts[1:], len(self._members))
        # Within a group articles rise, so each begins where the one before it ends.
        is_another = np.diff(self._article[self._members], prepend=-1) != 0
        is_another[starts] = True
        articles = np.add.reduceat(is_another, starts, dtype=np.int64)
        chosen = np.flatnonzero(articles >= least)
        for number in chosen[np.lexsort((self._members[starts[chosen]], -articles[chosen]))]:
            yield self._members[starts[number] : ends[number]].astype(np.int32)
