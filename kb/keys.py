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
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kb.accounts import Action, may
from kb.errors import InvalidRequest, KeyRefused, NotFound
from kb.models import Account, ApiKey, Scope
from kb.store import KeyRows

_KEY = re.compile(r"sbk_([0-9a-f]{8})_([\w-]{43})", re.ASCII)
_LONGEST_NAME = 80
_LONGEST_LIFE = 3650  # days
# What an account must be allowed to do itself before a key may do it in its place.
_ACTIONS = {
    Scope.READ: Action.READ,
    Scope.WRITE: Action.WRITE_ARTICLES,
    Scope.PACKS: Action.KEEP_PACKS,
    Scope.ADMIN: Action.SEE_ACCOUNTS,
}
# A key in use is not written down at every request.
_SEEN_EVERY = timedelta(minutes=1)


def allows(scopes: Collection[Scope], wanted: Scope) -> bool:
    """Whether scopes include what is wanted: `ADMIN` includes all, and each of the others reading."""
    return wanted in scopes or Scope.ADMIN in scopes or (wanted is Scope.READ and bool(scopes))


def scopes_of(account: Account) -> tuple[Scope, ...]:
    """What a key that acts for an account may be used for at most."""
    return tuple(scope for scope in Scope if may(account, _ACTIONS[scope]))


def _now() -> datetime:
    return datetime.now(UTC)


class Keys:
    """The API keys in a store."""

    def __init__(self, rows: KeyRows, clock: Callable[[], datetime] = _now) -> None:
        self._rows = rows
        self._clock = clock

    def add(
        self,
        name: str,
        scopes: Collection[Scope],
        days: int | None = None,
        account: Account | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key that holds for `days`, or for good, and acts for an account, or for nobody.

        Returns it and the text to hand out, which nobody can be shown again. Raises `InvalidRequest`.
        """
        name = _checked_name(name)
        if days is not None and not 1 <= days <= _LONGEST_LIFE:
            raise InvalidRequest(f"A key holds for 1 to {_LONGEST_LIFE} days.", "days")
        now = self._clock()
        key = ApiKey(
            id=secrets.token_hex(4),
            name=name,
            scopes=_checked_scopes(scopes, account),
            created=now,
            expires=now + timedelta(days=days) if days else None,
            account=account,
        )
        secret = secrets.token_urlsafe(32)
        self._rows.add(key, _digest(secret))
        return key, f"sbk_{key.id}_{secret}"

    def all(self) -> Sequence[ApiKey]:
        """All keys, oldest first, those that have expired among them."""
        return self._rows.all()

    def of(self, account: Account) -> Sequence[ApiKey]:
        """The keys that act for an account, oldest first."""
        return [key for key in self.all() if key.account and key.account.id == account.id]

    def revoke(self, id: str) -> None:
        """Let a key open nothing from now on. Raises `NotFound`."""
        if not self._rows.drop(id):
            raise NotFound("key", id)

    def opened_by(self, text: str) -> ApiKey:
        """The key that a program shows, with the scopes that its account may still give it.

        Raises `KeyRefused` for one that is unknown, has expired, or acts for who may not sign in.
        """
        parts = _KEY.fullmatch(text)
        found = self._rows.find(parts[1]) if parts else None
        if not parts or not found or not hmac.compare_digest(found.secret_digest, _digest(parts[2])):
            raise KeyRefused("This API key is not known here. Ask whoever looks after Servicebook for one.")
        key, now = found.key, self._clock()
        if key.expires is not None and key.expires <= now:
            raise KeyRefused(f"This API key expired on {key.expires:%Y-%m-%d}. Ask for a new one.")
        if key.account and not key.account.enabled:
            raise KeyRefused(f"This API key acts for {key.account.name}, who may not sign in any more.")
        if key.used is None or now - key.used > _SEEN_EVERY:
            self._rows.see(key.id, now)
        return _within_role(key)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(f"The name of a key has 1 to {_LONGEST_NAME} characters.", "name")
    return name


def _checked_scopes(scopes: Collection[Scope], account: Account | None) -> tuple[Scope, ...]:
    if not scopes:
        raise InvalidRequest(f"Give the key a scope: {', '.join(Scope)}.", "scopes")
    if Scope.PACKS in scopes and not account:
        raise InvalidRequest("Packs belong to people: say for whose account the key acts.", "account")
    if account and (beyond := set(scopes) - set(scopes_of(account))):
        names = ", ".join(sorted(beyond))
        raise InvalidRequest(f"{account.name} is a {account.role} and may not: {names}.", "scopes")
    return tuple(scope for scope in Scope if scope in scopes)


def _within_role(key: ApiKey) -> ApiKey:
    """The key as it holds since its account was given another role; reading is left in any case."""
    if key.account is None:
        return key
    may_have = scopes_of(key.account)
    return replace(key, scopes=tuple(one for one in key.scopes if one in may_have) or (Scope.READ,))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
