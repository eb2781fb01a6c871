"""The embedded engine: Whoosh keeps the postings and commits them, `impacts` ranks.

One Whoosh document for each passage, article and source file, told apart by `type`. Terms come
finished, so no field has an analyser. Records are stored as JSON, and what the formula needs of
every passage (`_FACTS`) in one column of fixed width.

Readers keep a `_Snapshot` of one commit; a search first looks whether a newer one is there (11 µs)
and then opens it beside the old, which lives on until its last search is done.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
import numpy.typing as npt
from whoosh import columns, fields, formats
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.reading import IndexReader, TermNotFound
from whoosh.util.filelock import try_for

from kb.engines import (
    ARTICLE_ID_LENGTH,
    DEFAULTS,
    PREFIX_WORDS,
    ClusterOptions,
    EngineHit,
    EngineHits,
    EngineWriter,
    Place,
    Remembered,
    check_article_id,
    commits,
)
from kb.engines.commits import Commit, Damaged
from kb.engines.impacts import (
    Collection,
    Floats,
    Impacts,
    LookedUp,
    Mask,
    Memory,
    Numbers,
    Places,
    Postings,
    array_bytes,
    begins,
    best,
)
from kb.engines.mapped_files import mapped_storage, passing_array
from kb.engines.passage_table import FACTS, PassageTable, encoded, numbered, passing
from kb.engines.segments import BulkWriter, decoded, document_counts, worth_merging
from kb.errors import EngineError, IndexDamaged, IndexLocked, ServicebookError, SettingsError
from kb.languages import fold
from kb.models import (
    Article,
    Clause,
    Passage,
    Phrase,
    Prefix,
    Query,
    QueryTerm,
    Sort,
    SourceFile,
    TermKind,
    TermScore,
)
from kb.phrases import is_certain, occurrences, phrase_terms
from kb.ranking import KIND_WEIGHTS, Field, IndexedText, PassageTexts
from kb.sameness import SKETCH_LENGTH, Sketches

# Raised when what is stored changes its form; an index of another format is rebuilt.
FORMAT = 4

_PASSAGE, _ARTICLE, _FILE = 1, 2, 3
_log = logging.getLogger(__name__)

# A row in memory, where articles are numbered in the order of their ids, which are slow to compare.
_NUMBERED = np.dtype([("type", "u1"), *((name, FACTS[name]) for name in FACTS.names or ())])
# The same as it is stored.
_FACTS = np.dtype(
    [
        (name, f"S{ARTICLE_ID_LENGTH}" if name == "article" else _NUMBERED[name])
        for name in _NUMBERED.names or ()
    ]
)
# A record in memory takes about so many times the bytes of its JSON.
_DECODED_SIZE = 4
# A commit may remove the files of the one that is being opened; then there is a newer one to open.
_ATTEMPTS = 10
# Nanoseconds in which a file system may give two changes the same time (FAT: two seconds).
_TICK = 2_500_000_000


class _Terms(fields.FieldType):
    """A field of finished terms: a mapping of each to its frequency."""

    scorable = stored = unique = False
    analyzer = vector = column_type = None
    format = formats.Existence()

    def __init__(self) -> None:
        pass


class _Bytes(fields.FieldType):
    """A column of fixed width; what is not given is zero."""

    indexed = stored = scorable = unique = False
    analyzer = format = vector = None

    def __init__(self, width: int) -> None:
        self.column_type = columns.FixedBytesColumn(width)


_SCHEMA = fields.Schema(
    **{field.value: _Terms() for field in Field},
    key=_Terms(),
    anchor=_Terms(),
    principle=_Terms(),
    facts=_Bytes(_FACTS.itemsize),
    sketch=_Bytes(SKETCH_LENGTH),
    record=fields.STORED(),
)


class WhooshEngine:
    """An index in a folder of this machine: `whoosh:///path/to/folder`."""

    def __init__(self, url: str, memory: int, cluster: ClusterOptions = DEFAULTS) -> None:
        address = urlsplit(url)
        if address.netloc or not address.path.startswith("/"):
            raise SettingsError(
                f"KB_ENGINE: “{url}” names no folder; write whoosh:// and its full path, whoosh:///path/to/index."
            )
        self._folder = Path(unquote(address.path)) / f"format-{FORMAT}"
        self._memory = Memory(memory)
        self._opening = threading.Lock()
        self._current: _Snapshot | None = None
        self._listed: tuple[object, int] = (None, 0)  # what the folder was when its newest commit was so
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not commits.generations(self._folder):
                with self._lock(wait=True):
                    if not commits.generations(self._folder):
                        commits.write(self._folder, 0, (), _SCHEMA)
        except OSError as error:
            raise EngineError(f"The index folder {self._folder} cannot be made: {error.strerror}.") from error

    @contextmanager
    def _lock(self, wait: bool) -> Iterator[None]:
        """Keep other writers out, in this process and in others."""
        lock = FileStorage(str(self._folder)).lock(f"{commits.NAME}_WRITELOCK")
        if not try_for(lock.acquire, timeout=float("inf") if wait else 0.0, delay=0.1):
            raise IndexLocked(
                f"Another process is writing to the index in {self._folder};"
                " try again when it is done, or wait for it with kb index --wait."
            )
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Turns whatever damaged files make of an index into one clear error."""
        try:
            yield
        except (ServicebookError, MemoryError):
            raise
        except Exception as error:
            raise IndexDamaged(
                f"The index in {self._folder} is damaged ({type(error).__name__}: {error})."
                " Run `kb index`, which makes it anew."
            ) from error

    def write(self, wait: bool = False, repair: bool = False) -> AbstractContextManager[EngineWriter]:
        """Begin to write; see `kb.engines.Engine`."""
        return self._write(wait, repair)

    @contextmanager
    def _write(self, wait: bool, repair: bool) -> Iterator[EngineWriter]:
        try:
            with self._lock(wait):
                damage = self.damage() if repair else ""
                base = Commit(max(commits.generations(self._folder), default=0))
                before = None
                if not damage:
                    before = self._snapshot()
                    base = before.commit
                with BulkWriter(self._folder, base, _SCHEMA) as writer:
                    yield _Writer(writer, before, damage)
                    if damage:
                        writer.has_changes = True
        except OSError as error:
            raise EngineError(f"The index in {self._folder} cannot be written: {error.strerror}.") from error

    def tidy(self) -> None:
        """Make one of many small segments; see `kb.engines.Engine`."""
        with suppress(IndexLocked), self._lock(wait=False):  # who writes now will tidy
            base = self._snapshot().commit
            if worth_merging(base.segments):
                with BulkWriter(self._folder, base, _SCHEMA) as writer:
                    writer.absorb(worth_merging(writer.segments))

    def damage(self) -> str:
        """What is wrong with the files of the newest commit, or nothing; reads all of them."""
        try:
            newest = max(commits.generations(self._folder), default=None)
            if newest is None:
                return "it has lost its table of contents"
            commits.verify(self._folder, commits.read(self._folder, newest, _SCHEMA))
        except Damaged as error:
            return str(error)
        return ""

    def files(self) -> dict[str, SourceFile]:
        """What is recorded of all source files, by path."""
        with self._undamaged():
            return {file.path: file for file in self._snapshot().records(_FILE, SourceFile)}

    def articles(self) -> Sequence[Article]:
        """All articles, by id."""
        with self._undamaged():
            return sorted(self._snapshot().records(_ARTICLE, Article), key=lambda article: article.id)

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article and its passages, or None."""
        with self._undamaged():
            snapshot = self._snapshot()
            article = snapshot.article(article_id)
            return (article, snapshot.passages_of(article_id)) if article else None

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article, or None."""
        with self._undamaged():
            return self._snapshot().passage(anchor)

    def words(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many passages hold each."""
        with self._undamaged():
            return self._snapshot().words(prefix)

    def search(self, query: Query, explain: bool = False) -> EngineHits:
        """The passages that answer a query, best first."""
        with self._undamaged():
            return self._snapshot().search(query, explain)

    def versions(self, article_id: str) -> Sequence[str]:
        """The articles that share most of their text with one."""
        with self._undamaged():
            return self._snapshot().table.versions(article_id)

    def copied(self, least: int) -> Iterator[Sequence[Place]]:
        """Where each passage stands that stands in so many articles."""
        with self._undamaged():
            return self._snapshot().table.copied(least)

    @property
    def generation(self) -> int:
        """The number of the newest commit."""
        # A commit changes the folder; one look at that spares listing it, which takes ten times as long.
        folder = self._folder.stat()
        state = (folder.st_dev, folder.st_ino, folder.st_mtime_ns)
        if state == self._listed[0]:
            return self._listed[1]
        is_settled = time.time_ns() - folder.st_mtime_ns > _TICK
        newest = max(commits.generations(self._folder), default=0)
        if is_settled:
            self._listed = (state, newest)
        return newest

    @property
    def remembered(self) -> Remembered:
        """How much of its memory is used."""
        return self._memory.state

    def close(self) -> None:
        """Give back files and memory."""
        with self._opening:
            if self._current:
                self._current.close()
            self._current = None
        self._memory.forget(lambda owner: True)

    def _snapshot(self) -> _Snapshot:
        """The newest commit."""
        current = self._current
        if current and current.generation == self.generation:
            return current
        with self._opening:
            # Asked before opening: a commit in between makes the next search look again.
            generation = self.generation
            if not self._current or self._current.generation != generation:
                with self._undamaged():
                    self._current = self._opened(generation)
                kept = self._current.owners
                self._memory.forget(lambda owner: owner not in kept)
            return self._current

    def _opened(self, generation: int) -> _Snapshot:
        """The newest commit that can be read. Damage to it leads back to the one before."""
        damage: Exception = Damaged("it has lost its table of contents")
        for _ in range(_ATTEMPTS):
            for number in commits.generations(self._folder):
                try:
                    commit = commits.read(self._folder, number, _SCHEMA)
                    reader = FileIndex._reader(
                        mapped_storage(self._folder), _SCHEMA, list(commit.segments), number
                    )
                except Exception as error:  # a file is damaged, or a newer commit has removed it
                    damage = error
                    continue
                if number == generation:
                    return _Snapshot(self._folder, reader, generation, self._memory, commit)
                if commit.segments and generation == self.generation:
                    _log.warning(
                        "The index in %s is damaged (%s); searches are answered as before the last change."
                        " Run kb index, which makes it anew.",
                        self._folder,
                        damage,
                    )
                    return _Snapshot(self._folder, reader, generation, self._memory, commit)
                break
            generation = self.generation
            time.sleep(0.01)
        raise damage


class _Writer:
    """Turns articles and files into Whoosh documents."""

    def __init__(self, writer: BulkWriter, before: _Snapshot | None, damage: str) -> None:
        self.damage = damage
        self._writer = writer
        self._before = before
        self._put: set[str] = set()

    def put_article(
        self,
        article: Article,
        passages: Iterable[Passage],
        title: IndexedText,
        texts: Iterable[PassageTexts],
    ) -> None:
        """Add or replace an article."""
        check_article_id(article.id)
        self.drop_article(article.id)
        key = {_article_key(article.id): 1}
        for passage, own in zip(passages, texts, strict=True):
            terms: dict[str, Mapping[str, int]] = {
                "key": key,
                "anchor": dict.fromkeys(passage.anchors, 1),
                "principle": {tag.principle: 1 for tag in passage.tags},
                Field.TEXT: own.text.terms,
                Field.HEADINGS: own.headings.terms,
                Field.ASKED: own.asked.terms,
                # Once for an article: its title is the same for all its passages.
                Field.TITLE: title.terms if passage.position == 0 else {},
            }
            facts = _facts(article, passage, own, title)
            columns = {"facts": facts, "sketch": own.text.sketch or _NO_SKETCH}
            self._writer.add(terms, columns, _encode(passage))
            self._writer.pause()
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
        self._writer.add({"key": {key: 1}}, {"facts": facts.tobytes()}, _encode(record))
        self._writer.pause()

    def _drop(self, key: str) -> None:
        if key in self._put:
            raise EngineError(f"The {key} was written twice at once; nothing was changed.")
        for number in self._before.documents("key", key) if self._before else ():
            self._writer.delete_document(int(number))


def _article_key(article_id: str) -> str:
    return f"article {article_id}"


def _file_key(path: str) -> str:
    # A path may be longer than a term may be.
    return f"file {hashlib.sha256(os.fsencode(path)).hexdigest()}"


def _facts(article: Article, passage: Passage, own: PassageTexts, title: IndexedText) -> bytes:
    facts = np.zeros((), _FACTS)
    facts["type"] = _PASSAGE
    facts["language"] = passage.language
    facts["article"] = passage.article_id
    facts["position"] = passage.position
    facts["section"] = passage.section
    facts["published"] = article.published.toordinal() if article.published else 0
    facts["text_words"] = own.text.length
    facts["heading_words"] = own.headings.length
    facts["asked_words"] = own.asked.length
    facts["title_words"] = title.length
    return facts.tobytes()


_NO_SKETCH = bytes(SKETCH_LENGTH)
_TEXTS = tuple(Field)
_NOTHING: Postings = (np.empty(0, np.int32), np.empty(0, np.int32))
_NOWHERE: Mapping[str, Postings] = {}
_encode = msgspec.json.encode
_Record = TypeVar("_Record", Article, Passage, SourceFile)
_Asked = ParamSpec("_Asked")
_Value = TypeVar("_Value")


class _Page(NamedTuple):
    """How many hits there are, and of those on the page the number, the score, and the copies collapsed."""

    total: int
    hits: tuple[tuple[int, float, int], ...]


class _Snapshot:
    """One commit, for reading. Whoosh's readers are not safe for threads, so a lock guards them."""

    def __init__(
        self, folder: Path, reader: IndexReader, generation: int, memory: Memory, commit: Commit
    ) -> None:
        self._folder = folder
        self.generation = generation
        self.commit = commit
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
        document = self._article_documents.get(encoded(article_id))
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
            facts = self._stored(leaf, "facts", _FACTS)
            # An article's documents stand together, so few of the ids need to be compared.
            runs = begins(facts["article"])
            ids, places = np.unique(facts["article"][runs], return_inverse=True)
            numbered = np.empty(len(facts), _NUMBERED)
            for name in _FACTS.names or ():
                if name != "article":
                    numbered[name] = facts[name]
            numbered["article"] = np.repeat(places, np.diff(runs, append=len(facts)))
            return numbered, ids

        return self._memory.get((segment, "columns"), read, lambda found: array_bytes(*found))

    def _stored(self, leaf: IndexReader, field: str, form: np.dtype[Any]) -> npt.NDArray[Any]:
        """What a column of fixed width holds for every document of a segment."""
        with self._lock:
            stored = np.zeros(leaf.doc_count_all(), form)
            column = cast(Any, leaf.column_reader(field, translate=False))
            if isinstance(column, columns.EmptyColumnReader):
                return stored
            # All at once: Whoosh has no public way to it, and one by one takes fifty times as long.
            width = column._count * form.itemsize
            stored[: column._count] = np.frombuffer(column._dbfile.get(column._basepos, width), form)
            return stored

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
        order = self._facts["article"][documents].astype(np.int64) << 32 | self._facts["position"][documents]
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
    def table(self) -> PassageTable:
        """What filters and counts the passages."""
        _, ids = self._columns
        # Weak, so that a snapshot goes with its last search and needs no garbage collector.
        return PassageTable(self._passages, ids, _weak(self._sketches), _weak(self._tagged))

    def _sketches(self) -> Sketches:
        """The sketch of every passage."""
        form = np.dtype(("u1", SKETCH_LENGTH))
        found = passing_array((len(self._documents), SKETCH_LENGTH), self._folder)
        for leaf, base, _ in self._leaves:
            stored = self._stored(leaf, "sketch", form)
            numbers = self._numbers[base : base + len(stored)]
            found[numbers[numbers >= 0]] = stored[numbers >= 0]
        return found

    def _tagged(self) -> dict[str, Numbers]:
        """The passages with each principle."""
        with self._lock:
            principles = [principle.decode() for principle in self._reader.lexicon("principle")]
        tagged = {principle: self._postings("principle", principle)[0] for principle in principles}
        # Those whose last passage was deleted are still in the lexicon.
        return {principle: numbers for principle, numbers in tagged.items() if len(numbers)}

    @cached_property
    def impacts(self) -> Impacts:
        """What ranks the passages."""
        facts, article = self._passages, self.table.article
        collection = Collection(
            section=numbered(article.astype(np.int64) << 32 | facts["section"]),
            article=article,
            text_words=facts["text_words"].astype(np.int32),
            heading_words=facts["heading_words"].astype(np.int32),
            asked_words=facts["asked_words"].astype(np.int32),
            title_words=facts["title_words"][begins(article)].astype(np.int32),
        )
        return Impacts(collection, _weak(self._postings), self._memory, self._owner)

    # --- Postings ---

    def _postings(self, field: str, term: str) -> Postings:
        """The passages that hold a term, rising, and how often."""
        numbers, times = [], []
        for leaf, base, segment in self._leaves:
            documents, frequencies = self._decoded(leaf, segment, field, term)
            if len(documents):
                numbers.append(self._numbers[base + documents])
                times.append(frequencies)
        if not numbers:
            return _NOTHING
        found, counts = np.concatenate(numbers), np.concatenate(times, dtype=np.int32)
        alive = found >= 0
        found, counts = found[alive], counts[alive]
        if np.all(found[1:] > found[:-1]):  # articles often come in the order of their ids
            return found, counts
        order = np.argsort(found)
        return found[order], counts[order]

    def _decoded(self, leaf: IndexReader, segment: str, field: str, term: str) -> Postings:
        """The postings of a term in one segment, by document; they never change, so are remembered."""
        # Those of all texts together: a term is asked of each, and most are in one or none.
        fields = _TEXTS if field in _TEXTS else (field,)
        decoded = self._memory.get(
            (segment, fields, term),
            lambda: self._decode(leaf, fields, term),
            lambda found: sum(array_bytes(*postings) for postings in found.values()),
        )
        return decoded.get(field, _NOTHING)

    def _decode(self, leaf: IndexReader, fields: Sequence[str], term: str) -> Mapping[str, Postings]:
        """The postings of a term in the fields that hold it. Deleted documents are among them."""
        found = {}
        for field in fields:
            with self._lock:
                try:
                    blocks = list(decoded(leaf.postings(field, encoded(term))))
                except TermNotFound:
                    continue
            if not blocks:  # only deleted documents held it
                continue
            documents = [np.cumsum(steps, dtype=np.int32) for steps, _ in blocks]
            times = [np.full(len(steps), 1 if often is None else often, np.int32) for steps, often in blocks]
            most = max(int(some.max()) for some in times)
            found[field] = np.concatenate(documents), np.concatenate(times).astype(np.min_scalar_type(most))
        return found or _NOWHERE

    def words(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many documents hold each."""
        counts: dict[bytes, int] = {}
        for leaf, _, _ in self._leaves:
            with self._lock:  # for one segment at a time: others search meanwhile
                found = list(document_counts(leaf, Field.TEXT, encoded(prefix)))
            for term, documents in found:
                counts[term] = counts.get(term, 0) + documents
        return ((term.decode(), counts[term]) for term in sorted(counts))

    # --- Search ---

    def search(self, query: Query, explain: bool) -> EngineHits:
        """The passages that answer a query, best first."""
        if not len(self._documents):
            return EngineHits(0, facets={"language": {}, "principle": {}, "article": {}, "date": {}})
        terms = (*query.terms, *self._prefix_terms(query.clauses))
        looked_up = self.impacts.looked_up(terms)
        matched = self._matching(looked_up, query.clauses)
        filters = self.table.filters(query, self._number(query.like) if query.like else None)
        numbers = passing(matched, filters)
        page = self._page(looked_up, numbers, query)
        facets = self.table.facets(matched, filters, query.collapse)
        bridges = [term for term in terms if term.via]
        direct = self.impacts.hits([one for one in looked_up if not one[0].via]) if bridges else numbers
        bridged = np.ones(len(self._documents), np.bool_)
        bridged[direct] = False
        return EngineHits(
            total=page.total,
            hits=tuple(
                self._hit(number, score, more, bridges if bridged[number] else (), terms if explain else ())
                for number, score, more in page.hits
            ),
            facets=facets,
            titles={id: article.title for id in facets["article"] if (article := self.article(id))},
        )

    def _page(self, terms: LookedUp, numbers: Places, query: Query) -> _Page:
        """The hits of the page that is asked for among all, which rise."""
        scores = self.impacts.scores(terms, numbers) if query.limit else np.zeros(len(numbers))
        more = np.zeros(len(numbers), np.int32)
        merits: list[Floats | Numbers] = [scores]
        if query.sort is Sort.DATE:
            merits.insert(0, self._passages["published"][numbers])
        if query.collapse:
            shown, more = self.table.copies.collapsed(numbers, *merits)
            numbers, more = numbers[shown], more[shown]
            merits = [merit[shown] for merit in merits]
        if not query.limit:
            return _Page(len(numbers), ())
        page = best(merits[0], query.offset + query.limit, *merits[1:])[query.offset :]
        hits = zip(numbers[page].tolist(), merits[-1][page].tolist(), more[page].tolist(), strict=True)
        return _Page(len(numbers), tuple(hits))

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
            most = sorted(word for word, _ in found[:PREFIX_WORDS])
            return tuple(word[1:] for word in most if len(self._postings(Field.TEXT, word)[0]))

        key = (self._owner, "prefix", prefix.letters)
        return self._memory.get(key, find, lambda words: sum(map(len, words)) * 2)

    def _matching(self, terms: LookedUp, clauses: Sequence[Clause]) -> Places:
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

    def _number(self, anchor: str) -> int | None:
        """The number of the passage that has or holds an anchor, or None."""
        found = self.documents("anchor", anchor)
        return int(self._numbers[found[0]]) if len(found) else None

    def _hit(
        self,
        number: int,
        score: float,
        more: int,
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
            more=more,
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


def _weak(method: Callable[_Asked, _Value]) -> Callable[_Asked, _Value]:
    """A method that does not keep its object: whoever calls it holds that."""
    weak = weakref.WeakMethod(method)

    def call(*asked: _Asked.args, **named: _Asked.kwargs) -> _Value:
        alive = weak()
        assert alive is not None
        return alive(*asked, **named)

    return call
