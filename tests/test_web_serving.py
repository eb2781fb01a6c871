"""The server itself: who was promised an answer gets it, and nobody outlives whoever started it."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import CORPUS, free_port

# An application whose only answer takes a second, and more than sockets hold.
PIECES, PIECE = 20, 200_000
SLOW = f"""
import sys, time
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
        yield port, process
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
