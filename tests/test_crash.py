"""The process is killed while it indexes: the index answers as before or after, and the next
`kb index` puts it right (DESIGN 4.4)."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import CORPUS, new_home, write_files
from tests.samples import GIFT, QUEUE, SERVICE, answers

STATES = [
    {"a.md": GIFT, "b.md": QUEUE, "zh/c.md": SERVICE},
    {"a.md": GIFT + "\nГость вернулся.\n", "d.md": QUEUE, "zh/c.md": SERVICE.replace("员工", "新员工")},
    {f"{n}.md": f"# Сервис {n}\n\nЖалоба номер {n}.\n\n服务标准。\n" for n in range(6)},
]
KILLS = 100


def seen(book):
    return answers(book, ["жалоба OR 客户"])


class Server:
    """The other end of `tests.crash_server`."""

    def __init__(self, vocabulary_cache: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash_server", str(vocabulary_cache)],
            cwd=CORPUS.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def start(self, book, die_at: int | None = None) -> int:
        """Begin `kb index`; returns the process id."""
        environment = {"KB_HOME": str(book.settings.home), "KB_CORPUS": str(book.settings.corpus)}
        self._process.stdin.write(json.dumps([["index"], environment, die_at]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        """Wait for the end of it; returns the exit status, negative for a signal."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def server(vocabulary_cache):
    running = Server(vocabulary_cache)
    yield running
    running.close()


@pytest.fixture(scope="module")
def expected(make_book):
    return [seen(make_book(state)) for state in STATES]


@pytest.fixture
def book(tmp_path, open_book, vocabulary_cache):
    with open_book(home=new_home(tmp_path, vocabulary_cache), corpus=tmp_path / "articles") as opened:
        yield opened


def check(book, open_book, before: int, after: int, expected) -> int:
    """The index opens and is of one state; `kb index` then makes it that of the files, for those who
    had it open all the time as well."""
    with open_book(home=book.settings.home, corpus=book.settings.corpus) as opened:
        found = seen(opened)
        assert found in (expected[before], expected[after])
        assert not opened.index().problems  # nothing was damaged
    assert seen(book) == expected[after]
    return [expected[before], expected[after]].index(found)


def test_killed_at_random_moments(server, book, open_book, expected):
    rng = random.Random(os.environ.get("PYTEST_RANDOM_SEED"))
    write_files(book.settings.corpus, STATES[0])
    server.start(book)
    assert server.end() == 0
    lasts = 0.2
    kills, before, outcomes = 0, 0, set()
    for _ in range(4 * KILLS):
        after = (before + rng.randint(1, 2)) % 3
        write_files(book.settings.corpus, STATES[after])
        process = server.start(book)
        time.sleep(rng.uniform(0, lasts))
        os.kill(process, signal.SIGKILL)
        status = server.end()
        assert status in (0, -signal.SIGKILL)
        outcomes.add(check(book, open_book, before, after, expected))
        before = after
        kills += status != 0
        lasts *= 1.02 if status else 0.9  # as long as it takes on a machine as busy as it is now
        if kills >= KILLS:
            break
    assert kills >= KILLS
    assert outcomes == {0, 1}


def test_killed_before_each_change_to_a_file(server, book, open_book, expected):
    """Every file that is opened for writing, renamed or removed is a moment to die at."""
    write_files(book.settings.corpus, STATES[0])
    book.index()
    outcomes, before = [], 0
    for number in range(60):
        after = 1 - before
        write_files(book.settings.corpus, STATES[after])
        server.start(book, die_at=number)
        status = server.end()
        outcomes.append(check(book, open_book, before, after, expected))
        before = after
        if status == 0:
            break
    assert status == 0, "there were more file operations than expected"
    assert len(outcomes) > 5
    assert {0, 1} == set(outcomes)  # some died before the commit, some after


def test_killed_while_the_index_is_made(server, tmp_path, open_book, expected):
    for number in range(0, 80, 2):
        home = tmp_path / str(number)
        articles = tmp_path / "articles"
        write_files(articles, STATES[0])
        with open_book(home=home, corpus=articles) as book:
            server.start(book, die_at=number)
            status = server.end()
            assert len(book.articles()) in (0, 3)
            book.index()
            assert seen(book) == expected[0]
        if status == 0:
            break
    assert status == 0
    assert number > 5


def test_the_command_itself_is_killed(book, open_book, expected, tmp_path):
    """A few times with all that the real command does, from its start."""
    write_files(book.settings.corpus, STATES[0])
    book.index()
    before = 0
    for delay in (0.3, 0.6, 0.8):
        after = 1 - before
        write_files(book.settings.corpus, STATES[after])
        process = subprocess.Popen(
            [sys.executable, "-m", "kb", "index"],
            env={
                **os.environ,
                "KB_HOME": str(book.settings.home),
                "KB_CORPUS": str(book.settings.corpus),
                "PYTHONPATH": str(CORPUS.parent),
            },
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        check(book, open_book, before, after, expected)
        before = after


def test_what_a_killed_process_leaves_is_cleaned_up(server, book):
    for number in range(3, 9):
        write_files(book.settings.corpus, STATES[number % 2])
        server.start(book, die_at=number)
        server.end()
    write_files(book.settings.corpus, STATES[2])
    book.index()
    index = [path.name for path in Path(book.settings.home / "index").rglob("*") if path.is_file()]
    segments = [name for name in index if name.endswith(".seg")]
    assert len(segments) <= 3
    assert not [name for name in index if ".tmp" in name]
