"""What people gave to be indexed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table("sources", sa.Column("path", sa.Text, primary_key=True))
