"""Files that open in no time: Whoosh's segments mapped into memory, and read where they are looked at;
and large arrays in files of their own.

Whoosh maps its files too but copies each in full to give it a position to read at. Here only the
position is kept, so opening an index costs the same whatever its size.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from io import RawIOBase
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import BufferFile, StructFile

# Bytes from which an array lies in a file.
_LARGE = 32_000_000


def mapped_storage(folder: Path) -> FileStorage:
    """Whoosh's storage for the files of a folder, which opens them by mapping them."""
    return _MappedStorage(str(folder))  # type: ignore[no-untyped-call]


def passing_array(shape: tuple[int, ...], form: npt.DTypeLike, folder: Path) -> npt.NDArray[Any]:
    """An array to be filled; a large one lies in a file without a name in the folder, where there is room,
    so that the system can take its memory back."""
    size = prod(shape) * np.dtype(form).itemsize
    if size > _LARGE:
        with suppress(OSError, AttributeError), TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)  # on a full disk, writing a mapped file is deadly
            return np.memmap(file, form, "r+", shape=shape)
    return np.empty(shape, form)


class _MappedStorage(FileStorage):
    def open_file(self, name: str, **options: Any) -> StructFile:
        path = Path(self.folder, name)
        if not path.stat().st_size:  # what is empty cannot be mapped
            return StructFile(path.open("rb"), name, **options)
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return MappedFile(memoryview(mapped), name, **options)


class MappedFile(BufferFile):
    """A file, or the part of one, in memory that was mapped; all of it is in `view`."""

    def __init__(self, view: memoryview, name: str | None = None, onclose: Any = None) -> None:
        # Not BufferFile's own, which copies the view.
        self._buf = self.view = view
        self._name = name
        self.file = cast(BinaryIO, _Cursor(view))
        self.onclose = onclose
        self.is_real = False
        self.is_closed = False

    def subset(self, position: int, length: int, name: str | None = None) -> BufferFile:
        """A part of this file as a file."""
        return MappedFile(self.view[position : position + length], name or self._name)


class _Cursor(RawIOBase):
    """A position in a view, as a file that is read."""

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self._view = view
        self._at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, by default all that are left."""
        end = len(self._view) if size is None or size < 0 else self._at + size
        found = self._view[self._at : end].tobytes()
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to an offset from the beginning, from here or from the end."""
        self._at = (0, self._at, len(self._view))[whence] + offset
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at
