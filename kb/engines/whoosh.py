"""The embedded engine: Whoosh keeps the postings and commits them, `impacts` ranks.

One Whoosh document for each passage, article and source file, told apart by `type`. Terms come
finished, so no field has an analyser. Records are stored as JSON, and what the formula needs of
every passage (`_FACTS`) in one column of fixed width.

Readers keep a `_Snapshot` of one commit; a search first looks whether a newer one is there (11 µs)
and then opens it beside the old, which lives on until its last search is done.
"""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
import numpy.typing as npt
from whoosh import columns, fields, formats, index
from whoosh.codec.whoosh3 import W3Codec
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import IndexReader, TermNotFound
from whoosh.writing import SegmentWriter

from kb.engines import ARTICLE_ID_LENGTH, EngineHit, EngineHits, EngineWriter, Remembered
from kb.engines.impacts import (
    Collection,
    Floats,
    Impacts,
    Mask,
    Memory,
    Numbers,
    Places,
    Postings,
    begins,
    best,
)
from kb.engines.mapped_files import mapped_storage
from kb.errors import EngineError, IndexLocked, SettingsError
from kb.languages import fold
from kb.models import (
    Article,
    Clause,
    Passage,
    Phrase,
    Prefix,
    Query,
    QueryTerm,
    SourceFile,
    TermKind,
    TermScore,
)
from kb.phrases import is_certain, occurrences, phrase_terms
from kb.ranking import KIND_WEIGHTS, Field, IndexedText

# Raised when what is stored changes its form; an index of another format is rebuilt.
FORMAT = 2

_PASSAGE, _ARTICLE, _FILE = 1, 2, 3
_FACTS = np.dtype(
    [
        ("type", "u1"),
        ("language", "S3"),
        ("article", f"S{ARTICLE_ID_LENGTH}"),
        ("position", "u4"),
        ("section", "u4"),
        ("text_words", "u4"),
        ("heading_words", "u4"),
        ("title_words", "u4"),
    ]
)
# The same in memory, where articles are numbered in the order of their ids, which are slow to compare.
_NUMBERED = np.dtype([(name, "i4" if name == "article" else _FACTS[name]) for name in _FACTS.names or ()])
# A record in memory takes about so many times the bytes of its JSON.
_DECODED_SIZE = 4
# A prefix stands for at most this many words: more would be slow and tell a reader nothing.
_PREFIX_WORDS = 1000
_ARTICLES_IN_FACET = 20


class _Terms(fields.FieldType):
    """A field of finished terms: a mapping of each to its frequency."""

    scorable = stored = unique = False
    analyzer = vector = column_type = None
    format = formats.Existence()

    def __init__(self) -> None:
        pass

    def index(
        self, value: Mapping[str, int], **_: object
    ) -> Generator[tuple[bytes, int, float, bytes], None, None]:
        """Whoosh's tuples of term, frequency, weight and payload; the weight carries the frequency."""
        for term, times in value.items():
            yield term.encode(), times, float(times), b""


class _Facts(fields.FieldType):
    """The column of `_FACTS`."""

    indexed = stored = scorable = unique = False
    analyzer = format = vector = None
    column_type = columns.FixedBytesColumn(_FACTS.itemsize)

    def __init__(self) -> None:
        pass

    def to_column_value(self, value: bytes) -> bytes:
        """Bytes go in as they are."""
        return value


_SCHEMA = fields.Schema(
    **{field.value: _Terms() for field in Field},
    key=_Terms(),
    anchor=_Terms(),
    principle=_Terms(),
    facts=_Facts(),
    record=fields.STORED(),
)
# Large blocks without compression are decoded several times faster and cost a tenth more disk.
_CODEC = W3Codec(blocklimit=4096, compression=0)


class WhooshEngine:
    """An index in a folder of this machine: `whoosh:///path/to/folder`."""

    def __init__(self, url: str, memory: int) -> None:
        address = urlsplit(url)
        if address.netloc or not address.path.startswith("/"):
            raise SettingsError(
                f"KB_ENGINE: “{url}” names no folder; write whoosh:// and its full path, whoosh:///path/to/index."
            )
        self._folder = Path(unquote(address.path)) / f"format-{FORMAT}"
        self._memory = Memory(memory)
        self._opening = threading.Lock()
        self._current: _Snapshot | None = None
        self._index = self._open()

    def _open(self) -> index.FileIndex:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            storage = FileStorage(str(self._folder))
            if not self._exists():
                # Under the writers' lock: making an index empties a folder that another has just filled.
                lock = storage.lock("MAIN_WRITELOCK")
                lock.acquire(blocking=True)
                try:
                    if not self._exists():
                        index.create_in(str(self._folder), _SCHEMA)
                finally:
                    lock.release()
        except OSError as error:
            raise EngineError(f"The index folder {self._folder} cannot be made: {error.strerror}.") from error
        with self._undamaged():
            # The schema is given, not unpickled: a renamed class must not orphan an index.
            return cast(index.FileIndex, mapped_storage(self._folder).open_index(schema=_SCHEMA))

    def _exists(self) -> bool:
        return any(self._folder.glob("_MAIN_*.toc"))

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Turns whatever damaged files make of an index that is being opened into one clear error."""
        try:
            yield
        except Exception as error:
            raise EngineError(
                f"The index in {self._folder} is damaged ({type(error).__name__}: {error})."
                " Delete this folder and run `kb index` again."
            ) from error

    def write(self) -> AbstractContextManager[EngineWriter]:
        """Begin to write; see `kb.engines.Engine`."""
        return self._write()

    @contextmanager
    def _write(self) -> Iterator[EngineWriter]:
        try:
            writer = cast(SegmentWriter, self._index.writer(codec=_CODEC))
        except index.LockError as error:
            raise IndexLocked(
                f"Another process is writing to the index in {self._folder}; try again when it is done."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield _Writer(writer, self._snapshot())
        except BaseException:
            writer.cancel()
            raise
        try:
            writer.commit()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EngineError:
        return EngineError(f"The index in {self._folder} cannot be written: {error.strerror}.")

    def files(self) -> dict[str, SourceFile]:
        """What is recorded of all source files, by path."""
        return {file.path: file for file in self._snapshot().records(_FILE, SourceFile)}

    def articles(self) -> Sequence[Article]:
        """All articles, by id."""
        return sorted(self._snapshot().records(_ARTICLE, Article), key=lambda article: article.id)

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article and its passages, or None."""
        snapshot = self._snapshot()
        article = snapshot.article(article_id)
        return (article, snapshot.passages_of(article_id)) if article else None

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article, or None."""
        return self._snapshot().passage(anchor)

    def words(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many passages hold each."""
        return self._snapshot().words(prefix)

    def search(self, query: Query, explain: bool = False) -> EngineHits:
        """The passages that answer a query, best first."""
        return self._snapshot().search(query, explain)

    @property
    def generation(self) -> int:
        """The number of the newest commit."""
        number: int = self._index.latest_generation()
        return number

    @property
    def remembered(self) -> Remembered:
        """How much of its memory is used."""
        return Remembered(self._memory.used, self._memory.limit)

    def close(self) -> None:
        """Give back files and memory."""
        with self._opening:
            if self._current:
                self._current.close()
            self._current = None
        self._memory.forget(lambda owner: True)
        self._index.close()

    def _snapshot(self) -> _Snapshot:
        """The newest commit."""
        current = self._current
        if current and current.generation == self._index.latest_generation():
            return current
        with self._opening:
            # Asked before opening: a commit in between makes the next search look again.
            generation = self._index.latest_generation()
            if not self._current or self._current.generation != generation:
                with self._undamaged():
                    self._current = _Snapshot(self._index.reader(), generation, self._memory)
                kept = self._current.owners
                self._memory.forget(lambda owner: owner not in kept)
            return self._current


class _Writer:
    """Turns articles and files into Whoosh documents."""

    def __init__(self, writer: SegmentWriter, before: _Snapshot) -> None:
        self._writer = writer
        self._before = before
        self._put: set[str] = set()

    def put_article(
        self,
        article: Article,
        passages: Sequence[Passage],
        title: IndexedText,
        texts: Sequence[tuple[IndexedText, IndexedText]],
    ) -> None:
        """Add or replace an article."""
        if len(article.id.encode()) > ARTICLE_ID_LENGTH:
            raise EngineError(
                f"The article id “{article.id[:100]}” is too long; it may have {ARTICLE_ID_LENGTH} bytes."
            )
        self.drop_article(article.id)
        key = {_article_key(article.id): 1}
        for passage, (text, headings) in zip(passages, texts, strict=True):
            first = passage.position == 0
            self._writer.add_document(
                key=key,
                anchor=dict.fromkeys(passage.anchors, 1),
                principle={tag.principle: 1 for tag in passage.tags},
                text=text.terms,
                headings=headings.terms,
                # Once for an article: its title is the same for all its passages.
                title=title.terms if first else {},
                facts=_facts(passage, text.length, headings.length, title.length),
                record=_encode(passage),
            )
        outline = replace(article, sections=tuple(replace(s, blocks=()) for s in article.sections))
        self._add_record(_ARTICLE, _article_key(article.id), outline, article.id)

    def drop_article(self, article_id: str) -> None:
        """Take an article and its passages out."""
        self._drop(_article_key(article_id))

    def put_file(self, file: SourceFile) -> None:
        """Record a source file."""
        self.drop_file(file.path)
        self._add_record(_FILE, _file_key(file.path), file)

    def drop_file(self, path: str) -> None:
        """Forget a source file."""
        self._drop(_file_key(path))

    def _add_record(self, kind: int, key: str, record: Article | SourceFile, article_id: str = "") -> None:
        facts = np.zeros((), _FACTS)
        facts["type"] = kind
        facts["article"] = article_id
        self._put.add(key)
        self._writer.add_document(key={key: 1}, facts=facts.tobytes(), record=_encode(record))

    def _drop(self, key: str) -> None:
        if key in self._put:
            raise EngineError(f"The {key} was written twice at once; nothing was changed.")
        for number in self._before.documents("key", key):
            self._writer.delete_document(int(number))


def _article_key(article_id: str) -> str:
    return f"article {article_id}"


def _file_key(path: str) -> str:
    # A path may be longer than a term may be.
    return f"file {hashlib.sha256(os.fsencode(path)).hexdigest()}"


def _facts(passage: Passage, text_words: int, heading_words: int, title_words: int) -> bytes:
    facts = np.zeros((), _FACTS)
    facts["type"] = _PASSAGE
    facts["language"] = passage.language
    facts["article"] = passage.article_id
    facts["position"] = passage.position
    facts["section"] = passage.section
    facts["text_words"] = text_words
    facts["heading_words"] = heading_words
    facts["title_words"] = title_words
    return facts.tobytes()


_encode = msgspec.json.encode
_Record = TypeVar("_Record", Article, Passage, SourceFile)


class _Snapshot:
    """One commit, for reading. Whoosh's readers are not safe for threads, so a lock guards them."""

    def __init__(self, reader: IndexReader, generation: int, memory: Memory) -> None:
        self.generation = generation
        self._reader = reader
        self._memory = memory
        self._lock = threading.RLock()
        # When the last search is done with a snapshot that is not the current one any more.
        self._finalizer = weakref.finalize(self, reader.close)
        self._leaves = [
            (leaf, base, str(segment.segment_id()))
            for leaf, base in reader.leaf_readers()
            if (segment := leaf.segment())  # an index without a commit has a reader and no segment
        ]
        # A commit may come between asking for its number and opening it, so the number is no key for
        # what is remembered of a snapshot; the object is one of its own.
        self._owner = object()
        self.owners = {self._owner, *(segment for _, _, segment in self._leaves)}

    def close(self) -> None:
        """Give back the files."""
        with self._lock:
            self._finalizer()

    # --- Records ---

    def documents(self, field: str, term: str) -> npt.NDArray[np.int64]:
        """The numbers of the live documents that hold a term."""
        found = [
            base + documents[~self._deleted(segment)[documents]]
            for leaf, base, segment in self._leaves
            for documents, _ in [self._decoded(leaf, segment, field, term)]
        ]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def article(self, article_id: str) -> Article | None:
        """The record of an article."""
        document = self._article_documents.get(_bytes(article_id))
        return None if document is None else self._record(document, Article)

    @cached_property
    def _article_documents(self) -> Mapping[bytes, int]:
        """The document of every article's record, by the article's id."""
        facts, ids = self._columns
        documents = np.flatnonzero((facts["type"] == _ARTICLE) & self._live)
        named = ids[facts["article"][documents]].tolist()
        return dict(zip(named, documents.tolist(), strict=True))

    def passages_of(self, article_id: str) -> tuple[Passage, ...]:
        """The passages of an article, in order."""
        documents = self.documents("key", _article_key(article_id))
        documents = documents[self._facts["type"][documents] == _PASSAGE]
        order = np.argsort(self._facts["position"][documents])
        return tuple(self._record(int(document), Passage) for document in documents[order])

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article."""
        for document in self.documents("anchor", anchor):
            passage = self._record(int(document), Passage)
            article = self.article(passage.article_id)
            return (passage, article) if article else None
        return None

    def records(self, kind: int, record: type[_Record]) -> Iterator[_Record]:
        """All records of a kind."""
        for document in np.flatnonzero((self._facts["type"] == kind) & self._live):
            yield self._record(int(document), record)

    def _record(self, document: int, record: type[_Record]) -> _Record:
        leaf, base, segment = next(entry for entry in reversed(self._leaves) if entry[1] <= document)

        def read() -> tuple[_Record, int]:
            with self._lock:
                stored: bytes = leaf.stored_fields(document - base)["record"]
            return msgspec.json.decode(stored, type=record), len(stored)

        key = (segment, "record", document - base)
        return self._memory.get(key, read, lambda found: found[1] * _DECODED_SIZE)[0]

    # --- Columns ---

    @property
    def _facts(self) -> npt.NDArray[np.void]:
        """`_NUMBERED` of every document."""
        return self._columns[0]

    @cached_property
    def _columns(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
        """`_NUMBERED` of every document, and the ids of the articles by number."""
        segments = [self._segment_columns(leaf, segment) for leaf, _, segment in self._leaves]
        if not segments:
            return np.empty(0, _NUMBERED), np.empty(0, _FACTS["article"])
        ids = np.unique(np.concatenate([own for _, own in segments]))
        joined = np.concatenate([facts for facts, _ in segments])
        joined["article"] = np.concatenate(
            [np.searchsorted(ids, own)[facts["article"]] for facts, own in segments]
        )
        return joined, ids

    def _segment_columns(
        self, leaf: IndexReader, segment: str
    ) -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
        """`_NUMBERED` of one segment and its own ids; they never change, so are remembered."""

        def read() -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
            facts = self._stored_facts(leaf)
            # An article's documents stand together, so few of the ids need to be compared.
            runs = begins(facts["article"])
            ids, places = np.unique(facts["article"][runs], return_inverse=True)
            numbered = np.empty(len(facts), _NUMBERED)
            for name in _FACTS.names or ():
                if name != "article":
                    numbered[name] = facts[name]
            numbered["article"] = np.repeat(places, np.diff(runs, append=len(facts)))
            return numbered, ids

        return self._memory.get((segment, "columns"), read, lambda found: found[0].nbytes + found[1].nbytes)

    def _stored_facts(self, leaf: IndexReader) -> npt.NDArray[np.void]:
        with self._lock:
            facts = np.zeros(leaf.doc_count_all(), _FACTS)
            column = cast(Any, leaf.column_reader("facts", translate=False))
            if isinstance(column, columns.EmptyColumnReader):
                return facts
            # All at once: Whoosh has no public way to it, and one by one takes fifty times as long.
            width = column._count * _FACTS.itemsize
            facts[: column._count] = np.frombuffer(column._dbfile.get(column._basepos, width), _FACTS)
            return facts

    @cached_property
    def _live(self) -> Mask:
        return np.concatenate(
            [~self._deleted(segment) for _, _, segment in self._leaves] or [np.empty(0, np.bool_)]
        )

    def _deleted(self, segment: str) -> Mask:
        return self._deletions[segment]

    @cached_property
    def _deletions(self) -> dict[str, Mask]:
        deletions = {}
        for leaf, _, segment in self._leaves:
            mask = np.zeros(leaf.doc_count_all(), np.bool_)
            if leaf.has_deletions():
                mask[list(cast(Any, leaf).segment().deleted_docs())] = True
            deletions[segment] = mask
        return deletions

    @cached_property
    def _documents(self) -> npt.NDArray[np.int64]:
        """The document of every passage: its number is its place by article and position."""
        documents = np.flatnonzero((self._facts["type"] == _PASSAGE) & self._live)
        facts = self._facts[documents]
        order = facts["article"].astype(np.int64) << 32 | facts["position"]
        return documents[np.argsort(order, kind="stable")]

    @cached_property
    def _numbers(self) -> Numbers:
        """The passage number of every document, -1 where it is no live passage."""
        numbers = np.full(len(self._facts), -1, np.int32)
        numbers[self._documents] = np.arange(len(self._documents), dtype=np.int32)
        return numbers

    @cached_property
    def _passages(self) -> npt.NDArray[np.void]:
        """`_NUMBERED` of every passage, by number."""
        return self._facts[self._documents]

    @cached_property
    def _article(self) -> Numbers:
        """The number of every passage's article, by id."""
        return _numbered(self._passages["article"])

    @cached_property
    def _article_ids(self) -> npt.NDArray[np.bytes_]:
        """The ids of the articles that have passages, by number."""
        _, ids = self._columns
        found: npt.NDArray[np.bytes_] = ids[self._passages["article"][begins(self._article)]]
        return found

    @cached_property
    def _languages(self) -> tuple[npt.NDArray[np.bytes_], Numbers]:
        """The languages that passages have, and the place of every passage's among them."""
        codes, places = np.unique(self._passages["language"], return_inverse=True)
        return codes, places.astype(np.int32)

    @cached_property
    def impacts(self) -> Impacts:
        """What ranks the passages."""
        facts = self._passages
        sections = self._article.astype(np.int64) << 32 | facts["section"]
        collection = Collection(
            section=_numbered(sections),
            article=self._article,
            text_words=facts["text_words"].astype(np.int32),
            heading_words=facts["heading_words"].astype(np.int32),
            title_words=facts["title_words"][begins(self._article)].astype(np.int32),
        )
        # Weak, so that a snapshot goes with its last search and needs no garbage collector.
        weak = weakref.WeakMethod(self._postings)

        def postings(field: Field, term: str) -> Postings:
            alive = weak()
            assert alive is not None  # whoever searches holds the snapshot
            return alive(field, term)

        return Impacts(collection, postings, self._memory, self._owner)

    # --- Postings ---

    def _postings(self, field: str, term: str) -> Postings:
        """The passages that hold a term, rising, and how often."""
        numbers, times = [], []
        for leaf, base, segment in self._leaves:
            documents, frequencies = self._decoded(leaf, segment, field, term)
            numbers.append(self._numbers[base + documents])
            times.append(frequencies)
        if not numbers:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        found, counts = np.concatenate(numbers), np.concatenate(times)
        alive = found >= 0
        found, counts = found[alive], counts[alive]
        if np.all(found[1:] > found[:-1]):  # articles often come in the order of their ids
            return found, counts
        order = np.argsort(found)
        return found[order], counts[order]

    def _decoded(self, leaf: IndexReader, segment: str, field: str, term: str) -> Postings:
        """The postings of a term in one segment, by document; they never change, so are remembered."""
        key = (segment, "postings", field, term)
        return self._memory.get(
            key, lambda: self._decode(leaf, field, term), lambda found: found[0].nbytes + found[1].nbytes
        )

    def _decode(self, leaf: IndexReader, field: str, term: str) -> Postings:
        documents = [np.empty(0, np.int32)]
        times = [np.empty(0, np.int32)]
        with self._lock:
            try:
                matcher = leaf.postings(field, _bytes(term))
            except TermNotFound:
                return np.empty(0, np.int32), np.empty(0, np.int32)
            # Deleted documents are filtered by `_numbers`; block by block is a hundred times faster
            # than one by one, and Whoosh has no public way to it.
            matcher = cast(Any, getattr(matcher, "child", matcher))
            while matcher.is_active():
                matcher._read_data()
                steps, weights, _ = matcher._data
                documents.append(np.cumsum(steps, dtype=np.int32))
                # One weight stands for a block where all are equal, and None where all are 1.
                times.append(np.full(len(steps), 1 if weights is None else weights, np.int32))
                matcher._next_block()
        return np.concatenate(documents), np.concatenate(times)

    def words(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many documents hold each."""
        with self._lock:
            found = [
                (term.decode(), self._reader.doc_frequency(Field.TEXT.value, term))
                for term in self._reader.expand_prefix(Field.TEXT.value, _bytes(prefix))
            ]
        return iter(found)

    # --- Search ---

    def search(self, query: Query, explain: bool) -> EngineHits:
        """The passages that answer a query, best first."""
        if not len(self._documents):
            return EngineHits(0, facets={"language": {}, "principle": {}, "article": {}})
        terms = (*query.terms, *self._prefix_terms(query.clauses))
        matched = self._matching(terms, query.clauses)
        filters = self._filters(query)
        numbers = _passing(matched, filters)
        page, scores = self._page(terms, numbers, query)
        facets = self._facets(matched, filters, numbers)
        bridges = [term for term in terms if term.via]
        direct = self.impacts.hits([term for term in terms if not term.via]) if bridges else page
        bridged = np.ones(len(self._documents), np.bool_)
        bridged[direct] = False
        return EngineHits(
            total=len(numbers),
            hits=tuple(
                self._hit(number, score, bridges if is_bridged else (), terms if explain else ())
                for number, score, is_bridged in zip(
                    page.tolist(), scores.tolist(), bridged[page].tolist(), strict=True
                )
            ),
            facets=facets,
            titles={id: article.title for id in facets["article"] if (article := self.article(id))},
        )

    def _page(self, terms: Sequence[QueryTerm], numbers: Places, query: Query) -> tuple[Places, Floats]:
        """The passages of the page that is asked for, and their scores."""
        if not query.limit:
            return np.empty(0, np.intp), np.empty(0)
        scores = self.impacts.scores(terms).of(numbers)
        places = best(scores, query.offset + query.limit)[query.offset :]
        return numbers[places], scores[places]

    def _prefix_terms(self, clauses: Sequence[Clause]) -> Iterator[QueryTerm]:
        """The words that wanted prefixes stand for, as terms that weigh like a word."""
        for clause in clauses:
            for wanted in clause.alternatives:
                if isinstance(wanted, Prefix) and not clause.negated and (words := self._beginning(wanted)):
                    weight = KIND_WEIGHTS[TermKind.WORD] / KIND_WEIGHTS[TermKind.FORM]
                    yield QueryTerm(TermKind.FORM, words, weight)

    def _beginning(self, prefix: Prefix) -> tuple[str, ...]:
        """The words that begin so: the most frequent, without those that only deleted passages hold."""

        def find() -> tuple[str, ...]:
            found = sorted(self.words(TermKind.FORM + prefix.letters), key=lambda word: (-word[1], word[0]))
            most = sorted(word for word, _ in found[:_PREFIX_WORDS])
            return tuple(word[1:] for word in most if len(self._postings(Field.TEXT, word)[0]))

        key = (self._owner, "prefix", prefix.letters)
        return self._memory.get(key, find, lambda words: sum(map(len, words)) * 2)

    def _matching(self, terms: Sequence[QueryTerm], clauses: Sequence[Clause]) -> Places:
        """The passages that are hits: all that fulfil the clauses, or else hold a matching term."""
        if terms and all(clause.negated for clause in clauses):
            matched = self.impacts.hits(terms)
        else:
            matched = np.arange(len(self._documents))
        masks = {one: self._mask(one) for one in {one for clause in clauses for one in clause.alternatives}}
        for clause in clauses:
            fulfilled = np.logical_or.reduce([masks[one] for one in clause.alternatives])[matched]
            matched = matched[~fulfilled if clause.negated else fulfilled]
        return matched

    def _mask(self, wanted: Phrase | Prefix) -> Mask:
        """Which passages hold a phrase or a prefix."""
        mask = np.zeros(len(self._documents), np.bool_)
        if isinstance(wanted, Phrase):
            mask[self._holding(wanted)] = True
        else:
            mask[self.impacts.text_holders(QueryTerm(TermKind.FORM, self._beginning(wanted)))] = True
        return mask

    def _holding(self, phrase: Phrase) -> list[int]:
        """The passages where a phrase stands: those that hold its terms, looked at one by one."""
        terms = phrase_terms(phrase)
        candidates = [self.impacts.text_holders(term) for term in terms]
        numbers = reduce(np.intersect1d, candidates) if candidates else np.arange(len(self._documents))
        if is_certain(phrase):
            return [int(number) for number in numbers]
        if phrase.literal:
            return [int(number) for number in numbers if phrase.literal in self._folded(int(number))]
        return [int(number) for number in numbers if occurrences(phrase, self._passage(int(number)).text)]

    def _folded(self, number: int) -> str:
        """The text of a passage as literal phrases are looked for in; remembered."""
        key = (self._owner, "folded", number)
        return self._memory.get(
            key, lambda: fold(self._passage(number).text).text, lambda text: 2 * len(text)
        )

    def _passage(self, number: int) -> Passage:
        return self._record(int(self._documents[number]), Passage)

    def _filters(self, query: Query) -> dict[str, Mask]:
        """A mask for each facet that the query restricts."""
        masks = {}
        if query.languages:
            codes, places = self._languages
            masks["language"] = np.isin(codes, [_bytes(code) for code in query.languages])[places]
        if query.articles:
            chosen = np.zeros(len(self._article_ids), np.bool_)
            chosen[
                [place for id in query.articles if (place := _place(self._article_ids, id)) is not None]
            ] = True
            masks["article"] = chosen[self._article]
        if query.principles:
            masks["principle"] = np.logical_and.reduce(
                [self._tagged_mask(principle) for principle in query.principles]
            )
        return masks

    def _tagged_mask(self, principle: str) -> Mask:
        mask = np.zeros(len(self._documents), np.bool_)
        mask[self._postings("principle", principle)[0]] = True
        return mask

    def _facets(
        self, matched: Places, filters: Mapping[str, Mask], numbers: Places
    ) -> dict[str, dict[str, int]]:
        """How many hits there are of each value. A passage has one language and one article, so
        these are counted as if their own filter were off: what else one could choose."""

        def without(facet: str) -> Places:
            if facet not in filters:
                return numbers
            return _passing(matched, {name: mask for name, mask in filters.items() if name != facet})

        codes, languages = self._languages
        return {
            "language": _counts(codes, languages[without("language")]),
            "principle": self._principle_counts(numbers),
            "article": _counts(self._article_ids, self._article[without("article")], _ARTICLES_IN_FACET),
        }

    def _principle_counts(self, numbers: Places) -> dict[str, int]:
        principles, tagged, starts = self._tagged
        if not len(tagged):
            return {}
        hits = np.zeros(len(self._documents), np.uint8)
        hits[numbers] = 1
        return _most(principles, np.add.reduceat(hits.take(tagged), starts, dtype=np.intp))

    @cached_property
    def _tagged(self) -> tuple[npt.NDArray[np.bytes_], Places, Places]:
        """The principles that passages have, the passages with each, and where those of each begin."""
        with self._lock:
            principles = list(self._reader.lexicon("principle"))
        tagged = {principle: self._postings("principle", principle.decode())[0] for principle in principles}
        # Those whose last passage was deleted are still in the lexicon.
        found = {principle: numbers for principle, numbers in tagged.items() if len(numbers)}
        ends = np.cumsum([len(numbers) for numbers in found.values()], dtype=np.intp)
        joined = np.concatenate([np.empty(0, np.intp), *found.values()])
        return np.array(list(found), np.bytes_), joined, np.concatenate([[0], ends[:-1]]).astype(np.intp)

    def _hit(
        self,
        number: int,
        score: float,
        bridges: Sequence[QueryTerm],
        explained: Sequence[QueryTerm],
    ) -> EngineHit:
        passage = self._passage(number)
        article = self.article(passage.article_id)
        if article is None:
            raise EngineError(f"The index lost the article of passage {passage.id}; run `kb index` again.")
        return EngineHit(
            passage=passage,
            article=article,
            score=score,
            via=tuple(
                dict.fromkeys(
                    term.via
                    for term in bridges
                    if any(field != "context" for field, _ in self.impacts.given(term, number))
                )
            ),
            explanation=tuple(
                TermScore("|".join(term.synonyms), term.kind.name.lower(), field, value)
                for term in explained
                for field, value in self.impacts.given(term, number)
            ),
        )


def _bytes(term: str) -> bytes:
    """A term as it is indexed. One that was asked for may hold what no text can, and is not found."""
    return term.encode(errors="surrogatepass")


def _numbered(values: npt.NDArray[Any]) -> Numbers:
    """The number of the run of equal values that each is in."""
    starts = begins(values)
    return np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(values)))


def _passing(matched: Places, filters: Mapping[str, Mask]) -> Places:
    """The passages that pass all filters."""
    for mask in filters.values():
        matched = matched[mask[matched]]
    return matched


def _place(ids: npt.NDArray[np.bytes_], id: str) -> int | None:
    """The place of an id among rising ones, or None."""
    wanted = _bytes(id)
    place = int(np.searchsorted(ids, wanted))
    return place if place < len(ids) and ids[place] == wanted else None


def _counts(
    values: npt.NDArray[np.bytes_], places: npt.NDArray[np.integer], most: int | None = None
) -> dict[str, int]:
    """How often each value is there, by its place; the most frequent first."""
    return _most(values, np.bincount(places, minlength=len(values)), most)


def _most(values: npt.NDArray[np.bytes_], counts: Places, most: int | None = None) -> dict[str, int]:
    """The values, which rise, with their counts: the most frequent first, those never there left out."""
    order = best(counts, len(counts) if most is None else most)
    shown = zip(values[order].tolist(), counts[order].tolist(), strict=True)
    return {value.decode(): count for value, count in shown if count}
