"""A folder where what took long to work out is remembered until what it was made from changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from kb.whole_files import whole_file

Value = TypeVar("Value")


class _Remembered(msgspec.Struct, Generic[Value]):
    """What lies in a file: a value and the key of what it was made from."""

    key: str
    value: Value


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """JSON files in a folder, each with the key of what it was made from; no folder remembers nothing.

    Whatever is wrong with a cache, it is as if it were empty; what cannot be written only costs time.
    """

    folder: Path | None

    def worked_out(self, name: str, key: str, kind: type[Value], make: Callable[[], Value]) -> Value:
        """What was remembered under a name, else what `make` gives, which is asked by one process while
        others wait for it. `kind` is the value's type, of those that msgspec knows."""
        found = self._get(name, key, kind)
        if found is None:
            with self._alone(name):
                found = self._get(name, key, kind)  # another may have been faster
                if found is None:
                    found = make()
                    self._put(name, key, found)
        return found

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep other processes from working the same out, where the folder can be written."""
        from filelock import FileLock  # only what was not remembered needs it

        with ExitStack() as stack:
            if self.folder is not None:
                with suppress(OSError):
                    self.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(FileLock(self.folder / f"{name}.lock"))
            yield

    def _get(self, name: str, key: str, kind: type[Value]) -> Value | None:
        """What was remembered under a name, or None if there is nothing or its key is another."""
        if self.folder is None:
            return None
        try:
            found = msgspec.json.decode(self._place(name).read_bytes(), type=_Remembered[kind])  # type: ignore[valid-type]
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        return found.value if found.key == key else None

    def _put(self, name: str, key: str, value: object) -> None:
        """Remember a value in place of what was there, in one step that readers cannot see half of."""
        if self.folder is None:
            return
        data = msgspec.json.encode(_Remembered(key, value))
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._place(name)) as file:
                file.write(data)

    def _place(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.json"


def key_of(*parts: bytes | str) -> str:
    """A key that changes when any of its parts does."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()
