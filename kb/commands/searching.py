"""`kb search` and what helps with it: completing, analysing, showing what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kb.commands.shared import (
    LANGUAGE,
    READABLE,
    as_json,
    one_language,
    open_book,
    open_indexed_book,
    print_hits,
    print_json,
)
from kb.counting import counted

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.models import Article, Passage, SearchResults


@click.command()
@click.argument("text", type=READABLE, nargs=-1, required=True)
@click.option("--language", type=LANGUAGE, multiple=True, help="Only passages in this language.")
@click.option("--principle", multiple=True, help="Only passages on this principle, by id.")
@click.option("--article", multiple=True, help="Only passages of this article, by id.")
@click.option("--date", multiple=True, help="Only what was published then: 2026, 2026-03 or 2026-03-15.")
@click.option("--like", default="", help="Only copies of this passage, by id.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "date"]),
    default="relevance",
    show_default=True,
    help="What comes first.",
)
@click.option("--limit", default=10, show_default=True, help="How many hits to show.")
@click.option("--offset", default=0, help="How many hits to leave out first.")
@click.option(
    "--no-bridge", is_flag=True, help="Search for these very words: no synonyms, no other languages."
)
@click.option("--all-copies", is_flag=True, help="Show every copy of a passage, not one of them.")
@click.option("--explain", is_flag=True, help="Say what each term gave to each score.")
@as_json
def search(
    text: Sequence[str],
    language: tuple[str, ...],
    principle: tuple[str, ...],
    article: tuple[str, ...],
    date: tuple[str, ...],
    like: str,
    sort: str,
    limit: int,
    offset: int,
    all_copies: bool,
    no_bridge: bool,
    explain: bool,
    json: bool,
) -> None:
    """Find passages that answer TEXT.

    \b
    Examples:
      kb search жалоба как подарок
      kb search эмпатия --language zh
      kb search '"обратная связь" -опрос' --principle customer-feedback
      kb search отзывы --date 2026 --sort date
    """
    from kb.models import SearchRequest, Sort

    request = SearchRequest(
        text=" ".join(text),
        languages=language,
        principles=principle,
        articles=article,
        dates=date,
        like=like,
        sort=Sort(sort),
        limit=limit,
        offset=offset,
        bridge=not no_bridge,
        collapse=not all_copies,
        explain=explain,
    )
    with open_indexed_book() as book:
        results = book.search(request)
        if json:
            print_json(results)
        else:
            _print_results(results)


@click.command()
@click.argument("text", type=READABLE)
@one_language
@click.option("--limit", default=8, show_default=True, help="How many suggestions to show.")
@as_json
def suggest(text: str, language: str | None, limit: int, json: bool) -> None:
    """Complete TEXT as the search field does.

    \b
    Examples:
      kb suggest эмп
      kb suggest fuwu --language zh
    """
    with open_indexed_book() as book:
        suggestions = book.suggest(text, language, limit)
    if json:
        print_json({"query": text, "suggestions": suggestions})
        return
    for suggestion in suggestions:
        about = "  ".join(filter(None, (suggestion.kind, suggestion.language, suggestion.id)))
        click.echo(suggestion.text + click.style(f"  {about}", dim=True))


@click.command()
@click.argument("text", type=READABLE)
@as_json
def analyze(text: str, json: bool) -> None:
    """Show the tokens of TEXT: what it is searched for and found by.

    \b
    Example:
      kb analyze "Стандарты сервиса (服务标准)"
    """
    with open_book() as book:
        tokens = book.analyze(text)
    if json:
        print_json({"text": text, "tokens": tokens})
        return
    for token in tokens:
        place = f"{token.position:4} {token.start:5}–{token.end:<5}"
        click.echo(f"{place} {token.kind.name.lower():8} {token.term}")


@click.command()
@click.argument("id")
@as_json
def show(id: str, json: bool) -> None:
    """Show an article or a passage by its id.

    \b
    Examples:
      kb show zhaloba-kak-podarok-chetyre-shaga-starshego-smeny
      kb show 3f2a9c01d4e7
    """
    with open_indexed_book() as book:
        article, passages = book.look_up(id)
        if json:
            print_json({"article": article, "passages": passages})
        else:
            _print_article(article, passages, book)


def _print_results(results: SearchResults) -> None:
    if results.interpreted.corrected_from:
        click.echo(f"Showing results for “{results.query}” (typed: “{results.interpreted.corrected_from}”)")
    for bridge in results.interpreted.bridges:
        names = "; ".join(f"{code}: {', '.join(labels[:3])}" for code, labels in bridge.to.items())
        click.secho(f"Also through {bridge.principle}: {names}", dim=True)
    click.echo(f"{counted(results.total, 'passage')} in {results.took_ms:.0f} ms\n")
    print_hits(results.hits)


def _print_article(article: Article, passages: Sequence[Passage], book: KnowledgeBase) -> None:
    click.secho(article.title, bold=True)
    about = (article.author, str(article.published or ""), article.url, article.licence)
    click.secho(" · ".join(part for part in about if part), dim=True)
    headings: tuple[str, ...] = ()
    for passage in passages:
        if passage.headings != headings:
            headings = passage.headings
            click.secho("\n" + " › ".join(headings), bold=True)
        click.echo(f"\n{passage.text}")
        labels = ", ".join(tag.label for tag in book.principle_tags(passage))
        click.secho(f"[{passage.id}]  {labels}", fg="cyan")
