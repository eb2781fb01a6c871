"""The connection to the database, and its schema brought up to date before the first use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from kb.errors import MissingExtra, SettingsError, StoreUnavailable
from kb.store.schema import METADATA, REVISION

_MIGRATIONS = Path(__file__).with_name("migrations")
_FIRST = "0001"  # what databases had before migrations were recorded
# Any number of our own: PostgreSQL lets one holder of it through at a time.
_UPGRADE_LOCK = 5_350_001


class Database:
    """Transactions on the database at a URL. Readers never wait for writers.

    Raises `SettingsError` for a URL that names no database, `MissingExtra` when its driver is not
    installed and `StoreUnavailable` when it does not answer.
    """

    def __init__(self, url: str | URL) -> None:
        self._url = url
        self._opening = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A look at one state of the database."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Changes that become visible together, or not at all when an error leaves it."""
        with self._transaction(writes=True) as connection:
            yield connection

    def check(self) -> None:
        """Raise `StoreUnavailable` when it does not answer."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def write_unprepared(self) -> Iterator[Connection]:
        """As `write`, without a look at the schema: for whoever makes it."""
        with (
            _in_our_words(self._url),
            _opened(self._url) as engine,
            _begun(engine, writes=True) as connection,
        ):
            yield connection

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        with _in_our_words(self._url), _begun(self._ready(), writes) as connection:
            yield connection

    def _ready(self) -> Engine:
        with self._opening:
            if self._engine is None:
                with _opened(self._url) as engine:
                    with _begun(engine, writes=False) as connection:
                        current = revision(connection)
                    if current != REVISION:
                        with _begun(engine, writes=True) as connection:
                            upgrade(connection)
                self._engine = engine
            return self._engine

    def close(self) -> None:
        """Give back connections."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


@contextmanager
def _begun(engine: Engine, writes: bool) -> Iterator[Connection]:
    options: dict[str, Any] = {"writes": writes}
    if not writes and engine.dialect.name == "postgresql":
        # What is read in one transaction is of one moment, as with SQLite.
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def _opened(url: str | URL) -> Iterator[Engine]:
    """An engine whose connections are given back at the end; it may be used again after that."""
    engine = _open(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _open(url: str | URL) -> Engine:
    try:
        address = make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        engine = create_engine(address)
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(
            "KB_DATABASE_URL: this is no URL of a database; write for example"
            " postgresql://user:password@host/name or sqlite:////path/to/file."
        ) from error
    except ModuleNotFoundError as error:
        raise MissingExtra(f"A {make_url(url).get_backend_name()} database", "postgresql") from error
    if engine.dialect.name == "sqlite":
        _make_private(address.database)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: str | None) -> None:
    """Let only its owner read a new database: it holds hashes of passwords."""
    if file and file != ":memory:" and not file.startswith("file:"):
        with suppress(OSError):  # SQLite says better what is wrong
            Path(file).touch(mode=0o600, exist_ok=True)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins
    # Patience first: even the change to the write-ahead log may have to wait for another process.
    for pragma in ("busy_timeout = 15000", "journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Who reads first and then finds another has written cannot write any more: writers say so at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _in_our_words(url: str | URL) -> Iterator[None]:
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            place = make_url(url).render_as_string(hide_password=True)
            raise StoreUnavailable(f"The database {place} cannot be used: {error.orig}") from error
        raise


# --- Its schema ----------------------------------------------------------------------------------

# Where Alembic writes down how far it came, as it makes it itself.
_REVISIONS = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def revision(connection: Connection) -> str | None:
    """The migration that a database has come to; None for an empty one."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)
    return _FIRST if "tag_reviews" in tables else None


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema up to a migration, in the transaction of `connection`. An empty database gets the
    tables as they are now, as there is nothing to migrate.

    Raises `StoreUnavailable` when a newer Servicebook has been here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    current = revision(connection)
    if current is None and to == "head":
        METADATA.create_all(connection, checkfirst=False)
        _REVISIONS.create(connection)
        connection.execute(_REVISIONS.insert().values(version_num=REVISION))
    else:
        _migrate(connection, current, to)


def _migrate(connection: Connection, current: str | None, to: str) -> None:
    # Imported here: a database that is new or up to date does not need it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreUnavailable(
            f"The database was written by a newer Servicebook (its schema is {current}, this version"
            f" knows {REVISION}). Install the newer version, or restore a backup of before."
        )
    if current == _FIRST:
        command.stamp(config, _FIRST)
    command.upgrade(config, to)
