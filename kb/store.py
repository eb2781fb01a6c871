"""What people write in the product: today, their reviews of tags. Everything else is derived from
files and can be rebuilt; this cannot.

SQLAlchemy Core over SQLite by default (write-ahead log, so readers never wait), PostgreSQL or
another database by `KB_DATABASE_URL`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)

from kb.models import TagReview

_SCHEMA = MetaData()
_TAG_REVIEWS = Table(
    "tag_reviews",
    _SCHEMA,
    Column("passage", String(32), primary_key=True),
    Column("principle", String(200), primary_key=True),
    Column("accepted", Boolean, nullable=False),
    Column("reviewer", String(200), nullable=False),
    Column("reason", String(2000), nullable=False, default=""),
    Column("at", DateTime(timezone=True), nullable=False),
)


class Store:
    """The database at `url`, an SQLAlchemy URL. It is made when it is not there."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _database(self) -> Engine:
        database = create_engine(self._url)
        if database.dialect.name == "sqlite":
            event.listen(database, "connect", _prepare_sqlite)
        _SCHEMA.create_all(database)
        return database

    def put_review(self, review: TagReview) -> None:
        """Keep a review; it takes the place of an earlier one of the same tag."""
        with self._database.begin() as connection:
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
        with self._database.begin() as connection:
            return connection.execute(_same_tag(passage, principle)).rowcount > 0

    def reviews(self, passages: Iterable[str] | None = None) -> Sequence[TagReview]:
        """The reviews of these passages, or all, oldest first."""
        chosen = select(_TAG_REVIEWS).order_by(_TAG_REVIEWS.c.at, _TAG_REVIEWS.c.passage)
        if passages is not None:
            chosen = chosen.where(_TAG_REVIEWS.c.passage.in_(list(passages)))
        with self._database.connect() as connection:
            return [TagReview(**_with_zone(row._asdict())) for row in connection.execute(chosen)]

    def close(self) -> None:
        """Give back connections."""
        if "_database" in self.__dict__:
            self._database.dispose()


def _same_tag(passage: str, principle: str) -> Any:
    columns = _TAG_REVIEWS.c
    return delete(_TAG_REVIEWS).where(columns.passage == passage, columns.principle == principle)


def _with_zone(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite forgets the time zone; all times are kept in UTC."""
    at: datetime = row["at"]
    return {**row, "at": at if at.tzinfo else at.replace(tzinfo=UTC)}


def _prepare_sqlite(connection: Any, _: object) -> None:
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}")
