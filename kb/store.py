"""What people write in the product: today, their reviews of tags. Everything else is derived from
files and can be rebuilt; this cannot.

SQLAlchemy Core over SQLite by default (write-ahead log, so readers never wait), PostgreSQL or
another database by `KB_DATABASE_URL`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from kb.errors import StoreError
from kb.models import TagReview


class _Moment(TypeDecorator[datetime]):
    """A point in time, kept and given in UTC: SQLite forgets the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


_SCHEMA = MetaData()
_TAG_REVIEWS = Table(
    "tag_reviews",
    _SCHEMA,
    Column("passage", String(32), primary_key=True),
    Column("principle", String(200), primary_key=True),
    Column("accepted", Boolean, nullable=False),
    Column("reviewer", String(200), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("at", _Moment, nullable=False),
)


# The files and folders that people gave to be indexed: an index that is made anew takes them all.
_SOURCES = Table("sources", _SCHEMA, Column("path", Text, primary_key=True))


# Databases limit the values in a statement, some to a thousand; reviews are few enough to sift.
_MOST_PARAMETERS = 900


class Store:
    """The database at `url`, an SQLAlchemy URL. It is made when it is not there."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _database(self) -> Engine:
        database = create_engine(self._url)
        if database.dialect.name == "sqlite":
            event.listen(database, "connect", _prepare_sqlite)
        with _usable(), database.begin() as connection:
            for table in _SCHEMA.sorted_tables:
                # `create_all` looks first and makes then: a second process may come between.
                connection.execute(CreateTable(table, if_not_exists=True))
        return database

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _usable(), self._database.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _usable(), self._database.connect() as connection:
            yield connection

    def put_review(self, review: TagReview) -> None:
        """Keep a review; it takes the place of an earlier one of the same tag."""
        with self._writing() as connection:
            connection.execute(_same_tag(review.passage, review.principle))
            connection.execute(
                insert(_TAG_REVIEWS).values(
                    passage=review.passage,
                    principle=review.principle,
                    accepted=review.accepted,
                    reviewer=review.reviewer,
                    reason=review.reason,
                    at=review.at,
                )
            )

    def drop_review(self, passage: str, principle: str) -> bool:
        """Take a review back; returns whether there was one."""
        with self._writing() as connection:
            return connection.execute(_same_tag(passage, principle)).rowcount > 0

    def reviews(self, passages: Iterable[str] | None = None) -> Sequence[TagReview]:
        """The reviews of these passages, or all, oldest first."""
        columns = _TAG_REVIEWS.c
        chosen = select(_TAG_REVIEWS).order_by(columns.at, columns.passage, columns.principle)
        wanted = None if passages is None else set(passages)
        if wanted is not None and len(wanted) <= _MOST_PARAMETERS:
            chosen = chosen.where(columns.passage.in_(wanted))
        with self._reading() as connection:
            found = (TagReview(**row._asdict()) for row in connection.execute(chosen))
            return [review for review in found if wanted is None or review.passage in wanted]

    def put_sources(self, paths: Iterable[str], forget: Iterable[str] = ()) -> None:
        """Remember what is to be indexed, and forget what is not any more."""
        with self._writing() as connection:
            dropped = list(forget)
            known = set(connection.execute(select(_SOURCES.c.path)).scalars())
            for path in {os.fsencode(path).hex() for path in dropped} & known:
                connection.execute(delete(_SOURCES).where(_SOURCES.c.path == path))
            for path in {os.fsencode(path).hex() for path in paths} - known:
                connection.execute(insert(_SOURCES).values(path=path))

    def sources(self) -> Sequence[str]:
        """What people gave to be indexed."""
        with self._reading() as connection:
            return [
                os.fsdecode(bytes.fromhex(path))
                for path in connection.execute(select(_SOURCES.c.path).order_by(_SOURCES.c.path)).scalars()
            ]

    def close(self) -> None:
        """Give back connections."""
        if "_database" in self.__dict__:
            self._database.dispose()


@contextmanager
def _usable() -> Iterator[None]:
    """Turns what a database says of a full disk, a lost server or a wrong password into one clear error."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(
            f"The database of what people write cannot be used: {error.orig}. See KB_DATABASE_URL."
        ) from error


def _same_tag(passage: str, principle: str) -> Any:
    columns = _TAG_REVIEWS.c
    return delete(_TAG_REVIEWS).where(columns.passage == passage, columns.principle == principle)


def _prepare_sqlite(connection: Any, _: object) -> None:
    # Patience first: even the change to the write-ahead log may have to wait for another process.
    for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
