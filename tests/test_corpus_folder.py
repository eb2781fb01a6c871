"""Articles in the corpus folder: what their files say and are called, and that a failure leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.corpus_folder import ArticleFile, FolderChanges, WrittenArticle, changing, checked, outcome
from kb.errors import InvalidRequest, WriteRefused
from kb.indexing.changes import LONGEST_ID
from kb.models import Problem, SourceFile
from kb.readers import MAX_BYTES, read
from tests.conftest import write_files

TEXT = "# Два\n\nТекст.\n"


@pytest.fixture
def changes(tmp_path: Path) -> FolderChanges:
    return FolderChanges(tmp_path)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


# --- What is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (TEXT, f"---\nid: 'dva'\n---\n\n{TEXT}"),
        (f"\ufeff{TEXT}", f"---\nid: 'dva'\n---\n\n{TEXT}"),
        (f"---\ntitle: Т\n---\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n---\n{TEXT}"),
        (f"---\nID : other\ntitle: Т\nid: two\n---\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n---\n{TEXT}"),
        # All that is read as front matter: as Windows ends lines, below empty ones, as YAML ends, unfinished.
        (f"---\r\ntitle: Т\r\n---\r\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n---\n{TEXT}"),
        (f"\n\n---\ntitle: Т\n---\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n---\n{TEXT}"),
        (f"---\ntitle: Т\n...\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n...\n{TEXT}"),
        (f"---\ntitle: Т\n\n{TEXT}", f"---\nid: 'dva'\ntitle: Т\n\n{TEXT}"),
        # And none of what is not.
        ("Текст.\n\n---\nid: x\n---\n", "---\nid: 'dva'\n---\n\nТекст.\n\n---\nid: x\n---\n"),
        ("---\n\nПод чертой.\n\n---\n", "---\nid: 'dva'\n---\n\n---\n\nПод чертой.\n\n---\n"),
    ],
)
def test_markdown_states_its_id(content: str, stated: str, tmp_path: Path) -> None:
    (file,) = checked([ArticleFile("dva", ".md", content.encode())])
    assert file.content.decode() == stated
    (tmp_path / "a.md").write_bytes(file.content)
    (article,) = read(tmp_path / "a.md").articles
    assert (article.stated_id, article.title) == ("dva", "Т" if "title" in content else article.title)


def test_other_formats_are_written_as_they_come() -> None:
    file = ArticleFile("dva", ".txt", TEXT.encode())
    assert checked([file]) == [file]


@pytest.mark.parametrize(
    ("file", "parameter"),
    [
        (ArticleFile("Dva", ".md", b"x"), "article_id"),
        (ArticleFile("", ".md", b"x"), "article_id"),
        (ArticleFile("a--b", ".md", b"x"), "article_id"),
        (ArticleFile("a" * (LONGEST_ID + 1), ".md", b"x"), "article_id"),
        (ArticleFile("a", ".exe", b"x"), "format"),
        (ArticleFile("a", ".txt", b" \n"), "content"),
        (ArticleFile("a", ".txt", b"x" * (MAX_BYTES + 1)), "content"),
        (ArticleFile("a", ".md", "ё".encode("cp1251")), "content"),
    ],
    ids=lambda value: value.id[:9] if isinstance(value, ArticleFile) else value,
)
def test_what_cannot_be_written(file: ArticleFile, parameter: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked([file])
    assert refused.value.parameter == parameter


def test_the_longest_id_and_the_largest_file() -> None:
    assert checked([ArticleFile("a" * LONGEST_ID, ".txt", b"x" * MAX_BYTES)])


def test_an_article_is_named_once() -> None:
    a, b = (ArticleFile(id, ".md", b"x") for id in "ab")
    assert len(checked([a, b], ["c"])) == 2
    with pytest.raises(InvalidRequest, match="“a” is named 3 times"):
        checked([a, b, a], ["a"])


# --- Where it is written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "suffix", "name"),
    [
        ([], ".md", "dva.md"),
        (["dva.md"], ".md", "dva-2.md"),
        (["dva.md", "dva-2.md"], ".md", "dva-3.md"),
        (["dva.txt"], ".md", "dva.md"),  # Markdown states its id itself
        (["dva.md"], ".txt", "dva-2.txt"),  # the metadata beside it would speak for both
        (["dva.yml"], ".txt", "dva-2.txt"),
        (["dva.yml"], ".md", "dva.md"),
        (["dva.jpg"], ".txt", "dva.txt"),
    ],
)
def test_a_new_file_takes_nobody_s_place(
    changes: FolderChanges, there: list[str], suffix: str, name: str
) -> None:
    write_files(changes.root, dict.fromkeys(there, TEXT))
    assert changes.new_file(ArticleFile("dva", suffix, b""), ()).name == name


def test_a_new_file_takes_no_place_that_the_index_knows(changes: FolderChanges) -> None:
    taken = {str(changes.root / "dva.md")}
    assert changes.new_file(ArticleFile("dva", ".md", b""), taken).name == "dva-2.md"


@pytest.mark.parametrize(
    ("beside", "name"), [([], "two.pdf"), (["two.html"], "dva.pdf"), (["two.jpg"], "two.pdf")]
)
def test_another_format_inherits_the_metadata_that_are_its_own(
    changes: FolderChanges, beside: list[str], name: str
) -> None:
    write_files(changes.root, {"two.md": TEXT, **dict.fromkeys(beside, TEXT)})
    assert changes.heir(changes.root / "two.md", ArticleFile("dva", ".pdf", b""), ()).name == name


def test_metadata_state_the_id_and_keep_the_rest(changes: FolderChanges) -> None:
    write_files(changes.root, {"two.yml": "licence: CC0\nid: other\n"})
    changes.state_id(changes.root / "two.pdf", "dva")
    assert files(changes.root) == {"two.yml": "id: 'dva'\nlicence: CC0\n"}


def test_metadata_that_speak_for_others_are_left_alone(changes: FolderChanges) -> None:
    write_files(changes.root, {"two.html": TEXT, "two.md": TEXT})
    with pytest.raises(WriteRefused, match=r"two\.yml would speak for two\.html too"):
        changes.state_id(changes.root / "two.pdf", "dva", replaced=changes.root / "two.md")


@pytest.mark.parametrize(("others", "left"), [([], []), (["two.txt"], ["two.txt", "two.yml"])])
def test_with_a_file_goes_what_speaks_for_it_alone(
    changes: FolderChanges, others: list[str], left: list[str]
) -> None:
    write_files(changes.root, {"two.md": TEXT, "two.yml": "licence: CC0\n", **dict.fromkeys(others, TEXT)})
    changes.remove(changes.root / "two.md")
    assert sorted(files(changes.root)) == left
    there, gone = changes.touched()
    assert (there, gone) == ([], [changes.root / "two.md"])


# --- All or nothing ------------------------------------------------------------------------------

BEFORE = {"one.md": "# Один\n", "sub/two.txt": "Два\n", "sub/two.yml": "licence: CC0\n"}


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError(28, "No space left on device")])
def test_after_an_error_all_is_as_before(tmp_path: Path, error: Exception) -> None:
    write_files(tmp_path, BEFORE)
    refused = WriteRefused if isinstance(error, OSError) else type(error)
    with pytest.raises(refused), changing(tmp_path) as changes:
        changes.write(tmp_path / "one.md", b"changed")
        changes.write(tmp_path / "one.md", b"changed again")
        changes.write(tmp_path / "new.md", b"new")
        changes.remove(tmp_path / "sub" / "two.txt")
        assert set(files(tmp_path)) == {"one.md", "new.md"}
        raise error
    assert files(tmp_path) == BEFORE


def test_what_lies_elsewhere_is_not_touched(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside.md": TEXT, "corpus/a.md": TEXT})
    (tmp_path / "corpus" / "link.md").symlink_to(tmp_path / "outside.md")
    with changing(tmp_path / "corpus") as changes:
        for path in (
            tmp_path / "outside.md",
            tmp_path / "corpus" / "link.md",
            tmp_path / "corpus/../outside.md",
        ):
            for change in (
                lambda path=path: changes.write(path, b"x"),
                lambda path=path: changes.remove(path),
            ):
                with pytest.raises(WriteRefused, match="outside of the corpus folder"):
                    change()
    assert (tmp_path / "outside.md").read_text("utf-8") == TEXT


def test_a_corpus_that_is_one_file_is_not_written_to(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": TEXT})
    with pytest.raises(WriteRefused, match="KB_CORPUS is not a folder"), changing(tmp_path / "a.md"):
        pass


@pytest.mark.parametrize("mode", [0o644, 0o664, 0o600])
def test_a_file_keeps_who_may_read_it(changes: FolderChanges, mode: int) -> None:
    path = changes.root / "a.md"
    path.write_bytes(b"old")
    path.chmod(mode)
    changes.write(path, b"new")
    assert path.stat().st_mode & 0o777 == mode


def test_a_new_file_may_be_read_by_all(changes: FolderChanges) -> None:
    changes.write(changes.root / "a.md", b"new")
    assert (changes.root / "a.md").stat().st_mode & 0o777 == 0o644


# --- What became of it ---------------------------------------------------------------------------


def record(*ids: str) -> SourceFile:
    problem = Problem("a.md", None, "empty-article", "Nothing is in it.", "error")
    return SourceFile("a.md", 1, 1, 1, "d", "p", tuple((id, id) for id in ids), 3, (problem,))


@pytest.mark.parametrize(("was_there", "said"), [(False, "created"), (True, "replaced")])
def test_what_became_of_an_article(was_there: bool, said: str) -> None:
    assert outcome("a", record("a"), was_there) == WrittenArticle("a", said, 3, record("a").problems)


def test_what_cannot_be_read_as_the_article_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="“a” cannot be read: Nothing is in it"):
        outcome("a", record(), False)
    for ids in (("b",), ("a", "b")):
        with pytest.raises(WriteRefused, match="“b”; write it under that id"):
            outcome("a", record(*ids), False)
