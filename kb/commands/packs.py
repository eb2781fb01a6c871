"""`kb pack`: excerpts to hand on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.shared import LANGUAGE, NameIn, as_json, open_book, open_indexed_book, print_json
from kb.errors import InvalidRequest

if TYPE_CHECKING:
    from kb.models import ExcerptState, KeptPack


def _formats() -> Iterable[str]:
    from kb.exporters import EXPORTERS

    return EXPORTERS


def _interface_languages() -> Iterable[str]:
    from kb.languages.interface import INTERFACE_LANGUAGES

    return INTERFACE_LANGUAGES


@click.group()
def pack() -> None:
    """Export packs of excerpts, and list those that trainers keep."""


@pack.command("export")
@click.argument("id", required=False)
@click.option("--principle", help="Make a pack on this principle, by id.")
@click.option("--passages", help="Make a pack of these passages, by id, separated by commas.")
@click.option(
    "--format",
    "form",
    type=NameIn(_formats),
    default="docx",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--language",
    type=NameIn(_interface_languages),
    help="Language of the words around the excerpts; KB_INTERFACE where it is not given.",
)
@click.option("--title", default="", help="Title of a pack of passages.")
@click.option("--counterparts", type=LANGUAGE, help="Put what says the same in this language beside each.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File to write, or - for stdout; by default the pack's title in the working folder.",
)
def export_pack(
    id: str | None,
    principle: str | None,
    passages: str | None,
    form: str,
    language: str | None,
    title: str,
    counterparts: str | None,
    output: Path | None,
) -> None:
    """Write a pack to a file: the kept pack ID, one on a principle, or one of passages.

    \b
    Examples:
      kb pack export --principle ownership --language ru -o ownership.docx
      kb pack export --passages 18b8b44f9b38,3f2a9c01d4e7 --format pptx --counterparts zh
      kb pack export 5d0c2b7e91aa --format anki
    """
    from kb.exporters import file_name

    if sum(map(bool, (id, principle, passages))) != 1:
        raise click.UsageError("Give the ID of a kept pack, or --principle, or --passages.")
    with open_indexed_book() as book:
        tongue = language or book.settings.interface
        if principle:
            made = book.ready_made(principle, tongue)
        elif passages:
            ids = [part.strip() for part in passages.split(",") if part.strip()]
            made = book.pack_from(ids, title, tongue)
        else:
            made = book.packs.find(id or "").pack
            made = replace(made, language=language) if language else made
        if counterparts:
            made = book.with_counterparts(made, counterparts)
        written = book.export(made, form)
    file = output or Path(file_name(made, form))
    _write(file, written)
    if str(file) != "-":
        click.echo(f"{file}: {len(made.excerpts)} excerpts")


@pack.command("list")
@as_json
def list_packs(json: bool) -> None:
    """List the packs that are kept, the last changed first.

    \b
    Example:
      kb pack list
    """
    with open_book() as book:
        kept = book.packs.all()
    if json:
        print_json({"total": len(kept), "packs": [_summary(one) for one in kept]})
        return
    for one in kept:
        about = f"{one.owner}, version {one.version} of {one.changed:%Y-%m-%d %H:%M} UTC by {one.changed_by}"
        click.echo(f"{one.pack.id}  {one.pack.title}  ({len(one.pack.excerpts)} excerpts)")
        click.secho(f"    {about}" + (", shared" if one.link else ""), dim=True)


@pack.command("show")
@click.argument("id")
@as_json
def show_pack(id: str, json: bool) -> None:
    """Show a kept pack, and which of its excerpts are no longer as they were quoted.

    \b
    Example:
      kb pack show 5d0c2b7e91aa
    """
    with open_indexed_book() as book:
        kept = book.packs.find(id)
        states = [book.state_of(excerpt) for excerpt in kept.pack.excerpts]
    if json:
        print_json({**_summary(kept), "pack": kept.pack, "states": states})
    else:
        _print_pack(kept, states)


def _write(file: Path, content: bytes) -> None:
    """Write a file, or with - to stdout. Raises `InvalidRequest` when it cannot be written."""
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.", "output") from error


def _summary(kept: KeptPack) -> dict[str, object]:
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


def _print_pack(kept: KeptPack, states: Sequence[ExcerptState]) -> None:
    click.secho(kept.pack.title, bold=True)
    click.echo(kept.pack.introduction)
    by_place = iter(states)
    for section in kept.pack.sections:
        click.secho(f"\n{section.title}", bold=True)
        for excerpt in section.excerpts:
            state = next(by_place)
            click.echo(f"\n{excerpt.text}")
            place = " › ".join((excerpt.source.title, *excerpt.headings))
            click.secho(f"[{excerpt.passage}]  {place}", fg="cyan")
            if state.wording != "same":
                click.secho(f"{state.wording}; now: {state.now.text if state.now else '–'}", fg="yellow")
