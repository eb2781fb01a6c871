"""The words of Chinese texts, divided as jieba divides them, by the dictionary that comes with it.

jieba reads the 350,000 lines of its dictionary when it starts: a second and 120 MB, in every process.
Here the file is mapped into memory. Its lines stand in the order of their first characters, so the
words that begin with a character are found by bisection when a text first holds it, and are kept as
hashes when texts hold it often: all of them take 6 MB.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from math import log
from pathlib import Path

from kb.word_lists import HashedCounts

# The sum of all frequencies in the dictionary of jieba 0.42.1, to which pyproject.toml holds us.
TOTAL = 60_101_967

# Characters beyond these are words of their own for jieba.
_STRETCH = re.compile("[\u4e00-\u9fd5]+|.", re.DOTALL)
# The line of the first Han character; above it stand words with Latin letters.
_FIRST = "\n一 ".encode()
_AFTER_ANY = b"\xff"
# Finding a word among the lines of its character takes a few microseconds, a table of all a millisecond.
_SELDOM = 30


def segment(run: str) -> list[str]:
    """The words of a folded Han run. Unknown words are not guessed: their characters stand alone."""
    return [word for stretch in _STRETCH.findall(run) for word in _divided(stretch)]


def frequency(word: str) -> int:
    """How often a word is met in `TOTAL`; 0 when it is in no dictionary."""
    return (_beginning_with(word[0]).get(word) or 0) if word else 0


def share(word: str) -> float:
    """The share of a word in Chinese texts; never 0."""
    return max(1, frequency(word)) / TOTAL


def _divided(text: str) -> Iterator[str]:
    """The likeliest way through all words that a text may hold: that with the highest product of
    frequencies, found from the end."""
    size = len(text)
    chances = [0.0] * (size + 1)
    ends = [0] * size
    unknown = -log(TOTAL)
    for start in range(size - 1, -1, -1):
        words = _beginning_with(text[start])
        best = None
        end = start + 1
        # Beginnings of words are in the table too, with frequency 0.
        while end <= size and (times := words.get(text[start:end])) is not None:
            if times:
                chance = log(times) + unknown + chances[end]
                if best is None or chance >= best:
                    best, ends[start] = chance, end
            end += 1
        if best is None:
            best, ends[start] = unknown + chances[start + 1], start + 1
        chances[start] = best
    at = 0
    while at < size:
        yield text[at : ends[at]]
        at = ends[at]


class _Beginning:
    """The words that begin with a character and their frequencies, and 0 for what only begins words.

    They are sought in the lines of the dictionary as often as costs less than making a table of them.
    """

    def __init__(self, character: str) -> None:
        self._first, self._last = _lines_of(character.encode(errors="surrogatepass"))
        self._sought = 0
        self.get: Callable[[str], int | None] = self._seldom
        """The frequency of a word, 0 of what only begins words, or None."""

    def _seldom(self, word: str) -> int | None:
        self._sought += 1
        if self._sought <= _SELDOM:
            return self._found(word)
        self.get = HashedCounts(self._counts()).get
        return self.get(word)

    def _found(self, word: str) -> int | None:
        lines, sought = _dictionary(), b"\n" + word.encode(errors="surrogatepass")
        line = lines.find(sought + b" ", self._first, self._last)
        if line >= 0:
            times = line + len(sought) + 1
            return int(lines[times : lines.find(b" ", times)])
        return 0 if lines.find(sought, self._first, self._last) >= 0 else None

    def _counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in _dictionary()[self._first : self._last].decode().split("\n")[1:]:
            word, times, _ = line.split(" ")
            for end in range(1, len(word)):
                found.setdefault(word[:end], 0)
            found[word] = int(times)
        return found


_beginning_with = cache(_Beginning)


def _lines_of(beginning: bytes) -> tuple[int, int]:
    """Where the lines of the dictionary stand that begin with the bytes of a Han character: from the end
    of the line before the first, up to the end of the last."""
    lines = _dictionary()

    def line(at: int) -> int:
        """The first line that begins at an offset or behind it."""
        return lines.find(b"\n", at - 1) + 1 or len(lines)

    def first_not_before(sought: bytes) -> int:
        places = range(lines.find(_FIRST) + 1, len(lines))
        found = bisect_left(
            places, sought, key=lambda at: lines[line(at) : line(at) + len(sought)] or _AFTER_ANY
        )
        return line(places.start + found)

    return first_not_before(beginning) - 1, first_not_before(beginning + _AFTER_ANY) - 1


@cache
def _dictionary() -> mmap.mmap:
    package = find_spec("jieba")  # which need not be imported, in a fifth of a second, for its file
    assert package and package.origin
    with Path(package.origin).with_name("dict.txt").open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
