"""Processes that work for this one (`kb.indexing.workers`)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from kb.indexing import workers
from kb.indexing.workers import WorkerDied, Workers


def worker(factor):
    """Says the number so many times larger, and as many bytes; zero kills it, −1 is an error, −2 never ends,
    −3 wants too much memory, and −4 prints."""

    def work(item: int):
        if item == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if item == -1:
            raise ValueError("below zero")
        while item == -2:
            pass
        if item == -3:
            bytearray(4_000_000_000)
        if item == -4:
            os.write(1, b"printed by a library")
        yield b"%d" % (factor * item)
        yield b" " * item * 100_000

    return work


def answers(folder, items, jobs=2, seconds=60.0, kind=lambda item: None):
    """The number that is said of each item, or how it ended."""
    found = []
    with Workers[int](items, jobs, folder, partial(worker, 10), seconds, kind) as outcomes:
        for answer in outcomes:
            try:
                number, space = answer
                found.append(int(number))
                assert len(space) == max(0, found[-1]) * 10_000
            except WorkerDied as death:
                found.append("too slow" if death.was_slow else "died")
            except ValueError as error:
                found.append(str(error))
    return found


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("most", [1, 1_000_000, 100_000_000])
def test_answers_come_in_the_order_of_the_items(tmp_path, monkeypatch, jobs, most):
    monkeypatch.setattr(workers, "_MOST_WAITING", most)
    items = [30, 1, 1, 2, 3, 9, 1, 1, 1, 7]
    assert answers(tmp_path, items, jobs) == [10 * item for item in items]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("most", [1, 100_000_000])
@pytest.mark.parametrize("kind", [lambda item: item % 2, lambda item: item % 3, lambda item: item])
def test_answers_come_in_order_whatever_the_items_are_like(tmp_path, monkeypatch, kind, most):
    monkeypatch.setattr(workers, "_MOST_WAITING", most)
    items = [4, 1, 1, 2, 2, 9, 1, 1, 3, 2, 2, 2, 2, 1, 1, 1, 1, 8]
    assert answers(tmp_path, items, kind=kind) == [10 * item for item in items]


def test_a_worker_keeps_to_items_of_one_kind(monkeypatch):
    """As two take by turns what nobody is done with yet, and look at the next four."""
    monkeypatch.setattr(workers, "_LOOKED_AT", 4)
    items = ["ru1", "ru2", "zh1", "ru3", "zh2", "zh3", "en1", "zh4", "zh5", "zh6", "zh7", "zh8"]
    taking = Workers(items, 2, None, partial(worker, 1), 1.0, kind=lambda item: item[:2])
    taken = []
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        for _ in range(5):
            for thread in (one, other):
                under_way = deque()
                assert thread.submit(taking._take, under_way).result()
                taken.append(under_way[0][0])
                under_way[0][1].messages.close()
    assert taken[0::2] == [
        "ru1",
        "ru2",
        "ru3",
        "en1",
        "zh5",
    ]  # the first of all when there are none of its own
    assert taken[1::2] == ["zh1", "zh2", "zh3", "zh4", "zh6"]


def test_no_items_start_no_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(workers.subprocess, "Popen", None)
    assert answers(tmp_path, []) == []


def test_what_goes_wrong_with_an_item_is_its_own(tmp_path):
    """Whether it kills its worker, is an error there, never ends, or wants all memory there is."""
    items = [5, 0, 6, -1, 7, -2, 0, -4, -3, 8]
    expected = [50, "died", 60, "below zero", 70, "too slow", "died", -40, "died", 80]
    assert answers(tmp_path, items, seconds=0.2) == expected


def test_an_error_of_what_makes_a_worker_is_told(tmp_path):
    with (
        Workers[int]([1], 1, tmp_path, partial(int, "none"), 60) as outcomes,
        pytest.raises(ValueError, match="invalid literal"),
    ):
        list(next(iter(outcomes)))


def test_workers_that_nobody_wants_any_more_end_at_once(tmp_path):
    with Workers[int]([1, -2, 30, 40], 2, tmp_path, partial(worker, 10), 60) as outcomes:
        assert next(next(iter(outcomes))) == b"10"
    assert not any(thread.is_alive() for thread in outcomes._threads)
    assert all(process._popen.returncode is not None for process in outcomes._processes)


def test_a_full_disk_is_an_error_here(tmp_path, monkeypatch):
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(workers, "SpooledTemporaryFile", lambda *_, **__: full)
        with pytest.raises(OSError, match="No space left"):
            answers(tmp_path, [1, 2, 3])


def test_workers_end_with_the_process_that_started_them(tmp_path):
    """Even when it is killed, and they are in the middle of something that never ends."""
    script = (
        "import sys; from functools import partial; from pathlib import Path; from kb.indexing.workers import Workers; from tests.test_indexing_workers import worker\n"
        "with Workers([1, -2], 1, Path(sys.argv[1]), partial(worker, 10), 0.2) as outcomes:\n"
        "    coming = iter(outcomes)\n"
        "    list(next(coming))\n"
        "    print(*(one._popen.pid for one in outcomes._processes), flush=True)\n"
        "    sys.stdin.read()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with running:
        worker_id = int(running.stdout.readline())
        running.kill()
    for _ in range(200):
        if not Path(f"/proc/{worker_id}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{worker_id}").exists()
