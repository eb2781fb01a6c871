"""One commit, for reading: the cluster finds and ranks, the node filters, counts and collapses.

The cluster answers a search with the numbers of all hits, as bits, and with the best of them in order.
The node holds the columns of all passages (`kb.engines.opensearch.columns`), so totals and facets are
exact, with copies collapsed or not, whatever the number of shards is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from kb.engines import NO_HITS, EngineHit, EngineHits, Place
from kb.engines.cache import Cache
from kb.engines.impacts import Numbers, Places
from kb.engines.opensearch import index, queries
from kb.engines.opensearch.cluster import Cluster, Json
from kb.engines.opensearch.columns import ArticleColumns, unpacked
from kb.engines.opensearch.index import LISTED, DocumentLost, Opened
from kb.engines.opensearch.queries import Held, Holders, Level
from kb.engines.opensearch.writing import passage_id, routing, section_id
from kb.engines.passage_table import FACTS, PassageTable, passing
from kb.engines.prefixes import PREFIX_WORDS, prefix_terms
from kb.engines.records import article_key
from kb.models import (
    Article,
    Passage,
    Phrase,
    Prefix,
    Query,
    QueryTerm,
    Sort,
    SourceFile,
    TermKind,
    TermScore,
)
from kb.phrases import is_certain, occurrences
from kb.sameness import SKETCH_LENGTH, Sketches

_Record = TypeVar("_Record", Article, Passage, SourceFile)

# The cluster gives at most so many hits at once; further ones come page by page.
_FIRST_HITS = 1000
# With copies to be collapsed, so many more hits are asked for at once.
_SPARE_HITS = 20
_ASKED_AT_ONCE = 400
# How many words the cluster lists at once; its own limit for buckets is 65,535.
_LISTED_AT_ONCE = 20_000
_MOST_BUCKETS = 60_000
# The frequencies of so many terms are remembered.
_COUNTS = 50_000
_DECODED_SIZE = 4
# Of hits only their numbers are told: not even their ids, which lie among the records.
_NUMBERS: Json = {"_source": False, "stored_fields": "_none_", "docvalue_fields": ["number"]}


class _Ranked(NamedTuple):
    """A hit on the page: its place in the table, its score, and how many copies it outdoes."""

    place: int
    score: float
    more: int


class Snapshot:
    """One commit; safe for threads. `before` is an older one, whose columns are read only once."""

    def __init__(self, cluster: Cluster, opened: Opened, cache: Cache, before: Snapshot | None) -> None:
        self.opened = opened
        self._cluster = cluster
        self._cache = cache
        self._counts: dict[tuple[TermKind, tuple[str, ...]], Mapping[str, Held]] = {}
        self._before = before
        if before and "columns" not in before.__dict__:
            self._before = before._before

    # --- Records ---

    @cached_property
    def files(self) -> Mapping[str, SourceFile]:
        """What is recorded of all source files, by path."""
        return {file.path: file for file in self._all("file", SourceFile)}

    @cached_property
    def articles(self) -> Sequence[Article]:
        """All articles, by id."""
        return sorted(self._all("article", Article), key=lambda article: article.id)

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article and its passages, or None."""
        if not queries.can_stand(article_id):
            return None
        found = [*self._found("article", Article, "version", {"term": {"key": article_key(article_id)}})]
        if not found:
            return None
        passages = self._found("passage", Passage, "position", {"term": {"article": article_id}})
        return found[0], tuple(passages)

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article, or None."""
        if not queries.can_stand(anchor):
            return None
        for passage in self._found("passage", Passage, "number", {"term": {"anchor": anchor}}):
            key = {"term": {"key": article_key(passage.article_id)}}
            return passage, next(self._found("article", Article, "version", key))
        return None

    def _all(self, kind: str, record: type[_Record]) -> Iterator[_Record]:
        return self._found(kind, record, "version")

    def _found(self, kind: str, record: type[_Record], sort: str, *filters: Json) -> Iterator[_Record]:
        query = index.of_type(self.opened, kind, *filters)
        body = {"query": query, "sort": [sort], "_source": ["record"]}
        for hit in self._cluster.scan(self.opened.index, body):
            yield _decoded(hit, record)

    def _article_of(self, places: Iterable[int]) -> dict[str, Article]:
        """The articles of some passages, by id; remembered."""
        return self._named(dict.fromkeys(self.table.place(place)[0] for place in places))

    def _named(self, ids: Iterable[str]) -> dict[str, Article]:
        """The articles with some ids; remembered."""
        versions = {self.columns[id].version: id for id in ids}
        known = {version: self._cache.peek((self.opened.index, version)) for version in versions}
        missing = [version for version, article in known.items() if article is None]
        for hit in self._documents({version: version for version in missing}):
            known[hit["_id"]] = self._remembered(hit)
        return {versions[version]: article for version, article in known.items()}

    def _remembered(self, hit: Json) -> Article:
        size = len(hit["_source"]["record"]) * _DECODED_SIZE
        return self._cache.get(
            (self.opened.index, hit["_id"]), lambda: _decoded(hit, Article), lambda _: size
        )

    def _passages(self, places: Sequence[int]) -> list[Passage]:
        """The passages at some places of the table."""
        ids = {passage_id(self._version(place), self.table.place(place)[1]): place for place in places}
        versions = {id: self._version(place) for id, place in ids.items()}
        return [_decoded(hit, Passage) for hit in self._documents(versions)]

    def _documents(self, versions: Mapping[str, str]) -> Iterator[Json]:
        """Documents by id, in that order; `versions` are those that they belong to."""
        wanted = [{"_id": id, "routing": routing(version)} for id, version in versions.items()]
        for at in range(0, len(wanted), _FIRST_HITS):
            body = {"docs": wanted[at : at + _FIRST_HITS]}
            path = f"/{self.opened.index}/_mget"
            for document in self._cluster.ask("POST", path, body, _source="record")["docs"]:
                if not document.get("found"):
                    raise DocumentLost(self._cluster.address, document["_id"])
                yield document

    # --- Columns ---

    @cached_property
    def columns(self) -> Mapping[str, ArticleColumns]:
        """The columns of every article that has passages, by id; what `before` has is not read again."""
        found: dict[str, ArticleColumns] = {}
        newer: list[Json] = [{"term": {"place": "article"}}]
        if self._before and self._before.opened.index == self.opened.index:
            dead = set(index.dead(self._cluster, self.opened))
            known = self._before.columns
            found = {id: columns for id, columns in known.items() if columns.version not in dead}
            newer.append({"range": {"born": {"gt": self._before.opened.commit.generation}}})
        self._before = None
        query = index.of_type(self.opened, "article", *newer)
        body = {"query": query, "sort": ["version"], "_source": ["table"]}
        for hit in self._cluster.scan(self.opened.index, body):
            _, _, article_id = hit["_id"].partition(" ")
            found[article_id] = unpacked(hit["_id"], hit["_source"]["table"])
        return dict(sorted(found.items(), key=lambda item: item[0].encode()))

    @cached_property
    def table(self) -> PassageTable:
        """What filters and counts the passages."""
        lengths = [len(columns.rows) for columns in self.columns.values()]
        facts = np.empty(sum(lengths), FACTS)
        for name in FACTS.names or ():
            facts[name] = self._column(name)
        facts["article"] = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        ids = np.array([id.encode() for id in self.columns], np.bytes_)
        columns = self.columns
        return PassageTable(facts, ids, lambda: _sketches(columns), lambda: _tagged(columns))

    def _column(self, name: str) -> npt.NDArray[Any]:
        return np.concatenate(
            [columns.rows[name] for columns in self.columns.values()] or [np.empty(0, FACTS["position"])]
        )

    @cached_property
    def _numbers(self) -> Numbers:
        """The number by which the cluster names the passage at each place."""
        return self._column("number").astype(np.int32)

    @cached_property
    def _places(self) -> Numbers:
        """The place of the passage with each number, -1 where there is none in this commit."""
        places = np.full(self.opened.commit.numbers, -1, np.int32)
        places[self._numbers] = np.arange(len(self._numbers), dtype=np.int32)
        return places

    def _version(self, place: int) -> str:
        return self.columns[self.table.place(place)[0]].version

    # --- Words ---

    def words(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The words and forms that begin with a prefix, and how many passages hold each."""
        found: dict[str, int] = {}
        for kind, field in LISTED.items():
            if prefix in ("", kind):
                found |= self._listed(field)
            elif prefix.startswith(kind):
                found |= self._most_frequent(field, prefix, _MOST_BUCKETS)
        return iter(sorted(found.items(), key=lambda item: item[0].encode()))

    def _listed(self, field: str) -> dict[str, int]:
        """All terms of a field, part by part."""
        distinct = self._aggregated({"cardinality": {"field": field}})["value"]
        parts = distinct // _LISTED_AT_ONCE + 1
        found: dict[str, int] = {}
        for part in range(parts):
            include = {"partition": part, "num_partitions": parts}
            terms = {"field": field, "include": include, "size": _MOST_BUCKETS}
            found |= _buckets(self._aggregated({"terms": terms}))
        return found

    def _most_frequent(self, field: str, prefix: str, count: int) -> dict[str, int]:
        """The most frequent terms that begin so."""
        if not queries.can_stand(prefix):
            return {}
        order = [{"_count": "desc"}, {"_key": "asc"}]
        # OpenSearch 2.19 fails on «довер.*» when no term comes after it (IndexOutOfBoundsException).
        include = "".join(map(_escaped, prefix)) + "(.*)"
        terms = {
            "field": field,
            "include": include,
            "size": count,
            "shard_size": _MOST_BUCKETS,
            "order": order,
        }
        return _buckets(self._aggregated({"terms": terms}))

    def _aggregated(self, aggregation: Json) -> Json:
        query = index.of_type(self.opened, "passage")
        body = {"size": 0, "query": query, "aggs": {"found": aggregation}}
        found: Json = self._cluster.search(self.opened.index, body, slow=True)["aggregations"]["found"]
        return found

    # --- Search ---

    def search(self, query: Query, explain: bool) -> EngineHits:
        """The passages that answer a query, best first."""
        if not len(self.table):
            return NO_HITS
        terms = (*query.terms, *prefix_terms(query.clauses, self._beginning))
        like = self._place_of(query.like) if query.like else None
        filters = self.table.filters(query, like)
        if terms or query.clauses:
            body = self._body(query, terms, filters)
            first = self._cluster.search(self.opened.index, body | self._first(query))
            matched, ranked = self._matched(first), self._ranked(first["hits"]["hits"], body)
        else:
            matched = np.arange(len(self.table))
            ranked = self._browsed(passing(matched, filters), query.sort)
        total, page = self._page(query, passing(matched, filters), ranked)
        facets = self.table.facets(matched, filters, query.collapse)
        titled = self._named(facets["article"])
        return EngineHits(
            total=total,
            hits=self._hits(page, terms, explain),
            facets=facets,
            titles={id: article.title for id, article in titled.items()},
        )

    def _body(self, query: Query, terms: Sequence[QueryTerm], filters: Mapping[str, Any]) -> Json:
        """What finds and ranks the passages."""
        scored = terms if query.limit else ()
        holders = {one: self._holders(one) for clause in query.clauses for one in clause.alternatives}
        found = queries.matching(terms, query.clauses, holders)
        like = self._numbers[filters["like"]].tolist() if "like" in filters else ()
        return {
            "query": {
                "bool": {
                    "filter": [index.of_type(self.opened, "passage"), found],
                    "should": queries.scores(scored, self.opened.commit, self._count(scored)),
                }
            },
            # Facets count as if a filter of their own were off, so the filters come after the numbers.
            "post_filter": {"bool": {"filter": queries.filters(query, like)}},
            "sort": queries.order(query.sort),
            "track_scores": True,
            "track_total_hits": False,
            **_NUMBERS,
        }

    def _first(self, query: Query) -> Json:
        """What is asked at once: all hits as numbers, and so many of the best."""
        wanted = query.offset + query.limit + _SPARE_HITS * query.collapse if query.limit else 0
        return {
            "size": wanted if wanted <= _FIRST_HITS else 0,
            "aggs": {"numbers": queries.numbers(self.opened.commit.numbers)},
        }

    def _matched(self, answer: Json) -> Places:
        """The places of the passages that were found, rising."""
        words = np.array(answer["aggregations"]["numbers"]["value"], "<i8")
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        places = self._places[np.flatnonzero(bits)]
        return np.sort(places[places >= 0]).astype(np.intp)

    def _page(
        self, query: Query, numbers: Places, ranked: Iterator[tuple[int, float]]
    ) -> tuple[int, list[_Ranked]]:
        """How many hits there are, and those of the page that is asked for: of copies, the first."""
        copies = self.table.copies
        total = len(numbers)
        if query.collapse:
            total = int(np.count_nonzero(copies.once(numbers, np.zeros(total, np.int32))))
        last = min(query.offset + query.limit, total)
        shown: dict[int, _Ranked] = {}
        for place, score in ranked if query.offset < last else ():
            group = int(copies.groups[place]) if query.collapse else place
            if group not in shown:
                copied = query.collapse and copies.copied[place]
                more = int(np.count_nonzero(copies.groups[numbers] == group)) - 1 if copied else 0
                shown[group] = _Ranked(place, score, more)
                if len(shown) == last:
                    break
        return total, list(shown.values())[query.offset :]

    def _ranked(self, first: Sequence[Json], body: Json) -> Iterator[tuple[int, float]]:
        """All hits in order, with their scores: those that came at once, and when these do not do, page
        by page."""
        after = {"search_after": first[-1]["sort"]} if first else {}
        further = self._cluster.scan(self.opened.index, body | after, 10 * _FIRST_HITS)
        for hit in itertools.chain(first, further):
            yield self._hit_place(hit), float(hit["_score"])

    def _browsed(self, numbers: Places, sort: Sort) -> Iterator[tuple[int, float]]:
        """Passages in the order of those that nothing was asked of."""
        if sort is Sort.DATE:
            numbers = numbers[np.argsort(-self.table.facts["published"][numbers], kind="stable")]
        for place in numbers:
            yield int(place), 0.0

    def _hit_place(self, hit: Json) -> int:
        """The place of a passage that was found."""
        return int(self._places[hit["fields"]["number"][0]])

    def _hits(
        self, page: Sequence[_Ranked], terms: Sequence[QueryTerm], explain: bool
    ) -> tuple[EngineHit, ...]:
        """The hits as they are told."""
        places = [ranked.place for ranked in page]
        passages, articles = self._passages(places), self._article_of(places)
        via = self._via(places, terms)
        explained = self._given(places, terms, queries.LEVELS) if explain else {}
        return tuple(
            EngineHit(
                passage=passage,
                article=articles[passage.article_id],
                score=ranked.score,
                via=via.get(ranked.place, ()),
                more=ranked.more,
                explanation=tuple(told for _, told in explained.get(ranked.place, ())),
            )
            for ranked, passage in zip(page, passages, strict=True)
        )

    def _via(self, places: Sequence[int], terms: Sequence[QueryTerm]) -> dict[int, tuple[str, ...]]:
        """The principles that led to each passage that the other terms do not find."""
        bridges = [term for term in terms if term.via]
        if not bridges or not places:
            return {}
        directly = queries.hits([term for term in terms if not term.via])
        wanted = queries.numbered(self._numbers[places].tolist())
        query = {"bool": {"filter": [wanted, directly]}}
        body = {"query": query, "size": len(places), **_NUMBERS}
        found = self._cluster.search(self.opened.index, body)["hits"]["hits"]
        others = sorted({*places} - {self._hit_place(hit) for hit in found})
        given = self._given(others, bridges, (queries.OWN, queries.HEADINGS, queries.TITLE))
        return {place: tuple(dict.fromkeys(term.via for term, _ in parts)) for place, parts in given.items()}

    # --- Terms ---

    def _given(
        self, places: Sequence[int], terms: Sequence[QueryTerm], levels: Sequence[Level]
    ) -> dict[int, list[tuple[QueryTerm, TermScore]]]:
        """What each term gives to some passages, and by which text."""
        if not places:
            return {}
        counts = self._count(terms)
        ids = {level: self._ids(level, places) for level in levels}
        commit = self.opened.commit
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
        for (term, level, _), answer in zip(asked, self._asked(bodies), strict=True):
            name = "|".join(term.synonyms)
            for hit in answer["hits"]["hits"]:
                for place in ids[level][hit["_id"]]:
                    told = TermScore(name, term.kind.name.lower(), level.label, hit["_score"])
                    given.setdefault(place, []).append((term, told))
        return given

    def _ids(self, level: Level, places: Sequence[int]) -> dict[str, list[int]]:
        """The documents of a level that some passages have or borrow from, and which passages those are."""
        found: dict[str, list[int]] = {}
        for place in places:
            version = self._version(place)
            position = int(self.table.facts["position"][place])
            section = int(self.table.facts["section"][place])
            id = {
                "passage": passage_id(version, position),
                "section": section_id(version, section),
                "article": version,
            }[level.place]
            found.setdefault(id, []).append(place)
        return found

    def _count(self, terms: Sequence[QueryTerm]) -> Holders:
        """How many texts of each level hold each of the terms; remembered."""
        wanted = {_named(term): term for term in terms}
        found = {name: held for name in wanted if (held := self._counts.get(name))}
        unknown = [name for name in wanted if name not in found]
        live = index.live(self.opened)
        answers = self._asked([queries.counting(wanted[name], live) for name in unknown])
        fresh = {name: queries.counted(answer) for name, answer in zip(unknown, answers, strict=True)}
        if len(self._counts) > _COUNTS:
            self._counts = {}
        self._counts.update(fresh)
        found |= fresh
        return lambda level, term: found[_named(term)][level.field]

    def _asked(self, bodies: Sequence[Json]) -> Iterator[Json]:
        for at in range(0, len(bodies), _ASKED_AT_ONCE):
            yield from self._cluster.searches(self.opened.index, bodies[at : at + _ASKED_AT_ONCE])

    # --- Phrases and prefixes ---

    def _beginning(self, prefix: Prefix) -> tuple[str, ...]:
        """The words that begin so, the most frequent of them; remembered."""

        def find() -> tuple[str, ...]:
            forms = self._most_frequent(LISTED[TermKind.FORM], TermKind.FORM + prefix.letters, PREFIX_WORDS)
            return tuple(sorted(form[1:] for form in forms))

        key = (self.opened.moment, "prefix", prefix.letters)
        return self._cache.get(key, find, lambda words: sum(map(len, words)) * 2)

    def _holders(self, wanted: Phrase | Prefix) -> Json:
        """The passages where a phrase or a prefix stands, as a query."""
        if isinstance(wanted, Prefix):
            return queries.holding(queries.OWN, QueryTerm(TermKind.FORM, self._beginning(wanted)))
        if is_certain(wanted):
            return queries.holding_words(wanted)
        key = (self.opened.moment, "phrase", wanted)
        found = self._cache.get(key, lambda: self._verified(wanted), lambda numbers: 8 * len(numbers))
        return queries.numbered(found)

    def _verified(self, phrase: Phrase) -> list[int]:
        """The numbers of the passages where a phrase stands: those that hold its terms, looked at one
        by one."""
        query = {"bool": {"filter": [index.of_type(self.opened, "passage"), queries.holding_words(phrase)]}}
        body = {"size": 0, "query": query, "aggs": {"numbers": queries.numbers(self.opened.commit.numbers)}}
        candidates = self._matched(self._cluster.search(self.opened.index, body)).tolist()
        found = []
        for places in _parts(candidates, _FIRST_HITS):
            texts = (passage.text for passage in self._passages(places))
            found += [place for place, text in zip(places, texts, strict=True) if occurrences(phrase, text)]
        numbers: list[int] = self._numbers[found].tolist()
        return numbers

    def _place_of(self, anchor: str) -> int | None:
        """The place of the passage that has or holds an anchor, or None."""
        if not queries.can_stand(anchor):
            return None
        query = index.of_type(self.opened, "passage", {"term": {"anchor": anchor}})
        body = {"size": 1, "query": query, **_NUMBERS}
        found = self._cluster.search(self.opened.index, body)["hits"]["hits"]
        return self._hit_place(found[0]) if found else None

    # --- Copies ---

    def versions(self, article_id: str) -> list[str]:
        """The articles that share most of their text with one."""
        return self.table.versions(article_id)

    def copied(self, least: int) -> Iterator[list[Place]]:
        """Where each passage stands that stands in so many articles."""
        return self.table.copied(least)


def _named(term: QueryTerm) -> tuple[TermKind, tuple[str, ...]]:
    """What a term is, whatever it weighs in a query."""
    return term.kind, term.synonyms


def _decoded(hit: Json, record: type[_Record]) -> _Record:
    return msgspec.json.decode(hit["_source"]["record"], type=record)


def _sketches(columns: Mapping[str, ArticleColumns]) -> Sketches:
    """The sketch of every passage."""
    return np.concatenate(
        [np.empty((0, SKETCH_LENGTH), np.uint8), *(one.sketches for one in columns.values())]
    )


def _tagged(columns: Mapping[str, ArticleColumns]) -> dict[str, Numbers]:
    """The places of the passages with each principle."""
    found: dict[str, list[int]] = {}
    first = 0
    for one in columns.values():
        for principle, positions in one.tagged.items():
            found.setdefault(principle, []).extend(first + position for position in positions)
        first += len(one.rows)
    return {principle: np.array(places, np.int32) for principle, places in found.items()}


def _buckets(found: Json) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}


def _escaped(letter: str) -> str:
    """A letter in a regular expression of Lucene's."""
    return letter if letter.isalnum() else "\\" + letter


def _parts(values: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]
