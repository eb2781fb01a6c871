"""Which concepts of the vocabulary a text names, where, and how plainly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kb.languages import detect
from kb.models import Principle, Span, Token
from kb.principles.labels import read_labels
from kb.principles.matcher import Match, Matcher, units_of
from kb.principles.vocabulary import Vocabulary


class Strength(StrEnum):
    """How plainly a label speaks of its concept."""

    NAME = "name"  # a preferred or alternative label: «эмпатия»
    PHRASE = "phrase"  # a hidden label, a turn of phrase: «поставить себя на место»
    WEAK = "weak"  # a weak label: supports other evidence
    NOT = "not"  # a label that means something else; never in a Mention


_RANK = {Strength.NAME: 3, Strength.PHRASE: 2, Strength.WEAK: 1, Strength.NOT: 0}


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept named at `text[start:end]`.

    `label` is the vocabulary's wording and `language` its language; `is_term` tells a term of the
    trade from a principle, as the two may share an id.
    """

    concept: str
    language: str
    start: int
    end: int
    strength: Strength
    label: str
    is_term: bool = False

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end


class _Sense(NamedTuple):  # fourteen thousand are made at each start: a dataclass takes four times as long
    """What finding a label means."""

    concept: str
    language: str
    strength: Strength
    label: str
    is_term: bool


_Found = Match[_Sense]


class Recogniser:
    """Finds the concepts of a vocabulary in texts of any language or mixture of languages."""

    def __init__(self, vocabulary: Vocabulary, cache: Path | None = None) -> None:
        """Compile all labels, principles' and terms'; grouping concepts have none that count.

        `cache` is a folder to remember in what the labels' words may be read as.
        """
        senses = list(_senses(vocabulary))
        pieces = read_labels((sense.label for sense in senses), cache)
        self._matcher: Matcher[_Sense] = Matcher((pieces[sense.label], sense) for sense in senses)

    def mentions(self, text: str, tokens: Sequence[Token] | None = None) -> list[Mention]:
        """The concepts named in a text, in reading order; `tokens` spares a second analysis.

        A longer match beats shorter ones that it contains, and a not-label silences its concept.
        """
        found = sorted(self._matcher.matches(units_of(text, tokens)), key=lambda m: (m.span[0], -m.span[1]))
        return _once_each(_mention(match) for match in _unbeaten(found))


def _mention(match: _Found) -> Mention:
    sense = match.meaning
    return Mention(sense.concept, sense.language, *match.span, sense.strength, sense.label, sense.is_term)


def _once_each(mentions: Iterable[Mention]) -> list[Mention]:
    """One mention of a concept at a place: of labels that fit equally well, one in its own script.

    A foreign word may be a label in each language: «NPS» is told as English.
    """
    places: dict[tuple[str, bool, Span], Mention] = {}
    for mention in mentions:
        place = mention.concept, mention.is_term, mention.span
        known = places.setdefault(place, mention)
        if known is not mention and not _in_own_script(known) and _in_own_script(mention):
            places[place] = mention
    return list(places.values())


def _in_own_script(mention: Mention) -> bool:
    return mention.language == detect(mention.label)


# --- Which matches stand -------------------------------------------------------------------------


def _unbeaten(matches: Sequence[_Found]) -> Iterator[_Found]:
    """The matches that no other one beats; `matches` are sorted by where they start."""
    for together in _overlapping(matches):
        for match in together:
            if match.meaning.strength is not Strength.NOT and not any(_beats(o, match) for o in together):
                yield match


def _overlapping(matches: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Groups of matches that share words: only within a group can one beat another."""
    group: list[_Found] = []
    end = 0
    for match in matches:
        if group and match.span[0] >= end:
            yield group
            group = []
        group.append(match)
        end = max(end, match.span[1])
    if group:
        yield group


def _beats(rival: _Found, match: _Found) -> bool:
    ours, theirs = match.meaning, rival.meaning
    if ours.is_term != theirs.is_term:
        return False
    if theirs.strength is Strength.NOT:
        same = theirs.concept == ours.concept
        return same and not rival.units.isdisjoint(match.units) and not rival.units < match.units
    if rival.units == match.units and theirs.concept == ours.concept:
        return _RANK[theirs.strength] > _RANK[ours.strength]
    longer = rival.units > match.units
    return longer and not (theirs.strength is Strength.WEAK and ours.strength is not Strength.WEAK)


# --- What the labels mean ------------------------------------------------------------------------


def _senses(vocabulary: Vocabulary) -> Iterator[_Sense]:
    for principle in vocabulary.tagging():
        for label in _labels(principle):
            yield _Sense(principle.id, *label, is_term=False)
    for term in vocabulary.terms.values():
        for label in _labels(term):
            yield _Sense(term.id, *label, is_term=True)


def _labels(concept: Principle) -> Iterator[tuple[str, Strength, str]]:
    for language, label in concept.pref_labels.items():
        yield language, Strength.NAME, label
    for strength, by_language in (
        (Strength.NAME, concept.alt_labels),
        (Strength.PHRASE, concept.hidden_labels),
        (Strength.WEAK, concept.weak_labels),
        (Strength.NOT, concept.not_labels),
    ):
        for language, labels in by_language.items():
            yield from ((language, strength, label) for label in labels)
