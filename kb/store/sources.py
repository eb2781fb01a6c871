"""The files and folders that people gave to be indexed: an index that is made anew takes them all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select

from kb.store.database import Database
from kb.store.schema import SOURCES


class Sources:
    """Paths of sources. They are kept as hexadecimal bytes: a path need not be text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, paths: Iterable[str], forget: Iterable[str] = ()) -> None:
        """Remember what is to be indexed, and forget what is not any more."""
        wanted, dropped = ({os.fsencode(path).hex() for path in given} for given in (paths, forget))
        known = {os.fsencode(path).hex() for path in self.all()}
        if not (wanted - known or dropped & known):
            return
        with self._database.write() as connection:
            for path in dropped & known:
                connection.execute(delete(SOURCES).where(SOURCES.c.path == path))
            for path in wanted - known:
                connection.execute(insert(SOURCES).values(path=path))

    def all(self) -> Sequence[str]:
        """What people gave to be indexed, in the order of the paths."""
        with self._database.read() as connection:
            found = connection.execute(select(SOURCES.c.path).order_by(SOURCES.c.path)).scalars()
            return [os.fsdecode(bytes.fromhex(path)) for path in found]
