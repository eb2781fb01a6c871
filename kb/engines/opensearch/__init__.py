"""OpenSearch: the index in a cluster that several web nodes share, with the results of the embedded engine.

**Why so.** Three ways were open. Lucene's own BM25 ranks by lengths of one byte and by the idf of single
shards, does not know that synonyms share a frequency, and counts copies apart: near, but another order.
Candidates of the cluster that the node ranks anew miss what only its section or article makes good. So
the cluster evaluates the very formula of `kb.ranking` (`queries`), which holds for any number of shards,
and the node, which knows 120 bytes of every passage, counts what was found with the code of the embedded
engine (`searching`, `kb.engines.passage_table`). Only terms come in, so there is no analysis, and no
plugin, in the cluster: any OpenSearch from 2.11 on will do (2.19 is tried). What a node keeps is in its
memory alone.

The parts: `cluster` asks over HTTP, `index` lays documents out and says which of them a commit holds,
`lock` lets one writer in, `writing` turns articles into documents, `columns` are what nodes hold,
`snapshot` reads one commit, and `searching` answers queries from it by `queries`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from kb.engines import DEFAULTS, NO_HITS, ClusterOptions, EngineHits, EngineWriter, Place, Remembered
from kb.engines.cache import BoundedCache
from kb.engines.opensearch import index
from kb.engines.opensearch.cluster import Cluster, IndexGone, parse
from kb.engines.opensearch.index import DocumentLost, Opened
from kb.engines.opensearch.lock import turn
from kb.engines.opensearch.searching import search
from kb.engines.opensearch.snapshot import Snapshot
from kb.engines.opensearch.writing import Writer, new_index
from kb.errors import IndexDamaged
from kb.models import Article, Passage, Query, SourceFile

_Answer = TypeVar("_Answer")


class OpenSearchEngine:
    """An index in a cluster: `opensearch+https://user:secret@host:9200,host2:9200/name`."""

    def __init__(self, url: str, memory: int, cluster: ClusterOptions = DEFAULTS) -> None:
        # Nothing is asked yet: a web node starts while the cluster is away, and finds it when it is back.
        self._cluster = Cluster(parse(url), cluster)
        self._cache = BoundedCache(memory)
        self._opening = threading.Lock()
        self._current: Snapshot | None = None

    # --- Writing ---

    def write(self, wait: bool = False, repair: bool = False) -> AbstractContextManager[EngineWriter]:
        """Begin to write; see `kb.engines.Engine`."""
        return self._write(wait, repair)

    @contextmanager
    def _write(self, wait: bool, repair: bool) -> Iterator[EngineWriter]:
        with turn(self._cluster, wait) as mine:
            damage = self.damage() if repair else ""
            opened = None if damage else index.read(self._cluster)
            if opened:
                index.replicate(self._cluster, opened.index)
            place = nullcontext(opened.index) if opened else new_index(self._cluster)
            with place as name, ThreadPoolExecutor(1, "index-sender") as sender:
                writer = Writer(self._cluster, mine, sender, name, opened, damage)
                yield writer
                writer.commit()
                if not opened:
                    index.switch(self._cluster, name)
            index.sweep(self._cluster)

    def tidy(self) -> None:
        """Nothing: the cluster merges segments by itself, and those of a new index before its commit."""

    def damage(self) -> str:
        """What is wrong with what is stored, or nothing; the cluster counts all of it."""
        try:
            opened = index.read(self._cluster)
        except IndexDamaged as error:
            return str(error).partition(". Run")[0]
        if opened is None:
            return "it is not in the cluster any more" if self._current else ""
        if (shards := index.shards(self._cluster, opened.index)) != self._cluster.options.shards:
            return f"it has {shards} shards, and KB_SHARDS asks for {self._cluster.options.shards}"
        counted, written = index.measured(self._cluster, opened), opened.commit
        if counted != written:
            return f"it has {counted.passages} passages, and {written.passages} were written"
        return ""

    # --- Reading ---

    def files(self) -> dict[str, SourceFile]:
        """What is recorded of all source files, by path."""
        return self._read(lambda snapshot: dict(snapshot.files), {})

    def articles(self) -> Sequence[Article]:
        """All articles, by id."""
        return self._read(lambda snapshot: snapshot.articles, [])

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article and its passages, or None."""
        return self._read(lambda snapshot: snapshot.article(article_id), None)

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article, or None."""
        return self._read(lambda snapshot: snapshot.passage(anchor), None)

    def words(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The words and forms that begin with a prefix, and how many passages hold each."""
        return self._read(lambda snapshot: snapshot.words(prefix), iter(()))

    def search(self, query: Query, explain: bool = False) -> EngineHits:
        """The passages that answer a query, best first."""
        return self._read(lambda snapshot: search(snapshot, query, explain), NO_HITS)

    def versions(self, article_id: str) -> Sequence[str]:
        """The articles that share most of their text with one."""
        return self._read(lambda snapshot: snapshot.table.versions(article_id), [])

    def copied(self, least: int) -> Iterator[Sequence[Place]]:
        """Where each passage stands that stands in so many articles."""
        return self._read(lambda snapshot: snapshot.table.copied(least), iter(()))

    @property
    def generation(self) -> object:
        """The index that searches read and the number of its newest commit."""
        opened = self._opened()
        return opened and opened.moment

    @property
    def remembered(self) -> Remembered:
        """How much of its memory is used."""
        return self._cache.state

    def close(self) -> None:
        """Give back connections and memory."""
        self._cluster.close()
        self._current = None
        self._cache.forget(lambda owner: True)

    def _read(self, ask: Callable[[Snapshot], _Answer], nothing: _Answer) -> _Answer:
        """What the newest commit answers, and `nothing` when there was never one. An index that is
        replaced while it is asked is asked for again."""
        snapshot = self._snapshot()
        if snapshot is None:
            return nothing
        try:
            return ask(snapshot)
        except (DocumentLost, IndexGone):
            newer = self._snapshot()
            if newer is None or newer is snapshot:
                raise
            return ask(newer)

    def _snapshot(self) -> Snapshot | None:
        """The newest commit, or None when nothing was ever written."""
        opened = self._opened()
        if opened is None:
            return None
        with self._opening:
            if not self._current or self._current.opened.moment != opened.moment:
                before = self._current
                self._current = Snapshot(self._cluster, opened, self._cache, before)
                kept = {opened.index, opened.moment}
                self._cache.forget(lambda owner: owner not in kept)
            return self._current

    def _opened(self) -> Opened | None:
        opened = index.read(self._cluster)
        if opened is None and self._current:
            raise IndexGone(self._cluster.address)
        return opened
