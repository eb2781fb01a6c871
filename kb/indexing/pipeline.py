"""The versions of all that shapes passages: what another version made is made again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kb import sameness
from kb.models import SourceFile

# Raise it when reading, splitting, tagging or analysing gives something else: files are read again.
PIPELINE = 7


def versions(vocabulary: str) -> str:
    """The mark of files that are read now; `vocabulary` is the digest of the vocabulary."""
    return f"{_steps()} {vocabulary}"


def _steps() -> str:
    return f"{PIPELINE}.{sameness.version()}"


def made_with_another(files: Iterable[SourceFile], versions: str) -> str:
    """What has changed since these files were read: "vocabulary" or "version" (of Servicebook), or
    nothing (""). `versions` are those of now.

    Files that are gone cannot be read again, and do not count.
    """
    for file in files:
        if file.pipeline != versions and Path(file.path).exists():
            return "vocabulary" if file.pipeline.startswith(f"{_steps()} ") else "version"
    return ""
