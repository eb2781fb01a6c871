"""A folder where what took long to work out is remembered until what it was made from changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from kb.whole_files import whole_file

Value = TypeVar("Value")


class _Remembered(msgspec.Struct, Generic[Value]):
    """What lies in a file: a value and the key of what it was made from."""

    key: str
    value: Value


class Wanted(NamedTuple, Generic[Value]):
    """What is to be remembered under a name: the key of what it is made from, and what makes it."""

    name: str
    key: str
    make: Callable[[], Value]


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """JSON files in a folder, each with the key of what it was made from; no folder remembers nothing.

    Whatever is wrong with a cache, it is as if it were empty; what cannot be written only costs time.
    """

    folder: Path | None

    def worked_out(self, name: str, key: str, kind: type[Value], make: Callable[[], Value]) -> Value:
        """What was remembered under a name, else what `make` gives, which is asked by one process while
        others wait for it. `kind` is the value's type, of those that msgspec knows."""
        return self.all_worked_out(kind, [Wanted(name, key, make)])[0]

    def all_worked_out(self, kind: type[Value], wanted: Sequence[Wanted[Value]]) -> list[Value]:
        """The same of several values. Processes that begin at the same time share the work: what another is
        at is left for last."""
        found: dict[int, Value] = {}
        for wait in (False, True):
            for place, one in enumerate(wanted):
                if place not in found and (value := self._worked_out(kind, one, wait)) is not None:
                    found[place] = value
        return [found[place] for place in range(len(wanted))]

    def _worked_out(self, kind: type[Value], wanted: Wanted[Value], wait: bool) -> Value | None:
        """What is or was worked out; None where another process is at it and is not to be waited for."""
        found = self._get(wanted.name, wanted.key, kind)
        if found is None:
            with self._alone(wanted.name, wait) as is_alone:
                found = self._get(wanted.name, wanted.key, kind)  # another may have been faster
                if found is None and is_alone:
                    found = wanted.make()
                    self._put(wanted.name, wanted.key, found)
        return found

    @contextmanager
    def _alone(self, name: str, wait: bool) -> Iterator[bool]:
        """Keep other processes from working the same out, where the folder can be written. Says False when
        another is at it and is not to be waited for."""
        from filelock import FileLock, Timeout  # only what was not remembered needs it

        with ExitStack() as stack:
            is_alone = True
            if self.folder is not None:
                with suppress(OSError):
                    self.folder.mkdir(parents=True, exist_ok=True)
                    lock = FileLock(self.folder / f"{name}.lock", timeout=-1 if wait else 0)
                    try:
                        stack.enter_context(lock)
                    except Timeout:
                        is_alone = False
            yield is_alone

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
