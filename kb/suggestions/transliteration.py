"""Russian in Latin letters: «servis», «zhaloba», «obratnaya svyaz».

People mix schemes, so both sides are reduced to what all schemes agree on: «obratnaya», «obratnaja»
and «obratnaia» have the same skeleton as обратная.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product

from kb.word_lists import WordsByKey

_LETTERS = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        (*"a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh sh".split(), "", "i", "", "e", "iu", "ia"),
        strict=True,
    )
)
_ROMAN = str.maketrans(_LETTERS)
# What schemes disagree on, in the order to be settled.
_AGREED = (
    (re.compile(r"shch|sch|sh"), "W"),
    (re.compile(r"zh"), "Z"),
    (re.compile(r"tch|ch"), "C"),
    (re.compile(r"kh"), "h"),
    (re.compile(r"ts|tz"), "c"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"ck|q"), "k"),
    (re.compile(r"['’`]"), ""),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"w"), "v"),
    (re.compile(r"(.)\1+"), r"\1"),  # kassa, kasa; obratnyi, obratny
    (re.compile(r"i[eo]"), "e"),  # yest, est; eshchyo, eshche
)
# Letters that two schemes use for different sounds: jaloba, expert, servic.
_READINGS = {"j": ("j", "zh"), "x": ("kh", "ks"), "c": ("ts", "k", "s"), "h": ("kh", "g")}
_MOST_READINGS = 12
_AMBIGUOUS = re.compile(r"(?<![sct])h|(?<![kzcs])h|[jx]|c(?!h|k)")
_ROMAN_WORD = re.compile(r"[a-z]['’`a-z]*(?:-[a-z]['’`a-z]*)*")


class Romanised:
    """Russian words by the skeleton of their Latin spelling."""

    def __init__(self, words: Iterable[str]) -> None:
        """Take in folded words in Cyrillic letters."""
        listed = list(words)
        # One a line, as no pattern reaches over its end: word by word it takes ten times as long.
        lines = skeleton(romanise("".join(f"{word}\n" for word in listed)))
        self._words = WordsByKey(zip(lines.splitlines(), listed, strict=True))

    def words(self, typed: str) -> Sequence[str]:
        """The known words that a folded Latin text may be, by the most usual reading that gives any."""
        if not _ROMAN_WORD.fullmatch(typed):
            return ()
        for reading in _readings(typed):
            if found := self._words.get(skeleton(reading)):
                return found
        return ()


def romanise(word: str) -> str:
    """A folded Cyrillic word in Latin letters: жалоба -> zhaloba."""
    return word.translate(_ROMAN)


def skeleton(latin: str) -> str:
    """What all schemes agree on: zhaloba -> Zaloba, obratnaya -> obratnaia."""
    for pattern, agreed in _AGREED:
        latin = pattern.sub(agreed, latin)
    return latin


def _readings(typed: str) -> list[str]:
    """What ambiguous letters may stand for, the usual readings first: xolodno, ekspert."""
    parts: list[tuple[str, ...]] = []
    end = 0
    for match in _AMBIGUOUS.finditer(typed):
        parts += [(typed[end : match.start()],), _READINGS[match.group()]]
        end = match.end()
    parts.append((typed[end:],))
    combinations = ("".join(choice) for choice in product(*parts))
    return [typed, *(reading for reading, _ in zip(combinations, range(_MOST_READINGS), strict=False))]
