"""Chinese by its sound: «fuwu biaozhun» is 服务标准, and 服雾 sounds like 服务.

Syllables are compared without tones and as southern speakers merge them: zh and z, ang and an.
pypinyin gives each character's readings; its dictionary of phrases (45 MB) is left out, as the
commonest polyphonic characters are tried in both their readings.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from kb.word_lists import WordsByKey

# Typed pinyin of a longer text takes time and is no search.
LONGEST = 60
_LONGEST_WORD = 8
_MOST_READINGS = 8

# Characters that common words use in two readings: 银行 yinhang, 行为 xingwei.
_POLYPHONIC = frozenset("行长重乐会调传便还都着了种数度处分相应看差降参朝中强率薄模给得地角落觉解弹提曾藏柜")
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ao|ou|an|en|in|un|er|ia|ie|iu|ua|ui|uo|ue|ve|[aoeiuv])"
)
_MERGED = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("ang", "an"),
    ("eng", "en"),
    ("ing", "in"),
    ("v", "u"),
)


@lru_cache(maxsize=10_000)
def readings(character: str) -> tuple[str, ...]:
    """The readings of a Han character without tones, likeliest first: 行 -> xing, hang; v is ü."""
    listed = _pinyin().get(ord(character), "")
    found = tuple(dict.fromkeys(_without_tone(reading) for reading in listed.split(",") if reading))
    return found[:2] if character in _POLYPHONIC else found[:1]


def spellings(word: str) -> Iterator[str]:
    """The pinyin of a Han word, in one, in all its usual readings: 服务 -> fuwu."""
    choices = [readings(character) for character in word]
    for choice, _ in zip(product(*choices), range(_MOST_READINGS), strict=False):
        yield "".join(choice)


def merged(pinyin: str) -> str:
    """Pinyin with what sounds nearly alike made the same: zhang -> zan."""
    for sound, same in _MERGED:
        pinyin = pinyin.replace(sound, same)
    return pinyin


def _without_tone(reading: str) -> str:
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFC", reading).replace("ê", "e"))
    return re.sub(r"[^a-z]", "", letters.replace("u\u0308", "v"))


@cache
def _pinyin() -> Mapping[int, str]:
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin.pinyin_dict import pinyin_dict

    found: Mapping[int, str] = pinyin_dict
    return found


@dataclass(frozen=True, slots=True)
class _Split:
    """A way to read typed pinyin: the words, and how well they fit (lower is better)."""

    words: tuple[str, ...] = ()
    cost: float = 0.0


class Sounds:
    """Han words by their sound."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """Take in folded Han words with the number of passages that hold each."""
        self._counts = counts
        self._words = WordsByKey(
            (sound, word)
            for word in counts
            if len(word) <= _LONGEST_WORD
            for sound in {merged(spelling) for spelling in spellings(word)}
        )

    def alike(self, run: str) -> Iterable[str]:
        """The known words that sound nearly like a run of Han characters, as long as it."""
        sounds = {merged(spelling) for spelling in spellings(run)}
        return {word for sound in sounds for word in self._words.get(sound) if len(word) == len(run)}

    def read(self, typed: str) -> str | None:
        """The Han text that typed pinyin (a-z, ' and spaces) spells, or None.

        Single characters alone are no answer: too many words of other languages would be one.
        """
        letters = re.sub(r"['’\s]", "", typed.replace("ü", "v"))
        if not letters or len(letters) > LONGEST or not _SYLLABLES.fullmatch(letters):
            return None
        best: list[_Split | None] = [_Split(), *[None] * len(letters)]
        for start, so_far in enumerate(best):
            if so_far is None:
                continue
            for end, word, cost in self._words_at(letters, start):
                known = best[end]
                if known is None or so_far.cost + cost < known.cost:
                    best[end] = _Split((*so_far.words, word), so_far.cost + cost)
        found = best[-1]
        if found is None or 2 * sum(len(word) == 1 for word in found.words) > len("".join(found.words)) / 2:
            return None
        return "".join(found.words)

    def _words_at(self, letters: str, start: int) -> Iterator[tuple[int, str, float]]:
        """The likeliest word that each stretch of letters from `start` spells, with its cost."""
        for end in range(start + 1, min(len(letters), start + 6 * _LONGEST_WORD) + 1):
            piece = letters[start:end]
            words = self._words.get(merged(piece))
            if words:
                cost, word = min((self._cost(word, piece), word) for word in words)
                yield end, word, cost

    def _cost(self, word: str, piece: str) -> float:
        """A word costs 3, less when it is frequent, more when it only sounds alike or is one character."""
        exact = piece in spellings(word)
        frequency = min(1.0, self._counts[word] / 100)
        return 3.0 - frequency + (0 if exact else 2) + (3 if len(word) == 1 else 0)


_SYLLABLES = re.compile(f"(?:{_SYLLABLE.pattern})+")


def is_pinyin(typed: str) -> bool:
    """Whether Latin letters can be read as Chinese syllables."""
    return len(typed) <= LONGEST and bool(_SYLLABLES.fullmatch(re.sub(r"['’\s]", "", typed)))
