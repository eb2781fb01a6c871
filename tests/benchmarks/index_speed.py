"""How fast texts become searchable, and what one change costs.

The first table goes from text to searchable; the second indexes Markdown files in one and in several
processes; the third takes the same finished terms of all kinds through our engine, Whoosh as it
comes, SQLite FTS5 and tantivy; the fourth changes a few of many files; the last changes one passage
of an index that is already there, and asks a first search of what came of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp

import click
import jieba

from kb import languages
from kb.knowledge_base import KnowledgeBase
from kb.languages.chinese_words import segment
from kb.languages.russian import _morphology
from kb.models import Article, Passage
from kb.ranking import index_text
from kb.settings import load
from tests.benchmarks import contestants as field
from tests.benchmarks import corpus, measuring
from tests.benchmarks.contestants import Document
from tests.benchmarks.measuring import CLOCKS, ratio, significant

# Seconds between two looks at what processes hold; each remembers the most it held.
_EVERY = 0.2
_RIVALS = ("servicebook", "whoosh", "sqlite fts5", "tantivy")


@click.command()
@click.option("--size", default=10_000, show_default=True, help="Passages to index.")
@click.option("--changes", default=5, show_default=True, help="How often one passage is changed.")
@click.option(
    "--changed",
    "indexed",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Home of an index to change a passage of, made by search_speed --keep (it is changed!).",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    help="How often files are indexed by one and two jobs; 0: not at all.",
)
@click.option("--files", default=1000, show_default=True, help="Files of which ten are changed.")
@measuring.clock_option
def main(size: int, changes: int, indexed: Path | None, rounds: int, files: int, clock: str) -> None:
    """Time indexing: of texts, of the same terms beside other engines, and of one change."""
    measuring.heading("python -m tests.benchmarks.index_speed")
    material = corpus.make(size, 10)
    passages = list(material.passages())
    now = CLOCKS[clock]
    with TemporaryDirectory() as scratch:
        home = indexed or Path(scratch) / "whole"
        with KnowledgeBase(load(home=Path(scratch) / "whole", engine="")) as book:
            whole = _from_texts(book, material, passages, now)
        if rounds:
            _by_jobs(material, Path(scratch) / "jobs", rounds)
        _by_terms(passages, Path(scratch), now)
        _few_files(material, Path(scratch) / "few", files)
        with KnowledgeBase(load(home=home, engine="")) as book:
            _one_change(book, material, changes, whole / size, now)


def _seconds(do: Callable[[], object], now: Callable[[], float]) -> float:
    started = now()
    do()
    return now() - started


def _from_texts(
    book: KnowledgeBase, material: corpus.Material, passages: Sequence[Passage], now: Callable[[], float]
) -> float:
    """Print how fast the steps from text to searchable are; the seconds of all of them."""
    languages.analyse("сервис 服务 service")  # dictionaries load once, and are not what is measured
    book.tagger.mentions("сервис")
    texts = [passage.text for passage in passages]
    plain = _seconds(lambda: [_plain(text) for text in texts], now)
    bare = _seconds(lambda: [_bare(text) for text in texts], now)
    terms = _seconds(lambda: [index_text(languages.analyse(text)) for text in texts], now)
    whole = _seconds(lambda: book.add(material.articles), now)
    rows = [
        [name, significant(len(texts) / seconds), significant(seconds), ratio(seconds, plain)]
        for name, seconds in {
            "pymorphy3 and jieba alone": plain,
            "the same, each form once": bare,
            "all kinds of terms": terms,
            "text to searchable (tags included)": whole,
        }.items()
    ]
    measuring.table(
        f"{len(texts):,} passages from text; each form is new to a step only once",
        ["", "passages/s", "seconds", "to the first"],
        rows,
    )
    return whole


@cache
def _jieba() -> jieba.Tokenizer:
    """jieba as it comes, but for its cache, which would lie in the folder that everyone shares."""
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = mkdtemp()
    tokenizer.initialize()
    return tokenizer


_PLAIN_WORDS = {"ru": re.compile("[а-яё]+"), "zh": re.compile("[\u4e00-\u9fff]+")}


def _plain(text: str) -> None:
    """Nothing but the two libraries, as they come, on every word that stands in a text."""
    for word in _PLAIN_WORDS["ru"].findall(text.lower()):
        _morphology().parse(word)
    for run in _PLAIN_WORDS["zh"].findall(text):
        list(_jieba().cut(run, HMM=False))


def _bare(text: str) -> int:
    """Look every word of a text up, as indexing must; the number of words."""
    count = 0
    for run in languages.scripts(text.lower()):
        if run.lastgroup == "han":
            count += len(segment(run.group()))
        elif run.lastgroup == "cyrillic":
            count += bool(languages.language("ru").words(run.group()))
    return count


def _write_files(material: corpus.Material, folder: Path) -> None:
    """The articles as Markdown files, a hundred a folder."""
    for number, (article, _) in enumerate(material.articles):
        parts = [f"# {number} {article.title}"]
        for section in article.sections:
            parts += [f"## {section.heading}", *(block.text for block in section.blocks)]
        path = folder / f"{number // 100:04}" / f"{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        os.utime(path, (1_600_000_000, 1_600_000_000))


# What a process of its own does for each row. Indexing has its dictionaries still to load, as the command
# has; bare analysis has them.
_RUN = """
import json, resource, sys, time
from pathlib import Path
import kb
from tests.benchmarks.index_speed import _plain
if __name__ == "__main__":
    jobs, home, folder = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.md"))]
    if not jobs:
        _plain("сервис 服务")
    wall, own = time.perf_counter(), time.process_time()
    with kb.open(home=home, corpus=folder, engine="") as book:
        count = book.index(jobs=jobs).passages if jobs else len([_plain(text) for text in texts])
        wall, own = time.perf_counter() - wall, time.process_time() - own
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"count": count, "wall": wall, "own": own, "children": children.ru_utime + children.ru_stime}))
"""


def _by_jobs(material: corpus.Material, folder: Path, rounds: int) -> None:
    """Print what indexing the same files costs in one and two processes, beside bare analysis."""
    _write_files(material, folder / "articles")
    script = folder / "run.py"
    script.write_text(_RUN, encoding="utf-8")
    names = {0: "pymorphy3 and jieba alone", 1: "kb index --jobs 1", 2: "kb index --jobs 2"}
    taken: dict[int, list[dict[str, float]]] = {jobs: [] for jobs in names}
    for _ in range(rounds):
        for jobs, found in taken.items():
            home = folder / "home"
            shutil.rmtree(home, ignore_errors=True)
            printed, held = _watched([sys.executable, script, str(jobs), home, folder / "articles"])
            found.append({**json.loads(printed.splitlines()[-1]), "held": _held(held, jobs)})

    def middle(jobs: int, *fields: str) -> float:
        return median(sum(one[field] for field in fields) for one in taken[jobs])

    def faster(jobs: int) -> list[float]:
        return [one["wall"] / many["wall"] for one, many in zip(taken[1], taken[jobs], strict=True)]

    count = taken[1][0]["count"]
    rows = [
        [
            name,
            significant(count / middle(jobs, "wall")),
            significant(middle(jobs, "wall")),
            significant(middle(jobs, "own", "children")),
            ratio(middle(jobs, "own", "children"), middle(0, "own")),
            f"{median(faster(jobs)):.2f}×" if jobs else "",
            " ".join(f"{times:.2f}" for times in faster(jobs)) if jobs > 1 else "",
            significant(middle(jobs, "held")),
        ]
        for jobs, name in names.items()
    ]
    head = ["", "passages/s", "seconds", "CPU s", "CPU to the first", "as fast as one job", "in each round"]
    head.append("MB at most")
    size = sum(path.stat().st_size for path in (folder / "articles").rglob("*.md")) / 1e6
    measuring.table(
        f"{count:,.0f} passages in {len(material.articles):,} Markdown files, {size:.1f} MB (medians of {rounds})",
        head,
        rows,
    )


def _watched(command: Sequence[str | Path]) -> tuple[bytes, Sequence[float]]:
    """What a command prints, and the megabytes that its process held at most, and each that it started."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    most: dict[int, float] = {}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        while True:
            for number in measuring.family(process.pid):
                most[number] = measuring.held(number) or most.get(number, 0.0)
            with suppress(subprocess.TimeoutExpired):
                printed, _ = process.communicate(timeout=_EVERY)
                break
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return printed, list(most.values())


def _held(most: Sequence[float], jobs: int) -> float:
    """What the process that writes and its workers, if there are any, held at most."""
    writer, *others = most
    return writer + jobs * max(others, default=0.0) * (jobs > 1)


def _few_files(material: corpus.Material, folder: Path, files: int) -> None:
    """Print what changing, renaming and leaving files costs, beside indexing all of them."""
    chosen = corpus.Material(
        [(_short(a, n), None) for n, (a, _) in enumerate(_repeated(material, files))], [], []
    )
    _write_files(chosen, folder / "articles")
    rows = []
    with KnowledgeBase(load(home=folder / "home", engine="", corpus=folder / "articles")) as book:
        first = 0.0
        for name, change in _CHANGES.items():
            change(sorted((folder / "articles").rglob("*.md")))
            before = time.process_time()
            report = book.index()
            seconds = time.process_time() - before
            first = first or seconds
            what = f"{report.added} added, {report.changed} changed, {report.removed} removed"
            rows.append([name, what, significant(1000 * seconds), f"1/{first / seconds:.0f}"])
    measuring.table(f"{files:,} files (CPU time)", ["", "articles", "ms", "of all"], rows)


# What is done to the files that are there: of fewer, to all.
_CHANGES: dict[str, Callable[[Sequence[Path]], object]] = {
    "all files": lambda paths: None,
    "nothing changed": lambda paths: None,
    "10 changed": lambda paths: [_append(path) for path in paths[:: max(len(paths) // 10, 1)][:10]],
    "10 renamed": lambda paths: [path.rename(path.with_stem(f"{path.stem}-b")) for path in paths[:10]],
    "100 touched": lambda paths: [os.utime(path) for path in paths[:100]],
    "a folder of 100 renamed": lambda paths: paths[-1].parent.rename(paths[-1].parent.with_name("other")),
    "10 deleted": lambda paths: [path.unlink() for path in paths[:10]],
}


def _repeated(material: corpus.Material, count: int) -> Sequence[corpus.Indexed]:
    return [material.articles[number % len(material.articles)] for number in range(count)]


def _short(article: Article, number: int) -> Article:
    """The first section of an article, under a title of its own."""
    return replace(article, title=f"{number} {article.title}", sections=article.sections[:1])


def _append(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\nЕщё один абзац.\n", encoding="utf-8")


def _by_terms(passages: Sequence[Passage], scratch: Path, now: Callable[[], float]) -> None:
    """Print how fast engines index the same terms."""
    analysed = [index_text(languages.analyse(passage.text)).terms for passage in passages]
    texts, _ = field.numbered(
        [[t for term, times in terms.items() for t in [term] * times] for terms in analysed]
    )
    documents = [Document(terms, passage.language) for terms, passage in zip(texts, passages, strict=True)]
    taken = {}
    for contestant in field.installed(_RIVALS):
        runner = contestant(scratch / contestant.name.replace(" ", "-"))
        taken[contestant.name] = _seconds(lambda runner=runner: runner.build(documents), now)  # type: ignore[misc]
    base = taken.get("sqlite fts5", 0)
    rows = [
        [name, significant(len(documents) / seconds), significant(seconds), ratio(seconds, base)]
        for name, seconds in taken.items()
    ]
    count = sum(len(document.terms) for document in documents)
    measuring.table(
        f"{len(documents):,} passages as {count:,} finished terms of all kinds",
        ["", "passages/s", "seconds", "to FTS5"],
        rows,
    )


def _one_change(
    book: KnowledgeBase,
    material: corpus.Material,
    changes: int,
    seconds_each: float,
    now: Callable[[], float],
) -> None:
    """Print what it costs to change one passage, in parts of what a rebuild would."""
    size = book.size()
    question = material.long[0].text
    book.search(question)
    rows: list[list[object]] = []
    written, searched, again = [], [], []
    for number in range(changes):
        article, _ = material.articles[number]
        edited = _edited(article, number)
        written.append(_seconds(lambda edited=edited: book.add([(edited, None)]), now))  # type: ignore[misc]
        searched.append(_seconds(lambda: book.search(question), now))
        again.append(_seconds(lambda: book.search(question), now))
    rebuild = seconds_each * size
    for name, seconds in {
        "change one passage (its article is analysed and committed)": written,
        "first search after it": searched,
        "second search": again,
    }.items():
        middle = sorted(seconds)[len(seconds) // 2]
        rows.append([name, significant(1000 * middle), f"1/{rebuild / middle:.0f}"])
    measuring.table(
        f"One change among {size:,} passages (median of {changes}; a rebuild takes about {rebuild:.0f} s)",
        ["", "ms", "of a rebuild"],
        rows,
    )


def _edited(article: Article, number: int) -> Article:
    section = article.sections[0]
    block = replace(section.blocks[0], text=f"{section.blocks[0].text} Правка {number}.")
    changed = replace(section, blocks=(block, *section.blocks[1:]))
    return replace(article, sections=(changed, *article.sections[1:]))


if __name__ == "__main__":
    main()
