"""The web server: waitress, stopped so that everybody who was promised an answer gets it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

GRACE = 20.0  # seconds that answers may take once it is told to stop


def listen(
    app: Flask, host: str, port: int, trusts_proxies: bool, listening: Callable[[], None] = lambda: None
) -> None:
    """Answer requests until SIGTERM or Ctrl-C; then those that are under way, and no new ones.

    `listening` is called as soon as connections are accepted.
    """
    sockets: dict[int, Any] = {}  # waitress keeps its listeners, channels and trigger here
    server = create_server(
        app,
        map=sockets,
        host=host,
        port=port,
        ident=None,
        # A slow search must not keep the others waiting.
        threads=8,
        # With proxies in front, their headers go on to the application, which counts them.
        clear_untrusted_proxy_headers=not trusts_proxies,
    )
    stop = threading.Event()
    with _stopping(stop):
        listening()
        while not stop.is_set():
            wasyncore.loop(timeout=0.5, map=sockets, count=1)
        for listener in list(sockets.values()):
            listener.accepting = False
        until = time.monotonic() + GRACE
        while time.monotonic() < until and any(map(_is_busy, list(sockets.values()))):
            wasyncore.loop(timeout=0.05, map=sockets, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets)


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
