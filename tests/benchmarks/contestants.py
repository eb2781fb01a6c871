"""Search engines behind one face, each given the same finished terms of one field.

Terms become t1, t2, … before anyone sees them, so that no tokenizer can differ over them. All are
asked for the ten best by OR and rank by a BM25; `servicebook` and `whoosh, our formula` by the very
same one, so that their hits and scores must be equal.
"""

from __future__ import annotations

import importlib
import importlib.util
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from kb import ranking
from kb.engines.impacts import best
from kb.engines.whoosh import WhooshEngine
from kb.models import Article, Block, BlockKind, Passage, Query, QueryTerm, TermKind
from kb.ranking import Field, IndexedText, PassageTexts

MEMORY = 256_000_000
COUNT = 10
_IN_ARTICLE = 25
_FEW_TERMS = 3

Found = Sequence[tuple[int, float]]
"""The numbers of the best documents with their scores, best first."""


@dataclass(frozen=True, slots=True)
class Document:
    """The terms of a text in order, and a language to filter by."""

    terms: list[str]
    language: str


class Contestant(Protocol):
    """A search engine with an index in a folder of its own."""

    name: str
    version: str

    def __init__(self, folder: Path) -> None: ...

    def build(self, documents: Sequence[Document]) -> None:
        """Index documents, numbered from 0."""
        ...

    def open(self) -> None:
        """Open the index for reading, as a new process does."""
        ...

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best documents that hold any of the terms."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Servicebook:
    """Our engine's core: the best ten from remembered impacts, no facets and no records."""

    name = "servicebook"
    version = version("servicebook")

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, documents: Sequence[Document]) -> None:
        """Articles of equal length, so that passages are numbered as documents are."""
        nothing = IndexedText({}, 0)
        with closing_engine(self._folder) as engine, engine.write() as writer:
            for first in range(0, len(documents), _IN_ARTICLE):
                chosen = documents[first : first + _IN_ARTICLE]
                article, passages = _article(first // _IN_ARTICLE, [one.language for one in chosen])
                texts = [
                    IndexedText(dict(Counter(TermKind.WORD + term for term in one.terms)), len(one.terms))
                    for one in chosen
                ]
                found_by = [PassageTexts(text, nothing, nothing) for text in texts]
                writer.put_article(article, passages, nothing, found_by)

    def open(self) -> None:
        """Open the newest commit."""
        self._engine = WhooshEngine(f"whoosh://{self._folder}", MEMORY)
        self._snapshot = self._engine._snapshot()

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The best of all passages that score, or of those in a language."""
        impacts = self._snapshot.impacts
        wanted = impacts.looked_up([QueryTerm(TermKind.WORD, (term,)) for term in terms])
        # Of many terms nearly all passages hold one; then all are looked at.
        is_short = len(wanted) <= _FEW_TERMS
        numbers = impacts.hits(wanted) if is_short else np.arange(impacts.collection.size)
        if language:
            passing = self._snapshot.table.filters(Query(languages=(language,)), None)["language"]
            numbers = numbers[passing[numbers]]
        scores = impacts.scores(wanted, numbers)
        chosen = best(scores, COUNT)
        found = zip(numbers[chosen].tolist(), scores[chosen].tolist(), strict=True)
        return [hit for hit in found if hit[1] > 0]

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


class ServicebookEngine(Servicebook):
    """Our engine as searches call it: totals, facets, filters and the records of the hits."""

    name = "servicebook, all of it"

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The hits of a whole query."""
        wanted = tuple(QueryTerm(TermKind.WORD, (term,)) for term in terms)
        query = Query(terms=wanted, languages=(language,) if language else ())
        found = self._engine.search(query)
        return [
            (int(hit.article.id[1:]) * _IN_ARTICLE + hit.passage.position, hit.score) for hit in found.hits
        ]


class Whoosh:
    """Whoosh as it comes: BM25F, a Or of Terms, its own file format."""

    name = "whoosh"
    version = version("whoosh3")
    weighting: Any = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, documents: Sequence[Document]) -> None:
        """A scored field of words, a keyword to filter by, and the number."""
        fields, index = _library("whoosh.fields"), _library("whoosh.index")
        words = _library("whoosh.analysis").SpaceSeparatedTokenizer()
        self._folder.mkdir(parents=True, exist_ok=True)
        schema = fields.Schema(
            text=fields.TEXT(analyzer=words, phrase=False),
            language=fields.ID(),
            number=fields.STORED(),
        )
        writer = index.create_in(str(self._folder), schema).writer(limitmb=256)
        for number, document in enumerate(documents):
            writer.add_document(text=" ".join(document.terms), language=document.language, number=number)
        writer.commit(optimize=True)

    def open(self) -> None:
        """Open a searcher."""
        from whoosh import index, scoring

        self._index = index.open_dir(str(self._folder))
        self._searcher = self._index.searcher(weighting=self.weighting or scoring.BM25F())

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best; Whoosh skips blocks that cannot enter them, and totals with them."""
        query = _library("whoosh.query")
        wanted = query.Or([query.Term("text", term) for term in terms])
        among = query.Term("language", language) if language else None
        results = self._searcher.search(wanted, limit=COUNT, filter=among)
        return [(docnum, score) for score, docnum in results.top_n]

    def close(self) -> None:
        """Close the searcher."""
        self._searcher.close()
        self._index.close()


class WhooshOurFormula(Whoosh):
    """Whoosh with the formula of `kb.ranking`: slow, and the judge of our hits and scores.

    Lengths are given to it exactly, as its own files keep them in a byte.
    """

    name = "whoosh, our formula"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lengths: Sequence[int] = ()

    def open(self) -> None:
        """Open a searcher with our scorer."""
        self.weighting = _our_weighting(self.lengths)
        super().open()


def _our_weighting(lengths: Sequence[int]) -> Any:
    scoring = _library("whoosh.scoring")
    field = ranking.FIELD_WEIGHTS[Field.TEXT]
    average = sum(lengths) / max(1, len(lengths))
    kind = ranking.KIND_WEIGHTS[TermKind.WORD]
    norms = [ranking.K1 * (1 - field.b + field.b * length / average) for length in lengths]

    class Scorer(scoring.BaseScorer):  # type: ignore[misc, name-defined]
        def __init__(self, idf: float) -> None:
            self.idf: float = idf

        def supports_block_quality(self) -> bool:
            return False

        def max_quality(self) -> float:
            return kind * field.weight * self.idf

        def score(self, matcher: Any) -> float:
            times: float = matcher.weight()
            return float(kind * field.weight * self.idf * times / (times + norms[matcher.id()]))

    class Weighting(scoring.WeightingModel):  # type: ignore[misc, name-defined]
        def scorer(self, searcher: Any, fieldname: str, text: bytes, qf: int = 1) -> Any:
            count, holders = len(lengths), searcher.reader().doc_frequency(fieldname, text)
            return Scorer(float(np.log1p((count - holders + 0.5) / (holders + 0.5))))

    return Weighting()


class Fts5:
    """SQLite's full-text search with its own bm25()."""

    name = "sqlite fts5"
    version = sqlite3.sqlite_version

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "fts5.db"

    def build(self, documents: Sequence[Document]) -> None:
        """A table of texts without contents, merged to one segment."""
        database = sqlite3.connect(self._file)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE VIRTUAL TABLE texts USING fts5(text, content='')")
        database.execute("CREATE TABLE facts (number INTEGER PRIMARY KEY, language TEXT)")
        with database:
            rows = ((number, " ".join(document.terms)) for number, document in enumerate(documents))
            database.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", rows)
            facts = ((number, document.language) for number, document in enumerate(documents))
            database.executemany("INSERT INTO facts VALUES (?, ?)", facts)
            database.execute("INSERT INTO texts (texts) VALUES ('optimize')")
        database.close()

    def open(self) -> None:
        """Connect."""
        self._database = sqlite3.connect(self._file)

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best by `rank`."""
        wanted = " OR ".join(f'"{term}"' for term in terms)
        table, where, values = "texts", "texts MATCH ?", [wanted]
        if language:
            # In this order: for each match its facts, not for each of those the match.
            table += " CROSS JOIN facts ON facts.number = texts.rowid"
            where += " AND facts.language = ?"
            values.append(language)
        rows = self._database.execute(
            f"SELECT texts.rowid, -rank FROM {table} WHERE {where} ORDER BY rank LIMIT {COUNT}", values
        )
        return cast(Found, rows.fetchall())

    def close(self) -> None:
        """Disconnect."""
        self._database.close()


class Tantivy:
    """tantivy, Lucene's design in Rust, through its Python package."""

    name = "tantivy"
    version = ""

    def __init__(self, folder: Path) -> None:
        self._tantivy = _library("tantivy")
        self.version = version("tantivy")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        builder = self._tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
        self._schema = builder.build()

    def build(self, documents: Sequence[Document]) -> None:
        """One thread, one segment."""
        index = self._tantivy.Index(self._schema, path=str(self._folder))
        writer = index.writer(heap_size=256_000_000, num_threads=1)
        for document in documents:
            writer.add_document(
                self._tantivy.Document(text=" ".join(document.terms), language=document.language)
            )
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        """Open a searcher."""
        self._index = self._tantivy.Index.open(str(self._folder))
        self._searcher = self._index.searcher()

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best, without counting the others (tantivy then skips blocks)."""
        query, occur = self._tantivy.Query, self._tantivy.Occur
        clauses = [(occur.Should, query.term_query(self._schema, "text", term, "freq")) for term in terms]
        wanted = query.boolean_query(clauses)
        if language:
            among = query.const_score_query(query.term_query(self._schema, "language", language), 0.0)
            wanted = query.boolean_query([(occur.Must, wanted), (occur.Must, among)])
        found = self._searcher.search(wanted, limit=COUNT, count=False)
        # Within the only segment a document's address is its number.
        return [(address.doc, score) for score, address in found.hits]

    def close(self) -> None:
        """Drop the searcher."""
        del self._searcher, self._index


class Xapian:
    """Xapian with its BM25Weight, where the system has its Python package."""

    name = "xapian"
    version = ""

    def __init__(self, folder: Path) -> None:
        self._xapian = _library("xapian")
        self.version = self._xapian.version_string()
        folder.mkdir(parents=True, exist_ok=True)
        self._path = str(folder / "xapian")

    def build(self, documents: Sequence[Document]) -> None:
        """Terms with their frequencies, and the language as a boolean term."""
        database = self._xapian.WritableDatabase(self._path, self._xapian.DB_CREATE_OR_OVERWRITE)
        for given in documents:
            document = self._xapian.Document()
            for term, times in Counter(given.terms).items():
                document.add_term(term, times)
            document.add_boolean_term("L" + given.language)
            database.add_document(document)
        database.commit()
        database.close()

    def open(self) -> None:
        """Open the database."""
        self._database = self._xapian.Database(self._path)
        self._enquire = self._xapian.Enquire(self._database)

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best."""
        query = self._xapian.Query(self._xapian.Query.OP_OR, list(terms))
        if language:
            among = self._xapian.Query("L" + language)
            query = self._xapian.Query(self._xapian.Query.OP_FILTER, query, among)
        self._enquire.set_query(query)
        return [(match.docid - 1, match.weight) for match in self._enquire.get_mset(0, COUNT)]

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class Bm25s:
    """bm25s: all scores computed beforehand in a sparse matrix (Lù 2024), all of it in memory."""

    name = "bm25s"
    version = ""

    def __init__(self, folder: Path) -> None:
        self._bm25s = _library("bm25s")
        self.version = version("bm25s")
        self._folder = folder

    def build(self, documents: Sequence[Document]) -> None:
        """Index and save."""
        retriever = self._bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        retriever.index([list(document.terms) for document in documents], show_progress=False)
        retriever.save(str(self._folder), show_progress=False)
        np.save(self._folder / "languages.npy", np.array([document.language for document in documents]))

    def open(self) -> None:
        """Load the matrix."""
        self._retriever = self._bm25s.BM25.load(str(self._folder))
        self._languages = np.load(self._folder / "languages.npy")

    def search(self, terms: Sequence[str], language: str = "") -> Found:
        """The ten best, one query at a time as the others."""
        mask = (self._languages == language).astype(np.float32) if language else None
        found, scores = self._retriever.retrieve(
            [list(terms)], k=COUNT, show_progress=False, n_threads=0, weight_mask=mask
        )
        return [(int(n), float(s)) for n, s in zip(found[0], scores[0], strict=True) if s > 0]

    def close(self) -> None:
        """Drop the matrix."""
        del self._retriever


def _library(name: str) -> Any:
    """A library that has no types, or is not installed everywhere."""
    return importlib.import_module(name)


CONTESTANTS: Mapping[str, tuple[type[Contestant], str]] = {
    cls.name: (cls, needs)
    for cls, needs in cast(
        "Sequence[tuple[type[Contestant], str]]",
        [
            (Servicebook, ""),
            (ServicebookEngine, ""),
            (Whoosh, ""),
            (WhooshOurFormula, ""),
            (Fts5, ""),
            (Tantivy, "tantivy"),
            (Xapian, "xapian"),
            (Bm25s, "bm25s"),
        ],
    )
}
"""All contestants by name, with the module that each needs."""


def installed(wanted: Sequence[str] = ()) -> Iterator[type[Contestant]]:
    """The contestants that can run here."""
    for name, (contestant, needs) in CONTESTANTS.items():
        if (not wanted or name in wanted) and (not needs or importlib.util.find_spec(needs)):
            yield contestant


def numbered(texts: Sequence[Sequence[str]]) -> tuple[list[list[str]], Callable[[Sequence[str]], list[str]]]:
    """The terms of texts as t1, t2, …, and a function that turns the terms of queries into the same."""
    numbers: dict[str, str] = {}
    coded = [[numbers.setdefault(term, f"t{len(numbers)}") for term in terms] for terms in texts]
    return coded, lambda terms: [numbers[term] for term in terms if term in numbers]


@contextmanager
def weights(**constants: object) -> Iterator[None]:
    """`kb.ranking` with other constants. Impacts that were remembered before keep the old ones."""
    before = {name: getattr(ranking, name) for name in constants}
    for name, value in constants.items():
        setattr(ranking, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(ranking, name, value)


ONE_FIELD = {"SECTION_WEIGHT": 0.0, "ARTICLE_WEIGHT": 0.0}
"""The constants with which a passage is ranked by its own text alone, as the other engines rank."""


@contextmanager
def closing_engine(folder: Path) -> Iterator[WhooshEngine]:
    """Our engine in a folder, closed at the end."""
    engine = WhooshEngine(f"whoosh://{folder}", MEMORY)
    try:
        yield engine
    finally:
        engine.close()


def _article(number: int, languages: Sequence[str]) -> tuple[Article, list[Passage]]:
    id = f"d{number:07}"
    article = Article(title=id, language=languages[0], locale=languages[0], sections=(), id=id)
    block = Block(BlockKind.PARAGRAPH, id)
    passages = [
        Passage(f"{id}-{place}", id, place, 0, language, language, (), (block,), (f"{id}-{place}",))
        for place, language in enumerate(languages)
    ]
    return article, passages
