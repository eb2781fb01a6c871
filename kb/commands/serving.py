"""`kb serve`: the web process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from kb.commands.indexing import cores, indexed, print_report, summary
from kb.commands.shared import open_book, problem_line, progress_bar, say_on_stderr

if TYPE_CHECKING:
    from kb.indexing.changes import IndexReport
    from kb.knowledge_base import KnowledgeBase

_log = logging.getLogger("servicebook.serve")
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "notice": logging.INFO}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--no-index", is_flag=True, help="Only serve: another process brings the index up to date.")
def serve(host: str, port: int, no_index: bool) -> None:
    """Bring the index up to date and serve the web pages and the API.

    \b
    Examples:
      kb serve --host 0.0.0.0 --port 8080
      kb serve --no-index
    """
    from web import configure_log
    from web import serve as listen

    with open_book() as book:
        settings = book.settings
        configure_log(settings)
        if not no_index:
            _bring_up_to_date(book)
    told = f"Servicebook is at http://{host}:{port} (Ctrl-C stops it)"
    listen(settings, host, port, lambda: _log.info(told) if settings.log == "json" else click.echo(told))


def _bring_up_to_date(book: KnowledgeBase) -> None:
    """Index the corpus, and say what came of it: in the log, where that is for programs."""
    to_log = book.settings.log == "json"
    say = _log.warning if to_log else say_on_stderr
    with progress_bar() as progress:
        if other := book.made_with_another():
            say(f"the index was made with another {other}; all articles are read again")
        report = indexed(book, (), (), progress, cores(), wait=True, say=say)
    if to_log:
        _log_report(report)
    else:
        print_report(report)


def _log_report(report: IndexReport) -> None:
    _log.info(summary(report))
    for problem in report.problems:
        _log.log(_LEVELS[problem.severity], click.unstyle(problem_line(problem)))
