"""Commits of a Whoosh index: which segments there are, and checksums that tell a damaged file.

A commit is Whoosh's table of contents (TOC), a file that is written beside and renamed in one step.
Behind what Whoosh reads stand the checksums of the segments, and last that of the file itself. The
commit before stays until the next one, so that there is something to go back to.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from whoosh.codec.whoosh3 import W3Segment
from whoosh.fields import Schema
from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.index import TOC

NAME = "MAIN"
# Behind the checksums: their length, the checksum of all before, and what says that they are there.
_TRAILER = struct.Struct("!II8s")
_MARK = b"KBsums01"
_CHUNK = 1 << 20


class Damaged(Exception):
    """A file of the index is not what was written."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The segments of an index at one moment, and the checksum of each one's file by name."""

    generation: int
    segments: tuple[W3Segment, ...] = ()
    sums: Mapping[str, int] = field(default_factory=dict)


def generations(folder: Path) -> list[int]:
    """The numbers of the commits in a folder, newest first."""
    pattern = TOC._pattern(NAME)
    found = (pattern.match(name) for name in os.listdir(folder))  # noqa: PTH208
    return sorted((int(match.group(1)) for match in found if match), reverse=True)


def read(folder: Path, generation: int, schema: Schema) -> Commit:
    """A commit. Raises `Damaged`, and FileNotFoundError when a newer one has taken its place."""
    path = folder / TOC._filename(NAME, generation)
    data = path.read_bytes()
    if len(data) < _TRAILER.size:
        raise Damaged(f"{path.name} is too short")
    length, checksum, mark = _TRAILER.unpack(data[-_TRAILER.size :])
    content = data[: -_TRAILER.size]
    if mark != _MARK or crc32(content) != checksum:
        raise Damaged(f"{path.name} has a wrong checksum")
    sums = json.loads(content[len(content) - length :])
    # The schema is given, not unpickled: a renamed class must not orphan an index.
    toc = TOC.read(FileStorage(str(folder)), NAME, generation, schema)
    return Commit(generation, tuple(toc.segments), sums)


def write(folder: Path, generation: int, segments: Sequence[W3Segment], schema: Schema) -> Commit:
    """Make segments the newest commit, in one step."""
    known = next((commit.sums for commit in newest(folder, schema)), {})
    names = [segment.make_filename(segment.COMPOUND_EXT) for segment in segments]
    sums = {name: known[name] if name in known else checksum_of(folder / name) for name in names}
    listed = json.dumps(sums).encode()
    content = _toc(generation, segments, schema) + listed
    beside = folder / f"{TOC._filename(NAME, generation)}.new"
    with beside.open("wb") as file:
        file.write(content + _TRAILER.pack(len(listed), crc32(content), _MARK))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / TOC._filename(NAME, generation))
    return Commit(generation, tuple(segments), sums)


def newest(folder: Path, schema: Schema) -> list[Commit]:
    """The commits that can be read, newest first."""
    found = []
    for generation in generations(folder):
        with suppress(Damaged, OSError):
            found.append(read(folder, generation, schema))
    return found


def verify(folder: Path, commit: Commit) -> None:
    """Read every segment of a commit; raises `Damaged` that names a file that is not as written."""
    for name, checksum in commit.sums.items():
        try:
            found = checksum_of(folder / name)
        except OSError as error:
            raise Damaged(f"{name} cannot be read: {error.strerror}") from error
        if found != checksum:
            raise Damaged(f"{name} has a wrong checksum")


def clean(folder: Path, keep: Iterable[Commit]) -> None:
    """Remove what belongs to other commits or to none; who has a file open keeps reading it."""
    kept = list(keep)
    tocs = {TOC._filename(NAME, commit.generation) for commit in kept}
    segments = {segment.segment_id() for commit in kept for segment in commit.segments}
    for name in os.listdir(folder):  # noqa: PTH208
        segment = TOC._segment_pattern(NAME).match(name)
        is_toc = name.startswith(f"_{NAME}_") and name not in tocs
        if is_toc or (segment and segment.group(1) not in segments):
            with suppress(OSError):
                (folder / name).unlink()


def checksum_of(path: Path) -> int:
    """The CRC-32 of a file."""
    checksum = 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            checksum = crc32(data, checksum)
    return checksum


def _toc(generation: int, segments: Sequence[W3Segment], schema: Schema) -> bytes:
    """The file as Whoosh writes it."""
    storage = RamStorage()
    TOC(schema, list(segments), generation).write(storage, NAME)
    content: bytes = storage.files[TOC._filename(NAME, generation)]
    return content
