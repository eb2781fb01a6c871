"""A request → results: understand it, ask the engine, mark what was found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from kb import languages, query, snippets
from kb.concepts import Concepts
from kb.engines import Engine, EngineHit, EngineHits
from kb.models import (
    Article,
    Bridge,
    Facet,
    FoundArticle,
    FoundPassage,
    Hit,
    Interpretation,
    Passage,
    Principle,
    PrincipleTag,
    Query,
    QueryTerm,
    Repair,
    SearchRequest,
    SearchResults,
    TermKind,
)
from kb.principles import Tagger, Vocabulary
from kb.suggestions import Suggestions, unquoted

# Characters of a passage that are searched for what is similar to it.
_MOST_OF_PASSAGE = 600

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """How long each phase of a search took ("understand", "find", "mark"), how many hits it has, and the
    passages of those on its page as they stand in their articles, with their blocks."""

    seconds: Mapping[str, float]
    total: int
    passages: tuple[Passage, ...]


class _Phases:
    """Measures the phases of a search; one that comes again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, phase: str, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work of a phase."""
        started = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - started


class Searcher:
    """Searches one index. Safe from several threads."""

    def __init__(
        self,
        engine: Engine,
        vocabulary: Vocabulary,
        tagger: Tagger,
        concepts: Concepts,
        suggestions: Suggestions,
    ) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._tagger = tagger
        self._concepts = concepts
        self._suggestions = suggestions

    def search(self, request: SearchRequest) -> tuple[SearchResults, SearchTrace]:
        """What answers a request, and how it came about. Raises `InvalidRequest`."""
        phases = _Phases()
        asked, bridges = phases.time("understand", self.understand, request)
        found = phases.time("find", self._engine.search, asked, request.explain)
        typed = None
        if request.correct and (repaired := phases.time("understand", self._repaired, request, found.total)):
            typed, request = request.text, repaired
            asked, bridges = phases.time("understand", self.understand, request)
            found = phases.time("find", self._engine.search, asked, request.explain)
        hits, facets = phases.time("mark", self._marked, found, asked)
        interpreted = Interpretation(typed, _shown_terms(asked.terms), bridges)
        took = _milliseconds(sum(phases.seconds.values()))
        results = SearchResults(request.text, found.total, took, interpreted, hits, facets)
        passages = tuple(hit.passage for hit in found.hits)
        return results, SearchTrace(phases.seconds, found.total, passages)

    def understand(self, request: SearchRequest) -> tuple[Query, tuple[Bridge, ...]]:
        """A request as the engine takes it, and the concepts it also finds by other names.

        Raises `InvalidRequest`.
        """
        parsed = query.parse(request.text, self._principle_id)
        asked = query.prepare(request, parsed)
        bridging = request.bridge and parsed.is_open
        bridges = dict(self._concepts.bridges(parsed.plain, asked.languages)) if bridging else {}
        return replace(asked, terms=(*asked.terms, *bridges)), tuple(bridges.values())

    def similar(self, passage: Passage, language: str, limit: int) -> tuple[Hit, ...]:
        """The passages closest to one by words, principles and trade terms, itself left out."""
        words = query.terms(passage.text[:_MOST_OF_PASSAGE])
        concepts = tuple(self._concepts.terms_of(passage))
        hits = self._hits(Query((*concepts, *words), languages=(language,), limit=limit + 1))
        return tuple(hit for hit in hits if hit.passage.id != passage.id)[:limit]

    def naming(self, term: Principle, codes: Sequence[str], limit: int, offset: int) -> SearchResults:
        """The passages that name a trade term in some languages, or any, best first."""
        started = time.perf_counter()
        terms = (self._concepts.naming(term),)
        asked = Query(terms, languages=tuple(codes), limit=limit, offset=offset)
        found = self._engine.search(asked)
        hits, facets = self._marked(found, asked)
        took = _milliseconds(time.perf_counter() - started)
        return SearchResults("", found.total, took, Interpretation(), hits, facets)

    def counterparts(self, passage: Passage, codes: Iterable[str], limit: int) -> dict[str, tuple[Hit, ...]]:
        """For each of these languages, the passages closest to one by principles and trade terms; its
        own language, and one without any, is left out."""
        terms = tuple(self._concepts.terms_of(passage))
        if not any(term.matches for term in terms):
            return {}
        found = {
            code: self._hits(Query(terms, languages=(code,), limit=limit, collapse=True))
            for code in codes
            if code != passage.language
        }
        return {code: hits for code, hits in found.items() if hits}

    def best(self, principle_id: str, language: str, limit: int) -> Sequence[tuple[Passage, Article]]:
        """The passages in a language that speak most of a principle: the best of each article first."""
        found = self._engine.search(
            Query(languages=(language,), principles=(principle_id,), limit=query.MOST_HITS, collapse=True)
        )
        ranked = sorted(found.hits, key=lambda hit: _tag_strength(hit.passage, principle_id), reverse=True)
        taken: Counter[str] = Counter()
        turns = []
        for hit in ranked:
            turns.append((taken[hit.article.id], hit))
            taken[hit.article.id] += 1
        turns.sort(key=lambda turn: turn[0])
        return [(hit.passage, hit.article) for _, hit in turns[:limit]]

    def principle_tags(self, passage: Passage) -> tuple[PrincipleTag, ...]:
        """The tags of a passage with their labels in its language."""
        return tuple(
            PrincipleTag(
                tag.principle, self._label(tag.principle, passage.language), tag.weight, tag.evidence
            )
            for tag in passage.tags
        )

    def _hits(self, asked: Query) -> tuple[Hit, ...]:
        return tuple(self._hit(hit, asked) for hit in self._engine.search(asked).hits)

    def _marked(
        self, found: EngineHits, asked: Query
    ) -> tuple[tuple[Hit, ...], dict[str, tuple[Facet, ...]]]:
        return tuple(self._hit(hit, asked) for hit in found.hits), self._facets(found)

    def _facets(self, found: EngineHits) -> dict[str, tuple[Facet, ...]]:
        return {
            name: tuple(
                Facet(value, count, self._facet_label(name, value, found.titles))
                for value, count in counts.items()
            )
            for name, counts in found.facets.items()
        }

    def _repaired(self, request: SearchRequest, total: int) -> SearchRequest | None:
        """The request with its text as it was probably meant, if that finds more than `total`."""
        repair = self._suggestions.repair(request.text)
        if repair and self._finds_more(request, repair, total):
            return replace(request, text=repair.text)
        plain = None if total else unquoted(request.text)
        if plain and self._total(request, plain):
            return replace(request, text=plain)
        return None

    def _finds_more(self, request: SearchRequest, repair: Repair, total: int) -> bool:
        """Whether a repaired text, or its repaired words alone, find more than what was typed."""
        found = self._total(request, repair.text)
        if found > total or (repair.certain and not total):
            return True
        meant, typed = (" ".join(map(_exact, words)) for words in (repair.meant, repair.typed))
        return bool(found) and self._total(request, meant) > self._total(request, typed)

    def _total(self, request: SearchRequest, text: str) -> int:
        asked, _ = self.understand(replace(request, text=text, limit=0, offset=0))
        return self._engine.search(asked).total

    def _principle_id(self, name: str) -> str | None:
        """The id of the principle that has this id or is called so in any language, or None."""
        if name in self._vocabulary.principles:
            return name
        return next(
            (
                mention.concept
                for mention in self._tagger.mentions(name)
                if not mention.is_term and mention.span == (0, len(name))
            ),
            None,
        )

    def _hit(self, hit: EngineHit, asked: Query) -> Hit:
        text = hit.passage.text
        via = [
            mention.span
            for mention in (self._concepts.mentions(text) if hit.via else ())
            if mention.concept in hit.via
        ]
        marks = snippets.highlights(text, asked.terms, asked.clauses, via)
        return Hit(
            score=round(hit.score, 6),
            passage=self._found_passage(hit.passage),
            article=_found_article(hit.article),
            highlights=marks,
            extract=snippets.extract(text, marks),
            via=hit.via,
            more=hit.more,
            explanation=hit.explanation,
        )

    def _found_passage(self, passage: Passage) -> FoundPassage:
        return FoundPassage(
            id=passage.id,
            text=passage.text,
            language=passage.language,
            locale=passage.locale,
            headings=passage.headings,
            position=passage.position,
            principles=self.principle_tags(passage),
            trace=passage.trace,
        )

    def _facet_label(self, facet: str, value: str, titles: Mapping[str, str]) -> str:
        if facet == "principle" and value in self._vocabulary.principles:
            return self._vocabulary.principles[value].label("en")
        return titles.get(value, value) if facet == "article" else value

    def _label(self, principle_id: str, language: str) -> str:
        principle = self._vocabulary.principles.get(principle_id)
        return principle.label(language) if principle else principle_id


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _exact(word: str) -> str:
    """A Chinese word in quotes: its characters would be found one by one."""
    return f'"{word}"' if languages.detect(word) == "zh" else word


def _tag_strength(passage: Passage, principle_id: str) -> tuple[float, int]:
    """How much a passage speaks of a principle: the weight of its tag, then how often it does."""
    return max(
        ((tag.weight, len(tag.evidence)) for tag in passage.tags if tag.principle == principle_id),
        default=(0.0, 0),
    )


def _shown_terms(terms: Iterable[QueryTerm]) -> tuple[str, ...]:
    """The likeliest lemma of each word of a query, for people."""
    return tuple(dict.fromkeys(term.synonyms[0] for term in terms if term.kind is TermKind.WORD))


def _found_article(article: Article) -> FoundArticle:
    return FoundArticle(
        id=article.id,
        title=article.title,
        language=article.language,
        url=article.url,
        author=article.author,
        published=article.published,
    )
