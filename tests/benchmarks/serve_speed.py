"""How many searches a second `kb serve` answers: a bounded load from this process on the loopback.

Each client is a thread with one connection that it keeps, and asks its next search when the last is
answered. The server runs as people start it, in a process of its own, on the starter corpus or on
an index that is there. The clients take processor time too: on two cores they have one of them.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import click

from tests.benchmarks import measuring
from tests.benchmarks.measuring import milliseconds, significant

PATHS = ("/search", "/api/v1/search")
QUESTIONS = (
    "жалоба как подарок",
    "как отвечать на жалобу гостя",
    "эмпатия",
    "обратная связь от клиента",
    "стандарты сервиса в отеле",
    "первая минута на рецепции",
    "NPS и тайный покупатель",
    "内部客户",
    "服务标准怎么写",
    "如何处理客户投诉",
    "新员工第一周",
    "同理心与倾听",
    "忠诚度",
    "service recovery",
    "кто отвечает за решение",
    "授权给员工",
)
_PATIENCE = 180


@dataclass
class Load:
    """What some clients saw: the seconds of each answer, how many were wrong, and how long it took."""

    times: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0


@click.command()
@click.option(
    "--clients", default="1,2,4,8,16,32", show_default=True, help="Numbers of clients, with commas."
)
@click.option("--requests", default=400, show_default=True, help="Most requests of each load.")
@click.option("--seconds", default=10.0, show_default=True, help="Most seconds of each load.")
@click.option("--rounds", default=2, show_default=True, help="How often all loads are tried, in turn.")
@click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Home of an index to serve; by default a new one of the starter corpus.",
)
def main(clients: str, requests: int, seconds: float, rounds: int, home: Path | None) -> None:
    """Time the pages and the API of a running server under bounded loads."""
    measuring.heading("python -m tests.benchmarks.serve_speed")
    counts = [int(count) for count in clients.split(",")]
    seen: dict[tuple[str, int], list[Load]] = {(path, count): [] for path in PATHS for count in counts}
    with TemporaryDirectory() as scratch, _serving(home or Path(scratch)) as port:
        for path in PATHS:
            _load(port, path, 1, len(QUESTIONS), seconds)  # the first time of each question
        for _ in range(rounds):
            for (path, count), loads in seen.items():
                loads.append(_load(port, path, count, requests, seconds))
    rows = [
        [
            path,
            count,
            significant(sorted(len(load.times) / load.seconds for load in loads)[len(loads) // 2]),
            *milliseconds([taken for load in loads for taken in load.times]),
            sum(load.errors for load in loads),
        ]
        for (path, count), loads in seen.items()
    ]
    measuring.table(
        "Searches over HTTP (wall time, ms)",
        ["", "clients", "requests/s", "p50", "p95", "p99", "errors"],
        rows,
    )


@contextmanager
def _serving(home: Path) -> Iterator[int]:
    """`kb serve` on a free port of the loopback, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-c", "from kb.cli import main; main()", "serve", "--port", str(port)]
    environment = {**os.environ, "KB_HOME": str(home), "KB_ENGINE": ""}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start; `kb serve` says why.")


def _load(port: int, path: str, clients: int, requests: int, seconds: float) -> Load:
    """Let some clients ask until enough was asked or the time is up."""
    load, lock = Load(), threading.Lock()
    left = iter(range(requests))
    until = time.perf_counter() + seconds

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() < until:
            with lock:
                number = next(left, None)
            if number is None:
                break
            started = time.perf_counter()
            right = _answers(connection, path, QUESTIONS[number % len(QUESTIONS)])
            with lock:
                load.times.append(time.perf_counter() - started)
                load.errors += not right
        connection.close()

    started = time.perf_counter()
    threads: Sequence[threading.Thread] = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    return load


def _answers(connection: http.client.HTTPConnection, path: str, question: str) -> bool:
    """Whether a search is answered, with as many hits or none as there may be."""
    try:
        connection.request("GET", f"{path}?q={quote(question)}")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    if answer.status != 200:
        return False
    return "total" in json.loads(body) if path.startswith("/api/") else b"</html>" in body


if __name__ == "__main__":
    main()
