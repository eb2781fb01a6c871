"""How good the ranking is: data sets in BEIR form (Thakur et al. 2021), measured through the same
code that serves people.

A data set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`)
and `qrels/NAME.tsv` (query-id, corpus-id, score). A corpus line may name the `article` it is a
passage of: lines of one article are then its passages in the order of the file, and qrels name the
passages. Otherwise each line is an article of its own, and its score is that of its best passage.

Without `corpus.jsonl` the folder judges the articles in the folder that it lies in, and its qrels
name their passages: `corpus/relevance` judges `corpus`.

A query line may name its `group`, which is then measured by itself ("ru→zh"), and the `languages`
that the person who asks has chosen to search in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kb.errors import InvalidRequest, MissingExtra
from kb.knowledge_base import KnowledgeBase
from kb.models import Article, Block, BlockKind, Hit, Passage, SearchRequest, Section

# Hits that are asked for and kept in a run: as many as R@100 looks at.
_DEPTH = 100
_MEASURES = ("nDCG@10", "RR@10", "R@1", "R@10", "R@100")
# One document can be split into many passages; asking for more hits finds enough documents.
_PASSAGES_PER_DOCUMENT = 5

Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set as it was read: lines of the corpus, texts of the queries, judgements.

    `groups` and `languages` hold what query lines say of them, by the query's id.
    """

    corpus: Sequence[Mapping[str, Any]]
    queries: Mapping[str, str]
    qrels: Qrels
    groups: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """A query that was answered badly: its nDCG@10, what was wanted and what came first."""

    id: str
    text: str
    ndcg: float
    wanted: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The measures over the queries of one group."""

    queries: int
    measures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures of a run (0 to 1), its speed, and the queries answered worst."""

    data_set: str
    queries: int
    documents: int
    passages: int
    measures: dict[str, float]
    groups: dict[str, Group]
    queries_per_second: float
    worst: tuple[WorstQuery, ...]
    run: dict[str, dict[str, float]]


def evaluate(
    book: KnowledgeBase, folder: Path, queries: Path | None = None, qrels: str = "test", worst: int = 10
) -> Evaluation:
    """Index the data set in `folder` into `book`, which must be empty, ask every query, and measure.

    `queries` is the folder of another data set with the same ids, whose queries are asked instead.
    Raises `InvalidRequest` that names the file and line which cannot be read.
    """
    data = read(folder, queries, qrels)
    ids: dict[str, str] = {}
    if data.corpus:
        book.add(_articles(data.corpus, ids))
    else:
        book.index([folder.absolute().parent])
    started = time.perf_counter()
    is_split = len(data.corpus) not in {0, book.size()}
    limit = _DEPTH * _PASSAGES_PER_DOCUMENT if is_split else _DEPTH
    run = {
        id: _ranked(book, SearchRequest(text, data.languages.get(id, ()), limit=limit, collapse=False), ids)
        for id, text in data.queries.items()
        if id in data.qrels
    }
    seconds = time.perf_counter() - started
    measures, ndcg = measure(data.qrels, run)
    return Evaluation(
        data_set=folder.name,
        queries=len(run),
        documents=len(data.corpus) or len(book.articles()),
        passages=book.size(),
        measures=measures,
        groups=_groups(data, run),
        queries_per_second=round(len(run) / seconds, 1) if run else 0.0,
        worst=tuple(_worst(data, run, ndcg, worst)),
        run=run,
    )


def read(folder: Path, queries: Path | None = None, qrels: str = "test") -> DataSet:
    """Read a data set. Raises `InvalidRequest` for a file that is missing or broken, with its line."""
    lines = folder / "corpus.jsonl"
    corpus = list(_lines(lines, ("_id", "text"))) if lines.exists() else []
    asked = list(_lines((queries or folder) / "queries.jsonl", ("_id", "text")))
    return DataSet(
        corpus,
        {query["_id"]: query["text"] for query in asked},
        _qrels(folder / "qrels" / f"{qrels}.tsv"),
        {query["_id"]: query["group"] for query in asked if query.get("group")},
        {query["_id"]: tuple(query["languages"]) for query in asked if query.get("languages")},
    )


def measure(qrels: Qrels, run: Run) -> tuple[dict[str, float], dict[str, float]]:
    """The measures over all queries, and the nDCG@10 of each."""
    try:
        import ir_measures
    except ImportError:
        raise MissingExtra("Evaluating the ranking", "evaluate") from None
    wanted = [ir_measures.parse_measure(name) for name in _MEASURES]
    judged = {id: dict(judgements) for id, judgements in qrels.items() if id in run}
    found = {id: dict(scores) for id, scores in run.items()}
    aggregate = ir_measures.calc_aggregate(wanted, judged, found)
    single = ir_measures.iter_calc([wanted[0]], judged, found)
    return (
        {name: round(aggregate[measure], 5) for name, measure in zip(_MEASURES, wanted, strict=True)},
        {metric.query_id: metric.value for metric in single},
    )


def _groups(data: DataSet, run: Run) -> dict[str, Group]:
    """Each group of the data set with its measures, in the order of the queries."""
    members: dict[str, list[str]] = {}
    for id in run:
        if group := data.groups.get(id):
            members.setdefault(group, []).append(id)
    return {
        group: Group(len(ids), measure(data.qrels, {id: run[id] for id in ids})[0])
        for group, ids in members.items()
    }


def write_run(run: Run, path: Path) -> None:
    """Write a run in TREC's form: query, Q0, document, rank, score, name of the system."""
    lines = [
        f"{query} Q0 {document} {rank} {score:.6f} servicebook\n"
        for query, scores in run.items()
        for rank, (document, score) in enumerate(scores.items(), 1)
    ]
    path.write_text("".join(lines), encoding="utf-8")


def _lines(path: Path, needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}. A data set in BEIR form has it.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"{path}, line {number}: {error}.") from error
        for name in needed:
            if not isinstance(record.get(name), str):
                raise InvalidRequest(f"{path}, line {number}: “{name}” is missing or no text.")
        yield record


def _qrels(path: Path) -> dict[str, dict[str, int]]:
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}. --qrels names another.") from error
    judgements: dict[str, dict[str, int]] = {}
    for number, row in enumerate(rows, 1):
        columns = row.split("\t")
        if number == 1 and columns[-1] == "score":
            continue
        try:
            query, document, grade = columns
            judgements.setdefault(query, {})[document] = int(grade)
        except ValueError:
            raise InvalidRequest(f"{path}, line {number}: not “query, document, grade”: {row!r}.") from None
    return judgements


# --- Indexing ---


def _articles(
    corpus: Sequence[Mapping[str, Any]], ids: dict[str, str]
) -> Iterator[tuple[Article, Sequence[Passage] | None]]:
    """Articles for `KnowledgeBase.add`, and their passages where lines are passages.

    Fills `ids` with the id in the data set of each article or, where lines are passages, passage.
    """
    groups: dict[object, list[Mapping[str, Any]]] = {}
    for place, line in enumerate(corpus):
        groups.setdefault(line.get("article") or place, []).append(line)
    for number, (parent, lines) in enumerate(groups.items()):
        article = _article(f"d{number:07}", lines)
        if isinstance(parent, int):
            ids[article.id] = lines[0]["_id"]
            yield article, None
        else:
            ids.update({f"{article.id}-{place}": line["_id"] for place, line in enumerate(lines)})
            yield article, _passages(article)


def _article(article_id: str, lines: Sequence[Mapping[str, Any]]) -> Article:
    """One article: a section for each paragraph of the text would lend nothing, so it has one."""
    paragraphs = [paragraph for line in lines for paragraph in _paragraphs(line)]
    blocks = tuple(Block(BlockKind.PARAGRAPH, text) for text in paragraphs)
    return Article(
        title=lines[0].get("title") or "",
        language="und",
        locale="und",
        sections=(Section("", 0, blocks),),
        id=article_id,
    )


def _paragraphs(line: Mapping[str, Any]) -> list[str]:
    if line.get("article"):
        return [line["text"].strip()]
    return [stripped for part in line["text"].split("\n") if (stripped := part.strip())]


def _passages(article: Article) -> list[Passage]:
    """A passage for each line, whatever its length."""
    return [
        Passage(
            id=f"{article.id}-{place}",
            article_id=article.id,
            position=place,
            section=0,
            language=article.language,
            locale=article.locale,
            headings=(),
            blocks=(block,),
            anchors=(f"{article.id}-{place}",),
        )
        for place, block in enumerate(article.sections[0].blocks)
    ]


# --- Asking ---


def _ranked(book: KnowledgeBase, request: SearchRequest, ids: Mapping[str, str]) -> dict[str, float]:
    """The documents found, best first, each with the score of its best passage."""
    best: dict[str, float] = {}
    for hit in book.search(request).hits:
        document = _document(hit, ids)
        if document not in best:
            best[document] = hit.score
    return dict(list(best.items())[:_DEPTH])


def _document(hit: Hit, ids: Mapping[str, str]) -> str:
    """The id in the data set: of the line that is the passage or the article, else the passage's own."""
    return ids.get(hit.passage.id) or ids.get(hit.article.id) or hit.passage.id


def _worst(data: DataSet, run: Run, ndcg: Mapping[str, float], count: int) -> Iterable[WorstQuery]:
    for id in sorted(run, key=lambda id: (ndcg.get(id, 0.0), id))[:count]:
        wanted = [document for document, grade in data.qrels[id].items() if grade > 0]
        yield WorstQuery(id, data.queries[id], ndcg.get(id, 0.0), tuple(wanted[:3]), tuple(list(run[id])[:3]))
