"""Where several processes count figures together; entered before anything that counts is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from kb.settings import Settings

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # names the folder that several processes count into


@contextmanager
def shared_figures(settings: Settings, processes: int) -> Iterator[None]:
    """Let several processes count into one folder, so that whichever answers shows what all counted.

    To be entered before an application is made: what counts looks for the folder when it is imported.
    """
    if settings.metrics == "off" or processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="servicebook-") as folder:
        os.environ[SHARED] = folder
        try:
            yield
        finally:
            del os.environ[SHARED]
