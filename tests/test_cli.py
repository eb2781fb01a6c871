"""The `kb` command: what it prints, where, and how it ends (DESIGN 3)."""

from __future__ import annotations

import inspect
import json
import logging
import os
import pty
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import click
import pytest
from click.testing import CliRunner

import kb
import web
from kb import watching
from kb.accounts import Accounts
from kb.cli import main
from kb.commands import indexing
from kb.errors import EngineUnavailable, StoreUnavailable
from kb.keys import Keys
from kb.knowledge_base import KnowledgeBase
from kb.packs.kept import Packs
from tests.conftest import CORPUS, new_home, write_files
from tests.samples import GIFT, QUEUE, SERVICE


@pytest.fixture
def folder(tmp_path, vocabulary_cache):
    new_home(tmp_path, vocabulary_cache)
    write_files(tmp_path / "articles", {"a.md": GIFT, "b.md": QUEUE, "zh/c.md": SERVICE})
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch):
    """`run("search", "жалоба")` in this process, with dictionaries that are loaded already."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KB_HOME", str(folder / "home"))
    monkeypatch.setenv("KB_CORPUS", str(folder / "articles"))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def real(folder):
    """`real("search", "жалоба")` in a process of its own, its output in pipes."""

    def run(*words: str | bytes, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kb", *words],
            env={**os.environ, "KB_HOME": str(folder / "home"), "KB_CORPUS": str(folder / "articles"),
                 "PYTHONPATH": str(CORPUS.parent), "PYTHONWARNINGS": "error", **environment},
            cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip

    return run


def one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and "Traceback" not in text


# --- kb index -----------------------------------------------------------------------------------


def test_index_as_json(run):
    found = run("index", "--json")
    report = json.loads(found.stdout)
    assert found.exit_code == 0
    assert set(report) >= {"articles", "passages", "added", "changed", "removed", "unchanged", "problems"}
    assert (report["articles"], report["added"], report["problems"]) == (3, 3, [])
    assert json.loads(run("index", "--json").stdout)["unchanged"] == 3


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_indexed(run, folder):
    (folder / "articles" / "bad.md").write_bytes(b"\x00\x01\x02\xff" * 100)
    found = run("index", "--json")
    report = json.loads(found.stdout)
    assert found.exit_code == 1
    assert report["articles"] == 3
    (problem,) = report["problems"]
    assert set(problem) >= {"file", "line", "code", "message"}
    assert problem["file"].endswith("bad.md")
    assert run("search", "жалоба", "--json").exit_code == 0


def test_a_first_look_says_what_it_reads_and_where_it_keeps_it(run, folder):
    """… as somebody may have meant another folder's."""
    first, second = run("search", "жалоба"), run("search", "жалоба")
    assert str(folder / "home") in first.stderr and str(folder / "articles") in first.stderr
    assert one_line(first.stderr) and not second.stderr
    assert first.stdout.splitlines()[2:] == second.stdout.splitlines()[2:] != []


def test_problems_go_to_stderr_with_file_line_and_code(run, folder):
    (folder / "articles" / "bad.md").write_bytes(b"\x00\x01\x02\xff" * 100)
    found = run("index")
    assert found.stdout.startswith("3 articles, 5 passages: 3 added")
    assert "bad.md" in found.stderr
    assert found.stderr.strip().endswith("]")
    assert one_line(found.stderr)


def test_sources_and_forget(run, folder):
    write_files(folder / "more", {"d.md": "# Ещё\n\nПятый текст.\n"})
    run("index")
    assert json.loads(run("index", folder / "more", "--json").stdout)["articles"] == 4
    forgot = json.loads(run("index", "--forget", "more", "--json").stdout)
    assert (forgot["articles"], forgot["removed"]) == (3, 1)
    assert json.loads(run("index", "--json").stdout)["unchanged"] == 3
    assert json.loads(run("index", "--forget", "articles", "--json").stdout)["articles"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("index", "never"),
        ("index", "--colour"),
        ("search",),
        ("search", "жалоба", "--limit", "many"),
        ("search", "жалоба", "--language", "xx"),
        ("suggest", "жалоба", "--language", "xx"),
        ("show",),
        ("nothing",),
        ("evaluate", "never"),
        ("serve", "--port", "high"),
    ],
)
def test_wrong_usage_ends_with_two(run, words):
    found = run(*words)
    assert found.exit_code == 2
    assert "Error" in found.stderr
    assert found.stdout == ""


# --- kb check and kb doctor -----------------------------------------------------------------------


def test_check_prints_what_an_editor_can_mend(run, folder):
    write_files(
        folder / "drafts",
        {
            "a.md": f"---\ntitle: Жалоба\nprinciples: [empathy, nonsense]\n---\n\n{GIFT}",
            "b.md": "\x00\x01\xff" * 50,
        },
    )
    done = run("check", folder / "drafts")
    assert done.exit_code == 1
    unknown, unreadable, total = done.stdout.splitlines()
    assert unknown.startswith(f"{folder / 'drafts' / 'a.md'}:3: warning: There is no principle “nonsense”")
    assert unreadable.startswith(f"{folder / 'drafts' / 'b.md'}: error: ")
    assert total == "2 files, 1 article: 1 error, 1 other problem."
    assert not list((folder / "home").rglob("*.toc"))  # nothing was indexed


def test_check_as_json(run, folder):
    done = run("check", "--json", folder / "articles", folder / "none.md")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["files"], report["articles"]) == (1, 3, 3)
    assert [problem["code"] for problem in report["problems"]] == ["missing"]


def findings(done):
    return {(one["subject"], one["state"]) for one in json.loads(done.stdout)}


def test_a_sound_installation(run):
    run("index")
    done = run("doctor", "--json")
    assert done.exit_code == 0, done.stdout
    assert {state for _, state in findings(done)} == {"ok"}
    assert {subject for subject, _ in findings(done)} == {
        "settings", "disk", "vocabulary", "index", "files", "writing", "store", "reviews", "memory",
    }  # fmt: skip
    assert "ok" in run("doctor").stdout


def damage(folder):
    for path in (folder / "home" / "index").rglob("*.seg"):
        path.write_bytes(path.read_bytes()[:-1])


def change(folder):
    write_files(folder / "articles", {"a.md": GIFT, "b.md": QUEUE + "\nЕщё.\n", "d.md": QUEUE})


def state_an_author(folder):
    write_files(
        folder / "articles",
        {"a.md": GIFT, "b.md": QUEUE, "zh/c.md": SERVICE, "article.yml": "author: Anna\n"},
    )


def review(folder):
    from datetime import UTC, datetime

    from kb.models import TagReview
    from kb.store import Store

    store = Store(f"sqlite:///{folder / 'home' / 'servicebook.sqlite'}")
    store.reviews.put(TagReview("abcdef012345", "no-principle", True, "Anna", datetime.now(UTC)))
    store.close()


@pytest.mark.parametrize(
    ("do", "expected", "status"),
    [
        (damage, ("index", "error"), 1),
        (change, ("files", "warning"), 0),
        (state_an_author, ("files", "warning"), 0),
        (review, ("store", "warning"), 0),
        (review, ("reviews", "warning"), 0),
        (lambda folder: (folder / "articles").rename(folder / "gone"), ("settings", "error"), 1),
        (
            lambda folder: (folder / "home" / "servicebook.sqlite").write_bytes(b"garbage" * 1000),
            ("store", "error"),
            1,
        ),
    ],
)
def test_what_the_doctor_finds(run, folder, do, expected, status):
    run("index")
    do(folder)
    done = run("doctor", "--json")
    assert expected in findings(done)
    assert done.exit_code == status
    assert all(one["remedy"] for one in json.loads(done.stdout) if one["state"] == "warning")


def test_the_doctor_of_an_empty_home(run):
    done = run("doctor", "--json")
    assert (done.exit_code, ("index", "warning") in findings(done)) == (0, True)


def test_a_damaged_index_is_mended_by_index_and_said(run, folder):
    run("index")
    damage(folder)
    done = run("index")
    assert done.exit_code == 0
    assert "The index was damaged" in done.stderr
    assert json.loads(run("search", "жалоба", "--json").stdout)["total"]


def test_index_waits_for_another_when_asked_to(run, folder, open_book):
    run("index")
    write_files(folder / "articles", {"a.md": GIFT})
    with open_book(home=folder / "home") as other, ThreadPoolExecutor() as pool:
        with other.engine.write():
            assert run("index").exit_code == 1
            waiting = pool.submit(run, "index", "--wait", "--json")
            time.sleep(0.3)
            assert not waiting.done()
        done = waiting.result(30)
    assert "waiting" in done.stderr
    assert json.loads(done.stdout)["removed"] == 2


# --- kb search ----------------------------------------------------------------------------------


def test_search_as_json_has_the_names_of_the_contract(run):
    run("index")
    found = json.loads(run("search", "жалоба", "подарок", "--json").stdout)
    assert set(found) >= {"query", "total", "took_ms", "interpreted", "hits", "facets"}
    assert found["query"] == "жалоба подарок"
    assert set(found["interpreted"]) >= {"corrected_from", "terms", "bridges"}
    assert found["interpreted"]["corrected_from"] is None
    for bridge in found["interpreted"]["bridges"]:
        assert set(bridge) == {"principle", "from", "to"}
        assert all(isinstance(labels, list) for labels in bridge["to"].values())
    assert set(found["facets"]) == {"language", "principle", "article", "date"}
    for facet in [one for facets in found["facets"].values() for one in facets]:
        assert set(facet) >= {"value", "count"}
    assert found["hits"]
    for hit in found["hits"]:
        assert set(hit) >= {"score", "passage", "article", "highlights", "via"}
        passage, article = hit["passage"], hit["article"]
        assert set(passage) >= {"id", "text", "language", "headings", "position", "principles"}
        assert set(article) >= {"id", "title", "language", "url", "author", "published"}
        for tag in passage["principles"]:
            assert set(tag) >= {"id", "label", "weight", "evidence"}
            assert all(len(span) == 2 for span in tag["evidence"])
        for start, end in hit["highlights"]:
            assert passage["text"][start:end]


def test_a_bridge_says_from_and_to(run):
    run("index")
    found = json.loads(run("search", "эмпатия", "--json").stdout)
    (bridge,) = [one for one in found["interpreted"]["bridges"] if one["principle"] == "empathy"]
    assert bridge["from"] == "эмпатия"
    assert "移情" in bridge["to"]["zh"]
    assert (
        json.loads(run("search", "эмпатия", "--no-bridge", "--json").stdout)["interpreted"]["bridges"] == []
    )


def test_the_json_of_nothing_has_the_same_shape(run, folder):
    write_files(folder / "articles", {})
    found = json.loads(run("search", "жалоба", "--json").stdout)
    assert (found["total"], found["hits"]) == (0, [])
    assert found["facets"] == {"language": [], "principle": [], "article": [], "date": []}


def test_options_of_search(run):
    run("index")

    def hits(*words: str) -> list[dict]:
        return json.loads(run("search", *words, "--json").stdout)["hits"]

    assert {hit["passage"]["language"] for hit in hits("礼物 жалоба", "--language", "zh")} == {"zh"}
    assert {hit["article"]["id"] for hit in hits("жалоба люди", "--article", "ochered")} == {"ochered"}
    assert len(hits("жалоба OR люди OR 培训", "--limit", "1")) == 1
    both = hits("жалоба OR люди")
    assert hits("жалоба OR люди", "--limit", "1", "--offset", "1") == both[1:2]
    assert hits("жалоба", "--explain")[0]["explanation"]


def test_copies_and_dates(run, folder):
    rule = "Тот, кто жалуется, ещё верит, что его услышат, поблагодарят и всё исправят в тот же день."
    files = {f"{n}.md": f"---\ndate: 202{n}-05-01\n---\n\n# Статья {n}\n\n{rule}\n" for n in range(4, 7)}
    write_files(folder / "articles", files)
    run("index")
    found = json.loads(run("search", "жалуется", "--json").stdout)
    assert (found["total"], [hit["more"] for hit in found["hits"]]) == (1, [2])
    id = found["hits"][0]["passage"]["id"]
    assert f"and 2 more like this: --like {id}" in run("search", "жалуется").stdout
    for words in ("--all-copies",), ("--like", id):
        every = json.loads(run("search", "жалуется", "--sort", "date", *words, "--json").stdout)
        dates = [hit["article"]["published"] for hit in every["hits"]]
        assert dates == ["2026-05-01", "2025-05-01", "2024-05-01"]
    chosen = json.loads(run("search", "жалуется", "--date", "2025-05", "--json").stdout)
    assert [hit["article"]["published"] for hit in chosen["hits"]] == ["2025-05-01"]


def test_a_first_search_builds_the_index(run):
    assert json.loads(run("search", "жалоба", "--json").stdout)["total"] > 0


def test_search_for_people(run):
    run("index")
    shown = run("search", "жалуется").stdout
    assert "Жалоба как подарок" in shown
    assert "Гость жалуется, и мы благодарим." in shown
    assert "\x1b" not in shown  # no colours in a pipe


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("search", "жалоба", "--limit", "100000"), 2, "limit"),
        (("search", "жалоба", "--date", "soon"), 2, "A date is a year"),
        (("search", "жалоба", "--offset", "-1"), 2, "offset"),
        (("search", "ж" * 2000), 2, "at most"),
        (("show", "never"), 1, "no passage with the id “never”"),
        (("show", "\x00"), 1, "no passage"),
    ],
)
def test_errors_are_one_line(run, words, status, message):
    run("index")
    found = run(*words)
    assert found.exit_code == status
    assert message in found.stderr
    assert one_line(found.stderr)
    assert found.stdout == ""


def test_errors_of_settings_are_one_line(real):
    for environment in ({"KB_MEMORY": "much"}, {"KB_ENGINE": "lucene:///x"}):
        found = real("search", "жалоба", **environment)
        assert found.returncode == 1
        assert next(iter(environment)) in found.stderr
        assert one_line(found.stderr)


# --- kb show, settings --------------------------------------------------------------------------


def test_show(run):
    run("index")
    whole = run("show", "zhaloba-kak-podarok")
    assert "Жалоба как подарок" in whole.stdout
    assert "Шаг второй: исправить." in whole.stdout
    found = json.loads(run("show", "zhaloba-kak-podarok", "--json").stdout)
    assert set(found) >= {"article", "passages"}
    one = found["passages"][1]
    assert one["id"] in whole.stdout
    alone = json.loads(run("show", one["id"], "--json").stdout)
    assert [passage["id"] for passage in alone["passages"]] == [one["id"]]


def test_settings(run, monkeypatch):
    monkeypatch.setenv("KB_SECRET_KEY", "hush-hush")
    monkeypatch.setenv("KB_DATABASE_URL", "postgresql://kb:hush@db/kb")
    for words in (("settings",), ("settings", "--json")):
        shown = run(*words).stdout
        assert all(name in shown for name in ("KB_HOME", "KB_CORPUS", "KB_ENGINE", "KB_MEMORY"))
        assert "hush" not in shown
    assert (
        json.loads(run("settings", "--json").stdout)["KB_DATABASE_URL"]["value"]
        == "postgresql://kb:***@db/kb"
    )


def test_what_people_search(run, folder, open_book, monkeypatch):
    assert "KB_SEARCH_LOG=on" in run("searches").stderr
    monkeypatch.setenv("KB_SEARCH_LOG", "on")
    with open_book(home=folder / "home", search_log="on") as book:
        for text, total in (("возврат", 0), ("жалоба", 2), ("жалоба", 2)):
            book.log_search(text, "ru", total)
    found = run("searches")
    assert [line.split("×")[1].split()[0] for line in found.stdout.splitlines()] == ["жалоба", "возврат"]
    assert found.stderr == ""
    (missed,) = json.loads(run("searches", "--missed", "--json").stdout)["searches"]
    assert (missed["text"], missed["times"], missed["total"]) == ("возврат", 1, 0)
    assert run("principles", "proposals", "--add", "тайный гость").exit_code == 2
    added = json.loads(
        run("principles", "proposals", "--add", "тайный гость", "--by", "anna", "--json").stdout
    )
    assert [(one["text"], one["language"], one["proposer"]) for one in added["proposals"]] == [
        ("тайный гость", "ru", "anna")
    ]


def test_the_passages_of_a_principle(run):
    found = json.loads(run("principle", "training", "--passages", "--language", "zh", "--json").stdout)
    assert found["total"] == len(found["hits"]) > 0
    for hit in found["hits"]:
        assert hit["passage"]["language"] == "zh"
        assert "training" in [tag["id"] for tag in hit["passage"]["principles"]]
    assert found["hits"][0]["passage"]["id"] in run("principle", "training", "--passages").stdout


# --- What there is ------------------------------------------------------------------------------


def test_what_says_the_same_elsewhere_and_what_names_a_term(run):
    hit = json.loads(run("search", "жалоба", "--language", "ru", "--json").stdout)["hits"][0]
    passage = hit["passage"]["id"]
    with kb.open() as book:
        beside = {code: [one.passage.id for one in hits] for code, hits in book.counterparts(passage).items()}
    told = json.loads(run("counterparts", passage, "--json").stdout)["counterparts"]
    assert {code: [one["passage"]["id"] for one in hits] for code, hits in told.items()} == beside
    naming = json.loads(run("terms", "complaint", "--passages", "--language", "ru", "--json").stdout)
    assert (
        naming["total"]
        and naming["hits"][0]["passage"]["id"] in run("terms", "complaint", "--passages").output
    )
    assert run("terms", "--passages").exit_code == 2
    assert run("counterparts", "nowhere").exit_code == 1


# --- Help -----------------------------------------------------------------------------------------


def commands(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield pytest.param((*path, name), command, id=" ".join((*path, name)))


@pytest.mark.parametrize(("path", "command"), list(commands(main)))
def test_every_command_has_help_with_an_example(path, command):
    found = CliRunner().invoke(main, [*path, "--help"])
    assert found.exit_code == 0
    assert "Example" in found.output
    assert f"kb {' '.join(path)}" in found.output.split("Example", 1)[1]
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, option


# What they print is the answer itself, or they run until they are stopped.
WITHOUT_JSON = {"principles export", "serve", "mcp"}


def test_every_command_prints_json_for_programs():
    without = {
        " ".join(found.values[0])
        for found in commands(main)
        if not any("--json" in option.opts for option in found.values[1].params)
    }
    assert without == WITHOUT_JSON


# What answers each call of the library, in the terminal.
COMMAND_OF = {
    KnowledgeBase: {
        "analyze": "analyze", "articles": "articles",
        "assemble": "pack change", "backup": "backup", "check": "check", "counterparts": "counterparts",
        "drop_proposal": "principles proposals", "evaluate_tagger": "principles evaluate",
        "excerpt": "pack add", "explain_tags": "tag", "export": "pack export",
        "index": "index", "index_status": "status", "look_up": "show",
        "most_frequent_searches": "searches", "pack_from": "pack keep", "passages": "passages",
        "passages_naming": "terms", "passages_on": "principle", "principle": "principle",
        "principle_tags": "show", "principles": "principles", "proposals": "principles proposals",
        "propose_term": "principles proposals", "quiz": "pack quiz", "ready_made": "pack export",
        "restore": "restore", "review": "review", "review_by_number": "reviews show", "reviews": "reviews",
        "search": "search", "searches_without_results": "searches", "similar": "similar",
        "state_of": "pack show", "statistics": "stats", "suggest": "suggest", "trade_term": "terms",
        "trade_terms": "terms", "undo_review": "reviews undo", "with_counterparts": "pack export",
        "write_articles": "put",
    },
    Packs: {
        "add_excerpt": "pack add", "all": "pack list", "change": "pack change", "copy": "pack copy",
        "delete": "pack delete", "find": "pack show", "history": "pack history", "keep": "pack keep",
        "move_excerpt": "pack move", "open": "pack change", "remove_excerpt": "pack remove",
        "restore": "pack restore", "share": "pack share", "undo": "pack undo", "withdraw": "pack withdraw",
    },
    Accounts: {
        "add": "users add", "all": "users list", "named": "users role", "set_enabled": "users disable",
        "set_password": "users passwd", "set_role": "users role",
    },
    Keys: {"add": "keys add", "all": "keys list", "revoke": "keys revoke"},
}  # fmt: skip

INSIDE = "other calls answer with it"
FOR_PAGES = "it is what a page shows around an answer"
OF_SESSIONS = "it is about who is signed in, or which key is shown, and a terminal knows neither"
# What has no command, and why.
NO_COMMAND = {
    KnowledgeBase: {
        **dict.fromkeys(
            ("accounts", "close", "concepts", "engine", "is_empty", "keys", "made_with_another", "packs", "pipeline",
             "searcher", "size", "sources", "store", "suggestions", "tagger", "vocabulary", "article", "passage"), INSIDE),
        **dict.fromkeys(
            ("articles_on", "best_passages", "log_opening", "log_search", "modified", "nearest", "versions"),
            FOR_PAGES),
        "add": "articles from no file are those of data sets, which `kb evaluate` reads",
        "faults": "`kb doctor` says more",
        "traced_search": "`kb search` says how long a search took",
    },
    Packs: {"shared": OF_SESSIONS},
    Accounts: dict.fromkeys(
        ("account_of", "change_password", "sign_in", "sign_in_from_provider", "sign_out"), OF_SESSIONS),
    Keys: dict.fromkeys(("of", "opened_by"), OF_SESSIONS),
}  # fmt: skip


@pytest.mark.parametrize("library", COMMAND_OF)
def test_every_call_of_the_library_has_its_command(library):
    by_path = {" ".join(found.values[0]): found.values[1] for found in commands(main)}
    by_path |= {name: main.get_command(click.Context(main), name) for name in ("principles", "reviews")}
    offered = {name for name in vars(library) if not name.startswith("_")}
    assert offered == COMMAND_OF[library].keys() | NO_COMMAND[library].keys()
    for call, command in COMMAND_OF[library].items():
        source = inspect.getsource(inspect.getmodule(by_path[command].callback))
        assert re.search(rf"\.{call}\b", source), f"kb {command} does not call {call}"


@pytest.mark.parametrize("module", ["kb", "kb.cli"])
def test_the_command_as_a_module(module):
    words = [sys.executable, "-X", "importtime", "-m", module, "--help"]
    found = subprocess.run(words, cwd=CORPUS.parent, capture_output=True, encoding="utf-8", check=True)
    assert found.stdout.startswith("Usage: kb [OPTIONS] COMMAND")
    # What is imported decides how long a person waits for help.
    assert not {"kb.models", "kb.languages", "flask", "sqlalchemy", "whoosh"} & set(found.stderr.split())


def test_the_command_without_words_shows_help_and_its_version(run):
    assert "Commands:" in run("--help").output
    assert kb.__version__ in run("--version").output


# --- The real thing -------------------------------------------------------------------------------


def test_a_pipe_gets_json_and_nothing_else(real):
    found = real("index", "--json")
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["articles"] == 3


def test_bytes_that_are_no_text(real):
    found = real("search", b"\xff\xfe \xd0\xb6", "--json")
    assert (found.returncode, found.stdout) == (2, "")
    assert "TEXT...': Some of it is no text in UTF-8." in found.stderr


@pytest.mark.parametrize(
    "words",
    ["passages {} --json", "show {}", "suggest {} --json", "analyze {} --json", "search {} --like {} --json",
     "pack show {}", "pack history {} --json", "keys revoke {} --json", "principles proposals --drop {}"],
)  # fmt: skip
def test_words_that_are_no_text_are_answered(run, words):
    """Python gives a byte that is no text as half a surrogate pair, which nobody takes."""
    done = run(*words.format("\udcff", "\udcff").split())
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert (done.stdout + done.stderr).strip()


def test_a_terminal_gets_a_progress_bar(folder):
    """… on stderr, so that stdout can still be piped."""
    leader, follower = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "kb", "index", "--json"],
        env={**os.environ, "KB_HOME": str(folder / "home"), "KB_CORPUS": str(folder / "articles"),
             "PYTHONPATH": str(CORPUS.parent), "TERM": "xterm", "COLUMNS": "120"},
        cwd=folder, stdout=subprocess.PIPE, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while part := os.read(leader, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    stdout, _ = done.communicate()
    assert json.loads(stdout)["articles"] == 3
    assert "Reading articles" in shown.decode()


# --- kb index --watch ---------------------------------------------------------------------------


def test_who_follows_files_waits_for_what_does_not_answer(run, monkeypatch):
    real, refused = (
        KnowledgeBase.index,
        [EngineUnavailable("no node answers"), StoreUnavailable("nor this")] * 2,
    )

    def index(book, *args, **kwargs):
        if refused:
            raise refused.pop()
        return real(book, *args, **kwargs)

    monkeypatch.setattr(KnowledgeBase, "index", index)
    monkeypatch.setattr(watching, "changes_below", lambda sources: iter([None]))
    monkeypatch.setattr(indexing, "_AGAIN", 0)
    done = run("index", "--watch")
    assert (refused, done.stdout.count("added")) == ([], 3)
    assert "no node answers" in done.stderr


# --- kb serve -----------------------------------------------------------------------------------


def test_what_serve_says_goes_into_a_log_for_programs(run, folder, monkeypatch, caplog):
    (folder / "articles" / "broken.md").write_bytes(b"\x00\x01\xff" * 50)
    monkeypatch.setattr(web, "serve", lambda settings, host, port, listening: listening())
    monkeypatch.setattr(web, "configure_log", lambda settings: None)
    monkeypatch.setenv("KB_LOG", "json")
    with caplog.at_level(logging.INFO, "servicebook.serve"):
        done = run("serve")
    assert done.output == ""
    summary, broken, address = [
        (one.levelname, one.message) for one in caplog.records if one.name == "servicebook.serve"
    ]
    assert summary[1].startswith("3 articles, 5 passages: 3 added")
    assert broken[0] == "ERROR" and "broken.md: error: " in broken[1]
    assert "http://127.0.0.1:8000" in address[1]


@pytest.mark.parametrize(("options", "articles"), [((), 3), (("--no-index",), 0)])
def test_serve_indexes_first_unless_another_process_does(run, monkeypatch, options, articles):
    served = []
    monkeypatch.setattr(web, "serve", lambda settings, host, port, listening: served.append((host, port)))
    assert run("serve", "--port", "8010", *options).exit_code == 0
    assert served == [("127.0.0.1", 8010)]
    with kb.open() as book:
        assert len(book.articles()) == articles
