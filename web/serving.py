"""The web server: waitress, in one process or several, stopped so that everybody who was promised an
answer gets it."""

from __future__ import annotations

import logging
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from web import processes

_GRACE = 20.0  # seconds that answers may take once it is told to stop
_THREADS = 4  # at most, in each process
_QUICK = 0.05  # seconds; what takes longer gets another thread beside it
_MOMENT = 0.001  # seconds in which who was given a connection leaves the next one to others
_BACKLOG = 1024
_UNHEARD = logging.Logger("waitress.queue", logging.ERROR)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def listen(
    app: Flask,
    host: str,
    port: int,
    trusts_proxies: bool,
    workers: int,
    listening: Callable[[], None] = lambda: None,
    waits: bool = False,
) -> None:
    """Answer requests in so many processes until SIGTERM or Ctrl-C; then those that are under way, and
    no new ones.

    `listening` is called as soon as connections are accepted. With `waits`, answers mostly wait for another
    machine, and many can do so at once.
    """
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(one) for one in _bound(host, port)]
        listening()

        def work(is_wanted: Callable[[], bool]) -> None:
            _answer(app, sockets, trusts_proxies, _THREADS if waits else 1, is_wanted)

        if workers > 1:
            processes.run(work, workers, _GRACE + 5)
        else:
            work(lambda: True)


def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket for each address that a host has here, listening."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, address in dict.fromkeys((family, address) for family, *_, address in found):
        yield socket.create_server(address, family=family, backlog=_BACKLOG)


def _answer(
    app: Flask,
    listeners: Sequence[socket.socket],
    trusts_proxies: bool,
    threads: int,
    is_wanted: Callable[[], bool],
) -> None:
    """Answer requests in this process."""
    sockets: dict[int, Any] = {}  # waitress keeps its listeners, channels and trigger here
    server = create_server(
        app,
        map=sockets,
        sockets=list(listeners),
        ident=None,
        threads=threads,
        # With proxies in front, their headers go on to the application, which counts them.
        clear_untrusted_proxy_headers=not trusts_proxies,
    )
    lanes = _Lanes(server.task_dispatcher, threads)
    door = _Door([one for one in sockets.values() if isinstance(one, BaseWSGIServer)])
    for listener in door.listeners:
        listener.channel_class = _Channel
        listener.lanes, listener.door = lanes, door
    stop = threading.Event()
    with _stopping(stop):
        while not stop.is_set() and is_wanted():
            is_open = door.open_in_turn()
            wait = _MOMENT if not is_open else _QUICK if lanes.are_taken else 0.5
            wasyncore.loop(timeout=wait, map=sockets, count=1)
            lanes.adjust()
        door.close()
        until = time.monotonic() + _GRACE
        while time.monotonic() < until and any(map(_is_busy, list(sockets.values()))):
            wasyncore.loop(timeout=_QUICK, map=sockets, count=1)
            lanes.adjust()
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Takes addresses as people type them: curl sends ?q=жалоба as it stands, and waitress refuses that.

    It is escaped as browsers escape it, byte by byte.
    """

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line of a request and its headers."""
        first, end, headers = header_plus.partition(b"\r\n")
        escaped = _BEYOND_ASCII.sub(lambda found: b"%%%02X" % ord(found[0]), first)
        super().parse_header(escaped + end + headers)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests are read so, and answered in a lane of its server."""

    parser_class = _Parser

    def __init__(self, server: BaseWSGIServer, *args: Any, **named: Any) -> None:
        super().__init__(server, *args, **named)
        server.door.entered()

    def service(self) -> None:
        """Answer what was asked."""
        with self.server.lanes.taken():
            super().service()


class _Door:
    """Lets connections in, in turn with the other processes that listen at the same sockets: one might take
    all that come at once, and keep them, while the others have nothing to do."""

    def __init__(self, listeners: Sequence[BaseWSGIServer]) -> None:
        self.listeners = listeners
        self._opens = 0.0

    def entered(self) -> None:
        """One was let in; the next moment is the others'."""
        self._opens = time.monotonic() + _MOMENT

    def open_in_turn(self) -> bool:
        """Open it, or close it while the moment is the others'; returns whether it is open."""
        is_open = time.monotonic() >= self._opens
        for listener in self.listeners:
            listener.accepting = is_open
        return is_open

    def close(self) -> None:
        """Let nobody in any more."""
        for listener in self.listeners:
            listener.accepting = False


class _Lanes:
    """How many requests are worked on at once: one, and another beside each that is slow.

    Threads that compute at once only fight over Python's lock, and with four of them every answer costs a
    third more; but nobody waits for a slow one.
    """

    def __init__(self, dispatcher: ThreadedTaskDispatcher, least: int) -> None:
        self._dispatcher = dispatcher
        self._least = least
        self._began: dict[int, float] = {}  # by thread
        dispatcher.queue_logger = _UNHEARD  # that requests wait for each other is meant

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While a request is worked on by this thread."""
        thread = threading.get_ident()
        self._began[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._began[thread]

    @property
    def are_taken(self) -> bool:
        """Whether any request is worked on."""
        return bool(self._began)

    def adjust(self) -> None:
        """Give each slow request another thread beside it, and take back what is not needed any more."""
        late = time.monotonic() - _QUICK
        slow = sum(began < late for began in list(self._began.values()))
        self._dispatcher.set_thread_count(min(self._least + slow, _THREADS))


def _is_busy(channel: Any) -> bool:
    """Whether somebody waits at a connection: a request is answered, or its answer not sent yet."""
    return bool(getattr(channel, "requests", None) or getattr(channel, "total_outbufs_len", 0))


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C set `stop`."""
    told = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in told]
    try:
        yield
    finally:
        for number, handler in zip(told, before, strict=True):
            signal.signal(number, handler)
