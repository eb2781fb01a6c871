"""How often each caller called, in memory that all processes of the server share."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from limits.storage import Storage

_SLOT = np.dtype([("key", "u8"), ("count", "i8"), ("ends", "f8")])
# A caller has one place in the row that its name leads to; where a row is full, who would be forgotten
# soonest leaves. 100,000 callers a window find room.
_ROWS, _PLACES = 1 << 14, 8
_PATIENCE = 1.0  # seconds; who is gone for longer was killed while counting


class SharedCounts(Storage):
    """Counters with an end, for `limits`; made before the server's processes fork."""

    STORAGE_SCHEME = ["shared"]  # noqa: RUF012 - as in the base class

    def __init__(self, uri: str | None = None, **_: float | str | bool) -> None:
        super().__init__(uri)
        self._slots = np.frombuffer(mmap.mmap(-1, _ROWS * _PLACES * _SLOT.itemsize), _SLOT)
        self._slots = self._slots.reshape(_ROWS, _PLACES)
        self._lock = multiprocessing.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What counting may raise."""
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, for `expiry` seconds from the first time on; returns the count."""
        number = _number(key)
        with self._alone():
            row, place = self._found(number)
            if place is None:
                place = int(row["ends"].argmin())
                row[place] = (number, 0, time.time() + expiry)
            row["count"][place] += amount
            return int(row["count"][place])

    def get(self, key: str) -> int:
        """The count of a caller."""
        row, place = self._found(_number(key))
        return 0 if place is None else int(row["count"][place])

    def get_expiry(self, key: str) -> float:
        """When a caller's counter ends, in seconds since 1970."""
        row, place = self._found(_number(key))
        return time.time() if place is None else float(row["ends"][place])

    def check(self) -> bool:
        """It is always there."""
        return True

    def reset(self) -> int:
        """Forget everybody; returns how many."""
        with self._alone():
            known = int((self._slots["ends"] > time.time()).sum())
            self._slots["ends"] = 0
            return known

    def clear(self, key: str) -> None:
        """Forget a caller."""
        with self._alone():
            row, place = self._found(_number(key))
            if place is not None:
                row["ends"][place] = 0

    def _found(self, number: int) -> tuple[npt.NDArray[np.void], int | None]:
        """The row of a caller, and its place there if it has a counter that has not ended."""
        row = self._slots[number % _ROWS]
        places = np.flatnonzero((row["key"] == number) & (row["ends"] > time.time()))
        return row, int(places[0]) if len(places) else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._lock.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            self._lock.release()


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
