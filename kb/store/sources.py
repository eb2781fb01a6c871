"""The files and folders that people gave to be indexed: an index that is made anew takes them all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import delete, insert, select

from kb.store.database import Database
from kb.store.schema import SOURCES


class Sources:
    """Paths of sources. They are kept as hexadecimal bytes: a path need not be text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, paths: Iterable[str], forget: Iterable[str] = ()) -> None:
        """Remember what is to be indexed, and forget what is not any more, with all that lies below it.

        Paths are absolute; "" may stand for one that only the caller knows.
        """
        known, wanted, forgotten = set(self.all()), set(paths), tuple(forget)
        new = wanted - known
        below = {path for path in known if any(map(Path(path).is_relative_to, forgotten))}
        dropped = (below | known.intersection(forgotten)) - wanted
        if not (new or dropped):
            return
        with self._database.write() as connection:
            for path in dropped:
                connection.execute(delete(SOURCES).where(SOURCES.c.path == _kept(path)))
            for path in new:
                connection.execute(insert(SOURCES).values(path=_kept(path)))

    def all(self) -> Sequence[str]:
        """What people gave to be indexed, in the order of the paths."""
        with self._database.read() as connection:
            found = connection.execute(select(SOURCES.c.path).order_by(SOURCES.c.path)).scalars()
            return [os.fsdecode(bytes.fromhex(path)) for path in found]


def _kept(path: str) -> str:
    return os.fsencode(path).hex()
