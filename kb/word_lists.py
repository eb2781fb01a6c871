"""Hundreds of thousands of words in little memory.

A dictionary of Python takes 130 bytes for a word of eight letters. Here all words are one string, where
each begins is a number, and they stand in the order of their hashes: 30 bytes, and a word is found by
bisection in a microsecond. Hashes, and so the order, are others in every process.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, pairwise
from operator import itemgetter

import numpy as np


class WordList:
    """Words by number, in the order they came in."""

    def __init__(self, words: Iterable[str]) -> None:
        """Take in words."""
        lengths = array("I")
        self._letters = "".join(_measured(words, lengths))
        self._begins = array("I", accumulate(lengths, initial=0))

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, number: int) -> str:
        return self._letters[self._begins[number] : self._begins[number + 1]]

    def __iter__(self) -> Iterator[str]:
        for begin, end in pairwise(self._begins):
            yield self._letters[begin:end]


def _measured(words: Iterable[str], lengths: array[int]) -> Iterator[str]:
    for word in words:
        lengths.append(len(word))
        yield word


class WordSet(AbstractSet[str]):
    """Words, each once."""

    def __init__(self, words: Iterable[str]) -> None:
        """Take in words that differ."""
        by_hash = sorted(words, key=hash)
        self._hashes = array("q", map(hash, by_hash))
        self._words = WordList(by_hash)

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return self.number(word) is not None

    def number(self, word: object) -> int | None:
        """The place of a word in the order they stand in, or None."""
        sought = hash(word)
        number = bisect_left(self._hashes, sought)
        while number < len(self._hashes) and self._hashes[number] == sought:
            if self._words[number] == word:
                return number
            number += 1
        return None


class WordCounts(Mapping[str, int]):
    """Words, each with a number below four thousand million."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._words = WordSet(counts)
        self._counts = array("I", map(counts.__getitem__, self._words))

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __getitem__(self, word: str) -> int:
        number = self._words.number(word)
        if number is None:
            raise KeyError(word)
        return self._counts[number]


class HashedWords:
    """Words that need not be listed: 8 bytes each, whatever their length, as in `HashedCounts`."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take in words that differ."""
        hashes = np.sort(np.fromiter(map(hash, words), np.int64, len(words)))
        self._hashes = array("q", hashes.tobytes())

    def __contains__(self, word: str) -> bool:
        return _place(self._hashes, word) is not None


class HashedCounts:
    """A number for each word, where the words need not be listed: 12 bytes each, whatever their length.

    Only a hash of 64 bits is kept of a word: among a million of them another is taken for one of them
    once in ten million million look-ups.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        rows = sorted((hash(word), count) for word, count in counts.items())
        self._hashes = array("q", map(itemgetter(0), rows))
        self._counts = array("I", map(itemgetter(1), rows))

    def get(self, word: str) -> int | None:
        """The number of a word, or None."""
        place = _place(self._hashes, word)
        return None if place is None else self._counts[place]


def _place(hashes: array[int], word: str) -> int | None:
    """Where the hash of a word stands among hashes that rise, or None."""
    sought = hash(word)
    place = bisect_left(hashes, sought)
    return place if place < len(hashes) and hashes[place] == sought else None


class WordsByKey:
    """The words of each key: how they sound, or how other letters spell them.

    Keys are known by their hashes, as in `HashedCounts`.
    """

    def __init__(self, keyed: Iterable[tuple[str, str]]) -> None:
        """Take in keys, each with a word."""
        rows = sorted(((hash(key), word) for key, word in keyed), key=itemgetter(0))
        self._hashes = array("q", map(itemgetter(0), rows))
        self._words = WordList(map(itemgetter(1), rows))

    def get(self, key: str) -> list[str]:
        """The words of a key."""
        sought = hash(key)
        first = bisect_left(self._hashes, sought)
        return [self._words[number] for number in range(first, bisect_right(self._hashes, sought, first))]
