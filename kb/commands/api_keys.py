"""`kb keys`: keys for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from kb.commands.shared import NameIn, as_json, open_book, print_json

if TYPE_CHECKING:
    from kb.models import ApiKey


def _scopes() -> Iterable[str]:
    from kb.models import Scope

    return Scope


@click.group()
def keys() -> None:
    """Make, list and revoke the keys that programs show to the API.

    \b
    Examples:
      kb keys add "Intranet search" --scope read --days 365
      kb keys add "Anna's packs" --scope packs --account anna
      kb keys list
      kb keys revoke 3f2a9c01
    """


@keys.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=NameIn(_scopes),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What it may be used for; each includes reading, admin includes all.",
)
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires; without this, never.")
@click.option(
    "--account",
    help="Account it acts for: packs it keeps belong to it, and it may do no more than the account may.",
)
@as_json
def add_key(name: str, scopes: Sequence[str], days: int | None, account: str | None, json: bool) -> None:
    """Make a key for the program NAME and show it, this once.

    Packs belong to people, so a key for them needs an account.

    \b
    Example:
      kb keys add "Content pipeline" --scope write --days 90
    """
    from kb.models import Scope

    with open_book() as book:
        whose = book.accounts.named(account) if account else None
        key, text = book.keys.add(name, [Scope(scope) for scope in scopes], days, whose)
    if json:
        print_json({**_described(key), "key": text})
        return
    click.echo(text)
    click.secho("This is shown only now. Send it as “Authorization: Bearer …”.", dim=True, err=True)


@keys.command("list")
@as_json
def list_keys(json: bool) -> None:
    """List the keys, without their secrets.

    \b
    Example:
      kb keys list --json
    """
    with open_book() as book:
        found = book.keys.all()
    if json:
        print_json({"total": len(found), "keys": [_described(key) for key in found]})
        return
    for key in found:
        until = f"until {key.expires:%Y-%m-%d}" if key.expires else "for good"
        used = f"last used {key.used:%Y-%m-%d}" if key.used else "never used"
        whose = f" for {key.account.name}" if key.account else ""
        click.echo(f"{key.id}  {key.name}{whose}  {', '.join(key.scopes)}  {until}, {used}")


@keys.command("revoke")
@click.argument("id")
@as_json
def revoke_key(id: str, json: bool) -> None:
    """Revoke the key with this ID (see `kb keys list`): it opens nothing from now on.

    \b
    Example:
      kb keys revoke 3f2a9c01
    """
    with open_book() as book:
        book.keys.revoke(id)
    if json:
        print_json({"revoked": id})
    else:
        click.echo(f"The key {id} is revoked.")


def _described(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "created": key.created,
        "expires": key.expires,
        "used": key.used,
        "account": key.account and key.account.name,
    }
