"""Addresses, worked out once each: a page of results holds a hundred.

Flask's `url_for` takes as long for each as a quarter of a whole API search. Addresses of pages come
again and again and are remembered; those of searches, which do not, are joined from their parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, quote_plus

import flask
from flask import Flask, g, has_request_context, request

from web import assets, interface

# What a query may hold as it is; the same as in Flask's own addresses.
_PLAIN = "!$'()*,/:;?@"
_SEVERAL = (list, tuple)


def set_up(app: Flask) -> None:
    """Let templates use them."""
    app.jinja_env.globals["url_for"] = url_for
    app.context_processor(lambda: {"url_for": partial(_address, *_within())} if has_request_context() else {})


def url_for(endpoint: str, **values: Any) -> str:
    """Flask's `url_for`, for addresses within a request, and remembered. Lists as values cannot be."""
    return _address(*_within(), endpoint, **values)


def _address(root: str, kept: str | None, endpoint: str, /, **values: Any) -> str:
    if endpoint == "static":
        values["v"] = assets.version(values["filename"])
    return _remembered(root, kept, endpoint, tuple(values.items()))


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
    root, kept = _within()
    address = _address(root, kept, endpoint, lang=None, **values)
    if query := "&".join([*_said(parameters.items()), *_said_of_language(kept)]):
        address += f"?{query}"
    return f"{address}#{_anchor(anchor)}" if anchor else address


def asking_with_another(endpoint: str, parameters: Mapping[str, Any], name: str) -> Callable[[object], str]:
    """What gives `asking`'s address with one more value of a parameter: a page has fifty that differ in
    nothing else."""
    root, kept = _within()
    said = list(parameters.items())
    behind = list(parameters).index(name) + 1
    before = "".join([f"{one}&" for one in _said(said[:behind])])
    after = "".join([f"&{one}" for one in (*_said(said[behind:]), *_said_of_language(kept))])
    before = f"{_address(root, kept, endpoint, lang=None)}?{before}{name}="
    return lambda value: f"{before}{_quoted(value)}{after}"


def _said(parameters: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """What a query says, piece by piece."""
    for name, value in parameters:
        if isinstance(value, _SEVERAL):
            for one in value:
                yield f"{name}={_quoted(one)}"
        else:
            yield f"{name}={_quoted(value)}"


def _said_of_language(kept: str | None) -> tuple[str, ...]:
    return (f"lang={kept}",) if kept else ()


@lru_cache(maxsize=10_000)
def _anchor(id: str) -> str:
    return quote(id, safe=_PLAIN)


@lru_cache(maxsize=10_000)
def _quoted(value: object) -> str:
    return quote_plus(str(value), safe=_PLAIN)
