"""Times, taken so that a busy machine does little harm, and tables of them.

The contestants take turns query by query, so that what disturbs one disturbs all; each query is
asked several times and counts with its median; p50, p95 and p99 are over the queries.
"""

from __future__ import annotations

import gc
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TypeVar

import click

CLOCKS: Mapping[str, Callable[[], float]] = {"cpu": time.process_time, "wall": time.perf_counter}
_LIBRARIES = ("servicebook", "whoosh3", "numpy", "pymorphy3", "jieba", "msgspec", "waitress")

Asked = TypeVar("Asked")

clock_option = click.option(
    "--clock",
    type=click.Choice(list(CLOCKS)),
    default="cpu",
    show_default=True,
    help="Time of the processor, which neighbours on a busy machine do not lengthen, or of the wall.",
)


def interleaved(
    contestants: Mapping[str, Callable[[Asked], object]],
    queries: Sequence[Asked],
    repeat: int,
    clock: str,
) -> dict[str, list[float]]:
    """The median seconds each contestant takes for each query, asked `repeat` times in turn."""
    now = CLOCKS[clock]
    times: dict[str, list[list[float]]] = {name: [[] for _ in queries] for name in contestants}
    names = list(contestants)
    gc.collect()
    gc.disable()
    try:
        for round in range(repeat):
            for number, query in enumerate(queries):
                first = (round + number) % len(names)
                for name in names[first:] + names[:first]:
                    ask = contestants[name]
                    started = now()
                    ask(query)
                    times[name][number].append(now() - started)
            gc.collect()
    finally:
        gc.enable()
    return {name: [median(taken) for taken in queries] for name, queries in times.items()}


def percentile(times: Sequence[float], percent: float) -> float:
    """The time that `percent` of the times do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(times: Sequence[float]) -> list[str]:
    """p50, p95 and p99 for a table."""
    return [significant(1000 * percentile(times, percent)) for percent in (50, 95, 99)]


def significant(value: float) -> str:
    """A number with three figures, or all of a larger one."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(value: float, to: float) -> str:
    """How many times one value is another."""
    return f"{significant(value / to)}×" if to else "–"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that is also Markdown."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths))
        + "|"
    )
    click.echo("\n".join([f"\n{title}\n", lines[0], rule, *lines[1:]]))


def heading(command: str, others: Mapping[str, str] | None = None) -> None:
    """Print the date, the machine, the command and the versions of everything."""
    versions = {"Python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    versions.update(others or {})
    click.echo(f"{date.today()} · {_machine()}\n`{command} {' '.join(sys.argv[1:])}`")
    click.echo(" · ".join(f"{name} {number}" for name, number in versions.items()))


def _machine() -> str:
    import os

    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; load {load}"


def family(process: int) -> Iterator[int]:
    """A process and all that it started, and these, as Linux tells."""
    yield process
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in said(path).split():
            yield from family(int(child))


def said(path: str | Path) -> str:
    """What the system says of a process, and nothing of one that has ended."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def held(process: int) -> float:
    """The most memory that a process has held since its program began, in megabytes; 0 when it has ended.

    `getrusage` gives more: to it a process has held all that its parent did when it was made.
    """
    lines = dict(line.split(":", 1) for line in said(f"/proc/{process}/status").splitlines())
    return int(lines.get("VmHWM", "0").split()[0]) / 1000


def resident() -> float:
    """The memory of its own that this process holds, in megabytes, without the files it has mapped:
    these are the system's cache (where /proc tells; else the most it held of both)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
