"""What commands share: how they open the knowledge base, take words and print."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kb.indexing import Progress
    from kb.knowledge_base import KnowledgeBase
    from kb.models import Hit, Problem

_SEVERITY_COLOURS = {"error": "red", "warning": "yellow", "notice": "bright_black"}


class NameIn(click.ParamType[str]):
    """A name of one of the product's tables, which is imported when a name is given or help asked for."""

    name = "name"

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self._names())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = list(self._names())
        if value not in known:
            self.fail(f"“{value}” is none of {', '.join(known)}.", param, ctx)
        return value


class _Readable(click.ParamType[str]):
    """What was typed, if it is text: Python gives each byte that is none as half a surrogate pair."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding().upper()
            self.fail(
                f"Some of it is no text in {encoding}. Does the terminal use another encoding?", param, ctx
            )
        return value


READABLE = _Readable()


def _languages() -> Iterable[str]:
    from kb.languages import LANGUAGES

    return LANGUAGES


LANGUAGE = NameIn(_languages)

as_json = click.option("--json", "json", is_flag=True, help="Print one JSON object for programs.")
one_language = click.option("--language", type=LANGUAGE, help="Only this language.")


def open_book() -> KnowledgeBase:
    """The knowledge base that the environment describes."""
    import kb

    return kb.open()


@contextmanager
def open_indexed_book() -> Iterator[KnowledgeBase]:
    """The knowledge base that the environment describes, indexed first if it never was: a newcomer's first
    look finds something. Of an index that is out of date it only says so."""
    with open_book() as book:
        if book.is_empty():
            with progress_bar() as progress:
                book.index(progress=progress)
        elif other := book.made_with_another():
            click.echo(f"kb: the index was made with another {other}; run kb index", err=True)
        yield book


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal, nothing in a pipe: files, passages a second and the time left."""
    if not sys.stderr.isatty():
        yield lambda done, of, passages: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("Reading articles"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[passages]} passages, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, passages=0, rate=0)

        def progress(done: int, of: int, passages: int) -> None:
            rate = round(passages / max(bar.tasks[task].elapsed or 0, 0.1))
            bar.update(task, completed=done, total=of, passages=passages, rate=rate)

        yield progress


def print_json(value: Any) -> None:
    """Print a noun as JSON."""
    from kb.json import to_json

    click.echo(to_json(value))


def print_hits(hits: Iterable[Hit]) -> None:
    """Print where each passage stands and the best of its text."""
    for hit in hits:
        click.secho(f"{hit.article.title}  [{hit.passage.id}]", bold=True)
        click.echo(f"{hit.passage.text[hit.extract[0] : hit.extract[1]]}\n")


def exit_status(problems: Iterable[Problem]) -> int:
    """1 when any of the problems is an error, else 0."""
    return 1 if any(problem.is_error for problem in problems) else 0


def print_problem(problem: Problem, err: bool = True) -> None:
    """Print what went wrong while reading, as compilers do: file:line: severity: message [code]."""
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    severity = click.style(problem.severity, fg=_SEVERITY_COLOURS.get(problem.severity))
    click.echo(f"{place}: {severity}: {problem.message} [{problem.code}]", err=err)
