"""A folder → the files in it that can be read.

Symbolic links are followed, but each folder is entered once, and in its own place: a link to what
lies below the root anyway is passed over, a link to a folder that contains it is a problem.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kb.models import Problem

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path


def files_below(root: Path, suffixes: Container[str]) -> Iterator[Path | Problem]:
    """The files at and below `root` with one of `suffixes`, in sorted order, and problems on the way.

    A `root` that is a file is given back as it is, whatever it is called: somebody asked for it.
    """
    if not os.path.lexists(root):
        yield _problem(root, "missing", "There is no such file or folder.", "error")
    elif root.is_dir():
        yield from _Search(root, suffixes).below(root)
    else:
        yield root


class _Search:
    """One walk through a folder: remembers what it has entered."""

    def __init__(self, root: Path, suffixes: Container[str]) -> None:
        self._root = root.resolve()
        self._suffixes = suffixes
        self._entered: set[Path] = set()

    def below(self, root: Path) -> Iterator[Path | Problem]:
        """Everything in `root` and the folders in it."""
        pending = [root]  # a stack, not recursion: folders may lie a thousand deep
        while pending:
            path = pending.pop()
            kind = self._kind(path)
            if isinstance(kind, Problem):
                yield kind
            elif kind == "file":
                yield path
            elif kind == "folder":
                children = self._children(path)
                if isinstance(children, Problem):
                    yield children
                else:
                    pending.extend(reversed(children))

    def _kind(self, path: Path) -> str | Problem:
        """Whether `path` is a "file" to read, a "folder" to enter, "neither", or a problem."""
        try:
            target = path.resolve(strict=True) if path.is_symlink() else path
            if path.is_dir():
                return self._kind_of_folder(path, path.resolve())
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
            loop = isinstance(error, RuntimeError) or getattr(error, "errno", None) == 40
            if loop:
                return _problem(path, "symlink-loop", "The symbolic link leads back to itself. Delete it.")
            if not self._is_wanted(path):
                return "neither"
            return _problem(path, "unreadable-file", "The symbolic link leads nowhere. Delete or mend it.")
        if not self._is_wanted(path) or not path.is_file():
            return "neither"
        if target is not path and self._is_wanted(target) and self._is_listed(target):
            return "neither"
        return "file"

    def _kind_of_folder(self, path: Path, target: Path) -> str | Problem:
        """Whether a folder is to be entered; a problem when it leads back to where we are."""
        if path.is_symlink():
            if path.parent.resolve().is_relative_to(target):
                message = f"The symbolic link leads back to {target}, which contains it. Delete it."
                return _problem(path, "symlink-loop", message)
            if self._is_listed(target):
                return "neither"
        if target in self._entered:
            return "neither"
        self._entered.add(target)
        return "folder"

    def _is_wanted(self, path: Path) -> bool:
        return path.suffix.lower() in self._suffixes

    def _is_listed(self, target: Path) -> bool:
        """Whether the walk comes to `target` without any link: below the root and not hidden."""
        if not target.is_relative_to(self._root):
            return False
        return not any(part.startswith(".") for part in target.relative_to(self._root).parts)

    def _children(self, folder: Path) -> list[Path] | Problem:
        """What is in a folder, sorted, without the hidden; a problem when it cannot be seen."""
        try:
            children = sorted(folder.iterdir())
        except OSError as error:
            message = f"The folder cannot be opened: {error.strerror}."
            return _problem(folder, "unreadable-folder", message, "error")
        return [child for child in children if not child.name.startswith(".")]


def _problem(path: Path, code: str, message: str, severity: str = "warning") -> Problem:
    return Problem(str(path), None, code, message, severity)
