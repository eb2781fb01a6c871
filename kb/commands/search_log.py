"""`kb searches`: what people search, where that is recorded."""

from __future__ import annotations

import click

from kb.commands.shared import as_json, open_book, print_json


@click.command()
@click.option("--missed", is_flag=True, help="Only those that find nothing.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@as_json
def searches(missed: bool, limit: int, json: bool) -> None:
    """List what people search, most frequent first: how often, and how many passages it found last.

    \b
    Examples:
      kb searches
      kb searches --missed --json
    """
    with open_book() as book:
        found = book.searches_without_results(limit) if missed else book.most_frequent_searches(limit)
        recorded = book.settings.search_log == "on"
    if json:
        print_json({"total": len(found), "searches": found})
        return
    if not recorded:
        click.echo("kb: searches are not recorded; KB_SEARCH_LOG=on does that.", err=True)
    for one in found:
        about = f"  {one.total} found, {one.day}"
        click.echo(f"{one.times:5} × {one.text}" + click.style(about, dim=True))
