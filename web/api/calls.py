"""The blueprint of `/api/v1`, what happens before and after each call, and how a call is described.

@read("/articles/<article_id>", Choosing, FullArticle, "Articles", "One article")
def article(asked: Choosing, article_id: str) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, request
from pydantic import BaseModel
from werkzeug.wrappers import Response as Answer

from kb.models import Scope
from kb.readers import MAX_BYTES
from web.api import answers
from web.api.access import OPEN, authorise
from web.api.contract import Parameters, ProblemDetails

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1")

# Where a description has what APIFlask cannot be told: a body of several media types.
REQUEST_BODY = "x-request-body"

View = Callable[..., Response]

_SCOPES: dict[str, Scope] = {}
_PROBLEMS = {
    400: "A parameter cannot be used; `parameter` names it.",
    401: "A key is needed, unknown or expired.",
    403: "The key has not the scope that this needs.",
    404: "There is nothing with this id.",
    406: "The only forms are JSON, Turtle and JSON-LD.",
    409: "The corpus folder cannot be changed like this; nothing was.",
    412: "The article is not as `If-Match` or `If-None-Match` says; nothing was changed.",
    413: "The body is too large.",
    415: "The body has another media type than this takes.",
    429: "Too many calls; wait as long as `Retry-After` says.",
    503: "The index or the database does not answer now, or another process is indexing.",
}
_READING = (400, 401, 403, 429, 503)
_WRITING = (400, 401, 403, 404, 409, 412, 413, 415, 429, 503)


def read(
    rule: str,
    parameters: type[Parameters],
    answer: type[BaseModel],
    tag: str,
    summary: str,
    *also: int,
    forms: tuple[str, ...] = ("application/json",),
) -> Callable[[View], View]:
    """A view that answers GET; `also` are statuses beside those that every reading may have, and
    `forms` the media types it can answer in, the one that `answer` describes first."""
    found = (404,) if "<" in rule else ()
    statuses = sorted({*_READING, *found, *also})
    responses: dict[int | str, Any] = {
        200: {"content": {form: {"schema": {"type": "string"}} for form in forms[1:]}},
        304: {"description": "Nothing was changed since `If-None-Match`."},
        **problems(statuses),
    }

    def decorate(view: View) -> View:
        described = blueprint.doc(
            summary=summary,
            description=view.__doc__,
            tags=[tag],
            operation_id=view.__name__,
            responses=responses,
            security=[{}, {"key": []}],
        )(view)
        described = blueprint.output(answer, description=summary, content_type=forms[0])(described)
        described = blueprint.input(parameters, location="query", arg_name="asked")(described)
        blueprint.get(rule)(described)
        _SCOPES[view.__name__] = Scope.READ
        return view

    return decorate


def write(
    method: str,
    rule: str,
    answer: type[BaseModel],
    summary: str,
    body: dict[str, Any] | type[BaseModel] | None = None,
) -> Callable[[View], View]:
    """A view that changes articles, for keys with the scope for it.

    `body` is the model of its JSON, or the OpenAPI request body of what the view reads by itself.
    """

    def decorate(view: View) -> View:
        described = blueprint.doc(
            summary=summary,
            description=view.__doc__,
            tags=["Writing"],
            operation_id=view.__name__,
            responses=problems(_WRITING),
            security=[{"key": []}],
            extensions={REQUEST_BODY: body} if isinstance(body, dict) else None,
        )(view)
        described = blueprint.output(answer, description="Done, and indexed.")(described)
        if isinstance(body, type):
            described = blueprint.input(body, location="json", arg_name="batch")(described)
        described = blueprint.input(Parameters, location="query", arg_name="asked")(described)
        blueprint.route(rule, methods=[method])(described)
        _SCOPES[view.__name__] = Scope.WRITE
        return view

    return decorate


def problems(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer, for OpenAPI."""
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": schema, "example": _example(status)}},
        }
        for status in statuses
    }


def _example(status: int) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    name = phrase.lower().replace(" ", "-")
    return {
        "type": f"urn:servicebook:problem:{name}",
        "title": phrase,
        "status": status,
        "detail": _PROBLEMS[status],
    }


@blueprint.before_request
def _before() -> Answer | None:
    endpoint = request.endpoint or ""
    if request.method == "OPTIONS":
        return None
    if endpoint not in OPEN:
        request.max_content_length = MAX_BYTES
        authorise(_SCOPES[endpoint.partition(".")[2]])
    if request.method in ("GET", "HEAD"):
        g.state_tag = answers.state_tag()
        known = request.if_none_match
        # “*” is anything that is there, which only the view can tell.
        if known.contains_weak(g.state_tag) and not known.star_tag:
            return _tagged(Response(status=HTTPStatus.NOT_MODIFIED))
    return None


@blueprint.after_request
def _after(response: Response) -> Response:
    if "state_tag" in g and response.status_code == HTTPStatus.OK:
        _tagged(response)
    return response


def _tagged(response: Response) -> Response:
    """The answer with its ETag: who has it may keep it, and asks whether it still holds."""
    if not response.get_etag()[0]:
        response.set_etag(g.state_tag, weak=True)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.vary.update(("Accept", "Authorization", "Cookie"))
    return response
