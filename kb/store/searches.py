"""What is searched and what is opened, without anybody's name; and what editors make of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, delete, func, insert, select

from kb.models import LoggedSearch, Proposal
from kb.store.database import Database
from kb.store.schema import OPENINGS, PROPOSALS, SEARCHES

_LONGEST = 200
# What people paste into a search field by mistake: e-mail addresses, numbers of telephones and cards.
_PRIVATE = re.compile(r"\S+@\S+|\+?\d(?:[ ()-]*\d){6,}")


class SearchLog:
    """The search log, and the terms proposed for the vocabulary."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept: date | None = None

    def put(self, text: str, language: str, total: int, day: date, keep: timedelta) -> None:
        """Record a search: the language of the interface, and how many passages it found.

        What is older than `keep` is forgotten.
        """
        shown = _loggable(text)
        row = {"key": _key(shown), "text": shown, "language": language, "total": total, "day": day}
        self._put(SEARCHES, row, day, keep)

    def put_opening(self, text: str, passage: str, day: date, keep: timedelta) -> None:
        """Record that a passage was opened from the results of a search."""
        self._put(OPENINGS, {"key": _key(_loggable(text)), "passage": passage, "day": day}, day, keep)

    def _put(self, table: Table, row: dict[str, object], day: date, keep: timedelta) -> None:
        with self._database.write() as connection:
            if self._swept != day:
                _forget(connection, day - keep)
                self._swept = day
            connection.execute(insert(table).values(row))

    def most_frequent(self, limit: int) -> Sequence[LoggedSearch]:
        """What is searched most."""
        return self._grouped(_groups().order_by(func.count().desc(), SEARCHES.c.key).limit(limit))

    def without_results(self, limit: int) -> Sequence[LoggedSearch]:
        """What found nothing the last time it was searched, most frequent first."""
        last = select(func.max(SEARCHES.c.number)).group_by(SEARCHES.c.key)
        lost = select(SEARCHES.c.key).where(SEARCHES.c.number.in_(last), SEARCHES.c.total == 0)
        asked = _groups().where(SEARCHES.c.key.in_(lost))
        return self._grouped(asked.order_by(func.count().desc(), SEARCHES.c.key).limit(limit))

    def _grouped(self, asked: Select[tuple[str, int, int]]) -> Sequence[LoggedSearch]:
        with self._database.read() as connection:
            groups = connection.execute(asked).all()
            last = _by_number(connection, [group.last for group in groups])
            opened = _opened(connection, [group.key for group in groups])
        return [
            LoggedSearch(
                text=last[group.last].text,
                language=last[group.last].language,
                times=group.times,
                total=last[group.last].total,
                day=last[group.last].day,
                opened=opened.get(group.key, {}),
            )
            for group in groups
        ]

    # --- Proposals ---

    def propose(self, proposal: Proposal) -> bool:
        """Put a term on the list; returns False where it was there."""
        key = _key(proposal.text)
        with self._database.write() as connection:
            there = connection.execute(select(PROPOSALS.c.number).where(PROPOSALS.c.key == key)).first()
            if there:
                return False
            row = {
                "key": key,
                "text": proposal.text,
                "language": proposal.language,
                "proposer": proposal.proposer,
                "at": proposal.at,
            }
            connection.execute(insert(PROPOSALS).values(row))
            return True

    def drop_proposal(self, text: str) -> bool:
        """Take a term off the list; returns whether it was there."""
        with self._database.write() as connection:
            return connection.execute(delete(PROPOSALS).where(PROPOSALS.c.key == _key(text))).rowcount > 0

    def proposals(self) -> Sequence[Proposal]:
        """The list, oldest first."""
        asked = select(PROPOSALS).order_by(PROPOSALS.c.at, PROPOSALS.c.number)
        with self._database.read() as connection:
            return [
                Proposal(text=row.text, language=row.language, proposer=row.proposer, at=row.at)
                for row in connection.execute(asked)
            ]


def _groups() -> Select[tuple[str, int, int]]:
    columns = SEARCHES.c
    return select(columns.key, func.count().label("times"), func.max(columns.number).label("last")).group_by(
        columns.key
    )


def _by_number(connection: Connection, numbers: Sequence[int]) -> dict[int, Row[Any]]:
    asked = select(SEARCHES).where(SEARCHES.c.number.in_(numbers))
    return {row.number: row for row in connection.execute(asked)}


def _opened(connection: Connection, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """How often each passage was opened from searches, most often first, by the key of their text."""
    columns = OPENINGS.c
    times = func.count().label("times")
    asked = (
        select(columns.key, columns.passage, times)
        .where(columns.key.in_(keys))
        .group_by(columns.key, columns.passage)
        .order_by(times.desc(), columns.passage)
    )
    opened: dict[str, dict[str, int]] = {}
    for row in connection.execute(asked):
        opened.setdefault(row.key, {})[row.passage] = row.times
    return opened


def _forget(connection: Connection, before: date) -> None:
    for table in (SEARCHES, OPENINGS):
        connection.execute(delete(table).where(table.c.day < before))


def _loggable(text: str) -> str:
    """A text without what may tell who typed it."""
    return " ".join(_PRIVATE.sub("…", text).split())[:_LONGEST]


def _key(text: str) -> str:
    """A text however it is written."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
