"""The terms of a segment and their postings: gathered, sorted and written in bulk.

Whoosh makes a Python tuple of each posting, sorts them through files and takes them one by one: six
times the cost of analysing the text. Here a posting is twelve bytes in arrays, which numpy sorts
once, and terms are written many at a time. The files are Whoosh's own: any Whoosh reads them;
`kb.engines.whoosh.term_reading` says how they are laid out.
"""

from __future__ import annotations

from array import array
from binascii import crc32
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, count, pairwise
from pickle import dumps
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3Segment
from whoosh.filedb.filetables import HashWriter, OrderedHashWriter
from whoosh.filedb.structfile import StructFile
from whoosh.util.numlists import GrowableArray

from kb.engines.whoosh.term_reading import BLOCK_LENGTH, FIELD, LENGTHS, SLOT, TERM_INFO, Block

# What a posting and a distinct term take while they are written, in bytes.
_POSTING_BYTES, _TERM_BYTES = 40, 220
# A block of postings: as many are decoded in one go, without compression several times faster.
_BLOCK = 4096
# Numbers from which an array is smaller than a tuple, and faster to read.
_MANY = 32
# Postings that are plain Python objects at a time.
_AT_ONCE = 100_000
_CRC32 = 1  # among Whoosh's hash functions

_PLAIN_CODEC = W3Codec(blocklimit=_BLOCK, compression=0)

Integers = npt.NDArray[np.integer]


class Postings:
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

    def take_over(
        self, terms: Iterable[tuple[bytes, Iterable[Block]]], numbers: npt.NDArray[np.int64]
    ) -> None:
        """Add the postings of another segment, whose documents have these numbers here, or -1."""
        owners, documents, times = (array("I") for _ in range(3))
        for term, blocks in terms:
            number = self._numbers[term.decode()]
            for block in blocks:
                owners.extend(array("I", (number,)) * len(block.steps))
                documents.extend(accumulate(block.steps))
                times.extend(map(int, block.times))
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


class BulkCodec(W3Codec):
    """Whoosh's own format, written by `FieldWriter`."""

    def __init__(self) -> None:
        super().__init__(blocklimit=_BLOCK, compression=0)  # type: ignore[no-untyped-call]

    def field_writer(self, storage: Any, segment: W3Segment) -> FieldWriter:
        return FieldWriter(self, storage, segment)

    def new_segment(self, storage: Any, indexname: str) -> W3Segment:
        # The codec of a segment is pickled with it: Whoosh's, so that no class of ours is looked for.
        return W3Segment(_PLAIN_CODEC, indexname)


class FieldWriter(W3FieldWriter):
    """Writes the terms file and the postings file of a segment when it is closed."""

    def __init__(self, codec: W3Codec, storage: Any, segment: W3Segment) -> None:
        self.postings: defaultdict[str, Postings] = defaultdict(Postings)
        self._terms_file = segment.create_file(storage, W3Codec.TERMS_EXT)
        self._postings_file = segment.create_file(storage, W3Codec.POSTS_EXT)
        self.files = (self._terms_file, self._postings_file)
        self.is_closed = False

    def close(self) -> None:
        terms = _TermsFile(self._terms_file)
        terms.extras["fieldmap"] = {name: number for number, name in enumerate(sorted(self.postings))}
        try:
            for number, name in enumerate(sorted(self.postings)):
                terms.add_all(self._entries(FIELD.pack(number), self.postings.pop(name)))
        finally:
            terms.close()  # type: ignore[no-untyped-call]
            self._postings_file.close()
            self.is_closed = True

    def _entries(self, field: bytes, postings: Postings) -> Iterator[tuple[list[bytes], bytes]]:
        """Write the postings of a field; terms' keys, some at a time, and what is to be known of each."""
        for names, counts, documents, times in postings.in_order():
            begins = np.cumsum(counts) - counts
            written = _written(counts, documents, times)
            lengths = np.fromiter(map(len, written), np.int64, len(written))
            infos = np.zeros(len(names), TERM_INFO)
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
    all_steps, all_times = _Slices(steps), _Slices(times)
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
            weights = all_times.of(begin, end) if low < high else None if high == 1 else float(high)
            found.append(_block(all_steps.of(begin, end), weights, last, high, is_end))
    return [WHOOSH3_HEADER_MAGIC + b"".join(found[begin:end]) for begin, end in pairwise([0, *ends.tolist()])]


class _Slices:
    """Numbers that are pickled some at a time: many as an array of the narrowest type, which is read at
    once; few as a tuple."""

    def __init__(self, numbers: Integers) -> None:
        self._numbers = numbers
        self._listed = numbers.tolist()

    def of(self, begin: int, end: int) -> Sequence[int]:
        """The numbers from one place to another."""
        if end - begin < _MANY:
            return tuple(self._listed[begin:end])
        some = self._numbers[begin:end]
        most = int(some.max())
        code = "B" if most < 1 << 8 else "H" if most < 1 << 16 else "I"
        return array(code, some.astype(code).tobytes())


def _block(steps: Sequence[int], weights: object, last: int, most: int, is_end: bool) -> bytes:
    """A block of postings: the steps from document to document to the last, and their weights."""
    about = dumps((len(steps), last, float(most), 0, 0, 0), 2)
    data = dumps((steps, weights, None), 4 if len(steps) >= _MANY else 2)
    length = len(about) + len(data)
    return BLOCK_LENGTH.pack(-length if is_end else length) + about + data


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
            ends = self.dbfile.tell() + np.cumsum(LENGTHS.size + lengths + width)
            heads = {length: LENGTHS.pack(length, width) for length in np.unique(lengths).tolist()}
            self._hashes.extend(map(crc32, keys))
            self._positions.extend((ends - lengths - width - LENGTHS.size).tolist())
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
            table = np.zeros(2 * len(chosen), SLOT)
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
