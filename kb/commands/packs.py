"""`kb pack`: excerpts to hand on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.kept_packs import KEPT_PACK_COMMANDS, by, summary, tell
from kb.commands.shared import LANGUAGE, NameIn, as_json, open_book, open_indexed_book, print_json
from kb.counting import counted
from kb.errors import InvalidRequest

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.models import ExcerptState, KeptPack, Pack


def _formats() -> Iterable[str]:
    from kb.exporters import EXPORTERS

    return EXPORTERS


def _interface_languages() -> Iterable[str]:
    from kb.languages.interface import INTERFACE_LANGUAGES

    return INTERFACE_LANGUAGES


_on_principle = click.option("--principle", help="Make a pack on this principle, by id.")
_of_passages = click.option("--passages", help="Make a pack of these passages, by id, separated by commas.")
_language = click.option(
    "--language",
    type=NameIn(_interface_languages),
    help="Language of the words around the excerpts; KB_INTERFACE where it is not given.",
)


@click.group()
def pack() -> None:
    """Export packs of excerpts, keep them, and hand them on.

    Whoever changes a kept pack says with --by who they are: an account that may.
    """


@pack.command("export")
@click.argument("id", required=False)
@_on_principle
@_of_passages
@click.option(
    "--format",
    "form",
    type=NameIn(_formats),
    default="docx",
    show_default=True,
    help="How to write it.",
)
@_language
@click.option("--title", default="", help="Title of a pack of passages.")
@click.option(
    "--counterparts", type=LANGUAGE, help="Put what says the same in this language beside each excerpt."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File to write, or - for stdout; by default the pack's title in the working folder.",
)
@as_json
def export_pack(
    id: str | None,
    principle: str | None,
    passages: str | None,
    form: str,
    language: str | None,
    title: str,
    counterparts: str | None,
    output: Path | None,
    json: bool,
) -> None:
    """Write a pack to a file: the kept pack ID, one on a principle, or one of passages.

    \b
    Examples:
      kb pack export --principle ownership --language ru -o ownership.docx
      kb pack export --passages 18b8b44f9b38,3f2a9c01d4e7 --format pptx --counterparts zh
      kb pack export 5d0c2b7e91aa --format anki
    """
    from kb.exporters import file_name

    with open_indexed_book() as book:
        made = _made(book, id, principle, passages, title, language)
        if counterparts:
            made = book.with_counterparts(made, counterparts)
        written = book.export(made, form)
    file = output or Path(file_name(made, form))
    _write(file, written)
    if json and str(file) != "-":
        print_json({"file": str(file), "format": form, "title": made.title, "excerpts": len(made.excerpts)})
    elif str(file) != "-":
        click.echo(f"{file}: {counted(len(made.excerpts), 'excerpt')}")


def _made(
    book: KnowledgeBase,
    id: str | None,
    principle: str | None,
    passages: str | None,
    title: str = "",
    language: str | None = None,
) -> Pack:
    """The pack that was asked for: a kept one, one on a principle, or one of passages."""
    if sum(map(bool, (id, principle, passages))) != 1:
        raise click.UsageError("Give the ID of a kept pack, or --principle, or --passages.")
    if id:
        kept = book.packs.find(id).pack
        return replace(kept, language=language) if language else kept
    if principle:
        return book.ready_made(principle, language or book.settings.interface)
    ids = [part.strip() for part in (passages or "").split(",") if part.strip()]
    return book.pack_from(ids, title, language or book.settings.interface)


@pack.command("quiz")
@click.argument("id", required=False)
@_on_principle
@_of_passages
@_language
@as_json
def quiz(
    id: str | None, principle: str | None, passages: str | None, language: str | None, json: bool
) -> None:
    """Ask multiple-choice questions from a pack; the answers stand at the end.

    \b
    Example:
      kb pack quiz --principle empathy --language ru
    """
    with open_indexed_book() as book:
        questions = book.quiz(_made(book, id, principle, passages, language=language))
    if json:
        print_json({"questions": questions})
        return
    for number, question in enumerate(questions, 1):
        click.secho(f"{number}. {question.prompt}", bold=True)
        click.echo(question.about)
        for letter, choice in zip("abcdefgh", question.choices, strict=False):
            click.echo(f"   {letter}) {choice.text}")
        click.echo()
    click.secho(
        "  ".join(f"{number}{'abcdefgh'[one.right]}" for number, one in enumerate(questions, 1)), dim=True
    )


@pack.command("keep")
@_on_principle
@_of_passages
@_language
@click.option("--title", default="", help="Another title than the one it has.")
@by
@as_json
def keep_pack(
    principle: str | None, passages: str | None, language: str | None, title: str, who: str, json: bool
) -> None:
    """Keep a pack on a principle, or of passages, for the account --by.

    \b
    Example:
      kb pack keep --principle ownership --language ru --by anna
    """
    with open_indexed_book() as book:
        made = _made(book, None, principle, passages, title, language)
        made = replace(made, title=title or made.title, author=who)
        tell(book.packs.keep(made, book.accounts.named(who)), json)


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
        print_json({"total": len(kept), "packs": [summary(one) for one in kept]})
        return
    for one in kept:
        about = f"{one.owner}, version {one.version} of {one.changed:%Y-%m-%d %H:%M} UTC by {one.changed_by}"
        click.echo(f"{one.pack.id}  {one.pack.title}  ({counted(len(one.pack.excerpts), 'excerpt')})")
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
        print_json({**summary(kept), "pack": kept.pack, "states": states})
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


for command in KEPT_PACK_COMMANDS:
    pack.add_command(command)
