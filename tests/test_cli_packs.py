"""`kb pack`: export, list and show."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import docx
import pptx
import pytest
from click.testing import CliRunner, Result

import kb
from kb.cli import main
from kb.models import Role
from tests.conftest import MakeBook, write_files

CAFE = """# Смена в кафе

Эмпатия: поставьте себя на место гостя и скажите ему, что вы его поняли и поможете сейчас.

Обещали перезвонить, значит, перезвоните: надёжность видна по тому, сдержано ли обещание.
"""


@pytest.fixture
def run(make_book: MakeBook, open_book: MakeBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = make_book({"cafe.md": CAFE})
    options = {"home": book.settings.home, "corpus": book.settings.corpus_path}
    monkeypatch.setattr(kb, "open", lambda: open_book(**options))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    run.book = book  # type: ignore[attr-defined]
    return run


def passages(run) -> list[str]:
    return [passage.id for passage in run.book.article(run.book.articles()[0].id)[1]]


def test_a_pack_on_a_principle(run, tmp_path: Path) -> None:
    found = run("pack", "export", "--principle", "empathy", "--language", "ru")
    assert (found.exit_code, found.output) == (0, "Подборка Эмпатия.docx: 1 excerpts\n")
    document = docx.Document(tmp_path / "Подборка Эмпатия.docx")
    assert any("поставьте себя на место гостя" in each.text for each in document.paragraphs)


def test_a_pack_of_passages_to_a_file_and_to_a_pipe(run, tmp_path: Path) -> None:
    both = ",".join(passages(run))
    found = run("pack", "export", "--passages", both, "--format", "pptx", "--title", "Неделя", "-o", "a.pptx")
    assert found.output == "a.pptx: 2 excerpts\n"
    assert len(pptx.Presentation(tmp_path / "a.pptx").slides) == 4
    found = run(
        "pack", "export", "--passages", f" {both}, ", "--format", "docx", "-o", "-", "--language", "zh-Hant"
    )
    text = "\n".join(each.text for each in docx.Document(io.BytesIO(found.stdout_bytes)).paragraphs)
    assert "надёжность видна" in text and "來源" in text


def test_kept_packs_are_listed_shown_and_exported(run) -> None:
    run.book.accounts.add("anna", Role.TRAINER, "лошадь батарея скрепка")
    anna = run.book.accounts.named("anna")
    kept = run.book.packs.keep(run.book.pack_from(passages(run), "Первая неделя", "ru"), anna)
    run.book.packs.share(kept.pack.id, anna)
    found = run("pack", "list").output
    assert (
        f"{kept.pack.id}  Первая неделя  (2 excerpts)" in found
        and "anna, version 1" in found
        and "shared" in found
    )
    listed = json.loads(run("pack", "list", "--json").output)
    assert listed["total"] == 1 and listed["packs"][0]["shared"] is True
    link = run.book.packs.find(kept.pack.id).link
    assert link not in json.dumps(listed), "the link is for its owner to give"
    written = run(
        "pack", "export", kept.pack.id, "--format", "markdown", "-o", "-", "--language", "en"
    ).output
    assert "# Первая неделя" in written and "## Sources" in written
    write_files(
        run.book.settings.corpus_path, {"cafe.md": CAFE.replace("поможете сейчас", "сейчас поможете")}
    )
    run.book.index()
    shown = run("pack", "show", kept.pack.id).output
    assert "поможете сейчас" in shown and "changed; now: Эмпатия" in shown and "сейчас поможете" in shown
    shown = json.loads(run("pack", "show", kept.pack.id, "--json").output)
    assert [state["wording"] for state in shown["states"]] == ["changed", "same"]
    assert shown["owner"] == "anna"
    assert datetime.fromisoformat(shown["changed"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--principle", "nothing"], 1, "no principle"),
        (["--passages", "nowhere"], 1, "no passage"),
        (["nowhere"], 1, "no pack"),
        ([], 2, "--principle, or --passages"),
        (["nowhere", "--principle", "empathy"], 2, "--principle, or --passages"),
        (["--principle", "empathy", "-o", "missing/folder/a.docx"], 2, "cannot be written"),
        (["--principle", "empathy", "--counterparts", "fr"], 2, "“fr”"),
        (["--principle", "empathy", "--format", "pdf"], 2, "pdf"),
    ],
)
def test_what_cannot_be_exported(run, words: list[str], status: int, said: str) -> None:
    found = run("pack", "export", *words)
    assert found.exit_code == status
    assert said in found.output + found.stderr
    assert "Traceback" not in found.output
