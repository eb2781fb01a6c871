"""Signing in with an OpenID Connect provider, where the settings name one: the authorization code
flow with PKCE, state and nonce, by Authlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Redirect

from kb.accounts import role_from_claim
from kb.errors import MissingExtra, SettingsError, SignInRefused
from kb.models import Role
from kb.settings import Settings

_EXTENSION = "servicebook.provider"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider vouches for. `role` is None where the settings leave roles to us."""

    issuer: str
    subject: str
    name: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Provider:
    client: Any
    issuer: str
    claim: str
    roles: str


def set_up(app: Flask, settings: Settings) -> None:
    """Make a provider known to an application, where the settings name one.

    Raises `SettingsError` for half a provider and `MissingExtra` where Authlib is not installed.
    """
    if not settings.oidc_issuer:
        return
    if not settings.oidc_client_id:
        raise SettingsError("KB_OIDC_CLIENT_ID: the provider of KB_OIDC_ISSUER must know us by an id.")
    role_from_claim("", settings.oidc_roles)  # a mapping that cannot be read is said at the start
    try:
        from authlib.integrations.flask_client import OAuth
    except ModuleNotFoundError as error:
        raise MissingExtra("Signing in with an OpenID provider", "oidc") from error

    issuer = settings.oidc_issuer.rstrip("/")
    client = OAuth(app).register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or None,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if settings.oidc_client_secret else "none",
            "timeout": 10,
        },
    )
    app.extensions[_EXTENSION] = _Provider(client, issuer, settings.oidc_role_claim, settings.oidc_roles)


def is_set_up() -> bool:
    """Whether there is a provider."""
    return _EXTENSION in current_app.extensions


def go(back: str) -> Redirect:
    """On to the provider, which sends people back to the address `back`. Raises `SignInRefused`."""
    from authlib.common.errors import AuthlibBaseError
    from requests import RequestException

    try:
        answer: Redirect = _provider().client.authorize_redirect(back)
    except (AuthlibBaseError, RequestException) as error:
        raise SignInRefused(f"The provider does not answer: {error}") from error
    return answer


def come_back() -> Person:
    """Whom the provider has sent back. Raises `SignInRefused` for what it did not, or not rightly, say."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    provider = _provider()
    try:
        token = provider.client.authorize_access_token()
        claims = token["userinfo"]
        if provider.claim and provider.claim not in claims:  # not every provider puts it into the token
            more = provider.client.userinfo(token=token)
            claims = {**more, **claims} if more["sub"] == claims["sub"] else claims
    except (AuthlibBaseError, JoseError, RequestException, KeyError, ValueError) as error:
        raise SignInRefused(f"{type(error).__name__}: {error}") from error
    name = next((str(claims[key]) for key in ("preferred_username", "email", "name") if claims.get(key)), "")
    role = role_from_claim(claims.get(provider.claim), provider.roles) if provider.claim else None
    return Person(provider.issuer, str(claims["sub"]), name, role)


def _provider() -> _Provider:
    found: _Provider | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise NotFound
    return found
