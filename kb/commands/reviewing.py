"""`kb review` and `kb reviews`: what people say of tags."""

from __future__ import annotations

import click

from kb.commands.shared import as_json, open_book, open_indexed_book, print_json


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


@click.command()
@as_json
def reviews(json: bool) -> None:
    """List what people said of tags, oldest first.

    \b
    Example:
      kb reviews --json
    """
    with open_book() as book:
        found = book.reviews()
    if json:
        print_json({"total": len(found), "reviews": found})
        return
    for said in found:
        verdict = "accepted" if said.accepted else "rejected"
        when = f"{said.at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{when}  {said.passage}  {said.principle} {verdict} by {said.reviewer}")
        if said.reason:
            click.secho(f"    {said.reason}", dim=True)
