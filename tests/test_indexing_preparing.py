"""Reading and analysing in several processes gives what one gives (`kb.indexing.preparing`)."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from kb import readers
from kb.indexing import preparing, workers
from tests.conftest import CORPUS, new_home, write_files
from tests.deadly_reader import deadly_preparer, deadly_reader
from tests.samples import CONFLICT, GIFT, QUEUE, SERVICE, answers
from tests.test_readers_formats import FILES as FORMATS

STARTER = {
    f"{path.parent.name}/{path.name}": path.read_text() for path in sorted(CORPUS.glob("??/*.md"))[::15]
}
FILES = {
    **STARTER,
    "a.md": GIFT,
    "b.txt": QUEUE,
    "same/a.md": GIFT,  # asks for an id that is taken
    "conflict.md": CONFLICT,
    "broken.md": "\x00\x01\x02\xff" * 100,
    "large.md": "# Большая статья\n\n" + "Слова об эмпатии и 服务标准.\n\n" * 50,
    "zh/c.md": SERVICE,
}
ASKED = ["жалоба", "эмпатия", "服务", '"客户投诉"', ""]


@pytest.fixture
def always_workers(monkeypatch):
    monkeypatch.setattr(preparing, "WORTH_A_WORKER", 1)


def test_any_number_of_jobs_gives_the_same_index(tmp_path, open_book, always_workers, vocabulary_cache):
    write_files(tmp_path / "articles", FILES)
    seen = []
    for jobs in (1, 2):
        home = new_home(tmp_path / str(jobs), vocabulary_cache)
        with open_book(home=home, corpus=tmp_path / "articles") as book:
            told: list[tuple[int, ...]] = []
            report = book.index(jobs=jobs, progress=lambda *done, told=told: told.append(done))
            files = [replace(file, checked=0) for file in book.engine.files().values()]
            seen.append((report, files, told, answers(book, ASKED)))
    assert seen[0] == seen[1]
    assert {problem.code for problem in report.problems} >= {"binary-file"}


@pytest.mark.parametrize(
    ("name", "content", "script"),
    [
        ("a.md", "# NPS в отеле\n\nГость ждёт.".encode(), "cyrillic"),
        ("a.txt", "---\nid: complaint\n---\n客人投诉".encode(), "han"),
        ("a.markdown", b"# A guest", "latin"),
        ("a.md", "Гость ждёт".encode("cp1251"), ""),
        ("a.md", b"...", ""),
        ("a.docx", b"PK", ""),
    ],
)
def test_the_script_of_a_file_is_told_by_its_beginning(tmp_path, name, content, script):
    (tmp_path / name).write_bytes(content)
    assert preparing._script(str(tmp_path / name)) == script
    assert preparing._script(str(tmp_path / "gone.md")) == ""


def test_an_archive_is_read_one_file_after_the_other(tmp_path, monkeypatch):
    """It tells between them that it goes on, and only then what it is; its articles wait on disk."""
    path = tmp_path / "all.zip"
    with ZipFile(path, "w") as archive:
        for name, text in (("a.md", GIFT), ("b.txt", QUEUE), ("c.md", "\x00\x01" * 100), ("d.md", GIFT)):
            archive.writestr(name, text)
    monkeypatch.setattr(preparing, "_IN_MEMORY", 10)
    said = list(preparing._said(str(path)))
    assert said[:4] == [b""] * 4
    ((file, articles),) = ((file, list(articles)) for file, articles in preparing.read_apart([str(path)]))
    assert replace(preparing._decode_file(said[4]), checked=file.checked) == file
    assert [article.title for article in articles] == [article.title for _, article in file.articles]
    assert [article.sections for article in articles] == [a.sections for a in readers.read(path).articles]
    assert {problem.code for problem in file.problems} >= {"binary-file"}


# --- A file that crashes what reads it ------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_crashes_its_reader_is_a_problem_and_stays_as_it_was(
    tmp_path, open_book, always_workers, monkeypatch, vocabulary_cache, jobs
):
    names = ("a", "b", "deadly", "endless", "z")
    files = {f"{name}.md": f"# {name}\n\nЖалоба {name}.\n" for name in names}
    write_files(tmp_path / "articles", files)
    with open_book(home=new_home(tmp_path, vocabulary_cache), corpus=tmp_path / "articles") as book:
        book.index()
        write_files(tmp_path / "articles", {n: text.replace("Жал", "Новая жал") for n, text in files.items()})
        with monkeypatch.context() as patch:
            patch.setattr(readers, "PLAIN", ())  # any format will do, and Markdown is quick
            patch.setattr(preparing, "_reading_worker", deadly_reader)
            patch.setattr(preparing, "_preparing_worker", deadly_preparer)
            patch.setattr(preparing, "SECONDS", 1.0)
            problems = book.index(jobs=jobs).problems
            checked = book.check([tmp_path / "articles" / "deadly.md"]).problems
        assert [(Path(one.file).name, one.code, one.severity) for one in problems] == [
            ("deadly.md", "reader-died", "error"),
            ("endless.md", "reader-too-slow", "error"),
        ]
        assert checked == problems[:1]
        texts = {article.id: book.article(article.id)[1][0].text for article in book.articles()}
        old = {name: f"Жалоба {name}." for name in ("deadly", "endless")}
        assert texts == {**{name: f"Новая жалоба {name}." for name in names}, **old}
        assert not book.index(jobs=1).problems  # they are tried again the next time
        assert book.article("deadly")[1][0].text == "Новая жалоба deadly."


def test_foreign_parsers_never_run_in_this_process(tmp_path, open_book, monkeypatch):
    """Not for `kb index`, nor for `kb check`, with one job; what is text is read here, without another."""
    write_files(tmp_path / "articles", {"b.md": GIFT, "c.txt": QUEUE})
    shutil.copy(FORMATS / "complaint.odt", tmp_path / "articles" / "a.odt")
    here = []
    read = readers.read_in_parts
    monkeypatch.setattr(readers, "read_in_parts", lambda path: here.append(path.name) or read(path))
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        assert book.check().articles == book.index().articles == 3
    assert here == ["b.md", "c.txt"] * 2


def test_what_two_versions_have_in_common_is_told_once(tmp_path, open_book):
    stated = "---\nprinciples: [nonsense]\n---\n\n"
    write_files(tmp_path / "articles", {"conflict.md": stated + CONFLICT})
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        report = book.check()
    assert report.articles == 2
    assert [p.code for p in report.problems].count("unknown-principle") == 1


def test_few_changed_files_start_no_workers(tmp_path, open_book, monkeypatch):
    monkeypatch.setattr(workers.subprocess, "Popen", None)
    write_files(tmp_path / "articles", {"a.md": GIFT, "b.md": QUEUE})
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        assert book.index(jobs=8).added == 2


# --- A file that changes while it is read ---------------------------------------------------------


def change_while_reading(monkeypatch, texts):
    """Reading a file first gives it the next of these texts, as long as there are any."""
    coming = iter(texts)
    read = readers.read_in_parts

    def changed(path):
        found = list(read(path))
        if text := next(coming, None):
            path.write_text(text, encoding="utf-8")
            os.utime(path, (1_600_000_000 + len(text),) * 2)
        return found

    monkeypatch.setattr(readers, "read_in_parts", changed)


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path, open_book, monkeypatch):
    write_files(tmp_path / "articles", {"a.md": "# А\n\nПервый.\n"})
    change_while_reading(monkeypatch, ["# А\n\nВторой текст.\n"])
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        assert not book.index().problems
        assert book.article("a")[1][0].text == "Второй текст."
        assert book.index().unchanged == 1


def test_a_file_that_keeps_changing_is_told_and_read_the_next_time(tmp_path, open_book, monkeypatch):
    write_files(tmp_path / "articles", {"a.md": "# А\n\nПервый.\n"})
    change_while_reading(monkeypatch, [f"# А\n\nТекст {'!' * n}\n" for n in range(1, 4)])
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        (problem,) = book.index().problems
        assert problem.code == "file-changing"
        assert not book.index().problems
        assert book.article("a")[1][0].text == "Текст !!!"
