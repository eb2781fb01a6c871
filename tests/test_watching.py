"""`kb index --watch`: the files are followed as they change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from kb.errors import InvalidRequest, MissingExtra
from kb.watching import changes_below
from tests.conftest import CORPUS, new_home, write_files
from tests.samples import GIFT, QUEUE


class Following:
    """`kb index --watch` in a process of its own."""

    def __init__(self, home: Path, articles: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "kb", "index", "--watch"],
            env={**os.environ, "KB_HOME": str(home), "KB_CORPUS": str(articles), "PYTHONPATH": str(CORPUS.parent)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            # What a shell runs in the background ignores Ctrl-C, and so would its children.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def told(self) -> tuple[str, str]:
        """The next change: what became of a file, and its name."""
        words = self._process.stdout.readline().split()
        return words[1], Path(words[-3]).name

    def stop(self) -> tuple[int, str]:
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=60)
        return self._process.returncode, errors


def test_each_change_is_a_line_until_ctrl_c(tmp_path, vocabulary_cache):
    articles = tmp_path / "articles"
    write_files(articles, {"a.md": GIFT, ".git/x.md": QUEUE})
    following = Following(new_home(tmp_path, vocabulary_cache), articles)
    try:
        assert following.told() == ("added", "a.md")
        write_files(articles, {"a.md": GIFT, "b.md": QUEUE})
        assert following.told() == ("added", "b.md")
        write_files(articles, {"a.md": GIFT, "b.md": QUEUE + "\nЕщё.\n"})
        assert following.told() == ("changed", "b.md")
        (articles / "a.md").rename(articles / "c.md")
        assert following.told() == ("moved", "c.md")
        (articles / "b.md").unlink()
        assert following.told() == ("removed", "b.md")
    finally:
        status, errors = following.stop()
    assert (status, errors.strip()) == (0, "kb: stopped following")


def turns(sources, do) -> int:
    """How many turns there are when `do` is done after the first and the watching ends a second later."""
    stop = threading.Event()
    count = 0
    for _ in changes_below(sources, stop):
        count += 1
        if count == 1:
            do()
        threading.Timer(1.0, stop.set).start()
    return count


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: (folder / "b.md").write_text("x"), 2),
        (lambda folder: (folder / "deep" / "c.md").write_text("x"), 2),
        (lambda folder: (folder / ".kb").write_text("x"), 1),
        (lambda folder: (folder / ".git" / "c.md").write_text("x"), 1),
        (lambda folder: None, 1),
    ],
)
def test_what_is_a_change(tmp_path, change, expected):
    for name in ("deep", ".git"):
        (tmp_path / name).mkdir()
    assert turns([tmp_path], lambda: change(tmp_path)) == expected


def test_a_file_that_is_replaced_is_followed(tmp_path):
    (tmp_path / "a.md").write_text("old")

    def replace() -> None:
        (tmp_path / "a.md.new").write_text("new")
        (tmp_path / "a.md.new").replace(tmp_path / "a.md")

    assert turns([tmp_path / "a.md"], replace) == 2


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(InvalidRequest, match="no folder"):
        next(changes_below([tmp_path / "none" / "a"]))


def test_without_the_library_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtra, match=r"servicebook\[watch\]"):
        next(changes_below([tmp_path]))
