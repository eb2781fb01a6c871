"""Files → articles.

`find` goes through a folder, `read` reads one file. To read another format: write a module here
with a function `read(source: Source) -> list[Draft]` and add its line to `READERS`.
"""

from __future__ import annotations

import importlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from kb.errors import MissingExtra, ReadingError
from kb.models import Article, Problem
from kb.readers.draft import Draft, Finding, Source
from kb.readers.finishing import finish
from kb.readers.folders import files_below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READERS: dict[str, str] = {
    ".md": "kb.readers.markdown",
    ".markdown": "kb.readers.markdown",
    ".txt": "kb.readers.plain_text",
    ".html": "kb.readers.web_page",
    ".htm": "kb.readers.web_page",
    ".xhtml": "kb.readers.web_page",
    ".docx": "kb.readers.word",
    ".odt": "kb.readers.open_document",
    ".pptx": "kb.readers.slides",
    ".pdf": "kb.readers.pdf",
    ".epub": "kb.readers.ebook",
}
"""Which module reads the files whose names end so. It is imported when the first such file is read."""

MAX_BYTES = 20 * 1024 * 1024
"""A larger file is not opened."""

__all__ = ["MAX_BYTES", "READERS", "Reading", "find", "read"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file: its articles, and what its editor should know."""

    articles: tuple[Article, ...]
    problems: tuple[Problem, ...]


class _Reader(Protocol):
    """A module of `READERS`."""

    def read(self, source: Source) -> list[Draft]:
        """The drafts of the articles in a file; raises ReadingError when it cannot be read."""


def find(root: Path) -> Iterator[Path | Problem]:
    """The files at and below `root` that can be read, in sorted order, and what kept it from looking.

    Hidden files and folders are passed over. See `kb.readers.folders` for symbolic links.
    """
    return files_below(root, READERS)


def read(path: Path, name: str | None = None) -> Reading:
    """The articles in the file at `path`. Whatever is wrong with it becomes a Problem, never an error.

    `name` is what the file is called in the problems; without it, its path.
    """
    name = str(path) if name is None else name
    try:
        drafts = _reader(path).read(Source(name, _bytes(path)))
        finished = [finish(draft, path.stem) for draft in drafts]
    except ReadingError as error:
        return _unreadable(name, error.code, str(error), error.line)
    except MissingExtra as error:
        return _unreadable(name, "missing-extra", str(error))
    except Exception as error:  # a bug of ours or of a parser must not stop the other files
        message = f"The file could not be read: {type(error).__name__}: {error}. Please report this."
        return _unreadable(name, "reader-failed", message)
    findings = [finding for _, found in finished for finding in found]
    articles = tuple(article for article, _ in finished if article.sections)
    if not articles:
        findings.append(Finding("empty-article", "There is no text here that could be read as an article."))
    return Reading(articles, _problems(name, findings))


def _reader(path: Path) -> _Reader:
    """The module that reads files such as this; ReadingError when there is none."""
    module = READERS.get(path.suffix.lower())
    if module is None:
        known = ", ".join(READERS)
        raise ReadingError("unknown-format", f"Files ending in “{path.suffix}” cannot be read, only {known}.")
    return cast("_Reader", importlib.import_module(module))


def _bytes(path: Path) -> bytes:
    """The content of a file of bearable size; ReadingError when it cannot be had."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ReadingError("unreadable-file", "This is not a file: a folder, a pipe or a device.")
        if status.st_size > MAX_BYTES:
            size, limit = f"{status.st_size:,}", f"{MAX_BYTES:,}"
            message = f"The file has {size} bytes; at most {limit} are read. Split it into articles."
            raise ReadingError("file-too-large", message)
        with path.open("rb") as file:
            return file.read(MAX_BYTES)  # not more, should it be growing
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise ReadingError("unreadable-file", f"The file cannot be opened: {reason}.") from error


def _unreadable(name: str, code: str, message: str, line: int | None = None) -> Reading:
    """What comes of a file that cannot be read."""
    return Reading((), (Problem(name, line, code, message, "error"),))


def _problems(name: str, findings: list[Finding]) -> tuple[Problem, ...]:
    """The findings as problems of this file, by line, each once (versions share lines)."""
    problems = (
        Problem(name, finding.line, finding.code, finding.message, finding.severity) for finding in findings
    )
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))
