"""Which files of the sources are new, changed, moved or gone, which id each article gets, and what
became of them all."""

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
UNKNOWN = -1
"""The time of change of a file that must be read again."""

LONGEST_ID = 60
"""The longest id that an article may ask for; leaves room for "-2" and the like below
`kb.engines.records.ARTICLE_ID_LENGTH`."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a source as it is now; `before` is what the index knows of it.

    `stale` is true when it must be read again. A file that was moved or renamed keeps its record of
    before, which still has the old path. `checked` is when its content was compared (ns), 0 when
    that was not needed.
    """

    path: str
    stale: bool
    before: SourceFile | None = None
    size: int = 0
    modified: int = 0
    checked: int = 0

    def record(self) -> SourceFile:
        """What is to be recorded of a file that need not be read."""
        assert self.before
        if self.path == self.before.path and not self.checked:
            return self.before
        problems = tuple(replace(problem, file=self.path) for problem in self.before.problems)
        checked = self.checked or self.before.checked
        return replace(
            self.before, path=self.path, modified=self.modified, checked=checked, problems=problems
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """All files that belong in the index, by path, and what could not be looked at."""

    files: tuple[FoundFile, ...]
    gone: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of a file: "added", "changed", "moved" (from `moved_from` to `path`) or "removed".

    `passages` counts those it has now, or had when it was removed.
    """

    path: str
    what: str
    passages: int
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What indexing did. Articles and passages count what is in the index afterwards."""

    articles: int
    passages: int
    added: int
    changed: int
    removed: int
    unchanged: int
    problems: tuple[Problem, ...]
    files: tuple[FileChange, ...] = ()


def survey(
    sources: Sequence[Path],
    forget: Sequence[Path],
    known: Mapping[str, SourceFile],
    pipeline: str,
    find: Callable[[Path], Iterable[Path | Problem]],
    fingerprint: Callable[[Path], str],
) -> Survey:
    """Compare the sources with what is known. Files of other sources stay.

    `pipeline` names all versions that shape passages: a file made by another one is stale, whatever
    its source, as long as it is there to be read again. `find` gives the files of a source, and
    `fingerprint` that of the metadata files beside a file: it is stale when they have changed.
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
    compared = (_with_metadata(files[path], fingerprint) for path in sorted(files))
    return Survey(tuple(compared), tuple(sorted(gone)), tuple(problems))


def digest_of(path: str) -> str:
    """The fingerprint of a file's content, empty when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _found(path: str, before: SourceFile | None, pipeline: str) -> FoundFile:
    try:
        status = os.stat(path)
    except OSError:
        return FoundFile(path, stale=True, before=before)
    size, modified = status.st_size, status.st_mtime_ns
    if before is None or before.pipeline != pipeline or before.size != size or before.modified == UNKNOWN:
        return FoundFile(path, True, before, size, modified)
    if before.modified == modified and modified + _TICK < before.checked:
        return FoundFile(path, False, before, size, modified)
    # Touched, checked out anew, or read in the tick in which it was written.
    checked = now()
    return FoundFile(path, digest_of(path) != before.digest, before, size, modified, checked)


def _elsewhere(file: SourceFile, pipeline: str) -> FoundFile:
    """A known file of another source: left alone unless another pipeline made it."""
    if file.pipeline != pipeline and Path(file.path).exists():
        return _found(file.path, file, pipeline)
    return FoundFile(file.path, False, file)


def _with_metadata(file: FoundFile, fingerprint: Callable[[Path], str]) -> FoundFile:
    """The file, stale also when the metadata files beside it are not those it was read with."""
    if file.stale or file.before is None or file.before.beside == fingerprint(Path(file.path)):
        return file
    return replace(file, stale=Path(file.path).exists())


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _with_moves(
    present: Mapping[str, FoundFile], gone: Iterable[SourceFile], pipeline: str
) -> Iterator[tuple[str, FoundFile]]:
    """The present files; one with the content of one that is gone takes over its record.

    It is only read again when its name matters: it says how to read a file, and what it is called
    when nothing else does.
    """
    left: dict[tuple[int, str], list[SourceFile]] = {}
    for lost in gone:
        if lost.pipeline == pipeline and lost.digest:
            left.setdefault((lost.size, lost.digest), []).append(lost)
    sizes = {size for size, _ in left}
    for path, file in present.items():
        if file.before is None and file.size in sizes:
            checked = now()
            alike = left.get((file.size, digest_of(path)))
            if alike:
                moved = next((one for one in alike if Path(one.path).name == Path(path).name), alike[0])
                alike.remove(moved)
                stale = _is_read_otherwise(path, moved)
                yield path, FoundFile(path, stale, moved, file.size, file.modified, checked)
                continue
        yield path, file


def _is_read_otherwise(path: str, moved: SourceFile) -> bool:
    """Whether a file's new name changes what is read from it."""
    new, old = Path(path), Path(moved.path)
    return new.suffix.lower() != old.suffix.lower() or (moved.named and new.stem != old.stem)


def kept_id(file: FoundFile, number: int, titles: Sequence[str]) -> str:
    """The id that an article of a file that is, or once was, renamed goes on asking for, or none.

    Links to it must not break. `titles` are those of all articles in the file now.
    """
    before = file.before
    if before is None or len(before.articles) != len(titles):
        return ""
    is_named = before.named and titles[number] == Path(file.path).stem
    return before.articles[number][0] if is_named or before.path != file.path else ""


def wanted_id(article: Article, path: str) -> str:
    """The id an article asks for: what its front matter states, else its title, in ASCII."""
    for name in (article.stated_id, article.title, Path(path).stem):
        if slug := slugify(name, max_length=LONGEST_ID, word_boundary=True):
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


def report(
    before: Mapping[str, SourceFile], after: Sequence[SourceFile], problems: Sequence[Problem]
) -> IndexReport:
    """What indexing did: `before` are the files that the index was made from until now, by path, `after`
    those it is made from now, and `problems` those that came up beside the files' own."""
    had = {id: file.digest for file in before.values() for id in file.article_ids}
    has = {id: file.digest for file in after for id in file.article_ids}
    changed = sum(1 for id in has if id in had and has[id] != had[id])
    added = len(has.keys() - had.keys())
    return IndexReport(
        articles=len(has),
        passages=sum(file.passages for file in after),
        added=added,
        changed=changed,
        removed=len(had.keys() - has.keys()),
        unchanged=len(has) - added - changed,
        # A problem of a metadata file is one of all files that it speaks for.
        problems=tuple(dict.fromkeys((*problems, *(problem for file in after for problem in file.problems)))),
        files=tuple(_file_changes(before, {file.path: file for file in after})),
    )


def _file_changes(before: Mapping[str, SourceFile], after: Mapping[str, SourceFile]) -> Iterator[FileChange]:
    gone = {file.digest: path for path, file in before.items() if path not in after}
    moved = set()
    for path, file in after.items():
        if path not in before and file.digest in gone:
            moved.add(gone[file.digest])
            yield FileChange(path, "moved", file.passages, gone.pop(file.digest))
        elif path not in before:
            yield FileChange(path, "added", file.passages)
        elif file.digest != before[path].digest:
            yield FileChange(path, "changed", file.passages)
    for path, file in before.items():
        if path not in after and path not in moved:
            yield FileChange(path, "removed", file.passages)


def article_ids(files: Iterable[SourceFile]) -> set[str]:
    """The ids of all articles in these files."""
    return {id for file in files for id in file.article_ids}
