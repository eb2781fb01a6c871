"""What `kb doctor` says: of settings that only go wrong when there are several nodes, and of a single file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kb.doctor import examine
from tests.conftest import MakeBook


@pytest.mark.parametrize(
    ("database", "secret", "warned"),
    [
        ("", "", False),
        ("sqlite:///x.sqlite", "", False),
        ("postgresql://kb@127.0.0.1:1/kb", "", True),
        ("postgresql://kb@127.0.0.1:1/kb", "the same everywhere", False),
    ],
)
def test_nodes_over_one_database_need_one_secret(make_book, tmp_path, database, secret, warned):
    database = database.replace("x.sqlite", f"{tmp_path}/x.sqlite")
    book = make_book({"a.md": "# Жалоба"}, index=False, database_url=database, secret_key=secret)
    said = [diagnosis.remedy for diagnosis in examine(book) if diagnosis.subject == "settings"]
    assert any("KB_SECRET_KEY" in remedy for remedy in said) is warned


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda corpus: None, "Unchanged since the last indexing: 1 file."),
        (
            lambda corpus: (corpus / "a.md").write_text("# Один\n\nИначе.", "utf-8"),
            "Since the last indexing: 1 file changed, 0 new, 0 gone.",
        ),
    ],
)
def test_a_single_file_is_told_as_one(
    make_book: MakeBook, change: Callable[[Path], object], said: str
) -> None:
    book = make_book({"a.md": "# Один\n\nТекст."})
    change(book.settings.corpus_path)
    told = [diagnosis.message for diagnosis in examine(book)]
    assert said in told
    assert "1 article and 1 passage, all whole." in told
