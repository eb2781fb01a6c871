"""Files → articles.

`find` goes through a folder, `read` reads one file or archive. To read another format: write a module here
with a function `read(source: Source) -> list[Draft]` and add its line to `READERS`.
"""

from __future__ import annotations

import importlib
import stat
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, cast

from kb.errors import MissingExtra, ReadingError
from kb.models import Article, Problem
from kb.readers import beside
from kb.readers.archive import Archive
from kb.readers.beside import fingerprint as fingerprint_beside
from kb.readers.draft import Draft, Finding, Source
from kb.readers.finishing import finish
from kb.readers.folders import files_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
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

PLAIN = (".md", ".markdown", ".txt")
"""Formats whose readers are all our own: no file can crash them."""

ARCHIVES = (".zip",)
"""Archives are opened, and what is in them is read as if it lay in a folder."""

MAX_BYTES = 20 * 1024 * 1024
"""A larger file is not opened."""

_MAX_ARCHIVE_BYTES = 200 * 1024 * 1024
_EXTRA = "formats"  # brings the libraries for all but Markdown and text

__all__ = [
    "ARCHIVES",
    "MAX_BYTES",
    "READERS",
    "Reading",
    "find",
    "fingerprint_beside",
    "is_plain",
    "read",
    "read_in_parts",
]


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
    return files_below(root, (*READERS, *ARCHIVES))


def is_plain(path: Path) -> bool:
    """Whether a file can be read in this very process; what runs foreign parsers may crash it."""
    return path.suffix.lower() in PLAIN


def read(path: Path, name: str | None = None) -> Reading:
    """The articles in the file at `path`, or in the files of an archive.

    Whatever is wrong with it becomes a Problem, never an error. `name` is what the file is called in
    the problems; without it, its path. Metadata files beside it are heeded, see `kb.readers.beside`.
    """
    parts = list(read_in_parts(path, name))
    return Reading(
        tuple(article for part in parts for article in part.articles),
        tuple(dict.fromkeys(problem for part in parts for problem in part.problems)),
    )


def read_in_parts(path: Path, name: str | None = None) -> Iterator[Reading]:
    """The same as `read`, of an archive one file after the other: it may be large.

    A problem that speaks for several files is told with each.
    """
    name = str(path) if name is None else name
    if path.suffix.lower() in ARCHIVES:
        yield from _read_archive(path, name)
    else:
        yield _read_file(path, name, lambda: _bytes(path), beside.fetch_from(path.parent))


def _read_archive(path: Path, name: str) -> Iterator[Reading]:
    """What comes of the files in an archive, each called by its path below the archive's."""
    is_empty = True
    try:
        _check(path, _MAX_ARCHIVE_BYTES)
        with Archive(path, MAX_BYTES) as archive:
            for part in _members(archive, name):
                is_empty = False
                yield part
    except ReadingError as error:
        yield _unreadable(name, error.code, str(error))
    except Exception as error:
        yield _failed(name, error)
    else:
        if is_empty:
            message = "There is nothing in this archive that can be read."
            yield _unreadable(name, "empty-archive", message)


def _members(archive: Archive, name: str) -> Iterator[Reading]:
    """What comes of each file in an archive."""
    for member in archive.members(READERS, ARCHIVES):
        path = f"{name}/{member.path}"
        if member.problem:
            yield Reading((), _problems(path, [member.problem]))
        else:
            yield _read_file(member.path, path, member.read, member.fetch)


def _read_file(path: PurePath, name: str, content: Callable[[], bytes], fetch: beside.Fetch) -> Reading:
    """What comes of one file: `path` tells its format, `fetch` gives what lies beside it."""
    said = beside.read(path.name, fetch)
    problems = [
        problem
        for metadata_file, found in said.findings
        for problem in _problems(str(PurePath(name).with_name(metadata_file)), [found])
    ]
    try:
        drafts = _reader(path).read(Source(name, content()))
        finished = [finish(draft, path.stem, said) for draft in drafts]
    except ReadingError as error:
        return _unreadable(name, error.code, str(error), error.line, problems)
    except ImportError as error:
        missing = MissingExtra(f"Reading {path.suffix.lower()} files ({error.name or error})", _EXTRA)
        return _unreadable(name, "missing-extra", str(missing), None, problems)
    except (RecursionError, MemoryError) as error:
        message = f"The file is too deep or too large to be read ({type(error).__name__})."
        return _unreadable(name, "file-too-large", message, None, problems)
    except Exception as error:
        return _failed(name, error, problems)
    findings = [finding for _, found in finished for finding in found]
    articles = tuple(article for article, _ in finished if article.sections)
    if not articles:
        findings.append(Finding("empty-article", "There is no text here that could be read as an article."))
    return Reading(articles, (*problems, *_problems(name, findings)))


def _reader(path: PurePath) -> _Reader:
    """The module that reads files such as this; ReadingError when there is none."""
    module = READERS.get(path.suffix.lower())
    if module is None:
        known = ", ".join((*READERS, *ARCHIVES))
        raise ReadingError("unknown-format", f"Files ending in “{path.suffix}” cannot be read, only {known}.")
    return cast("_Reader", importlib.import_module(module))


def _bytes(path: Path) -> bytes:
    """The content of a file of bearable size; ReadingError when it cannot be had."""
    _check(path, MAX_BYTES)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)  # not more, should it be growing
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise _unopened(error) from error


def _check(path: Path, limit: int) -> None:
    """Raise ReadingError for what is no file, or has more than `limit` bytes."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _unopened(error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ReadingError("unreadable-file", "This is not a file: a folder, a pipe or a device.")
    if status.st_size > limit:
        message = (
            f"The file has {status.st_size:,} bytes; at most {limit:,} are read. Split it into articles."
        )
        raise ReadingError("file-too-large", message)


def _unopened(error: Exception) -> ReadingError:
    reason = getattr(error, "strerror", None) or error
    return ReadingError("unreadable-file", f"The file cannot be opened: {reason}.")


def _failed(name: str, error: Exception, others: Iterable[Problem] = ()) -> Reading:
    """What comes of a file that no reader understands: a bug of ours or of a parser, which must not stop
    the other files."""
    message = f"The file could not be read: {type(error).__name__}: {error}. Please report this."
    return _unreadable(name, "reader-failed", message, None, others)


def _unreadable(
    name: str, code: str, message: str, line: int | None = None, others: Iterable[Problem] = ()
) -> Reading:
    """What comes of a file that cannot be read."""
    return Reading((), (Problem(name, line, code, message, "error"), *others))


def _problems(name: str, findings: list[Finding]) -> tuple[Problem, ...]:
    """The findings as problems of this file, by line, each once (versions share lines)."""
    problems = (
        Problem(name, finding.line, finding.code, finding.message, finding.severity) for finding in findings
    )
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))
