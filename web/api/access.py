"""Who may call what: API keys and their scopes, limits by key or address, other sites' pages (CORS)."""

from __future__ import annotations

import time
from http import HTTPStatus

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask_cors import CORS
from flask_limiter import Limiter
from limits import parse_many
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from kb.errors import KeyRefused, SettingsError
from kb.keys import allows
from kb.models import Account, ApiKey, Scope
from kb.settings import Settings
from web import accounts
from web.api import limits
from web.current import API_KEY, EXTENSION, book

# What needs no key where reading needs one: the contract itself is no secret.
OPEN = {"api.specification", "api.documentation"}
_PREFLIGHT_SECONDS = 3600
# What pages of other sites may see of an answer.
_EXPOSED = ["Content-Disposition", "ETag", "Location", "Retry-After", "X-Request-ID"]


def set_up(app: Flask, blueprint: Blueprint, settings: Settings) -> None:
    """Give an application's API its limits, and other sites their leave."""
    origins = settings.cors_origins.replace(",", " ").split()
    if origins:
        CORS(
            app,
            resources={r"/api/.*": {"origins": origins}, r"/widget\.js": {"origins": origins}},
            methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Request-ID"],
            expose_headers=_EXPOSED,
            max_age=_PREFLIGHT_SECONDS,
            send_wildcard="*" in origins,
        )
    if settings.api_limit:
        _limit(app, blueprint, settings.api_limit)


def _limit(app: Flask, blueprint: Blueprint, limit: str) -> None:
    """Count calls of the API; who has made too many hears when to come back."""
    try:
        parse_many(limit)
    except ValueError as error:
        raise SettingsError(
            f"KB_API_LIMIT: “{limit}” is no limit; write for example 600 per minute."
        ) from error
    uri, options = limits.storage(app.extensions[EXTENSION])
    limiter = Limiter(_caller, app=app, storage_uri=uri, storage_options=options)
    too_many = f"Too many calls: at most {limit}. Wait as long as Retry-After says."
    limiter.limit(limit, error_message=too_many)(blueprint)

    @app.after_request
    def tell_when(response: Response) -> Response:
        reached = limiter.current_limit
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and reached and reached.breached:
            response.headers["Retry-After"] = str(max(1, round(reached.reset_at - time.time())))
        return response


def _caller() -> str:
    """Whom a limit counts: a key, whoever holds it, else an address."""
    key = key_shown()
    return f"key {key.id}" if key else f"address {request.remote_addr}"


def authorise(wanted: Scope) -> None:
    """Let the caller on, or raise `KeyRefused`, `Unauthorized` or `Forbidden`.

    Reading needs no key where it is open to all or somebody has signed in; writing always does: a
    cookie travels along with requests of other sites, a key does not.
    """
    key = key_shown()
    if key is None:
        if wanted is Scope.READ and (not current_app.config["MEMBERS_ONLY"] or accounts.account()):
            return
        raise Unauthorized(
            f"This needs an API key with the scope “{wanted}”: send it as “Authorization: Bearer sbk_…”."
            " `kb keys add` makes one.",
            www_authenticate=WWWAuthenticate("Bearer", {"realm": "Servicebook"}),
        )
    if not allows(key.scopes, wanted):
        held = ", ".join(key.scopes)
        raise Forbidden(f"This API key has the scopes {held}; this needs “{wanted}”.")
    if wanted is Scope.PACKS and key.account is None:
        raise Forbidden(
            "Packs belong to people, and this API key acts for nobody: make one on your account page, or"
            " with `kb keys add --scope packs --account NAME`."
        )


def keeper() -> Account:
    """Whom the key of this request acts for, in a view with the scope for packs."""
    key = key_shown()
    if key is None or key.account is None:
        raise Unauthorized
    return key.account


def key_shown() -> ApiKey | None:
    """The key that came with this request. Raises `KeyRefused` for one that opens nothing."""
    # Not in `g`: a stream that is not read to its end keeps that for the next request of its thread.
    if API_KEY not in request.environ:
        text = _bearer(request)
        request.environ[API_KEY] = book.keys.opened_by(text) if text is not None else None
    found: ApiKey | None = request.environ[API_KEY]
    return found


def _bearer(request: Request) -> str | None:
    """What the request shows as its key."""
    said = request.headers.get("Authorization")
    if said is None:
        return None
    scheme, _, text = said.partition(" ")
    if scheme.lower() != "bearer":
        raise KeyRefused("Send the API key as “Authorization: Bearer sbk_…”.")
    return text.strip()
