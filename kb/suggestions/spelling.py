"""Misspelt words: «эмпотия», «песонализация», "empahty".

Words within one or two edits (insertion, deletion, substitution, swap of neighbours: OSA distance)
are found among the known ones. A first look compares sets of letters, 64 bits a word, so that only
a few hundred of 100,000 words are measured by RapidFuzz; it needs 30 bytes a word where SymSpell's
table of deletions needs 400 and two seconds to build.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kb.languages import language
from kb.languages.letters import is_cyrillic
from kb.word_lists import WordList

# A shorter word has too many neighbours, a longer one may hold two slips.
SHORTEST = 5
_LONGEST_SHORT = 6
TWO_EDITS_FROM = 8
# Longer than any word that people type; longer ones are no words.
LONGEST = 40

_RUSSIAN_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
# Spellings that sound alike, as people write by ear: жалаба, сервиз, собственость, нравится.
_SOUNDS = (
    (re.compile(r"ться|тся"), "ца"),
    (re.compile(r"[оа]"), "а"),
    (re.compile(r"[еэиыя]"), "и"),
    (re.compile(r"[ъь]"), ""),
    (re.compile(r"ck|[qc]"), "k"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"[aeiouy]+"), "a"),
    (re.compile(r"[дт]"), "т"),
    (re.compile(r"[зс]"), "с"),
    (re.compile(r"[гк]"), "к"),
    (re.compile(r"[вф]"), "ф"),
    (re.compile(r"[бп]"), "п"),
    (re.compile(r"(.)\1+"), r"\1"),
)


class NearWords:
    """Words in which those a few edits from a given one are found quickly."""

    def __init__(self, words: Iterable[str]) -> None:
        """Take in folded words."""
        by_length = sorted((word for word in words if 0 < len(word) <= LONGEST), key=len)
        self._words = WordList(by_length)
        lengths = np.fromiter(map(len, by_length), np.intp, len(by_length))
        self._letters = _letters("".join(by_length), np.cumsum(lengths) - lengths)
        self._begins = np.searchsorted(lengths, np.arange(LONGEST + 4))

    def within(self, word: str, edits: int) -> Sequence[tuple[str, int]]:
        """The words at most `edits` from `word`, with their distance."""
        from rapidfuzz import process  # what is spelt right needs neither
        from rapidfuzz.distance import OSA

        if not 0 < len(word) <= LONGEST:
            return ()
        first, last = self._begins[max(0, len(word) - edits)], self._begins[len(word) + edits + 1]
        differing = np.bitwise_count(self._letters[first:last] ^ _letters(word, [0]))
        # An edit changes the set of letters by two at most.
        places = (first + np.flatnonzero(differing <= 2 * edits)).tolist()
        likely = [self._words[place] for place in places]
        found = process.extract(word, likely, scorer=OSA.distance, score_cutoff=edits, limit=None)
        return [(near, int(distance)) for near, distance, _ in found]


def _letters(words: str, begins: Sequence[int] | npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
    """The set of the letters of each word as bits; the words stand together, and begin at `begins`."""
    codes = np.frombuffer(words.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    bits = np.uint64(1) << (codes & np.uint64(63))
    return np.bitwise_or.reduceat(bits, begins) if len(bits) else bits


def correct(word: str, near: NearWords, counts: Mapping[str, int]) -> str | None:
    """The known word that a folded, unknown one was probably meant to be, or None.

    `near` finds the known words of its alphabet, `counts` says how many passages hold each.
    """
    if not SHORTEST <= len(word) <= LONGEST:
        return None
    edits = 2 if len(word) >= TWO_EDITS_FROM else 1
    found = dict(near.within(word, edits))
    if 1 not in found.values():
        found |= dict.fromkeys(_inflected(word, counts), 1)
    if len(word) <= _LONGEST_SHORT:
        found = {other: distance for other, distance in found.items() if _is_usual_slip(word, other)}
    return max(found, key=lambda other: (_likelihood(word, other, found[other], counts), other), default=None)


def _is_usual_slip(word: str, other: str) -> bool:
    """Whether a short word was written by ear, or with letters swapped or left out.

    With any other slip it may as well be a new word: чекин is not чеки, nor is премиум премиям.
    """
    if sound(word) == sound(other) or sorted(word) == sorted(other):
        return True
    return len(word) > SHORTEST and len(other) > len(word)


def _inflected(word: str, counts: Mapping[str, int]) -> Iterator[str]:
    """Russian forms one edit away that no passage holds while some hold another form: жалабою -> жалобою."""
    if not is_cyrillic(word):
        return
    russian = language("ru")
    for form in _one_edit_away(word):
        if russian.knows(form) and any(lemma in counts for lemma in russian.words(form)):
            yield form


def _one_edit_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _RUSSIAN_LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in _RUSSIAN_LETTERS)


def _likelihood(word: str, other: str, distance: int, counts: Mapping[str, int]) -> float:
    """How probably `other` was meant: few edits, the same sound and beginning, a frequent word."""
    frequency = max([counts.get(other, 0), *(counts.get(lemma, 0) for lemma in _lemmas(other))])
    return -3 * distance + (sound(word) == sound(other)) - (word[0] != other[0]) + 0.3 * math.log1p(frequency)


def _lemmas(word: str) -> Sequence[str]:
    return language("ru").words(word) if is_cyrillic(word) else ()


def sound(word: str) -> str:
    """A rough key of how a word sounds: жалаба and жалоба have the same."""
    for pattern, heard in _SOUNDS:
        word = pattern.sub(heard, word)
    return word
