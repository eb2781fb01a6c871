"""Keys that act for an account: what they keep, such as packs, belongs to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as table:  # SQLite takes a foreign key only with a new table
        table.add_column(sa.Column("account", sa.Integer))
        table.create_foreign_key("api_keys_account_fkey", "accounts", ["account"], ["id"], ondelete="CASCADE")
