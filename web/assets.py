"""Static files: each address carries a digest of the file, so browsers may keep it for good."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

_FOR_GOOD = "public, max-age=31536000, immutable"


def set_up(app: Flask) -> None:
    """Version the addresses of static files."""
    app.url_defaults(_add_version)
    app.after_request(_keep_for_good)


def version(name: str) -> str:
    """What the address of a static file has as `v`: it changes with the file."""
    file = f"{current_app.static_folder}/{name}"
    return _digest(file, os.stat(file).st_mtime_ns)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and "v" not in values:
        values["v"] = version(values["filename"])


@cache
def _digest(file: str, _modified: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:10]


def _keep_for_good(response: Response) -> Response:
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = _FOR_GOOD
    return response
