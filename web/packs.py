"""Packs of excerpts for trainers: collect, arrange, hand over.

A pack is at one of four places, by kind: "draft" is what the address says, "on" a principle,
"kept" in the store, "shared" by a link. Each can be exported, asked a quiz from, and kept as a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response as Redirect

from kb.accounts import Action
from kb.errors import InvalidRequest, NotFound, PackChanged
from kb.exporters import EXPORTERS, parts, with_counterpart
from kb.languages import LANGUAGES
from kb.models import Excerpt, KeptPack, Pack, Question, Wording
from kb.packs.outlines import assemble
from web import interface
from web.accounts import Answer, account, own_address, requires, signed_in
from web.current import book
from web.pack_files import pack_file
from web.pack_forms import PackForm

blueprint = Blueprint("packs", __name__, url_prefix="/packs")

COOKIE = "collected"
_MONTH = 30 * 24 * 3600
# A cookie holds some 4,000 characters.
_MOST_COLLECTED = 200
_SHOWN_IN_TRAY = 6


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    return {
        "collected": collected,
        "content_languages": tuple(LANGUAGES),
        "tray": _tray,
        "excerpt_parts": parts,
        "with_counterpart": with_counterpart,
    }


# --- Collecting ----------------------------------------------------------------------------------


def collected() -> tuple[str, ...]:
    """The ids of the passages that lie in the browser's tray, in order."""
    ids = request.cookies.get(COOKIE, "").split(".")
    return tuple(dict.fromkeys(id for id in ids[:_MOST_COLLECTED] if _is_id(id)))


def _is_id(id: str) -> bool:
    return 0 < len(id) <= 24 and id.isascii() and id.replace("-", "").isalnum()


def _tray() -> list[Excerpt]:
    """The last that were collected, the newest first."""
    return [one for id in reversed(collected()[-_SHOWN_IN_TRAY:]) if (one := _quoted_if_there(id))]


def _quoted_if_there(id: str) -> Excerpt | None:
    try:
        return book.excerpt(id)
    except NotFound:
        return None


@blueprint.get("/collect")
def collect() -> Answer:
    """Put a passage into the tray, or with `drop` take it out, and go back to where one was.

    Readers have no session, so there is no token to send along; all it changes is a list in their
    own browser, and only when their own page asks for it.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Forbidden
    back = redirect(own_address(request.args.get("next", "")), HTTPStatus.SEE_OTHER)
    passage = request.args.get("passage", "")
    others = [id for id in collected() if id != passage]
    if request.args.get("drop") == "all":
        return _fill_tray(back, [])
    if request.args.get("drop"):
        return _fill_tray(back, others)
    found, _ = book.passage(passage)
    if len(others) == _MOST_COLLECTED:
        raise InvalidRequest(
            f"The tray holds {_MOST_COLLECTED} passages; export them or keep them.", "passage"
        )
    return _fill_tray(back, [*others, found.id])


def _fill_tray(answer: Redirect, ids: list[str] | tuple[str, ...]) -> Redirect:
    if ids:
        answer.set_cookie(
            COOKIE, ".".join(ids), max_age=_MONTH, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    else:
        answer.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Lax")
    return answer


# --- A draft, which lives in its address ---------------------------------------------------------


@blueprint.get("/draft")
def draft() -> Answer:
    """What is collected, to be arranged; each press of a button gives another address."""
    form = _draft_form(request.args)
    if order := request.args.get("do"):
        form = form.with_passages(collected()) if order == "collect" else form.arranged(order)
        there = redirect(url_for("packs.draft", **form.parameters()), HTTPStatus.SEE_OTHER)
        return _fill_tray(there, form.passages)
    pack, lost = _pack_of(form)
    return render_template(
        "packs/edit.html",
        form=form,
        pack=pack,
        lost=lost,
        kept=None,
        excerpts={one.passage: one for one in pack.excerpts},
        states={},
        uncollected=[id for id in collected() if id not in form.passages],
        address=interface.absolute(url_for("packs.draft", **form.parameters(), lang=None)),
        **_choices("draft", "", form.parameters()),
    )


def _draft_form(parameters: MultiDict[str, str]) -> PackForm:
    form = PackForm.of(parameters, interface.language())
    if form.beside and form.beside not in LANGUAGES:
        form = replace(form, beside="")
    return form if "item" in parameters or "title" in parameters else form.with_passages(collected())


def _pack_of(form: PackForm) -> tuple[Pack, tuple[str, ...]]:
    pack, lost = book.assemble(form.outline())
    return (book.with_counterparts(pack, form.beside) if form.beside else pack), lost


# --- Any pack ------------------------------------------------------------------------------------


def _pack_at(kind: str, name: str) -> Pack:
    match kind:
        case "draft":
            return _pack_of(_draft_form(request.args))[0]
        case "on":
            return book.ready_made(name, interface.language())
        case "kept":
            return book.packs.open(name, account()).pack
        case "shared":
            return book.packs.shared(name).pack
    raise NoSuchPage


def _choices(kind: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What can be done with a pack that is at this place."""
    return {
        "formats": EXPORTERS,
        "export_address": lambda form: url_for(
            "packs.export", kind=kind, name=name or "now", **parameters, format=form
        ),
        "quiz_address": url_for("packs.quiz", kind=kind, name=name or "now", **parameters),
        "keep_address": url_for("packs.keep", kind=kind, name=name or "now", **parameters),
    }


@blueprint.get("/<any(on, shared):kind>/<name>")
def read(kind: str, name: str) -> Answer:
    """A pack to read: ready made on a principle, or shared by its link."""
    pack = _pack_at(kind, name)
    as_draft = url_for("packs.draft", **PackForm.of_pack(pack).parameters())
    return render_template("packs/read.html", pack=pack, draft_address=as_draft, **_choices(kind, name, {}))


@blueprint.get("/<any(draft, on, kept, shared):kind>/<name>/export")
def export(kind: str, name: str) -> Response:
    """A pack as a file."""
    answer = pack_file(_pack_at(kind, name), request.args.get("format", ""))
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@blueprint.get("/<any(draft, on, kept, shared):kind>/<name>/quiz")
def quiz(kind: str, name: str) -> Answer:
    """Multiple-choice questions from a pack; what was answered is in the address."""
    pack = _pack_at(kind, name)
    questions = book.quiz(pack)
    chosen = {question.id: _chosen(question) for question in questions}
    return render_template(
        "packs/quiz.html",
        pack=pack,
        questions=questions,
        chosen=chosen,
        is_answered=bool(request.args.get("answered")),
        right=sum(chosen[question.id] == question.right for question in questions),
        others=[
            (key, value)
            for key, value in request.args.items(multi=True)
            if key != "answered" and key not in chosen
        ],
        **_choices(kind, name, _draft_form(request.args).parameters() if kind == "draft" else {}),
    )


def _chosen(question: Question) -> int | None:
    said = request.args.get(question.id, "")
    return int(said) if said in map(str, range(len(question.choices))) else None


# --- Packs that are kept -------------------------------------------------------------------------


@blueprint.get("/")
@requires(Action.KEEP_PACKS)
def everything() -> Answer:
    """One's own packs; editors see all."""
    return render_template("packs/list.html", packs=book.packs.all(signed_in()))


@blueprint.post("/keep/<any(draft, on, kept, shared):kind>/<name>")
@requires(Action.KEEP_PACKS)
def keep(kind: str, name: str) -> Answer:
    """Keep a draft, or a copy of another pack as one's own."""
    kept = book.packs.keep(replace(_pack_at(kind, name), author=signed_in().name), signed_in())
    flash(gettext("The pack is kept."))
    there = _to(kept)
    return _fill_tray(there, []) if kind == "draft" else there


@blueprint.get("/kept/<id>")
@requires(Action.KEEP_PACKS)
def kept(id: str) -> Answer:
    """A kept pack, to be changed."""
    return _edit(book.packs.open(id, account()))


def _edit(
    kept: KeptPack, mine: PackForm | None = None, pack: Pack | None = None, theirs: Pack | None = None
) -> Answer:
    """The form of a kept pack; after a conflict with what one sent oneself, beside what there is now."""
    shown = pack or kept.pack
    states = {excerpt.passage: book.state_of(excerpt) for excerpt in shown.excerpts}
    form = mine or PackForm.of_pack(shown)
    return render_template(
        "packs/edit.html",
        form=form,
        pack=shown,
        lost=[],
        kept=kept,
        theirs=theirs,
        excerpts={one.passage: one for one in shown.excerpts},
        states={id: state for id, state in states.items() if state.wording is not Wording.SAME},
        uncollected=[id for id in collected() if id not in form.passages],
        address=kept.link
        and interface.absolute(url_for("packs.read", kind="shared", name=kept.link, lang=None)),
        **_choices("kept", kept.pack.id, {}),
    )


@blueprint.post("/kept/<id>")
@requires(Action.KEEP_PACKS)
def change(id: str) -> Answer:
    """Keep a pack as the form has it, as another version."""
    before = book.packs.open(id, account())
    order = request.form.get("do", "")
    form = PackForm.of(request.form, before.pack.language).arranged(order)
    if order == "collect":
        form = form.with_passages(collected())
    version = _sent("version")
    based_on = next((one.pack for one in book.packs.history(id) if one.number == version), before.pack)
    # What somebody else has added since may be in the form too, after a conflict.
    quoted = {one.passage: one for one in (*before.pack.excerpts, *based_on.excerpts)}
    pack, _ = assemble(form.outline(), _renewed(quoted, order), book.excerpt)
    pack = replace(_beside(pack, order), author=before.pack.author)
    try:
        kept = book.packs.change(id, pack, version, signed_in())
    except PackChanged:
        newest = book.packs.open(id, account())
        shown = _edit(newest, form, pack, newest.pack)
        return str(shown), HTTPStatus.CONFLICT
    there = _to(kept)
    return _fill_tray(there, []) if order == "collect" else there


def _sent(name: str) -> int:
    """A whole number of the form; 0, which no version has, for what is none."""
    said = request.form.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 9 else 0


def _renewed(quoted: dict[str, Excerpt], order: str) -> dict[str, Excerpt]:
    """The excerpts, where "renew <passage>" was pressed with that one as it reads now."""
    verb, _, passage = order.partition(" ")
    if verb == "renew" and passage in quoted:
        now = book.state_of(quoted[passage]).now
        if now:
            quoted[passage] = replace(now, counterpart=quoted[passage].counterpart)
    return quoted


def _beside(pack: Pack, order: str) -> Pack:
    """The pack, where "beside <language>" was pressed with counterparts, or with "beside" without."""
    verb, _, language = order.partition(" ")
    if verb != "beside":
        return pack
    if language:
        return book.with_counterparts(pack, language)
    return pack.with_each(lambda one: replace(one, counterpart=None))


@blueprint.post("/kept/<id>/<any(share, withdraw, undo, restore, delete):verb>")
@requires(Action.KEEP_PACKS)
def act(id: str, verb: str) -> Answer:
    """Share a pack or withdraw its link, take a change back, or delete it."""
    packs, who = book.packs, signed_in()
    try:
        match verb:
            case "share":
                packs.share(id, who)
            case "withdraw":
                packs.withdraw(id, who)
                flash(gettext("The link leads nowhere now."))
            case "undo":
                packs.undo(id, _sent("version"), who)
                flash(gettext("The last change is taken back."))
            case "restore":
                packs.restore(id, _sent("number"), _sent("version"), who)
                flash(gettext("The earlier version is back; nothing is lost."))
            case "delete":
                packs.delete(id, _sent("version"), who)
                flash(gettext("The pack is deleted."))
                return redirect(url_for("packs.everything"), HTTPStatus.SEE_OTHER)
    except PackChanged as changed:
        flash(gettext("%(name)s has changed the pack meanwhile. Here it is.", name=changed.changed_by))
    return _to(book.packs.open(id, who))


@blueprint.get("/kept/<id>/history")
@requires(Action.KEEP_PACKS)
def history(id: str) -> Answer:
    """All versions of a pack."""
    kept = book.packs.open(id, account())
    return render_template("packs/history.html", kept=kept, versions=book.packs.history(id))


def _to(kept: KeptPack) -> Redirect:
    return redirect(url_for("packs.kept", id=kept.pack.id), HTTPStatus.SEE_OTHER)
