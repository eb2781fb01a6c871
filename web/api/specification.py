"""The contract as OpenAPI 3.1, and as a page that needs nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from apiflask import APIFlask
from apiflask.schema_adapters.registry import registry
from flask import Response, current_app, render_template, request
from markupsafe import Markup, escape

import kb
from web.api.answers import answer
from web.api.calls import REQUEST_BODY, blueprint
from web.api.contract import ProblemDetails

_DESCRIPTION = """\
Search a knowledge base on service standards in Russian, Chinese and English, and quote it.

**Errors** are problem details (RFC 9457) with a stable `type`; `parameter` names what was at fault.
Unknown parameters are errors. **Lists** come in pages: pass `next` as `cursor`. **`fields`** chooses
fields of each item. **ETags**: send `If-None-Match` and get 304 as long as nothing was written;
writing takes `If-Match`. **Keys** go into `Authorization: Bearer sbk_…`; reading needs none where it
is open. **Limits** answer 429 with `Retry-After`. Every answer has an `X-Request-ID`.

**Deprecation**: within v1, things are added, never renamed, removed or given another meaning; ignore
what you do not know. What is to go is marked `deprecated` here and answers with `Deprecation` and
`Sunset` headers (RFC 9745, RFC 8594) for at least twelve months, and then only in `/api/v2`.
"""
_TAGS = (
    *("Search", "Articles", "Passages", "Principles", "Terms", "Bulk", "Index", "Writing"),
    *("Packs", "Exports", "Shared packs", "Tag reviews"),
)
_EXAMPLES = {
    "q": "эмпатия",
    "text": "Стандарты сервиса",
    "since": "2026-11-01T00:00:00Z",
    "format": "markdown",
    "counterparts": "zh",
}
_CACHED = "servicebook-openapi"


def set_up(app: APIFlask) -> None:
    """Say what an application's API is called."""
    app.config.from_mapping(
        OPENAPI_VERSION="3.1.0",
        AUTO_OPERATION_SUMMARY=False,
        AUTO_OPERATION_DESCRIPTION=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key; `kb keys add` makes one. Scopes: read, write, packs, admin.",
            }
        },
    )
    app.info = {
        "title": "Servicebook",
        "version": kb.__version__,
        "description": _DESCRIPTION,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    app.tags = [{"name": name} for name in _TAGS]


def document(app: APIFlask) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if _CACHED not in app.extensions:
        app.extensions[_CACHED] = _finished(dict(cast("dict[str, Any]", app.spec)))
    made: dict[str, Any] = app.extensions[_CACHED]
    return made


@blueprint.get("/openapi.json")
@blueprint.doc(hide=True)
def specification() -> Response:
    """The contract for programs."""
    return answer({**document(_app()), "servers": [{"url": request.root_path or "/"}]})


@blueprint.get("/")
@blueprint.doc(hide=True)
def documentation() -> Response:
    """The contract for people."""
    made = document(_app())
    page = render_template("api.html", contract=made, operations=list(_operations(made)), tags=_TAGS)
    return Response(page, mimetype="text/html")


def _app() -> APIFlask:
    app: APIFlask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every call with its method and path, as the page goes through them."""
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), **operation}


@blueprint.app_template_filter("marked")
def _marked(text: str) -> Markup:
    """The little Markdown that descriptions use: **bold** and `code`."""
    escaped = str(escape(text))
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped)
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", bold))


@blueprint.app_template_filter("last_part")
def _last_part(reference: str) -> str:
    return reference.rpartition("/")[2]


@blueprint.app_template_filter("values_of")
def _values_of(schema: dict[str, Any]) -> Markup:
    """A schema in a few words: "whole number, 0 to 1000", "list of Hit"."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(_last_part(schema["$ref"]))
    if "anyOf" in schema:
        return Markup(" or ").join(_values_of(inner) for inner in schema["anyOf"])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    if "items" in schema:
        return Markup("list of ") + _values_of(schema["items"])
    said = [schema.get("format") or schema.get("type", "anything")]
    said += [f"from {schema['minimum']}"] if "minimum" in schema else []
    said += [f"to {schema['maximum']}"] if "maximum" in schema else []
    said += [f"up to {schema['maxLength']} characters"] if "maxLength" in schema else []
    return escape(" ".join(said))


# --- What APIFlask leaves to be done ---------------------------------------------------------------


def _finished(made: dict[str, Any]) -> dict[str, Any]:
    """The document with each schema once, by its own name, and with bodies, examples and headers."""
    schemas = made["components"]["schemas"]
    problem = registry.create_adapter(ProblemDetails)
    schemas.update({ProblemDetails.__name__: problem.get_openapi_schema()})
    # APIFlask keeps a copy of every inner schema for each outer: "HitList.Hit", "SearchAnswer.Hit".
    made["components"]["schemas"] = {_own(name): schema for name, schema in schemas.items()}
    for methods in made["paths"].values():
        for method, operation in methods.items():
            _finish(method, operation)
    finished: dict[str, Any] = _with_own_names(made)
    return finished


def _own(name: str) -> str:
    return name.rpartition(".")[2]


def _with_own_names(value: Any) -> Any:
    """The same with references to schemas by their own names, and without pydantic's titles for them."""
    if isinstance(value, (list, tuple)):
        return [_with_own_names(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for key, inner in value.items():
        if key == "$ref":
            named[key] = _reference(inner)
        elif key == "example":
            named[key] = inner
        elif not (key == "title" and isinstance(inner, str) and "type" in value):
            named[key] = _with_own_names(inner)
    return named


def _reference(target: str) -> str:
    place, _, name = target.rpartition("/")
    return f"{place}/{_own(name)}"


def _finish(method: str, operation: dict[str, Any]) -> None:
    if body := operation.pop(REQUEST_BODY, None):
        operation["requestBody"] = body
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for parameter in operation["parameters"]:
        _finish_parameter(parameter)
    # It alone may find that there is nothing yet.
    may_make = operation["operationId"] == "put_article"
    conditions = ["If-None-Match"] if method == "get" or may_make else []
    conditions += ["If-Match"] if "412" in operation["responses"] else []
    for name in conditions:
        operation["parameters"].append(
            {"name": name, "in": "header", "required": "428" in operation["responses"],
             "schema": {"type": "string"}, "description": "An ETag of an answer, or *."}
        )  # fmt: skip
    for status, response in operation["responses"].items():
        _finish_response(status, response, has_tag=bool(conditions), has_address=may_make)
    if may_make:
        operation["responses"]["201"] = {**operation["responses"]["200"], "description": "It is new."}


def _finish_parameter(parameter: dict[str, Any]) -> None:
    schema, is_id = parameter["schema"], parameter["in"] == "path"
    parameter["description"] = schema.pop("description", "The id." if is_id else "")
    if is_id:
        schema["minLength"] = 1
    elif parameter["name"] in _EXAMPLES:
        parameter["example"] = _EXAMPLES[parameter["name"]]


def _finish_response(status: str, response: dict[str, Any], *, has_tag: bool, has_address: bool) -> None:
    if status in ("304", "200") and not response.get("content"):
        response.pop("content", None)
    if status in ("429", "503"):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    elif status in ("200", "201", "304") and has_tag:
        response["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Of this state."}}
    if status == "201" or (status == "200" and has_address):
        location = {"schema": {"type": "string"}, "description": "Its address."}
        response["headers"] = {**response.get("headers", {}), "Location": location}
