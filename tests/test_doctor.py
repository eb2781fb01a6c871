"""What `kb doctor` says of settings that only go wrong when there are several nodes."""

from __future__ import annotations

import pytest

from kb.doctor import examine


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
