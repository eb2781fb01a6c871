"""A text → which kinds of phrases it may hold, told by a look at its words.

Most sentences hold none, and trying every pattern on each took most of the time of reading. Whatever a
phrase stands for has one of its hints: a word, the beginning of a word, or some Chinese characters.

    (оставьте|заполните) … заявк*   the words оставьте and заполните
    (請|可)?(联系|咨询)[我你]们        联系我们, 咨询你们, 请联系我们 and so on
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

_PART = re.compile(r"(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+")
"""A word of a phrase; alternatives may lie in one another."""

_GROUP = re.compile(r"\(([^()]*)\)(\??)")
_CLASS = re.compile(r"\[([^\]]*)\]")
_MAYBE = re.compile(r"([^)])\?")
_WORD = re.compile(r"\w+|¤")

# Beginnings of words are looked up by so many letters, Chinese characters by two or the only one.
_LETTERS, _CHARACTERS = 3, 2
_SURE = re.compile(rf"\w{{{_LETTERS},}}\*|\w+(?![\w*])|¤")

_Kinds = defaultdict[str, set[str]]


def hints(phrase: str) -> set[str]:
    """The hints of a phrase of a language that puts spaces between its words: the words, or with * the
    beginnings, of which one must be there. Raises ValueError when it has none."""
    parts = [list(map(_SURE.match, _forms(part))) for part in _PART.findall(phrase)]
    return _surest(phrase, [{match[0] for match in part if match} for part in parts if all(part)])


def unspaced_hints(phrase: str) -> set[str]:
    """The hints of a Chinese phrase: the characters of which some must be there. Raises ValueError when it
    has none."""
    return _surest(phrase, [set(_forms(part)) for part in phrase.split("…")])


def _surest(phrase: str, hints: Iterable[set[str]]) -> set[str]:
    """Of hints that each are enough, those that say most."""
    found = [one for one in hints if all(one)]
    if not found:
        raise ValueError(f"Nothing that “{phrase}” stands for is certain.")
    return max(found, key=lambda one: min(map(len, one)))


def _forms(part: str) -> Iterator[str]:
    """A part of a phrase with each of its alternatives: (книг|журнал)* -> книг*, журнал*."""
    part = _CLASS.sub(lambda match: f"({'|'.join(match[1])})", part)
    part = _MAYBE.sub(r"(\1)?", part)
    group = _GROUP.search(part)
    if not group:
        yield part
        return
    for choice in [*group[1].split("|"), *([""] if group[2] else [])]:
        yield from _forms(part[: group.start()] + choice + part[group.end() :])


class Hints:
    """Tells the kinds of phrases that a text may hold. `unspaced` are the Chinese phrases of each kind."""

    def __init__(self, spaced: Mapping[str, Iterable[str]], unspaced: Mapping[str, Iterable[str]]) -> None:
        self._words = _Kinds(set)
        # By what they begin with, those that begin so.
        self._beginnings: defaultdict[str, _Kinds] = defaultdict(lambda: _Kinds(set))
        self._runs: defaultdict[str, _Kinds] = defaultdict(lambda: _Kinds(set))
        for kind, phrases in spaced.items():
            for hint in (hint for phrase in phrases for hint in hints(phrase)):
                if hint.endswith("*"):
                    self._beginnings[hint[:_LETTERS]][hint[:-1]].add(kind)
                else:
                    self._words[hint].add(kind)
        for kind, phrases in unspaced.items():
            for hint in (hint for phrase in phrases for hint in unspaced_hints(phrase)):
                self._runs[hint[:_CHARACTERS]][hint].add(kind)
        self._firsts = {run[0] for run in self._runs}

    def kinds(self, text: str) -> set[str]:
        """The kinds of which a text may hold a phrase; of all others it holds none."""
        text = text.lower().replace("ё", "е")
        found: set[str] = set()
        words = set(_WORD.findall(text))
        for word in words & self._words.keys():
            found |= self._words[word]
        for beginning in {word[:_LETTERS] for word in words} & self._beginnings.keys():
            for hint, kinds in self._beginnings[beginning].items():
                if any(word.startswith(hint) for word in words):
                    found |= kinds
        if not self._firsts.isdisjoint(text):
            for run in {*text, *map("".join, pairwise(text))} & self._runs.keys():
                for hint, kinds in self._runs[run].items():
                    if hint in text:
                        found |= kinds
        return found
