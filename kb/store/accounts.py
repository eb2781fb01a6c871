"""The rows of accounts, their sessions and the attempts to sign in. `kb.accounts` has the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kb.models import Account, Role
from kb.store.database import Database
from kb.store.schema import ACCOUNTS, SESSIONS, SIGN_IN_ATTEMPTS


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with the hash of its password, None where only a provider signs it in."""

    account: Account
    password: str | None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Whose session it is, when it began and when it was last seen."""

    account: Account
    began: datetime
    seen: datetime


class AccountRows:
    """Accounts, found by the key of their name; sessions, found by the digest of their token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        name: str,
        key: str,
        role: Role,
        password: str | None,
        at: datetime,
        issuer: str | None = None,
        subject: str | None = None,
    ) -> bool:
        """Make an account; returns False where the name, or the provider's subject, has one."""
        row = {
            "name": name,
            "key": key,
            "role": role.value,
            "password": password,
            "issuer": issuer,
            "subject": subject,
            "enabled": True,
            "created": at,
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(ACCOUNTS).values(row))
        except IntegrityError:
            return False
        return True

    def find(self, key: str) -> StoredAccount | None:
        """The account of this name."""
        return self._one(ACCOUNTS.c.key == key)

    def find_of_provider(self, issuer: str, subject: str) -> StoredAccount | None:
        """The account that a provider knows by `subject`."""
        return self._one((ACCOUNTS.c.issuer == issuer) & (ACCOUNTS.c.subject == subject))

    def _one(self, condition: Any) -> StoredAccount | None:
        with self._database.read() as connection:
            row = connection.execute(select(ACCOUNTS).where(condition)).one_or_none()
        return StoredAccount(account_of(row), row.password) if row else None

    def all(self) -> Sequence[Account]:
        """All accounts by name."""
        with self._database.read() as connection:
            return [account_of(row) for row in connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.key))]

    def change(self, account: int, *, end_sessions: bool = False, **values: Any) -> None:
        """Set columns of an account; with `end_sessions` all its sessions end in the same moment."""
        with self._database.write() as connection:
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account).values(values))
            if end_sessions:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.account == account))

    # --- Sessions ---

    def begin_session(self, token_digest: str, account: int, at: datetime, dead_before: datetime) -> None:
        """Begin a session, and forget those that began before `dead_before`."""
        with self._database.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.began < dead_before))
            row = {"token_digest": token_digest, "account": account, "began": at, "seen": at}
            connection.execute(insert(SESSIONS).values(row))

    def session(self, token_digest: str) -> StoredSession | None:
        """A session with its account."""
        asked = (
            select(SESSIONS.c.began, SESSIONS.c.seen, *ACCOUNTS.c)
            .join(ACCOUNTS)
            .where(SESSIONS.c.token_digest == token_digest)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return StoredSession(account_of(row), row.began, row.seen) if row else None

    def see_session(self, token_digest: str, at: datetime) -> None:
        """Record that a session is in use."""
        with self._database.write() as connection:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.token_digest == token_digest).values(seen=at)
            )

    def end_session(self, token_digest: str) -> None:
        """End a session; one that is not there does nothing."""
        with self._database.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.token_digest == token_digest))

    # --- Attempts to sign in ---

    def attempt(self, limits: dict[str, int], at: datetime, since: datetime) -> datetime | None:
        """Record an attempt under each key, unless one has had its limit of them since `since`.

        Returns None when recorded, else when the oldest attempt was that stands in the way. It is
        looked and recorded in one go: a hundred attempts at once get no further than one by one.
        """
        with self._database.write() as connection:
            _lock_attempts(connection)
            connection.execute(delete(SIGN_IN_ATTEMPTS).where(SIGN_IN_ATTEMPTS.c.at < since))
            blocking = [
                moments[-limit]
                for key, limit in limits.items()
                if len(moments := _moments(connection, key)) >= limit
            ]
            if blocking:
                return max(blocking)
            connection.execute(insert(SIGN_IN_ATTEMPTS), [{"key": key, "at": at} for key in limits])
            return None

    def forget_attempts(self, forgotten: str, forgiven: str, at: datetime) -> None:
        """After a success: forget all attempts under one key, and the one of this moment under the other."""
        columns = SIGN_IN_ATTEMPTS.c
        with self._database.write() as connection:
            connection.execute(delete(SIGN_IN_ATTEMPTS).where(columns.key == forgotten))
            connection.execute(delete(SIGN_IN_ATTEMPTS).where(columns.key == forgiven, columns.at == at))


def _lock_attempts(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.exec_driver_sql(f"LOCK TABLE {SIGN_IN_ATTEMPTS.name} IN EXCLUSIVE MODE")


def _moments(connection: Connection, key: str) -> list[datetime]:
    columns = SIGN_IN_ATTEMPTS.c
    return list(
        connection.execute(select(columns.at).where(columns.key == key).order_by(columns.at)).scalars()
    )


def account_of(row: Row[Any], prefix: str = "") -> Account:
    """The account in a row; the names of its columns may begin with a prefix, where others are beside."""
    column = {
        name.removeprefix(prefix): value for name, value in row._mapping.items() if name.startswith(prefix)
    }
    return Account(
        id=column["id"],
        name=column["name"],
        role=Role(column["role"]),
        enabled=column["enabled"],
        created=column["created"],
        by_provider=column["issuer"] is not None,
    )
