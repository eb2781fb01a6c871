"""The benchmarks run, at a tiny size: what they print is for people, and no time is asserted."""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext
from multiprocessing import Pipe
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.benchmarks import (
    ablation,
    api_overhead,
    commits,
    corpus,
    engines,
    index_memory,
    index_speed,
    measuring,
    repair_speed,
    search_speed,
    serve_speed,
    start_speed,
)


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    """Coining 200,000 words and looking for garbage among all that tests have made would take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "VOCABULARY", 8_000)
        patch.setattr(corpus, "MOST_FILES", 4)
        patch.setattr(search_speed, "_alone", _here)
        patch.setattr(measuring.gc, "collect", lambda: 0)
        corpus._lexicon.cache_clear()
        yield
        corpus._lexicon.cache_clear()


def _here(measure, *arguments):
    """What `_alone` gives, without the seconds that new processes take to import everything."""
    receiving, sending = Pipe(duplex=False)
    with receiving, sending:
        measure(*arguments, sending)
        return receiving.recv()


def run(command, *arguments: str) -> Result:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


FIGURES = Path(measuring.__file__).with_name("README.md").read_text("utf-8")
COMMANDS = [
    ablation, api_overhead, commits, engines, index_memory, index_speed, repair_speed, search_speed,
    serve_speed, start_speed,
]  # fmt: skip


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.__name__)
def test_each_has_help_and_figures(module):
    assert "Usage" in run(module.main, "--help").output
    assert f"python -m {module.__name__}" in FIGURES


def test_searches_are_timed_beside_other_engines_and_hits_are_equal():
    contestants = ("servicebook", "whoosh, our formula", "sqlite fts5")
    only = [word for name in contestants for word in ("--only", name)]
    output = run(
        search_speed.main, "--sizes", "60", "--queries", "4", "--repeat", "1", "--repeated", "2", *only
    ).output
    assert "Hits and scores equal those of Whoosh with our formula on 8 queries." in output
    for name in ("servicebook", "sqlite fts5", "60, language=ru", "120"):
        assert re.search(rf"^\| {name} +\| +[\d.]", output, re.MULTILINE), output


def test_engines_are_compared(tmp_path):
    pytest.importorskip("ir_measures")
    data_set(tmp_path / "tiny", ("Жалоба гостя — это подарок.", "客户投诉是礼物。"))
    options = ("--sizes", "60", "--queries", "4", "--repeat", "1", "--engine", f"whoosh://{tmp_path}/beside")
    output = run(engines.main, str(tmp_path / "tiny"), *options).output
    assert re.search(r"^\| tiny +\| +100.00 +\| +100.00 +\| +\+0.00 +\| +1.0000", output, re.MULTILINE), (
        output
    )
    assert len(re.findall(r"^\| (?:embedded|opensearch) +\| +[\d.]", output, re.MULTILINE)) == 6


def test_indexing_is_timed():
    output = run(index_speed.main, "--size", "60", "--changes", "1", "--rounds", "0", "--files", "20").output
    assert "text to searchable" in output
    assert "One change among 60 passages" in output


@pytest.mark.parametrize("files", [1, 11])
def test_few_files_can_be_changed(files: int, tmp_path: Path, capsys, vocabulary_cache):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").symlink_to(vocabulary_cache)
    index_speed._few_files(corpus.make(25, 1), tmp_path, files)
    rows = re.findall(
        r"^\| (.+?) +\| +(\d+) added, (\d+) changed, (\d+) removed", capsys.readouterr().out, re.MULTILINE
    )
    few = min(files, 10)
    assert [(name, *map(int, counts)) for name, *counts in rows] == [
        ("all files", files, 0, 0),
        ("nothing changed", 0, 0, 0),
        ("10 changed", 0, few, 0),
        ("10 renamed", 0, 0, 0),
        ("100 touched", 0, 0, 0),
        ("a folder of 100 renamed", 0, 0, 0),
        ("10 deleted", 0, 0, few),
    ]


_HOLDS = "import sys, time; held = bytearray(b'x') * int(sys.argv[1]); time.sleep(0.4)"
_STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLDS!r}, sys.argv[1]])"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what other processes hold")
@pytest.mark.parametrize(("command", "held"), [(_HOLDS, [60]), (_STARTS, [0, 60])], ids=["holds", "starts"])
def test_what_a_process_held_is_told_without_what_its_parent_holds(command, held):
    ours = b"x" * 150_000_000
    printed, most = index_speed._watched([sys.executable, "-c", command, "60_000_000"])
    assert (printed, len(most)) == (b"", len(held))
    assert all(one < has < one + 30 for one, has in zip(held, most, strict=True)), (most, len(ours))


def test_the_memory_of_indexing_is_told(monkeypatch, tmp_path, vocabulary_cache):
    """A file of each format that it makes is read, with its picture."""
    home = tmp_path / "0.3"
    home.mkdir()
    (home / "cache").symlink_to(vocabulary_cache)
    monkeypatch.setattr(index_memory, "TemporaryDirectory", lambda **_: nullcontext(tmp_path))
    output = run(
        index_memory.main,
        *("--megabytes", "0.3", "--picture", "50", "--jobs", "1", "--keep", str(tmp_path / "made")),
    ).output
    files, passages, most = re.search(
        r"^\| 0.3 +\| +(\d+) \| +(\d+) \|(?:[^|]*\|){4} +([\d.]+) \|", output, re.MULTILINE
    ).groups()
    assert int(files) >= 7
    assert int(passages) == int(files) * corpus.PASSAGES_PER_ARTICLE
    assert float(most) > 30


def test_a_server_is_timed(monkeypatch, tmp_path, vocabulary_cache):
    monkeypatch.setenv("KB_CORPUS", str(Path(__file__).parent.parent / "corpus/ru/complaint-is-a-gift.md"))
    (tmp_path / "cache").symlink_to(vocabulary_cache)
    short = (
        "--server",
        "kb serve, 1 process",
        "--clients",
        "2",
        "--seconds",
        "0.1",
        "--rounds",
        "1",
        "--no-wrk",
    )
    output = run(serve_speed.main, *short, "--home", str(tmp_path)).output
    rows = re.findall(r"^\| kb serve, 1 process +\| +(/\S+) .* (\d+) \|$", output, re.MULTILINE)
    assert rows == [("/search", "0"), ("/api/v1/search", "0")]  # no error


def test_the_ranking_is_taken_apart(tmp_path: Path):
    pytest.importorskip("ir_measures")
    for name, texts in {
        "tiny-ru": ("Жалоба гостя — это подарок.", "Персонал встречает гостей у входа."),
        "tiny-zh": ("客户投诉是礼物。", "员工在门口迎接客人。"),
    }.items():
        data_set(tmp_path / name, texts)
    output = run(ablation.main, str(tmp_path / "tiny-ru"), str(tmp_path / "tiny-zh")).output
    assert re.search(r"^\| as it is +\| +100.00 \| +100.00 \|$", output, re.MULTILINE), output
    assert "without grams" in output
    assert "all languages in one index" in output


def data_set(folder: Path, texts: tuple[str, ...]) -> None:
    """A data set in BEIR form whose queries are its documents."""
    (folder / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": str(n), "title": "", "text": text}) for n, text in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = [f"{n}\t{n}\t1" for n in range(len(texts))]
    (folder / "qrels" / "test.tsv").write_text(
        "\n".join(["query-id\tcorpus-id\tscore", *rows]), encoding="utf-8"
    )


def test_a_made_corpus_is_the_same_each_time():
    one, other = corpus.make(30, 3), corpus.make(30, 3)
    assert [passage.text for passage in one.passages()] == [passage.text for passage in other.passages()]
    assert one.long == other.long
    assert len(list(one.passages())) == 30


def test_percentiles():
    assert [measuring.percentile(range(100), percent) for percent in (50, 95, 99)] == [50, 95, 99]
    assert measuring.percentile([3], 95) == 3
