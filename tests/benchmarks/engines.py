"""Both engines side by side: what they find, how fast, and how large it is.

The same articles go through the same code into the embedded engine and into a cluster of three nodes
on this machine (or into the one that `--engine` names). Times are of the wall: most of the work of a
cluster is done in its own processes. What a cluster has not run for minutes it still compiles: the
queries are asked some times before the clock starts, and its compiler's time is left out.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Self
from urllib.parse import urlsplit

import click

from kb import evaluation
from kb.indexing.preparing import Prepared
from kb.knowledge_base import KnowledgeBase
from kb.models import SearchRequest
from kb.settings import load
from tests.benchmarks import corpus, measuring
from tests.benchmarks.measuring import milliseconds, significant
from tests.cluster import Cluster

EMBEDDED, CLUSTER = "embedded", "opensearch"
_TOP = 10
# Seconds that a search may take: on a busy machine the first ones take long.
PATIENCE = 300

OpenBook = Callable[[str, str], KnowledgeBase]
"""Opens an empty book, by the name of its engine and of its index."""


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--sizes", default="10000,100000", show_default=True, help="Passages, with commas.")
@click.option("--queries", default=150, show_default=True, help="Queries of each kind.")
@click.option("--repeat", default=3, show_default=True, help="How often each query is asked.")
@click.option("--warm", default=3, show_default=True, help="How often each query is asked before.")
@click.option("--asked", default=0, help="Ask only so many queries of each data set.")
@click.option("--engine", default="", help="KB_ENGINE of a cluster that runs; by default one is started.")
def main(
    folders: Sequence[Path], sizes: str, queries: int, repeat: int, warm: int, asked: int, engine: str
) -> None:
    """Compare the engines on the data sets in FOLDERS (in BEIR form) and on growing collections."""
    measuring.heading("python -m tests.benchmarks.engines")
    with _books(engine) as (open_book, cluster):
        if folders:
            ranking(folders, asked, open_book)
        for size in map(int, filter(None, sizes.split(","))):
            growth(size, queries, repeat, warm, open_book, cluster)


@contextmanager
def _books(engine: str) -> Iterator[tuple[OpenBook, Cluster | None]]:
    """What opens books, and the cluster, where it is ours."""
    with ExitStack() as opened:
        cluster = None if engine else opened.enter_context(Cluster())
        scratch = Path(opened.enter_context(TemporaryDirectory()))
        opened_before: list[KnowledgeBase] = []

        def open_book(name: str, index: str) -> KnowledgeBase:
            urls = {EMBEDDED: "", CLUSTER: cluster.engine_url(index) if cluster else f"{engine}-{index}"}
            book = opened.enter_context(
                KnowledgeBase(load(home=scratch / name / index, engine=urls[name], engine_timeout=PATIENCE))
            )
            if opened_before:  # the vocabulary takes seconds to read
                book.vocabulary, book.tagger = opened_before[0].vocabulary, opened_before[0].tagger
            opened_before.append(book)
            return book

        yield open_book, cluster


# --- What they find ---


@dataclass(frozen=True, slots=True)
class _Found:
    """The nDCG@10 ×100 of each group of a data set's queries, and what each query found."""

    ndcg: Mapping[str, float]
    run: Mapping[str, Sequence[str]]


def ranking(folders: Sequence[Path], asked: int, open_book: OpenBook) -> None:
    """Print nDCG@10 of both engines on each data set, and how far their ten best agree."""
    rows = []
    for folder in folders:
        ours, theirs = (_found(open_book(name, folder.name), folder, asked) for name in (EMBEDDED, CLUSTER))
        shared = [_shared(ours.run[id], theirs.run[id]) for id in ours.run]
        same = sum(ours.run[id] == theirs.run[id] for id in ours.run) / len(ours.run)
        overlap = [f"{sum(shared) / len(shared):.4f}", f"{min(shared):.2f}", f"{same:.3f}"]
        for number, (group, ndcg) in enumerate(ours.ndcg.items()):
            other = theirs.ndcg[group]
            row = [f"{folder.name} {group}".strip(), f"{ndcg:.2f}", f"{other:.2f}", f"{other - ndcg:+.2f}"]
            rows.append([*row, *(overlap if not number else ["", "", ""])])
    head = ["", EMBEDDED, CLUSTER, "difference", "of ten in both", "at least", "the same ten in order"]
    measuring.table("nDCG@10 ×100", head, rows)


def _shared(ours: Collection[str], theirs: Collection[str]) -> float:
    """The share of our hits that are theirs too; who both find nothing agree."""
    return len({*ours} & {*theirs}) / len(ours) if ours else float(not theirs)


def _found(book: KnowledgeBase, folder: Path, asked: int) -> _Found:
    data = evaluation.read(folder)
    ids: dict[str, str] = {}
    if data.corpus:
        book.add(evaluation._articles(data.corpus, ids))
    else:
        book.index([folder.absolute().parent])
    judged = [id for id in data.queries if id in data.qrels][: asked or None]
    run = {
        id: evaluation._ranked(
            book, SearchRequest(data.queries[id], data.languages.get(id, ()), limit=50, collapse=False), ids
        )
        for id in judged
    }
    groups = {
        data.groups.get(id, ""): [
            other for other in judged if data.groups.get(other, "") == data.groups.get(id, "")
        ]
        for id in judged
    }
    ndcg = {
        group: 100 * evaluation.measure(data.qrels, {id: run[id] for id in members})[0]["nDCG@10"]
        for group, members in groups.items()
    }
    return _Found(ndcg, {id: list(found)[:_TOP] for id, found in run.items()})


# --- How fast, and how large ---


def growth(
    size: int, queries: int, repeat: int, warm: int, open_book: OpenBook, cluster: Cluster | None
) -> None:
    """Print what it takes to index a collection and to search it."""
    material = corpus.make(size, queries)
    books = {name: open_book(name, f"made-{size}") for name in (EMBEDDED, CLUSTER)}
    rows = []
    with TemporaryFile() as prepared:
        with _Spent(cluster) as preparing:
            for article, units in material.articles:
                made = books[EMBEDDED]._preparer.prepare(article, units)
                pickle.dump(replace(made, rows=[*made.rows]), prepared)
        for name, book in books.items():
            prepared.seek(0)
            with _Spent(cluster) as spent:
                _put(book, prepared)
            taken = _bytes(book, cluster)
            megabytes = f"{taken / size:,.0f}" if taken else "–"
            seconds = preparing.seconds + spent.seconds
            rows.append([name, significant(size / seconds), *(preparing + spent).each(size), megabytes])
    head = ["", "passages/s", *_SPENT, "MB a million passages"]
    measuring.table(f"Indexing {size:,} passages, from text to searchable", head, rows)
    for kind, asked in {"long": material.long, "short": material.short}.items():
        texts = [query.text for query in asked]
        calls = {name: partial(_search, book) for name, book in books.items()}
        first = measuring.interleaved(calls, texts, 1, "wall")
        measuring.interleaved(calls, texts, warm, "wall")
        times = measuring.interleaved(calls, texts, repeat, "wall")
        rows = []
        for name, call in calls.items():
            with _Spent(cluster) as spent:
                for text in texts:
                    call(text)
            rows.append(
                [name, *milliseconds(times[name]), *milliseconds(first[name])[:1], *spent.each(len(texts))]
            )
        head = ["", "p50", "p95", "p99", "first p50", *_SPENT]
        measuring.table(f"{size:,} passages, {kind} queries, whole searches (ms)", head, rows)


def _put(book: KnowledgeBase, prepared: IO[bytes]) -> None:
    """Index articles that were prepared before."""
    with book.engine.write() as writer:
        while True:
            try:
                article: Prepared = pickle.load(prepared)
            except EOFError:
                break
            passages, texts = zip(*article.rows, strict=True)
            writer.put_article(article.article, passages, article.title, texts)
    book.engine.tidy()


def _search(book: KnowledgeBase, text: str) -> object:
    return book.search(text)


def _bytes(book: KnowledgeBase, cluster: Cluster | None) -> int:
    """The bytes of an index, without replicas; 0 where a cluster is not ours to ask."""
    address = urlsplit(book.settings.engine_url)
    if address.scheme == "whoosh":
        return sum(file.stat().st_size for file in Path(address.path).rglob("*") if file.is_file())
    if cluster is None:
        return 0
    name = address.path.strip("/")
    sizes = cluster.ask("GET", f"/_cat/indices/{name}*?format=json&bytes=b&h=pri.store.size")
    return sum(int(index["pri.store.size"] or 0) for index in sizes)


_SPENT = ("CPU ms each, here", "in the cluster")


class _Spent:
    """The seconds that something takes, and the processor time of this process and of the cluster's."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._cluster = cluster

    def __enter__(self) -> Self:
        self._before = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self._spent = [late - early for early, late in zip(self._before, self._now(), strict=True)]

    def __add__(self, other: Self) -> Self:
        both = copy(self)
        both._spent = [one + another for one, another in zip(self._spent, other._spent, strict=True)]
        return both

    @property
    def seconds(self) -> float:
        return self._spent[0]

    def _now(self) -> list[float]:
        there = self._cluster.processor_time() if self._cluster else 0.0
        return [time.perf_counter(), time.process_time(), there]

    def each(self, count: int) -> list[str]:
        """Milliseconds of the processor for each of so many, here and in the cluster."""
        return [significant(1000 * spent / count) for spent in self._spent[1:]]


if __name__ == "__main__":
    main()
