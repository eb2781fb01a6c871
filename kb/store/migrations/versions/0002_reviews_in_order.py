"""All that was said of a tag, in order, so that the last word can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COLUMNS = "passage, principle, accepted, reviewer, reason, at"


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("passage", sa.Text, nullable=False),
        sa.Column("principle", sa.Text, nullable=False),
        sa.Column("accepted", sa.Boolean),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("reviews_of_tag", "reviews", ["passage", "principle", "number"])
    op.execute(
        f"INSERT INTO reviews ({_COLUMNS}) SELECT {_COLUMNS} FROM tag_reviews ORDER BY at, passage, principle"
    )
    op.drop_table("tag_reviews")
