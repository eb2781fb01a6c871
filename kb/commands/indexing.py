"""`kb index` and `kb check`: files into the index."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.shared import (
    as_json,
    exit_status,
    open_book,
    print_json,
    print_problem,
    progress_bar,
    say_on_stderr,
)
from kb.counting import counted
from kb.errors import EngineUnavailable, IndexLocked, ServicebookError, StoreUnavailable

if TYPE_CHECKING:
    from kb.indexing.changes import FileChange, IndexReport
    from kb.indexing.indexer import Progress
    from kb.knowledge_base import KnowledgeBase
    from kb.models import Problem

# Seconds until files are indexed again that could not be, as something did not answer.
_AGAIN = 5.0


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--forget", multiple=True, type=click.Path(path_type=Path), help="Take a source out of the index."
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Processes that read and analyse; by default one per core."
)
@click.option("--wait", is_flag=True, help="Wait for another process that is indexing.")
@click.option("--watch", is_flag=True, help="Go on: follow the files as they change, until Ctrl-C.")
@as_json
@click.pass_context
def index(
    ctx: click.Context,
    paths: Sequence[Path],
    forget: Sequence[Path],
    jobs: int | None,
    wait: bool,
    watch: bool,
    json: bool,
) -> None:
    """Read files and folders and make the index match them.

    Without PATHS, the configured corpus is read. What is gone from a given path leaves the index;
    other sources stay. A damaged index is made anew. The exit status is 1 when a file could not be
    read.

    \b
    Examples:
      kb index
      kb index handbook/ letters/welcome.md
      kb index --forget letters/
      kb index --watch handbook/
    """
    with open_book() as book:
        if watch:
            _follow(book, paths, forget, jobs or cores(), json)
            return
        with progress_bar() as progress:
            report = indexed(book, paths, forget, progress, jobs or cores(), wait)
        if json:
            print_json(report, without="files")  # what became of each is for those who follow them
        else:
            print_report(report)
    ctx.exit(exit_status(report.problems))


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--notices", is_flag=True, help="Also tell what is rightly left out.")
@as_json
@click.pass_context
def check_files(ctx: click.Context, paths: Sequence[Path], notices: bool, json: bool) -> None:
    """Read files and folders without indexing them, and print what an editor can mend.

    Without PATHS, the configured corpus is read. The exit status is 1 when there are errors.

    \b
    Examples:
      kb check
      kb check draft.md handbook/
    """
    with open_book() as book:
        report = book.check(paths)
    shown = [one for one in report.problems if notices or one.severity != "notice"]
    if json:
        print_json({"files": report.files, "articles": report.articles, "problems": shown})
    else:
        for problem in shown:
            print_problem(problem, err=False)
        errors = sum(problem.is_error for problem in shown)
        click.echo(
            f"{counted(report.files, 'file')}, {counted(report.articles, 'article')}:"
            f" {counted(errors, 'error')}, {counted(len(shown) - errors, 'other problem')}."
        )
    ctx.exit(exit_status(shown))


def indexed(
    book: KnowledgeBase,
    paths: Sequence[Path],
    forget: Sequence[Path],
    progress: Progress,
    jobs: int,
    wait: bool,
    say: Callable[[str], None] = say_on_stderr,
) -> IndexReport:
    """Index; when another process does, say so and wait for it, or give up."""
    try:
        return book.index(paths, forget, progress, jobs)
    except IndexLocked:
        if not wait:
            raise
        say("another process is writing to the index; waiting for it")
        return book.index(paths, forget, progress, jobs, wait=True)


def _follow(
    book: KnowledgeBase, paths: Sequence[Path], forget: Sequence[Path], jobs: int, json: bool
) -> None:
    """Index, and again whenever something changes; each change is a line, until Ctrl-C."""
    from kb.json import to_json
    from kb.watching import changes_below

    sources = paths or (book.settings.corpus_path,)
    told: frozenset[Problem] = frozenset()
    try:
        for _ in changes_below(sources):
            report = _indexed_in_the_end(book, sources, forget, jobs)
            if report is None:
                continue
            if json:
                click.echo(to_json(report, indent=0))
            else:
                _print_changes(report, told)
            told = frozenset(report.problems)
    except KeyboardInterrupt:
        pass
    say_on_stderr("stopped following")


def _indexed_in_the_end(
    book: KnowledgeBase, paths: Sequence[Path], forget: Sequence[Path], jobs: int
) -> IndexReport | None:
    """Index, as soon as engine and database answer; None when something fails that waiting will not mend."""
    told = ""
    while True:
        try:
            with progress_bar() as progress:
                return indexed(book, paths, forget, progress, jobs, wait=True)
        except ServicebookError as error:
            if str(error) != told:
                told = str(error)
                click.secho(f"kb: {error}", fg="red", err=True)
            if not isinstance(error, EngineUnavailable | StoreUnavailable):
                return None  # such as a full disk: the next change may do better
            time.sleep(_AGAIN)


def cores() -> int:
    """How many processes can work at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def print_report(report: IndexReport) -> None:
    """Print what indexing did, and its problems on stderr."""
    click.echo(summary(report))
    for problem in report.problems:
        print_problem(problem)


def summary(report: IndexReport) -> str:
    """What indexing did, in a sentence."""
    return (
        f"{counted(report.articles, 'article')}, {counted(report.passages, 'passage')}: {report.added} added,"
        f" {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged."
    )


def _print_changes(report: IndexReport, told: Collection[Problem]) -> None:
    """Print what became of each file, and the problems that were not told before."""
    for change in report.files:
        _print_change(change)
    for problem in report.problems:
        if problem not in told:
            print_problem(problem)


def _print_change(change: FileChange) -> None:
    before = f"{change.moved_from} → " if change.moved_from else ""
    at = f"{datetime.now():%H:%M:%S}"
    click.echo(f"{at} {change.what} {before}{change.path} ({counted(change.passages, 'passage')})")
