"""What workers do in the tests of what becomes of them: a module of its own, which they import fast."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kb.indexing import preparing


def deadly(path: str) -> Iterator[bytes]:
    """Reads a file, and dies or never ends of those that are called so."""
    stem = Path(path).stem
    if stem == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    while stem == "endless":
        pass
    yield from preparing._reading_worker()(path)


def deadly_reader() -> Callable[[str], Iterable[bytes]]:
    """In the place of `preparing._reading_worker`."""
    return deadly


def deadly_preparer(vocabulary: Path | None, cache: Path) -> Callable[[str], Iterable[bytes]]:
    """In the place of `preparing._preparing_worker`, and ready at once where it need not prepare."""
    prepare = functools.cache(lambda: preparing._preparing_worker(vocabulary, cache))
    return lambda path: list(deadly(path)) and prepare()(path)
