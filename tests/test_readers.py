"""Files and folders → articles and problems: the table of formats, and everything a file system can do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb.models import Problem
from kb.readers import MAX_BYTES, find, read

ROOT_READS_ALL = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)


def write(path: Path, text: str = "# Встреча\n\nПервые слова решают.\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def codes(path: Path) -> list[str]:
    return [problem.code for problem in read(path).problems]


def found(root: Path) -> list[str]:
    """What `find` gives, paths below the root and codes of problems."""
    return [
        f"{Path(item.file).relative_to(root).as_posix()}: {item.code}"
        if isinstance(item, Problem)
        else item.relative_to(root).as_posix()
        for item in find(root)
    ]


# --- The table of formats -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".txt"])
def test_each_format_written_as_text_is_read(suffix: str, tmp_path: Path) -> None:
    reading = read(write(tmp_path / f"a{suffix}"))
    assert [article.title for article in reading.articles] == ["Встреча"]
    assert not reading.problems


def test_a_format_is_known_by_its_suffix_in_any_case(tmp_path: Path) -> None:
    assert read(write(tmp_path / "A.MD")).articles


def test_no_reader_is_imported_before_it_is_needed() -> None:
    code = "import sys, kb.readers; print([m for m in sys.modules if m.startswith('markdown_it')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- Files that cannot be read ------------------------------------------------------------------


def test_an_unknown_format(tmp_path: Path) -> None:
    (problem,) = read(write(tmp_path / "a.xyz")).problems
    assert problem.code == "unknown-format"
    assert ".md" in problem.message


def test_a_missing_file(tmp_path: Path) -> None:
    assert codes(tmp_path / "nowhere.md") == ["unreadable-file"]


def test_a_folder_with_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    assert codes(tmp_path / "a.md") == ["unreadable-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    assert codes(tmp_path / "a.md") == ["unreadable-file"]


@ROOT_READS_ALL
def test_a_file_one_may_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.md").chmod(0)
    assert codes(tmp_path / "a.md") == ["unreadable-file"]


def test_a_zero_byte_in_the_path() -> None:
    assert codes(Path("a\0b.md")) == ["unreadable-file"]


def test_a_gigantic_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the file was opened"))
    assert codes(path) == ["file-too-large"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b" \n\t\r\n", "empty-file"),
        ("\ufeff\u200b\n".encode(), "empty-file"),
        (b"abc\x00def", "binary-file"),
        (b"\x80abc", "unknown-encoding"),
        (b"---\ntitle: T\n---\n", "empty-article"),
    ],
)
def test_content_that_is_no_article(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(content)
    reading = read(path)
    assert reading.articles == ()
    assert [problem.code for problem in reading.problems] == [code]


def test_a_bug_of_a_reader_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("kb.readers.markdown.read", fail)
    (problem,) = read(write(tmp_path / "a.md")).problems
    assert (problem.code, problem.severity) == ("reader-failed", "error")
    assert "ZeroDivisionError: oops" in problem.message


def test_problems_call_the_file_by_the_name_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "")
    assert [problem.file for problem in read(path, "corpus/a.md").problems] == ["corpus/a.md"]
    assert [problem.file for problem in read(path).problems] == [str(path)]


def test_problems_come_by_line_and_each_once(tmp_path: Path) -> None:
    text = "---\ndate: nie\n---\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"
    problems = read(write(tmp_path / "a.md", text)).problems
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "bad-date"),  # though both versions have it
        (4, "merge-conflict"),
        (6, "merge-conflict"),
        (8, "merge-conflict"),
    ]


def test_a_file_without_any_title_is_called_by_its_name(tmp_path: Path) -> None:
    (article,) = read(write(tmp_path / "первая-минута.md", "Просто абзац.")).articles
    assert article.title == "первая-минута"


# --- Folders ------------------------------------------------------------------------------------


def test_files_are_found_in_sorted_order_whatever_lies_beside_them(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/b/c.MD", "c.jpg", ".hidden.md", ".git/d.md", "README"):
        write(tmp_path / name)
    assert found(tmp_path) == ["a/b/c.MD", "a/z.txt", "b.md"]


def test_what_browsers_put_beside_a_saved_page_is_passed_over(tmp_path: Path) -> None:
    for name in ("Очередь.html", "Очередь_files/part.html", "notes_files/a.md", "Очередь_more/b.md"):
        write(tmp_path / name)
    assert found(tmp_path) == ["notes_files/a.md", "Очередь.html", "Очередь_more/b.md"]


def test_a_file_is_found_as_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.unknown")
    assert list(find(path)) == [path]


def test_nothing_there(tmp_path: Path) -> None:
    assert [item.code for item in find(tmp_path / "nowhere") if isinstance(item, Problem)] == ["missing"]


@ROOT_READS_ALL
def test_a_folder_one_may_not_enter(tmp_path: Path) -> None:
    write(tmp_path / "a" / "a.md")
    write(tmp_path / "b.md")
    (tmp_path / "a").chmod(0)
    try:
        assert found(tmp_path) == ["a: unreadable-folder", "b.md"]
    finally:
        (tmp_path / "a").chmod(0o755)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a" / "a.md")
    write(tmp_path / "b.md")
    iterdir = Path.iterdir

    def refuse(self: Path) -> object:
        if self.name == "a":
            raise PermissionError(13, "Permission denied")
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert found(tmp_path) == ["a: unreadable-folder", "b.md"]


def test_a_link_to_a_folder_that_contains_it(tmp_path: Path) -> None:
    write(tmp_path / "a" / "a.md")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "here").symlink_to(".")
    assert found(tmp_path) == ["a/a.md", "a/here: symlink-loop", "a/up: symlink-loop"]


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("b.md")
    (tmp_path / "b.md").symlink_to("a.md")
    assert found(tmp_path) == ["a.md: symlink-loop", "b.md: symlink-loop"]


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("nowhere.md")
    (tmp_path / "picture.jpg").symlink_to("nowhere.jpg")
    assert found(tmp_path) == ["a.md: unreadable-file"]


def test_what_is_linked_from_within_is_found_once_in_its_place(tmp_path: Path) -> None:
    write(tmp_path / "z" / "a.md")
    (tmp_path / "b").symlink_to("z")
    (tmp_path / "c.md").symlink_to("z/a.md")
    assert found(tmp_path) == ["z/a.md"]


def test_a_folder_outside_is_entered_once(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(outside / "a.md")
    write(outside / "b.md")
    (outside / "back").symlink_to(root)
    root.mkdir()
    (root / "one").symlink_to(outside)
    (root / "two").symlink_to(outside)
    (root / "c.md").symlink_to(write(tmp_path / "elsewhere.md"))
    assert found(root) == ["c.md", "one/a.md", "one/b.md"]


def test_very_deep_folders(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(100):
        folder = folder / "d"
    write(folder / "a.md")
    assert len(found(tmp_path)) == 1


def test_the_root_itself_may_be_a_link_or_hidden(tmp_path: Path) -> None:
    write(tmp_path / ".real" / "a" / "a.md")
    (tmp_path / "root").symlink_to(".real")
    assert found(tmp_path / "root") == ["a/a.md"]
    assert found(tmp_path / ".real") == ["a/a.md"]


def test_a_link_to_a_hidden_folder_is_followed(tmp_path: Path) -> None:
    write(tmp_path / ".shared" / "a.md")
    (tmp_path / "shared").symlink_to(".shared")
    assert found(tmp_path) == ["shared/a.md"]
