"""Each request has an id: the caller's, or one of ours. It stands in the answer and in the log."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-ID"
_USABLE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def set_up(app: Flask) -> None:
    """Give every request its id."""
    app.before_request(_begin)
    app.after_request(_tell)


def request_id() -> str:
    """The id of the request that is being answered; empty outside of one."""
    return str(g.get("request_id", "")) if has_request_context() else ""


def _begin() -> None:
    said = request.headers.get(HEADER, "")
    g.request_id = said if _USABLE.fullmatch(said) else secrets.token_hex(8)


def _tell(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response
