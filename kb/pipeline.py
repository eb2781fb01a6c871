"""The versions of all that shapes passages: what another pipeline made is made again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kb import sameness
from kb.models import SourceFile

# Raised when reading, splitting, tagging or analysing changes what they give: files are read again.
PIPELINE = 6


def versions(vocabulary: str) -> str:
    """What a file is marked with that is read now; `vocabulary` is the digest of the vocabulary."""
    return f"{_steps()} {vocabulary}"


def _steps() -> str:
    return f"{PIPELINE}.{sameness.version()}"


def made_with_another(files: Iterable[SourceFile], versions: str) -> str:
    """What was another when these files were read: "vocabulary", "version" (of Servicebook), or nothing.

    Files that are gone cannot be read again, and do not count.
    """
    for file in files:
        if file.pipeline != versions and Path(file.path).exists():
            return "vocabulary" if file.pipeline.startswith(f"{_steps()} ") else "version"
    return ""
