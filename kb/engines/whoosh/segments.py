"""Segments of a Whoosh index, written and merged in bulk.

Whoosh makes a Python tuple of each posting, sorts them through files and takes them one by one: six
times the cost of analysing the text. Here a posting is twelve bytes in arrays, which numpy sorts
once, and terms are written one by one. The files are Whoosh's own: any Whoosh reads them.
"""

from __future__ import annotations

import struct
from array import array
from binascii import crc32
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from itertools import accumulate, count, pairwise
from pathlib import Path
from pickle import dumps
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3Segment
from whoosh.fields import Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.filetables import HashWriter, OrderedHashWriter
from whoosh.filedb.structfile import StructFile
from whoosh.index import TOC
from whoosh.reading import IndexReader, SegmentReader
from whoosh.util.numlists import GrowableArray
from whoosh.writing import SegmentWriter

from kb.engines.whoosh import commits
from kb.engines.whoosh.commits import Commit

# Postings that are gathered before a segment is written, and what one of them and a distinct term
# take while it is, in bytes: about 200 MB whatever the corpus.
MOST_BYTES = 200_000_000
_POSTING_BYTES, _TERM_BYTES = 40, 220
# Whoosh keeps the stored records of a segment below 2 GB.
_MOST_RECORDS = 1_000_000_000
# A block of postings: as many are decoded in one go, without compression several times faster.
_BLOCK = 4096
# So many segments of about the same size are made one, until they are full; all with few documents
# count as one size.
_MANY = 4
_SMALL, _FULL = 256, 8192

# W3TermInfo: flags, weight, documents, lengths, highest weight, first and last document; then where
# the postings are and how many bytes they have.
_TERM_INFO = np.dtype(
    [
        ("flags", "u1"),
        ("weight", ">f4"),
        ("documents", ">u4"),
        ("shortest", "u1"),
        ("longest", "u1"),
        ("most", ">f4"),
        ("first", ">u4"),
        ("last", ">u4"),
        ("offset", ">i8"),
        ("length", ">i4"),
    ]
)
_TERM_COUNT = struct.Struct("!5xI")  # the documents, of the same
_BLOCK_LENGTH = struct.Struct("!i")
_ENTRY_LENGTHS = struct.Struct("!ii")
_FIELD = struct.Struct("!H")
_SLOT = np.dtype([("hash", ">u4"), ("position", ">i8")])
_CRC32 = 1  # among Whoosh's hash functions

_PLAIN_CODEC = W3Codec(blocklimit=_BLOCK, compression=0)

Integers = npt.NDArray[np.integer]
Decoded = tuple[Sequence[int], tuple[float, ...] | float | None]


class BulkWriter(SegmentWriter):
    """Writes to an index: documents of finished terms, several segments when they are many."""

    def __init__(self, folder: Path, commit: Commit, schema: Schema, most_bytes: int = MOST_BYTES) -> None:
        """Begin to write what is to come after a commit. The caller must hold the writers' lock."""
        self._folder, self._before, self._most_bytes = folder, commit, most_bytes
        self._finished: list[W3Segment] = []
        self.has_changes = False
        super().__init__(_Base(folder, commit, schema), codec=_BulkCodec(), _lk=False)  # type: ignore[no-untyped-call]
        self._begin()

    def _begin(self) -> None:
        self.postings = cast(_FieldWriter, self.fieldwriter).postings
        self._record_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Make all visible at once, or on an error leave everything as it was."""
        try:
            if error is None and self.has_changes:
                self.finish()
            else:
                self.cancel()  # type: ignore[no-untyped-call]
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Close and remove what was begun, as after a full disk."""
        for part in (self.perdocwriter._cols._temp, *cast(_FieldWriter, self.fieldwriter).files):
            with suppress(Exception):  # Whoosh has no other for a file that is closed already
                part.close()
        self._cleanup_on_error()  # type: ignore[no-untyped-call]
        commits.clean(self._folder, commits.newest(self._folder, self.schema))

    def add(
        self, terms: Mapping[str, Mapping[str, int]], columns: Mapping[str, bytes], record: bytes
    ) -> None:
        """Add a document: by field its terms with their frequencies, its columns and its stored record."""
        number = self.docnum
        document = self.perdocwriter
        document.start_doc(number)
        document.add_field("record", self.schema["record"], record, 0)
        for name, value in columns.items():
            document.add_column_value(name, self.schema[name].column_type, value)
        document.finish_doc()
        for field, found in terms.items():
            if found:
                self.postings[field].add(number, found)
        self._record_bytes += len(record)
        self._added = self.has_changes = True
        self.docnum += 1

    def pause(self) -> None:
        """Write a segment if so much was gathered that memory wants it."""
        gathered = sum(field.size() for field in self.postings.values())
        if gathered < self._most_bytes and self._record_bytes < _MOST_RECORDS:
            return
        self._finished.append(self._finalize_segment())  # type: ignore[no-untyped-call]
        self.docnum, self._added = 0, False
        self.newsegment = self.codec.new_segment(self.storage, self.indexname)
        self.perdocwriter = self.codec.per_document_writer(self.storage, self.newsegment)
        self.fieldwriter = self.codec.field_writer(self.storage, self.newsegment)
        self._begin()

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        """Mark a document of an earlier commit as gone."""
        self.has_changes = True
        super().delete_document(docnum, delete)  # type: ignore[no-untyped-call]

    def absorb(self, segments: Sequence[W3Segment]) -> None:
        """Take the documents of earlier segments over, without those that were deleted."""
        self.has_changes |= bool(segments)
        for segment in segments:
            reader = SegmentReader(self.storage, self.schema, segment)
            try:
                self._take_over(reader)
            finally:
                reader.close()
            self.segments.remove(segment)
            self.pause()

    def _take_over(self, reader: SegmentReader) -> None:
        first, kept = self.docnum, self._take_documents(reader)
        self._added |= bool(kept)
        numbers = np.full(reader.doc_count_all(), -1, np.int64)
        numbers[kept] = np.arange(first, first + len(kept))
        for field, terms in _decoded_fields(reader):
            self.postings[field].add_decoded(terms, numbers)

    def _take_documents(self, reader: SegmentReader) -> list[int]:
        """Copy the columns and records of live documents; returns their numbers of before."""
        columns = {
            name: reader.column_reader(name, translate=False)
            for name, field in self.schema.items()
            if field.column_type
        }
        kept = []
        for number, stored in reader.iter_docs():
            self.add({}, {name: column[number] for name, column in columns.items()}, stored["record"])
            kept.append(number)
        return kept

    def finish(self) -> None:
        """Make everything visible at once. Segments are left as they are: `absorb` is for quiet moments."""
        self.segments = [one for one in self.segments if one.deleted_count() < one.doc_count_all()]
        self.segments += self._finished
        self.commit(merge=False)  # type: ignore[no-untyped-call]

    def _commit_toc(self, segments: Sequence[W3Segment]) -> None:
        written = commits.write(self._folder, self.generation, segments, self.schema)
        commits.clean(self._folder, (self._before, written))

    def _flush_segment(self) -> None:
        self.perdocwriter.close()
        self.fieldwriter.close()


def worth_merging(segments: Iterable[W3Segment]) -> list[W3Segment]:
    """The segments to be made one: those of about the same size when they are many, and those with
    more deleted documents than live ones.

    So a document is copied once for each fourfold of the index (log-structured merging: O'Neil et
    al. 1996).
    """
    hollow: list[W3Segment] = []
    alike: defaultdict[int, list[W3Segment]] = defaultdict(list)
    for segment in segments:
        live = segment.doc_count_all() - segment.deleted_count()
        if segment.deleted_count() > max(live, _SMALL):
            hollow.append(segment)
        elif live < _FULL:
            alike[max(live, _SMALL).bit_length() // 2].append(segment)
    return [*hollow, *(one for group in alike.values() if len(group) >= _MANY for one in group)]


def decoded(matcher: Any) -> Iterator[Decoded]:
    """The postings of a term, block by block: the steps from document to document, and their
    frequencies (one number stands for a block where all are equal, None where all are 1).

    A hundred times faster than one by one, and Whoosh has no public way to it.
    """
    matcher = getattr(matcher, "child", matcher)
    while matcher.is_active():
        matcher._read_data()
        steps, times, _ = matcher._data
        yield steps, times
        matcher._next_block()


def document_counts(reader: IndexReader, field: str, prefix: bytes) -> Iterator[tuple[bytes, int]]:
    """The terms of a field that begin so, in order, and how many documents of a segment hold each.

    Read in one go where they stand: looking each term up takes twenty times as long.
    """
    terms = cast(Any, reader)._terms
    if field not in terms.indexed_field_names():
        return
    beginning = terms._keycoder(field, prefix)
    for key, about in terms._tindex.items_from(beginning):
        if not key.startswith(beginning):
            return
        yield key[_FIELD.size :], _TERM_COUNT.unpack_from(about)[0]


def _decoded_fields(reader: SegmentReader) -> Iterator[tuple[str, Iterator[tuple[str, Iterator[Decoded]]]]]:
    """The terms of a segment by field, each with its blocks of postings."""
    terms = cast(Any, reader)._terms
    for field in terms.indexed_field_names():
        form = reader.schema[field].format
        yield (
            field,
            (
                (term.decode(), decoded(_PLAIN_CODEC.postings_reader(terms._postfile, info, form)))
                for (name, term), info in terms.items_from(field, b"")
                if name == field
            ),
        )


class _Base:
    """What Whoosh's writer asks of an index."""

    indexname = commits.NAME

    def __init__(self, folder: Path, commit: Commit, schema: Schema) -> None:
        self.storage = FileStorage(str(folder))
        # A writer marks documents as deleted in the segments themselves; those of a reader stay.
        self._toc = TOC(schema, deepcopy(list(commit.segments)), commit.generation)

    def _read_toc(self) -> TOC:
        return self._toc


class _Postings:
    """The postings of one field: numbers of terms, documents and frequencies, in order of arrival."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._terms, self._documents, self._times = (array("I") for _ in range(3))

    def size(self) -> int:
        """About how many bytes these take while they are written."""
        return _POSTING_BYTES * len(self._terms) + _TERM_BYTES * len(self._numbers)

    def add(self, document: int, terms: Mapping[str, int]) -> None:
        """Add the terms of a document, whose number is higher than those before it."""
        self._terms.extend(map(self._numbers.__getitem__, terms))
        self._times.extend(terms.values())
        self._documents.extend(array("I", (document,)) * len(terms))

    def add_decoded(
        self, terms: Iterable[tuple[str, Iterable[Decoded]]], numbers: npt.NDArray[np.int64]
    ) -> None:
        """Add the postings of another segment, whose documents have these numbers here, or -1."""
        owners, documents, times = (array("I") for _ in range(3))
        for term, blocks in terms:
            number = self._numbers[term]
            for steps, found in blocks:
                owners.extend(array("I", (number,)) * len(steps))
                documents.extend(accumulate(steps))
                all_times = found if isinstance(found, tuple) else (cast(float, found or 1),) * len(steps)
                times.extend(map(int, all_times))
        renumbered = numbers[np.frombuffer(documents, np.uint32)] if documents else numbers[:0]
        kept = np.flatnonzero(renumbered >= 0)
        self._documents.frombytes(renumbered[kept].astype(np.uint32).tobytes())
        for mine, theirs in ((self._terms, owners), (self._times, times)):
            mine.frombytes(np.frombuffer(theirs, np.uint32)[kept].tobytes() if theirs else b"")

    def in_order(self) -> Iterator[tuple[list[bytes], Integers, Integers, Integers]]:
        """The terms that have postings, in order, some at a time: their names, how many postings each has,
        and the documents and frequencies of all these; within a term documents rise."""
        names = sorted(self._numbers)  # code points sort as their UTF-8 does
        places = np.empty(len(names), np.uint32)
        places[[self._numbers[name] for name in names]] = np.arange(len(names), dtype=np.uint32)
        places = places[np.frombuffer(self._terms, np.uint32)] if self._terms else places[:0]
        order = np.argsort(places, kind="stable")
        counts = np.bincount(places, minlength=len(names))
        documents = np.frombuffer(self._documents, np.uint32)[order] if len(order) else places
        times = np.frombuffer(self._times, np.uint32)[order] if len(order) else places
        del places, order
        held = np.flatnonzero(counts)  # what only deleted documents had is there without any
        counts = counts[held]
        ends = np.cumsum(counts)
        at = first = 0
        while at < len(held):
            last = max(at + 1, int(np.searchsorted(ends, first + _AT_ONCE, side="right")))
            end = int(ends[last - 1])
            few = [names[place].encode() for place in held[at:last].tolist()]
            yield few, counts[at:last], documents[first:end], times[first:end]
            at, first = last, end


# Postings that are plain Python objects at a time.
_AT_ONCE = 100_000


class _BulkCodec(W3Codec):
    """Whoosh's own format, which `_FieldWriter` writes."""

    def __init__(self) -> None:
        super().__init__(blocklimit=_BLOCK, compression=0)  # type: ignore[no-untyped-call]

    def field_writer(self, storage: Any, segment: W3Segment) -> _FieldWriter:
        return _FieldWriter(self, storage, segment)

    def new_segment(self, storage: Any, indexname: str) -> W3Segment:
        # The codec of a segment is pickled with it: Whoosh's, so that no class of ours is looked for.
        return W3Segment(_PLAIN_CODEC, indexname)


class _FieldWriter(W3FieldWriter):
    """Writes the terms file and the postings file of a segment when it is closed."""

    def __init__(self, codec: W3Codec, storage: Any, segment: W3Segment) -> None:
        self.postings: defaultdict[str, _Postings] = defaultdict(_Postings)
        self._terms_file = segment.create_file(storage, W3Codec.TERMS_EXT)
        self._postings_file = segment.create_file(storage, W3Codec.POSTS_EXT)
        self.files = (self._terms_file, self._postings_file)
        self.is_closed = False

    def close(self) -> None:
        terms = _TermsFile(self._terms_file)
        terms.extras["fieldmap"] = {name: number for number, name in enumerate(sorted(self.postings))}
        try:
            for number, name in enumerate(sorted(self.postings)):
                terms.add_all(self._entries(_FIELD.pack(number), self.postings.pop(name)))
        finally:
            terms.close()  # type: ignore[no-untyped-call]
            self._postings_file.close()
            self.is_closed = True

    def _entries(self, field: bytes, postings: _Postings) -> Iterator[tuple[list[bytes], bytes]]:
        """Write the postings of a field; terms' keys, some at a time, and what is to be known of each."""
        for names, counts, documents, times in postings.in_order():
            begins = np.cumsum(counts) - counts
            written = _written(counts, documents, times)
            lengths = np.fromiter(map(len, written), np.int64, len(written))
            infos = np.zeros(len(names), _TERM_INFO)
            infos["weight"] = np.add.reduceat(times, begins)
            infos["documents"] = counts
            infos["most"] = np.maximum.reduceat(times, begins)
            infos["first"], infos["last"] = documents[begins], documents[begins + counts - 1]
            infos["offset"] = self._postings_file.tell() + np.cumsum(lengths) - lengths
            infos["length"] = lengths
            self._postings_file.write(b"".join(written))
            yield [field + name for name in names], infos.tobytes()


def _written(counts: Integers, documents: Integers, times: Integers) -> list[bytes]:
    """The postings of terms that have so many each, as W3PostingsWriter writes them."""
    blocks = -(-counts // _BLOCK)
    ends = np.cumsum(blocks)
    within = np.arange(ends[-1]) - np.repeat(ends - blocks, blocks)
    begins = np.repeat(np.cumsum(counts) - counts, blocks) + _BLOCK * within
    is_last = within == np.repeat(blocks, blocks) - 1
    most, least = np.maximum.reduceat(times, begins), np.minimum.reduceat(times, begins)
    steps = np.diff(documents, prepend=documents[:1])
    steps[begins] = documents[begins]
    all_steps, all_times = steps.tolist(), times.astype(np.float64).tolist()
    lasts = documents[np.append(begins[1:], len(documents)) - 1]
    found = []
    for begin, end, last, low, high, is_end in zip(
        begins.tolist(),
        [*begins[1:].tolist(), len(documents)],
        lasts.tolist(),
        least.tolist(),
        most.tolist(),
        is_last.tolist(),
        strict=True,
    ):
        if end - begin == 1:
            found.append(_block_of_one(last, high))
        else:
            weights = tuple(all_times[begin:end]) if low < high else None if high == 1 else float(high)
            found.append(_block(tuple(all_steps[begin:end]), weights, last, high, is_end))
    return [WHOOSH3_HEADER_MAGIC + b"".join(found[begin:end]) for begin, end in pairwise([0, *ends.tolist()])]


def _block(steps: tuple[int, ...], weights: object, last: int, most: int, is_end: bool) -> bytes:
    """A block of postings: the steps from document to document to the last, and their weights."""
    about = dumps((len(steps), last, float(most), 0, 0, 0), 2)
    data = dumps((steps, weights, None), 2)
    length = len(about) + len(data)
    return _BLOCK_LENGTH.pack(-length if is_end else length) + about + data


@lru_cache(maxsize=50_000)
def _block_of_one(document: int, times: int) -> bytes:
    """The same of a single posting. Most terms have only one, and a document has many of these."""
    return _block((document,), None if times == 1 else float(times), document, times, is_end=True)


class _TermsFile(OrderedHashWriter):
    """Whoosh's table of terms, with a quick hash and in large writes."""

    def __init__(self, file: StructFile) -> None:
        HashWriter.__init__(self, file, hashtype=_CRC32)
        self.index = GrowableArray("H")
        self._hashes, self._positions = array("I"), array("q")

    def add_all(self, entries: Iterable[tuple[list[bytes], bytes]]) -> None:
        """Add keys that rise, some at a time, with their values, which are all of one length."""
        for keys, values in entries:
            width = len(values) // len(keys)
            lengths = np.fromiter(map(len, keys), np.int64, len(keys))
            ends = self.dbfile.tell() + np.cumsum(_ENTRY_LENGTHS.size + lengths + width)
            heads = {length: _ENTRY_LENGTHS.pack(length, width) for length in np.unique(lengths).tolist()}
            self._hashes.extend(map(crc32, keys))
            self._positions.extend((ends - lengths - width - _ENTRY_LENGTHS.size).tolist())
            self.dbfile.write(
                b"".join(
                    part
                    for number, key in enumerate(keys)
                    for part in (heads[len(key)], key, values[number * width : (number + 1) * width])
                )
            )

    def _write_hashes(self) -> None:
        hashes = np.frombuffer(self._hashes, np.uint32) if self._hashes else np.empty(0, np.uint32)
        positions = np.frombuffer(self._positions, np.int64) if self._positions else np.empty(0, np.int64)
        order = np.argsort(hashes & 255, kind="stable")
        bounds = [0, *np.cumsum(np.bincount(hashes & 255, minlength=256)).tolist()]
        for begin, end in pairwise(bounds):
            if begin == end:
                self.directory.append((self.dbfile.tell(), 0))
                continue
            chosen = order[begin:end]
            table = np.zeros(2 * len(chosen), _SLOT)
            slots = _slots((hashes[chosen] >> 8).tolist(), len(table))
            table["hash"][slots] = hashes[chosen]
            table["position"][slots] = positions[chosen]
            self.directory.append((self.dbfile.tell(), len(table)))
            self.dbfile.write(table.tobytes())

    def _write_extras(self) -> None:
        last = self._positions[-1] if self._positions else 0
        code = "H" if last < 2**16 else "i" if last < 2**31 else "q"
        self.index.array = array(code, self._positions)
        super()._write_extras()  # type: ignore[no-untyped-call]


def _slots(hashes: Iterable[int], size: int) -> list[int]:
    """The slot of each hash in a table: its own, or the next that is free."""
    taken: set[int] = set()
    slots = []
    for hash in hashes:
        slot = hash % size
        while slot in taken:
            slot = (slot + 1) % size
        taken.add(slot)
        slots.append(slot)
    return slots
