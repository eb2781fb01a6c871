"""What went wrong, said to people as a page and to programs as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug import exceptions as http
from werkzeug.exceptions import HTTPException

from kb.errors import (
    EngineError,
    InvalidRequest,
    KeyRefused,
    MissingExtra,
    NotFound,
    Outdated,
    PackChanged,
    ServicebookError,
    SignInRefused,
    StoreUnavailable,
    WriteRefused,
)
from web.request_ids import request_id

_TYPE = "urn:servicebook:problem:"


def set_up(app: Flask) -> None:
    """Answer every error in the form its asker understands."""
    app.register_error_handler(ServicebookError, _answer_ours)
    app.register_error_handler(HTTPException, _answer_http)


def _answer_ours(error: ServicebookError) -> Response:
    status = _status(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        current_app.logger.error("%s: %s", type(error).__name__, error)
    return _answer(status, str(error), error)


def _status(error: ServicebookError) -> HTTPStatus:
    match error:
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case InvalidRequest():
            return HTTPStatus.BAD_REQUEST
        case PackChanged():  # programs that say which version they mean are told that it is another
            return HTTPStatus.PRECONDITION_FAILED if request.if_match else HTTPStatus.CONFLICT
        case SignInRefused():
            return HTTPStatus.FORBIDDEN
        case KeyRefused():
            return HTTPStatus.UNAUTHORIZED
        case Outdated():
            return HTTPStatus.PRECONDITION_FAILED
        case WriteRefused():
            return HTTPStatus.CONFLICT
        case MissingExtra():
            return HTTPStatus.NOT_IMPLEMENTED
        case EngineError() | StoreUnavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def _answer_http(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # type: ignore[return-value]
    response = _answer(HTTPStatus(error.code), _detail(error), error)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _detail(error: HTTPException) -> str:
    """What is said of it to programs; Werkzeug's own words are for those who type addresses."""
    if error.description and error.description != type(error).description:
        return error.description
    match error:
        case http.NotFound():
            return f"There is no such call; {request.script_root}/api/v1/ tells of all there are."
        case http.MethodNotAllowed(valid_methods=methods) if methods:
            return f"{request.method} cannot be done here, only {', '.join(sorted(methods))}."
        case http.RequestEntityTooLarge():
            return f"The body may have {request.max_content_length or 0:,} bytes at most."
        case http.InternalServerError():
            return "Something went wrong here. Whoever looks after this Servicebook finds it by `request_id`."
        case _:
            return error.description or ""


def _answer(status: HTTPStatus, detail: str, error: Exception) -> Response:
    for_program = request.path.startswith("/api/")
    response = _problem(status, detail, error) if for_program else _page(status, error)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Servicebook"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _problem(status: HTTPStatus, detail: str, error: Exception) -> Response:
    problem: dict[str, object] = {
        "type": _TYPE + status.phrase.lower().replace(" ", "-"),
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    if isinstance(error, InvalidRequest) and error.parameter:
        problem["parameter"] = error.parameter
    if isinstance(error, NotFound):
        problem["missing"] = {"kind": error.kind, "id": error.id}
    if isinstance(error, PackChanged):
        problem["changed"] = {"title": error.title, "version": error.version, "by": error.changed_by}
    if request_id():
        problem["request_id"] = request_id()
    response = jsonify(problem)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _page(status: HTTPStatus, error: Exception) -> Response:
    page = render_template("error.html", status=int(status), error=error, kind=_kind(error))
    return Response(page, status=status, mimetype="text/html")


def _kind(error: Exception) -> str:
    """What it is about, where the page says more than the status: a noun, "form" or "store"."""
    match error:
        case NotFound():
            return error.kind
        case CSRFError():
            return "form"
        case StoreUnavailable():
            return "store"
        case _:
            return ""
