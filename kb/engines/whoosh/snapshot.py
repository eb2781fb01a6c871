"""One commit of a Whoosh index, for reading: its records, its columns and its postings as arrays."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import msgspec
import numpy as np
import numpy.typing as npt
from whoosh import columns
from whoosh.reading import SegmentReader

from kb.engines.cache import BoundedCache, array_bytes
from kb.engines.impacts import Collection, Impacts, Mask, Numbers, Postings, begins
from kb.engines.passage_table import PassageTable, encoded, numbered
from kb.engines.records import DECODED_SIZE, article_key
from kb.engines.whoosh.commits import Commit
from kb.engines.whoosh.layout import ARTICLE, NUMBERED, PASSAGE, ROW
from kb.engines.whoosh.mapped_files import passing_array
from kb.engines.whoosh.term_reading import OpenSegment, joined
from kb.models import Article, Passage, SourceFile
from kb.ranking import Field
from kb.sameness import SKETCH_LENGTH, Sketches

_Record = TypeVar("_Record", Article, Passage, SourceFile)
_Asked = ParamSpec("_Asked")
_Value = TypeVar("_Value")


class Snapshot:
    """One commit; safe for threads, which Whoosh's readers are not, so a lock guards them.

    A document has the number that Whoosh gave it, and a passage its own: its place among all of them by
    article and position (`kb.engines.passage_table`).
    """

    def __init__(
        self,
        folder: Path,
        segments: Sequence[OpenSegment],
        generation: int,
        cache: BoundedCache,
        commit: Commit,
    ) -> None:
        self._folder = folder
        self.generation = generation
        self.commit = commit
        self._cache = cache
        self._lock = threading.RLock()
        # When the last search is done with a snapshot that is not the current one any more.
        self._finalizer = weakref.finalize(self, _close, segments)
        self._segments = segments
        self._size = sum(segment.reader.doc_count_all() for segment in segments)
        # A commit may come between asking for its number and opening it, so the number is no key for
        # what is remembered of a snapshot; the object is one of its own.
        self._owner = object()
        self.owners = {self._owner, *(segment.id for segment in segments)}

    def close(self) -> None:
        """Give back the files."""
        with self._lock:
            self._finalizer()

    def remembered(
        self, key: tuple[object, ...], make: Callable[[], _Value], size: Callable[[_Value], int]
    ) -> _Value:
        """What is made once for this commit and remembered under a key; see `BoundedCache.get`."""
        return self._cache.get((self._owner, *key), make, size)

    # --- Records ---

    def documents(self, field: str, term: str) -> Numbers:
        """The numbers of the live documents that hold a term."""
        found, _ = joined(self._segments, field, encoded(term))
        return found[self._live[found]]

    def article(self, article_id: str) -> Article | None:
        """The record of an article."""
        document = self._article_documents.get(encoded(article_id))
        return None if document is None else self._record(document, Article)

    @cached_property
    def _article_documents(self) -> Mapping[bytes, int]:
        """The document of every article's record, by the article's id."""
        rows, ids = self._columns
        documents = np.flatnonzero((rows["type"] == ARTICLE) & self._live)
        named = ids[rows["article"][documents]].tolist()
        return dict(zip(named, documents.tolist(), strict=True))

    def passages_of(self, article_id: str) -> tuple[Passage, ...]:
        """The passages of an article, in order."""
        documents = self.documents("key", article_key(article_id))
        documents = documents[self._rows["type"][documents] == PASSAGE]
        order = np.argsort(self._rows["position"][documents])
        return tuple(self._record(int(document), Passage) for document in documents[order])

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article."""
        for document in self.documents("anchor", anchor):
            passage = self._record(int(document), Passage)
            article = self.article(passage.article_id)
            return (passage, article) if article else None
        return None

    def passage_numbered(self, number: int) -> Passage:
        """The passage with a number."""
        return self._record(int(self._documents[number]), Passage)

    def number_of(self, anchor: str) -> int | None:
        """The number of the passage that has or holds an anchor, or None."""
        found = self.documents("anchor", anchor)
        return int(self._numbers[found[0]]) if len(found) else None

    def records(self, kind: int, record: type[_Record]) -> Iterator[_Record]:
        """All records of a kind."""
        for document in np.flatnonzero((self._rows["type"] == kind) & self._live):
            yield self._record(int(document), record)

    def _record(self, document: int, record: type[_Record]) -> _Record:
        segment = next(one for one in reversed(self._segments) if one.first <= document)
        own = document - segment.first

        def read() -> tuple[_Record, int]:
            with self._lock:
                stored: bytes = segment.reader.stored_fields(own)["record"]
            return msgspec.json.decode(stored, type=record), len(stored)

        key = (segment.id, "record", own)
        return self._cache.get(key, read, lambda found: found[1] * DECODED_SIZE)[0]

    # --- Columns ---

    @property
    def _rows(self) -> npt.NDArray[np.void]:
        """`NUMBERED` of every document."""
        return self._columns[0]

    @cached_property
    def _columns(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
        """`NUMBERED` of every document, and the ids of the articles by number."""
        joined = passing_array((self._size,), NUMBERED, self._folder)
        parts, ids = [], [np.empty(0, ROW["article"])]
        for segment in self._segments:
            rows, own = self._segment_columns(segment)
            parts.append(joined[segment.first : segment.first + len(rows)])
            parts[-1][:] = rows
            ids.append(own)
        all_ids = np.sort(np.concatenate(ids))
        all_ids = all_ids[begins(all_ids)]
        for part, own in zip(parts, ids[1:], strict=True):
            part["article"] = np.searchsorted(all_ids, own)[part["article"]]
        return joined, all_ids

    def _segment_columns(self, segment: OpenSegment) -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
        """`NUMBERED` of one segment and its own ids; they never change, so are remembered where all have
        room."""

        def read() -> tuple[npt.NDArray[np.void], npt.NDArray[np.bytes_]]:
            rows = self._stored(segment.reader, "facts", ROW)
            # An article's documents stand together, so few of the ids need to be compared.
            runs = begins(rows["article"])
            ids, places = np.unique(rows["article"][runs], return_inverse=True)
            numbered_rows = np.empty(len(rows), NUMBERED)
            for name in ROW.names or ():
                if name != "article":
                    numbered_rows[name] = rows[name]
            numbered_rows["article"] = np.repeat(places, np.diff(runs, append=len(rows)))
            return numbered_rows, ids

        if 2 * self._size * NUMBERED.itemsize > self._cache.limit:
            return read()  # the last would drive the first ones out
        return self._cache.get((segment.id, "columns"), read, lambda found: array_bytes(*found))

    def _stored(self, reader: SegmentReader, field: str, form: np.dtype[Any]) -> npt.NDArray[Any]:
        """What a column of fixed width holds for every document of a segment."""
        with self._lock:
            stored = np.zeros(reader.doc_count_all(), form)
            column = cast(Any, reader.column_reader(field, translate=False))
            if isinstance(column, columns.EmptyColumnReader):
                return stored
            # All at once: Whoosh has no public way to it, and one by one takes fifty times as long.
            width = column._count * form.itemsize
            stored[: column._count] = np.frombuffer(column._dbfile.get(column._basepos, width), form)
            return stored

    @cached_property
    def _live(self) -> Mask:
        """Whether each document counts: it was not deleted."""
        live = np.ones(self._size, np.bool_)
        for segment in self._segments:
            deleted = cast(Any, segment.reader.segment()).deleted_docs()
            live[np.fromiter(deleted, np.intp) + segment.first] = False
        return live

    @cached_property
    def _documents(self) -> Numbers:
        """The document of every passage: its number is its place by article and position."""
        documents = np.flatnonzero((self._rows["type"] == PASSAGE) & self._live).astype(np.int32)
        order = self._rows["article"][documents].astype(np.int64)
        order <<= 32
        order |= self._rows["position"][documents]
        return documents[np.argsort(order, kind="stable")]

    @cached_property
    def _numbers(self) -> Numbers:
        """The passage number of every document, -1 where it is no live passage."""
        numbers = np.full(len(self._rows), -1, np.int32)
        numbers[self._documents] = np.arange(len(self._documents), dtype=np.int32)
        return numbers

    @cached_property
    def table(self) -> PassageTable:
        """What filters and counts the passages."""
        rows, ids = self._columns
        facts = passing_array((len(self._documents),), NUMBERED, self._folder)
        np.take(rows, self._documents, out=facts, mode="clip")  # which alone writes where it is told to
        # Weak, so that a snapshot goes with its last search and needs no garbage collector.
        return PassageTable(facts, ids, _weak(self._sketches), _weak(self._tagged))

    def _sketches(self) -> Sketches:
        """The sketch of every passage."""
        form = np.dtype(("u1", SKETCH_LENGTH))
        found: Sketches = passing_array((len(self._documents), SKETCH_LENGTH), np.uint8, self._folder)
        for segment in self._segments:
            stored = self._stored(segment.reader, "sketch", form)
            numbers = self._numbers[segment.first : segment.first + len(stored)]
            found[numbers[numbers >= 0]] = stored[numbers >= 0]
        return found

    def _tagged(self) -> dict[str, Numbers]:
        """The passages with each principle."""
        names = {name for segment in self._segments for name, _ in segment.terms.beginning("principle")}
        tagged = {name.decode(): self.postings("principle", name.decode())[0] for name in names}
        # Those whose last passage was deleted are still in the lexicon.
        return {principle: numbers for principle, numbers in tagged.items() if len(numbers)}

    @cached_property
    def impacts(self) -> Impacts:
        """What ranks the passages."""
        facts, article = self.table.facts, self.table.article
        collection = Collection(
            section=numbered(article.astype(np.int64) << 32 | facts["section"]),
            article=article,
            text_words=facts["text_words"].astype(np.int32),
            heading_words=facts["heading_words"].astype(np.int32),
            asked_words=facts["asked_words"].astype(np.int32),
            title_words=facts["title_words"][begins(article)].astype(np.int32),
        )
        return Impacts(collection, _weak(self.postings), self._cache, self._owner)

    # --- Postings ---

    def postings(self, field: str, term: str) -> Postings:
        """The passages that hold a term, rising, and how often."""
        documents, times = joined(self._segments, field, encoded(term))
        numbers = self._numbers[documents]
        alive = numbers >= 0
        numbers, times = numbers[alive], times[alive]
        if np.all(numbers[1:] > numbers[:-1]):  # articles often come in the order of their ids
            return numbers, times
        order = np.argsort(numbers)
        return numbers[order], times[order]

    def words(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many documents hold each."""
        counts: dict[bytes, int] = {}
        for segment in self._segments:
            for term, documents in segment.terms.beginning(Field.TEXT, encoded(prefix)):
                counts[term] = counts.get(term, 0) + documents
        return ((term.decode(), counts[term]) for term in sorted(counts))


def _close(segments: Sequence[OpenSegment]) -> None:
    for segment in segments:
        segment.reader.close()


def _weak(method: Callable[_Asked, _Value]) -> Callable[_Asked, _Value]:
    """A method that does not keep its object: whoever calls it holds that."""
    weak = weakref.WeakMethod(method)

    def call(*asked: _Asked.args, **named: _Asked.kwargs) -> _Value:
        alive = weak()
        assert alive is not None
        return alive(*asked, **named)

    return call
