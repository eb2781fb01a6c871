"""Worker processes that do one thing to many items, and what they say of each, in the items' order.

Each is a Python of its own with a pipe of its own, whatever threads this process has and whatever its
main module is: one that is killed leaves neither a lock nor half an answer to the others. A thread here
takes what it says and gives it the next item, so that it goes on while this process is busy otherwise.
An answer is handed over when all of it is there; a long one waits on disk.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, Generic, Self, TypeVar, cast

Item = TypeVar("Item")
Answer = Iterator[bytes]
"""The messages that a worker said of an item."""

# What a worker has before it beside the item it is at, so that it need not wait for the next.
_AHEAD = 1
# Among so many next items a worker looks for one of its kind.
_LOOKED_AT = 200
# Of an answer so much waits in memory, and of all answers so much in all, or one.
_IN_MEMORY, _MOST_WAITING = 1_000_000, 32_000_000
# A worker may take so much memory: what wants more fails alone instead of bringing the machine to its knees.
_MOST_MEMORY = 1_500_000_000
# How far workers step back: one that writes has a core for itself beside two of them on two cores.
_NICENESS = 3
# A pipe that holds a whole message, where the system has such: no worker waits until it is taken.
_PIPE_SIZE = 1 << 20
# What a worker says: the kind of it, how long it is, and the message itself.
_MESSAGE, _DONE, _FAILED = range(3)
_FRAME = struct.Struct("!BI")
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from kb.indexing.workers import work; work()"
)


class WorkerDied(Exception):
    """The process that had an item ended before it was done with it.

    `was_slow` is true when it was stopped because it took too long.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.was_slow = status == -getattr(signal, "SIGPROF", 0) and status != 0


class _Closed(Exception):
    """Nobody wants the answers any more."""


@dataclass(slots=True)
class _Outcome:
    """What has come of an item so far."""

    messages: SpooledTemporaryFile[bytes]
    size: int = 0
    is_done: bool = False
    error: Exception | None = None

    def answer(self) -> Answer:
        """The messages, when it is done."""
        if self.error:
            raise self.error
        self.messages.seek(0)
        while header := self.messages.read(_FRAME.size):
            yield self.messages.read(_FRAME.unpack(header)[1])


class Workers(Generic[Item]):
    """Processes that each call `make` once, and what it gives with every item.

    It and the items must be picklable, which functions are by their names. Use it as a context manager and
    go through it: for each item there are the messages that were said of it. Reading them raises
    `WorkerDied` where the process died of the item, and what went wrong there otherwise. One that works for
    `seconds` of processor time without saying anything is stopped. Long answers wait in `folder`; None is
    the system's for what passes. A process keeps to items of one `kind` while there are some ahead, as it
    has learnt what these need.
    """

    def __init__(
        self,
        items: Sequence[Item],
        jobs: int,
        folder: Path | None,
        make: Callable[[], Callable[[Item], Iterable[bytes]]],
        seconds: float,
        kind: Callable[[Item], Hashable] = lambda item: None,
    ) -> None:
        self._items, self._jobs = items, jobs
        self._kind = lru_cache(4 * _LOOKED_AT)(lambda number: kind(items[number]))
        self._folder = str(folder) if folder else None
        self._duty = (make, seconds)
        self._changed = threading.Condition()
        # By their numbers: the items that nobody has taken, the one that is wanted now, and what has come
        # of those that were taken.
        self._left = deque(range(len(items)))
        self._wanted = 0
        self._outcomes: dict[int, _Outcome] = {}
        # The kinds that the workers keep to, by the threads that serve them.
        self._kept_to: dict[int, Hashable] = {}
        self._waiting = 0
        self._failure: Exception | None = None
        self._is_closed = False
        self._processes: set[_Process] = set()
        self._threads = [threading.Thread(target=self._serve) for _ in range(min(jobs, len(items)))]

    def __enter__(self) -> Workers[Item]:
        if self._folder and self._threads:
            Path(self._folder).mkdir(parents=True, exist_ok=True)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()
        for outcome in self._outcomes.values():
            outcome.messages.close()

    def __iter__(self) -> Iterator[Answer]:
        while self._wanted < len(self._items):
            with self._changed:
                self._changed.wait_for(lambda: self._failure or self._is_done())
                if self._failure:
                    raise self._failure
                outcome = self._outcomes[self._wanted]
            with outcome.messages:
                yield outcome.answer()
            with self._changed:
                del self._outcomes[self._wanted]
                self._wanted += 1
                self._waiting -= outcome.size
                self._changed.notify_all()

    def _is_done(self) -> bool:
        """Whether the answer that is wanted now is there."""
        return self._wanted in self._outcomes and self._outcomes[self._wanted].is_done

    # --- In the thread of a worker ---

    def _serve(self) -> None:
        """Keep one process at work, and another when it dies, until there are no more items."""
        under_way: deque[tuple[Item, _Outcome]] = deque()
        try:
            while under_way or self._take(under_way):
                with self._started() as process:
                    self._work_through(under_way, process)
        except _Closed:
            return
        except Exception as error:  # no process can be started, or no answer be kept
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _work_through(self, under_way: deque[tuple[Item, _Outcome]], process: _Process) -> None:
        """Have a process do what is under way, and then all there is. When it dies, what it was at dies
        with it, and what waited stays under way."""
        for item, _ in under_way:
            process.send(item)
        while under_way:
            outcome = under_way[0][1]
            self._wait_for_room(outcome)
            try:
                kind, message = process.receive()
            except EOFError:
                under_way.popleft()
                self._end(outcome, WorkerDied(process.status()))
                return
            if kind == _MESSAGE:
                self._keep(outcome, message)
                continue
            under_way.popleft()
            while self._take(under_way):
                process.send(under_way[-1][0])
            self._end(outcome, pickle.loads(message) if kind == _FAILED else None)

    def _take(self, under_way: deque[tuple[Item, _Outcome]]) -> bool:
        """Take the next item if few are under way; none ahead of the last ones, which others may do."""
        with self._changed:
            most = 1 + _AHEAD if len(self._left) > self._jobs * _AHEAD else 1
            if not self._left or len(under_way) >= most:
                return False
            place = self._next_of_kind()
            number = self._left[place]
            del self._left[place]
            outcome = _Outcome(SpooledTemporaryFile(_IN_MEMORY, dir=self._folder))  # noqa: SIM115
            self._outcomes[number] = outcome
            under_way.append((self._items[number], outcome))
            return True

    def _next_of_kind(self) -> int:
        """Which of the items left this thread's worker takes: the first of its kind, else the first of a kind
        that no other keeps to and that becomes its own, else the first."""
        me = threading.get_ident()
        kinds = [self._kind(number) for number in islice(self._left, _LOOKED_AT)]
        others = [kind for one, kind in self._kept_to.items() if one != me]
        keeps = me in self._kept_to and self._kept_to[me] in kinds
        if self._left[0] == self._wanted or self._waiting > _MOST_WAITING // 2:
            place = 0  # all wait for that one, or others are too far ahead of it
        elif keeps:
            place = kinds.index(self._kept_to[me])
        else:
            place = next((place for place, kind in enumerate(kinds) if kind not in others), 0)
        if not keeps and kinds[place] not in others:
            self._kept_to[me] = kinds[place]
        return place

    def _keep(self, outcome: _Outcome, message: bytes) -> None:
        """Put a message to those of an item."""
        outcome.messages.write(_FRAME.pack(_MESSAGE, len(message)) + message)
        with self._changed:
            outcome.size += len(message)
            self._waiting += len(message)

    def _wait_for_room(self, outcome: _Outcome) -> None:
        """Leave a worker waiting that is too far ahead of the answer that is wanted now."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_closed
                    or self._waiting < _MOST_WAITING
                    or self._wanted not in self._outcomes  # nobody could get there
                    or self._outcomes[self._wanted] is outcome
                )
            )

    def _end(self, outcome: _Outcome, error: Exception | None = None) -> None:
        with self._changed:
            outcome.is_done, outcome.error = True, error
            self._changed.notify_all()

    def _started(self) -> _Process:
        with self._changed:
            if self._is_closed:
                raise _Closed
            process = _Process(self._duty)
            self._processes.add(process)
            return process


class _Process:
    """A worker as it is seen from here."""

    def __init__(self, duty: object) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", _BOOT, json.dumps(sys.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._inbox, self._outbox = cast(IO[bytes], self._popen.stdin), cast(IO[bytes], self._popen.stdout)
        _widen(self._outbox)
        self.send(duty)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._popen.wait()
        self._outbox.close()
        with suppress(OSError):  # what could not be sent to a dead one
            self._inbox.close()

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._popen.kill()

    def send(self, thing: object) -> None:
        """Send its duty or an item. If it is dead, `receive` will tell."""
        with suppress(BrokenPipeError):
            pickle.dump(thing, self._inbox)
            self._inbox.flush()

    def receive(self) -> tuple[int, bytes]:
        """The kind of the next message and the message; raises EOFError when the process has ended."""
        header = self._outbox.read(_FRAME.size)
        if len(header) < _FRAME.size:
            raise EOFError
        kind, length = _FRAME.unpack(header)
        message = self._outbox.read(length)
        if len(message) < length:
            raise EOFError
        return kind, message

    def status(self) -> int:
        """The exit status; a signal's number, negative, if one ended it."""
        return self._popen.wait()


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole message, where the system can."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


# --- In the worker ---------------------------------------------------------------------------------


def work() -> None:
    """What a worker does until there are no more items, or until the process that wants them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    _limit_memory()
    _step_back()
    with suppress(EOFError, BrokenPipeError):
        make, seconds = pickle.load(inbox)
        do: Callable[[Any], Iterable[bytes]] | None = None
        while True:
            item = pickle.load(inbox)
            try:
                do = do or make()
                _limit_time(seconds)
                for message in do(item):
                    _say(outbox, _MESSAGE, message)
                    _limit_time(seconds)
            except MemoryError:
                os._exit(1)
            except BrokenPipeError:
                raise
            except Exception as error:
                _say(outbox, _FAILED, pickle.dumps(error))
            else:
                _say(outbox, _DONE)
            outbox.flush()


def _say(outbox: BinaryIO, kind: int, message: bytes = b"") -> None:
    outbox.write(_FRAME.pack(kind, len(message)))
    outbox.write(message)


def _limit_time(seconds: float) -> None:
    """Let the system end this process if it works for so long from now, be it in Python or in C."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _step_back() -> None:
    """Let the process that takes the answers go before this one: when it lags, all wait for it in the end."""
    with suppress(AttributeError, OSError):
        os.nice(_NICENESS)


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, most))
