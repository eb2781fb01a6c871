"""Files that appear whole: whoever looks at their place sees what was there before or all of the new."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Hidden, so that nothing that reads a folder takes one for an article.
_PREFIX = ".writing-"


@contextmanager
def whole_file(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A new file to write to, which comes to stand at `path` with these permissions when the block ends.

    An error in the block leaves what was there, and nothing else. Raises `OSError` when the folder cannot
    be written.
    """
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=_PREFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(mode)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
