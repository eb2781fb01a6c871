"""Looking after an installation: its settings, what is wrong with it, and its backup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.shared import as_json, open_book, print_json
from kb.counting import counted

if TYPE_CHECKING:
    from kb.backup import Contents

_STATE_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}
# What people call the rows of each table in a backup.
_ROWS = {
    "accounts": ("account", "accounts"),
    "api_keys": ("API key", "API keys"),
    "openings": ("opened result", "opened results"),
    "pack_versions": ("version of packs", "versions of packs"),
    "packs": ("pack", "packs"),
    "proposals": ("proposed term", "proposed terms"),
    "reviews": ("review of a tag", "reviews of tags"),
    "searches": ("search", "searches"),
}


@click.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, json: bool) -> None:
    """Check settings, vocabulary, index and store against each other; nothing is changed.

    The exit status is 1 when there are errors.

    \b
    Examples:
      kb doctor
      kb doctor --json
    """
    from kb.doctor import examine

    with open_book() as book:
        diagnoses = list(examine(book))
    if json:
        print_json(diagnoses)
    for diagnosis in () if json else diagnoses:
        state = click.style(f"{diagnosis.state:8}", fg=_STATE_COLOURS[diagnosis.state])
        click.echo(f"{diagnosis.subject:11}{state} {diagnosis.message} {diagnosis.remedy}".rstrip())
    ctx.exit(1 if any(diagnosis.state == "error" for diagnosis in diagnoses) else 0)


@click.command()
@as_json
def settings(json: bool) -> None:
    """List the settings and what they mean; each is an environment variable or a line of `.env`.

    \b
    Examples:
      kb settings
      KB_HOME=/var/lib/kb kb settings --json
    """
    from kb.settings import FIELDS, PREFIX, load, without_password

    current = load()
    listed = {
        PREFIX + name.upper(): {
            "value": without_password(str(getattr(current, name) or "")),
            "meaning": field.metadata["meaning"],
        }
        for name, field in FIELDS.items()
        if field.repr  # secrets are not shown
    }
    if json:
        print_json(listed)
        return
    for name, setting in listed.items():
        click.echo(f"{click.style(name, bold=True)}={setting['value']}\n    {setting['meaning']}")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def write_backup(file: Path, json: bool) -> None:
    """Write accounts, reviews, search log, settings and vocabulary to FILE, while the product runs.

    Secrets are left out, passwords are hashes. Articles are files of your own: back them up like others.

    \b
    Example:
      kb backup servicebook-2026-11-22.zip
    """
    with open_book() as book:
        contents = book.backup(file)
    if json:
        print_json({"file": str(file), **_described(contents)})
        return
    click.echo(
        f"{file}: {_rows(contents.rows)}, {counted(len(contents.settings), 'setting')}"
        + (", vocabulary" if contents.vocabulary else "")
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in place of what the database holds.")
@as_json
def restore(file: Path, replace: bool, json: bool) -> None:
    """Check FILE and bring back what it holds, on this or another machine.

    A backup of an earlier version is brought up to this one. Settings come to lie in `.env` in the
    working folder, unless there is one.

    \b
    Examples:
      kb restore servicebook-2026-11-22.zip
      KB_DATABASE_URL=postgresql://kb@db/kb kb restore servicebook-2026-11-22.zip
    """
    from kb.settings import ENV_FILE, env_line

    with open_book() as book:
        contents = book.restore(file, replace)
    lines = [env_line(name, value) for name, value in contents.settings.items()]
    if contents.vocabulary:
        lines.append(env_line("KB_VOCABULARY", str(contents.vocabulary.absolute())))
    restored = _restore_settings(lines, ENV_FILE)
    if json:
        print_json({**_described(contents), "settings_restored": restored})
        return
    click.echo(f"Restored {_rows(contents.rows)} of {contents.made:%Y-%m-%d %H:%M} UTC.")
    if restored:
        click.echo(f"Its settings are in {ENV_FILE.absolute()}.")
    elif lines:
        click.echo(f"{ENV_FILE.absolute()} stays as it is. The backup was made with:")
        for line in lines:
            click.echo(f"  {line}")


def _restore_settings(lines: Sequence[str], file: Path) -> bool:
    """Put settings where they are read from; returns False where there are some, or none to restore."""
    if not lines or file.exists():
        return False
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return True


def _described(contents: Contents) -> dict[str, object]:
    return {
        "made": contents.made,
        "schema": contents.schema,
        "rows": contents.rows,
        "settings": contents.settings,
        "vocabulary": contents.vocabulary and str(contents.vocabulary),
    }


def _rows(rows: dict[str, int]) -> str:
    nouns = {table: _ROWS.get(table, (f"row of {table}", f"rows of {table}")) for table in rows}
    there = (counted(count, *nouns[table]) for table, count in rows.items() if count)
    return ", ".join(there) or "nothing"
