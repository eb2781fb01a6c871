"""Following files as they change, by watchfiles (an extra)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from kb.errors import InvalidRequest, MissingExtra

# What an editor or a checkout writes within so long is one change, in milliseconds.
_TOGETHER = 400


def changes_below(sources: Sequence[Path], stop: Event | None = None) -> Iterator[None]:
    """Give a turn each time that anything below the sources has changed, until `stop`.

    The first turn comes when the sources are being watched, so that no change falls between reading
    them and watching them. Raises `MissingExtra`, and `InvalidRequest` for a source that is not there.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise MissingExtra("Following files as they change", "watch") from None
    # A file is often replaced by another, so the folder it is in is watched.
    folders = {path if path.is_dir() else path.parent for path in (one.absolute() for one in sources)}
    for folder in folders:
        if not folder.is_dir():
            raise InvalidRequest(f"There is no folder {folder} to watch.")

    def is_seen(_: object, path: str) -> bool:
        """Hidden files are passed over when reading, too; the index itself may be among them."""
        below = (Path(path).relative_to(folder) for folder in folders if Path(path).is_relative_to(folder))
        return any(not any(part.startswith(".") for part in one.parts) for one in below)

    turns = watch(
        *folders,
        watch_filter=is_seen,
        debounce=_TOGETHER,
        rust_timeout=_TOGETHER,
        yield_on_timeout=True,
        stop_event=stop,
    )
    is_first = True
    for found in turns:
        if found or is_first:
            is_first = False
            yield
