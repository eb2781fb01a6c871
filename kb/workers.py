"""Worker processes that do one thing to many items and hand the results over in the items' order.

Each worker has a pipe of its own, so one that is killed leaves neither a lock nor half a message to
the others. Workers are started anew (spawned), whatever threads this process has.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Item = TypeVar("Item")

# What a worker has before it beside the item it is at, so that it need not wait for the next.
_AHEAD = 1


class WorkerDied(Exception):
    """The process that had an item ended before it was done with it."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    items: deque[int] = field(default_factory=deque)


class Workers(Generic[Item]):
    """Processes that each call `make(*arguments)` once, and what it gives for every item.

    Functions and items must be picklable. Use it as a context manager.
    """

    def __init__(self, jobs: int, make: Callable[..., Callable[[Item], bytes]], *arguments: object) -> None:
        self._make, self._arguments = make, arguments
        self._workers = [self._started() for _ in range(jobs)]

    def __enter__(self) -> Workers[Item]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def _started(self) -> _Worker:
        spawning = get_context("spawn")
        ours, theirs = spawning.Pipe()
        process = spawning.Process(target=_work, args=(theirs, self._make, self._arguments), daemon=True)
        process.start()
        theirs.close()  # or the end of the process would not be the end of the pipe
        return _Worker(process, ours)

    def results(
        self, items: Iterable[Item], size: Callable[[Item], int], most: int
    ) -> Iterator[bytes | WorkerDied]:
        """What comes of each item, in order. An item whose process died gives `WorkerDied`.

        So many items are under way or wait to be taken that their sizes stay below `most`, or one.
        """
        coming = enumerate(items)
        under_way: dict[int, Item] = {}
        done: dict[int, bytes | WorkerDied] = {}
        following = next(coming, None)
        number = 0
        while following or number in under_way:
            while following and self._has_room(under_way.values(), size, most, following[1]):
                at, item = following
                under_way[at] = item
                self._send(at, item)
                following = next(coming, None)
            while number not in done:
                self._receive(under_way, done)
            del under_way[number]
            yield done.pop(number)
            number += 1

    def _has_room(
        self, under_way: Iterable[Item], size: Callable[[Item], int], most: int, item: Item
    ) -> bool:
        sizes = [size(one) for one in under_way]
        least_busy = min(len(worker.items) for worker in self._workers)
        return not sizes or (least_busy <= _AHEAD and sum(sizes) + size(item) <= most)

    def _send(self, at: int, item: Item) -> None:
        worker = min(self._workers, key=lambda one: len(one.items))
        worker.items.append(at)
        with suppress(OSError):  # it has died, which `_receive` will see
            worker.pipe.send(item)

    def _receive(self, under_way: dict[int, Item], done: dict[int, bytes | WorkerDied]) -> None:
        """Wait for a worker and take what it has, or learn of its death."""
        for pipe in wait([worker.pipe for worker in self._workers]):
            worker = next(worker for worker in self._workers if worker.pipe is pipe)
            try:
                result = worker.pipe.recv()
            except (EOFError, OSError):
                self._replace(worker, under_way, done)
                continue
            if isinstance(result, Exception):
                raise result
            done[worker.items.popleft()] = result

    def _replace(
        self, worker: _Worker, under_way: dict[int, Item], done: dict[int, bytes | WorkerDied]
    ) -> None:
        """Give what waited for a dead worker to a new one; what it was at died with it."""
        worker.process.join()
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = self._started()
        if worker.items:
            done[worker.items.popleft()] = WorkerDied(worker.process.exitcode)
        for at in worker.items:
            self._send(at, under_way[at])


def _work(pipe: Connection, make: Callable[..., Callable[[Item], bytes]], arguments: tuple[object]) -> None:
    """What a worker does until its pipe ends, as it does when the process that started it dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it
    try:
        do = make(*arguments)
        while True:
            item = pipe.recv()
            try:
                result: object = do(item)
            except MemoryError:
                os._exit(1)
            except Exception as error:
                result = error
            pipe.send(result)
    except (EOFError, OSError):
        return
