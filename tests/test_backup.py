"""Backup and restore: everything people wrote, from and to each kind of database and earlier schemas."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL, func, select

import kb
from kb.backup import _LEFT_OUT
from kb.cli import main
from kb.commands.upkeep import _ROWS
from kb.errors import BackupError
from kb.knowledge_base import KnowledgeBase
from kb.models import ApiKey, Pack, Role, Scope, TagReview
from kb.principles.vocabulary import PRINCIPLES
from kb.store import Database
from kb.store.database import upgrade
from kb.store.schema import METADATA, REVISION
from tests.conftest import PASSWORD, QUICK_HASHER, MakeBook, write_files

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KINDS = ["sqlite", "postgresql"]

NewDatabase = Callable[[str], URL]


@pytest.fixture
def make(open_book: MakeBook, tmp_path: Path) -> MakeBook:
    """A machine of its own: `make("old", url)` has a home, articles and a database."""

    def on_machine(name: str, url: URL, **options: object) -> KnowledgeBase:
        write_files(
            tmp_path / name / "articles", {"weather.md": "# Погода\n\nСегодня солнечно, завтра дождь.\n"}
        )
        address = url.render_as_string(hide_password=False)
        book = open_book(
            home=tmp_path / name / "home",
            corpus=tmp_path / name / "articles",
            database_url=address,
            **options,
        )
        book.accounts._hasher = QUICK_HASHER  # type: ignore[misc]
        return book

    return on_machine


def write_something(book: KnowledgeBase) -> str:
    """A row of every kind; returns the passage that was reviewed."""
    book.index()
    (passage,) = book.article(book.articles()[0].id)[1]
    book.accounts.add("Анна", Role.EDITOR, PASSWORD)
    book.accounts.sign_in("Анна", PASSWORD, "192.0.2.1")
    book.accounts.sign_in_from_provider("https://id.example.org", "1", "王芳", Role.TRAINER)
    book.review(passage.id, "loyalty", False, "Анна", "ирония")
    book.review(passage.id, "loyalty", True, "王芳", "“顾客忠诚”")
    book.log_search("дождь 移情", "zh-Hant", 0)
    book.log_opening("дождь 移情", passage.id)
    book.propose_term("тайный гость", "ru", "Анна")
    book.keys.add("Витрина 网站", [Scope.READ])
    kept = book.packs.keep(book.pack_from([passage.id], "Погода 天气", "ru"), book.accounts.named("Анна"))
    book.packs.share(kept.pack.id, book.accounts.named("Анна"))
    return passage.id


def everything(book: KnowledgeBase) -> dict[str, list[tuple[object, ...]]]:
    """All rows that a backup keeps."""
    kept = [
        table
        for table in METADATA.sorted_tables
        if table.name not in ("sessions", "sign_in_attempts", "sources", "calls")
    ]
    with book.store.database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in kept
        }


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_all_comes_back_on_another_machine(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, source: str, target: str
) -> None:
    file = tmp_path / "backup.zip"
    with make("old", new_database(source), search_log="on") as old:
        passage = write_something(old)
        before = everything(old)
        old.backup(file)
    with make("new", new_database(target)) as new:
        new.index()
        assert new.passage(passage)[0].tags == ()
        contents = new.restore(file)
        assert everything(new) == before
        assert all(rows for rows in before.values()), "a table without rows shows nothing"
        assert contents.rows == {name: len(rows) for name, rows in before.items()}
        assert [tag.principle for tag in new.passage(passage)[0].tags] == ["loyalty"], "it holds at once"
        # And life goes on: passwords fit, and new rows get numbers of their own.
        assert new.accounts.sign_in("анна", PASSWORD, "192.0.2.1")
        (review,) = new.reviews()
        assert new.undo_review(review.number)
        assert [(one.reviewer, one.accepted) for one in new.reviews()] == [("Анна", False)]
        new.accounts.add("Олег", Role.READER, PASSWORD)
        new.review(passage, "empathy", True, "Олег")
        new.propose_term("首问负责", "zh", "Олег")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_of_one_moment_while_the_product_runs(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, kind: str
) -> None:
    """What is written while tables are read is in none of them: reviews come after proposals."""
    with make("old", new_database(kind)) as book:
        book.propose_term("до", "ru", "Анна")
        with book.store.database.read() as connection:
            connection.execute(select(func.count()).select_from(METADATA.tables["proposals"]))
            book.store.reviews.put(TagReview("p", "empathy", True, "Анна", AT))
            seen = connection.execute(select(func.count()).select_from(METADATA.tables["reviews"])).scalar()
        assert seen == 0
        assert book.backup(tmp_path / "b.zip").rows["reviews"] == 1


def test_secrets_and_sessions_are_left_out(make: MakeBook, new_database: NewDatabase, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    secrets = {"secret_key": "tell-nobody", "oidc_client_secret": "nor-this", "oidc_role_claim": "it's"}
    with make("old", new_database("sqlite"), reading="members", **secrets) as old:
        write_something(old)
        old.backup(file)
    with zipfile.ZipFile(file) as archive:
        text = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
        assert archive.read("settings.env").decode() == "KB_READING='members'\nKB_OIDC_ROLE_CLAIM='it\\'s'\n"
    for hidden in ("tell-nobody", "nor-this", PASSWORD, "token_digest", str(tmp_path)):
        assert hidden not in text, hidden
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_vocabulary_of_one_s_own_comes_along(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.ttl"
    ours.write_bytes(PRINCIPLES.read_bytes())
    with make("old", new_database("sqlite"), vocabulary=ours) as old:
        old.backup(tmp_path / "b.zip")
    with make("new", new_database("sqlite")) as new:
        restored = new.restore(tmp_path / "b.zip").vocabulary
    assert restored == tmp_path / "new/home/vocabulary.ttl"
    assert restored.read_bytes() == ours.read_bytes()


# --- Archives of earlier versions and bad ones ---------------------------------------------------


def write_archive(file: Path, parts: Mapping[str, bytes], **manifest: object) -> Path:
    told = {
        "format": 1,
        "made": AT.isoformat(),
        "schema": REVISION,
        "rows": {},
        "settings": {},
        "vocabulary": None,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        **manifest,
    }
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(told))
    return file


OLDEST = {
    "passage": "p",
    "principle": "empathy",
    "accepted": False,
    "reviewer": "Анна",
    "reason": "",
    "at": AT.isoformat(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_of_an_earlier_schema(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, kind: str
) -> None:
    line = json.dumps(OLDEST, ensure_ascii=False).encode() + b"\n"
    file = write_archive(tmp_path / "b.zip", {"store/tag_reviews.jsonl": line}, schema="0001")
    with make("new", new_database(kind)) as book:
        book.restore(file)
        assert book.reviews() == [TagReview("p", "empathy", False, "Анна", AT)]


# As 0007 wrote it, when keys did not act for accounts yet.
OF_0007 = {
    "accounts": {
        "id": 7, "name": "Анна", "key": "анна", "role": "trainer", "password": None, "issuer": None,
        "subject": None, "enabled": True, "created": AT.isoformat(),
    },
    "api_keys": {
        "id": "0a1b2c3d", "name": "Витрина", "secret_digest": "d", "scopes": "read", "created": AT.isoformat(),
        "expires": None, "used": None,
    },
    "packs": {"id": "p1", "owner": 7, "version": 1, "link": "l"},
    "pack_versions": {
        "pack": "p1", "number": 1, "content": '{"title": "Неделя", "id": "p1"}', "author": "Анна",
        "at": AT.isoformat(), "restores": None,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_of_the_schema_before(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, kind: str
) -> None:
    lines = {
        f"store/{table}.jsonl": json.dumps(row, ensure_ascii=False).encode() + b"\n"
        for table, row in OF_0007.items()
    }
    file = write_archive(tmp_path / "b.zip", lines, schema="0007")
    with make("new", new_database(kind)) as book:
        book.restore(file)
        assert book.keys.all() == [ApiKey("0a1b2c3d", "Витрина", (Scope.READ,), AT)]
        assert book.packs.shared("l").pack == Pack("Неделя", id="p1")
        anna = book.accounts.named("анна")
        assert book.keys.add("Новый", [Scope.PACKS], account=anna)[0] in book.keys.of(anna)


@pytest.mark.parametrize("kind", KINDS)
def test_over_a_database_of_an_earlier_schema(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, kind: str
) -> None:
    url = new_database(kind)
    with Database(url).write_unprepared() as connection:
        upgrade(connection, "0001")
    with make("new", url) as book:
        book.restore(write_archive(tmp_path / "b.zip", {}))
        assert book.reviews() == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_only_replaced_when_asked(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, kind: str
) -> None:
    empty = write_archive(tmp_path / "b.zip", {})
    with make("new", new_database(kind), search_log="on") as book:
        passage = write_something(book)
        before = everything(book)
        with pytest.raises(BackupError, match="accounts.*--replace"):
            book.restore(empty)
        assert everything(book) == before
        book.restore(empty, replace=True)
        assert not any(everything(book).values())
        assert book.passage(passage)[0].tags == (), "what was said is gone from the index too"


def damaged(file: Path) -> None:
    whole = file.read_bytes()
    place = whole.index(b"passage")
    file.write_bytes(whole[:place] + b"massage" + whole[place + 7 :])


def without_a_part(file: Path) -> None:
    digests = {"store/reviews.jsonl": hashlib.sha256(b"").hexdigest()}
    write_archive(file, {}, sha256=digests)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no archive": (lambda file: file.write_bytes(b"PK but not really"), "cannot be restored"),
    "empty": (lambda file: file.write_bytes(b""), "cannot be restored"),
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:-100]), "cannot be restored"),
    "damaged": (damaged, "store/tag_reviews.jsonl|CRC"),
    "a part is missing": (without_a_part, "store/reviews.jsonl is missing"),
    "another archive": (lambda file: zipfile.ZipFile(file, "w").close(), "no manifest"),
    "a manifest of nothing": (lambda file: write_archive(file, {}, sha256=None, format=None), "no manifest"),
    "a newer format": (lambda file: write_archive(file, {}, format=2), "newer"),
    "a newer schema": (lambda file: write_archive(file, {}, schema="9999"), "newer"),
    "rows of no table": (
        lambda file: write_archive(file, {"store/reviews.jsonl": b'{"colour": "red"}\n'}),
        "cannot be restored",
    ),
    "no rows": (lambda file: write_archive(file, {"store/reviews.jsonl": b"red\n"}), "cannot be restored"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_archive_changes_nothing(
    make: MakeBook, new_database: NewDatabase, tmp_path: Path, fault: str
) -> None:
    spoil, said = BAD[fault]
    file = write_archive(
        tmp_path / "b.zip", {"store/tag_reviews.jsonl": json.dumps(OLDEST).encode()}, schema="0001"
    )
    spoil(file)
    with make("new", new_database("sqlite")) as book:
        book.propose_term("есть", "ru", "Анна")
        with pytest.raises(BackupError, match=said):
            book.restore(file, replace=True)
        assert [one.text for one in book.proposals()] == ["есть"]


def test_a_name_in_an_archive_is_no_path(make: MakeBook, new_database: NewDatabase, tmp_path: Path) -> None:
    name = "../../escaped.ttl"
    file = write_archive(tmp_path / "b.zip", {name: b"x"}, vocabulary=name)
    with make("new", new_database("sqlite")) as book:
        assert book.restore(file).vocabulary == tmp_path / "new/home/vocabulary.ttl"
    assert not list(tmp_path.rglob("escaped*"))


def test_a_place_that_cannot_be_written(make: MakeBook, new_database: NewDatabase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with make("old", new_database("sqlite")) as book, pytest.raises(BackupError, match="cannot be written"):
        book.backup(tmp_path / "file" / "b.zip")


def test_people_have_a_word_for_the_rows_of_each_table() -> None:
    assert set(_ROWS) == METADATA.tables.keys() - _LEFT_OUT


# --- The commands --------------------------------------------------------------------------------


def test_by_command(open_book: MakeBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kb, "open", open_book)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "old")
    monkeypatch.setenv("KB_INTERFACE", "zh-Hant")
    run = CliRunner().invoke
    with open_book() as book:
        book.propose_term("тайный гость", "ru", "Анна")
    listed = run(main, ["principles", "proposals", "--csv"]).output.splitlines()
    assert listed[1].startswith("тайный гость,ru,Анна,2")
    backup = run(main, ["backup", "../b.zip"])
    assert backup.exit_code == 0 and "1 proposed term, 1 setting" in backup.output
    monkeypatch.delenv("KB_INTERFACE")
    monkeypatch.chdir(tmp_path / "new")
    restored = run(main, ["restore", "../b.zip"])
    assert restored.exit_code == 0 and "Restored 1 proposed term of " in restored.output
    assert Path(".env").read_text() == "KB_INTERFACE='zh-Hant'\n"
    assert open_book().settings.interface == "zh-Hant"
    assert json.loads(run(main, ["principles", "proposals", "--json"]).output)["total"] == 1
    again = run(main, ["restore", "../b.zip"])
    assert again.exit_code == 1 and "--replace" in again.output
    assert "stays as it is" in run(main, ["restore", "../b.zip", "--replace"]).output
    assert run(main, ["principles", "proposals", "--drop", "тайный гость"]).output == ""
    assert run(main, ["principles", "proposals", "--drop", "нет такого"]).exit_code == 1
