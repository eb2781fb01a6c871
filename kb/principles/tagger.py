"""Which principles a passage speaks of, with the evidence that says so.

Each piece of evidence is a witness with a weight (`WEIGHTS`), and witnesses add up as independent
chances do: 1 − (1 − a)(1 − b)…. A principle is tagged from `TAGGED_FROM` on, if the passage's own
text or the heading right above it speaks of it. So a name or a turn of phrase tags alone, and so
does that heading; weak evidence needs a second witness: another weak label, a heading further up,
the article's title, or its front matter.

    tagger = Tagger(Vocabulary.load())
    tagged = tagger.tag(article, passages)      # the passages with their tags
    tagger.explain(article, passages)           # why, and what was weighed and dropped
    tagger.mentions("обучение персонала")       # what a query names
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from kb.models import Article, Passage, Span, Tag, Token
from kb.principles.mentions import Mention, Recogniser, Strength
from kb.principles.surroundings import denied, is_within, listed
from kb.principles.vocabulary import Vocabulary


class Witness(StrEnum):
    """What a piece of evidence is."""

    NAME = "name"  # the text names the principle
    PHRASE = "phrase"  # the text has a turn of phrase, or a trade term, that gives it away
    HEADING = "heading"  # the heading right above names it
    WEAK = "weak"  # the text has a word that supports it
    DENIED = "denied"  # the text names it on the denied side of a contrast
    LISTED = "listed"  # the text names it in a list of everything at once
    ABOVE = "above"  # a heading further up names it, or one of many principles in the heading
    TITLE = "title"  # the article's title names it
    STATED = "stated"  # the article's front matter states it


WEIGHTS: dict[Witness, float] = {
    Witness.NAME: 0.9,
    Witness.PHRASE: 0.8,
    Witness.HEADING: 0.6,
    Witness.WEAK: 0.3,
    Witness.DENIED: 0.3,
    Witness.LISTED: 0.3,
    Witness.ABOVE: 0.3,
    Witness.TITLE: 0.3,
    Witness.STATED: 0.3,
}

# Two weak witnesses make a tag: 1 − 0.7 × 0.7 = 0.51.
TAGGED_FROM = 0.5
# A heading with more principles than this lends to none of them more than support.
HEADING_PRINCIPLES = 2

_IN_TEXT = {Witness.NAME, Witness.PHRASE, Witness.WEAK, Witness.DENIED, Witness.LISTED}
_OF_STRENGTH = {
    Strength.NAME: Witness.NAME,
    Strength.PHRASE: Witness.PHRASE,
    Strength.WEAK: Witness.WEAK,
}


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

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Compile the vocabulary's labels (some ten milliseconds once the dictionaries are loaded)."""
        self._vocabulary = vocabulary
        self._recogniser = Recogniser(vocabulary)
        self._by_term = _principles_by_term(vocabulary)
        self._named_in = lru_cache(maxsize=2048)(self._names)

    def mentions(self, text: str, tokens: Sequence[Token] | None = None) -> list[Mention]:
        """The principles and trade terms a text names, in reading order.

        `tokens` are those of `kb.languages.analyse(text)`, if at hand. A query that names nothing
        gives an empty list.
        """
        return self._recogniser.mentions(text, tokens)

    def tag(
        self,
        article: Article,
        passages: Sequence[Passage],
        tokens: Sequence[Sequence[Token]] | None = None,
    ) -> tuple[Passage, ...]:
        """The passages of an article with their tags, each sorted by weight.

        `tokens` are those of each passage's text in the same order, if at hand. Tags that people
        set (origin "review") are not this function's affair: it replaces what was there.
        """
        return tuple(explained.passage for explained in self.explain(article, passages, tokens))

    def explain(
        self,
        article: Article,
        passages: Sequence[Passage],
        tokens: Sequence[Sequence[Token]] | None = None,
    ) -> tuple[Explanation, ...]:
        """What `tag` does, with the reasons."""
        theme = tuple(self._theme(article))
        analysed: Iterable[Sequence[Token] | None] = tokens or [None] * len(passages)
        return tuple(
            self._explain(passage, theme, found) for passage, found in zip(passages, analysed, strict=True)
        )

    def article_principles(self, article: Article) -> tuple[Tag, ...]:
        """The principles of an article as a whole: those it states, and those its title names."""
        tags: dict[str, Tag] = {}
        for reason in self._theme(article):
            weight, origin = (1.0, "stated") if reason.witness is Witness.STATED else (0.6, "heading")
            tags.setdefault(reason.principle, Tag(reason.principle, weight, origin=origin))
        return tuple(tags.values())

    # --- Gathering the evidence ------------------------------------------------------------------

    def _explain(
        self, passage: Passage, theme: Sequence[Reason], tokens: Sequence[Token] | None
    ) -> Explanation:
        evidence = [*self._in_text(passage.text, tokens), *self._in_headings(passage.headings), *theme]
        verdicts = _verdicts(evidence)
        tags = tuple(_tag(verdict) for verdict in verdicts if verdict.tagged)
        return Explanation(dataclasses.replace(passage, tags=tags), verdicts)

    def _in_text(self, text: str, tokens: Sequence[Token] | None) -> Iterator[Reason]:
        """What the passage itself says."""
        mentions = list(self._of_principles(self.mentions(text, tokens)))
        if not mentions:
            return
        refused = denied(text)
        survey = listed([mention for mention in mentions if mention.strength is not Strength.WEAK], text)
        for mention in mentions:
            witness = _OF_STRENGTH[mention.strength]
            if is_within(mention, refused):
                witness = Witness.DENIED
            elif mention in survey:
                witness = Witness.LISTED
            source = text[mention.start : mention.end]
            yield Reason(mention.concept, witness, mention.label, source, WEIGHTS[witness], mention.span)

    def _in_headings(self, headings: Sequence[str]) -> Iterator[Reason]:
        """What the headings lend: the nearest most, those above it only support."""
        for distance, heading in enumerate(reversed(headings)):
            named = self._named_in(heading)
            close = distance == 0 and len(named) <= HEADING_PRINCIPLES
            witness = Witness.HEADING if close else Witness.ABOVE
            for principle, label in named:
                yield Reason(principle, witness, label, heading, WEIGHTS[witness])

    def _theme(self, article: Article) -> Iterator[Reason]:
        """What the article says of itself: its front matter and its title."""
        for stated in article.principles:
            for principle in self._meant(stated):
                yield Reason(principle, Witness.STATED, stated, stated, WEIGHTS[Witness.STATED])
        for principle, label in self._named_in(article.title):
            yield Reason(principle, Witness.TITLE, label, article.title, WEIGHTS[Witness.TITLE])

    def _meant(self, stated: str) -> list[str]:
        """The principles that front matter means by an id or, just as well, by a label."""
        if stated in self._vocabulary.principles:
            return [stated]
        return [principle for principle, _ in self._named_in(stated)]

    def _names(self, text: str) -> tuple[tuple[str, str], ...]:
        """The principles that a heading or title names outright, with the label it does so by."""
        refused = denied(text)
        named: dict[str, str] = {}
        for mention in self._of_principles(self.mentions(text)):
            if mention.strength is not Strength.WEAK and not is_within(mention, refused):
                named.setdefault(mention.concept, mention.label)
        return tuple(named.items())

    def _of_principles(self, mentions: Iterable[Mention]) -> Iterator[Mention]:
        """The mentions of principles; a trade term that is evidence for one becomes a turn of phrase."""
        for mention in mentions:
            if not mention.term:
                yield mention
            for principle, strength in self._by_term.get(mention.concept, ()) if mention.term else ():
                yield dataclasses.replace(mention, concept=principle, strength=strength, term=False)


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
    spoken_of = any(reason.witness in _IN_TEXT or reason.witness is Witness.HEADING for reason in weighed)
    return Verdict(principle, weight, spoken_of and weight >= TAGGED_FROM, weighed)


def _once_each(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The reasons with repetitions giving nothing: a label counts once, and so do all denied or listed."""
    heard: set[tuple[Witness, str]] = set()
    weighed = []
    for reason in sorted(reasons, key=lambda reason: -reason.gave):
        key = (reason.witness, reason.label if reason.witness in (Witness.NAME, Witness.PHRASE, Witness.WEAK) else "")
        weighed.append(dataclasses.replace(reason, gave=0.0) if key in heard else reason)
        heard.add(key)
    return tuple(weighed)


def _tag(verdict: Verdict) -> Tag:
    """The tag a verdict comes to. Its origin is where its strongest evidence comes from."""
    strongest = verdict.reasons[0].witness
    origin = "text" if strongest in _IN_TEXT else "stated" if strongest is Witness.STATED else "heading"
    spans = sorted({reason.span for reason in verdict.reasons if reason.span and reason.witness is not Witness.DENIED})
    return Tag(verdict.principle, max(min(verdict.weight, 1.0), 0.01), tuple(spans), origin)
