"""Calls of the API, counted for all nodes at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, index=True),
    )
