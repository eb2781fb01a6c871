"""`kb users`: the accounts of people who sign in."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from kb.commands.shared import NameIn, as_json, open_book, print_json

if TYPE_CHECKING:
    from kb.models import Account


def _roles() -> Iterable[str]:
    from kb.models import Role

    return Role


_ROLE = NameIn(_roles)
_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin instead of asking for it."
)


@click.group()
def users() -> None:
    """Manage the accounts of people who sign in.

    \b
    Examples:
      kb users add anna --role trainer
      kb users list
      kb users disable anna
    """


@users.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default="reader", show_default=True, help="What they may do.")
@_from_stdin
@as_json
def add_user(name: str, role: str, password_stdin: bool, json: bool) -> None:
    """Make an account for NAME.

    \b
    Examples:
      kb users add anna --role trainer
      pass show servicebook/anna | kb users add anna --role editor --password-stdin
    """
    from kb.models import Role

    with open_book() as book:
        account = book.accounts.add(name, Role(role), _password(password_stdin))
    _tell(account, json)


@users.command("list")
@as_json
def list_users(json: bool) -> None:
    """List the accounts.

    \b
    Example:
      kb users list --json
    """
    with open_book() as book:
        found = book.accounts.all()
    if json:
        print_json({"total": len(found), "users": found})
        return
    for account in found:
        _print_account(account)


@users.command("passwd")
@click.argument("name")
@_from_stdin
@as_json
def set_password(name: str, password_stdin: bool, json: bool) -> None:
    """Give NAME another password, and end their sessions.

    \b
    Example:
      kb users passwd anna
    """
    with open_book() as book:
        account = book.accounts.named(name)
        book.accounts.set_password(name, _password(password_stdin))
    _tell(account, json)


@users.command("disable")
@click.argument("name")
@as_json
def disable_user(name: str, json: bool) -> None:
    """Stop NAME from signing in, and end their sessions.

    \b
    Example:
      kb users disable anna
    """
    _set_enabled(name, False, json)


@users.command("enable")
@click.argument("name")
@as_json
def enable_user(name: str, json: bool) -> None:
    """Let NAME sign in again.

    \b
    Example:
      kb users enable anna
    """
    _set_enabled(name, True, json)


@users.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@as_json
def set_role(name: str, role: str, json: bool) -> None:
    """Give NAME another ROLE; they have to sign in again.

    \b
    Example:
      kb users role anna editor
    """
    from kb.models import Role

    with open_book() as book:
        book.accounts.set_role(name, Role(role))
        _tell(book.accounts.named(name), json)


def _set_enabled(name: str, enabled: bool, json: bool) -> None:
    with open_book() as book:
        book.accounts.set_enabled(name, enabled)
        _tell(book.accounts.named(name), json)


def _password(from_stdin: bool) -> str:
    """A password that was typed twice, or the first line of stdin: never a word of the command,
    which other users of the machine can see."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _tell(account: Account, json: bool) -> None:
    print_json(account) if json else _print_account(account)


def _print_account(account: Account) -> None:
    notes = [
        note for note, holds in (("disabled", not account.enabled), ("OpenID", account.by_provider)) if holds
    ]
    click.echo(f"{account.name:24} {account.role:14} {', '.join(notes)}".rstrip())
