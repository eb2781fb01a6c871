"""Where labels stand in a text, in one pass whose cost does not grow with the number of labels.

Labels are compared inflection aside: by any lemma of a Russian form, by what an English form may be
inflected from, and by Han characters one by one, so that a different segmentation hides nothing.
English stems would be too coarse: custom is the stem of customer and of customisation. A label may
leave a gap: «поставить себя … на место» allows up to three words where the ellipsis stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product
from typing import Generic, TypeVar

from kb.languages import LANGUAGES, fold, language, scripts, words
from kb.models import Span, TermKind, Token

# How many words may stand where a label has an ellipsis.
GAP = 3
# A Han label this long is accepted anywhere; a shorter one only between words (会员 is not in 社会员工).
LONG_HAN_LABEL = 3
# A label with several ambiguous words would otherwise be compiled in every combination.
_MOST_READINGS = 32

_ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)\s*")
_COMMA = re.compile(r"[,，]\s*")
# English inflection, without a dictionary: an ending, and what may have stood in its place.
_ENGLISH_ENDINGS = (
    ("s", ("",)),  # promises -> promise
    ("es", ("",)),  # wishes -> wish
    ("ies", ("y",)),  # queries -> query
    ("ed", ("", "e")),  # listened -> listen, promised -> promise
    ("ied", ("y",)),  # tried -> try
    ("ing", ("", "e")),  # listening -> listen, caring -> care
)
_SHORTEST_STEM = 2
_DOUBLING = ("ed", "ing")
# Such a stem would have doubled its last letter: car -> carring.
_SHORT_SYLLABLE = re.compile(r"[^aeiouy]*[aeiouy][^aeiouywx]")

# What ends a sentence or a cell, and what only ends a phrase.
_STOP = re.compile(r"[.!?…;:。！？；：\n|]")
_PAUSE = re.compile(r"[,，、()（）]|\s[-–—]\s|——")

# The tokens that labels are compared with; a word's form stands behind what it may stand for.
_COMPARED = frozenset((TermKind.WORD, TermKind.FORM, TermKind.CHAR))
_AFTER_LATIN = "\u0250"

Meaning = TypeVar("Meaning")


@dataclass(slots=True)
class Unit:
    """A word, or one Han character, as it is compared.

    `readings` are the lemmas or stems it may stand for. `position` counts words; `opens` and
    `closes` tell whether a word begins and ends here. `apart` is what stands before it: 0 nothing
    that matters, 1 a comma or a dash, 2 the end of a sentence.
    """

    readings: tuple[str, ...]
    start: int
    end: int
    position: int
    opens: bool = True
    closes: bool = True
    apart: int = 0
    han: bool = False


@dataclass(frozen=True, slots=True)
class Match(Generic[Meaning]):
    """A label found: what it means, where it stands, and the units it is made of."""

    meaning: Meaning
    span: Span
    units: frozenset[int]


def units_of(text: str, tokens: Sequence[Token] | None = None) -> list[Unit]:
    """The units of a text in reading order; `tokens` are its `kb.languages.words`, if at hand."""
    units: list[Unit] = []
    for stack in _stacks(words(text) if tokens is None else tokens):
        units.extend(_units(stack))
    end = 0
    for unit in units:
        if unit.start != end:
            unit.apart = _apart(text[end : unit.start])
        end = unit.end
    return units


def _stacks(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """The words, forms and characters of a text, those of one position together."""
    stack: list[Token] = []
    position = -1
    for token in tokens:
        if token.kind not in _COMPARED:
            continue
        if token.position != position:
            if stack:
                yield stack
            stack = []
            position = token.position
        stack.append(token)
    if stack:
        yield stack


def _units(stack: Sequence[Token]) -> Iterator[Unit]:
    """The unit of one word, or the units of the characters of a Han word."""
    first, last = stack[0], stack[-1]
    if last.kind is not TermKind.CHAR:
        readings = uninflected(last.term) if last.term < _AFTER_LATIN else _terms(stack)
        yield Unit(readings, first.start, first.end, first.position)
        return
    opening = {word.start for word in stack if word.kind is TermKind.WORD}
    closing = {word.end for word in stack if word.kind is TermKind.WORD}
    for token in stack:
        if token.kind is TermKind.CHAR:
            start, end = token.start, token.end
            yield Unit((token.term,), start, end, token.position, start in opening, end in closing, han=True)


def _terms(stack: Sequence[Token]) -> tuple[str, ...]:
    return tuple([token.term for token in stack if token.kind is TermKind.WORD])


@lru_cache(maxsize=4096)
def _apart(between: str) -> int:
    if _STOP.search(between):
        return 2
    return 1 if _PAUSE.search(between) else 0


@dataclass(slots=True)
class _Node(Generic[Meaning]):
    """A place in the tree of all labels: what may come next, and the labels that end here."""

    next: dict[str, _Node[Meaning]] = field(default_factory=dict)
    ends: list[_Label[Meaning]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Label(Generic[Meaning]):
    """A label whose first piece stands in the tree; `rest` are the pieces after its gaps."""

    meaning: Meaning
    rest: tuple[tuple[int, tuple[frozenset[str], ...]], ...] = ()


class Matcher(Generic[Meaning]):
    """Finds every label in a text, overlapping ones too."""

    def __init__(self, labels: Iterable[tuple[str, Meaning]]) -> None:
        """Compile pairs of a label and what finding it means. A label without words is passed over."""
        self._root: _Node[Meaning] = _Node()
        for text, meaning in labels:
            self._add(text, meaning)

    def _add(self, text: str, meaning: Meaning) -> None:
        pieces = _pieces(text)
        if not pieces:
            return
        label = _Label(meaning, tuple((gap, tuple(map(frozenset, piece))) for gap, piece in pieces[1:]))
        for reading in _readings(pieces[0][1]):
            node = self._root
            for word in reading:
                node = node.next.setdefault(word, _Node())
            node.ends.append(label)

    def matches(self, units: Sequence[Unit]) -> Iterator[Match[Meaning]]:
        """Every occurrence of every label, in the order of their ends."""
        root = self._root.next
        under_way: list[tuple[int, _Node[Meaning]]] = []
        for at, unit in enumerate(units):
            started = under_way if not unit.apart else []
            under_way = []
            for reading in unit.readings:
                if node := root.get(reading):
                    under_way.append((at, node))
                for first, place in started:
                    if node := place.next.get(reading):
                        under_way.append((first, node))
            for first, node in under_way:
                for label in node.ends:
                    yield from _complete(label, units, first, at)


def _complete(
    label: _Label[Meaning], units: Sequence[Unit], first: int, last: int
) -> Iterator[Match[Meaning]]:
    """The match whose first piece is `units[first : last + 1]`, if the rest of the label follows."""
    if not _stands_alone(units, first, last):
        return
    used = list(range(first, last + 1))
    for gap, piece in label.rest:
        found = _follows(piece, units, used[-1], gap)
        if found is None:
            return
        used.extend(range(found, found + len(piece)))
    yield Match(label.meaning, (units[first].start, units[used[-1]].end), frozenset(used))


def _follows(piece: tuple[frozenset[str], ...], units: Sequence[Unit], after: int, gap: int) -> int | None:
    """Where a piece stands after at most `gap` words of the same sentence."""
    for at in range(after + 1, len(units) - len(piece) + 1):
        if units[at].apart > 1 or units[at].position > units[after].position + gap + 1:
            return None
        window = units[at : at + len(piece)]
        if any(unit.apart for unit in window[1:]):
            continue
        fits = all(not words.isdisjoint(unit.readings) for words, unit in zip(piece, window, strict=True))
        if fits and _stands_alone(units, at, at + len(piece) - 1):
            return at
    return None


def _stands_alone(units: Sequence[Unit], first: int, last: int) -> bool:
    """Whether a Han sequence is not a chance one across two words."""
    if not units[first].han and not units[last].han:
        return True
    if last - first + 1 >= LONG_HAN_LABEL:
        return True
    return units[first].opens and units[last].closes


# --- Labels --------------------------------------------------------------------------------------


def _pieces(label: str) -> list[tuple[int, list[tuple[str, ...]]]]:
    """The readings of a label's words, piece by piece, each piece with the words its gap allows."""
    pieces: list[tuple[int, list[tuple[str, ...]]]] = []
    for number, part in enumerate(_ELLIPSIS.split(label)):
        for place, phrase in enumerate(_COMMA.split(part)):
            words = list(label_words(phrase))
            if words:
                pieces.append((GAP if number and not place else 0, words))
    return pieces


def label_words(label: str) -> Iterator[tuple[str, ...]]:
    """The readings of each word of a label, and of each Han character.

    A label stands in dictionary form, so a Russian word that is a lemma of itself means just that one.
    """
    for run in scripts(fold(label).text):
        word = run.group()
        if run.lastgroup == "han":
            yield from ((character,) for character in word)
        elif run.lastgroup == "latin":
            yield uninflected(word)
        else:
            lemmas = _lemmas(word, run.lastgroup or "")
            yield (word,) if word in lemmas else lemmas


@lru_cache(maxsize=10_000)
def _lemmas(word: str, script: str) -> tuple[str, ...]:
    """What a word may stand for in any language of its script."""
    readers = [reader for reader in map(language, LANGUAGES) if reader.script == script]
    tokens = [token for reader in readers for token in reader.analyse(word, 0, 0)]
    return tuple(dict.fromkeys(token.term for token in tokens if token.kind is TermKind.WORD))


@lru_cache(maxsize=10_000)
def uninflected(word: str) -> tuple[str, ...]:
    """What an English word may be an inflection of, itself first: tried -> tried, tri, trie, try."""
    found = [word]
    for ending, replacements in _ENGLISH_ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST_STEM:
            continue
        if ending in _DOUBLING:
            if stem[-1] == stem[-2]:
                found.append(stem[:-1])  # planned -> plan
            if _SHORT_SYLLABLE.fullmatch(stem):
                found.append(stem + "e")  # caring -> care, not car
                continue
        found.extend(stem + replacement for replacement in replacements)
    return tuple(dict.fromkeys(found))


def _readings(words: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    return islice(product(*words), _MOST_READINGS)
