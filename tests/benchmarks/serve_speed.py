"""How many searches a second a server answers: a bounded load from another process on the loopback.

Each client keeps its connection and asks its next search when the last is answered. The load comes
from wrk where it is installed, else from threads of this process, which take a good part of a core.
Servers run as people start them, in processes of their own, on the starter corpus or on an index
that is there. What the processor spent on a request says more than the rate on a busy machine.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from kb.knowledge_base import KnowledgeBase
from kb.settings import load as load_settings
from tests.benchmarks import corpus, measuring
from tests.benchmarks.measuring import percentile, significant

if TYPE_CHECKING:
    from flask import Flask

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
_KB = (sys.executable, "-m", "kb", "serve", "--port", "{port}")
_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--preload"),
    *("--log-level", "error", "--bind", "127.0.0.1:{port}"),
)
SERVERS: Mapping[str, Sequence[str]] = {
    "kb serve": _KB,
    "kb serve, 1 process": _KB,
    "gunicorn, 1 process": (*_GUNICORN, "--workers", "1", "tests.benchmarks.serve_speed:warm_app()"),
    "gunicorn, 2 processes": (*_GUNICORN, "--workers", "2", "tests.benchmarks.serve_speed:warm_app()"),
}
_PATIENCE = 300
# wrk asks the lines of a file in turn, and ends with one line of numbers.
_ASKING = """
local paths, at = {}, 0
for line in io.lines(os.getenv("ASKED")) do paths[#paths + 1] = line end
request = function() at = at % #paths + 1; return wrk.format("GET", paths[at]) end
done = function(all, taken)
  local e = all.errors
  print("RESULT", all.requests, all.duration, e.connect + e.read + e.write + e.status + e.timeout,
    taken:percentile(50), taken:percentile(95), taken:percentile(99))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients saw: answers a second, seconds by percentile, wrong answers, and the seconds
    that the server's processors worked for each."""

    rate: float
    p50: float
    p95: float
    p99: float
    errors: int
    worked: float


@click.command()
@click.option("--clients", default="1,2,4,8,16,32", show_default=True, help="How many ask at once.")
@click.option("--seconds", default=5.0, show_default=True, help="How long each load lasts.")
@click.option("--rounds", default=2, show_default=True, help="How often all loads are tried, in turn.")
@click.option("--server", "servers", multiple=True, help="Servers to try, by name; by default kb serve.")
@click.option("--wrk/--no-wrk", default=bool(shutil.which("wrk")), help="Let wrk ask, where it is there.")
@click.option("--indexing", is_flag=True, help="Also ask while `kb index` keeps bringing in changes.")
@click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Home of an index to serve (a copy of it is), as search_speed --keep makes them;"
    " by default a new one of the starter corpus.",
)
def main(
    clients: str,
    seconds: float,
    rounds: int,
    servers: tuple[str, ...],
    wrk: bool,
    indexing: bool,
    home: Path | None,
) -> None:
    """Time the pages and the API of a running server under bounded loads."""
    gunicorn = version("gunicorn") if importlib.util.find_spec("gunicorn") else ""
    others = {"gunicorn": gunicorn} if gunicorn else {}
    measuring.heading("python -m tests.benchmarks.serve_speed", others)
    counts = [int(number) for number in clients.split(",")]
    ask = _ask_by_wrk if wrk else _ask_by_threads
    with TemporaryDirectory() as scratch:
        served = Path(scratch, "home")
        if home:
            shutil.copytree(home, served)
        questions = _questions(served)
        rows = []
        for server in servers or ("kb serve",):
            if "gunicorn" in server and not gunicorn:
                click.echo(f"{server} is left out: gunicorn is not installed.")
                continue
            with _serving(server, served) as (port, process):
                for busy in (False, True) if indexing else (False,):
                    seen: dict[tuple[str, int], list[Load]] = {(p, c): [] for p in PATHS for c in counts}
                    with _indexing(served, busy):
                        for path in PATHS:
                            ask(port, process, [f"{path}?q={quote(q)}" for q in questions], 1, seconds)
                        for _ in range(rounds):
                            for (path, number), loads in seen.items():
                                asked = [f"{path}?q={quote(question)}" for question in questions]
                                loads.append(ask(port, process, asked, number, seconds))
                    name = f"{server}, indexing" if busy else server
                    rows += [[name, path, number, *_row(loads)] for (path, number), loads in seen.items()]
    measuring.table(
        "Searches over HTTP (wall time, ms)",
        ["", "", "clients", "requests/s", "p50", "p95", "p99", "CPU ms/request", "errors"],
        rows,
    )


def _row(loads: Sequence[Load]) -> list[object]:
    times = [1000 * median(getattr(one, name) for one in loads) for name in ("p50", "p95", "p99", "worked")]
    rate = median(one.rate for one in loads)
    return [significant(rate), *map(significant, times), sum(one.errors for one in loads)]


def _questions(home: Path) -> Sequence[str]:
    """What an index was made to be asked, or else questions for the starter corpus."""
    asked = home / "asked.json"
    if not asked.exists():
        return QUESTIONS
    kinds: dict[str, list[str]] = json.loads(asked.read_bytes())
    return [question for pair in zip(kinds["long"], kinds["short"], strict=True) for question in pair]


# --- Servers ---


def warm_app() -> Flask:
    """The application as `kb serve` makes it, for gunicorn."""
    from web import create_app, warm_up

    app = create_app()
    warm_up(app)
    return app


@contextmanager
def _serving(server: str, home: Path) -> Iterator[tuple[int, int]]:
    """A server on a free port of the loopback and its process id, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {**os.environ, "KB_HOME": str(home), "KB_ENGINE": ""}
    if server == "kb serve, 1 process":
        environment["KB_PROCESSES"] = "1"
    if "gunicorn" in server:
        with KnowledgeBase(load_settings(home=home, engine="")) as book:
            book.index()
    process = subprocess.Popen(
        [word.format(port=port) for word in SERVERS[server]],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE and server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/api/v1/search?q=a")
            connection.getresponse().read()
            connection.close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start; started by hand it says why.")


def _worked(process: int) -> float:
    """The seconds a process and its children have worked, where /proc tells."""
    try:
        own = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0.0
    return (int(own[11]) + int(own[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_worked, map(int, children)))


# --- Loads ---


def _ask_by_wrk(port: int, server: int, asked: Sequence[str], clients: int, seconds: float) -> Load:
    """Let wrk ask."""
    with TemporaryDirectory() as folder:
        script, lines = Path(folder, "ask.lua"), Path(folder, "asked")
        script.write_text(_ASKING)
        lines.write_text("\n".join(asked))
        before = _worked(server)
        done = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds:.0f}s", f"-s{script}", f"http://127.0.0.1:{port}"],
            env={**os.environ, "ASKED": str(lines)},
            capture_output=True,
            text=True,
            check=True,
        )
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, taken, errors, *times = map(float, result.split()[1:])
    p50, p95, p99 = (time / 1e6 for time in times)
    worked = (_worked(server) - before) / max(1, requests)
    return Load(1e6 * requests / taken, p50, p95, p99, int(errors), worked)


def _ask_by_threads(port: int, server: int, asked: Sequence[str], clients: int, seconds: float) -> Load:
    """Let threads of this process ask."""
    times: list[float] = []
    errors, turn = 0, count()
    until, lock = time.perf_counter() + seconds, threading.Lock()

    def ask() -> None:
        nonlocal errors
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (started := time.perf_counter()) < until:
            right = _answers(connection, asked[next(turn) % len(asked)])
            with lock:
                times.append(time.perf_counter() - started)
                errors += not right
        connection.close()

    before = _worked(server)
    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worked = (_worked(server) - before) / len(times)
    p50, p95, p99 = (percentile(times, percent) for percent in (50, 95, 99))
    return Load(len(times) / seconds, p50, p95, p99, errors, worked)


def _answers(connection: http.client.HTTPConnection, path: str) -> bool:
    """Whether a search is answered, with as many hits or none as there may be."""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    if answer.status != 200:
        return False
    return "total" in json.loads(body) if path.startswith("/api/") else b"</html>" in body


# --- Indexing meanwhile ---


@contextmanager
def _indexing(home: Path, wanted: bool) -> Iterator[None]:
    """Another process that keeps changing articles of an index, if wanted."""
    if not wanted:
        yield
        return
    begun, stop = threading.Event(), threading.Event()
    indexing = threading.Thread(target=_keep_indexing, args=(home, begun, stop))
    indexing.start()
    begun.wait(_PATIENCE)
    try:
        yield
    finally:
        stop.set()
        indexing.join()


def _keep_indexing(home: Path, begun: threading.Event, stop: threading.Event) -> None:
    """Let `kb index` bring in a folder of twenty articles, all of them edited each time."""
    texts = [corpus.as_markdown(article) for article, _ in corpus.make(500, 1).articles]
    command = [sys.executable, "-m", "kb", "index"]
    with TemporaryDirectory() as folder:
        for turn in count():
            if stop.is_set():
                break
            for number, text in enumerate(texts):
                Path(folder, f"{number}.md").write_text(f"{text}\nПравка {turn}.\n", encoding="utf-8")
            environment = {**os.environ, "KB_HOME": str(home), "KB_ENGINE": ""}
            subprocess.run([*command, folder], env=environment, stdout=subprocess.DEVNULL, check=True)
            begun.set()
    click.echo(f"Meanwhile `kb index` brought in twenty edited articles {turn} times.")


if __name__ == "__main__":
    main()
