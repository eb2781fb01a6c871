"""Packs that are kept: made, read, changed, shared, and brought back as they were.

The ETag of a pack begins with the number of its version: `"7"`, or `"7.a3…"` while it is shared. A
change with `If-Match` is made from that version, and refused when there is another meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from flask import Response, request, url_for
from werkzeug.exceptions import PreconditionRequired

from kb.errors import PackChanged
from kb.json import plain
from kb.models import KeptPack, PackVersion, Scope
from kb.packs.outlines import Outline, OutlinedSection
from web.api import pack_contract as contract
from web.api.access import keeper
from web.api.answers import answer, chosen, digest, page
from web.api.calls import read, write
from web.api.contract import Choosing, Paging, Parameters
from web.api.drafts import FILES, assembled
from web.current import book
from web.pack_files import pack_file

# --- Making and reading --------------------------------------------------------------------------


@read("/packs", Paging, contract.PackList, "Packs", "List packs", scope=Scope.PACKS, of_the_store=True)
def packs(asked: Paging) -> Response:
    """One's own packs, the last changed first, without their contents; editors see all."""
    found = book.packs.all(keeper())
    shown, further = page(found, lambda kept: kept.pack.id, asked.limit, asked.cursor)
    items = chosen([_record(kept) for kept in shown], asked.fields, contract.PackRecord)
    return answer({"total": len(found), "packs": items, "next": further})


def _record(kept: KeptPack) -> dict[str, object]:
    pack = kept.pack
    return {
        "id": pack.id,
        "title": pack.title,
        "language": pack.language,
        "author": pack.author,
        "excerpts": len(pack.excerpts),
        "owner": kept.owner,
        "version": kept.version,
        "changed": plain(kept.changed),
        "changed_by": kept.changed_by,
        "link": kept.link,
    }


@write(
    "POST", "/packs", contract.KeptPackAnswer, "Packs", "Keep a pack", 404,
    body=contract.PackBody, parameters=contract.DraftParameters, status=201, scope=Scope.PACKS,
)  # fmt: skip
def keep_pack(asked: contract.DraftParameters, body: contract.PackBody) -> Response:
    """Keep a pack of whom the key acts for, its passages as they are quoted now."""
    pack = replace(assembled(body.outline(), asked.counterparts), author=keeper().name)
    return _made(book.packs.keep(pack, keeper()))


@read(
    "/packs/<pack_id>", Choosing, contract.KeptPackAnswer, "Packs", "One pack",
    scope=Scope.PACKS, of_the_store=True,
)  # fmt: skip
def pack(asked: Choosing, pack_id: str) -> Response:
    """A pack with its passages as they were quoted. Its ETag is what `If-Match` takes."""
    return _kept(book.packs.open(pack_id, keeper()), asked.fields)


def _kept(kept: KeptPack, fields: str = "", status: int = HTTPStatus.OK) -> Response:
    response = answer(chosen([plain(kept)], fields, KeptPack)[0], status)
    response.set_etag(f"{kept.version}.{digest([kept.link])[:8]}" if kept.link else str(kept.version))
    return response


def _made(kept: KeptPack) -> Response:
    response = _kept(kept, status=HTTPStatus.CREATED)
    response.headers["Location"] = url_for("api.pack", pack_id=kept.pack.id)
    return response


def _based_on(kept: KeptPack) -> int | None:
    """The version that `If-Match` names, None where it is not sent. Raises `PackChanged`."""
    if not request.if_match:
        return None
    named = {tag.partition(".")[0] for tag in request.if_match.as_set()}
    if request.if_match.star_tag or str(kept.version) in named:
        return kept.version
    raise PackChanged(kept.pack.title, kept.version, kept.changed_by)


# --- Changing ------------------------------------------------------------------------------------


@write(
    "PUT", "/packs/<pack_id>", contract.KeptPackAnswer, "Packs", "Change a pack", 412, 428,
    body=contract.PackBody, parameters=contract.DraftParameters, scope=Scope.PACKS,
)  # fmt: skip
def change_pack(asked: contract.DraftParameters, body: contract.PackBody, pack_id: str) -> Response:
    """Keep another version of a pack. What it quotes already stays as it was quoted.

    `If-Match` says which version it was made from, so that nobody overwrites another; `*` overwrites.
    """
    before = book.packs.open(pack_id, keeper())
    based_on = _based_on(before)
    if based_on is None:
        raise PreconditionRequired("Send If-Match with the ETag of the pack as you read it.")
    changed = assembled(body.outline(), asked.counterparts, before.pack)
    changed = replace(changed, author=before.pack.author)
    return _kept(book.packs.change(pack_id, changed, based_on, keeper()))


@write("DELETE", "/packs/<pack_id>", contract.Deleted, "Packs", "Delete a pack", 409, 412, scope=Scope.PACKS)
def delete_pack(asked: Parameters, pack_id: str) -> Response:
    """Delete a pack with its history."""
    kept = book.packs.open(pack_id, keeper())
    book.packs.delete(pack_id, _based_on(kept) or kept.version, keeper())
    return answer({"deleted": pack_id})


@write(
    "POST", "/packs/<pack_id>/excerpts", contract.KeptPackAnswer, "Packs", "Add an excerpt", 409, 412,
    body=contract.PlacedExcerptBody, scope=Scope.PACKS,
)  # fmt: skip
def add_excerpt(asked: Parameters, body: contract.PlacedExcerptBody, pack_id: str) -> Response:
    """Put a passage into a pack as it is quoted now; one that is there already moves and is quoted anew."""
    kept = book.packs.open(pack_id, keeper())
    (excerpt,) = assembled(Outline(sections=(OutlinedSection(excerpts=(body.outlined(),)),))).excerpts
    return _kept(
        book.packs.add_excerpt(pack_id, excerpt, keeper(), body.section, body.place, _based_on(kept))
    )


@write(
    "PATCH", "/packs/<pack_id>/excerpts/<passage_id>", contract.KeptPackAnswer, "Packs", "Move an excerpt",
    409, 412, body=contract.PlaceBody, scope=Scope.PACKS,
)  # fmt: skip
def move_excerpt(asked: Parameters, body: contract.PlaceBody, pack_id: str, passage_id: str) -> Response:
    """Move an excerpt to another place or section of its pack."""
    kept = book.packs.open(pack_id, keeper())
    return _kept(
        book.packs.move_excerpt(pack_id, passage_id, keeper(), body.section, body.place, _based_on(kept))
    )


@write(
    "DELETE", "/packs/<pack_id>/excerpts/<passage_id>", contract.KeptPackAnswer, "Packs",
    "Take an excerpt out", 409, 412, scope=Scope.PACKS,
)  # fmt: skip
def remove_excerpt(asked: Parameters, pack_id: str, passage_id: str) -> Response:
    """Take an excerpt out of a pack."""
    kept = book.packs.open(pack_id, keeper())
    return _kept(book.packs.remove_excerpt(pack_id, passage_id, keeper(), _based_on(kept)))


@read(
    "/packs/<pack_id>/wording", Parameters, contract.Wordings, "Packs", "What has become of its words",
    scope=Scope.PACKS, of_the_store=True,
)  # fmt: skip
def pack_wording(asked: Parameters, pack_id: str) -> Response:
    """Whether each excerpt still reads as it was quoted: same, moved, changed or gone, and how now.

    To quote the new wording, put the passage of `now` in place of the old one.
    """
    found = book.packs.open(pack_id, keeper()).pack.excerpts
    return answer({"excerpts": [{"passage": one.passage, "state": book.state_of(one)} for one in found]})


# --- Its history ---------------------------------------------------------------------------------


@read(
    "/packs/<pack_id>/versions", Paging, contract.VersionList, "Packs", "The versions of a pack",
    scope=Scope.PACKS, of_the_store=True,
)  # fmt: skip
def pack_versions(asked: Paging, pack_id: str) -> Response:
    """All versions of a pack, the newest first."""
    book.packs.open(pack_id, keeper())
    found = book.packs.history(pack_id)
    shown, further = page(found, lambda version: str(version.number), asked.limit, asked.cursor)
    items = chosen(plain(list(shown)), asked.fields, PackVersion)
    return answer({"total": len(found), "versions": items, "next": further})


@write(
    "POST", "/packs/<pack_id>/versions/<int:number>/restore", contract.KeptPackAnswer, "Packs",
    "Bring a version back", 409, 412, scope=Scope.PACKS,
)  # fmt: skip
def restore_pack(asked: Parameters, pack_id: str, number: int) -> Response:
    """Make a pack what it was in an earlier version. That is a new version; nothing is lost."""
    kept = book.packs.open(pack_id, keeper())
    return _kept(book.packs.restore(pack_id, number, _based_on(kept) or kept.version, keeper()))


@write(
    "POST", "/packs/<pack_id>/undo", contract.KeptPackAnswer, "Packs", "Take the last change back", 409, 412,
    scope=Scope.PACKS,
)  # fmt: skip
def undo_pack(asked: Parameters, pack_id: str) -> Response:
    """Take the last change back; once more, and the one before it goes too."""
    kept = book.packs.open(pack_id, keeper())
    return _kept(book.packs.undo(pack_id, _based_on(kept) or kept.version, keeper()))


# --- Handing it on -------------------------------------------------------------------------------


@write("PUT", "/packs/<pack_id>/link", contract.KeptPackAnswer, "Packs", "Share a pack", scope=Scope.PACKS)
def share_pack(asked: Parameters, pack_id: str) -> Response:
    """Give a pack a link for readers that cannot be guessed; one it has stays."""
    return _kept(book.packs.share(pack_id, keeper()))


@write(
    "DELETE", "/packs/<pack_id>/link", contract.KeptPackAnswer, "Packs", "Withdraw the link",
    scope=Scope.PACKS,
)  # fmt: skip
def withdraw_pack(asked: Parameters, pack_id: str) -> Response:
    """Let the link of a pack lead nowhere for good; sharing it again gives another."""
    return _kept(book.packs.withdraw(pack_id, keeper()))


@write(
    "POST", "/packs/<pack_id>/copy", contract.KeptPackAnswer, "Packs", "Copy a pack",
    body=contract.CopyBody, status=201, scope=Scope.PACKS,
)  # fmt: skip
def copy_pack(asked: Parameters, body: contract.CopyBody, pack_id: str) -> Response:
    """A pack of one's own with what another holds now."""
    return _made(book.packs.copy(book.packs.open(pack_id, keeper()), keeper(), body.title))


@write(
    "POST", "/shared-packs/<link>/copy", contract.KeptPackAnswer, "Shared packs", "Copy a shared pack",
    body=contract.CopyBody, status=201, scope=Scope.PACKS,
)  # fmt: skip
def copy_shared_pack(asked: Parameters, body: contract.CopyBody, link: str) -> Response:
    """A pack of one's own with what a shared one holds now."""
    return _made(book.packs.copy(book.packs.shared(link), keeper(), body.title))


@read(
    "/packs/<pack_id>/export", contract.ExportParameters, None, "Packs", "Export a pack", 501,
    forms=FILES, scope=Scope.PACKS, of_the_store=True,
)  # fmt: skip
def export_pack(asked: contract.ExportParameters, pack_id: str) -> Response:
    """A pack as a file: Word, PowerPoint, HTML, Markdown, Anki, CSV or JSON."""
    return pack_file(book.packs.open(pack_id, keeper()).pack, asked.format)


@read(
    "/packs/<pack_id>/quiz", Parameters, contract.Quiz, "Packs", "A quiz from a pack",
    scope=Scope.PACKS, of_the_store=True,
)  # fmt: skip
def quiz_pack(asked: Parameters, pack_id: str) -> Response:
    """Multiple-choice questions from the principles and passages of a pack."""
    return answer({"questions": book.quiz(book.packs.open(pack_id, keeper()).pack)})
