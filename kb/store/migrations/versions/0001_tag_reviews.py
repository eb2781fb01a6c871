"""What people say of tags, one word a tag."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tag_reviews",
        sa.Column("passage", sa.String(32), primary_key=True),
        sa.Column("principle", sa.String(200), primary_key=True),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("reviewer", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
