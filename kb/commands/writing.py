"""`kb put` and `kb delete`: articles of the corpus folder, as the API writes them."""

from __future__ import annotations

from pathlib import Path

import click

from kb.commands.shared import as_json, open_book, print_json, print_problem
from kb.counting import counted


@click.command()
@click.argument("id")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def put(id: str, file: Path, json: bool) -> None:
    """Write FILE into the corpus folder as the article ID, new or in its place, and index it.

    \b
    Example:
      kb put first-minute drafts/welcome.md
    """
    from kb.corpus_folder import ArticleFile

    with open_book() as book:
        (written,) = book.write_articles([ArticleFile(id, file.suffix.lower(), file.read_bytes())])
    if json:
        print_json(written)
        return
    click.echo(f"{id}: {written.outcome}, {counted(written.passages, 'passage')}")
    for problem in written.problems:
        print_problem(problem)


@click.command()
@click.argument("ids", nargs=-1, required=True)
@as_json
def delete(ids: tuple[str, ...], json: bool) -> None:
    """Take articles out of the corpus folder and out of the index: all of them, or none.

    \b
    Example:
      kb delete first-minute
    """
    with open_book() as book:
        written = book.write_articles(remove=ids)
    if json:
        print_json({"articles": written})
    else:
        click.echo(f"Deleted: {', '.join(ids)}")
