"""The metadata files beside a file.

`welcome.yml` speaks for `welcome.docx`, and `article.yml` for all files of its folder. Their keys
are those of front matter. In an archive they lie beside its members.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kb.errors import ReadingError
from kb.readers import front_matter
from kb.readers.decoding import decode
from kb.readers.draft import UNSTATED, Finding, Metadata, Source

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER_FILE = "article.yml"

Fetch = Callable[[str], bytes | None]
"""Gives the content of the file of this name beside the one that is read; None when there is none."""

_MAX_BYTES = 4 * front_matter.MAX_FRONT_MATTER


@dataclass(frozen=True, slots=True)
class Beside:
    """What the metadata files state: of this one `file`, and of all in the `folder`.

    `findings` are pairs of the name of a metadata file and what is wrong with it.
    """

    file: Metadata = UNSTATED
    folder: Metadata = UNSTATED
    findings: tuple[tuple[str, Finding], ...] = ()


NOTHING_BESIDE = Beside()


def _names(name: str) -> tuple[str, str]:
    """The names of the metadata files for a file of this name: its own, and that of the folder."""
    return f"{PurePosixPath(name).stem}.yml", _FOLDER_FILE


def read(name: str, fetch: Fetch) -> Beside:
    """What the metadata files beside the file called `name` state."""
    findings: list[tuple[str, Finding]] = []
    stated: dict[str, Metadata] = {}
    own, of_folder = _names(name)
    for metadata_file in dict.fromkeys((own, of_folder)):  # of article.md they are one
        content = fetch(metadata_file)
        if content is not None:
            stated[metadata_file], found = _read(Source(metadata_file, content))
            findings += [(metadata_file, finding) for finding in found]
    return Beside(stated.get(own, UNSTATED), stated.get(of_folder, UNSTATED), tuple(findings))


def _read(source: Source) -> tuple[Metadata, list[Finding]]:
    """What a metadata file states, and what is wrong with it."""
    if not source.data.strip():
        return UNSTATED, []
    try:
        return front_matter.whole(decode(source))
    except ReadingError as error:
        return UNSTATED, [Finding(error.code, str(error), error.line)]


def fetch_from(folder: Path) -> Fetch:
    """Fetches files of a folder."""

    def fetch(name: str) -> bytes | None:
        path = folder / name
        if not path.is_file():  # a pipe would be waited for
            return None
        try:
            with path.open("rb") as file:
                return file.read(_MAX_BYTES)
        except OSError:
            return None

    return fetch


def fingerprint(path: Path) -> str:
    """Tells whether the metadata files beside a file have changed; empty when there are none."""
    fetch = fetch_from(path.parent)
    contents = [(name, content) for name in _names(path.name) if (content := fetch(name)) is not None]
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:16] if contents else ""
