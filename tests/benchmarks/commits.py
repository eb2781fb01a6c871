"""What a long life costs: a thousand commits of another process beside searches that never stop.

Each commit replaces the text of one article. Threads of this process search all the while, and every
answer must be that of one state of the index, old or new; this process must follow each commit, and
in the end hold no more files than at the beginning.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kb.knowledge_base import KnowledgeBase
from kb.settings import load
from tests.benchmarks import measuring
from tests.benchmarks.measuring import milliseconds

_PATIENCE = 60.0
_READERS = 3


@click.command()
@click.option("--commits", default=1000, show_default=True, help="How many commits.")
@click.option("--articles", default=40, show_default=True, help="Articles beside the one that changes.")
def main(commits: int, articles: int) -> None:
    """Follow many commits while searching; fails when an answer is wrong or a file stays open."""
    measuring.heading("python -m tests.benchmarks.commits")
    spawn = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as scratch:
        home, corpus = Path(scratch, "home"), Path(scratch, "articles")
        corpus.mkdir()
        for number in range(articles):
            _write(corpus / f"{number}.md", f"# Статья {number}\n\nСервис номер {number}, 服务标准。\n")
        _write(corpus / "changing.md", _text(0))
        with KnowledgeBase(load(home=home, corpus=corpus, engine="")) as book:
            book.index()
            ours, theirs = spawn.Pipe()
            writer = spawn.Process(target=_keep_writing, args=(home, corpus, theirs))
            writer.start()
            try:
                _follow(book, ours, commits)
            finally:
                ours.send(None)
                writer.join()


def _write(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


def _text(turn: int) -> str:
    return f"# Состояние\n\nТолько здесь стоит слово состояние и число {turn}.\n"


def _keep_writing(home: Path, corpus: Path, asked: Connection) -> None:
    """In a process of its own: put the text that is asked for into the index, say so, and again."""
    with KnowledgeBase(load(home=home, corpus=corpus, engine="")) as book:
        while (turn := asked.recv()) is not None:
            _write(corpus / "changing.md", _text(turn))
            book.index()
            asked.send(turn)


def _follow(book: KnowledgeBase, writer: Connection, commits: int) -> None:
    """Ask for commit after commit; print how soon each was seen and what is held in the end."""
    stop, wrong = threading.Event(), list[str]()
    shown = [0, 0]  # the oldest and the newest state that an answer may have now
    readers = [threading.Thread(target=_search_on, args=(book, shown, stop, wrong)) for _ in range(_READERS)]
    for reader in readers:
        reader.start()
    held, memory = _held(), measuring.resident()
    seconds, began = [], time.perf_counter()
    try:
        for turn in range(1, commits + 1):
            shown[1] = turn
            writer.send(turn)
            writer.recv()
            committed = time.perf_counter()
            while _state(book) != turn:
                if time.perf_counter() - committed > _PATIENCE:
                    raise SystemExit(f"Commit {turn} was not seen within {_PATIENCE:.0f} seconds.")
            seconds.append(time.perf_counter() - committed)
            shown[0] = turn
            if wrong:
                raise SystemExit("; ".join(wrong))
            if turn == min(10, commits):
                held, memory = _held(), measuring.resident()
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    now = _held()
    measuring.table(
        f"{commits:,} commits in {time.perf_counter() - began:.0f} s, and when a search sees them (ms)",
        ["", "p50", "p95", "p99", "files open after ten", "at the end", "MB after ten", "at the end"],
        [["", *milliseconds(seconds), held, now, f"{memory:.0f}", f"{measuring.resident():.0f}"]],
    )
    if now > held:
        raise SystemExit(f"{now - held} files stay open.")


def _search_on(book: KnowledgeBase, shown: list[int], stop: threading.Event, wrong: list[str]) -> None:
    while not stop.is_set():
        oldest = shown[0]
        try:
            found = _state(book)
        except Exception as error:
            wrong.append(repr(error))
            return
        # A search that was long under way may show what was newest when it began.
        if not oldest <= found <= shown[1]:
            wrong.append(f"An answer was of state {found}; it had to be of {oldest} to {shown[1]}.")
        time.sleep(0.001)


def _state(book: KnowledgeBase) -> int:
    """The number that the text which changes has now."""
    (hit,) = book.search('"только здесь"', correct=False, bridge=False).hits
    return int(hit.passage.text.rpartition(" ")[2].rstrip("."))


def _held() -> int:
    """How many files this process has open or mapped, where the system tells."""
    gc.collect()
    if not Path("/proc/self").exists():
        return 0
    mapped = {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    return len(os.listdir("/proc/self/fd")) + sum(".seg" in name for name in mapped)


if __name__ == "__main__":
    main()
