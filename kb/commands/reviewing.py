"""`kb review` and `kb reviews`: what people say of tags, and what they take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kb.commands.shared import as_json, open_book, open_indexed_book, print_json

if TYPE_CHECKING:
    from kb.models import TagReview


@click.command()
@click.argument("passage")
@click.argument("principle")
@click.option("--accept", "verdict", flag_value="accept", help="The passage speaks of the principle.")
@click.option("--reject", "verdict", flag_value="reject", help="It does not.")
@click.option("--withdraw", "verdict", flag_value="withdraw", help="Take back what was said; tag as before.")
@click.option("--by", "reviewer", help="Who says so.")
@click.option("--why", default="", help="Why, for those who come later.")
@as_json
def review(
    passage: str, principle: str, verdict: str | None, reviewer: str | None, why: str, json: bool
) -> None:
    """Say whether PASSAGE rightly has the tag PRINCIPLE, both by id. It holds at once and for good.

    \b
    Examples:
      kb review 3f2a9c01d4e7 empathy --reject --by Anna --why "A brand name"
      kb review 3f2a9c01d4e7 ownership --accept --by Anna
      kb review 3f2a9c01d4e7 empathy --withdraw
    """
    if verdict is None:
        raise click.UsageError("Give --accept, --reject or --withdraw.")
    if verdict != "withdraw" and not reviewer:
        raise click.UsageError("Say with --by who says so.")
    accepted = {"accept": True, "reject": False}.get(verdict)
    with open_indexed_book() as book:
        reviewed = book.review(passage, principle, accepted, reviewer or "", why)
        tags = book.principle_tags(reviewed)
    if json:
        print_json({"passage": reviewed.id, "principles": tags})
    else:
        click.echo(f"Tags of {reviewed.id}: " + (", ".join(tag.id for tag in tags) or "none"))


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def reviews(ctx: click.Context, json: bool) -> None:
    """List what people said of tags, oldest first, or show or undo one of these reviews.

    \b
    Examples:
      kb reviews --json
      kb reviews undo 17
    """
    if ctx.invoked_subcommand:
        return
    with open_book() as book:
        found = book.reviews()
    if json:
        print_json({"total": len(found), "reviews": found})
        return
    for said in found:
        _print_review(said)


@reviews.command("show")
@click.argument("number", type=int)
@as_json
def show_review(number: int, json: bool) -> None:
    """Show the review with this NUMBER, also one that another has overruled.

    \b
    Example:
      kb reviews show 17
    """
    with open_book() as book:
        found = book.review_by_number(number)
    print_json(found) if json else _print_review(found)


@reviews.command("undo")
@click.argument("number", type=int)
@as_json
@click.pass_context
def undo_review(ctx: click.Context, number: int, json: bool) -> None:
    """Take back the review with this NUMBER: what was said before, or the tagger, holds again.

    Exit status 1 when another has overruled it; then it stays.

    \b
    Example:
      kb reviews undo 17
    """
    with open_indexed_book() as book:
        undone = book.undo_review(number)
    if json:
        print_json({"undone": undone})
    else:
        click.echo(f"Undone: {number}" if undone else f"Another review has overruled {number}; it stays.")
    ctx.exit(0 if undone else 1)


def _print_review(said: TagReview) -> None:
    verdict = "accepted" if said.accepted else "rejected"
    when = f"{said.at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{said.number:4}  {when}  {said.passage}  {said.principle} {verdict} by {said.reviewer}")
    if said.reason:
        click.secho(f"      {said.reason}", dim=True)
