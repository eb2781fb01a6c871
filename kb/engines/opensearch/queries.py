"""The ranking of `kb.ranking` as queries that the cluster evaluates, without loss.

A term's share of BM25 is w × tf / (tf + c), where w is the weight of the term and c depends on the
length of the text. Most terms stand in a text once, and what these give together is Σ w / (1 + c): the
cluster adds up weights, which it does fastest, and one Lucene expression divides the sum, with the exact
length of the text. Where a term stands more than once, an expression of its own adds the rest. All
figures of the collection come from the node, so that neither Lucene's lengths of one byte nor the idf of
single shards come in. Passages borrow from the documents of their section and article with `has_parent`.
What comes out differs from the embedded engine's only by float's seventh digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kb import ranking
from kb.engines.opensearch.cluster import Json
from kb.engines.opensearch.index import LONGEST_TERM, TIMES, Commit, often
from kb.models import Clause, Phrase, Prefix, Query, QueryTerm, Sort
from kb.phrases import phrase_terms
from kb.ranking import Field

_ONCE = "_score / (1 + k + n * doc['{length}'].value)"
_MORE = "w * (_score / (_score + k + n * doc['{length}'].value) - 1 / (1 + k + n * doc['{length}'].value))"
# Lucene takes at most 1024 clauses; some are needed for what finds the passages.
_MOST_CLAUSES = 800
_MOST_SYNONYMS = 100


class Held(NamedTuple):
    """How many places of a level hold a term, and how many hold it more than once."""

    places: int
    often: int


Holders = Callable[["Level", QueryTerm], Held]
"""How many places of a level hold a term."""


@dataclass(frozen=True, slots=True)
class Level:
    """A kind of text that terms are found in: of passages, or lent to them by sections or articles.

    `field` has its terms and `length` how many words it has; a commit has `words` of all such texts.
    `label` names it in explanations.
    """

    label: str
    place: str
    field: str
    length: str
    words: str
    of: Field
    lent: float = 1.0

    def count(self, commit: Commit) -> int:
        """How many such texts there are."""
        return {"passage": commit.passages, "section": commit.sections, "article": commit.articles}[
            self.place
        ]

    def average(self, commit: Commit) -> float:
        """Their average length in words."""
        words: int = getattr(commit, self.words)
        return words / max(self.count(commit), 1)


OWN = Level("text", "passage", "text", "text_length", "text_words", Field.TEXT)
SECTION = Level(
    "context", "section", "section_text", "text_length", "section_words", Field.TEXT, ranking.SECTION_WEIGHT
)
ARTICLE = Level(
    "context", "article", "article_text", "text_length", "article_words", Field.TEXT, ranking.ARTICLE_WEIGHT
)
HEADINGS = Level("headings", "passage", "headings", "heading_length", "heading_words", Field.HEADINGS)
TITLE = Level("title", "article", "title", "heading_length", "title_words", Field.TITLE)
LEVELS = (OWN, SECTION, ARTICLE, HEADINGS, TITLE)


# --- Which passages are hits ----------------------------------------------------------------------


def hits(terms: Sequence[QueryTerm]) -> Json:
    """The passages that are hits of some terms, as `kb.ranking` defines it."""
    sought = [term for term in terms if term.matches]
    found = [_any(field, sought) for field in (OWN.field, HEADINGS.field, "first_title")]
    words = [term for term in sought if ranking.counts_for_section(term)]
    if len(words) >= (quorum := ranking.section_quorum(len(words))):
        held = [holding(SECTION, term) for term in words]
        found.append(_lent("section", {"bool": {"should": held, "minimum_should_match": quorum}}))
    return _one_of(found)


def matching(
    terms: Sequence[QueryTerm],
    clauses: Sequence[Clause],
    holders: Mapping[Phrase | Prefix, Json],
) -> Json:
    """The passages that fulfil the clauses, or else hold a matching term; `holders` finds what a
    phrase or prefix stands in."""
    wanted = [
        _one_of([holders[one] for one in clause.alternatives]) for clause in clauses if not clause.negated
    ]
    unwanted = [holders[one] for clause in clauses if clause.negated for one in clause.alternatives]
    if terms and not wanted:
        wanted.append(hits(terms))
    return {"bool": {"filter": wanted, "must_not": unwanted}}


def holding(level: Level, term: QueryTerm) -> Json:
    """The places of a level that hold a term."""
    return _any(level.field, [term])


def holding_words(phrase: Phrase) -> Json:
    """The passages that hold all terms of a phrase."""
    return {"bool": {"filter": [holding(OWN, term) for term in phrase_terms(phrase)]}}


def numbered(numbers: Sequence[int]) -> Json:
    """The passages with some numbers."""
    return {"terms": {"number": numbers}}


def _any(field: str, terms: Iterable[QueryTerm]) -> Json:
    return {"terms": {field: [term for one in terms for term in spelled(one)]}}


def _one_of(queries: Sequence[Json]) -> Json:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _lent(parent: str, query: Json) -> Json:
    return {"has_parent": {"parent_type": parent, "query": query, "score": True}}


def spelled(term: QueryTerm) -> list[str]:
    """The terms as they are indexed; those that no text can hold are left out."""
    return [term.kind + synonym for synonym in term.synonyms if can_stand(synonym)]


def can_stand(value: str) -> bool:
    """Whether a value can be in the index at all: what was asked for may be no text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(value) < LONGEST_TERM and TIMES not in value


# --- How many hold them ----------------------------------------------------------------------------


def counting(term: QueryTerm, live: Json) -> Json:
    """A search that counts the places of each level that hold a term. One for all levels: searches cost
    more than what they count."""
    held = {level.field: holding(level, term) for level in LEVELS}
    aggregations = {
        level.field: {
            "filter": held[level.field],
            "aggs": {"often": {"filter": _any(often(level.field), [term])}},
        }
        for level in LEVELS
    }
    query = {"bool": {"filter": [live, _one_of([*held.values()])]}}
    return {"size": 0, "track_total_hits": False, "query": query, "aggs": aggregations}


def counted(answer: Json) -> dict[str, Held]:
    """What such a search has counted, by the field of the level."""
    found = answer["aggregations"]
    return {field: Held(one["doc_count"], one["often"]["doc_count"]) for field, one in found.items()}


# --- What they score ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What a term gives to the places of a level that hold it, which is less than `weight`.

    `held` scores the weight where it stands, and `often`, if there are such places, how often where it
    stands more than once. They take so many `clauses`.
    """

    weight: float
    held: Json
    often: Json | None
    clauses: int


def scores(terms: Sequence[QueryTerm], commit: Commit, holders: Holders) -> list[Json]:
    """Clauses that add up to the score of a passage. When a text of a hundred words and more has too
    many terms for Lucene, those are left out that could give least."""

    def given(*levels: Level) -> list[Json]:
        shares = ((level, share(level, term, commit, holders)) for level in levels for term in terms)
        return _heaviest(shares, commit)

    passage, section, article = given(OWN, HEADINGS), given(SECTION), given(ARTICLE, TITLE)
    if article:
        section.append(_lent("article", {"bool": {"should": article}}))
    return [*passage, _lent("section", {"bool": {"should": section}})] if section else passage


def weighed(ranked: Json, foreign: Sequence[str]) -> Json:
    """A query that ranks passages, those in a foreign language lower."""
    if not foreign:
        return ranked
    negative = _among("language", foreign)
    return {"boosting": {"positive": ranked, "negative": negative, "negative_boost": ranking.FOREIGN_WEIGHT}}


def _heaviest(given: Iterable[tuple[Level, Share | None]], commit: Commit) -> list[Json]:
    """Clauses for as many of the shares as Lucene takes, those that may give most first."""
    room = _MOST_CLAUSES
    kept: dict[Level, list[Share]] = {}
    found = ((level, one) for level, one in given if one)
    for level, one in sorted(found, key=lambda pair: -pair[1].weight):
        if (room := room - one.clauses) < 0:
            break
        kept.setdefault(level, []).append(one)
    return [query for level, shares in kept.items() for query in level_scores(level, shares, commit)]


def level_scores(level: Level, shares: Sequence[Share], commit: Commit) -> list[Json]:
    """Clauses that add up to the score of a text."""
    of_field = ranking.FIELD_WEIGHTS[level.of]
    length = {
        "k": ranking.K1 * (1 - of_field.b),
        "n": ranking.K1 * of_field.b / max(level.average(commit), 1e-9),
    }
    once = _expressed(_ONCE, level, {"bool": {"should": [one.held for one in shares]}}, length)
    more = [_expressed(_MORE, level, one.often, length | {"w": one.weight}) for one in shares if one.often]
    return [once, *more]


def _expressed(expression: str, level: Level, query: Json, params: Mapping[str, float]) -> Json:
    """A query whose score an expression makes of that of another."""
    script = {"lang": "expression", "source": expression.format(length=level.length), "params": params}
    return {"script_score": {"query": query, "script": script}}


def share(level: Level, term: QueryTerm, commit: Commit, holders: Holders) -> Share | None:
    """What a term gives to a level, None when nothing there holds it."""
    weight = (
        term.weight * ranking.KIND_WEIGHTS[term.kind] * ranking.FIELD_WEIGHTS[level.of].weight * level.lent
    )
    if level is OWN:
        weight *= ranking.own_weight(term.kind)
    if not weight or not (found := holders(level, term)).places:
        return None
    weight *= ranking.idf(level.count(commit), found.places)
    synonyms = spelled(term)
    # Of very many, as a prefix has, it only counts whether one is there.
    if len(synonyms) > _MOST_SYNONYMS:
        held: Json = {"constant_score": {"filter": holding(level, term), "boost": weight}}
        return Share(weight, held, None, 1)
    held = _highest([{"term": {level.field: {"value": one, "boost": weight}}} for one in synonyms])
    if not found.often:
        return Share(weight, held, None, len(synonyms))
    repeated = _highest([{"term": {often(level.field): one}} for one in synonyms])
    return Share(weight, held, repeated, 2 * len(synonyms))


def _highest(queries: Sequence[Json]) -> Json:
    """The highest score of several: synonyms share a frequency, that of the most frequent."""
    return queries[0] if len(queries) == 1 else {"dis_max": {"queries": queries}}


# --- Filters and order ----------------------------------------------------------------------------


def filters(query: Query, like: Sequence[int]) -> list[Json]:
    """Filters for what a query restricts; `like` are the numbers of the copies that it asks for."""
    found = [_among("principle", [principle]) for principle in query.principles]
    if query.languages:
        found.append(_among("language", query.languages))
    if query.articles:
        found.append(_among("article", query.articles))
    if query.dates:
        days = [
            {"range": {"published": {"gte": first.toordinal(), "lte": last.toordinal()}}}
            for first, last in query.dates
        ]
        found.append(_one_of(days))
    if query.like:
        found.append(numbered(like))
    return found


def _among(field: str, values: Sequence[str]) -> Json:
    return {"terms": {field: [value for value in values if can_stand(value)]}}


def order(sort: Sort) -> list[Json]:
    """Best or newest first; ties by article and position."""
    newest: list[Json] = [{"published": "desc"}] if sort is Sort.DATE else []
    return [*newest, {"_score": "desc"}, {"article": "asc"}, {"position": "asc"}]


def numbers(size: int) -> Json:
    """An aggregation that gives the numbers of all hits as bits, 64 in a word; `size` is that of the
    highest number and one."""
    return {
        "scripted_metric": {
            "params": {"words": (size + 63) // 64},
            "init_script": "state.bits = new long[(int) params.words]",
            "map_script": "int n = (int) doc['number'].value; state.bits[n >> 6] |= 1L << (n & 63)",
            "combine_script": "return state.bits",
            "reduce_script": (
                "long[] all = new long[(int) params.words];"
                " for (bits in states) { if (bits != null) {"
                " for (int i = 0; i < all.length; i++) { all[i] |= bits[i] } } }"
                " return all"
            ),
        }
    }
