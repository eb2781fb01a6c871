"""`kb pack`: export, list and show."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import docx
import pptx
import pytest
from click.testing import CliRunner, Result

import kb
from kb.cli import main
from kb.models import Pack, PackSection, Role
from tests.conftest import MakeBook, account_of, write_files

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
    assert (found.exit_code, found.output) == (0, "Подборка Эмпатия.docx: 1 excerpt\n")
    document = docx.Document(tmp_path / "Подборка Эмпатия.docx")
    assert any("поставьте себя на место гостя" in each.text for each in document.paragraphs)


def test_a_kept_pack_from_its_making_to_its_end(run) -> None:
    anna = account_of(run.book, "anna", Role.TRAINER)
    account_of(run.book, "wang", Role.TRAINER)

    def told(*words: str) -> dict[str, object]:
        found = run("pack", *words, "--json")
        assert found.exit_code == 0, found.output
        answer: dict[str, object] = json.loads(found.stdout)
        return answer

    made = told("keep", "--principle", "empathy", "--language", "ru", "--title", "Неделя", "--by", "anna")
    id = str(made["id"])
    assert (made["title"], made["owner"], made["version"], made["excerpts"]) == ("Неделя", "anna", 1, 1)
    shared = told("share", id, "--by", "anna")
    assert shared["address"] == f"http://127.0.0.1:8000/packs/shared/{shared['link']}"
    assert run.book.packs.shared(str(shared["link"])).pack.id == id
    assert told("withdraw", id, "--by", "anna")["shared"] is False
    kept = run.book.packs.find(id)
    run.book.packs.change(id, replace(kept.pack, title="Другая"), 1, anna)
    assert told("undo", id, "--by", "anna")["title"] == "Неделя"
    assert told("restore", id, "2", "--by", "anna")["title"] == "Другая"
    assert [one["number"] for one in told("history", id)["versions"]] == [4, 3, 2, 1]
    assert "as in version 2" in run("pack", "history", id).output
    (passage,) = set(passages(run)) - {one.passage for one in kept.pack.excerpts}
    assert told("add", id, passage, "--by", "anna")["excerpts"] == 2
    assert run.book.packs.find(id).pack.sections[-1].excerpts[-1].passage == passage
    told("move", id, passage, "--section", "0", "--place", "0", "--by", "anna")
    assert run.book.packs.find(id).pack.sections[0].excerpts[0].passage == passage
    assert told("remove", id, passage, "--by", "anna")["excerpts"] == 1
    assert told("export", id, "--format", "json", "-o", "pack.json")["excerpts"] == 1
    made = json.loads(Path("pack.json").read_text("utf-8"))
    made["introduction"] = "Прочтите вслух."
    made["sections"].append({"title": "Ещё", "excerpts": [{"passage": passage, "note": "Важно"}]})
    Path("pack.json").write_text(json.dumps(made), "utf-8")
    before = run.book.packs.find(id)
    assert told("change", id, "pack.json", "--by", "anna")["version"] == before.version + 1
    now = run.book.packs.find(id).pack
    assert (now.introduction, now.sections[-1].title, now.excerpts[-1].note) == (
        "Прочтите вслух.",
        "Ещё",
        "Важно",
    )
    assert now.excerpts[0] == before.pack.excerpts[0], "what it quoted stays as it was quoted"
    assert now.excerpts[-1].text == run.book.passage(passage)[0].text
    late = run("pack", "change", id, "pack.json", "--based-on", str(before.version), "--by", "anna")
    assert late.exit_code == 1 and "has changed" in late.stderr
    copy = told("copy", id, "--title", "Копия", "--by", "anna")
    assert (copy["title"], copy["version"]) == ("Копия", 1)
    assert run("pack", "delete", id, "--by", "wang").exit_code == 1, "it is not theirs"
    assert told("delete", id, "--by", "anna") == {"deleted": id}
    assert told("export", str(copy["id"]), "--format", "csv") == {
        "file": "Копия.csv", "format": "csv", "title": "Копия", "excerpts": 2
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("[]", 2, "object with sections"),
        ('{"sections": [{"excerpts": [{"passage": "nowhere"}]}]}', 1, "no passage with the id “nowhere”"),
        ('{"sections": [], "language": "fr"}', 2, "fr"),
    ],
    ids=["no outline", "an unknown passage", "an unknown language"],
)
def test_what_no_pack_can_be_made_of_changes_nothing(run, content: str, status: int, said: str) -> None:
    anna = account_of(run.book, "anna", Role.TRAINER)
    kept = run.book.packs.keep(run.book.pack_from(passages(run)), anna)
    Path("pack.json").write_text(content, "utf-8")
    found = run("pack", "change", kept.pack.id, "pack.json", "--by", "anna")
    assert (found.exit_code, said in found.stderr) == (status, True), found.stderr
    assert run.book.packs.find(kept.pack.id) == kept


def test_a_pack_with_counterparts_is_changed_by_its_own_export(run) -> None:
    anna = account_of(run.book, "anna", Role.TRAINER)
    one, other = (run.book.excerpt(id) for id in passages(run))
    beside = replace(one, counterpart=other, note="Заметка", questions=("Кто?",))
    kept = run.book.packs.keep(Pack("Неделя", (PackSection("", "", (beside,)),), author="anna"), anna)
    run("pack", "export", kept.pack.id, "--format", "json", "-o", "pack.json")
    assert run("pack", "change", kept.pack.id, "pack.json", "--by", "anna").exit_code == 0
    assert run.book.packs.find(kept.pack.id).pack == kept.pack


def test_a_quiz_in_the_terminal(run) -> None:
    asked = json.loads(run("pack", "quiz", "--principle", "empathy", "--language", "ru", "--json").stdout)
    assert asked["questions"]
    shown = run("pack", "quiz", "--principle", "empathy", "--language", "ru").output
    assert "Какой принцип" in shown and "a)" in shown and re.search(r"1[a-d]", shown.splitlines()[-1])


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
