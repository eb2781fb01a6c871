"""The bridge between languages and wordings: principles and trade terms as terms of index and query.

A passage is indexed by the concepts it names, each with the language of the label: empathy@zh. A
query that names empathy, in any words of any language, then also looks for empathy@ru, empathy@zh
and empathy@en: «эмпатия» finds 移情, and «сочувствие» too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from functools import cached_property, lru_cache

from kb.languages import LANGUAGES, analyse
from kb.models import Article, Bridge, Passage, Principle, QueryTerm, Tag, TermKind
from kb.principles import Mention, Strength, Tagger, Vocabulary
from kb.ranking import ASIDE, BRIDGE_WEIGHT, TAG_TIMES, IndexedText, index_text

# A trade term may be called like a principle.
_TERM = "term/"
# What a concept that a passage only names counts beside what it is about.
_NAMED = 0.3


class _Salience(IntEnum):
    """How much a query is about a concept: "complaint in the hotel" asks about complaints."""

    SCENE = 0  # a trade term that has to do with no principle: a place, a person
    HINT = 1  # a weak label of a principle: «стандарты»
    THEME = 2  # a principle by its name, or a trade term that has to do with one


class Concepts:
    """What texts and queries name. It may be shared by threads."""

    def __init__(self, vocabulary: Vocabulary, tagger: Tagger) -> None:
        self._vocabulary = vocabulary
        self._tagger = tagger
        # The same queries, headings and found passages come again and again.
        self._headings = lru_cache(maxsize=100)(lambda headings: self.indexed("\n".join(headings)))
        self._remembered = lru_cache(maxsize=2000)(lambda text: tuple(tagger.mentions(text)))

    def mentions(self, text: str) -> Sequence[Mention]:
        """The concepts a text names by more than a weak label, in reading order."""
        return [mention for mention in self._remembered(text) if mention.strength is not Strength.WEAK]

    # --- For the index ---

    def indexed(self, text: str) -> IndexedText:
        """The terms of a text, the concepts that it names among them."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[IndexedText, Sequence[Mention]]:
        """The terms of a text, the concepts that it names among them, and where it names them."""
        tokens = analyse(text)
        mentions = self._tagger.mentions(text, tokens)
        named = Counter(
            _key(mention.concept, mention.language, mention.is_term)
            for mention in mentions
            if mention.strength is not Strength.WEAK
        )
        return _with(index_text(tokens), named), mentions

    def indexed_headings(self, passage: Passage) -> IndexedText:
        """The terms of a passage's headings. What it is tagged with counts as if they named it."""
        tags = {_key(tag.principle, passage.language): _times(tag) for tag in passage.tags}
        return _with(self._headings(passage.headings), tags)

    def indexed_asked(self, passage: Passage) -> IndexedText:
        """The terms of what people ask for a passage; that names no concepts, or it would be a mention.

        Each question is read by itself: where one ends and the next begins, no words stand side by side.
        """
        terms: Counter[str] = Counter()
        words = 0
        for question in passage.asked:
            read = index_text(analyse(question))
            terms.update(read.terms)
            words += read.length
        return IndexedText(dict(terms), words)

    def indexed_title(self, article: Article) -> IndexedText:
        """The terms of an article's title. What it states to teach counts as if it named it."""
        found = self.indexed(article.title)
        taught = (tag.principle for tag in self._tagger.article_principles(article))
        keys = {_key(principle, article.language) for principle in taught}
        return _with(found, dict.fromkeys(keys - found.terms.keys(), 1))

    # --- For a query ---

    def bridges(self, text: str, only: Collection[str] = ()) -> Iterator[tuple[QueryTerm, Bridge]]:
        """For each concept a query names, the terms it has in all languages and what to tell of it.

        The scene of a query that has a theme finds nothing by itself; it only adds to scores. With
        `only`, the languages that can be found, nothing is told of others.
        """
        saliences = {mention: self._salience(mention) for mention in self._remembered(text)}
        theme = max(saliences.values(), default=_Salience.SCENE)
        told: dict[tuple[str, bool], tuple[QueryTerm, Bridge]] = {}
        for mention, salience in saliences.items():
            is_inside = any(_is_inside(mention, other) for other in saliences)
            if is_inside and (mention.is_term or salience is _Salience.HINT):
                continue  # 客户 in 客户忠诚度 says nothing more, nor does «программа» of loyalty
            concept = self._concept(mention)
            languages = [code for code in LANGUAGES if code in concept.pref_labels]
            term = QueryTerm(
                TermKind.CONCEPT,
                tuple(_term(concept.id, code, mention.is_term) for code in languages),
                weight=BRIDGE_WEIGHT * (ASIDE if is_inside or salience < theme else 1),
                matches=salience > _Salience.SCENE or theme is _Salience.SCENE,
                via=concept.id,
            )
            bridge = _bridge(concept, text[mention.start : mention.end], only)
            known = told.get((concept.id, mention.is_term))
            if bridge.to and (known is None or known[0].weight < term.weight):
                told[concept.id, mention.is_term] = term, bridge
        yield from told.values()

    def _salience(self, mention: Mention) -> _Salience:
        if mention.is_term:
            iri = self._vocabulary.terms[mention.concept].iri
            return _Salience.THEME if iri in self._thematic else _Salience.SCENE
        return _Salience.HINT if mention.strength is Strength.WEAK else _Salience.THEME

    @cached_property
    def _thematic(self) -> frozenset[str]:
        """The IRIs of the trade terms that have to do with a principle, whichever of the two says so."""
        principles = self._vocabulary.tagging()
        iris = {principle.iri for principle in principles}
        related = (term.iri for term in self._vocabulary.terms.values() if not iris.isdisjoint(term.matches))
        evidence = (iri for p in principles for iri in (*p.evidence_terms, *p.weak_terms))
        return frozenset((*related, *evidence))

    def _concept(self, mention: Mention) -> Principle:
        scheme = self._vocabulary.terms if mention.is_term else self._vocabulary.principles
        return scheme[mention.concept]

    def naming(self, term: Principle) -> QueryTerm:
        """What finds the passages that name a trade term, in any language."""
        names = tuple(_term(term.id, code, is_term=True) for code in LANGUAGES)
        return QueryTerm(TermKind.CONCEPT, names, via=term.id)

    # --- For a passage ---

    def terms_of(self, passage: Passage) -> Iterator[QueryTerm]:
        """What a passage is about, as terms of all languages: its tags and the concepts it names."""
        weights = {(tag.principle, False): tag.weight for tag in passage.tags}
        scene = set()
        for mention in self.mentions(passage.text):
            named = (mention.concept, mention.is_term)
            weights.setdefault(named, _NAMED)
            if self._salience(mention) is _Salience.SCENE:
                scene.add(named)
        for (concept, is_term), weight in weights.items():
            terms = tuple(_term(concept, code, is_term) for code in LANGUAGES)
            matches = (concept, is_term) not in scene
            yield QueryTerm(TermKind.CONCEPT, terms, weight, matches, via=concept)


def _bridge(concept: Principle, said: str, only: Collection[str]) -> Bridge:
    """What to tell of a concept that a query named as `said`: what it is called otherwise, in each
    language or `only` in some. Its `to` is empty when there is nothing to tell."""
    codes = [code for code in LANGUAGES if code in concept.pref_labels and (not only or code in only)]
    labels = {code: _other_labels(concept, code, said) for code in codes}
    return Bridge(concept.id, said, {code: found for code, found in labels.items() if found})


def _other_labels(concept: Principle, code: str, said: str) -> tuple[str, ...]:
    """What a concept is called in a language beside what a query said already."""
    labels = (concept.pref_labels[code], *concept.alt_labels.get(code, ()))
    return tuple(label for label in labels if label.casefold() != said.casefold())


def _term(concept: str, language: str, is_term: bool = False) -> str:
    """The term that stands for a concept's labels in a language: empathy@zh, term/nps@ru."""
    return f"{_TERM if is_term else ''}{concept}@{language}"


def _key(concept: str, language: str, is_term: bool = False) -> str:
    """The term of `_term` as it is indexed, with the letter of its kind: kempathy@zh."""
    return TermKind.CONCEPT + _term(concept, language, is_term)


def _with(text: IndexedText, concepts: Mapping[str, int]) -> IndexedText:
    """A text that holds concepts, so many times each, beside its terms; its length stays."""
    if not concepts:
        return text
    terms = dict(text.terms)
    for concept, times in concepts.items():
        terms[concept] = terms.get(concept, 0) + times
    return replace(text, terms=terms)


def _times(tag: Tag) -> int:
    """How often the headings count as naming what a passage is about: a doubtful tag says little.

    A name in the text (weight 0.9) gives 3, the heading alone (0.6) or with the title (0.72) 1.
    """
    return max(1, round(TAG_TIMES * tag.weight**4))


def _is_inside(mention: Mention, other: Mention) -> bool:
    """Whether a mention is part of the name of another concept: «лояльность» of «программа лояльности»."""
    within = other.start <= mention.start and mention.end <= other.end
    return within and other.span != mention.span
