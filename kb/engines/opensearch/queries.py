"""The ranking of `kb.ranking` as queries that the cluster evaluates, without loss.

A term query scores how often the term stands in a text (see `kb.engines.opensearch.index`). A Lucene
expression makes the term's share of BM25 of it, with the exact length of the text and with figures of
the whole collection that the node passes along, so that neither Lucene's lengths of one byte nor the
idf of single shards come in. Passages borrow from the documents of their section and article with
`has_parent`. What comes out differs from the embedded engine's only by float's seventh digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb import ranking
from kb.engines.opensearch.cluster import Json
from kb.engines.opensearch.index import LONGEST_TERM, TIMES, Commit
from kb.models import Clause, Phrase, Prefix, Query, QueryTerm, Sort, TermKind
from kb.phrases import phrase_terms
from kb.ranking import Field

_SHARE = "w * _score / (_score + k + n * doc['{words}'].value)"
# Lucene takes at most 1024 clauses; some are needed for what finds the passages.
_MOST_CLAUSES = 800
_MOST_SYNONYMS = 100

Holders = Callable[["Level", QueryTerm], int]
"""How many places of a level hold a term."""


@dataclass(frozen=True, slots=True)
class Level:
    """A kind of text that terms are found in: of passages, or lent to them by sections or articles.

    `field` has its terms, `words` its length, and `label` names it in explanations.
    """

    label: str
    place: str
    field: str
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


OWN = Level("text", "passage", "text", "text_words", Field.TEXT)
SECTION = Level("context", "section", "section_text", "section_words", Field.TEXT, ranking.SECTION_WEIGHT)
ARTICLE = Level("context", "article", "article_text", "article_words", Field.TEXT, ranking.ARTICLE_WEIGHT)
HEADINGS = Level("headings", "passage", "headings", "heading_words", Field.HEADINGS)
TITLE = Level("title", "article", "title", "title_words", Field.TITLE)
LEVELS = (OWN, SECTION, ARTICLE, HEADINGS, TITLE)


# --- Which passages are hits ----------------------------------------------------------------------


def hits(terms: Sequence[QueryTerm]) -> Json:
    """The passages that are hits of some terms, as `kb.ranking` defines it."""
    matching = [term for term in terms if term.matches]
    found = [_any(field, matching) for field in (OWN.field, HEADINGS.field, "first_title")]
    words = [term for term in matching if ranking.counts_for_section(term)]
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


# --- What they score ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What a term gives to the places of a level that hold it: `query` scores that, which is less than
    `most`. It takes so many `clauses`."""

    query: Json
    most: float
    clauses: int


def scores(terms: Sequence[QueryTerm], commit: Commit, holders: Holders) -> list[Json]:
    """Clauses that add up to the score of a passage. When a text of a hundred words and more has too
    many terms for Lucene, those are left out that could give least."""
    shares: dict[str, list[Share]] = {"passage": [], "section": [], "article": []}
    for term in terms:
        for level in LEVELS:
            if found := share(level, term, commit, holders):
                shares[level.place].append(found)
    passage, section, article = (_heaviest(shares[place]) for place in ("passage", "section", "article"))
    if article:
        section.append(_lent("article", {"bool": {"should": article}}))
    return [*passage, _lent("section", {"bool": {"should": section}})] if section else passage


def _heaviest(shares: Sequence[Share]) -> list[Json]:
    """As many of the shares as Lucene takes, those that may give most first."""
    room = _MOST_CLAUSES
    kept = []
    for one in sorted(shares, key=lambda share: -share.most):
        if (room := room - one.clauses) < 0:
            break
        kept.append(one.query)
    return kept


def share(level: Level, term: QueryTerm, commit: Commit, holders: Holders) -> Share | None:
    """What a term gives to a level, None when nothing there holds it."""
    of_field = ranking.FIELD_WEIGHTS[level.of]
    weight = term.weight * ranking.KIND_WEIGHTS[term.kind] * of_field.weight * level.lent
    if not weight or not (count := holders(level, term)):
        return None
    most = weight * ranking.idf(level.count(commit), count)
    params = {
        "w": most,
        "k": ranking.K1 * (1 - of_field.b),
        "n": ranking.K1 * of_field.b / max(level.average(commit), 1e-9),
    }
    times, clauses = _times(level, term)
    script = {"lang": "expression", "source": _SHARE.format(words=level.words), "params": params}
    return Share({"script_score": {"query": times, "script": script}}, most, clauses)


def _times(level: Level, term: QueryTerm) -> tuple[Json, int]:
    """A query that scores how often a place holds a term, and its clauses. Synonyms share a frequency,
    that of the most frequent; of very many, as a prefix has, it only counts whether one is there."""
    synonyms = spelled(term)
    if len(synonyms) > _MOST_SYNONYMS:
        return {"constant_score": {"filter": holding(level, term)}}, 1
    queries: list[Json] = [{"term": {level.field: one}} for one in synonyms]
    return queries[0] if len(queries) == 1 else {"dis_max": {"queries": queries}}, len(queries)


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


def prefix_term(words: Sequence[str]) -> QueryTerm:
    """The words that a prefix stands for, as a term that weighs like a word."""
    weight = ranking.KIND_WEIGHTS[TermKind.WORD] / ranking.KIND_WEIGHTS[TermKind.FORM]
    return QueryTerm(TermKind.FORM, tuple(words), weight)
