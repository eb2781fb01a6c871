"""Files that appear whole, or not at all."""

from __future__ import annotations

import stat

import pytest

from kb.whole_files import whole_file


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_file_appears_whole(tmp_path, before):
    path = tmp_path / "a.md"
    if before is not None:
        path.write_bytes(before)
    with whole_file(path, 0o640) as file:
        file.write(b"new")
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", [None, b"old"])
def test_an_error_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "a.md"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"new")
        _ = 1 / 0
    assert [found.read_bytes() for found in tmp_path.iterdir()] == ([] if before is None else [before])


def test_only_its_owner_reads_it_unless_told_otherwise(tmp_path):
    with whole_file(tmp_path / "a"):
        pass
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
