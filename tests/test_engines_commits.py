"""Whatever happens to the files of an index, it says so and `index` makes it whole again."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from kb.errors import EngineError, IndexDamaged, NotFound
from tests.conftest import write_files
from tests.samples import GIFT, QUEUE, SERVICE, answers

OLD = {"a.md": GIFT, "b.md": QUEUE, "zh/c.md": SERVICE}
NEW = {"a.md": GIFT + "\nГость вернулся.\n", "d.md": QUEUE, "zh/c.md": SERVICE}
ASKED = ["жалоба", '"客户投诉"', ""]

# Who opens a broken file may leave it to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def files_of(home: Path) -> list[Path]:
    return sorted(path for path in (home / "index").rglob("*MAIN*") if path.stat().st_size)


@pytest.fixture(scope="module")
def good(tmp_path_factory, open_book):
    """A home whose index is of NEW and was of OLD, its articles, and what it answers in both states."""
    folder = tmp_path_factory.mktemp("good")
    seen = []
    with open_book(home=folder / "home", corpus=folder / "articles") as book:
        for state in (OLD, NEW):
            write_files(folder / "articles", state)
            book.index()
            seen.append(answers(book, ASKED))
    return folder, seen


@pytest.fixture
def damaged(good, tmp_path, open_book):
    """`damaged(do)`: a book whose index is a copy of the good one with something done to its files."""
    folder, _ = good
    opened = []

    def make(do):
        home = tmp_path / str(len(opened))
        shutil.copytree(folder / "home", home)
        do(files_of(home))
        opened.append(open_book(home=home, corpus=folder / "articles"))
        return opened[-1]

    yield make
    for book in opened:
        book.close()


def is_mended(book, good) -> None:
    """The index is what a fresh one would be, and nothing is left to be mended."""
    assert answers(book, ASKED) == good[1][1]
    assert not book.engine.damage()
    assert not book.index().problems


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def truncate(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: -rng.randint(1, path.stat().st_size)])


def grow(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes() + rng.randbytes(10))


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("damage", [flip, truncate, grow, lambda path, rng: path.unlink()])
def test_any_damaged_file_is_found_and_mended(damaged, good, number, damage):
    """Before it is, a search answers as before or after the last change, or says what is wrong. (A bit
    flipped in a segment may go unseen until then: all is read only when indexing.)"""
    rng = random.Random(number)
    book = damaged(lambda files: damage(files[number], rng))
    damage_is_seen = bool(book.engine.damage())
    try:
        before = answers(book, ASKED)
    except IndexDamaged as error:
        assert "kb index" in str(error)
    except NotFound:  # the bit was one of an article's id
        assert damage is flip
    else:
        assert before in good[1] or damage is flip
    report = book.index()
    assert {problem.code for problem in report.problems} == ({"index-rebuilt"} if damage_is_seen else set())
    is_mended(book, good)


def test_the_damage_is_in_what_is_current(damaged):
    """The table above damages both tables of contents and all segments."""
    book = damaged(lambda files: None)
    files = files_of(book.settings.home)
    assert len([file for file in files if file.suffix == ".toc"]) == 2
    assert len(files) == 4, files
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        assert bool(book.engine.damage()) == (file.name != min(f.name for f in files if f.suffix == ".toc"))
        file.write_bytes(content)


def test_who_has_the_index_open_goes_on_answering(damaged, good):
    book = damaged(lambda files: None)
    book.search("жалоба")
    toc = max(path for path in files_of(book.settings.home) if path.suffix == ".toc")
    toc.write_bytes(b"garbage")
    assert book.search("жалоба").total
    book.index()
    is_mended(book, good)


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_rebuilt_index_has_all_its_sources(tmp_path, open_book, monkeypatch, is_deleted):
    """… though only one of them was given when it was mended, or when a new process found it deleted."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "one", {"a.md": GIFT})
    write_files(tmp_path / "two", {"b.md": QUEUE})
    write_files(tmp_path / "three", {"c.md": SERVICE})
    with open_book(home=tmp_path / "home") as book:
        book.index([tmp_path / "one", tmp_path / "three"])
        book.index([tmp_path / "two"])
        book.index([], forget=[tmp_path / "three"])
        for path in files_of(tmp_path / "home"):
            path.write_bytes(b"")
    if is_deleted:
        shutil.rmtree(tmp_path / "home" / "index")
    with open_book(home=tmp_path / "home") as book:
        (problem,) = book.index([Path("one")]).problems
        assert problem.code == "index-rebuilt"
        assert {article.title for article in book.articles()} == {"Жалоба как подарок", "Очередь"}
        assert not book.index([Path("one")]).problems


# --- A full disk ----------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: int):
    """A file system of `size` bytes where one may be mounted, else files that cannot grow so large."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if os.geteuid() == 0 and not subprocess.run(mount, capture_output=True, check=False).returncode:
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_changes_nothing(tmp_path, open_book):
    write_files(tmp_path / "articles", OLD)
    large = {
        f"{n}.md": f"# Сервис {n}\n\n" + "".join(f"Слово{n * 500 + w} " for w in range(500))
        for n in range(12)
    }
    with small_disk(tmp_path / "disk", 500_000):
        with open_book(home=tmp_path / "disk" / "home", corpus=tmp_path / "articles") as book:
            book.index()
            before = answers(book, ASKED)
            write_files(tmp_path / "articles", {**OLD, **large})
            for _ in range(2):
                with pytest.raises(EngineError, match=r"cannot be written: (No space left|File too large)"):
                    book.index()
                assert answers(book, ASKED) == before
            assert len(files_of(tmp_path / "disk" / "home")) <= 4  # nor is rubbish left
            write_files(tmp_path / "articles", NEW)
            book.index()
            after = answers(book, ASKED)
        with open_book(home=tmp_path / "fresh", corpus=tmp_path / "articles") as fresh:
            fresh.index()
            assert answers(fresh, ASKED) == after
