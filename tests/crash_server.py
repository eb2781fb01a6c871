"""Runs `kb` commands in children that can be killed at any moment: `python -m tests.crash_server CACHE`.

Dictionaries and vocabulary (from the folder CACHE, where it is remembered) are loaded once and inherited
by the children, so that each lives for some tens of milliseconds only. A line on stdin is a JSON list of the command's words, the
environment, and the number of the file operation at which the child kills itself, or null. The
answer is the child's process id, and after another line how it ended.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from functools import cached_property
from pathlib import Path

from kb.cli import main
from kb.knowledge_base import KnowledgeBase
from kb.languages import analyse
from kb.principles import Tagger, Vocabulary
from kb.settings import load

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}


def serve(cache: Path) -> None:
    vocabulary = Vocabulary.load(cache=cache)
    tagger = Tagger(vocabulary, cache)
    analyse("Жалоба 投诉 complaint")
    for name, value in (("vocabulary", vocabulary), ("tagger", tagger)):
        loaded = cached_property(lambda book, value=value: value)
        loaded.__set_name__(KnowledgeBase, name)
        setattr(KnowledgeBase, name, loaded)
    _index_once()
    gc.collect()
    gc.freeze()  # else every child copies, page by page, what the garbage collector only counts
    while line := sys.stdin.readline():
        words, environment, die_at = json.loads(line)
        child = os.fork()
        if not child:
            os.environ.update(environment)
            sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
            _die_at(die_at, environment["KB_HOME"])
            code = 0
            try:
                main(words)
            except SystemExit as error:
                code = int(error.code or 0)
            finally:
                os._exit(code)
        print(child, flush=True)
        # Until it is asked for, the child is not waited for, so that its number stays its own.
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _index_once() -> None:
    """Import all that indexing needs, once for all children."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.md").write_text("# А\n\nЖалоба.\n", encoding="utf-8")
        with KnowledgeBase(load(home=Path(folder) / "home", corpus=Path(folder) / "a.md")) as book:
            book.index()


def _die_at(number: int | None, home: str) -> None:
    """Kill this process before its `number`th change to a file below `home`."""
    if number is None:
        return
    left = number

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        is_writing = event == "open" and int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)  # type: ignore[call-overload]
        if (event in _CHANGES or is_writing) and str(arguments[0]).startswith(home):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = answers
    serve(Path(sys.argv[1]))
