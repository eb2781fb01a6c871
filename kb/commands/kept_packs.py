"""What can be done with a pack that is kept: its history, its link, copies. `kb pack` has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import click

from kb.commands.shared import as_json, open_book, open_indexed_book, print_json
from kb.counting import counted
from kb.errors import NotFound

if TYPE_CHECKING:
    from kb.models import Account, KeptPack
    from kb.packs.kept import Packs

_section = click.option("--section", type=click.IntRange(min=0), help="Number of the section, from 0.")
_place = click.option("--place", type=click.IntRange(min=0), help="Place in the section, from 0.")
by = click.option("--by", "who", required=True, help="Who does it: an account that may.")


def summary(kept: KeptPack) -> dict[str, object]:
    """A kept pack without its excerpts, and without its link: that is for its owner to give."""
    return {
        "id": kept.pack.id,
        "title": kept.pack.title,
        "owner": kept.owner,
        "version": kept.version,
        "changed": kept.changed,
        "changed_by": kept.changed_by,
        "excerpts": len(kept.pack.excerpts),
        "shared": kept.link is not None,
    }


def tell(kept: KeptPack, json: bool) -> None:
    """Say which pack it is, and which version."""
    if json:
        print_json(summary(kept))
        return
    how_many = counted(len(kept.pack.excerpts), "excerpt")
    click.echo(f"{kept.pack.id}  {kept.pack.title}  ({how_many}, version {kept.version})")


def _changed(id: str, who: str, json: bool, change: Callable[[Packs, KeptPack, Account], KeptPack]) -> None:
    """Make one change to a pack as an account that may, and say what it is now."""
    with open_book() as book:
        account = book.accounts.named(who)
        tell(change(book.packs, book.packs.open(id, account), account), json)


@click.command("history")
@click.argument("id")
@as_json
def history(id: str, json: bool) -> None:
    """List the versions of a kept pack, the newest first.

    \b
    Example:
      kb pack history 5d0c2b7e91aa
    """
    with open_book() as book:
        book.packs.find(id)
        versions = book.packs.history(id)
    if json:
        print_json({"total": len(versions), "versions": versions})
        return
    for one in versions:
        restores = f", as in version {one.restores}" if one.restores else ""
        about = f"{one.at:%Y-%m-%d %H:%M} UTC by {one.author}{restores}"
        how_many = counted(len(one.pack.excerpts), "excerpt")
        click.echo(f"{one.number:4}  {one.pack.title}  ({how_many})  {about}")


@click.command("change")
@click.argument("id")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--based-on",
    type=click.IntRange(min=1),
    help="Version that FILE was made from: refuse when somebody has changed the pack since.",
)
@by
@as_json
def change(id: str, file: BinaryIO, based_on: int | None, who: str, json: bool) -> None:
    """Make a kept pack what FILE says: JSON as `kb pack export` writes it, or with - from stdin.

    What the pack quotes already stays as it was quoted, and other passages are quoted as they are now:
    FILE says which, in what order, with what titles, notes and questions.

    \b
    Example:
      kb pack export 5d0c2b7e91aa --format json -o pack.json
      kb pack change 5d0c2b7e91aa pack.json --by anna
    """
    from kb.packs.outlines import read_outline

    outline = read_outline(file.read())
    with open_indexed_book() as book:
        account = book.accounts.named(who)
        before = book.packs.open(id, account)
        made, lost = book.assemble(outline, before.pack)
        if lost:
            raise NotFound("passage", lost[0])
        made = replace(made, author=before.pack.author)
        tell(book.packs.change(id, made, based_on or before.version, account), json)


@click.command("undo")
@click.argument("id")
@by
@as_json
def undo(id: str, who: str, json: bool) -> None:
    """Take the last change to a kept pack back; once more, and the one before it goes too.

    \b
    Example:
      kb pack undo 5d0c2b7e91aa --by anna
    """
    _changed(id, who, json, lambda packs, kept, account: packs.undo(id, kept.version, account))


@click.command("restore")
@click.argument("id")
@click.argument("number", type=click.IntRange(min=1))
@by
@as_json
def restore(id: str, number: int, who: str, json: bool) -> None:
    """Make a kept pack what it was in version NUMBER; nothing is lost.

    \b
    Example:
      kb pack restore 5d0c2b7e91aa 3 --by anna
    """
    _changed(id, who, json, lambda packs, kept, account: packs.restore(id, number, kept.version, account))


@click.command("copy")
@click.argument("id")
@click.option("--title", default="", help="What the copy is called; by default as the pack.")
@by
@as_json
def copy(id: str, title: str, who: str, json: bool) -> None:
    """Keep a copy of a pack as one of --by.

    \b
    Example:
      kb pack copy 5d0c2b7e91aa --title "The second week" --by anna
    """
    _changed(id, who, json, lambda packs, kept, account: packs.copy(kept, account, title))


@click.command("share")
@click.argument("id")
@by
@as_json
def share(id: str, who: str, json: bool) -> None:
    """Give a kept pack a link for readers, and show it.

    \b
    Example:
      kb pack share 5d0c2b7e91aa --by anna
    """
    from kb.assistants import ADDRESS

    with open_book() as book:
        kept = book.packs.share(id, book.accounts.named(who))
        base = book.settings.base_url.rstrip("/") or ADDRESS
    address = f"{base}/packs/shared/{kept.link}"
    print_json({**summary(kept), "link": kept.link, "address": address}) if json else click.echo(address)


@click.command("withdraw")
@click.argument("id")
@by
@as_json
def withdraw(id: str, who: str, json: bool) -> None:
    """Let the link of a kept pack lead nowhere for good.

    \b
    Example:
      kb pack withdraw 5d0c2b7e91aa --by anna
    """
    _changed(id, who, json, lambda packs, kept, account: packs.withdraw(id, account))


@click.command("delete")
@click.argument("id")
@by
@as_json
def delete(id: str, who: str, json: bool) -> None:
    """Delete a kept pack with its history.

    \b
    Example:
      kb pack delete 5d0c2b7e91aa --by anna
    """
    with open_book() as book:
        account = book.accounts.named(who)
        book.packs.delete(id, book.packs.open(id, account).version, account)
    print_json({"deleted": id}) if json else click.echo(f"Deleted: {id}")


@click.command("add")
@click.argument("id")
@click.argument("passage")
@_section
@_place
@by
@as_json
def add(id: str, passage: str, section: int | None, place: int | None, who: str, json: bool) -> None:
    """Put PASSAGE into a kept pack as it is quoted now, by default at its end.

    \b
    Example:
      kb pack add 5d0c2b7e91aa 18b8b44f9b38 --section 0 --place 0 --by anna
    """
    with open_book() as book:
        account = book.accounts.named(who)
        tell(book.packs.add_excerpt(id, book.excerpt(passage), account, section, place), json)


@click.command("move")
@click.argument("id")
@click.argument("passage")
@_section
@_place
@by
@as_json
def move(id: str, passage: str, section: int | None, place: int | None, who: str, json: bool) -> None:
    """Move PASSAGE within a kept pack, by default to the end of its section.

    \b
    Example:
      kb pack move 5d0c2b7e91aa 18b8b44f9b38 --place 0 --by anna
    """
    _changed(
        id, who, json, lambda packs, kept, account: packs.move_excerpt(id, passage, account, section, place)
    )


@click.command("remove")
@click.argument("id")
@click.argument("passage")
@by
@as_json
def remove(id: str, passage: str, who: str, json: bool) -> None:
    """Take PASSAGE out of a kept pack.

    \b
    Example:
      kb pack remove 5d0c2b7e91aa 18b8b44f9b38 --by anna
    """
    _changed(id, who, json, lambda packs, kept, account: packs.remove_excerpt(id, passage, account))


KEPT_PACK_COMMANDS: tuple[click.Command, ...] = (
    history, change, undo, restore, copy, share, withdraw, delete, add, move, remove,
)  # fmt: skip
"""What `kb pack` has from here."""
