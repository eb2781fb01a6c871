"""ZIP archives → the files in them, each read as if it lay in a folder of the archive's name.

Nothing is unpacked to disk, and nothing before its size is known. What cannot be read by its name
is passed over, as in a folder; what looks like an attack is a problem.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from kb.errors import ReadingError
from kb.readers.draft import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

    from kb.readers.beside import Fetch

MAX_MEMBERS = 10_000
MAX_UNPACKED = 200 * 1024 * 1024
"""Bytes that all members that are read may have together when unpacked."""

MAX_RATIO = 200
"""A member that unpacks to more than so many times its size, and to a megabyte, is no document."""

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)
"""What zipfile raises for an archive, or a member of one, that is damaged."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its path there, and how to get its bytes and those of files beside it.

    With a `problem`, it must not be read. `read` raises ReadingError when it cannot be.
    """

    path: PurePosixPath
    read: Callable[[], bytes]
    fetch: Fetch
    problem: Finding | None = None


class Archive:
    """An opened archive; use it as a context manager."""

    def __init__(self, path: Path, largest: int) -> None:
        """`largest` is the size in bytes of the largest member that is read.

        Raises ReadingError when the file is no ZIP archive, or has too many members.
        """
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise ReadingError(
                "broken-file", f"The archive is damaged, or no ZIP archive: {error}."
            ) from error
        self._members = {
            _name(member): member
            for member in self._zip.infolist()
            if member.filename and not member.is_dir()  # zipfile looks at the last letter of a folder
        }
        self._left = MAX_UNPACKED
        self._largest = largest
        if len(self._members) > MAX_MEMBERS:
            self._zip.close()
            message = (
                f"The archive has {len(self._members):,} members; at most {MAX_MEMBERS:,} are read. Split it."
            )
            raise ReadingError("file-too-large", message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def members(self, suffixes: Container[str], archives: Container[str]) -> Iterator[Member]:
        """The files with one of `suffixes`, and `archives` with their problem, by name."""
        for name in sorted(self._members):
            path = PurePosixPath(name)
            suffix = path.suffix.lower()
            if not _is_hidden(path) and (suffix in suffixes or suffix in archives):
                nested = Finding(
                    "nested-archive", "An archive in an archive is not opened: put its files beside it."
                )
                problem = nested if suffix in archives else _problem(self._members[name], path)
                yield Member(path, partial(self._read, name), partial(self._beside, path), problem)

    def _beside(self, path: PurePosixPath, other: str) -> bytes | None:
        """The content of the file called `other` beside a member, None when there is none to read."""
        name = str(path.with_name(other))
        member = self._members.get(name)
        return None if member is None or _problem(member, path) else self._read(name)

    def _read(self, name: str) -> bytes:
        """The content of a member; ReadingError when it, or all together, are too much."""
        member = self._members[name]
        self._left -= member.file_size
        if member.file_size > self._largest or self._left < 0:
            message = (
                f"The file has {member.file_size:,} bytes; at most {self._largest:,} are read of a file, and "
                f"{MAX_UNPACKED:,} of an archive. Split it."
            )
            raise ReadingError("file-too-large", message)
        try:
            return self._zip.read(member)
        except DAMAGED as error:
            raise ReadingError("broken-file", f"This cannot be unpacked: {error}.") from error


def _problem(member: zipfile.ZipInfo, path: PurePosixPath) -> Finding | None:
    """Why a member is not read, if it is not."""
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return Finding("unsafe-path", "The path leads out of the archive; the file was not read.")
    if stat.S_ISLNK(member.external_attr >> 16):
        return Finding("unsafe-path", "This is a symbolic link, which is not followed in an archive.")
    if member.flag_bits & 1:
        return Finding("encrypted-file", "The file is locked with a password.", severity="error")
    if member.file_size > max(1_000_000, MAX_RATIO * member.compress_size):
        sizes = f"from {member.compress_size:,} bytes to {member.file_size:,}"
        message = f"The file would unpack {sizes}: it was not read."
        return Finding("archive-bomb", message, severity="error")
    return None


def _is_hidden(path: PurePosixPath) -> bool:
    """Whether a member is hidden, or was put in by the system it comes from."""
    return path.parts[:1] == ("__MACOSX",) or any(
        part.startswith((".", "~$")) and part != ".." for part in path.parts
    )


def _name(member: zipfile.ZipInfo) -> str:
    r"""The path of a member as it was named: archives made in Windows do not say in which encoding.

    æ¨α «¡á.docx -> жалоба.docx
    """
    name = member.filename.replace("\\", "/")
    if member.flag_bits & 0x800 or name.isascii():
        return name
    try:
        data = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "cp866", "gb18030"):
        try:
            read = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "cp866" or all(
            "а" <= letter <= "ё" for letter in read.lower() if not letter.isascii()
        ):
            return read
    return name
