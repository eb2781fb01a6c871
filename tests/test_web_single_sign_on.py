"""Signing in with an OpenID Connect provider that really runs, on a port of this machine."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it uses what Authlib will drop
    oidc_provider_mock = pytest.importorskip("oidc_provider_mock", reason="needs pip install '.[test]'")
requests = pytest.importorskip("requests")

from kb.errors import InvalidRequest, SettingsError  # noqa: E402
from kb.models import Account, Role  # noqa: E402
from kb.settings import load  # noqa: E402
from tests.conftest import MakeApp, book_of  # noqa: E402
from web import create_app  # noqa: E402

PEOPLE = {
    "anna": {"preferred_username": "Анна", "groups": ["hr-trainers", "everybody"]},
    "wang": {"email": "wang@example.org", "groups": ["hr-editors"]},
    "guest": {},
    "reader": {"preferred_username": "reader", "groups": ["hr-editors"]},
}
ROLES = "hr-trainers=trainer,hr-editors=editor"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    people = [oidc_provider_mock.User(sub=sub, claims=claims) for sub, claims in PEOPLE.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def app(make_app: MakeApp, issuer: str) -> Flask:
    return make_app(
        {},
        oidc_issuer=f"{issuer}/",
        oidc_client_id="servicebook",
        oidc_client_secret="shared",
        oidc_role_claim="groups",
        oidc_roles=ROLES,
        reading="members",
    )


def go(client: FlaskClient, after: str = "/principles") -> str:
    """On to the provider; returns its address."""
    answer = client.get("/sign-in/provider", query_string={"next": after})
    assert answer.status_code == 302
    return answer.location


def come_back(client: FlaskClient, address: str, sub: str) -> TestResponse:
    """What a person does at the provider, and back."""
    said = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
    assert said.status_code == 302, said.text
    back = urlsplit(said.headers["Location"])
    return client.get(back.path, query_string=back.query)


def sign_in(app: Flask, sub: str) -> tuple[FlaskClient, Account]:
    client = app.test_client()
    answer = come_back(client, go(client), sub)
    assert (answer.status_code, answer.location) == (303, "/principles")
    name = re.search(r"<dd>([^<]+)</dd>", client.get("/account").text)
    assert name
    return client, book_of(app).accounts.named(name[1])


def test_the_provider_is_offered_and_told_no_more_than_it_needs(app: Flask, issuer: str) -> None:
    client = app.test_client()
    assert "/sign-in/provider?next=" in client.get("/sign-in?next=/principles").text
    address = urlsplit(go(client))
    assert f"{address.scheme}://{address.netloc}" == issuer
    told = parse_qs(address.query)
    assert told["redirect_uri"] == ["http://localhost/sign-in/provider/back"]
    assert told["code_challenge_method"] == ["S256"]
    assert told["scope"] == ["openid profile email"]
    assert told["state"] and told["nonce"] and "shared" not in address.query


@pytest.mark.parametrize(
    ("sub", "name", "role"),
    [
        ("anna", "Анна", "trainer"),
        ("wang", "wang@example.org", "editor"),
        ("guest", "member", "reader"),
        ("reader", "reader 2", "editor"),  # there is an account of this name, which is not theirs
    ],
)
def test_people_of_the_provider(app: Flask, sub: str, name: str, role: str) -> None:
    client, account = sign_in(app, sub)
    assert (account.name, account.role, account.by_provider) == (name, role, True)
    assert client.get("/searches").status_code == (200 if role == "editor" else 403)
    assert sign_in(app, sub)[1] == account


@pytest.mark.parametrize(("told_of", "role"), [("guest", "editor"), ("anna", "reader")])
def test_roles_are_asked_for_where_the_token_has_none(
    app: Flask, monkeypatch: pytest.MonkeyPatch, told_of: str, role: str
) -> None:
    """… and what is told of somebody else is not taken (OpenID Connect Core 5.3.2)."""
    client = app.extensions["servicebook.provider"].client
    monkeypatch.setattr(client, "userinfo", lambda token: {"sub": told_of, "groups": ["hr-editors"]})
    assert sign_in(app, "guest")[1].role == role


def test_roles_stay_ours_without_a_claim(make_app: MakeApp, issuer: str) -> None:
    app = make_app({}, oidc_issuer=issuer, oidc_client_id="servicebook", oidc_client_secret="shared")
    assert sign_in(app, "wang")[1].role == "reader"
    book_of(app).accounts.set_role("wang@example.org", Role.ADMINISTRATOR)
    assert sign_in(app, "wang")[1].role == "administrator"


def test_the_disabled_stay_out(app: Flask) -> None:
    client, account = sign_in(app, "anna")
    book_of(app).accounts.set_enabled(account.name, False)
    assert client.get("/account").status_code == 303
    answer = come_back(client, go(client), "anna")
    assert answer.status_code == 403 and client.get("/account").status_code == 303


def test_what_did_not_begin_here_is_refused(app: Flask, issuer: str) -> None:
    """An answer for another browser would sign its reader in as somebody else (login CSRF)."""
    thief, victim = app.test_client(), app.test_client()
    said = requests.post(go(thief), data={"sub": "anna"}, allow_redirects=False, timeout=10)
    back = urlsplit(said.headers["Location"])
    go(victim)
    assert victim.get(back.path, query_string=back.query).status_code == 403
    assert victim.get("/account").status_code == 303


@pytest.mark.parametrize(
    "answer",
    [{}, {"code": "made-up"}, {"code": "made-up", "state": "made-up"}, {"error": "access_denied"}],
)
def test_bad_answers_are_refused(app: Flask, answer: dict[str, str]) -> None:
    client = app.test_client()
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    for query in (answer, {"state": state, **answer}):
        refused = client.get(f"/sign-in/provider/back?{urlencode(query)}", headers={"Accept-Language": "ru"})
        assert refused.status_code == 403 and "Войти через организацию не удалось" in refused.text


def test_a_code_serves_once(app: Flask) -> None:
    client = app.test_client()
    said = requests.post(go(client), data={"sub": "anna"}, allow_redirects=False, timeout=10)
    back = urlsplit(said.headers["Location"])
    assert client.get(back.path, query_string=back.query).status_code == 303
    assert app.test_client().get(back.path, query_string=back.query).status_code == 403


def test_nobody_is_led_elsewhere_afterwards(app: Flask) -> None:
    client = app.test_client()
    assert come_back(client, go(client, "//evil.example"), "anna").location == "/"


def test_a_provider_that_does_not_answer(make_app: MakeApp) -> None:
    app = make_app({}, oidc_issuer="http://127.0.0.1:1", oidc_client_id="servicebook")
    answer = app.test_client().get("/sign-in/provider", headers={"Accept-Language": "zh-Hans"})
    assert answer.status_code == 403 and "未能通过所在机构登录" in answer.text


def test_without_a_provider_there_is_no_way_to_one(make_app: MakeApp) -> None:
    client = make_app({}).test_client()
    assert client.get("/sign-in/provider").status_code == 404
    assert client.get("/sign-in/provider/back").status_code == 404
    assert "provider" not in client.get("/sign-in").text


def test_half_a_provider_is_said_at_the_start(tmp_path) -> None:
    with pytest.raises(SettingsError, match="KB_OIDC_CLIENT_ID"):
        create_app(load(home=tmp_path, oidc_issuer="https://id.example.org"))
    with pytest.raises(InvalidRequest, match="KB_OIDC_ROLES"):
        create_app(load(home=tmp_path, oidc_issuer="https://a", oidc_client_id="a", oidc_roles="hr"))
