"""Which files of the sources are new, changed, moved or gone, and which id each article gets."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slugify import slugify

from kb.models import Article, Problem, SourceFile

# A file whose time of change is this near to when it was read may have changed again unseen: file
# systems count in ticks of up to two seconds. In nanoseconds.
_TICK = 2_000_000_000
# Leaves room for "-2" and the like below `kb.engines.ARTICLE_ID_LENGTH`.
_SLUG_LENGTH = 60


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a source as it is now; `before` is what the index knows of it.

    `stale` is true when it must be read again. A file that was moved keeps its record of before,
    under its new path.
    """

    path: str
    stale: bool
    before: SourceFile | None = None
    size: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """All files that belong in the index, by path, and what could not be looked at."""

    files: tuple[FoundFile, ...]
    gone: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def survey(
    sources: Sequence[Path],
    forget: Sequence[Path],
    known: Mapping[str, SourceFile],
    pipeline: str,
    find: Callable[[Path], Iterable[Path | Problem]],
) -> Survey:
    """Compare the sources with what is known. Files of other sources stay.

    `pipeline` names all versions that shape passages: a file made by another one is stale, whatever
    its source, as long as it is there to be read again.
    """
    problems: list[Problem] = []
    present: dict[str, FoundFile] = {}
    for source in sources:
        for found in find(source.absolute()):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                path = os.path.abspath(found)
                present[path] = _found(path, known.get(path), pipeline)
    roots = [os.path.abspath(path) for path in (*sources, *forget)]
    gone = {path for path in known if path not in present and any(_is_below(path, root) for root in roots)}
    files = {path: _elsewhere(file, pipeline) for path, file in known.items() if path not in gone}
    files.update(_with_moves(present, [known[path] for path in sorted(gone)], pipeline))
    return Survey(tuple(files[path] for path in sorted(files)), tuple(sorted(gone)), tuple(problems))


def digest_of(path: str) -> str:
    """The fingerprint of a file's content, empty when it cannot be read."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


def _found(path: str, before: SourceFile | None, pipeline: str) -> FoundFile:
    try:
        status = os.stat(path)
    except OSError:
        return FoundFile(path, stale=True, before=before)
    fresh = (
        before is not None
        and before.pipeline == pipeline
        and (before.size, before.modified) == (status.st_size, status.st_mtime_ns)
        and before.modified + _TICK < before.checked
    )
    return FoundFile(path, not fresh, before, status.st_size, status.st_mtime_ns)


def _elsewhere(file: SourceFile, pipeline: str) -> FoundFile:
    """A known file of another source: left alone unless another pipeline made it."""
    if file.pipeline != pipeline and Path(file.path).exists():
        return _found(file.path, file, pipeline)
    return FoundFile(file.path, False, file)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _with_moves(
    present: Mapping[str, FoundFile], gone: Iterable[SourceFile], pipeline: str
) -> Iterator[tuple[str, FoundFile]]:
    """The present files; one with the name and content of one that is gone takes over its record.

    A file's name says how to read it, and what it is called when nothing else does.
    """
    left = {(Path(file.path).name, file.size): file for file in gone if file.pipeline == pipeline}
    for path, file in present.items():
        if file.before is None:
            moved = left.get((Path(path).name, file.size))
            if moved and moved.digest == digest_of(path):
                del left[Path(path).name, file.size]
                yield path, FoundFile(path, False, moved, file.size, file.modified)
                continue
        yield path, file


def with_metadata_files(files: Iterable[FoundFile], beside: Callable[[Path], str]) -> Iterator[FoundFile]:
    """The files, stale also where a metadata file beside them is another than when they were read.

    `beside` gives the fingerprint of the metadata files beside a file.
    """
    for file in files:
        other = file.before is not None and not file.stale and file.before.beside != beside(Path(file.path))
        yield replace(file, stale=True) if other and Path(file.path).exists() else file


def stated_id(article: Article, path: str) -> str:
    """The id an article asks for: what its front matter states, else its title, in ASCII."""
    for name in (article.stated_id, article.title, Path(path).stem):
        if slug := slugify(name, max_length=_SLUG_LENGTH, word_boundary=True):
            return slug
    return "article"


@dataclass
class IdGiver:
    """Gives each article its id: the one it asks for, and "-2", "-3" … to those that ask later.

    Asked in the order of the files' paths, it gives the same ids however the files got there.
    """

    _given: set[str] = field(default_factory=set)

    def give(self, wanted: str) -> str:
        """An id that nobody has yet."""
        id, number = wanted, 1
        while id in self._given:
            number += 1
            id = f"{wanted}-{number}"
        self._given.add(id)
        return id

    def take_back(self, ids: Iterable[str]) -> None:
        """Let ids be given again."""
        self._given.difference_update(ids)


def now() -> int:
    """The time as file systems tell it: nanoseconds since 1970."""
    return time.time_ns()
