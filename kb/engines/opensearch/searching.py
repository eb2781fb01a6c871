"""A search in one commit: the cluster finds and ranks, the node filters, counts and collapses.

The cluster answers with the numbers of all hits, as bits, and with the best of them in order. The node
holds the columns of all passages (`kb.engines.opensearch.columns`), so totals and facets are exact, with
copies collapsed or not, whatever the number of shards is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from kb import ranking
from kb.engines import NO_HITS, EngineHit, EngineHits
from kb.engines.impacts import Mask, Places
from kb.engines.opensearch import index, queries
from kb.engines.opensearch.cluster import Json, batches
from kb.engines.opensearch.index import LISTED
from kb.engines.opensearch.queries import Level
from kb.engines.opensearch.snapshot import Snapshot
from kb.engines.opensearch.writing import passage_id, section_id
from kb.engines.passage_table import passing
from kb.engines.prefixes import PREFIX_WORDS, prefix_terms
from kb.models import Phrase, Prefix, Query, QueryTerm, Sort, TermKind, TermScore
from kb.phrases import is_certain, occurrences

# The cluster gives at most so many hits at once; further ones come page by page.
_FIRST_HITS = 1000
# With copies to be collapsed, so many more hits are asked for at once.
_SPARE_HITS = 20
# The texts of so many passages are looked at together.
_VERIFIED_AT_ONCE = 1000
# Of hits only their numbers are told: not even their ids, which lie among the records.
_NUMBERS: Json = {"_source": False, "stored_fields": "_none_", "docvalue_fields": ["number"]}


class _Ranked(NamedTuple):
    """A hit on the page: its place in the table, its score, and how many copies it outdoes."""

    place: int
    score: float
    more: int


def search(snapshot: Snapshot, query: Query, explain: bool) -> EngineHits:
    """The passages that answer a query, best first; see `kb.engines.Engine`."""
    table = snapshot.table
    if not len(table):
        return NO_HITS
    terms = (*query.terms, *prefix_terms(query.clauses, partial(_beginning, snapshot)))
    filters = table.filters(query, _place_of(snapshot, query.like) if query.like else None)
    if terms or query.clauses:
        body = _body(snapshot, query, terms, filters)
        first = snapshot.ask(body | _first(snapshot, query))
        matched, ranked = snapshot.places_of(first), _ranked(snapshot, first["hits"]["hits"], body)
    else:
        matched = np.arange(len(table))
        ranked = _browsed(snapshot, passing(matched, filters), query.sort)
    total, page = _page(snapshot, query, passing(matched, filters), ranked)
    facets = table.facets(matched, filters, query.collapse)
    titled = snapshot.articles_named(facets["article"])
    return EngineHits(
        total=total,
        hits=_hits(snapshot, query, page, terms, explain),
        facets=facets,
        titles={id: article.title for id, article in titled.items()},
    )


# --- What is asked --------------------------------------------------------------------------------


def _body(snapshot: Snapshot, query: Query, terms: Sequence[QueryTerm], filters: Mapping[str, Mask]) -> Json:
    """What finds and ranks the passages."""
    scored = terms if query.limit else ()
    wanted = {one for clause in query.clauses for one in clause.alternatives}
    found = queries.matching(terms, query.clauses, {one: _holders(snapshot, one) for one in wanted})
    like = snapshot.numbers[filters["like"]].tolist() if "like" in filters else ()
    ranked = {
        "bool": {
            "filter": [index.of_type(snapshot.opened, "passage"), found],
            "should": queries.scores(scored, snapshot.opened.commit, snapshot.count(scored)),
        }
    }
    return {
        "query": queries.weighed(ranked, query.foreign),
        # Facets count as if a filter of their own were off, so the filters come after the numbers.
        "post_filter": {"bool": {"filter": queries.filters(query, like)}},
        "sort": queries.order(query.sort),
        "track_scores": True,
        "track_total_hits": False,
        **_NUMBERS,
    }


def _first(snapshot: Snapshot, query: Query) -> Json:
    """What is asked at once: all hits as numbers, and so many of the best."""
    wanted = query.offset + query.limit + _SPARE_HITS * query.collapse if query.limit else 0
    return {
        "size": wanted if wanted <= _FIRST_HITS else 0,
        "aggs": {"numbers": queries.numbers(snapshot.opened.commit.numbers)},
    }


def _beginning(snapshot: Snapshot, prefix: Prefix) -> tuple[str, ...]:
    """The words that begin so, the most frequent of them; remembered."""

    def find() -> tuple[str, ...]:
        beginning = TermKind.FORM + prefix.letters
        forms = snapshot.most_frequent(LISTED[TermKind.FORM], beginning, PREFIX_WORDS)
        return tuple(sorted(form[1:] for form in forms))

    key = ("prefix", prefix.letters)
    return snapshot.remembered(key, find, lambda words: sum(map(len, words)) * 2)


def _holders(snapshot: Snapshot, wanted: Phrase | Prefix) -> Json:
    """The passages where a phrase or a prefix stands, as a query."""
    if isinstance(wanted, Prefix):
        return queries.holding(queries.OWN, QueryTerm(TermKind.FORM, _beginning(snapshot, wanted)))
    if is_certain(wanted):
        return queries.holding_words(wanted)
    found = snapshot.remembered(
        ("phrase", wanted), lambda: _verified(snapshot, wanted), lambda numbers: 8 * len(numbers)
    )
    return queries.numbered(found)


def _verified(snapshot: Snapshot, phrase: Phrase) -> list[int]:
    """The numbers of the passages where a phrase stands: those that hold its terms, looked at one
    by one."""
    query = {"bool": {"filter": [index.of_type(snapshot.opened, "passage"), queries.holding_words(phrase)]}}
    numbers = queries.numbers(snapshot.opened.commit.numbers)
    answer = snapshot.ask({"size": 0, "query": query, "aggs": {"numbers": numbers}})
    found = []
    for places in batches(snapshot.places_of(answer).tolist(), _VERIFIED_AT_ONCE):
        texts = (passage.text for passage in snapshot.passages_at(places))
        found += [place for place, text in zip(places, texts, strict=True) if occurrences(phrase, text)]
    verified: list[int] = snapshot.numbers[found].tolist()
    return verified


def _place_of(snapshot: Snapshot, anchor: str) -> int | None:
    """The place of the passage that has or holds an anchor, or None."""
    if not queries.can_stand(anchor):
        return None
    query = index.of_type(snapshot.opened, "passage", {"term": {"anchor": anchor}})
    found = snapshot.ask({"size": 1, "query": query, **_NUMBERS})["hits"]["hits"]
    return snapshot.place_of(found[0]) if found else None


# --- In which order -------------------------------------------------------------------------------


def _ranked(snapshot: Snapshot, first: Sequence[Json], body: Json) -> Iterator[tuple[int, float]]:
    """All hits in order, with their scores: those that came at once, and when these do not do, page
    by page."""
    after = {"search_after": first[-1]["sort"]} if first else {}
    further = snapshot.scan(body | after, 10 * _FIRST_HITS)
    for hit in itertools.chain(first, further):
        yield snapshot.place_of(hit), float(hit["_score"])


def _browsed(snapshot: Snapshot, places: Places, sort: Sort) -> Iterator[tuple[int, float]]:
    """Passages in the order of those that nothing was asked of."""
    if sort is Sort.DATE:
        places = places[np.argsort(-snapshot.table.facts["published"][places], kind="stable")]
    for place in places:
        yield int(place), 0.0


def _page(
    snapshot: Snapshot, query: Query, places: Places, ranked: Iterator[tuple[int, float]]
) -> tuple[int, list[_Ranked]]:
    """How many hits there are, and those of the page that is asked for: of copies, the first."""
    copies = snapshot.table.copies
    total = len(places)
    if query.collapse:
        total = int(np.count_nonzero(copies.once(places, np.zeros(total, np.int32))))
    last = min(query.offset + query.limit, total)
    shown: dict[int, _Ranked] = {}
    for place, score in ranked if query.offset < last else ():
        group = int(copies.groups[place]) if query.collapse else place
        if group not in shown:
            copied = query.collapse and copies.copied[place]
            more = int(np.count_nonzero(copies.groups[places] == group)) - 1 if copied else 0
            shown[group] = _Ranked(place, score, more)
            if len(shown) == last:
                break
    return total, list(shown.values())[query.offset :]


# --- What is told of them -------------------------------------------------------------------------


def _hits(
    snapshot: Snapshot, query: Query, page: Sequence[_Ranked], terms: Sequence[QueryTerm], explain: bool
) -> tuple[EngineHit, ...]:
    places = [ranked.place for ranked in page]
    passages = snapshot.passages_at(places)
    articles = snapshot.articles_named({passage.article_id: None for passage in passages})
    via = _via(snapshot, places, terms)
    explained = _given(snapshot, places, terms, queries.LEVELS) if explain else {}
    return tuple(
        EngineHit(
            passage=passage,
            article=articles[passage.article_id],
            score=ranked.score,
            via=via.get(ranked.place, ()),
            more=ranked.more,
            explanation=tuple(
                replace(told, score=told.score * ranking.language_weight(passage.language, query))
                for _, told in explained.get(ranked.place, ())
            ),
        )
        for ranked, passage in zip(page, passages, strict=True)
    )


def _via(snapshot: Snapshot, places: Sequence[int], terms: Sequence[QueryTerm]) -> dict[int, tuple[str, ...]]:
    """The principles that led to each passage that the other terms do not find."""
    bridges = [term for term in terms if term.via]
    if not bridges or not places:
        return {}
    directly = queries.hits([term for term in terms if not term.via])
    wanted = queries.numbered(snapshot.numbers[places].tolist())
    query = {"bool": {"filter": [wanted, directly]}}
    found = snapshot.ask({"query": query, "size": len(places), **_NUMBERS})["hits"]["hits"]
    others = sorted({*places} - {snapshot.place_of(hit) for hit in found})
    given = _given(snapshot, others, bridges, (queries.OWN, queries.HEADINGS, queries.TITLE))
    return {place: tuple(dict.fromkeys(term.via for term, _ in parts)) for place, parts in given.items()}


def _given(
    snapshot: Snapshot, places: Sequence[int], terms: Sequence[QueryTerm], levels: Sequence[Level]
) -> dict[int, list[tuple[QueryTerm, TermScore]]]:
    """What each term gives to some passages, and by which text."""
    if not places:
        return {}
    counts = snapshot.count(terms)
    ids = {level: _ids(snapshot, level, places) for level in levels}
    commit = snapshot.opened.commit
    asked = [
        (term, level, {"bool": {"should": queries.level_scores(level, [share], commit)}})
        for term in terms
        for level in levels
        if (share := queries.share(level, term, commit, counts))
    ]
    bodies: list[Json] = [
        {
            "size": len(ids[level]),
            "_source": False,
            "query": {"bool": {"filter": [{"ids": {"values": list(ids[level])}}], "must": [score]}},
        }
        for _, level, score in asked
    ]
    given: dict[int, list[tuple[QueryTerm, TermScore]]] = {}
    for (term, level, _), answer in zip(asked, snapshot.ask_all(bodies), strict=True):
        name = "|".join(term.synonyms)
        for hit in answer["hits"]["hits"]:
            for place in ids[level][hit["_id"]]:
                told = TermScore(name, term.kind.name.lower(), level.label, hit["_score"])
                given.setdefault(place, []).append((term, told))
    return given


def _ids(snapshot: Snapshot, level: Level, places: Sequence[int]) -> dict[str, list[int]]:
    """The documents of a level that some passages have or borrow from, and which passages those are."""
    facts = snapshot.table.facts
    found: dict[str, list[int]] = {}
    for place in places:
        version = snapshot.version_at(place)
        id = {
            "passage": passage_id(version, int(facts["position"][place])),
            "section": section_id(version, int(facts["section"][place])),
            "article": version,
        }[level.place]
        found.setdefault(id, []).append(place)
    return found
