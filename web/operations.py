"""What those who run it ask: whether it lives and is ready, and figures for Prometheus."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request

from kb.settings import Settings
from web.current import book

blueprint = Blueprint("operations", __name__)

_REGISTRY = "servicebook-metrics"


def set_up(app: Flask, settings: Settings) -> None:
    """Give an application `/healthz` and `/readyz`, and `/metrics` where `KB_METRICS` is on."""
    app.register_blueprint(blueprint)
    if settings.metrics == "on":
        from web import figures

        app.extensions[_REGISTRY] = figures.measured(app)
        app.config["METRICS_TOKEN"] = settings.metrics_token


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """That the process is alive."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Whether it can answer: the index is open, the store reachable, the vocabulary in step."""
    faults = book.faults()
    status = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
    return jsonify({"status": "not ready" if faults else "ready", "faults": faults}), status


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures in Prometheus' form, for those who know the token where there is one."""
    registry = current_app.extensions.get(_REGISTRY)
    if registry is None:
        abort(HTTPStatus.NOT_FOUND)
    token = current_app.config["METRICS_TOKEN"]
    shown = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        abort(HTTPStatus.UNAUTHORIZED)
    from web import figures

    return figures.shown(registry)
