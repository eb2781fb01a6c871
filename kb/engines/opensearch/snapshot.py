"""One commit, for reading: the records and words that the cluster keeps, and the columns of all passages.

The cluster names a passage by its number; its place in the `table` is the node's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from kb.engines.cache import BoundedCache
from kb.engines.impacts import Numbers, Places
from kb.engines.opensearch import index, queries
from kb.engines.opensearch.cluster import Cluster, Json, batches
from kb.engines.opensearch.columns import ArticleColumns, unpacked
from kb.engines.opensearch.index import LISTED, DocumentLost, Opened
from kb.engines.opensearch.queries import Held, Holders
from kb.engines.opensearch.writing import passage_id, routing
from kb.engines.passage_table import FACTS, PassageTable
from kb.engines.records import DECODED_SIZE, article_key
from kb.models import Article, Passage, QueryTerm, SourceFile, TermKind
from kb.sameness import SKETCH_LENGTH, Sketches

_Record = TypeVar("_Record", Article, Passage, SourceFile)
_Value = TypeVar("_Value")

# The cluster gives so many documents at once, and so many answers.
_FETCHED_AT_ONCE = 1000
_ASKED_AT_ONCE = 400
# How many words the cluster lists at once; its own limit for buckets is 65,535.
_LISTED_AT_ONCE = 20_000
_MOST_BUCKETS = 60_000
# The frequencies of so many terms are remembered.
_COUNTS = 50_000


class Snapshot:
    """One commit; safe for threads. `before` is an older one, whose columns are read only once."""

    def __init__(
        self, cluster: Cluster, opened: Opened, cache: BoundedCache, before: Snapshot | None
    ) -> None:
        self.opened = opened
        self._cluster = cluster
        self._cache = cache
        self._counts: dict[tuple[TermKind, tuple[str, ...]], Mapping[str, Held]] = {}
        self._before = before
        if before and "columns" not in before.__dict__:
            self._before = before._before

    def remembered(
        self, key: tuple[object, ...], make: Callable[[], _Value], size: Callable[[_Value], int]
    ) -> _Value:
        """What is made once for this commit and remembered under a key; see `BoundedCache.get`."""
        return self._cache.get((self.opened.moment, *key), make, size)

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

    def articles_named(self, ids: Iterable[str]) -> dict[str, Article]:
        """The articles with some ids; remembered."""
        versions = {self.columns[id].version: id for id in ids}
        known = {version: self._cache.peek((self.opened.index, version)) for version in versions}
        missing = [version for version, article in known.items() if article is None]
        for hit in self._documents({version: version for version in missing}):
            known[hit["_id"]] = self._remember(hit)
        return {versions[version]: article for version, article in known.items()}

    def _remember(self, hit: Json) -> Article:
        size = len(hit["_source"]["record"]) * DECODED_SIZE
        return self._cache.get(
            (self.opened.index, hit["_id"]), lambda: _decoded(hit, Article), lambda _: size
        )

    def passages_at(self, places: Sequence[int]) -> list[Passage]:
        """The passages at some places of the table."""
        ids = {passage_id(self.version_at(place), self.table.place(place)[1]): place for place in places}
        versions = {id: self.version_at(place) for id, place in ids.items()}
        return [_decoded(hit, Passage) for hit in self._documents(versions)]

    def _documents(self, versions: Mapping[str, str]) -> Iterator[Json]:
        """Documents by id, in that order; `versions` are those that they belong to."""
        wanted = [{"_id": id, "routing": routing(version)} for id, version in versions.items()]
        path = f"/{self.opened.index}/_mget"
        for some in batches(wanted, _FETCHED_AT_ONCE):
            for document in self._cluster.ask("POST", path, {"docs": some}, _source="record")["docs"]:
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
    def numbers(self) -> Numbers:
        """The number by which the cluster names the passage at each place."""
        return self._column("number").astype(np.int32)

    @cached_property
    def _places(self) -> Numbers:
        """The place of the passage with each number, -1 where there is none in this commit."""
        places = np.full(self.opened.commit.numbers, -1, np.int32)
        places[self.numbers] = np.arange(len(self.numbers), dtype=np.int32)
        return places

    def place_of(self, hit: Json) -> int:
        """The place of a passage that was found with its number."""
        return int(self._places[hit["fields"]["number"][0]])

    def places_of(self, answer: Json) -> Places:
        """The places of all passages that a search with `queries.numbers` found, rising."""
        words = np.array(answer["aggregations"]["numbers"]["value"], "<i8")
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        places = self._places[np.flatnonzero(bits)]
        return np.sort(places[places >= 0]).astype(np.intp)

    def version_at(self, place: int) -> str:
        """The version of the article of the passage at a place."""
        return self.columns[self.table.place(place)[0]].version

    # --- Words ---

    def words(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The words and forms that begin with a prefix, and how many passages hold each."""
        found: dict[str, int] = {}
        for kind, field in LISTED.items():
            if prefix in ("", kind):
                found |= self._listed(field)
            elif prefix.startswith(kind):
                found |= self.most_frequent(field, prefix, _MOST_BUCKETS)
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

    def most_frequent(self, field: str, prefix: str, count: int) -> dict[str, int]:
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

    # --- What is asked of the cluster ---

    def ask(self, body: Json) -> Json:
        """The answer to a search."""
        return self._cluster.search(self.opened.index, body)

    def ask_all(self, bodies: Sequence[Json]) -> Iterator[Json]:
        """The answers to several small searches."""
        for some in batches(bodies, _ASKED_AT_ONCE):
            yield from self._cluster.searches(self.opened.index, some)

    def scan(self, body: Json, page: int) -> Iterator[Json]:
        """All hits of a search; see `Cluster.scan`."""
        return self._cluster.scan(self.opened.index, body, page)

    def count(self, terms: Sequence[QueryTerm]) -> Holders:
        """How many texts of each level hold each of the terms; remembered."""
        wanted = {_named(term): term for term in terms}
        found = {name: held for name in wanted if (held := self._counts.get(name))}
        unknown = [name for name in wanted if name not in found]
        live = index.live(self.opened)
        answers = self.ask_all([queries.counting(wanted[name], live) for name in unknown])
        fresh = {name: queries.counted(answer) for name, answer in zip(unknown, answers, strict=True)}
        if len(self._counts) > _COUNTS:
            self._counts = {}
        self._counts.update(fresh)
        found |= fresh
        return lambda level, term: found[_named(term)][level.field]


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
