"""The schema: from every earlier one to ours, the same on both kinds of database."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, Table, create_engine, inspect, text

from kb.errors import StoreUnavailable
from kb.models import TagReview
from kb.store import Database, Store, database
from kb.store.schema import METADATA, REVISION

SCRIPTS = ScriptDirectory(str(database._MIGRATIONS))
AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def test_the_newest_migration_is_the_one_we_name() -> None:
    assert SCRIPTS.get_heads() == [REVISION]


def test_the_tables_are_what_the_migrations_make(database_url: URL) -> None:
    with Database(database_url).write_unprepared() as connection:
        database.upgrade(connection, REVISION)
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_new_database_is_as_if_it_had_been_migrated(kind: str, new_database: Callable[[str], URL]) -> None:
    found = []
    for revision in ("head", REVISION):  # an empty one is brought to the head without migrations
        with Database(new_database(kind)).write_unprepared() as connection:
            database.upgrade(connection, revision)
            assert database.revision(connection) == REVISION
            found.append(described(connection))
    assert found[0] == found[1]


def described(connection: Connection) -> dict[str, object]:
    """All that the database says of its tables; the order of columns matters to nobody."""
    inspector = inspect(connection)
    return {
        name: (
            sorted((one["name"], str(one["type"]), one["nullable"], one["default"]) for one in inspector.get_columns(name)),
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(map(str, inspector.get_foreign_keys(name))),
            sorted(map(str, inspector.get_indexes(name))),
            sorted(sorted(one["column_names"]) for one in inspector.get_unique_constraints(name)),
            sorted(map(str, inspector.get_check_constraints(name))),
        )
        for name in inspector.get_table_names()
    }  # fmt: skip


def write_oldest(url: URL, recorded: bool) -> None:
    """A database as the first version left it: two reviews; `recorded` when Alembic has been there."""
    with Database(url).write_unprepared() as connection:
        database.upgrade(connection, "0001")
        table = Table("tag_reviews", MetaData(), autoload_with=connection)
        said = {"passage": "p", "reviewer": "Анна", "reason": "потому"}
        for number, accepted in enumerate((True, False)):
            at = AT + timedelta(hours=number)
            row = {**said, "principle": f"principle-{number}", "accepted": accepted, "at": at}
            connection.execute(table.insert().values(row))
        if not recorded:
            connection.execute(text("DROP TABLE alembic_version"))


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "before migrations"])
def test_reviews_of_the_oldest_version_stay(database_url: URL, recorded: bool) -> None:
    write_oldest(database_url, recorded)
    store = Store(database_url)
    assert store.reviews.of() == [
        TagReview("p", "principle-0", True, "Анна", AT, "потому"),
        TagReview("p", "principle-1", False, "Анна", AT + timedelta(hours=1), "потому"),
    ]
    assert store.reviews.undo(store.reviews.of()[0].number)
    store.close()


@pytest.mark.parametrize("revision", [script.revision for script in SCRIPTS.walk_revisions()])
def test_from_every_earlier_schema(database_url: URL, revision: str) -> None:
    with Database(database_url).write_unprepared() as connection:
        database.upgrade(connection, revision)
    store = Store(database_url)
    assert store.reviews.of() == []
    with store.database.read() as connection:
        assert database.revision(connection) == REVISION
    store.close()


def test_a_newer_database_is_left_alone(store: Store, database_url: URL) -> None:
    store.reviews.of()
    with store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    later = Store(database_url)
    with pytest.raises(StoreUnavailable, match="newer"):
        later.reviews.of()
    later.close()


BROKEN = """
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("CREATE TABLE half_done (a INTEGER)")
    raise RuntimeError("the power went")
"""


def test_a_failed_upgrade_changes_nothing(
    database_url: URL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_oldest(database_url, recorded=True)
    shutil.copytree(database._MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations/versions/9999.py").write_text(BROKEN.format(before=REVISION))
    with monkeypatch.context() as patched:
        patched.setattr(database, "_MIGRATIONS", tmp_path / "migrations")
        with pytest.raises(RuntimeError, match="power"):
            Store(database_url).reviews.of()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert database.revision(connection) == "0001"
        assert set(inspect(connection).get_table_names()) == {"alembic_version", "tag_reviews"}
    engine.dispose()
    store = Store(database_url)
    assert len(store.reviews.of()) == 2
    store.close()
