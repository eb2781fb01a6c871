"""API keys of accounts: made on the account page, shown once, and never more than their account."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.errors import InvalidRequest, KeyRefused
from kb.keys import Keys, scopes_of
from kb.models import Account, Role, Scope
from kb.store import Store
from tests.conftest import MakeApp, book_of, csrf_of, signed_in

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": "# Смена\n\nГость молчит.\n"})


def make(client: FlaskClient, **form: object) -> tuple[int, str]:
    """The status and the text of the answer to the form."""
    sent = {"name": "Отчёт 报表", "scope": "read", "days": "90", **form}
    answer = client.post("/account/keys", data={**sent, "csrf_token": csrf_of(client, "/account")})
    return answer.status_code, answer.text


def test_a_key_is_made_shown_once_used_and_revoked(app: Flask) -> None:
    client = signed_in(app, "trainer")
    status, page = make(client, scope=["read", "packs"])
    assert status == 201
    (shown,) = re.findall(r"<code[^>]*>(sbk_[^<]+)</code>", page)
    told = app.test_client().get("/api/v1/key", headers={"Authorization": f"Bearer {shown}"}).json
    assert (told["name"], told["scopes"], told["account"]) == ("Отчёт 报表", ["read", "packs"], "trainer")

    (key,) = book_of(app).keys.of(book_of(app).accounts.named("trainer"))
    assert key.expires and key.expires - key.created == timedelta(days=90)
    again = client.get("/account").text
    assert "Отчёт 报表" in again and shown not in again and key.used
    others = signed_in(app, "editor")
    assert "Отчёт 报表" not in others.get("/account").text
    token = csrf_of(others, "/account")
    refused = others.post(f"/account/keys/{key.id}/revoke", data={"csrf_token": token})
    assert refused.status_code == 404
    there = client.post(f"/account/keys/{key.id}/revoke", data={"csrf_token": csrf_of(client, "/account")})
    assert there.status_code == 303 and there.location.endswith("/account#keys")
    gone = app.test_client().get("/api/v1/key", headers={"Authorization": f"Bearer {shown}"})
    assert gone.status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"scope": ""},
        {"scope": "nonsense"},
        {"days": "0"},
        {"days": "9999"},
    ],
    ids=str,
)
def test_what_cannot_be_a_key_is_said(app: Flask, form: dict[str, str]) -> None:
    status, page = make(signed_in(app, "reader"), **form)
    assert status == 400 and 'role="alert"' in page and "sbk_" not in page


def test_only_what_the_role_allows_is_offered(app: Flask) -> None:
    offered = {
        role: set(re.findall(r'name="scope" value="(\w+)"', signed_in(app, role.value).get("/account").text))
        for role in Role
    }
    assert offered == {
        Role.READER: {"read"},
        Role.TRAINER: {"read", "packs"},
        Role.EDITOR: {"read", "write", "packs"},
        Role.ADMINISTRATOR: {"read", "write", "packs", "admin"},
    }


def account(store: Store, role: Role) -> Account:
    store.accounts.add("Анна", "анна", role, None, NOW)
    found = store.accounts.find("анна")
    assert found
    return found.account


def test_a_key_follows_its_account(store: Store) -> None:
    keys = Keys(store.keys, clock=lambda: NOW)
    anna = account(store, Role.EDITOR)
    assert scopes_of(anna) == (Scope.READ, Scope.WRITE, Scope.PACKS)
    with pytest.raises(InvalidRequest, match="editor .*admin"):
        keys.add("x", [Scope.ADMIN], account=anna)
    _, text = keys.add("x", [Scope.WRITE, Scope.PACKS], account=anna)
    assert keys.opened_by(text).account == anna
    for role, left in (
        (Role.TRAINER, (Scope.PACKS,)),
        (Role.READER, (Scope.READ,)),
        (Role.EDITOR, (Scope.WRITE, Scope.PACKS)),
    ):
        store.accounts.change(anna.id, role=role.value)
        assert keys.opened_by(text).scopes == left
    store.accounts.change(anna.id, enabled=False)
    with pytest.raises(KeyRefused, match="Анна"):
        keys.opened_by(text)
