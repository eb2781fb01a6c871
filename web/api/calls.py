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
# What answers from what people write: the state of the index says nothing about it.
_OF_THE_STORE: set[str] = set()
_PROBLEMS = {
    400: "A parameter cannot be used; `parameter` names it.",
    401: "A key is needed, unknown or expired.",
    403: "The key has not the scope that this needs, or acts for nobody.",
    404: "There is nothing with this id; `missing` names it.",
    406: "The only forms are JSON, Turtle and JSON-LD.",
    409: "It cannot be changed like this; nothing was.",
    412: "It is not as `If-Match` or `If-None-Match` says; nothing was changed.",
    413: "The body is too large.",
    415: "The body has another media type than this takes.",
    428: "Say with `If-Match` which version you have read.",
    429: "Too many calls; wait as long as `Retry-After` says.",
    501: "A library that this needs is not installed there.",
    503: "The index or the database does not answer now, or another process is indexing.",
}
_READING = (400, 401, 403, 429, 503)
_SENDING = (400, 401, 403, 413, 415, 429, 503)


def read(
    rule: str,
    parameters: type[Parameters],
    answer: type[BaseModel] | None,
    tag: str,
    summary: str,
    *also: int,
    forms: tuple[str, ...] = ("application/json",),
    scope: Scope = Scope.READ,
    of_the_store: bool = False,
) -> Callable[[View], View]:
    """A view that answers GET, for keys with a scope.

    `also` are statuses beside those that every reading may have, and `forms` the media types it can
    answer in, the one that `answer` describes first; with None it answers files of all of them.
    `of_the_store` tells that it answers from what people write.
    """
    found = (404,) if "<" in rule else ()
    responses = problems({*_READING, *found, *also})
    responses[304] = {"description": "Nothing was changed since `If-None-Match`."}

    def decorate(view: View) -> View:
        described = _described(view, tag, summary, answer, 200, forms, responses, scope)
        described = blueprint.input(parameters, location="query", arg_name="asked")(described)
        blueprint.get(rule)(described)
        _SCOPES[view.__name__] = scope
        if of_the_store:
            _OF_THE_STORE.add(f"{blueprint.name}.{view.__name__}")
        return view

    return decorate


def write(
    method: str,
    rule: str,
    answer: type[BaseModel] | None,
    tag: str,
    summary: str,
    *also: int,
    body: dict[str, Any] | type[BaseModel] | None = None,
    parameters: type[Parameters] = Parameters,
    status: int = 200,
    forms: tuple[str, ...] = ("application/json",),
    scope: Scope = Scope.WRITE,
) -> Callable[[View], View]:
    """A view that answers another method, for keys with a scope; `read` says more.

    `body` is the model of its JSON, or the OpenAPI request body of what the view reads by itself.
    `status` is that of its success.
    """
    found = (404,) if "<" in rule else ()
    responses = problems({*_SENDING, *found, *also})

    def decorate(view: View) -> View:
        described = _described(view, tag, summary, answer, status, forms, responses, scope, body)
        if isinstance(body, type):
            described = blueprint.input(body, location="json", arg_name="body")(described)
        described = blueprint.input(parameters, location="query", arg_name="asked")(described)
        blueprint.route(rule, methods=[method])(described)
        _SCOPES[view.__name__] = scope
        return view

    return decorate


def _described(
    view: View,
    tag: str,
    summary: str,
    answer: type[BaseModel] | None,
    status: int,
    forms: tuple[str, ...],
    responses: dict[int | str, Any],
    scope: Scope,
    body: object = None,
) -> View:
    """The view with what the contract says of it."""
    others = forms[1:] if answer else forms
    files = {form: {"schema": {"type": "string"} if answer else {}} for form in others}
    success: dict[int | str, Any] = {status: {"description": summary, "content": files}}
    described: View = blueprint.doc(
        summary=summary,
        description=view.__doc__,
        tags=[tag],
        operation_id=view.__name__,
        responses={**success, **responses},
        security=[{}, {"key": []}] if scope is Scope.READ else [{"key": []}],
        extensions={REQUEST_BODY: body} if isinstance(body, dict) else None,
    )(view)
    if answer is None:
        return described
    output = blueprint.output(answer, status_code=status, description=summary, content_type=forms[0])
    documented: View = output(described)
    return documented


def problems(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer, for OpenAPI."""
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": schema, "example": _example(status)}},
        }
        for status in sorted(statuses)
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
    if request.method in ("GET", "HEAD") and endpoint not in _OF_THE_STORE:
        g.state_tag = answers.state_tag()
        known = request.if_none_match
        # “*” is anything that is there, which only the view can tell.
        if known.contains_weak(g.state_tag) and not known.star_tag:
            return _tagged(Response(status=HTTPStatus.NOT_MODIFIED))
    return None


@blueprint.after_request
def _after(response: Response) -> Response:
    if request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        if "state_tag" in g:
            _tagged(response)
        elif not response.direct_passthrough:  # files are made anew each time
            _tagged(response).make_conditional(request)
    return response


def _tagged(response: Response) -> Response:
    """The answer with its ETag: who has it may keep it, and asks whether it still holds."""
    if not response.get_etag()[0]:
        response.set_etag(g.get("state_tag") or answers.digest([response.get_data(as_text=True)]), weak=True)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.vary.update(("Accept", "Authorization", "Cookie"))
    return response
