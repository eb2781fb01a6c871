"""API keys on the account page: made, shown once, listed, revoked. Each acts for its account."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext

from kb.accounts import Action
from kb.errors import InvalidRequest, NotFound
from kb.models import Scope
from web.accounts import Answer, own_page, requires, signed_in
from web.current import book

blueprint = Blueprint("account_keys", __name__, url_prefix="/account/keys")


@blueprint.post("")
@requires(Action.READ)
def make() -> Answer:
    """Make a key. The answer is the only page that ever shows it, so nothing leads on from here."""
    scopes = [Scope(said) for said in request.form.getlist("scope") if said in set(Scope)]
    days = request.form.get("days", "")
    try:
        key, text = book.keys.add(
            request.form.get("name", ""),
            scopes,
            int(days) if days.isdecimal() and len(days) < 6 else None,
            signed_in(),
        )
    except InvalidRequest as refused:
        said = {
            "name": gettext("Give the key a name of up to 80 characters."),
            "scopes": gettext("Choose what the key may be used for."),
            "days": gettext("Choose how long the key shall hold."),
        }
        return own_page(key_refused=said[refused.parameter or "name"]), HTTPStatus.BAD_REQUEST
    return own_page(made=key, made_text=text), HTTPStatus.CREATED


@blueprint.post("/<id>/revoke")
@requires(Action.READ)
def revoke(id: str) -> Answer:
    """Let one of one's own keys open nothing from now on."""
    if not any(key.id == id for key in book.keys.of(signed_in())):
        raise NotFound("key", id)
    book.keys.revoke(id)
    flash(gettext("The key opens nothing any more."))
    return redirect(url_for("accounts.own", _anchor="keys"), HTTPStatus.SEE_OTHER)
