"""Which passages say the same in nearly the same words: copies, edited copies, versions.

A passage is boiled down to a sketch of 80 bytes by MinHash (Broder 1997) over its shingles of two
words, which are the pairs it is indexed by anyway. Of each minimum one byte is kept (b-bit minwise
hashing: Li & König 2010), so the share of equal bytes tells how much two texts have in common:

    equal = J + (1 − J) / 256        J: common shingles / all shingles (Jaccard)

Two passages are copies when at least `COPY` of their shingles are common. Only those are compared
that share a band of four bytes (locality-sensitive hashing: Indyk & Motwani 1998), which finds 85 of
100 pairs at the threshold and 99 at two thirds. Copies of copies are copies: a group is what hangs
together. It depends on nothing but the texts, so it is the same whatever the order of indexing was.

Below `SHORT` words a change of one is a change of what is said; such texts must be equal word by word.
Below `LEAST` they say nothing that could be repeated: «Вежливость» in ten lists is ten items. A text in
Traditional characters is no copy of the same in Simplified ones, as readers want the one or the other.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kb.models import TermKind
from kb.ranking import IndexedText

Sketches = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]

SKETCH_LENGTH = 80
# Other passages of a corpus share less than a tenth of their shingles, those with the same stock
# phrases a third, and an edited copy most.
COPY = 0.55
SHORT = 12
LEAST = 4
# A link finds a passage again that kept about a quarter of its shingles.
_TRACE_LENGTH = 12
_TRACED = 3
# In a band that thousands share, each sketch is compared with so many next ones: chains do the rest.
_NEIGHBOURS = 8
_SEED = 1
# Odd numbers without a pattern, one for each eight bytes of a sketch; numpy.random takes 14 ms to import.
_FACTORS = np.frombuffer(hashlib.shake_128(b"sketches").digest(SKETCH_LENGTH), np.uint64) | np.uint64(1)
# Sketches that are compared or hashed at a time: ten megabytes.
_AT_ONCE = 1 << 16
# The letters that terms are indexed with. With any other value here, raise `kb.indexing.pipeline.PIPELINE`.
_SHINGLE = TermKind.PAIR.value
_EXACT = frozenset({TermKind.PAIR.value, TermKind.FORM.value, TermKind.WORD.value, TermKind.CHAR.value})


def version() -> int:
    """The version of the sketches: those of different ones cannot be compared."""
    from rensa import RMinHash

    found: int = RMinHash.ALGORITHM_VERSION
    return found


def sketched(text: IndexedText, locale: str) -> IndexedText:
    """The text with its sketch, empty when it says too little. `locale` is the passage's.

    A short text keeps a MinHash only in the bytes of its trace; the others are a digest of its words.
    """
    if text.length < LEAST:
        return text
    shingles = [term for term in text.terms if term[0] == _SHINGLE]
    # Before each shingle, so that nothing is common to the two scripts.
    script = locale if locale == "zh-Hant" else ""
    sketch = _minhash([script + term for term in shingles] if script else shingles)
    if text.length < SHORT:
        # How often it has each pair and form tells a short text but for its signs.
        words = sorted(f"{term} {times}" for term, times in text.terms.items() if term[0] in _EXACT)
        digest = hashlib.shake_128("\n".join([script, *words]).encode()).digest(SKETCH_LENGTH)
        sketch = sketch[:_TRACE_LENGTH] + digest[_TRACE_LENGTH:]
    return replace(text, sketch=sketch)


def _minhash(shingles: Sequence[str]) -> bytes:
    # Imported here: searching needs no new sketches.
    from rensa import RMinHash

    minhash = RMinHash(num_perm=SKETCH_LENGTH, seed=_SEED)
    minhash.update(shingles)
    return struct.pack(f"<{SKETCH_LENGTH}I", *minhash.digest())[::4]


# --- Groups --------------------------------------------------------------------------------------


def groups(sketches: Sketches) -> Numbers:
    """For each sketch, a row of bytes, the number of the first that it is a copy of: itself if none.

    Rows of zeros are empty sketches and no copies. It takes time in proportion to the rows, and about
    forty bytes of memory for each: the sketches may lie in a file that is mapped, and are never copied.
    """
    rows, kinds, distinct = _distinct(sketches)
    labels = _labels(sketches, distinct)[kinds]
    # Until here groups are named by a sketch; now by their first passage.
    firsts = np.full(len(distinct), len(sketches), np.int32)
    np.minimum.at(firsts, labels, rows)
    found = np.arange(len(sketches), dtype=np.int32)
    found[rows] = firsts[labels]
    return found


def _distinct(sketches: Sketches) -> tuple[Numbers, Numbers, Numbers]:
    """The rows that are not empty, which of the different sketches each has, and a row of each of
    these, in an order that only they decide."""
    hashes = _hashes(sketches)
    rows = np.flatnonzero(hashes).astype(np.int32)  # an empty one has none
    hashes = hashes[rows]
    order = np.argsort(hashes).astype(np.int32)
    hashes = hashes[order]
    begins = np.diff(hashes, prepend=~hashes[:1]) != 0
    kinds = np.empty(len(order), np.int32)
    kinds[order] = np.cumsum(begins, dtype=np.int32) - 1
    return rows, kinds, rows[order[begins]]


def _hashes(sketches: Sketches) -> npt.NDArray[np.uint64]:
    hashes = np.empty(len(sketches), np.uint64)
    for at in range(0, len(sketches), _AT_ONCE):
        hashes[at : at + _AT_ONCE] = sketches[at : at + _AT_ONCE].view(np.uint64) @ _FACTORS
    return hashes


def _labels(sketches: Sketches, distinct: Numbers) -> Numbers:
    """For each of the rows, which have different sketches, the place of the first it hangs together with."""
    labels = np.arange(len(distinct), dtype=np.int32)
    for column in sketches.view(np.uint32).T:
        for pairs in _sharing_a_band(column[distinct]):
            rows = distinct[pairs]
            _join(labels, pairs[_alike(sketches[rows[:, 0]], sketches[rows[:, 1]])])
    while not np.array_equal(labels, further := labels[labels]):  # 2 → 1 → 0 becomes 2 → 0
        labels = further
    return labels


def _sharing_a_band(band: npt.NDArray[np.uint32]) -> Iterator[Numbers]:
    """Pairs of places that have the same value, as rows of two, some at a time."""
    order = _repeated(band)
    order = order[np.argsort(band[order], kind="stable")]
    keys = band[order]
    for distance in range(1, _NEIGHBOURS + 1):
        places = np.flatnonzero(keys[distance:] == keys[:-distance])
        for at in range(0, len(places), _AT_ONCE):
            some = places[at : at + _AT_ONCE]
            yield np.column_stack((order[some], order[some + distance]))


def _repeated(band: npt.NDArray[np.uint32]) -> Numbers:
    """Where a value stands that stands elsewhere, too, and perhaps a few others: most stand alone, and
    sorting values without their places is fast."""
    ordered = np.sort(band)
    shared = np.zeros(1 << 20, np.bool_)
    shared[ordered[1:][ordered[1:] == ordered[:-1]] % len(shared)] = True
    return np.flatnonzero(shared[band % len(shared)]).astype(np.int32)


def _alike(left: Sketches, right: Sketches) -> npt.NDArray[np.bool_]:
    """Which rows are those of copies."""
    equal = (left == right).mean(axis=1)
    copies: npt.NDArray[np.bool_] = (equal - 1 / 256) / (1 - 1 / 256) >= COPY
    return copies


def _join(labels: Numbers, pairs: Numbers) -> None:
    """Let the labels of each pair lead to the same end, the least of theirs."""
    ends = _ends(labels, pairs)
    while len(ends := ends[ends[:, 0] != ends[:, 1]]):
        np.minimum.at(labels, ends.max(axis=1), ends.min(axis=1))
        ends = _ends(labels, ends)


def _ends(labels: Numbers, places: Numbers) -> Numbers:
    """Where labels lead to, place by place; on the way, each that is asked for is shortened by half."""
    while True:
        above = labels[places]
        further = labels[above]
        if np.array_equal(above, further):
            return above
        labels[places] = further


# --- Traces --------------------------------------------------------------------------------------


def trace(sketch: bytes) -> str:
    """What a link carries to find a passage again that was edited: 16 characters, none without words."""
    return urlsafe_b64encode(sketch[:_TRACE_LENGTH]).decode()


def nearest(wanted: str, traces: Sequence[str]) -> int | None:
    """Which of the traces is nearest to the one wanted, or None when all are far, or it is none."""
    equal = [_in_common(wanted, one) for one in traces]
    best = max(equal, default=0)
    return equal.index(best) if best >= _TRACED else None


def _in_common(one: str, other: str) -> int:
    return sum(left == right for left, right in zip(_bytes(one), _bytes(other), strict=False))


def _bytes(trace: str) -> bytes:
    """The bytes of a trace; what came with an address may be anything."""
    try:
        return urlsafe_b64decode(trace.encode())
    except (NotBase64, ValueError):
        return b""
