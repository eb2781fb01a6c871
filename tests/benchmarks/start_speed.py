"""How long the command line takes from the first key to the answer, each time in a new process.

The bare interpreter is timed beside it in turn: what is above it is ours. The index is one of the
starter corpus. Each command is run once before, and may keep its bytecode, as where it is installed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kb.knowledge_base import KnowledgeBase
from kb.settings import load
from tests.benchmarks import measuring
from tests.benchmarks.measuring import percentile, significant

COMMANDS: Mapping[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "kb --help": ("-m", "kb", "--help"),
    "kb search эмпатия": ("-m", "kb", "search", "эмпатия"),
    "kb search эмпотиия (repaired)": ("-m", "kb", "search", "эмпотиия"),
    "kb search 如何处理客户投诉": ("-m", "kb", "search", "如何处理客户投诉"),
}


@click.command()
@click.option("--repeat", default=10, show_default=True, help="How often each command is run.")
def main(repeat: int) -> None:
    """Time commands, in wall and in processor time."""
    measuring.heading("python -m tests.benchmarks.start_speed")
    with TemporaryDirectory() as home:
        with KnowledgeBase(load(home=Path(home), engine="")) as book:
            book.index()
        for words in COMMANDS.values():
            _run(words, home)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for _ in range(repeat):
            for name, words in COMMANDS.items():
                times[name].append(_run(words, home))
    measuring.table(
        "Commands (ms)",
        ["", "wall p50", "wall p95", "CPU p50", "CPU p95"],
        [
            [
                name,
                *(
                    significant(1000 * percentile(taken, p))
                    for taken in zip(*runs, strict=True)
                    for p in (50, 95)
                ),
            ]
            for name, runs in times.items()
        ],
    )


def _run(words: Sequence[str], home: str) -> tuple[float, float]:
    """The seconds that a command takes by the clock and of the processor."""
    worked, began = _worked(), time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "KB_HOME": home, "KB_ENGINE": "", "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began, _worked() - worked


def _worked() -> float:
    """The seconds that the processor worked for children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
