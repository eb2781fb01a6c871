"""What commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase

as_json = click.option("--json", "json", is_flag=True, help="Print one JSON object for programs.")
one_language = click.option("--language", type=click.Choice(["ru", "zh", "en"]), help="Only this language.")


def open_book() -> KnowledgeBase:
    """The knowledge base that the environment describes."""
    import kb

    return kb.open()


def open_indexed_book() -> KnowledgeBase:
    """The same, indexed if it never was: a newcomer's first look finds something."""
    book = open_book()
    if book.is_empty():
        book.index()
    return book


def print_json(value: Any) -> None:
    """Print a noun as JSON."""
    from kb.json import to_json

    click.echo(to_json(value))
