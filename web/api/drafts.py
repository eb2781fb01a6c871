"""Packs that nobody keeps: put together from passages, ready made on a principle, shared by a link;
and what any pack can be handed on as."""

from __future__ import annotations

from dataclasses import replace

from flask import Response

from kb.errors import NotFound
from kb.exporters import EXPORTERS
from kb.models import Pack, Scope
from kb.packs.outlines import Outline
from web.api import pack_contract as contract
from web.api.answers import answer
from web.api.calls import read, write
from web.api.contract import Parameters
from web.current import book
from web.pack_files import pack_file

FILES = tuple(dict.fromkeys(form.media_type for form in EXPORTERS.values()))

# --- Put together --------------------------------------------------------------------------------


@write(
    "POST", "/packs:draft", contract.PackAnswer, "Exports", "Put a pack together", 404,
    body=contract.DraftBody, parameters=contract.DraftParameters, scope=Scope.READ,
)  # fmt: skip
def draft_pack(asked: contract.DraftParameters, body: contract.DraftBody) -> Response:
    """The pack with its passages as they are quoted now. It is not kept."""
    return answer(_drafted(body, asked.counterparts))


@write(
    "POST", "/packs:export", None, "Exports", "Export a pack that is not kept", 404, 501,
    body=contract.DraftBody, parameters=contract.DraftExportParameters, forms=FILES, scope=Scope.READ,
)  # fmt: skip
def export_draft(asked: contract.DraftExportParameters, body: contract.DraftBody) -> Response:
    """A pack as a file: Word, PowerPoint, HTML, Markdown, Anki, CSV or JSON."""
    return pack_file(_drafted(body, asked.counterparts), asked.format)


@write(
    "POST", "/packs:quiz", contract.Quiz, "Exports", "A quiz from a pack that is not kept", 404,
    body=contract.DraftBody, scope=Scope.READ,
)  # fmt: skip
def quiz_draft(asked: Parameters, body: contract.DraftBody) -> Response:
    """Multiple-choice questions from the principles and passages of a pack."""
    return answer({"questions": book.quiz(_drafted(body))})


@read(
    "/principles/<principle_id>/pack", contract.ReadyMadeParameters, contract.PackAnswer, "Exports",
    "A ready-made pack",
)  # fmt: skip
def ready_made_pack(asked: contract.ReadyMadeParameters, principle_id: str) -> Response:
    """The best passages on a principle from many articles and all languages, as one learns: what it is,
    why, how, examples, mistakes."""
    return answer(_beside(book.ready_made(principle_id, asked.language), asked.counterparts))


def _drafted(body: contract.DraftBody, counterparts: str | None = None) -> Pack:
    return replace(assembled(body.outline(), counterparts), id=body.id)


def assembled(outline: Outline, counterparts: str | None = None, before: Pack | None = None) -> Pack:
    """The pack of an outline; what `before` quotes already stays as it is quoted there.

    Raises `NotFound` for a passage that is not there.
    """
    pack, lost = book.assemble(outline, before)
    if lost:
        raise NotFound("passage", lost[0])
    return _beside(pack, counterparts)


def _beside(pack: Pack, language: str | None) -> Pack:
    return book.with_counterparts(pack, language) if language else pack


# --- Shared by a link ----------------------------------------------------------------------------


@read(
    "/shared-packs/<link>", Parameters, contract.PackAnswer, "Shared packs", "A shared pack",
    of_the_store=True,
)  # fmt: skip
def shared_pack(asked: Parameters, link: str) -> Response:
    """The pack that a link leads to, for whoever has the link."""
    return answer(book.packs.shared(link).pack)


@read(
    "/shared-packs/<link>/export", contract.ExportParameters, None, "Shared packs", "Export a shared pack",
    501, forms=FILES, of_the_store=True,
)  # fmt: skip
def export_shared_pack(asked: contract.ExportParameters, link: str) -> Response:
    """A shared pack as a file."""
    return pack_file(book.packs.shared(link).pack, asked.format)


@read(
    "/shared-packs/<link>/quiz", Parameters, contract.Quiz, "Shared packs", "A quiz from a shared pack",
    of_the_store=True,
)  # fmt: skip
def quiz_shared_pack(asked: Parameters, link: str) -> Response:
    """Multiple-choice questions from a shared pack."""
    return answer({"questions": book.quiz(book.packs.shared(link).pack)})
