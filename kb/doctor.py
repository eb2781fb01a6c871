"""`kb doctor`: whether settings, vocabulary, store and index are sound and fit each other.

Each check looks at one thing and says what it is, how it is, and what to do. A check that fails
is a diagnosis itself: nothing here raises because something is broken.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kb import readers
from kb.counting import counted
from kb.errors import IndexLocked, ServicebookError
from kb.indexing import changes
from kb.knowledge_base import KnowledgeBase
from kb.principles.integrity import check

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was looked at, how it is, in a sentence, and what to do when it is not well."""

    subject: str
    state: State
    message: str
    remedy: str = ""


def examine(book: KnowledgeBase) -> Iterator[Diagnosis]:
    """Look at everything, one diagnosis or more for each subject. Nothing is changed."""
    is_index_sound = True
    for diagnosis in _found(book, _CHECKS):
        yield diagnosis
        is_index_sound &= diagnosis.subject != "index" or diagnosis.state != "error"
    if is_index_sound:
        yield from _found(book, _CHECKS_OF_A_SOUND_INDEX)


def _found(book: KnowledgeBase, checks: Sequence[_Check]) -> Iterator[Diagnosis]:
    for subject, look in checks:
        try:
            yield from look(book)
        except ServicebookError as error:
            yield Diagnosis(subject, "error", str(error))
        except Exception as error:  # whatever is broken must not hide the rest
            yield Diagnosis(subject, "error", f"{type(error).__name__}: {error}", "Please report this.")


def _settings(book: KnowledgeBase) -> Iterator[Diagnosis]:
    home, corpus = book.settings.home.absolute(), book.settings.corpus_path.absolute()
    if corpus.exists():
        yield Diagnosis("settings", "ok", f"The corpus is {corpus}.")
    else:
        yield Diagnosis(
            "settings", "error", f"There is no corpus at {corpus}.", "Set KB_CORPUS to what is there."
        )
    if book.settings.has_shared_database and not book.settings.secret_key:
        message = "Each node would sign cookies with a secret of its own, in its KB_HOME."
        yield Diagnosis("settings", "warning", message, "Set KB_SECRET_KEY to the same secret on all nodes.")
    if os.access(_nearest(home), os.W_OK):
        yield Diagnosis("settings", "ok", f"The index and the database live in {home}.")
    else:
        remedy = "Set KB_HOME to a folder that can be written, or change its permissions."
        yield Diagnosis("settings", "error", f"{home} cannot be written.", remedy)


def _space(book: KnowledgeBase) -> Iterator[Diagnosis]:
    home = book.settings.home.absolute()
    taken = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) if home.exists() else 0
    free = shutil.disk_usage(_nearest(home)).free
    message = f"{_megabytes(taken)} are in use, {_megabytes(free)} are free."
    if free < 2 * taken:
        yield Diagnosis("disk", "warning", message, "Free some: a rebuild needs as much as the index again.")
    else:
        yield Diagnosis("disk", "ok", message)


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _vocabulary(book: KnowledgeBase) -> Iterator[Diagnosis]:
    # Ours was checked before it shipped, which takes seconds.
    problems = check(book.settings.vocabulary) if book.settings.vocabulary else ()
    errors = [problem for problem in problems if problem.is_error]
    for problem in errors:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        yield Diagnosis("vocabulary", "error", f"{place}: {problem.message}", "Mend it: kb principles check.")
    if not errors:
        principles, terms = len(book.principles()), len(book.trade_terms())
        yield Diagnosis(
            "vocabulary", "ok", f"{counted(principles, 'principle')} and {counted(terms, 'term')}, all sound."
        )


def _index(book: KnowledgeBase) -> Iterator[Diagnosis]:
    if damage := book.engine.damage():
        message = f"The index is damaged: {damage}."
        yield Diagnosis("index", "error", message, "Run kb index: it makes the index anew.")
        return
    files = book.engine.files()
    if not files:
        yield Diagnosis("index", "warning", "The index is empty.", "Run kb index.")
        return
    articles, passages = len(book.articles()), book.size()
    yield Diagnosis(
        "index", "ok", f"{counted(articles, 'article')} and {counted(passages, 'passage')}, all whole."
    )
    recorded = changes.article_ids(files.values())
    lost = recorded - {article.id for article in book.articles()}
    expected = sum(file.passages for file in files.values())
    # What was added by a program, not from files, comes on top.
    if lost or passages < expected:
        gone = f"{counted(len(lost), 'article')} and {counted(max(expected - passages, 0), 'passage')}"
        message = f"Missing of what the files hold: {gone}."
        remedy = f"Delete {book.settings.home / 'index'} and run kb index."
        yield Diagnosis("index", "error", message, remedy)


def _files(book: KnowledgeBase) -> Iterator[Diagnosis]:
    files = book.engine.files()
    if other := book.made_with_another():
        message = f"The index was made with another {other}."
        yield Diagnosis("files", "warning", message, "Run kb index: all files are read again.")
        return
    sources = [path for path in book.sources() if path.exists()]
    found = changes.survey(sources, (), files, book.pipeline, readers.find, readers.fingerprint_beside)
    stale = sum(file.stale and file.path in files for file in found.files)
    new = sum(file.path not in files for file in found.files)
    gone = sum(not Path(path).exists() for path in files)
    if stale or new or gone:
        message = f"Since the last indexing: {counted(stale, 'file')} changed, {new} new, {gone} gone."
        yield Diagnosis("files", "warning", message, "Run kb index.")
    else:
        yield Diagnosis("files", "ok", f"Unchanged since the last indexing: {counted(len(files), 'file')}.")
    broken = sum(any(problem.is_error for problem in file.problems) for file in files.values())
    if broken:
        yield Diagnosis("files", "warning", f"Not readable: {counted(broken, 'file')}.", "See kb check.")


def _writers(book: KnowledgeBase) -> Iterator[Diagnosis]:
    try:
        with book.engine.write():
            yield Diagnosis("writing", "ok", "No other process is indexing.")
    except IndexLocked:
        yield Diagnosis("writing", "warning", "Another process is indexing now.", "Wait until it is done.")


def _store(book: KnowledgeBase) -> Iterator[Diagnosis]:
    reviews, sources = book.reviews(), book.sources()
    kept = (
        f"{counted(len(reviews), 'review of a tag', 'reviews of tags')} and {counted(len(sources), 'source')}"
    )
    yield Diagnosis("store", "ok", f"{kept}.")
    unknown = sorted({review.principle for review in reviews} - book.vocabulary.principles.keys())
    if unknown:
        message = f"Reviews name principles that the vocabulary has not: {', '.join(unknown)}."
        yield Diagnosis("store", "warning", message, "Set KB_VOCABULARY to the scheme they were made with.")


def _reviews(book: KnowledgeBase) -> Iterator[Diagnosis]:
    reviews = book.reviews()
    orphans = {review.passage for review in reviews if not book.engine.passage(review.passage)}
    if orphans:
        message = f"Reviewed and no longer in the index: {counted(len(orphans), 'passage')},"
        message += f" such as {', '.join(sorted(orphans)[:5])}."
        remedy = "The text was edited or removed; kb reviews lists what was said of it."
        yield Diagnosis("reviews", "warning", message, remedy)
    else:
        yield Diagnosis("reviews", "ok", "All reviewed passages are in the index.")


def _memory(book: KnowledgeBase) -> Iterator[Diagnosis]:
    book.search("жалоба OR 服务 OR service", correct=False)
    remembered = book.engine.remembered
    used, limit = remembered.used, remembered.limit
    message = f"A first search remembers {_megabytes(used)} of the index; the limit is {_megabytes(limit)}."
    if used > limit // 2:
        yield Diagnosis("memory", "warning", message, "Raise KB_MEMORY.")
    else:
        yield Diagnosis("memory", "ok", message)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


_Check = tuple[str, Callable[[KnowledgeBase], Iterator[Diagnosis]]]

_CHECKS: tuple[_Check, ...] = (
    ("settings", _settings),
    ("disk", _space),
    ("vocabulary", _vocabulary),
    ("writing", _writers),
    ("store", _store),
    ("index", _index),
)
_CHECKS_OF_A_SOUND_INDEX: tuple[_Check, ...] = (
    ("files", _files),
    ("reviews", _reviews),
    ("memory", _memory),
)
