"""Addresses, worked out once each: a page of results holds a hundred.

Flask's `url_for` takes as long for each as a quarter of a whole API search. Addresses of pages come
again and again and are remembered; those of searches, which do not, are joined from their parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

import flask
from flask import Flask, g, request

from web import interface

# What a query may hold as it is; the same as in Flask's own addresses.
_PLAIN = "!$'()*,/:;?@"


def set_up(app: Flask) -> None:
    """Let templates use them."""
    app.jinja_env.globals["url_for"] = url_for


def url_for(endpoint: str, **values: Any) -> str:
    """Flask's `url_for`, for addresses within a request, and remembered.

    Lists as values cannot be; addresses of static files are not, as they follow the files.
    """
    if endpoint == "static":
        return flask.url_for(endpoint, **values)
    return _remembered(*_within(), endpoint, tuple(values.items()))


def _within() -> tuple[str, str | None]:
    """What all addresses of a request share: the prefix of a proxy, and the language that links keep."""
    found: tuple[str, str | None] | None = g.get("addresses")
    if found is None:
        found = g.addresses = request.script_root, interface.kept_language()
    return found


@lru_cache(maxsize=10_000)
def _remembered(_root: str, _kept: str | None, endpoint: str, values: Iterable[tuple[str, Any]]) -> str:
    return flask.url_for(endpoint, **dict(values))


def asking(endpoint: str, parameters: Mapping[str, Any], *, anchor: str = "", **values: Any) -> str:
    """An address with a query: what `url_for` gives for parameters that hardly come again.

    Several values are a list or a tuple.
    """
    _, kept = _within()
    said = {**parameters, "lang": kept} if kept else parameters
    query = "&".join(
        f"{name}={_quoted(one)}"
        for name, value in said.items()
        for one in (value if isinstance(value, list | tuple) else (value,))
    )
    return "".join(
        (
            url_for(endpoint, lang=None, **values),
            f"?{query}" if query else "",
            f"#{quote(anchor, safe=_PLAIN)}" if anchor else "",
        )
    )


@lru_cache(maxsize=10_000)
def _quoted(value: object) -> str:
    return quote_plus(str(value), safe=_PLAIN)
