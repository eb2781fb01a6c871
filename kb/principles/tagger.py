"""Which principles a passage speaks of, with the evidence that says so.

Each piece of evidence is a witness with a weight (`WEIGHTS`), and witnesses add up as independent
chances do: 1 − (1 − a)(1 − b)…. A principle is tagged from `TAGGED_FROM` on, if the passage's own
text or a heading right above it speaks of it. So a name or a turn of phrase tags alone, and so do
the two nearest headings; weak evidence needs a second witness: another weak label, a heading
further up, the article's title, or its front matter.

    tagger = Tagger(Vocabulary.load())
    tagged = tagger.tag(article, passages)      # the passages with their tags
    tagger.explain(article, passages)           # why, and what was weighed and dropped
    tagger.mentions("обучение персонала")       # what a query names
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from kb.models import Article, Passage, Span, Tag, Token
from kb.principles.mentions import Mention, Recogniser, Strength
from kb.principles.surroundings import denied, is_contact, listed
from kb.principles.vocabulary import Vocabulary


class Witness(StrEnum):
    """What a piece of evidence is."""

    NAME = "name"  # the text names the principle
    PHRASE = "phrase"  # the text has a turn of phrase, or a trade term, that gives it away
    HEADING = "heading"  # the heading right above names it
    PARENT = "parent"  # the heading above that one names it
    WEAK = "weak"  # the text has a word that supports it
    DENIED = "denied"  # the text names it on the denied side of a contrast
    LISTED = "listed"  # the text names it in a list of everything at once
    ABOVE = "above"  # a heading further up names it, or a near one among many principles
    TITLE = "title"  # the article's title names it
    STATED = "stated"  # the article's front matter states it


WEIGHTS: dict[Witness, float] = {
    Witness.NAME: 0.9,
    Witness.PHRASE: 0.8,
    Witness.HEADING: 0.6,
    Witness.PARENT: 0.5,
    Witness.WEAK: 0.3,
    Witness.DENIED: 0.3,
    Witness.LISTED: 0.3,
    Witness.ABOVE: 0.3,
    Witness.TITLE: 0.3,
    Witness.STATED: 0.3,
}

# Two weak witnesses make a tag: 1 − 0.7 × 0.7 = 0.51.
TAGGED_FROM = 0.5
# A heading about more principles than this lends none of them more than support.
_HEADING_PRINCIPLES = 2

_IN_TEXT = {Witness.NAME, Witness.PHRASE, Witness.WEAK, Witness.DENIED, Witness.LISTED}
_TAGS_ALONE = {*_IN_TEXT, Witness.HEADING, Witness.PARENT}
# These give once, however many labels there are.
_GIVE_ONCE = {Witness.DENIED, Witness.LISTED}
_OF_STRENGTH = {
    Strength.NAME: Witness.NAME,
    Strength.PHRASE: Witness.PHRASE,
    Strength.WEAK: Witness.WEAK,
}
_CLAUSE_END = re.compile(r"[:：?？!！()（）]|\s[—–-]\s|——")
_Names = tuple[tuple[str, str], ...]
_OF_DISTANCE = {0: Witness.HEADING, 1: Witness.PARENT}


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence for a principle: the label that was found, and what it gave.

    `span` is where it stands in the passage's text; headings, the title and front matter have none.
    `source` is the text, the heading or title it was found in. `gave` is 0 for evidence that
    repeats an earlier piece.
    """

    principle: str
    witness: Witness
    label: str
    source: str
    gave: float
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a principle in a passage: its weight, whether it is a tag, and why."""

    principle: str
    weight: float
    tagged: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A passage with its tags, and all that was weighed, the weightiest first."""

    passage: Passage
    verdicts: tuple[Verdict, ...]


class Tagger:
    """Tags passages with the principles of a vocabulary. It may be shared by threads."""

    def __init__(self, vocabulary: Vocabulary, cache: Path | None = None) -> None:
        """Compile the vocabulary's labels, which takes a second or two.

        With `cache`, a folder where it remembers what it looked up, a tenth of it the next time.
        """
        self._vocabulary = vocabulary
        self._recogniser = Recogniser(vocabulary, cache)
        self._by_term = _principles_by_term(vocabulary)
        self._subjects = lru_cache(maxsize=2048)(self._find_subjects)

    def mentions(self, text: str, tokens: Sequence[Token] | None = None) -> list[Mention]:
        """The principles and trade terms a text names, in reading order.

        `tokens` are those of `kb.languages.words(text)`, if at hand. A query that names nothing
        gives an empty list.
        """
        return self._recogniser.mentions(text, tokens)

    def tag(self, article: Article, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The passages of an article with their tags, each sorted by weight.

        Tags that people set (origin "review") are not this function's affair: it replaces what was there.
        """
        return tuple(explained.passage for explained in self.explain(article, passages))

    def for_article(self, article: Article) -> Callable[[Passage, Sequence[Mention]], Passage]:
        """What `tag` does for one passage at a time, given the mentions in its text."""
        theme = tuple(self._theme(article))
        return lambda passage, mentions: self._explain(passage, mentions, theme).passage

    def explain(self, article: Article, passages: Sequence[Passage]) -> tuple[Explanation, ...]:
        """What `tag` does, with the reasons."""
        theme = tuple(self._theme(article))
        return tuple(self._explain(passage, self.mentions(passage.text), theme) for passage in passages)

    def article_principles(self, article: Article) -> tuple[Tag, ...]:
        """The principles of an article as a whole: those it states, and those its title names."""
        tags: dict[str, Tag] = {}
        for reason in self._theme(article):
            weight, origin = (1.0, "stated") if reason.witness is Witness.STATED else (0.6, "heading")
            tags.setdefault(reason.principle, Tag(reason.principle, weight, origin=origin))
        return tuple(tags.values())

    # --- Gathering the evidence ------------------------------------------------------------------

    def _explain(self, passage: Passage, mentions: Sequence[Mention], theme: Sequence[Reason]) -> Explanation:
        headings = () if is_contact(passage.text) else passage.headings
        evidence = [*self._in_text(passage.text, mentions), *self._in_headings(headings), *theme]
        verdicts = _verdicts(evidence)
        tags = tuple(_tag(verdict) for verdict in verdicts if verdict.tagged)
        return Explanation(dataclasses.replace(passage, tags=tags), verdicts)

    def _in_text(self, text: str, named: Sequence[Mention]) -> Iterator[Reason]:
        """What the passage itself says."""
        mentions = list(self._of_principles(named))
        if not mentions:
            return
        refused, survey = denied(text), listed(mentions, text)
        for mention in mentions:
            witness = _OF_STRENGTH[mention.strength]
            if refused.hold(mention.span):
                witness = Witness.DENIED
            elif mention in survey:
                witness = Witness.LISTED
            source = text[slice(*mention.span)]
            yield Reason(mention.concept, witness, mention.label, source, WEIGHTS[witness], mention.span)

    def _in_headings(self, headings: Sequence[str]) -> Iterator[Reason]:
        """What the headings lend: the nearest most, those further up only support."""
        for distance, heading in enumerate(reversed(headings)):
            main, aside = self._subjects(heading)
            witness = _OF_DISTANCE.get(distance, Witness.ABOVE)
            for principle, label in main:
                yield Reason(principle, witness, label, heading, WEIGHTS[witness])
            for principle, label in aside:
                yield Reason(principle, Witness.ABOVE, label, heading, WEIGHTS[Witness.ABOVE])

    def _find_subjects(self, heading: str) -> tuple[_Names, _Names]:
        """What a heading is about, and what it only brings in.

        It is about the principles of its first clause that names any, unless they are many:
        «Культура обратной связи: слышать, а не просто слушать» is about feedback.
        """
        named = self._names(heading)
        clauses = (dict(self._names(clause)).keys() for clause in _CLAUSE_END.split(heading))
        first = next(filter(None, clauses), dict(named).keys())
        main = tuple(name for name in named if name[0] in first and len(first) <= _HEADING_PRINCIPLES)
        return main, tuple(name for name in named if name not in main)

    def _theme(self, article: Article) -> Iterator[Reason]:
        """What the article says of itself: its front matter and its title."""
        for stated in article.principles:
            for principle in self.meant(stated):
                yield Reason(principle, Witness.STATED, stated, stated, WEIGHTS[Witness.STATED])
        for principle, label in self._names(article.title):
            yield Reason(principle, Witness.TITLE, label, article.title, WEIGHTS[Witness.TITLE])

    def meant(self, stated: str) -> list[str]:
        """The principles that front matter means by an id or, just as well, by a label."""
        if stated in self._vocabulary.principles:
            return [stated]
        return [principle for principle, _ in self._names(stated)]

    def _names(self, text: str) -> _Names:
        """The principles that a heading or title names outright, with the label it does so by."""
        refused = denied(text)
        named: dict[str, str] = {}
        for mention in self._of_principles(self.mentions(text)):
            if mention.strength is not Strength.WEAK and not refused.hold(mention.span):
                named.setdefault(mention.concept, mention.label)
        return tuple(named.items())

    def _of_principles(self, mentions: Iterable[Mention]) -> Iterator[Mention]:
        """The mentions of principles; a trade term that is evidence for one becomes a turn of phrase."""
        for mention in mentions:
            if not mention.is_term:
                yield mention
            for principle, strength in self._by_term.get(mention.concept, ()) if mention.is_term else ():
                yield dataclasses.replace(mention, concept=principle, strength=strength, is_term=False)


def _principles_by_term(vocabulary: Vocabulary) -> dict[str, list[tuple[str, Strength]]]:
    """For each trade term's id, the principles it is evidence for, and how strong."""
    ids = {term.iri: term.id for term in vocabulary.terms.values()}
    found: defaultdict[str, list[tuple[str, Strength]]] = defaultdict(list)
    for principle in vocabulary.principles.values():
        for strength, iris in (
            (Strength.PHRASE, principle.evidence_terms),
            (Strength.WEAK, principle.weak_terms),
        ):
            for iri in iris:
                if iri in ids:
                    found[ids[iri]].append((principle.id, strength))
    return dict(found)


# --- Weighing it ---------------------------------------------------------------------------------


def _verdicts(evidence: Iterable[Reason]) -> tuple[Verdict, ...]:
    """The verdict on each principle that anything speaks for, the weightiest first."""
    by_principle: defaultdict[str, list[Reason]] = defaultdict(list)
    for reason in evidence:
        by_principle[reason.principle].append(reason)
    verdicts = [_verdict(principle, reasons) for principle, reasons in by_principle.items()]
    return tuple(sorted(verdicts, key=lambda verdict: (not verdict.tagged, -verdict.weight)))


def _verdict(principle: str, reasons: Sequence[Reason]) -> Verdict:
    weighed = _once_each(reasons)
    doubt = 1.0
    for reason in weighed:
        doubt *= 1 - reason.gave
    weight = round(1 - doubt, 2)
    spoken_of = any(reason.witness in _TAGS_ALONE for reason in weighed)
    return Verdict(principle, weight, spoken_of and weight >= TAGGED_FROM, weighed)


def _once_each(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The reasons, the strongest first, with those that only repeat a stronger one giving nothing.

    A label counts once, a place in the text counts once, and so do all headings of a kind, all
    denied mentions and all listed ones.
    """
    weighed: list[Reason] = []
    heard: set[str | int] = set()
    for reason in sorted(reasons, key=lambda reason: -reason.gave):
        voice = reason.witness if reason.span is None or reason.witness in _GIVE_ONCE else reason.label
        places = range(*reason.span) if reason.span else range(0)
        repeats = voice in heard or not heard.isdisjoint(places)
        heard.update((voice, *places))
        weighed.append(dataclasses.replace(reason, gave=0.0) if repeats else reason)
    return tuple(weighed)


def _tag(verdict: Verdict) -> Tag:
    """The tag a verdict comes to. Its origin is where its strongest evidence comes from."""
    strongest = verdict.reasons[0].witness
    origin = "text" if strongest in _IN_TEXT else "stated" if strongest is Witness.STATED else "heading"
    spans = sorted({reason.span for reason in verdict.reasons if reason.span})
    return Tag(verdict.principle, verdict.weight, tuple(spans), origin)
