"""What commands share: how they open the knowledge base, take words and print."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from kb.counting import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kb.indexing.indexer import Progress
    from kb.knowledge_base import KnowledgeBase
    from kb.models import Hit, Problem, Span

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
            from kb.settings import without_password

            index, corpus = without_password(book.settings.engine_url), book.settings.corpus_path.absolute()
            say_on_stderr(f"nothing is indexed yet in {index}; reading {corpus} first")
            with progress_bar() as progress:
                book.index(progress=progress)
        elif other := book.made_with_another():
            say_on_stderr(f"the index was made with another {other}; run kb index")
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
        TextColumn("{task.fields[passages]}, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, passages=counted(0, "passage"), rate=0)

        def progress(done: int, of: int, passages: int) -> None:
            rate = round(passages / max(bar.tasks[task].elapsed or 0, 0.1))
            bar.update(task, completed=done, total=of, passages=counted(passages, "passage"), rate=rate)

        yield progress


def say_on_stderr(text: str) -> None:
    """Say something of the work itself, which is no part of its answer."""
    click.echo(f"kb: {text}", err=True)


def print_json(value: Any, without: str = "") -> None:
    """Print a noun as JSON, or all of it but one field."""
    from kb.json import to_json

    if without:
        value = {one.name: getattr(value, one.name) for one in fields(value) if one.name != without}
    click.echo(to_json(value))


def print_hits(hits: Iterable[Hit]) -> None:
    """Print each passage: where it stands, the best of its text, what it speaks of, and why it was found."""
    for hit in hits:
        click.echo(place(hit.article.title, hit.passage.headings, hit.passage.id))
        click.echo(marked(hit.passage.text, hit.highlights, hit.extract))
        labels = ", ".join(tag.label for tag in hit.passage.principles)
        click.secho(f"{hit.passage.language}  {labels}".rstrip(), fg="cyan")
        if hit.more:
            click.secho(f"and {hit.more} more like this: --like {hit.passage.id}", dim=True)
        for part in hit.explanation:
            click.echo(f"    {part.score:8.3f}  {part.kind:8} {part.field:8} {part.term}")
        click.echo()


def place(title: str, headings: Iterable[str], passage_id: str) -> str:
    """Where a passage stands, for a terminal: article › chapter › section  [id]."""
    path = " › ".join((title, *headings))
    return click.style(path, bold=True) + click.style(f"  [{passage_id}]", dim=True)


def marked(text: str, marks: Sequence[Span], extract: Span) -> str:
    """The extract of a text with the marks in colour on a terminal."""
    pieces, at = [], extract[0]
    for start, end in marks:
        if extract[0] <= start and end <= extract[1]:
            pieces += [text[at:start], click.style(text[start:end], fg="yellow", bold=True)]
            at = end
    pieces.append(text[at : extract[1]])
    before, after = extract[0] > 0, extract[1] < len(text)
    return ("… " if before else "") + "".join(pieces).strip() + (" …" if after else "")


def exit_status(problems: Iterable[Problem]) -> int:
    """1 when any of the problems is an error, else 0."""
    return 1 if any(problem.is_error for problem in problems) else 0


def print_problem(problem: Problem, err: bool = True) -> None:
    """Print what went wrong while reading."""
    click.echo(problem_line(problem), err=err)


def problem_line(problem: Problem) -> str:
    """What went wrong while reading, as compilers say it: file:line: severity: message [code]."""
    where = f"{problem.file}:{problem.line}" if problem.line else problem.file
    severity = click.style(problem.severity, fg=_SEVERITY_COLOURS.get(problem.severity))
    return f"{where}: {severity}: {problem.message} [{problem.code}]"
