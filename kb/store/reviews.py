"""What people said of tags: all of it in order; the last word on a tag holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, delete, func, insert, select

from kb.models import TagReview
from kb.store.database import Database
from kb.store.schema import REVIEWS

# Databases limit the values in a statement, some to a thousand; reviews are few enough to sift.
_MOST_PARAMETERS = 900


class Reviews:
    """Reviews of tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, review: TagReview) -> int:
        """Keep a review; it holds from now on. Returns its number."""
        return self._say(
            review.passage, review.principle, review.accepted, review.reviewer, review.at, review.reason
        )

    def drop(self, passage: str, principle: str, reviewer: str = "") -> bool:
        """Let no review of a tag hold any more; returns whether one did."""
        if not any(review.principle == principle for review in self.of([passage])):
            return False
        self._say(passage, principle, None, reviewer, datetime.now(UTC), "")
        return True

    def _say(
        self, passage: str, principle: str, accepted: bool | None, reviewer: str, at: datetime, reason: str
    ) -> int:
        row = {
            "passage": passage,
            "principle": principle,
            "accepted": accepted,
            "reviewer": reviewer,
            "reason": reason,
            "at": at,
        }
        with self._database.write() as connection:
            return int(
                connection.execute(insert(REVIEWS).values(row).returning(REVIEWS.c.number)).scalar_one()
            )

    def undo(self, number: int) -> bool:
        """Forget one review, so that what was said before holds again; returns whether it held.

        One that another has overruled stays: it holds no more anyway.
        """
        with self._database.write() as connection:
            if not _is_last(connection, number):
                return False
            connection.execute(delete(REVIEWS).where(REVIEWS.c.number == number))
            return True

    def one(self, number: int) -> TagReview | None:
        """The review with this number, also one that holds no more."""
        asked = select(REVIEWS).where(REVIEWS.c.number == number, REVIEWS.c.accepted.is_not(None))
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return _review(row) if row else None

    def of(self, passages: Iterable[str] | None = None) -> Sequence[TagReview]:
        """The reviews that hold, of these passages or of all, oldest first."""
        columns = REVIEWS.c
        last = select(func.max(columns.number)).group_by(columns.passage, columns.principle)
        wanted = None if passages is None else set(passages)
        if wanted is not None and len(wanted) <= _MOST_PARAMETERS:
            last = last.where(columns.passage.in_(wanted))
        holding = (
            select(REVIEWS)
            .where(columns.number.in_(last), columns.accepted.is_not(None))
            .order_by(columns.at, columns.number)
        )
        with self._database.read() as connection:
            found = [_review(row) for row in connection.execute(holding)]
        return [review for review in found if wanted is None or review.passage in wanted]


def _is_last(connection: Connection, number: int) -> bool:
    tag = select(REVIEWS.c.passage, REVIEWS.c.principle).where(REVIEWS.c.number == number)
    row = connection.execute(tag).one_or_none()
    if row is None:
        return False
    last = select(func.max(REVIEWS.c.number)).where(
        REVIEWS.c.passage == row.passage, REVIEWS.c.principle == row.principle
    )
    return bool(connection.execute(last).scalar_one() == number)


def _review(row: Row[tuple[object, ...]]) -> TagReview:
    return TagReview(**row._asdict())
