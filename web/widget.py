"""`/widget.js`: a search box that any page may carry. Pages elsewhere need `KB_CORS_ORIGINS`."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app

blueprint = Blueprint("widget", __name__)


def set_up(app: Flask) -> None:
    """Serve the widget."""
    app.register_blueprint(blueprint)


@blueprint.get("/widget.js")
def script() -> Response:
    """The module. Its address is in pages that are not ours, so it is asked for anew each time."""
    response = current_app.send_static_file("widget/widget.js")
    response.headers["Cache-Control"] = "no-cache"
    return response
