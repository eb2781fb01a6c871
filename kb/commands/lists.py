"""What is indexed: articles, passages, figures."""

from __future__ import annotations

import click

from kb.commands.shared import (
    READABLE,
    as_json,
    one_language,
    open_book,
    open_indexed_book,
    place,
    print_hits,
    print_json,
)
from kb.counting import counted


@click.command()
@one_language
@as_json
def articles(language: str | None, json: bool) -> None:
    """List the articles, by id.

    \b
    Example:
      kb articles --language zh
    """
    with open_indexed_book() as book:
        found = [article for article in book.articles() if language in (None, article.language)]
    if json:
        print_json({"total": len(found), "articles": found})
        return
    for article in found:
        click.echo(f"{article.language}  {article.title}" + click.style(f"  [{article.id}]", dim=True))


@click.command()
@click.argument("ids", type=READABLE, nargs=-1, required=True)
@as_json
def passages(ids: tuple[str, ...], json: bool) -> None:
    """Show passages by their ids; exit status 1 when one is not there.

    \b
    Example:
      kb passages 18b8b44f9b38 3f2a9c01d4e7 --json
    """
    with open_indexed_book() as book:
        found = book.passages(ids)
    missing = [id for id in ids if id not in found]
    if json:
        shown = [{"passage": passage, "article": article} for passage, article in found.values()]
        print_json({"passages": shown, "missing": missing})
    else:
        for passage, article in found.values():
            click.echo(place(article.title, passage.headings, passage.id))
            click.echo(f"{passage.text}\n")
        for id in missing:
            click.echo(f"There is no passage with the id “{id}”.", err=True)
    click.get_current_context().exit(1 if missing else 0)


@click.command()
@click.argument("passage")
@one_language
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 20), help="How many.")
@as_json
def similar(passage: str, language: str | None, limit: int, json: bool) -> None:
    """Show the passages closest to PASSAGE, in its own language or another.

    \b
    Example:
      kb similar 18b8b44f9b38 --language ru
    """
    with open_indexed_book() as book:
        hits = book.similar(passage, language, limit)
    if json:
        print_json({"hits": hits})
        return
    print_hits(hits)


@click.command()
@click.argument("passage")
@one_language
@click.option("--limit", default=3, show_default=True, type=click.IntRange(1, 20), help="How many in each.")
@as_json
def counterparts(passage: str, language: str | None, limit: int, json: bool) -> None:
    """Show what says nearly the same as PASSAGE in the other languages, or in one.

    \b
    Example:
      kb counterparts 18b8b44f9b38 --language zh
    """
    with open_indexed_book() as book:
        found = book.counterparts(passage, language, limit)
    if json:
        print_json({"counterparts": found})
        return
    for hits in found.values():
        print_hits(hits)


@click.command()
@as_json
def stats(json: bool) -> None:
    """Count articles, and passages by language and by principle.

    \b
    Example:
      kb stats --json
    """
    with open_indexed_book() as book:
        found = book.statistics()
    if json:
        print_json(found)
        return
    click.echo(f"{counted(found.articles, 'article')}, {counted(found.passages, 'passage')}")
    for name, counts in (
        ("Passages by language", found.passages_by_language),
        ("Passages by principle", found.passages_by_principle),
    ):
        click.secho(f"\n{name}", bold=True)
        for value, count in counts.items():
            click.echo(f"{count:7}  {value}")


@click.command()
@as_json
def status(json: bool) -> None:
    """Say what the index was made from and when, and whether it is up to date.

    \b
    Example:
      kb status
    """
    with open_book() as book:
        found = book.index_status()
    if json:
        print_json(found)
        return
    when = f"{found.checked:%Y-%m-%d %H:%M} UTC" if found.checked else "never"
    click.echo(
        f"{counted(found.articles, 'article')} in {counted(found.files, 'file')},"
        f" {counted(found.passages, 'passage')}; read {when}"
    )
    for severity, count in found.problems.items():
        click.echo(f"{count:7}  {severity}")
    if found.made_with_another:
        click.echo(f"It was made with another {found.made_with_another}; run kb index.")
