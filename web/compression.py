"""Texts travel compressed: a page of 30 kB arrives as 8.

What a page holds that is secret must be masked anew each time, as Flask-WTF does with its tokens:
else the length of the compressed page would betray it (BREACH).
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_LEAST = 1000  # a smaller answer fits one packet anyway
_LEVEL = 1  # half the time of 5 for a tenth more bytes
_TEXTS = ("text/", "application/json", "application/problem+json", "application/xml", "image/svg+xml")


def set_up(app: Flask) -> None:
    """Compress what is text, for those who can read it."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if not (response.mimetype or "").startswith(_TEXTS) or response.status_code == 304:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings.quality("gzip") or "Content-Encoding" in response.headers:
        return response
    response.direct_passthrough = False  # a static file is read to be compressed
    plain = response.get_data()
    if len(plain) >= _LEAST:
        response.set_data(gzip.compress(plain, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
