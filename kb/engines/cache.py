"""What engines remember between searches, within a limit that the settings give."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import numpy.typing as npt

from kb.engines import Remembered

_Value = TypeVar("_Value")

# What an entry takes beside its arrays, in bytes: a key with a term, tuples, a place in the dictionary.
_ENTRY_SIZE = 500
_ARRAY_SIZE = 160


class BoundedCache:
    """Values with a limit in bytes; what was used least recently leaves first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._hits = self._misses = 0
        self._entries: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, key: tuple[object, ...], make: Callable[[], _Value], size: Callable[[_Value], int]
    ) -> _Value:
        """What is remembered under `key`; when nothing is, what `make` gives, of `size` bytes."""
        with self._lock:
            if (found := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                self._hits += 1
                remembered: _Value = found[0]
                return remembered
            self._misses += 1
        value = make()
        self._remember(key, value, size(value) + _ENTRY_SIZE)
        return value

    def peek(self, key: tuple[object, ...]) -> Any:
        """What is remembered under `key`, or None."""
        with self._lock:
            if (found := self._entries.get(key)) is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    @property
    def state(self) -> Remembered:
        """How much is remembered, and how well that serves."""
        return Remembered(self.used, self.limit, self._hits, self._misses)

    def _remember(self, key: tuple[object, ...], value: object, size: int) -> None:
        with self._lock:
            if key in self._entries or size > self.limit:
                return
            self._entries[key] = (value, size)
            self.used += size
            while self.used > self.limit:
                _, (_, freed) = self._entries.popitem(last=False)
                self.used -= freed

    def forget(self, owners: Callable[[object], bool]) -> None:
        """Forget everything whose key begins with an owner that `owners` says yes to."""
        with self._lock:
            for key in [key for key in self._entries if owners(key[0])]:
                self.used -= self._entries.pop(key)[1]


def array_bytes(*arrays: npt.NDArray[Any]) -> int:
    """How much memory arrays take, with what Python and the allocator add."""
    return sum(array.nbytes + _ARRAY_SIZE for array in arrays)
