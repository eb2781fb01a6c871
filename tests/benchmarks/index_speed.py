"""How fast texts become searchable, and what one change costs.

The first table goes from text to searchable; the second takes the same finished terms of all kinds
through our engine, Whoosh as it comes, SQLite FTS5 and tantivy; the third changes one passage of an
index that is already there, and asks a first search of what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kb import languages
from kb.knowledge_base import KnowledgeBase
from kb.languages.chinese_words import segment
from kb.models import Article, Passage
from kb.ranking import index_text
from kb.settings import load
from tests.benchmarks import contestants as field
from tests.benchmarks import corpus, measuring
from tests.benchmarks.contestants import Document
from tests.benchmarks.measuring import CLOCKS, ratio, significant

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
@measuring.clock_option
def main(size: int, changes: int, indexed: Path | None, clock: str) -> None:
    """Time indexing: of texts, of the same terms beside other engines, and of one change."""
    measuring.heading("python -m tests.benchmarks.index_speed")
    material = corpus.make(size, 10)
    passages = list(material.passages())
    now = CLOCKS[clock]
    with TemporaryDirectory() as scratch:
        home = indexed or Path(scratch) / "whole"
        with KnowledgeBase(load(home=Path(scratch) / "whole", engine="")) as book:
            whole = _from_texts(book, material, passages, now)
        _by_terms(passages, Path(scratch), now)
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
    bare = _seconds(lambda: [_bare(text) for text in texts], now)
    terms = _seconds(lambda: [index_text(languages.analyse(text)) for text in texts], now)
    whole = _seconds(lambda: book.add(material.articles), now)
    rows = [
        [name, significant(len(texts) / seconds), significant(seconds), ratio(seconds, bare)]
        for name, seconds in {
            "words alone (pymorphy3, jieba)": bare,
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


def _bare(text: str) -> int:
    """Look every word of a text up, as indexing must; the number of words."""
    count = 0
    for run in languages.scripts(text.lower()):
        if run.lastgroup == "han":
            count += len(segment(run.group()))
        elif run.lastgroup == "cyrillic":
            count += bool(languages.language("ru").words(run.group()))
    return count


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
