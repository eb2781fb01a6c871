"""The server itself: who was promised an answer gets it, and nobody outlives whoever started it."""

from __future__ import annotations

import http.client
import math
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest
from waitress.task import ThreadedTaskDispatcher

from tests.conftest import CORPUS, free_port
from web import serving as web_serving

# An application with an answer that takes a second, and more than sockets hold; and one that ends only when
# another request is answered meanwhile.
PIECES, PIECE = 20, 200_000
PATIENCE = 15
SLOW = f"""
import os, sys, threading, time
from flask import Flask, Response
from web import serving

app = Flask("slow")

@app.get("/")
def slow():
    def pieces():
        for _ in range({PIECES}):
            time.sleep(0.05)
            yield b"x" * {PIECE}
    return Response(pieces())

released = threading.Event()

@app.get("/held")
def held():
    def pieces():
        yield b"held, "
        yield b"released" if released.wait({PATIENCE}) else b"alone"
    return Response(pieces())

@app.get("/release")
def release():
    released.set()
    return "done"

@app.get("/who")
def who():
    return str(os.getpid())

port, workers = map(int, sys.argv[1:])
serving.listen(app, "127.0.0.1", port, False, workers, lambda: print("listening", flush=True))
"""


@contextmanager
def serving(workers: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The slow application in so many processes: its port, and the process that was started."""
    port = free_port()
    words = [sys.executable, "-c", SLOW, str(port), str(workers)]
    with subprocess.Popen(
        words, cwd=CORPUS.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "listening\n"
        try:
            yield port, process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "workers", [1, pytest.param(2, marks=pytest.mark.skipif(sys.platform != "linux", reason="needs Linux"))]
)
def test_a_request_is_answered_though_it_is_told_to_stop(workers: int) -> None:
    with serving(workers) as (port, process):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/")
        answer = connection.getresponse()
        process.send_signal(signal.SIGTERM)  # most is still to come
        assert len(answer.read()) == PIECES * PIECE
        connection.close()
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0 and "Traceback" not in errors


def test_nobody_waits_for_a_slow_answer() -> None:
    with serving(1) as (port, _):
        slow, quick = (http.client.HTTPConnection("127.0.0.1", port, timeout=2 * PATIENCE) for _ in range(2))
        slow.request("GET", "/held")
        answer = slow.getresponse()  # it has begun
        quick.request("GET", "/release")
        assert quick.getresponse().read() == b"done"
        assert answer.read() == b"held, released"
        slow.close()
        quick.close()


@pytest.mark.parametrize(
    ("least", "quick", "threads"), [(1, math.inf, [1, 1, 1]), (1, -1, [1, 2, 1]), (4, -1, [4, 4, 4])]
)
def test_requests_are_worked_on_one_by_one_unless_they_are_slow(
    monkeypatch: pytest.MonkeyPatch, least: int, quick: float, threads: list[int]
) -> None:
    monkeypatch.setattr(web_serving, "_QUICK", quick)
    dispatcher = ThreadedTaskDispatcher()
    lanes = web_serving._Lanes(dispatcher, least)

    def working() -> int:
        lanes.adjust()
        return len(dispatcher.threads) - dispatcher.stop_count

    before = working()
    with lanes.taken():
        assert lanes.are_taken
        during = working()
    assert [before, during, working()] == threads
    dispatcher.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process answers")
def test_connections_that_come_at_once_are_shared() -> None:
    fewest = []  # that either process took of sixteen
    with serving(2) as (port, _):
        for _ in range(9):
            together = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(16)]
            for connection in together:
                connection.connect()
            for connection in together:
                connection.request("GET", "/who")
            answered = Counter(connection.getresponse().read() for connection in together)
            for connection in together:
                connection.close()
            fewest.append(min(answered.values()) if len(answered) == 2 else 0)
    assert median(fewest) >= 5, fewest


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process answers")
def test_processes_end_with_their_parent() -> None:
    with serving(2) as (_, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until = time.monotonic() + 10
        while len(born := children.read_text().split()) < 2:
            assert time.monotonic() < until
        process.kill()
        process.wait()
        while any(Path(f"/proc/{child}").exists() for child in born):
            assert time.monotonic() < until
            time.sleep(0.05)
