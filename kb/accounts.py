"""Who may do what, and who is who: roles, passwords, signing in, sessions.

Passwords are kept as argon2id hashes (RFC 9106). Attempts to sign in are limited for each account
and each address over a sliding window; an unknown name is answered as a wrong password is, after
the same work.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from kb.errors import InvalidRequest, NotFound, SignInRefused, TooManyAttempts
from kb.models import Account, Role
from kb.store import AccountRows, StoredAccount

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Action(StrEnum):
    """What the product asks leave for."""

    READ = "read"
    REVIEW_TAGS = "review-tags"
    UNDO_OTHERS_REVIEWS = "undo-others-reviews"
    SEE_SEARCHES = "see-searches"
    PROPOSE_TERMS = "propose-terms"
    SEE_ACCOUNTS = "see-accounts"
    KEEP_PACKS = "keep-packs"
    CHANGE_OTHERS_PACKS = "change-others-packs"
    WRITE_ARTICLES = "write-articles"


LEAST_ROLE = {
    Action.READ: Role.READER,
    Action.REVIEW_TAGS: Role.TRAINER,
    Action.UNDO_OTHERS_REVIEWS: Role.EDITOR,
    Action.SEE_SEARCHES: Role.EDITOR,
    Action.PROPOSE_TERMS: Role.EDITOR,
    Action.SEE_ACCOUNTS: Role.ADMINISTRATOR,
    Action.KEEP_PACKS: Role.TRAINER,
    Action.CHANGE_OTHERS_PACKS: Role.EDITOR,
    Action.WRITE_ARTICLES: Role.EDITOR,
}
_RANK = {role: rank for rank, role in enumerate(Role)}

_SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 500  # hashing takes time by length
_NAME = re.compile(r"[^\W_][\w.@+ -]{0,79}")

# In `WINDOW`, this many attempts for a name and from an address, then one has to wait.
WINDOW = timedelta(minutes=15)
ATTEMPTS_ON_ACCOUNT = 5
ATTEMPTS_FROM_ADDRESS = 30
# A session in use is not written down at every request.
_SEEN_EVERY = timedelta(minutes=1)


def may(account: Account | None, action: Action) -> bool:
    """Whether an account may do something; nobody (None) may do nothing."""
    return account is not None and _RANK[account.role] >= _RANK[LEAST_ROLE[action]]


def _now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """The accounts in a store. `secret` keys what must not be readable in the database.

    A session ends after `idle` without use and in any case after `lasting`; when it is signed out;
    and with all others of its account when the password, the role or the leave to sign in changes.
    """

    def __init__(
        self,
        rows: AccountRows,
        secret: str,
        idle: timedelta,
        lasting: timedelta,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._rows = rows
        self._secret = secret.encode()
        self._idle = idle
        self._lasting = lasting
        self._clock = clock

    # --- Keeping accounts ---

    def add(self, name: str, role: Role, password: str) -> Account:
        """Make an account. Raises `InvalidRequest` for a name or password that cannot be used."""
        name = _checked_name(name)
        hashed = self._hasher.hash(_checked_password(password, name))
        if not self._rows.add(name, _key(name), role, hashed, self._clock()):
            raise InvalidRequest(f"There is already an account “{name}”.", "name")
        return self.named(name)

    def named(self, name: str) -> Account:
        """The account of this name, however it is written. Raises `NotFound`."""
        return self._found(name).account

    def _found(self, name: str) -> StoredAccount:
        found = self._rows.find(_key(name))
        if found is None:
            raise NotFound("account", name)
        return found

    def all(self) -> Sequence[Account]:
        """All accounts by name."""
        return self._rows.all()

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its sessions end. Raises `NotFound`, `InvalidRequest`."""
        account = self.named(name)
        hashed = self._hasher.hash(_checked_password(password, account.name))
        self._rows.change(account.id, password=hashed, end_sessions=True)

    def set_role(self, name: str, role: Role) -> None:
        """Give an account another role; its sessions end. Raises `NotFound`."""
        self._rows.change(self.named(name).id, role=role.value, end_sessions=True)

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Let an account sign in, or not any more, and then end its sessions. Raises `NotFound`."""
        self._rows.change(self.named(name).id, enabled=enabled, end_sessions=not enabled)

    # --- Signing in ---

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session; returns its token. `address` is where the attempt comes from.

        Raises `SignInRefused`, or `TooManyAttempts` that says how long to wait.
        """
        return self._begin_session(self._recognised(name, password, address))

    def change_password(self, name: str, password: str, new: str, address: str) -> str:
        """Give an account that knows its password another; returns the token of its only session.

        Raises as `sign_in` does, and `InvalidRequest` for a password that cannot be used.
        """
        account = self._recognised(name, password, address)
        self.set_password(account.name, new)
        return self._begin_session(account)

    def _recognised(self, name: str, password: str, address: str) -> Account:
        """The account of this name and password; every attempt that is not right is counted."""
        now = self._clock()
        by_account, by_address = self._keyed("account", _key(name)), self._keyed("address", address)
        limits = {by_account: ATTEMPTS_ON_ACCOUNT, by_address: ATTEMPTS_FROM_ADDRESS}
        blocking = self._rows.attempt(limits, now, now - WINDOW)
        if blocking:
            raise TooManyAttempts(max(1, round((blocking + WINDOW - now).total_seconds())))
        found = self._rows.find(_key(name))
        fits = self._fits(found.password if found else None, password)
        if not (found and fits and found.account.enabled):
            raise SignInRefused("This name and password do not belong together.")
        self._rows.forget_attempts(by_account, by_address, now)
        if found.password and self._hasher.check_needs_rehash(found.password):
            self._rows.change(found.account.id, password=self._hasher.hash(_normal(password)))
        return found.account

    def sign_in_from_provider(self, issuer: str, subject: str, name: str, role: Role | None) -> str:
        """Begin a session of whom an OpenID provider vouches for; returns its token.

        The first time an account is made, with another name where `name` is taken. With a `role`
        the account gets it each time; with None it keeps its own, at first that of a reader.
        Raises `SignInRefused` for an account that may not sign in.
        """
        found = self._rows.find_of_provider(issuer, subject)
        if found is None:
            self._add_from_provider(issuer, subject, name, role or Role.READER)
            found = self._rows.find_of_provider(issuer, subject)
        if found is None or not found.account.enabled:
            raise SignInRefused("This account may not sign in.")
        if role is not None and role != found.account.role:
            self._rows.change(found.account.id, role=role.value, end_sessions=True)
        return self._begin_session(found.account)

    def _add_from_provider(self, issuer: str, subject: str, name: str, role: Role) -> None:
        base = _usable_name(name)
        for number in range(1, 1000):
            free = base if number == 1 else f"{base} {number}"
            if self._rows.add(free, _key(free), role, None, self._clock(), issuer, subject):
                return
            if self._rows.find_of_provider(issuer, subject):  # the same person, at the same moment
                return

    def _fits(self, hashed: str | None, password: str) -> bool:
        """Whether a password is that of a hash; without one the same work is done for nothing."""
        from argon2.exceptions import InvalidHashError, VerificationError

        if len(password) > _LONGEST_PASSWORD:
            password = ""
        nobodys = self._nobodys  # made at the first attempt, whoever it is of
        try:
            return self._hasher.verify(hashed or nobodys, _normal(password)) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    def _keyed(self, kind: str, text: str) -> str:
        return hmac.new(self._secret, f"{kind} {text}".encode(errors="replace"), hashlib.sha256).hexdigest()

    # --- Sessions ---

    def _begin_session(self, account: Account) -> str:
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._rows.begin_session(_digest(token), account.id, now, now - self._lasting)
        return token

    def account_of(self, token: str) -> Account | None:
        """Whose session a token is, or None when it has ended."""
        session = self._rows.session(_digest(token))
        now = self._clock()
        if session is None or not session.account.enabled:
            return None
        if now - session.seen > self._idle or now - session.began > self._lasting:
            self._rows.end_session(_digest(token))
            return None
        if now - session.seen > _SEEN_EVERY:
            self._rows.see_session(_digest(token), now)
        return session.account

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._rows.end_session(_digest(token))


def role_from_claim(claim: object, mapping: str) -> Role:
    """The highest role that a provider's claim gives by `KB_OIDC_ROLES`; a reader's if none.

    A claim is a word or a list of words. Raises `InvalidRequest` for a mapping that cannot be read.
    """
    values = {str(value) for value in claim} if isinstance(claim, list) else {str(claim)}
    roles = [role for value, role in _mapping(mapping) if value in values]
    return max(roles, key=_RANK.__getitem__, default=Role.READER)


def _mapping(text: str) -> list[tuple[str, Role]]:
    """Pairs of a claim's value and its role: "hr-editors=editor,boss=administrator"."""
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        value, _, role = part.rpartition("=")
        if not value or role.strip() not in tuple(Role):
            raise InvalidRequest(
                f"KB_OIDC_ROLES: “{part}” is not value=role; roles are {', '.join(Role)}.", "oidc_roles"
            )
        pairs.append((value.strip(), Role(role.strip())))
    return pairs


def _normal(text: str) -> str:
    """A text however it was typed: composed or not, full width or not."""
    return unicodedata.normalize("NFKC", text.encode(errors="replace").decode())


def _key(name: str) -> str:
    return " ".join(_normal(name).casefold().split())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _checked_name(name: str) -> str:
    name = " ".join(_normal(name).split())
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "A name has up to 80 letters, digits, spaces and . @ + - _, and begins with a letter or digit.",
            "name",
        )
    return name


def _usable_name(name: str) -> str:
    """What can be used of a name that a provider gives, with room for a number behind it."""
    letters = (letter for letter in _normal(name) if letter.isalnum() or letter in "_.@+ -")
    return "".join(letters).strip(" ._@+-")[:70] or "member"


def _checked_password(password: str, name: str) -> str:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise InvalidRequest(
            f"A password has {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters.", "password"
        )
    if len(set(password)) < 4 or _key(name) == _key(password):
        raise InvalidRequest("This password is too easy to guess.", "password")
    return _normal(password)
