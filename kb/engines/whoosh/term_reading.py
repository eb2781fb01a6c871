"""The terms of a segment and their postings, read where they stand in its mapped files.

Whoosh reads a table of contents entry by entry, finds a term by a dozen small reads, and reads its
postings through several objects. A search that remembers nothing asks for a hundred terms in four
fields of each segment, most of which hold none. Here all that is sought is looked at in place: a
segment opens in a third of the time, and a term costs a quarter. Nothing is kept of where was read
last, so threads need no lock.

A segment has a file of terms, a hash table on disk (Bernstein's cdb), and a file of postings, blocks
of pickled tuples; `kb.engines.whoosh.term_writing` writes both as Whoosh does.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from pickle import load, loads
from typing import Any, NamedTuple, cast
from zlib import crc32

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3Segment
from whoosh.filedb.filestore import Storage
from whoosh.reading import SegmentReader

from kb.engines.whoosh.commits import Damaged
from kb.engines.whoosh.layout import SCHEMA
from kb.engines.whoosh.mapped_files import MappedFile, mapped_storage

# What a term's key begins with: the number of its field.
FIELD = struct.Struct("!H")
# How long a key and what is known of it are; both follow.
LENGTHS = struct.Struct("!ii")
# A place in a hash table: the key's hash, and where its entry is, 0 for none.
SLOT = np.dtype([("hash", ">u4"), ("position", ">i8")])
# W3TermInfo: flags, weight, documents, lengths, highest weight, first and last document; then where
# the postings are and how many bytes they have.
TERM_INFO = np.dtype(
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
# How many bytes a block of postings has; less than nothing for the last of a term.
BLOCK_LENGTH = struct.Struct("!i")

# Where each of 256 hash tables begins, and how many places it has.
_DIRECTORY = struct.Struct("!" + 256 * "qi")
# How long all is that stands behind the directory: a pickled dictionary, and where each entry begins.
_EXTRAS_LENGTH = struct.Struct("!i")
# The same as `SLOT`, and what is read of `TERM_INFO` (documents, highest weight, first document, offset),
# to unpack one at a time.
_SLOT = struct.Struct("!Iq")
_ABOUT = struct.Struct("!5xI2xfI4xq4x")

Integers = npt.NDArray[np.int32]

_NONE: Integers = np.empty(0, np.int32)


class Block(NamedTuple):
    """Some postings of a term: the steps from document to document, the first of them from nothing, the
    last document, and how often each holds the term."""

    steps: Sequence[int]
    last: int
    times: Sequence[float]


class Terms:
    """The terms of one segment."""

    def __init__(self, entries: MappedFile, postings: MappedFile) -> None:
        self._files = (entries, postings)
        self._entries, self._postings = entries.view, postings.view
        (length,) = _EXTRAS_LENGTH.unpack_from(self._entries, len(self._entries) - _EXTRAS_LENGTH.size)
        end = len(self._entries) - _EXTRAS_LENGTH.size
        extras = loads(self._entries[end - length : end])
        self._fields = {name: FIELD.pack(number) for name, number in extras["fieldmap"].items()}
        self._places = np.dtype(extras["indextype"]).newbyteorder(">")
        self._first_place = end - extras["indexlen"] * self._places.itemsize
        self._count = extras["indexlen"]
        self._tables = _DIRECTORY.unpack_from(self._entries, end - length - _DIRECTORY.size)

    def close(self) -> None:
        """Give the files back."""
        for file in self._files:
            file.close()

    @property
    def fields(self) -> Iterable[str]:
        """The fields that have terms."""
        return self._fields.keys()

    def beginning(self, field: str, prefix: bytes = b"") -> Iterator[tuple[bytes, int]]:
        """The terms of a field that begin so, in order, and how many documents hold each."""
        for term, about in self._from(field, prefix):
            yield term, _ABOUT.unpack_from(self._entries, about)[0]

    def blocks(self, field: str, term: bytes) -> Iterator[Block]:
        """The postings of a term, those of deleted documents too."""
        about = self._about(field, term)
        return iter(()) if about is None else self._blocks(about)

    def all_blocks(self, field: str) -> Iterator[tuple[bytes, Iterator[Block]]]:
        """All terms of a field, each with its postings."""
        for term, about in self._from(field, b""):
            yield term, self._blocks(about)

    def _about(self, field: str, term: bytes) -> int | None:
        """Where that stands what is known of a term, or None."""
        number = self._fields.get(field)
        if number is None:
            return None
        entries, key = self._entries, number + term
        hashed = crc32(key)
        table = 2 * (hashed & 255)
        begin, slots = self._tables[table : table + 2]
        slot = (hashed >> 8) % slots if slots else 0
        for _ in range(slots):
            found, position = _SLOT.unpack_from(entries, begin + slot * _SLOT.size)
            if not position:
                return None
            if found == hashed:
                length, _ = LENGTHS.unpack_from(entries, position)
                at = position + LENGTHS.size
                if length == len(key) and entries[at : at + length] == key:
                    return int(at + length)
            slot = (slot + 1) % slots
        return None

    def _from(self, field: str, prefix: bytes) -> Iterator[tuple[bytes, int]]:
        """The terms of a field that begin so, in order, and where it stands what is known of each."""
        if field not in self._fields:
            return
        beginning = self._fields[field] + prefix
        places = np.frombuffer(self._entries, self._places, self._count, self._first_place)
        first = bisect_left(places, beginning, key=lambda place: self._entry(int(place))[0])
        position, end = (int(places[first]), self._tables[0]) if first < self._count else (0, 0)
        while position < end:
            key, about, position = self._entry(position)
            if not key.startswith(beginning):
                return
            yield key[FIELD.size :], about

    def _entry(self, position: int) -> tuple[bytes, int, int]:
        """A term's key, where it stands what is known of it, and where the next entry begins."""
        key_length, length = LENGTHS.unpack_from(self._entries, position)
        key = position + LENGTHS.size
        about = key + key_length
        return bytes(self._entries[key:about]), about, about + length

    def _blocks(self, about: int) -> Iterator[Block]:
        documents, most, first, at = _ABOUT.unpack_from(self._entries, about)
        if documents == 1:  # as most terms have: nothing more is to be read
            yield Block((first,), first, (most,))
            return
        if self._postings[at : (at := at + len(WHOOSH3_HEADER_MAGIC))] != WHOOSH3_HEADER_MAGIC:
            raise Damaged("postings are not where they should be")
        length = 1
        while length > 0:
            (length,) = BLOCK_LENGTH.unpack_from(self._postings, at)
            block = self._postings[(at := at + BLOCK_LENGTH.size) : (at := at + abs(length))]
            yield _unpickled(block)


class _Codec(W3Codec):
    """Whoosh's own, but for the reader of terms."""

    def terms_reader(self, storage: Storage, segment: W3Segment) -> Terms:
        names = (segment.make_filename(ending) for ending in (self.TERMS_EXT, self.POSTS_EXT))
        entries, postings = (cast(MappedFile, storage.open_file(name)) for name in names)
        return Terms(entries, postings)


_CODEC = _Codec()  # type: ignore[no-untyped-call]


class OpenSegment(NamedTuple):
    """A segment: its id, the number of its first document among those of all segments, its records and
    columns as Whoosh reads them, and its terms."""

    id: str
    first: int
    reader: SegmentReader
    terms: Terms


def open_segments(folder: Path, segments: Iterable[W3Segment]) -> list[OpenSegment]:
    """Some segments of a folder, in order, mapped into memory."""
    storage, first, found = mapped_storage(folder), 0, []
    for segment in segments:
        reader = SegmentReader(storage, SCHEMA, segment, codec=_CODEC)
        found.append(OpenSegment(str(segment.segment_id()), first, reader, cast(Any, reader)._terms))
        first += segment.doc_count_all()
    return found


def _unpickled(block: memoryview) -> Block:
    """A block of postings: two tuples, what is to be known of it and its data."""
    stream = BytesIO(block)
    count, last, *_ = load(stream)
    # Not from the stream, which would be asked for every single number.
    steps, times, _ = loads(block[stream.tell() :])
    if times is None or isinstance(times, float):  # one number where all are equal, none where all are 1
        times = (array("f", [times or 1]) if isinstance(steps, array) else (times or 1,)) * count
    return Block(steps, last, times)


def joined(segments: Iterable[OpenSegment], field: str, term: bytes) -> tuple[Integers, Integers]:
    """The documents of all segments that hold a term, rising, and how often each does."""
    steps, times, before = _Numbers(), _Numbers(), 0
    for segment in segments:
        for block in segment.terms.blocks(field, term):
            steps.add(block.steps, segment.first - before)
            times.add(block.times)
            before = segment.first + block.last
    documents = steps.all()
    return documents.cumsum(out=documents), times.all()


class _Numbers:
    """Numbers of many blocks in one array. A tuple is cheap to add to a list, an array to an array."""

    def __init__(self) -> None:
        self._few: list[float] = []
        self._parts: list[Integers] = []

    def add(self, numbers: Sequence[float], more: int = 0) -> None:
        """Add the numbers of a block, the first of them with so much more."""
        if isinstance(numbers, array):
            self._gather()
            self._parts.append(np.frombuffer(numbers, numbers.typecode).astype(np.int32))
            self._parts[-1][0] += more
        else:
            at = len(self._few)
            self._few += numbers
            self._few[at] += more

    def all(self) -> Integers:
        """All that were added."""
        self._gather()
        return self._parts[0] if len(self._parts) == 1 else np.concatenate([_NONE, *self._parts])

    def _gather(self) -> None:
        if self._few:
            self._parts.append(np.array(self._few, np.int32))
            self._few = []
