"""A folder → the files in it that can be read.

Symbolic links are followed, but each folder is entered once, and in its own place: a link to what
lies below the root anyway is passed over, a link to a folder that contains it is a problem.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kb.models import Problem

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_PAGES = (".html", ".htm", ".xhtml")
_Kind = Literal["file", "folder", "neither"]


def files_below(root: Path, suffixes: Container[str]) -> Iterator[Path | Problem]:
    """The files at and below `root` with one of `suffixes`, in sorted order, and problems on the way.

    A `root` that is a file is given back as it is, whatever it is called: somebody asked for it.
    """
    if not os.path.lexists(root):
        yield _problem(root, "missing", "There is no such file or folder.", "error")
    elif root.is_dir():
        yield from _Search(root, suffixes).files()
    else:
        yield root


class _Search:
    """One walk through a folder: remembers what it has entered."""

    def __init__(self, root: Path, suffixes: Container[str]) -> None:
        self._root = root
        self._real_root = root.resolve()
        self._suffixes = suffixes
        self._entered = {self._real_root}

    def files(self) -> Iterator[Path | Problem]:
        """The files in the root and the folders in it, and the problems."""
        pending = self._children(self._root)  # a stack, no recursion: folders may lie a thousand deep
        while pending:
            child = pending.pop()
            kind = child if isinstance(child, Problem) else self._kind(child)
            if isinstance(kind, Problem):
                yield kind
            elif kind == "file":
                yield child
            elif kind == "folder" and isinstance(child, Path):
                pending += self._children(child)

    def _children(self, folder: Path) -> list[Path | Problem]:
        """What is in a folder, the first last; a problem when it cannot be seen.

        What is hidden is passed over, and so are the files by which Word marks a document that is open,
        and the folder of pictures and scripts that browsers put beside a page they save.
        """
        try:
            children = sorted(folder.iterdir(), reverse=True)
        except OSError as error:
            message = f"The folder cannot be opened: {error.strerror}."
            return [_problem(folder, "unreadable-folder", message, "error")]
        pages = {child.stem for child in children if child.suffix.lower() in _PAGES}
        return [
            child
            for child in children
            if not child.name.startswith((".", "~$")) and not _is_of_page(child.name, pages)
        ]

    def _kind(self, path: Path) -> _Kind | Problem:
        """Whether `path` is a file to read, a folder to enter, neither, or a problem."""
        try:
            is_link = path.is_symlink()
            target = path.resolve(strict=True) if is_link else path
            if path.is_dir():
                return self._kind_of_folder(path, path.resolve(strict=True))
            if not self._is_wanted(path) or not path.is_file():
                return "neither"
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
            return self._broken_link(path, error)
        is_elsewhere_too = is_link and self._is_wanted(target) and self._comes_by(target)
        return "neither" if is_elsewhere_too else "file"

    def _kind_of_folder(self, path: Path, target: Path) -> _Kind | Problem:
        """Whether a folder is to be entered; a problem when it leads back to where we are."""
        if path.is_symlink() and path.parent.resolve().is_relative_to(target):
            message = f"The symbolic link leads back to {target}, which contains it. Delete it."
            return _problem(path, "symlink-loop", message)
        if target in self._entered or (path.is_symlink() and self._comes_by(target)):
            return "neither"
        self._entered.add(target)
        return "folder"

    def _broken_link(self, path: Path, error: Exception) -> _Kind | Problem:
        """What is wrong with a link that cannot be followed."""
        if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
            return _problem(path, "symlink-loop", "The symbolic link leads back to itself. Delete it.")
        if not self._is_wanted(path):
            return "neither"
        return _problem(path, "unreadable-file", "The symbolic link leads nowhere. Delete or mend it.")

    def _is_wanted(self, path: Path) -> bool:
        return path.suffix.lower() in self._suffixes

    def _comes_by(self, target: Path) -> bool:
        """Whether the walk comes to `target` without any link: below the root and not hidden."""
        if not target.is_relative_to(self._real_root):
            return False
        return not any(part.startswith(".") for part in target.relative_to(self._real_root).parts)


def _is_of_page(name: str, pages: Container[str]) -> bool:
    """Whether a folder belongs to one of the pages beside it: Очередь.html, Очередь_files."""
    stem, _, ending = name.rpartition("_")
    return ending == "files" and stem in pages


def _problem(path: Path, code: str, message: str, severity: str = "warning") -> Problem:
    return Problem(str(path), None, code, message, severity)
