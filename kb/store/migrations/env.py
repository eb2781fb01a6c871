"""What Alembic runs: the migrations, in the transaction of the connection it was given."""

from __future__ import annotations

from alembic import context

from kb.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
