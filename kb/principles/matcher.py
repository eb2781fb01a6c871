"""Where labels stand in a text, in one pass whose cost does not grow with the number of labels.

The text is read as `kb.principles.labels` reads the labels; a tree of all labels is walked along it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product
from typing import Generic, TypeVar

import msgspec

from kb.languages import bases, words
from kb.models import Span, TermKind, Token
from kb.principles.labels import Piece, Readings

# A Han label this long is accepted anywhere; a shorter one only between words (会员 is not in 社会员工).
_LONG_HAN_LABEL = 3
# A label with several ambiguous words would otherwise be compiled in every combination.
_MOST_READINGS = 32

# What ends a sentence or a cell, and what only ends a phrase.
_STOP = re.compile(r"[.!?…;:。！？；：\n|]")
_PAUSE = re.compile(r"[,，、()（）]|\s[-–—]\s|——")

# The tokens that labels are compared with; `words` puts a word's form behind its lemmas or stem.
_COMPARED = frozenset((TermKind.WORD, TermKind.FORM, TermKind.CHAR))
# Latin letters and digits come before this character.
_AFTER_LATIN = "\u0250"

Meaning = TypeVar("Meaning")


class Unit(msgspec.Struct, gc=False):
    """A word, or one Han character, as it is compared.

    `readings` are what it may be read as. `position` counts words; `opens` and `closes` tell whether a
    word begins and ends here. `apart` is what stands before it: 0 nothing that matters, 1 a comma or a
    dash, 2 the end of a sentence. `han` tells that it is a character.
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
        readings = bases(last.term, "latin") if last.term < _AFTER_LATIN else _terms(stack)
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
    rest: Sequence[Piece] = ()


class Matcher(Generic[Meaning]):
    """Finds every label in a text, overlapping ones too. It may be shared by threads.

    The tree below a first word is made when a text has that word: a query needs only few of them.
    """

    def __init__(self, labels: Iterable[tuple[Sequence[Piece], Meaning]]) -> None:
        """Take pairs of a label's pieces and what finding it means."""
        self._labels: dict[str, list[tuple[Sequence[Piece], Meaning]]] = {}
        for pieces, meaning in labels:
            if pieces:
                for word in pieces[0][1][0]:
                    self._labels.setdefault(word, []).append((pieces, meaning))
        self._trees: dict[str, _Node[Meaning]] = {}

    def _tree(self, word: str) -> _Node[Meaning] | None:
        """The tree of the labels that begin with a word."""
        tree = self._trees.get(word)
        if tree is None and (labels := self._labels.get(word)):
            tree = _Node()
            for pieces, meaning in labels:
                _add(tree, word, pieces, meaning)
            self._trees[word] = tree
        return tree

    def matches(self, units: Sequence[Unit]) -> Iterator[Match[Meaning]]:
        """Every occurrence of every label, in the order of their ends."""
        under_way: list[tuple[int, _Node[Meaning]]] = []
        for at, unit in enumerate(units):
            started = under_way if not unit.apart else []
            under_way = []
            for reading in unit.readings:
                if node := self._tree(reading):
                    under_way.append((at, node))
                for first, place in started:
                    if node := place.next.get(reading):
                        under_way.append((first, node))
            for first, node in under_way:
                for label in node.ends:
                    if match := _complete(label, units, first, at):
                        yield match


def _add(tree: _Node[Meaning], word: str, pieces: Sequence[Piece], meaning: Meaning) -> None:
    """Add the readings of a label that begin with a word to the tree of that word."""
    (_, first), *rest = pieces
    label = _Label(meaning, rest)
    for begins, *reading in islice(product(*first), _MOST_READINGS):
        if begins == word:
            node = tree
            for following in reading:
                node = node.next.setdefault(following, _Node())
            node.ends.append(label)


def _complete(label: _Label[Meaning], units: Sequence[Unit], first: int, last: int) -> Match[Meaning] | None:
    """The match whose first piece is `units[first : last + 1]`, if the rest of the label follows."""
    if not _stands_alone(units, first, last):
        return None
    used = list(range(first, last + 1))
    for gap, piece in label.rest:
        found = _follows(piece, units, used[-1], gap)
        if found is None:
            return None
        used.extend(range(found, found + len(piece)))
    return Match(label.meaning, (units[first].start, units[used[-1]].end), frozenset(used))


def _follows(piece: Sequence[Readings], units: Sequence[Unit], after: int, gap: int) -> int | None:
    """Where a piece stands after at most `gap` words of the same sentence."""
    for at in range(after + 1, len(units) - len(piece) + 1):
        if units[at].apart > 1 or units[at].position > units[after].position + gap + 1:
            return None
        if _stands(piece, units, at) and _stands_alone(units, at, at + len(piece) - 1):
            return at
    return None


def _stands(piece: Sequence[Readings], units: Sequence[Unit], at: int) -> bool:
    """Whether the words of a piece stand side by side from a unit on."""
    for number, word in enumerate(piece):
        unit = units[at + number]
        if (number and unit.apart) or not any(reading in word for reading in unit.readings):
            return False
    return True


def _stands_alone(units: Sequence[Unit], first: int, last: int) -> bool:
    """Whether a Han sequence is not a chance one across two words."""
    if not units[first].han and not units[last].han:
        return True
    if last - first + 1 >= _LONG_HAN_LABEL:
        return True
    return units[first].opens and units[last].closes
