"""`kb serve`: the web process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kb.commands.indexing import cores, indexed, print_report
from kb.commands.shared import open_book, progress_bar

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


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
    with open_book() as book:
        if not no_index:
            _bring_up_to_date(book)
    from web import serve as listen

    told = f"Servicebook is at http://{host}:{port} (Ctrl-C stops it)"
    listen(book.settings, host, port, lambda: click.echo(told))


def _bring_up_to_date(book: KnowledgeBase) -> None:
    with progress_bar() as progress:
        if other := book.made_with_another():
            click.echo(f"kb: the index was made with another {other}; all articles are read again", err=True)
        print_report(indexed(book, (), (), progress, cores(), wait=True))
