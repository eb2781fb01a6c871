"""How fast a search is: beside other engines on the same terms, and as people search, by size.

Two tables of times, one run each. By terms: the ten best by OR over one field, for questions of nine
words and searches of one to three, with and without a filter. Whole searches: everything from the
typed text to marked hits, with totals and facets. `first` is each query's first time, when its terms
are not remembered yet. That our hits and scores are those of Whoosh with our formula is asserted.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click
import msgspec
import numpy as np
from whoosh.filedb.filestore import FileStorage

from kb.engines.cache import BoundedCache
from kb.engines.impacts import Collection, Impacts, Numbers, Postings, best
from kb.engines.whoosh import WhooshEngine
from kb.engines.whoosh.layout import FORMAT, SCHEMA
from kb.knowledge_base import KnowledgeBase
from kb.models import QueryTerm, SearchRequest
from kb.ranking import Field
from kb.settings import load
from tests.benchmarks import contestants as field
from tests.benchmarks import corpus, measuring
from tests.benchmarks.contestants import Contestant, Document, WhooshOurFormula
from tests.benchmarks.measuring import milliseconds, percentile, ratio, significant

# Of the queries, so many are asked of the slow judge as well.
JUDGED = 40
FILTER = "ru"
_MUCH = 8_000_000_000
WAYS: Mapping[str, Mapping[str, object]] = {
    "": {},
    f", language={FILTER}": {"language": FILTER},
    ", principle=empathy": {"principle": "empathy"},
    ", no hits": {"limit": 0},
}


Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents and queries as finished terms."""

    documents: list[Document]
    long: list[list[str]]
    short: list[list[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries as they are typed."""

    long: list[str]
    short: list[str]


@click.command()
@click.option("--sizes", default="1000,10000,100000", show_default=True, help="Passages, with commas.")
@click.option("--queries", default=150, show_default=True, help="Queries of each kind.")
@click.option("--repeat", default=5, show_default=True, help="How often each query is asked.")
@click.option("--only", multiple=True, help="Contestants to ask, by name; by default all installed.")
@click.option("--terms/--no-terms", default=True, help="Measure searches by terms of one field.")
@click.option("--whole/--no-whole", default=True, help="Measure whole searches.")
@click.option(
    "--repeated",
    default="",
    help="Also rank alone in collections so many times the last size, its postings repeated, with commas.",
)
@click.option(
    "--beir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Data set to use."
)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep indexes here, or use them."
)
@measuring.clock_option
def main(
    sizes: str,
    queries: int,
    repeat: int,
    only: tuple[str, ...],
    terms: bool,
    whole: bool,
    repeated: str,
    beir: Path | None,
    keep: Path | None,
    clock: str,
) -> None:
    """Time searches by terms beside other engines, and whole searches, on growing collections."""
    others = {cls.name: _version(cls) for cls in field.installed(only)}
    measuring.heading("python -m tests.benchmarks.search_speed", others)
    with TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        counts = [int(size) for size in sizes.split(",")]
        for size in counts if terms else ():
            place = folder / f"terms-{size}"
            texts = _kept(place / "texts.json", Texts, partial(_texts, beir, size, queries))
            by_terms(texts, place, queries, only, repeat, clock)
        if whole:
            homes = {size: folder / f"whole-{size}" / f"format-{FORMAT}" for size in counts}
            for size, home in homes.items():
                _kept(home / "asked.json", Asked, partial(_index, beir, size, queries, home))
            whole_searches(homes, queries, repeat, clock)
            if repeated:
                times = [int(number) for number in repeated.split(",")]
                ranking_alone(homes[counts[-1]], times, queries, repeat, clock)


def _made(beir: Path | None, size: int, queries: int) -> corpus.Material:
    return corpus.from_data_set(beir, size, queries) if beir else corpus.make(size, queries)


def _kept(file: Path, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
    """What is in a file, or else made and put there: what was indexed must be what is asked for."""
    if not file.exists():
        made = make()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(made))
    return msgspec.json.decode(file.read_bytes(), type=kind)


def _version(contestant: type[Contestant]) -> str:
    with TemporaryDirectory() as folder:
        return contestant(Path(folder) / "none").version


# --- By terms ---


def _texts(beir: Path | None, size: int, queries: int) -> Texts:
    material = _made(beir, size, queries)
    passages = list(material.passages())
    texts, code = field.numbered([corpus.word_terms(passage.text) for passage in passages])
    return Texts(
        [Document(terms, passage.language) for terms, passage in zip(texts, passages, strict=True)],
        long=[terms for query in material.long if (terms := code(query.terms))],
        short=[terms for query in material.short if (terms := code(query.terms))],
    )


def by_terms(texts: Texts, folder: Path, count: int, only: Sequence[str], repeat: int, clock: str) -> None:
    """Build, open and ask every contestant; print what each took."""
    documents = texts.documents
    asked = {"long": texts.long[:count], "short": texts.short[:count]}
    with ExitStack() as stack:
        stack.enter_context(field.weights(**field.ONE_FIELD))
        running = {}
        for contestant in field.installed(only):
            runner = _built(contestant, folder, documents)
            runner.open()
            stack.callback(runner.close)
            running[runner.name] = runner
        _judge(running, asked["long"][:JUDGED] + asked["short"][:JUDGED])
        running.pop(WhooshOurFormula.name, None)
        calls = {name: runner.search for name, runner in running.items()}
        filtered = {name: partial(runner.search, language=FILTER) for name, runner in running.items()}
        for kind, queries in asked.items():
            first = measuring.interleaved(calls, queries, 1, clock)
            times = measuring.interleaved(calls, queries, repeat, clock)
            among = measuring.interleaved(filtered, queries, repeat, clock)
            _print(f"{len(documents):,} passages, {kind} queries by terms (ms)", first, times, among)
    _print_opening(list(running), folder, asked["long"] + asked["short"], clock)


def _built(contestant: type[Contestant], folder: Path, documents: Sequence[Document]) -> Contestant:
    # Variants of one engine share its index.
    mine = folder / contestant.name.partition(",")[0].replace(" ", "-")
    runner = contestant(mine)
    # What was kept in an older format of ours is made anew.
    done = mine / (f"built-{FORMAT}" if isinstance(runner, field.Servicebook) else "built")
    if not done.exists():
        runner.build(documents)
        done.touch()
    if isinstance(runner, WhooshOurFormula):
        runner.lengths = [len(document.terms) for document in documents]
    return runner


def _judge(running: dict[str, Contestant], queries: Sequence[Sequence[str]]) -> None:
    """Assert that our hits and scores are those of Whoosh with our formula."""
    judge = running.get(WhooshOurFormula.name)
    ours = [runner for name, runner in running.items() if name.startswith("servicebook")]
    if not judge:
        return
    for terms in queries:
        right = judge.search(terms)
        for runner in ours:
            found = runner.search(terms)
            for (one, score), (other, wanted) in zip(found, right, strict=True):
                same = abs(score - wanted) < 1e-6
                # Which of several equal ones come first, or at all, is left to each.
                if not same or (
                    one != other and abs(score - right[-1][1]) > 1e-6 and not _ties(right, wanted)
                ):
                    raise SystemExit(f"{runner.name} and {judge.name} differ on {terms}: {found} {right}")
    click.echo(f"\nHits and scores equal those of Whoosh with our formula on {len(queries)} queries.")


def _ties(found: Sequence[tuple[int, float]], score: float) -> bool:
    return sum(abs(other - score) < 1e-6 for _, other in found) > 1


def _print(
    title: str,
    first: dict[str, list[float]],
    times: dict[str, list[float]],
    filtered: dict[str, list[float]],
) -> None:
    base = percentile(times["servicebook"], 50) if "servicebook" in times else 0
    rows = [
        [
            name,
            *milliseconds(taken),
            ratio(percentile(taken, 50), base),
            significant(1000 * percentile(first[name], 50)),
            *milliseconds(filtered[name])[:2],
        ]
        for name, taken in times.items()
    ]
    measuring.table(title, ["", "p50", "p95", "p99", "p50 to ours", "first p50", "filtered p50", "p95"], rows)


def _print_opening(names: Sequence[str], folder: Path, queries: Sequence[Sequence[str]], clock: str) -> None:
    rows = []
    for name in names:
        opening, first, before, after = _alone(_open_alone, name, folder, queries, clock)
        rows.append(
            [name, significant(1000 * opening), significant(1000 * first), f"{before:.0f}", f"{after:.0f}"]
        )
    measuring.table(
        "Opening (ms, median of 5, from the file cache) and memory (MB of a process that asked all queries)",
        ["", "open", "and a first search", "before", "after"],
        rows,
    )


def _alone(measure: Callable[..., None], *arguments: object) -> tuple[float, ...]:
    """What a function sends that runs in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    child = spawn.Process(target=measure, args=(*arguments, sending))
    child.start()
    sending.close()  # so that a child that dies is noticed
    sent: tuple[float, ...] = receiving.recv()
    child.join()
    return sent


def _open_alone(
    name: str,
    folder: Path,
    queries: Sequence[Sequence[str]],
    clock: str,
    sending: Connection,
) -> None:
    """In a process of its own: the times to open and to open and search, memory before and after."""
    contestant, _ = field.CONTESTANTS[name]
    runner = contestant(folder / name.partition(",")[0].replace(" ", "-"))
    now = measuring.CLOCKS[clock]
    with field.weights(**field.ONE_FIELD):
        runner.open()  # imports what it needs
        runner.search(queries[0])
        runner.close()
        before = measuring.resident()
        opened, searched = [], []
        for number in range(5):
            started = now()
            runner.open()
            opened.append(now() - started)
            runner.search(queries[number % len(queries)])
            searched.append(now() - started)
            if number < 4:
                runner.close()
        for terms in queries:
            runner.search(terms)
        sending.send((percentile(opened, 50), percentile(searched, 50), before, measuring.resident()))
        runner.close()


# --- Whole searches ---


def _index(beir: Path | None, size: int, queries: int, home: Path) -> Asked:
    material = _made(beir, size, queries)
    with KnowledgeBase(load(home=home, engine="")) as book:
        book.add(material.articles)
    return Asked([query.text for query in material.long], [query.text for query in material.short])


def whole_searches(homes: Mapping[int, Path], most: int, repeat: int, clock: str) -> None:
    """Ask knowledge bases of several sizes the same way, in turn, and print what each took."""
    with ExitStack() as stack:
        books: dict[int, KnowledgeBase] = {}
        asked: dict[int, Asked] = {}
        for size, home in homes.items():
            books[size] = stack.enter_context(KnowledgeBase(load(home=home, engine="")))
            asked[size] = msgspec.json.decode((home / "asked.json").read_bytes(), type=Asked)
        for kind in ("long", "short"):
            rows = []
            for way, options in WAYS.items():
                count = min(most, *(len(getattr(texts, kind)) for texts in asked.values()))
                calls = {
                    f"{size:,}{way}": _searching(book, getattr(asked[size], kind), options)
                    for size, book in books.items()
                }
                first = measuring.interleaved(calls, range(count), 1, clock)
                times = measuring.interleaved(calls, range(count), repeat, clock)
                base = percentile(next(iter(times.values())), 50)
                rows += [
                    [
                        name,
                        *milliseconds(taken),
                        ratio(percentile(taken, 50), base),
                        ratio(percentile(taken, 95), percentile(taken, 50)),
                        "" if way else significant(1000 * percentile(first[name], 50)),
                    ]
                    for name, taken in times.items()
                ]
            measuring.table(
                f"Whole searches, {kind} queries (ms)",
                ["passages", "p50", "p95", "p99", "p50 to the smallest", "p95 to p50", "first p50"],
                rows,
            )
    _print_whole_opening(homes, clock)


def _print_whole_opening(homes: Mapping[int, Path], clock: str) -> None:
    rows = []
    for size, home in homes.items():
        ours, theirs, first, before, after = _alone(_search_alone, home, clock)
        rows.append(
            [
                f"{size:,}",
                significant(1000 * ours),
                significant(1000 * theirs),
                ratio(theirs, ours),
                significant(1000 * first),
                f"{before:.0f}",
                f"{after:.0f}",
            ]
        )
    measuring.table(
        "Opening the same index (ms, median of 5, from the file cache) and memory (MB of a process of its"
        " own, before the first search and after all queries)",
        ["passages", "servicebook", "whoosh", "whoosh to ours", "first search", "before", "after"],
        rows,
    )


def _search_alone(home: Path, clock: str, sending: Connection) -> None:
    """In a process of its own: the times to open an index our way and Whoosh's and to search it first,
    memory before and after all queries."""
    now = measuring.CLOCKS[clock]
    asked: Asked = msgspec.json.decode((home / "asked.json").read_bytes(), type=Asked)
    with KnowledgeBase(load(home=home, engine="")) as book:
        book.search("сервис 服务 service", articles="none")  # loads what has nothing to do with size
        engine = book.engine
        assert isinstance(engine, WhooshEngine)
        folder, opened = engine._folder, []
    for opening in (_open_our_way, _open_as_whoosh):
        times = []
        for _ in range(5):
            started = now()
            opening(folder)
            times.append(now() - started)
        opened.append(percentile(times, 50))
    before = measuring.resident()
    with KnowledgeBase(load(home=home, engine="")) as book:
        book.search("сервис 服务 service", articles="none")
        started = now()
        book.search(asked.long[0])
        first = now() - started
        for text in (*asked.long, *asked.short):
            book.search(text)
        sending.send((*opened, first, before, measuring.resident()))


def _open_our_way(folder: Path) -> None:
    engine = WhooshEngine(f"whoosh://{folder.parent}", field.MEMORY)
    engine._snapshot()
    engine.close()


def _open_as_whoosh(folder: Path) -> None:
    FileStorage(str(folder)).open_index(schema=SCHEMA).reader().close()


def _searching(
    book: KnowledgeBase, asked: Sequence[str], options: Mapping[str, object]
) -> Callable[[int], object]:
    return lambda number: book.search(asked[number], **options)


# --- Larger collections, by postings only ---


def ranking_alone(home: Path, times: Sequence[int], most: int, repeat: int, clock: str) -> None:
    """Rank in a collection repeated many times over: all kinds of terms, totals, the ten best."""
    asked: Asked = msgspec.json.decode((home / "asked.json").read_bytes(), type=Asked)
    with KnowledgeBase(load(home=home, engine="")) as book:
        engine = book.engine
        assert isinstance(engine, WhooshEngine), "only the embedded engine's postings can be repeated"
        snapshot = engine._snapshot()
        sizes = {
            number: _repeated(snapshot.impacts.collection, snapshot.postings, number) for number in times
        }
        for kind in ("long", "short"):
            queries = [
                book.searcher.understand(SearchRequest(text=text))[0].terms
                for text in getattr(asked, kind)[:most]
            ]
            calls = {f"{impacts.collection.size:,}": partial(_rank, impacts) for impacts in sizes.values()}
            first = measuring.interleaved(calls, queries, 1, clock)
            taken = measuring.interleaved(calls, queries, repeat, clock)
            measuring.table(
                f"Ranking alone, all kinds of terms, postings repeated, {kind} queries (ms)",
                ["passages", "p50", "p95", "p99", "first p50"],
                [
                    [name, *milliseconds(each), significant(1000 * percentile(first[name], 50))]
                    for name, each in taken.items()
                ],
            )


def _rank(impacts: Impacts, terms: Sequence[QueryTerm]) -> object:
    looked_up = impacts.looked_up(terms)
    matched = impacts.hits(looked_up)
    return len(matched), matched[best(impacts.scores(looked_up, matched), field.COUNT)]


def _repeated(one: Collection, postings: Callable[[Field, str], Postings], times: int) -> Impacts:
    """The impacts of a collection that holds another so many times."""

    def again(numbers: Numbers) -> Numbers:
        offsets = np.arange(times, dtype=np.int32) * (int(numbers[-1]) + 1 if len(numbers) else 0)
        return (numbers + offsets[:, None]).ravel()

    collection = Collection(
        section=again(one.section),
        article=again(one.article),
        text_words=np.tile(one.text_words, times),
        heading_words=np.tile(one.heading_words, times),
        asked_words=np.tile(one.asked_words, times),
        title_words=np.tile(one.title_words, times),
    )

    def more(name: Field, term: str) -> Postings:
        numbers, counts = postings(name, term)
        offsets = np.arange(times, dtype=np.int32) * one.size
        return (numbers + offsets[:, None]).ravel(), np.tile(counts, times)

    return Impacts(collection, more, BoundedCache(_MUCH), times)


if __name__ == "__main__":
    main()
