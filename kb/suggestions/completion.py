"""Completion: what a text that is being typed may become.

Every name (title, principle, term, phrase) is listed under its folded spelling from each of its
words on, Chinese also under its pinyin, all sorted once; what begins with the typed letters is then
one slice. The place of a name in the answer is worked out beforehand too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from kb.engines import Engine
from kb.languages import LANGUAGES, detect, fold, scripts
from kb.languages.chinese_words import segment
from kb.languages.letters import is_han
from kb.models import Principle, Suggestion, SuggestionKind
from kb.principles import Vocabulary
from kb.suggestions.frequent_phrases import frequent_phrases
from kb.suggestions.keyboard import in_other_layout
from kb.suggestions.pinyin import is_pinyin, readings
from kb.suggestions.transliteration import romanise, skeleton

# Longer texts are questions, and nothing begins like them.
LONGEST = 100
_LAST = "\U0010ffff"

# What gives the words of a text, and what gives its keys by them.
_Divide = Callable[[str], Sequence[str]]
_Spell = Callable[[str, _Divide], Iterable[str]]


@dataclass(frozen=True, slots=True)
class _Name:
    """Something to suggest: its place among the kinds of names, and how frequent it is."""

    suggestion: Suggestion
    place: int
    frequency: int = 0


class _Table:
    """Names by one way to spell them: a slice for each prefix, best first."""

    def __init__(self, names: Sequence[_Name], keys: _Spell, words: _Divide) -> None:
        """`keys` gives the spellings of a text from each of its `words` on, the whole first."""
        rows = [
            (key, place, number)
            for number, name in enumerate(names)
            for place, key in enumerate(keys(name.suggestion.text, words))
        ]
        rows.sort()
        self._keys = [key for key, _, _ in rows]
        self._numbers = np.array([number for _, _, number in rows], np.int32)
        merit = [(place > 0, *_merit(names[number])) for _, place, number in rows]
        order = sorted(range(len(rows)), key=merit.__getitem__)
        self._ranks = np.empty(len(rows), np.int32)
        self._ranks[order] = np.arange(len(rows), dtype=np.int32)

    def beginning(self, prefix: str) -> Sequence[int]:
        """The numbers of the names with a key that begins so, best first."""
        first = bisect_left(self._keys, prefix)
        last = bisect_left(self._keys, prefix + _LAST)
        found: list[int] = self._numbers[first:last][np.argsort(self._ranks[first:last])].tolist()
        return found


def _merit(name: _Name) -> tuple[int, int, int, str]:
    """What comes first: principles and titles, then frequent and short names."""
    text = name.suggestion.text
    return name.place, -name.frequency, len(text), text


class Completer:
    """The names of an index and a vocabulary, ready to be completed."""

    def __init__(self, engine: Engine, vocabulary: Vocabulary, count: Callable[[str], int]) -> None:
        """Gather the names; takes about a second (most of it is finding frequent phrases).

        `count` says of a known word how many passages hold it.
        """
        words = cache(_words)  # of each name four times; what is remembered goes with this function
        self._names = [*_titles(engine), *_labels(vocabulary, count, words), *_phrases(engine)]
        self._spelt = _Table(self._names, _spellings, words)
        self._sounding = _Table(self._names, _pinyin, words)
        self._romanised = _Table(self._names, _roman, words)

    def complete(self, text: str, language: str | None, limit: int) -> tuple[Suggestion, ...]:
        """At most `limit` names that begin with a text, or have a word that does, in one language or any."""
        if len(text) > LONGEST or limit < 1:
            return ()
        found: dict[str, Suggestion] = {}
        for numbers in self._ways(text):
            for number in numbers:
                suggestion = self._names[number].suggestion
                if language in (None, suggestion.language):
                    found.setdefault(_key(suggestion.text), suggestion)
                    if len(found) >= limit:
                        return tuple(found.values())
        return tuple(found.values())

    def _ways(self, text: str) -> Iterator[Sequence[int]]:
        """The names by each way to read what was typed, as long as more are asked for."""
        typed = _typed(text)
        if typed:
            yield self._spelt.beginning(typed)
        letters = re.sub(r"[\s'’]", "", fold(text).text)
        if len(letters) < 2:
            return
        if letters.isascii() and _may_be_pinyin(letters):
            yield self._sounding.beginning(letters)
        if other := _typed(in_other_layout(text)):
            yield self._spelt.beginning(other)
        if letters.isascii() and letters.isalpha():
            yield self._romanised.beginning(skeleton(letters))


# The kinds of names in the order of preference; alternative labels come after the preferred ones.
_PRINCIPLE, _TITLE, _OTHER_PRINCIPLE, _TERM, _OTHER_TERM, _PHRASE = range(6)


def _titles(engine: Engine) -> Iterator[_Name]:
    for article in engine.articles():
        yield _Name(Suggestion(article.title, SuggestionKind.TITLE, article.language, article.id), _TITLE)


def _labels(vocabulary: Vocabulary, count: Callable[[str], int], words: _Divide) -> Iterator[_Name]:
    """The labels of principles and terms; a label is as frequent as its rarest word."""
    for principle in vocabulary.tagging():
        for language, label, place in _labels_of(principle, _PRINCIPLE, _OTHER_PRINCIPLE):
            suggestion = Suggestion(label, SuggestionKind.PRINCIPLE, language, principle.id)
            yield _Name(suggestion, place, _frequency(words(label), count))
    for term in vocabulary.terms.values():
        for language, label, place in _labels_of(term, _TERM, _OTHER_TERM):
            suggestion = Suggestion(label, SuggestionKind.TERM, language)
            yield _Name(suggestion, place, _frequency(words(label), count))


def _labels_of(concept: Principle, preferred: int, other: int) -> Iterator[tuple[str, str, int]]:
    for language in LANGUAGES:
        if language in concept.pref_labels:
            yield language, concept.pref_labels[language], preferred
        for label in concept.alt_labels.get(language, ()):
            yield language, label, other


def _frequency(words: Iterable[str], count: Callable[[str], int]) -> int:
    return min(map(count, words), default=0)


def _phrases(engine: Engine) -> Iterator[_Name]:
    for phrase in frequent_phrases(engine):
        yield _Name(Suggestion(phrase.text, SuggestionKind.PHRASE, phrase.language), _PHRASE, phrase.count)


# --- How names are spelt -------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """The folded words of a text, Chinese ones as jieba divides them."""
    return [
        word
        for run in scripts(fold(text).text)
        for word in (segment(run.group()) if run.lastgroup == "han" else (run.group(),))
    ]


def _joined(words: Sequence[str]) -> str:
    """Words with a space between them, but none between Chinese ones."""
    joined = ""
    for word in words:
        joined += word if not joined or (is_han(joined[-1]) and is_han(word)) else f" {word}"
    return joined


def _key(text: str) -> str:
    return _joined(_words(text))


def _typed(text: str) -> str:
    """The key of a text being typed: after a space its last word is complete."""
    key = _joined([run.group() for run in scripts(fold(text).text)])
    return key + " " if key and text[-1].isspace() and not is_han(key[-1]) else key


def _spellings(text: str, divide: _Divide) -> Iterator[str]:
    words = divide(text)
    for place in range(len(words)):
        yield _joined(words[place:])


def _pinyin(text: str, divide: _Divide) -> Iterator[str]:
    """The pinyin from each word on, by each character's likeliest reading: fuwubiaozhun, biaozhun."""
    words = divide(text)
    if any(is_han(word) for word in words):
        spelt = ["".join((readings(letter) or ("",))[0] for letter in word) for word in words]
        for place, word in enumerate(words):
            if is_han(word):
                yield "".join(spelt[place:])


def _roman(text: str, divide: _Divide) -> Iterator[str]:
    """The skeleton of the Latin spelling from each word on, for Russian."""
    if detect(text) == "ru":
        words = divide(text)
        for place in range(len(words)):
            yield "".join(skeleton(romanise(word)) for word in words[place:])


def _may_be_pinyin(letters: str) -> bool:
    """Whether letters are syllables, the last one perhaps unfinished: fuwu, fuw, zh."""
    return any(is_pinyin(letters[: len(letters) - cut]) for cut in range(min(4, len(letters))))
