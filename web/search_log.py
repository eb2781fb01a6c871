"""What people search: recorded after the answer has gone out, and shown to editors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    after_this_request,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext

from kb.accounts import Action
from kb.errors import NotFound, ServicebookError
from kb.knowledge_base import KnowledgeBase
from kb.languages import detect
from kb.models import Article, LoggedSearch, Passage
from web import interface
from web.accounts import Answer, requires, signed_in
from web.current import EXTENSION, book, is_warm_up

blueprint = Blueprint("search_log", __name__)

_OPENED = 3  # passages shown of those that were opened


# --- Recording -----------------------------------------------------------------------------------


def log_search(text: str, total: int) -> None:
    """Record a search, unless it is of somebody who is still typing (`live.js` says so), or of nobody."""
    language = interface.language()
    if "X-Typing" not in request.headers and not is_warm_up():
        _afterwards(lambda book: book.log_search(text, language, total))


def log_opening(text: str, passage_id: str) -> None:
    """Record that a result was opened."""
    _afterwards(lambda book: book.log_opening(text, passage_id))


def _afterwards(record: Callable[[KnowledgeBase], None]) -> None:
    """Record when the answer has gone out: nobody waits for it, and no failure of it is theirs."""
    # When it has gone out no application is current any more.
    this_book: KnowledgeBase = current_app.extensions[EXTENSION]
    logger = current_app.logger
    if this_book.settings.search_log == "off":
        return

    def quietly() -> None:
        try:
            record(this_book)
        except ServicebookError as error:
            logger.warning("A search was not recorded: %s", error)

    @after_this_request
    def add(response: Response) -> Response:
        response.call_on_close(quietly)
        return response


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    return {"searches_are_logged": book.settings.search_log == "on"}


# --- The editors' page ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """A logged search, whether it is on the vocabulary's review list, and what was opened from it."""

    search: LoggedSearch
    proposed: bool
    opened: list[tuple[Passage, Article]]


@blueprint.get("/searches")
@requires(Action.SEE_SEARCHES)
def searches() -> Answer:
    """What people find nothing for, what they search most, and the vocabulary's review list."""
    proposals = book.proposals()
    listed = {proposal.text for proposal in proposals}
    return render_template(
        "searches.html",
        on=book.settings.search_log == "on",
        days=book.settings.search_log_days,
        lost=_rows(book.searches_without_results(), listed),
        frequent=_rows(book.most_frequent_searches(), listed),
        proposals=proposals,
    )


def _rows(found: Sequence[LoggedSearch], listed: set[str]) -> list[_Row]:
    return [_Row(one, one.text in listed, _opened(one)) for one in found]


def _opened(search: LoggedSearch) -> list[tuple[Passage, Article]]:
    """The passages that are still there of those opened most."""
    there = []
    for passage_id in search.opened:
        try:
            there.append(book.passage(passage_id))
        except NotFound:
            continue
        if len(there) == _OPENED:
            break
    return there


@blueprint.post("/searches/proposals")
@requires(Action.PROPOSE_TERMS)
def propose() -> Answer:
    """Put a term on the vocabulary's review list, or with `drop` take it off."""
    term = " ".join(request.form.get("term", "").split())
    if "drop" in request.form:
        book.drop_proposal(term)
        flash(gettext("“%(term)s” is off the list.", term=term))
    else:
        book.propose_term(term, detect(term), signed_in().name)
        flash(gettext("“%(term)s” is on the vocabulary’s review list.", term=term))
    return redirect(url_for("search_log.searches"), HTTPStatus.SEE_OTHER)
