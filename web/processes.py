"""Several processes that do the same work, made by fork: they share what was loaded before.

Python runs on one core at a time; a server with as many processes as cores answers as many times as
many requests. The parent does nothing but replace a process that died, and pass on when to stop.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

_TOLD = (signal.SIGTERM, signal.SIGINT)
_LEAST_LIFE = 1.0  # seconds; one that dies sooner is not replaced before they are over
MOST = 4  # processes, unless more are asked for: each keeps some memory of its own


def how_many(wanted: int | None) -> int:
    """As many as are wanted, by default one for each core: on Linux, where forking is safe."""
    if sys.platform != "linux":
        return 1
    return wanted or min(MOST, len(os.sched_getaffinity(0)))


def run(work: Callable[[Callable[[], bool]], None], processes: int, patience: float) -> None:
    """Do `work` in so many processes until SIGTERM or Ctrl-C, which each of them gets too.

    `work` is given what tells whether the parent is still there, and must end when told. It has
    `patience` seconds for that. No other thread may run here.
    """
    waited_for = {*_TOLD, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    born: dict[int, float] = {}
    try:
        while True:
            while len(born) < processes:
                born[_forked(work, before)] = time.monotonic()
            if signal.sigwait(waited_for) in _TOLD:
                return
            for process in _ended(born):
                time.sleep(max(0.0, born.pop(process) + _LEAST_LIFE - time.monotonic()))
    finally:
        _stop(born, patience)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forked(work: Callable[[Callable[[], bool]], None], mask: set[signal.Signals | int]) -> int:
    """The id of a new process that does the work and nothing else."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    if process := os.fork():
        return process
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        work(lambda: os.getppid() == parent)
        status = 0
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _ended(processes: dict[int, float]) -> list[int]:
    """Those that are no more."""
    return [process for process in processes if os.waitpid(process, os.WNOHANG)[0]]


def _stop(processes: dict[int, float], patience: float) -> None:
    for process in processes:
        os.kill(process, signal.SIGTERM)
    until = time.monotonic() + patience
    while processes and time.monotonic() < until:
        for process in _ended(processes):
            del processes[process]
        time.sleep(0.05)
    for process in processes:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
