"""Keys for programs: made once, shown once, kept as a digest.

A key is `sbk_<id>_<secret>`. The secret has 256 random bits, so a plain SHA-256 of it tells nothing
about it and is quick to compare; passwords, which people choose, are hashed otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from kb.errors import InvalidRequest, KeyRefused, NotFound
from kb.models import ApiKey, Scope
from kb.store import KeyRows

_KEY = re.compile(r"sbk_([0-9a-f]{8})_([\w-]{43})", re.ASCII)
_LONGEST_NAME = 80
_LONGEST_LIFE = 3650  # days
# A key in use is not written down at every request.
_SEEN_EVERY = timedelta(minutes=1)


def allows(scopes: Collection[Scope], wanted: Scope) -> bool:
    """Whether scopes include what is wanted: `ADMIN` includes all, and each of the others reading."""
    return wanted in scopes or Scope.ADMIN in scopes or (wanted is Scope.READ and bool(scopes))


def _now() -> datetime:
    return datetime.now(UTC)


class Keys:
    """The API keys in a store."""

    def __init__(self, rows: KeyRows, clock: Callable[[], datetime] = _now) -> None:
        self._rows = rows
        self._clock = clock

    def add(self, name: str, scopes: Collection[Scope], days: int | None = None) -> tuple[ApiKey, str]:
        """Make a key that holds for `days`, or for good. Returns it and the text to hand out, which
        nobody can be shown again. Raises `InvalidRequest`."""
        name = " ".join(name.split())
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise InvalidRequest(f"The name of a key has 1 to {_LONGEST_NAME} characters.", "name")
        if not scopes:
            raise InvalidRequest(f"Give the key a scope: {', '.join(Scope)}.", "scopes")
        if days is not None and not 1 <= days <= _LONGEST_LIFE:
            raise InvalidRequest(f"A key holds for 1 to {_LONGEST_LIFE} days.", "days")
        now = self._clock()
        ordered = tuple(scope for scope in Scope if scope in scopes)
        key = ApiKey(secrets.token_hex(4), name, ordered, now, now + timedelta(days=days) if days else None)
        secret = secrets.token_urlsafe(32)
        self._rows.add(key, _digest(secret))
        return key, f"sbk_{key.id}_{secret}"

    def all(self) -> Sequence[ApiKey]:
        """All keys, oldest first, those that have expired among them."""
        return self._rows.all()

    def revoke(self, id: str) -> None:
        """Let a key open nothing from now on. Raises `NotFound`."""
        if not self._rows.drop(id):
            raise NotFound("key", id)

    def opened_by(self, text: str) -> ApiKey:
        """The key that a program shows. Raises `KeyRefused` for one that is unknown or has expired."""
        parts = _KEY.fullmatch(text)
        found = self._rows.find(parts[1]) if parts else None
        if not parts or not found or not hmac.compare_digest(found.secret_digest, _digest(parts[2])):
            raise KeyRefused("This API key is not known here. Ask whoever looks after Servicebook for one.")
        key, now = found.key, self._clock()
        if key.expires is not None and key.expires <= now:
            raise KeyRefused(f"This API key expired on {key.expires:%Y-%m-%d}. Ask for a new one.")
        if key.used is None or now - key.used > _SEEN_EVERY:
            self._rows.see(key.id, now)
        return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
