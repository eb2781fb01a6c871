"""Writing articles into the corpus folder: only there, whole or not at all, and with a way back.

Files are the truth, so an article that comes over HTTP becomes a file like any other: in the folder
of the corpus, named by its id. Markdown states its id itself, for any other format a metadata file
beside it does. `kb.readers` says which formats there are.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import InvalidRequest, NotFound, WriteRefused
from kb.indexing.changes import LONGEST_ID
from kb.models import Problem, SourceFile
from kb.readers import MAX_BYTES, READERS, front_matter
from kb.readers.draft import NumberedText
from kb.whole_files import whole_file

# The ids that an article is given: `kb.indexing.changes.wanted_id` leaves them as they are.
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ID_LINE = re.compile(r"^id[ \t]*:[^\n]*\n?", re.MULTILINE | re.IGNORECASE)
_STATES_ITS_ID = {".md", ".markdown"}


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """The file an article is to be written as: the article's id, the ending (".md") and the content."""

    id: str
    suffix: str
    content: bytes


@dataclass(frozen=True, slots=True)
class WrittenArticle:
    """What became of an article that was written: "created", "replaced" or "deleted"."""

    id: str
    outcome: str
    passages: int
    problems: tuple[Problem, ...] = ()


def checked(files: Sequence[ArticleFile], remove: Sequence[str] = ()) -> list[ArticleFile]:
    """The files as they shall be written: Markdown states its id.

    Raises `InvalidRequest` for what cannot be an article, and when one is named twice.
    """
    found = [_checked(file) for file in files]
    for id, times in Counter([*(file.id for file in found), *remove]).items():
        if times > 1:
            raise InvalidRequest(f"The article “{id}” is named {times} times.", "article_id")
    return found


def _checked(file: ArticleFile) -> ArticleFile:
    _check_id(file.id)
    if file.suffix not in READERS:
        raise InvalidRequest(
            f"Files ending in “{file.suffix}” cannot be read, only {', '.join(READERS)}.", "format"
        )
    if not file.content.strip():
        raise InvalidRequest("The article is empty.", "content")
    if len(file.content) > MAX_BYTES:
        raise InvalidRequest(
            f"The article has {len(file.content):,} bytes; at most {MAX_BYTES:,} are read.", "content"
        )
    if file.suffix in _STATES_ITS_ID:
        return ArticleFile(file.id, file.suffix, _stating_id(file.id, file.content))
    return file


def _check_id(id: str) -> None:
    """Raises `InvalidRequest` for what cannot be the id of an article, and so the name of a file."""
    if not _ID.fullmatch(id) or len(id) > LONGEST_ID:
        raise InvalidRequest(
            f"The id of an article has 1 to {LONGEST_ID} small Latin letters, digits and single hyphens:"
            " complaint-is-a-gift.",
            "article_id",
        )


def _stating_id(id: str, content: bytes) -> bytes:
    """Markdown whose front matter states the id, whatever it stated before."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InvalidRequest("Markdown must be in UTF-8.", "content") from error
    _, body, _ = front_matter.split(NumberedText.of(text))
    head = text.removesuffix(body.text)
    if not head.strip():
        return f"---\nid: '{id}'\n---\n\n{text}".encode()
    fence, _, stated = head.lstrip().partition("\n")
    return f"{fence}\nid: '{id}'\n{_ID_LINE.sub('', stated)}{body.text}".encode()


def change(
    root: Path,
    files: Sequence[ArticleFile],
    remove: Sequence[str],
    records: Callable[[], Mapping[str, SourceFile]],
    index: Callable[[FolderChanges], None],
) -> tuple[WrittenArticle, ...]:
    """Write articles into a folder, take others away, and index what changed: all or nothing.

    `records` gives what the index knows of files, by path; `index` brings it up to date. Raises
    `NotFound`, `InvalidRequest` and `WriteRefused`.
    """
    known = records()
    homes = {id: file for file in known.values() for id in file.article_ids}
    for id in remove:
        if id not in homes:
            raise NotFound("article", id)
    changes: FolderChanges | None = None
    try:
        with changing(root) as changes:
            paths = {file.id: _put(file, homes, known, changes) for file in files}
            for id in remove:
                changes.remove(_only_file_of(id, homes))
            index(changes)
            now = records()
            written = [outcome(id, now[str(path)], id in homes) for id, path in paths.items()]
    except Exception:
        if changes and records() != known:
            index(changes)
        raise
    return (*written, *(WrittenArticle(id, "deleted", 0) for id in remove))


@dataclass
class FolderChanges:
    """Changes to the files of a folder, each undone when the work as a whole fails."""

    root: Path
    _before: dict[Path, bytes | None] = field(default_factory=dict)

    def new_file(self, file: ArticleFile, taken: Collection[str]) -> Path:
        """A path for a new article that no file has, and no file of the index (`taken`)."""
        for number in range(1, 1000):
            name = file.id if number == 1 else f"{file.id}-{number}"
            path = self.root / f"{name}{file.suffix}"
            states_its_id = file.suffix in _STATES_ITS_ID or not _speaks_for_others(path)
            if not os.path.lexists(path) and str(path) not in taken and states_its_id:
                return path
        raise WriteRefused(f"There are too many files called {file.id} in the corpus folder.")

    def heir(self, before: Path, file: ArticleFile, taken: Collection[str]) -> Path:
        """A path for an article whose file is of another format: beside the metadata that editors keep
        of it, unless those speak for other files too."""
        path = before.with_suffix(file.suffix)
        is_alone = _of_this_stem(before) == [before.name]
        return path if is_alone and str(path) not in taken else self.new_file(file, taken)

    def write(self, path: Path, content: bytes) -> None:
        """Put a file in place, whole, in one moment."""
        self._remember(path)
        if path.exists() and path.read_bytes() == content:
            return
        # As a file that an editor saves: what only we could read, nobody else could mend.
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        with whole_file(path, mode) as file:
            file.write(content)

    def state_id(self, path: Path, id: str, replaced: Path | None = None) -> None:
        """Let the metadata file beside a file state its id; what else it states stays.

        `replaced` is the file that it takes the place of. Raises `WriteRefused` where the metadata speak for
        other files too.
        """
        beside = _beside(path)
        if others := [name for name in _of_this_stem(path) if path.with_name(name) not in (path, replaced)]:
            raise WriteRefused(f"{beside.name} would speak for {others[0]} too; rename one of them.")
        before = beside.read_text("utf-8", errors="surrogateescape") if beside.is_file() else ""
        stated = f"id: '{id}'\n{_ID_LINE.sub('', before)}"
        self.write(beside, stated.encode("utf-8", errors="surrogateescape"))

    def remove(self, path: Path) -> None:
        """Take a file away, and the metadata file that speaks for it alone."""
        self._remember(path)
        path.unlink(missing_ok=True)
        beside = _beside(path)
        if beside.is_file() and not _of_this_stem(path):
            self._remember(beside)
            beside.unlink()

    def _remember(self, path: Path) -> None:
        inside = path.parent.resolve().is_relative_to(self.root.resolve())
        if not inside or path.is_symlink():
            raise WriteRefused(
                "This article comes from a file outside of the corpus folder; change it there."
            )
        if path not in self._before:
            self._before[path] = path.read_bytes() if path.exists() else None

    def touched(self) -> tuple[list[Path], list[Path]]:
        """The changed files of articles that are there now, and those that are not."""
        files = [path for path in self._before if path.suffix.lower() in READERS]
        there = [path for path in files if path.exists()]
        return there, [path for path in files if path not in there]

    def undo(self) -> None:
        """Make everything as it was before."""
        for path, content in self._before.items():
            with suppress(OSError):
                if content is None:
                    path.unlink(missing_ok=True)
                elif not path.exists() or path.read_bytes() != content:
                    path.write_bytes(content)


def _beside(path: Path) -> Path:
    """The metadata file that speaks for a file; see `kb.readers.beside`."""
    return path.with_suffix(".yml")


def _of_this_stem(path: Path) -> list[str]:
    """The names of the articles' files that the metadata file beside a file speaks for."""
    return [
        other.name
        for other in path.parent.iterdir()
        if other.stem == path.stem and other.suffix.lower() in READERS
    ]


def _speaks_for_others(path: Path) -> bool:
    """Whether a metadata file beside a new file is there already, or would speak for another file too."""
    return os.path.lexists(_beside(path)) or bool(_of_this_stem(path))


@contextmanager
def changing(root: Path) -> Iterator[FolderChanges]:
    """Change files of a folder; when an error leaves the block, all is as before.

    Raises `WriteRefused` where the folder cannot be written.
    """
    if not root.is_dir():
        raise WriteRefused("KB_CORPUS is not a folder, so nothing can be written into it.")
    changes = FolderChanges(root.absolute())
    try:
        yield changes
    except OSError as error:
        changes.undo()
        raise WriteRefused(f"The corpus folder cannot be written: {error.strerror}.") from error
    except BaseException:
        changes.undo()
        raise


def _put(
    file: ArticleFile,
    homes: Mapping[str, SourceFile],
    known: Mapping[str, SourceFile],
    changes: FolderChanges,
) -> Path:
    """Write the file of an article: in place of the one it had, or a new one; returns its path."""
    before = _only_file_of(file.id, homes) if file.id in homes else None
    if before is None:
        path = changes.new_file(file, known)
    elif before.suffix.lower() == file.suffix:
        path = before
    else:
        path = changes.heir(before, file, known)
    if file.suffix not in _STATES_ITS_ID:
        changes.state_id(path, file.id, before)
    changes.write(path, file.content)
    if before and before != path:  # not sooner: who is killed in between loses nothing
        changes.remove(before)
    return path


def _only_file_of(id: str, homes: Mapping[str, SourceFile]) -> Path:
    """The file of an article that holds no other."""
    file = homes[id]
    if len(file.articles) > 1:
        raise WriteRefused(f"The file of “{id}” holds other articles too; change it in the corpus folder.")
    return Path(file.path)


def outcome(id: str, file: SourceFile, was_there: bool) -> WrittenArticle:
    """What became of an article. Raises `InvalidRequest` when its file cannot be read as it."""
    if not file.article_ids:
        said = "; ".join(problem.message for problem in file.problems)
        raise InvalidRequest(f"“{id}” cannot be read: {said}", "content")
    if file.article_ids != (id,):
        names = " and ".join(f"“{name}”" for name in file.article_ids)
        raise WriteRefused(f"What was sent as “{id}” is the article {names}; write it under that id.")
    return WrittenArticle(id, "replaced" if was_there else "created", file.passages, file.problems)
