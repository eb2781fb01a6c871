"""Calls of the API are counted in the store, which all processes of a node share, and all nodes over one
database."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from limits.storage import Storage

from kb.errors import StoreUnavailable
from kb.knowledge_base import KnowledgeBase

_SCHEME = "servicebook"
_logger = logging.getLogger(__name__)


def storage(book: KnowledgeBase) -> tuple[str, dict[str, Any]]:
    """The URI and the options that Flask-Limiter opens the storage by."""
    return f"{_SCHEME}://", {"book": book}


class StoredCalls(Storage):
    """Counts in the store. While that cannot be reached nobody is counted, and nobody refused."""

    STORAGE_SCHEME = [_SCHEME]  # noqa: RUF012 - what `limits` calls it

    def __init__(self, uri: str, wrap_exceptions: bool = False, *, book: KnowledgeBase) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._book = book

    @property
    def base_exceptions(self) -> type[Exception]:
        return StoreUnavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        try:
            return self._book.store.calls.count(key, timedelta(seconds=expiry), datetime.now(UTC), amount)
        except StoreUnavailable as error:
            _logger.warning("A call of the API was not counted: %s", error)
            return 0

    def get(self, key: str) -> int:
        return self._book.store.calls.counted(key, datetime.now(UTC))[0]

    def get_expiry(self, key: str) -> float:
        return self._book.store.calls.counted(key, datetime.now(UTC))[1].timestamp()

    def check(self) -> bool:
        try:
            self._book.store.database.check()
        except StoreUnavailable:
            return False
        return True

    def reset(self) -> int:
        return self._book.store.calls.forget()

    def clear(self, key: str) -> None:
        self._book.store.calls.forget(key)
