"""The rows of packs, a row a version. `kb.packs.kept` has the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, delete, insert, select, update

from kb.models import Account, KeptPack, Pack, PackVersion
from kb.store.database import Database
from kb.store.schema import ACCOUNTS, PACK_VERSIONS, PACKS


class PackRows:
    """Packs, found by their id or their link."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, pack: Pack, owner: Account, at: datetime) -> None:
        """Keep the first version of a pack."""
        with self._database.write() as connection:
            connection.execute(insert(PACKS).values(id=pack.id, owner=owner.id, version=1, link=None))
            connection.execute(insert(PACK_VERSIONS).values(_version(pack, 1, owner.name, at, None)))

    def put(self, pack: Pack, based_on: int, author: str, at: datetime, restores: int | None) -> bool:
        """Keep the version after `based_on`; returns False where that is not the newest any more.

        Of two who put at once, the database lets one find the row as it was.
        """
        number = based_on + 1
        with self._database.write() as connection:
            found = connection.execute(
                update(PACKS).where(_is_newest(pack.id, based_on)).values(version=number)
            )
            if not found.rowcount:
                return False
            connection.execute(insert(PACK_VERSIONS).values(_version(pack, number, author, at, restores)))
            return True

    def delete(self, id: str, based_on: int) -> bool:
        """Delete a pack with all its versions; returns False where `based_on` is not the newest."""
        with self._database.write() as connection:
            return connection.execute(delete(PACKS).where(_is_newest(id, based_on))).rowcount > 0

    def set_link(self, id: str, link: str | None) -> None:
        """Let a link lead to a pack, or with None no link."""
        with self._database.write() as connection:
            connection.execute(update(PACKS).where(PACKS.c.id == id).values(link=link))

    def find(self, id: str) -> KeptPack | None:
        """The newest version of a pack."""
        return next(iter(self._read(_newest().where(PACKS.c.id == id))), None)

    def find_by_link(self, link: str) -> KeptPack | None:
        """The newest version of the pack that a link leads to."""
        return next(iter(self._read(_newest().where(PACKS.c.link == link))), None)

    def all(self, owner: int | None) -> Sequence[KeptPack]:
        """The newest versions of the packs of an account, or of all; the last changed first."""
        asked = _newest().order_by(PACK_VERSIONS.c.at.desc(), PACKS.c.id)
        return self._read(asked if owner is None else asked.where(PACKS.c.owner == owner))

    def versions(self, id: str) -> Sequence[PackVersion]:
        """All versions of a pack, the newest first."""
        columns = PACK_VERSIONS.c
        asked = select(PACK_VERSIONS).where(columns.pack == id).order_by(columns.number.desc())
        with self._database.read() as connection:
            return [
                PackVersion(
                    number=row.number,
                    pack=_pack(row),
                    author=row.author,
                    at=row.at,
                    restores=row.restores,
                )
                for row in connection.execute(asked)
            ]

    def _read(self, asked: Select[Any]) -> Sequence[KeptPack]:
        with self._database.read() as connection:
            return [
                KeptPack(
                    pack=_pack(row),
                    owner_id=row.owner,
                    owner=row.owner_name,
                    version=row.version,
                    changed=row.at,
                    changed_by=row.author,
                    link=row.link,
                )
                for row in connection.execute(asked)
            ]


def _newest() -> Select[Any]:
    is_newest = (PACK_VERSIONS.c.pack == PACKS.c.id) & (PACK_VERSIONS.c.number == PACKS.c.version)
    return (
        select(*PACKS.c, *PACK_VERSIONS.c, ACCOUNTS.c.name.label("owner_name"))
        .join(PACK_VERSIONS, is_newest)
        .join(ACCOUNTS, ACCOUNTS.c.id == PACKS.c.owner)
    )


def _is_newest(id: str, version: int) -> Any:
    return (PACKS.c.id == id) & (PACKS.c.version == version)


def _version(pack: Pack, number: int, author: str, at: datetime, restores: int | None) -> dict[str, Any]:
    return {
        "pack": pack.id,
        "number": number,
        "content": msgspec.json.encode(pack).decode(),
        "author": author,
        "at": at,
        "restores": restores,
    }


def _pack(row: Any) -> Pack:
    return msgspec.json.decode(row.content, type=Pack)
