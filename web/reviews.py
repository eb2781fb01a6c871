"""What trainers say of tags, on the pages where they read them: right, wrong, missing, and undo.

Each is a plain form that leads back to the passage.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as Redirect

from kb.accounts import Action
from kb.errors import IndexLocked
from kb.models import Passage, TagReview
from web.accounts import Answer, allowed, own_address, requires, signed_in
from web.current import book
from web.labels import label

blueprint = Blueprint("reviews", __name__)

_VERDICTS = {"right": True, "wrong": False}
_LONGEST_REASON = 500


def said_of(passages: Iterable[Passage]) -> dict[str, dict[str, TagReview]]:
    """What was said of the tags of passages, by passage and principle; nothing for who may not review."""
    said: dict[str, dict[str, TagReview]] = {}
    if allowed(Action.REVIEW_TAGS):
        for review in book.reviews(passages):
            said.setdefault(review.passage, {})[review.principle] = review
    return said


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    return {"may_undo": _may_undo, "all_principles": book.principles}


def _may_undo(review: TagReview) -> bool:
    return review.reviewer == signed_in().name or allowed(Action.UNDO_OTHERS_REVIEWS)


@blueprint.post("/passages/<passage_id>/tags")
@requires(Action.REVIEW_TAGS)
def review(passage_id: str) -> Answer:
    """Keep what somebody says of a tag: `say` is "right empathy" or "wrong empathy"; or `missing`
    names a principle that the passage speaks of."""
    verdict, _, principle_id = request.form.get("say", "").partition(" ")
    missing = request.form.get("missing", "").strip()
    if missing:
        found = _principle_named(missing)
        if found is None:
            return _back(passage_id, gettext("There is no principle “%(name)s”.", name=missing[:100]))
        verdict, principle_id = "right", found
    if verdict not in _VERDICTS:
        return _back(passage_id, gettext("Choose a principle from the list."))
    reason = request.form.get("reason", "").strip()[:_LONGEST_REASON]
    try:
        book.review(passage_id, principle_id, _VERDICTS[verdict], signed_in().name, reason)
    except IndexLocked:
        return _try_again()
    said = {
        "right": gettext("Kept: the passage speaks of “%(name)s”.", name=label(principle_id)),
        "wrong": gettext("Kept: the passage does not speak of “%(name)s”.", name=label(principle_id)),
    }
    return _back(passage_id, said[verdict], kept=_kept(passage_id, principle_id))


@blueprint.post("/reviews/<int:number>/undo")
@requires(Action.REVIEW_TAGS)
def undo(number: int) -> Answer:
    """Take back what was said; what was said before holds again."""
    review = book.review_by_number(number)
    if not _may_undo(review):
        raise Forbidden
    try:
        undone = book.undo_review(number)
    except IndexLocked:
        return _try_again()
    if undone:
        return _back(review.passage, gettext("Taken back. All is as it was before."))
    return _back(review.passage, gettext("Somebody has said otherwise since; this no longer holds."))


def _principle_named(name: str) -> str | None:
    """The principle that is called so in the interface's language, or has this id."""
    wanted = name.casefold()
    return next(
        (one.id for one in book.principles() if wanted in (label(one.id).casefold(), one.id)),
        None,
    )


def _kept(passage_id: str, principle_id: str) -> int:
    """The number of the review that holds for a tag: the one just kept."""
    passage, _ = book.passage(passage_id)
    return next(review.number for review in book.reviews([passage]) if review.principle == principle_id)


def _back(passage_id: str, said: str, kept: int | None = None) -> Redirect:
    """Back to the passage with a notice, which offers to undo what was just kept."""
    flash(said, str(kept or "notice"))
    address, _, _ = own_address(request.form.get("next", "")).partition("#")
    return redirect(f"{address}#tags-{passage_id}", HTTPStatus.SEE_OTHER)


def _try_again() -> Answer:
    """The form once more, as it was sent: what somebody wrote is not lost to a busy index."""
    return render_template("try_again.html", sent=request.form), HTTPStatus.SERVICE_UNAVAILABLE
