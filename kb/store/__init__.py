"""What people write in the product: reviews of tags, accounts, keys, packs, the search log, which files
they gave to be indexed. Everything else is derived from files and can be rebuilt; this cannot.

SQLAlchemy Core over SQLite by default, PostgreSQL by `KB_DATABASE_URL`. One file for each subject;
`schema.py` has the tables and `migrations/` how they came to be.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from kb.store.accounts import AccountRows, StoredAccount
from kb.store.calls import CallCounter
from kb.store.database import Database
from kb.store.keys import KeyRows, StoredKey
from kb.store.packs import PackRows
from kb.store.reviews import Reviews
from kb.store.searches import SearchLog
from kb.store.sources import Sources

__all__ = [
    "AccountRows",
    "CallCounter",
    "Database",
    "KeyRows",
    "PackRows",
    "Reviews",
    "SearchLog",
    "Sources",
    "Store",
    "StoredAccount",
    "StoredKey",
    "sqlite_url",
]


class Store:
    """The database at `url`, an SQLAlchemy URL, by subject. It is made when it is not there.

    Everything raises `StoreUnavailable` while the database cannot be reached.
    """

    def __init__(self, url: str | URL) -> None:
        self.database = Database(url)
        self.reviews = Reviews(self.database)
        self.accounts = AccountRows(self.database)
        self.packs = PackRows(self.database)
        self.searches = SearchLog(self.database)
        self.keys = KeyRows(self.database)
        self.calls = CallCounter(self.database)
        self.sources = Sources(self.database)

    def close(self) -> None:
        """Give back connections."""
        self.database.close()


def sqlite_url(file: Path) -> URL:
    """The URL of an SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(file.absolute()))
