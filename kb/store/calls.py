"""How often callers of the API have called, counted once for all nodes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from kb.store.database import Database
from kb.store.schema import CALLS

_SWEEPING = timedelta(minutes=1)


class CallCounter:
    """Calls by caller, each counted in windows of time that begin with its first call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept: datetime | None = None

    def count(self, caller: str, window: timedelta, at: datetime, calls: int = 1) -> int:
        """Count calls; returns how many there are in the caller's window, these included."""
        with self._database.write() as connection:
            if self._swept is None or at - self._swept > _SWEEPING:
                connection.execute(delete(CALLS).where(CALLS.c.until <= at))
                self._swept = at
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            begun = {"caller": caller, "calls": calls, "until": at + window}
            over = CALLS.c.until <= at
            counting = (
                dialect.insert(CALLS)
                .values(begun)
                .on_conflict_do_update(
                    index_elements=[CALLS.c.caller],
                    set_={
                        "calls": case((over, calls), else_=CALLS.c.calls + calls),
                        "until": case((over, at + window), else_=CALLS.c.until),
                    },
                )
                .returning(CALLS.c.calls)
            )
            return int(connection.execute(counting).scalar_one())

    def counted(self, caller: str, at: datetime) -> tuple[int, datetime]:
        """The calls in the caller's window, and when it ends; no calls, and now, when there is none."""
        asked = select(CALLS.c.calls, CALLS.c.until).where(CALLS.c.caller == caller, CALLS.c.until > at)
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return (row.calls, row.until) if row else (0, at)

    def forget(self, caller: str | None = None) -> int:
        """Begin anew for a caller, or for everybody; returns how many were forgotten."""
        gone = delete(CALLS) if caller is None else delete(CALLS).where(CALLS.c.caller == caller)
        with self._database.write() as connection:
            return connection.execute(gone).rowcount
