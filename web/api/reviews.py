"""What people say of tags: it overrides the tagger, holds at once, and can be taken back."""

from __future__ import annotations

from flask import Response, url_for

from kb.json import plain
from kb.models import Scope, TagReview
from web.api import pack_contract as contract
from web.api.access import key_shown
from web.api.answers import answer, chosen, page
from web.api.calls import read, write
from web.api.contract import Parameters
from web.current import book


@read(
    "/reviews", contract.ReviewsParameters, contract.ReviewList, "Tag reviews", "List reviews",
    scope=Scope.WRITE, of_the_store=True,
)  # fmt: skip
def reviews(asked: contract.ReviewsParameters) -> Response:
    """The reviews of tags that hold, the oldest first."""
    found = [
        one
        for one in book.reviews()
        if asked.passage in ("", one.passage) and asked.principle in ("", one.principle)
    ]
    shown, further = page(found, lambda one: f"{one.number:012}", asked.limit, asked.cursor)
    items = chosen(plain(list(shown)), asked.fields, TagReview)
    return answer({"total": len(found), "reviews": items, "next": further})


@write(
    "POST", "/reviews", contract.ReviewAnswer, "Tag reviews", "Say whether a tag is right", 404,
    body=contract.ReviewBody, status=201,
)  # fmt: skip
def add_review(asked: Parameters, body: contract.ReviewBody) -> Response:
    """Accept or reject a tag, or add one that is missing; it holds at once, in searches too."""
    passage = book.review(body.passage, body.principle, body.accepted, _reviewer(), body.reason)
    kept = next(one for one in book.reviews([passage]) if one.principle == body.principle)
    response = answer(kept, 201)
    response.headers["Location"] = url_for("api.review", number=kept.number)
    return response


@read(
    "/reviews/<int:number>", Parameters, contract.ReviewAnswer, "Tag reviews", "One review",
    scope=Scope.WRITE, of_the_store=True,
)  # fmt: skip
def review(asked: Parameters, number: int) -> Response:
    """A review, also one that another has overruled."""
    return answer(book.review_by_number(number))


@write("DELETE", "/reviews/<int:number>", contract.Undone, "Tag reviews", "Take a review back")
def undo_review(asked: Parameters, number: int) -> Response:
    """Take a review back, so that what was said before holds again."""
    return answer({"undone": book.undo_review(number)})


def _reviewer() -> str:
    """Who speaks: whom the key acts for, else the program that it is for."""
    key = key_shown()
    assert key, "a view that writes has one"
    return key.account.name if key.account else key.name
