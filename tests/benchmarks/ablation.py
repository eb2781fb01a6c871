"""What each part of the ranking gives: nDCG@10 with one part left out at a time.

Each data set is indexed once, through the code that serves people; then its impacts are computed
anew for each variant from the same postings, and its queries ranked in memory. A difference counts
when it is seen on two sets and is above their noise (DESIGN: 0.7 points on paragraphs, 0.9 on
sentences).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np
import numpy.typing as npt

from kb import evaluation, languages, query, ranking
from kb.engines.cache import BoundedCache
from kb.engines.impacts import Impacts, best
from kb.engines.whoosh import WhooshEngine
from kb.knowledge_base import KnowledgeBase
from kb.models import Article, Passage, Query, SearchRequest, TermKind
from kb.ranking import Field, FieldWeight
from kb.settings import load
from tests.benchmarks import measuring
from tests.benchmarks.contestants import weights

# A level that weighs nothing would not be looked at, and its words are counted for the quorum.
NOTHING = 1e-12
_DEPTH = 10
_MEMORY = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Variant:
    """A ranking that differs in one thing: other constants of `kb.ranking`, or other terms."""

    name: str
    constants: Mapping[str, object] = field(default_factory=dict)
    asks: bool = True  # whether question words are left out of queries
    bridged: bool = True


@dataclass(frozen=True, slots=True)
class Indexed:
    """Data sets in one index: its impacts with the constants of now, the queries of each set (with or
    without question words and bridges), and the document and language of each passage."""

    impacts: Callable[[], Impacts]
    asked: Callable[[bool, bool], Mapping[str, Mapping[str, Query]]]
    sets: Mapping[str, evaluation.DataSet]
    documents: Sequence[str]
    languages: npt.NDArray[np.bytes_]


def variants() -> Iterator[Variant]:
    """The ranking as it is, and without each of its parts."""
    yield Variant("as it is")
    for kind in TermKind:
        without = {**ranking.KIND_WEIGHTS, kind: 0.0}
        yield Variant(f"without {kind.name.lower()}s", {"KIND_WEIGHTS": without})
    everything = dict.fromkeys(TermKind, 1.0)
    yield Variant("all kinds weigh 1", {"KIND_WEIGHTS": everything})
    for name in (Field.HEADINGS, Field.TITLE):
        nothing = FieldWeight(0.0, ranking.FIELD_WEIGHTS[name].b)
        yield Variant(f"without {name.value}", {"FIELD_WEIGHTS": {**ranking.FIELD_WEIGHTS, name: nothing}})
    for name, weight in ((Field.HEADINGS, 1.0), (Field.TITLE, 2.0)):
        other = FieldWeight(weight, ranking.FIELD_WEIGHTS[name].b)
        weights_of_fields = {**ranking.FIELD_WEIGHTS, name: other}
        yield Variant(f"{name.value} weighing {weight:g}", {"FIELD_WEIGHTS": weights_of_fields})
    yield Variant("all languages count alike", {"FOREIGN_WEIGHT": 1.0})
    yield Variant("without the section's share", {"SECTION_WEIGHT": NOTHING})
    yield Variant("without the article's share", {"ARTICLE_WEIGHT": NOTHING})
    yield Variant("without both", {"SECTION_WEIGHT": NOTHING, "ARTICLE_WEIGHT": NOTHING})
    yield Variant("without the section's quorum", {"section_quorum": lambda words: 1_000_000})
    yield Variant("with question words", asks=False)
    yield Variant("without bridges", bridged=False)
    only = {kind: float(kind is TermKind.WORD) for kind in TermKind}
    alone = {"KIND_WEIGHTS": only, "SECTION_WEIGHT": NOTHING, "ARTICLE_WEIGHT": NOTHING}
    yield Variant("words alone (plain BM25)", alone)


@click.command()
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--queries", default=0, help="Ask only so many queries of each set.")
@click.option("--together/--no-together", default=True, help="Also put the languages of a set in one index.")
def main(folders: Sequence[Path], queries: int, together: bool) -> None:
    """Rank the data sets in FOLDERS (in BEIR form) with each part of the ranking left out.

    Sets whose names differ behind the last hyphen (xquad-ru, xquad-zh) are the same in several
    languages, and are also put in one index. A set with groups of queries has a column for each.
    """
    measuring.heading("python -m tests.benchmarks.ablation")
    tried = list(variants())
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        columns: dict[str, list[float]] = {}
        for folder in folders:
            indexed = _index([folder], Path(scratch) / folder.name, queries, stack)
            measured = [_ndcg(indexed, variant) for variant in tried]
            columns.update({name: [one[name] for one in measured] for name in measured[0]})
            click.echo("; ".join(f"{name}: {ndcg:.2f}" for name, ndcg in measured[0].items()), err=True)
        rows = [
            [variant.name, *(_shown(column, number) for column in columns.values())]
            for number, variant in enumerate(tried)
        ]
        if together and (one := _in_one_index(folders, Path(scratch), queries, stack)):
            rows.append(["all languages in one index", *(_differing(one, columns, name) for name in columns)])
    measuring.table("nDCG@10 ×100, and the difference to it", ["", *columns], rows)


def _shown(column: Sequence[float], number: int) -> str:
    return f"{column[0]:.2f}" if not number else f"{column[number] - column[0]:+.2f}"


def _differing(one: Mapping[str, float], columns: Mapping[str, Sequence[float]], name: str) -> str:
    return f"{one[name] - columns[name][0]:+.2f}" if name in one else "–"


def _in_one_index(folders: Sequence[Path], scratch: Path, queries: int, stack: ExitStack) -> dict[str, float]:
    """The nDCG@10 of each set in an index of all its languages."""
    found: dict[str, float] = {}
    by_name = sorted(folders, key=lambda folder: folder.name.rpartition("-")[0])
    for name, group in groupby(by_name, key=lambda folder: folder.name.rpartition("-")[0]):
        same = list(group)
        if name and len(same) > 1:
            indexed = _index(same, scratch / f"{name}-together", queries, stack)
            found.update(_ndcg(indexed, Variant("as it is")))
    return found


# --- Indexing ---


def _index(folders: Sequence[Path], home: Path, queries: int, stack: ExitStack) -> Indexed:
    """Index data sets into one knowledge base."""
    book = stack.enter_context(KnowledgeBase(load(home=home, engine="")))
    sets: dict[str, evaluation.DataSet] = {}
    ids: dict[str, str] = {}
    articles: list[tuple[Article, Sequence[Passage] | None]] = []
    for folder in folders:
        data = evaluation.read(folder)
        asked = {id: text for id, text in data.queries.items() if id in data.qrels}
        asked = dict(list(asked.items())[: queries or None])
        for group in dict.fromkeys(data.groups.get(id, "") for id in asked):
            chosen = {id: text for id, text in asked.items() if data.groups.get(id, "") == group}
            sets[f"{folder.name} {group}".strip()] = replace(data, queries=chosen)
        if not data.corpus:
            book.index([folder.absolute().parent])
        own: dict[str, str] = {}
        for article, units in evaluation._articles(data.corpus, own):
            articles.append(_apart(article, units, folder.name))
        # Documents of several sets may have the same id.
        ids.update({f"{folder.name}.{id}": f"{folder.name}/{document}" for id, document in own.items()})
    book.add(articles)
    engine = book.engine
    assert isinstance(engine, WhooshEngine), "an ablation computes the impacts of the embedded engine"
    snapshot = engine._snapshot()
    passages = map(snapshot.table.place, range(len(snapshot.table)))
    documents = [
        ids.get(f"{id}-{position}") or ids.get(id) or snapshot.passage_numbered(number).id
        for number, (id, position) in enumerate(passages)
    ]

    def impacts() -> Impacts:
        return Impacts(snapshot.impacts.collection, snapshot.postings, BoundedCache(_MEMORY), "ablation")

    @cache
    def asked(asks: bool, bridged: bool) -> Mapping[str, Mapping[str, Query]]:
        silent = languages.question_words() if asks else frozenset()
        with mock.patch.object(query, "question_words", lambda: silent):
            return {
                name: {
                    id: book.searcher.understand(
                        SearchRequest(text, data.languages.get(id, ()), bridge=bridged)
                    )[0]
                    for id, text in data.queries.items()
                }
                for name, data in sets.items()
            }

    return Indexed(impacts, asked, sets, documents, snapshot.table.facts["language"])


def _apart(
    article: Article, units: Sequence[Passage] | None, name: str
) -> tuple[Article, Sequence[Passage] | None]:
    """An article and its passages with ids that no other data set has."""
    id = f"{name}.{article.id}"
    moved = [
        replace(unit, id=f"{name}.{unit.id}", article_id=id, anchors=(f"{name}.{unit.id}",))
        for unit in units or ()
    ]
    return replace(article, id=id), moved or None


# --- Asking ---


def _ndcg(indexed: Indexed, variant: Variant) -> dict[str, float]:
    """The nDCG@10 ×100 of a variant on each set of an index."""
    asked = indexed.asked(variant.asks, variant.bridged)
    with weights(**variant.constants):
        impacts = indexed.impacts()
        measured = {}
        for name, data in indexed.sets.items():
            run = {id: _ranked(indexed, impacts, one) for id, one in asked[name].items()}
            prefix = f"{name}/" if data.corpus else ""
            qrels = {
                id: {prefix + document: grade for document, grade in data.qrels[id].items()} for id in run
            }
            measured[name] = 100 * evaluation.measure(qrels, run)[0]["nDCG@10"]
    return measured


def _ranked(indexed: Indexed, impacts: Impacts, asked: Query) -> dict[str, float]:
    """The ten best documents in the wanted languages, each with the score of its best passage."""
    looked_up = impacts.looked_up(asked.terms)
    matched = impacts.hits(looked_up)
    if asked.languages:
        matched = matched[_in(indexed.languages[matched], asked.languages)]
    scores = impacts.scores(looked_up, matched)
    scores[_in(indexed.languages[matched], asked.foreign)] *= ranking.FOREIGN_WEIGHT
    found: dict[str, float] = {}
    # A document of several passages may take several of the first places.
    for place in best(scores, 5 * _DEPTH):
        found.setdefault(indexed.documents[matched[place]], float(scores[place]))
    return dict(list(found.items())[:_DEPTH])


def _in(languages: npt.NDArray[np.bytes_], codes: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.isin(languages, [code.encode() for code in codes])


if __name__ == "__main__":
    main()
