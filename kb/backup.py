"""A backup of all that cannot be rebuilt: what people wrote, the settings, the vocabulary.

A ZIP file with `store/<table>.jsonl` (a JSON object a row, the same from every kind of database),
`settings.env`, the vocabulary where it is not ours, and `manifest.json`, which names the schema and
the SHA-256 of every other part.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, DateTime, MetaData, Table, inspect, select, text

from kb.errors import BackupError
from kb.settings import FIELDS, PREFIX, Settings, env_line
from kb.store.database import Database, upgrade
from kb.store.schema import METADATA, REVISION
from kb.whole_files import whole_file

_FORMAT = 1
_MANIFEST = "manifest.json"
_SETTINGS = "settings.env"
_VOCABULARY = "vocabulary"
# What lives for hours only, and what Alembic keeps for itself.
_LEFT_OUT = {"sessions", "sources", "sign_in_attempts", "calls", "alembic_version"}
# Where things are on one machine; on another they are elsewhere.
_OF_THIS_MACHINE = {"home", "corpus", "engine", "database_url", "vocabulary", "proxies"}
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: when it was made (UTC), of which schema, the rows of each table, the
    settings by name, and the vocabulary's file, in `KB_HOME` once it is restored."""

    made: datetime
    schema: str
    rows: dict[str, int]
    settings: dict[str, str]
    vocabulary: Path | None = None


# --- Writing -------------------------------------------------------------------------------------


def write(file: Path, database: Database, settings: Settings) -> Contents:
    """Write a backup, which only its owner may read; it appears when it is whole.

    Raises `BackupError` when the file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            return _write(archive, database, settings)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error


def _write(archive: zipfile.ZipFile, database: Database, settings: Settings) -> Contents:
    made = datetime.now(UTC)
    parts = _Parts(archive)
    rows = _write_store(parts, database)
    kept = _settings_of(settings)
    parts.add(_SETTINGS, [f"{env_line(name, value)}\n".encode() for name, value in kept.items()])
    vocabulary = None
    if settings.vocabulary:
        vocabulary = f"{_VOCABULARY}{settings.vocabulary.suffix}"
        parts.add(vocabulary, [_content(settings.vocabulary)])
    manifest = {
        "format": _FORMAT,
        "made": made.isoformat(),
        "schema": REVISION,
        "rows": rows,
        "settings": kept,
        "vocabulary": vocabulary,
        "sha256": parts.digests,
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return Contents(made, REVISION, rows, kept, settings.vocabulary)


def _content(vocabulary: Path) -> bytes:
    try:
        return vocabulary.read_bytes()
    except OSError as error:
        raise BackupError(f"The vocabulary {vocabulary} cannot be read: {error.strerror}.") from error


class _Parts:
    """The parts of a backup that is being written, with the digest of each."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.digests: dict[str, str] = {}

    def add(self, name: str, pieces: Iterator[bytes] | list[bytes]) -> None:
        digest = hashlib.sha256()
        with self._archive.open(name, "w") as part:
            for piece in pieces:
                part.write(piece)
                digest.update(piece)
        self.digests[name] = digest.hexdigest()


def _write_store(parts: _Parts, database: Database) -> dict[str, int]:
    rows: dict[str, int] = {}
    with database.read() as connection:
        for table in METADATA.sorted_tables:
            if table.name not in _LEFT_OUT:
                rows[table.name] = 0
                parts.add(f"store/{table.name}.jsonl", _lines(connection, table, rows))
    return rows


def _lines(connection: Connection, table: Table, rows: dict[str, int]) -> Iterator[bytes]:
    found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        select(table).order_by(*table.primary_key)
    )
    for row in found.mappings():
        rows[table.name] += 1
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
        yield json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def _settings_of(settings: Settings) -> dict[str, str]:
    """What somebody has set otherwise than by default, but for secrets and places."""
    return {
        PREFIX + name.upper(): str(value)
        for name, field in FIELDS.items()
        if (value := getattr(settings, name)) != field.default and field.repr and name not in _OF_THIS_MACHINE
    }


# --- Restoring -----------------------------------------------------------------------------------


def restore(file: Path, database: Database, settings: Settings, replace: bool) -> Contents:
    """Bring back a backup: all of it or, with a `BackupError` that says why, nothing.

    Rows of an earlier schema are brought up to ours. A database that holds anything is only
    emptied with `replace`. The vocabulary comes to lie in `KB_HOME`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _checked(archive, file)
            with database.write_unprepared() as connection:
                _make_room(connection, replace)
                _restore_store(connection, archive, manifest)
                vocabulary = _restore_vocabulary(archive, manifest, settings.home)
    except (OSError, zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise BackupError(f"{file} cannot be restored: {error}") from error
    return Contents(
        made=datetime.fromisoformat(manifest["made"]),
        schema=manifest["schema"],
        rows=manifest["rows"],
        settings=manifest["settings"],
        vocabulary=vocabulary,
    )


def _checked(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    """The manifest of a backup in which every part is as it was written."""
    try:
        manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
        newer = manifest["format"] > _FORMAT or manifest["schema"] > REVISION
        digests: Mapping[str, str] = manifest["sha256"]
        datetime.fromisoformat(manifest["made"])
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{file} is no backup of Servicebook: it has no manifest.") from error
    if newer:
        raise BackupError(f"{file} was made by a newer Servicebook; install it to restore this backup.")
    for name, digest in digests.items():
        if name not in archive.namelist():
            raise BackupError(f"{file} is damaged: {name} is missing.")
        with archive.open(name) as part:
            found = hashlib.sha256()
            while piece := part.read(1 << 20):
                found.update(piece)
            if found.hexdigest() != digest:
                raise BackupError(f"{file} is damaged: {name} is not as it was written.")
    return manifest


def _make_room(connection: Connection, replace: bool) -> None:
    ours = MetaData()
    there = set(inspect(connection).get_table_names())
    names = {*METADATA.tables, "tag_reviews", "alembic_version"} & there
    ours.reflect(connection, only=sorted(names))
    full = [
        table.name
        for table in ours.sorted_tables
        if table.name not in _LEFT_OUT and connection.execute(select(1).select_from(table).limit(1)).first()
    ]
    if full and not replace:
        raise BackupError(
            f"The database already holds {', '.join(full)}. Use --replace to put the backup in their"
            " place; `kb backup` first if you may want them back."
        )
    ours.drop_all(connection)


def _restore_store(connection: Connection, archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
    upgrade(connection, manifest["schema"])
    ours = MetaData()
    ours.reflect(connection)
    for table in ours.sorted_tables:
        name = f"store/{table.name}.jsonl"
        if name in manifest["sha256"]:
            with archive.open(name) as lines:
                _insert(connection, table, (json.loads(line) for line in lines))
    upgrade(connection)


def _insert(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append({name: _value(table, name, value) for name, value in row.items()})
        if len(batch) == _ROWS_AT_ONCE:
            connection.execute(table.insert(), batch)
            batch = []
    if batch:
        connection.execute(table.insert(), batch)
    if connection.dialect.name == "postgresql":
        _move_on_sequences(connection, table)


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is not None and isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if value is not None and isinstance(kind, Date):
        return date.fromisoformat(value)
    return value


def _move_on_sequences(connection: Connection, table: Table) -> None:
    """The next row gets a number of its own: rows that bring their numbers leave sequences behind."""
    for column in table.primary_key:
        if column.type.python_type is int:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                    f" (SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}), false)"
                )
            )


def _restore_vocabulary(archive: zipfile.ZipFile, manifest: Mapping[str, Any], home: Path) -> Path | None:
    name = manifest["vocabulary"]
    if not name:
        return None
    home.mkdir(parents=True, exist_ok=True)
    place = home / f"{_VOCABULARY}{Path(name).suffix}"
    place.write_bytes(archive.read(name))
    return place
