"""The rows of API keys. `kb.keys` has the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from kb.models import ApiKey, Scope
from kb.store.accounts import account_of
from kb.store.database import Database
from kb.store.schema import ACCOUNTS, API_KEYS


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key with the digest of its secret."""

    key: ApiKey
    secret_digest: str


class KeyRows:
    """API keys, found by their id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey, secret_digest: str) -> None:
        """Keep a new key."""
        row = {
            "id": key.id,
            "name": key.name,
            "secret_digest": secret_digest,
            "scopes": " ".join(key.scopes),
            "created": key.created,
            "expires": key.expires,
            "account": key.account and key.account.id,
        }
        with self._database.write() as connection:
            connection.execute(insert(API_KEYS).values(row))

    def find(self, id: str) -> StoredKey | None:
        """The key with this id, also one that has expired."""
        with self._database.read() as connection:
            row = connection.execute(_asked().where(API_KEYS.c.id == id)).one_or_none()
        return StoredKey(_key(row), row.secret_digest) if row else None

    def all(self) -> Sequence[ApiKey]:
        """All keys, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(_asked().order_by(API_KEYS.c.created, API_KEYS.c.id))
            return [_key(row) for row in rows]

    def see(self, id: str, at: datetime) -> None:
        """Record that a key is in use."""
        with self._database.write() as connection:
            connection.execute(update(API_KEYS).where(API_KEYS.c.id == id).values(used=at))

    def drop(self, id: str) -> bool:
        """Forget a key; returns whether it was there."""
        with self._database.write() as connection:
            return connection.execute(delete(API_KEYS).where(API_KEYS.c.id == id)).rowcount > 0


def _asked() -> Select[Any]:
    """Keys, each with the account it acts for in columns whose names begin with `account_`."""
    columns = [column.label(f"account_{column.name}") for column in ACCOUNTS.c]
    return select(API_KEYS, *columns).outerjoin(ACCOUNTS)


def _key(row: Any) -> ApiKey:
    scopes = tuple(Scope(name) for name in row.scopes.split())
    account = None if row.account is None else account_of(row, "account_")
    return ApiKey(row.id, row.name, scopes, row.created, row.expires, row.used, account)
