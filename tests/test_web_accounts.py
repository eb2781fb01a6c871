"""Signing in through HTTP, and what each role may: the permissions as a table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from kb.accounts import ATTEMPTS_ON_ACCOUNT
from kb.models import KeptPack, Role, Scope
from tests.conftest import PASSWORD, MakeApp, book_of, csrf_of, signed_in
from web import interface

ARTICLE = "# Смена в кафе\n\nГость молчит. Эмпатия: поставьте себя на его место и спросите, что случилось.\n"
NOBODY = None
PEOPLE = [NOBODY, *(role.value for role in Role)]


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": ARTICLE})


@pytest.fixture(scope="module")
def members(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": ARTICLE}, reading="members")


@pytest.fixture(scope="module")
def browsers(app: Flask) -> dict[str | None, FlaskClient]:
    """A browser for each role, and one of nobody."""
    return {name: signed_in(app, name) for name in PEOPLE}


def passage_of(app: Flask) -> str:
    book = book_of(app)
    return book.article(book.articles()[0].id)[1][0].id


def pack_of_another(app: Flask, passage: str) -> KeptPack:
    """A shared pack of a trainer who is none of those who ask."""
    book = book_of(app)
    if not any(account.name == "王芳" for account in book.accounts.all()):
        book.accounts.add("王芳", Role.TRAINER, PASSWORD)
    owner = book.accounts.named("王芳")
    kept = book.packs.keep(book.pack_from([passage], "Неделя"), owner)
    return book.packs.share(kept.pack.id, owner)


# --- Permissions ---------------------------------------------------------------------------------

# What each may, from nobody to administrators: the status of the answer. 303 leads nobody to the
# sign-in page, and others on after what they did.
PERMISSIONS: dict[str, tuple[int, int, int, int, int]] = {
    # action                         nobody  reader  trainer  editor  administrator
    "GET /": (200, 200, 200, 200, 200),
    "GET /search?q=гость": (200, 200, 200, 200, 200),
    "GET /principles/empathy": (200, 200, 200, 200, 200),
    "GET /api/v1/search?q=гость": (200, 200, 200, 200, 200),
    "GET /sign-in": (200, 303, 303, 303, 303),
    "GET /account": (303, 200, 200, 200, 200),
    "GET /searches": (303, 403, 403, 200, 200),
    "GET /accounts": (303, 403, 403, 403, 200),
    "POST /passages/{passage}/tags say=right+empathy": (303, 403, 303, 303, 303),
    "POST /passages/{passage}/tags missing=loyalty": (303, 403, 303, 303, 303),
    "POST /reviews/{review}/undo": (303, 403, 403, 303, 303),
    "POST /searches/proposals term=гость": (303, 403, 403, 303, 303),
    "POST /searches/proposals term=гость&drop=1": (303, 403, 403, 303, 303),
    "GET /packs/draft": (200, 200, 200, 200, 200),
    "GET /packs/collect?passage={passage}": (303, 303, 303, 303, 303),
    "GET /packs/draft/now/export?item={passage}&format=csv": (200, 200, 200, 200, 200),
    "GET /packs/on/empathy": (200, 200, 200, 200, 200),
    "GET /packs/shared/{link}": (200, 200, 200, 200, 200),
    "GET /packs/shared/{link}/quiz": (200, 200, 200, 200, 200),
    "GET /packs/": (303, 403, 200, 200, 200),
    # One that another trainer made.
    "GET /packs/kept/{pack}": (303, 403, 404, 200, 200),
    "GET /packs/kept/{pack}/history": (303, 403, 404, 200, 200),
    "GET /packs/kept/{pack}/export?format=csv": (404, 404, 404, 200, 200),
    "POST /packs/kept/{pack} version=0&title=x": (303, 403, 404, 409, 409),
    "POST /packs/kept/{pack}/share": (303, 403, 404, 303, 303),
    "POST /packs/keep/shared/{link}": (303, 403, 303, 303, 303),
    "POST /packs/keep/kept/{pack}": (303, 403, 404, 303, 303),
    "POST /account/password password=wrong&new=another+long+one": (303, 403, 403, 403, 403),
    "POST /account/keys name=x&scope=read": (303, 201, 201, 201, 201),
    "POST /account/keys name=x&scope=packs": (303, 400, 201, 201, 201),
    "POST /account/keys name=x&scope=write": (303, 400, 400, 201, 201),
    "POST /account/keys name=x&scope=admin": (303, 400, 400, 400, 201),
    # One that nobody's account has.
    "POST /account/keys/{key}/revoke": (303, 404, 404, 404, 404),
}


def ask(client: FlaskClient, action: str, token: str = "") -> int:
    method, address, *form = action.split(" ")
    if method == "GET":
        return client.get(address).status_code
    data = {name: values[0] for name, values in parse_qs(form[0] if form else "").items()}
    return client.post(address, data={**data, "csrf_token": token}).status_code


@pytest.mark.parametrize("action", PERMISSIONS)
def test_who_may_what(app: Flask, browsers: dict[str | None, FlaskClient], action: str) -> None:
    passage = passage_of(app)
    kept = pack_of_another(app, passage)
    statuses = []
    for client in browsers.values():
        # A review of somebody else's, to undo.
        book_of(app).review(passage, "training", True, "王芳")
        (review,) = [one.number for one in book_of(app).reviews() if one.reviewer == "王芳"]
        token = csrf_of(client, "/sign-in" if client is browsers[NOBODY] else "/account")
        key, _ = book_of(app).keys.add("widget", [Scope.READ])
        names = {
            "passage": passage,
            "review": review,
            "pack": kept.pack.id,
            "link": kept.link,
            "key": key.id,
        }
        statuses.append(ask(client, action.format(**names), token))
    assert tuple(statuses) == PERMISSIONS[action]


def form_rules(app: Flask) -> list[Rule]:
    """The addresses that take forms of pages. The API's take keys instead, which no browser sends by itself."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith("api.")
    ]


def test_the_table_names_every_form(app: Flask) -> None:
    forms = {rule.endpoint for rule in form_rules(app)}
    adapter = app.url_map.bind("localhost")
    told = [action.split(" ") for action in PERMISSIONS if action.startswith("POST")]
    tried = {
        adapter.match(address.format(passage="p", review=1, pack="p", link="l", key="k"), method="POST")[0]
        for _, address, *_ in told
    }
    assert forms - tried == {"accounts.sign_in", "accounts.sign_out"}


def test_what_one_may_not_do_is_not_offered(app: Flask, browsers: dict[str | None, FlaskClient]) -> None:
    offered = {
        name: (
            "/searches" in (page := client.get("/search?q=гость").text),
            'href="/accounts"' in page,
            'class="review"' in page,
        )
        for name, client in browsers.items()
    }
    assert list(offered.values()) == [
        (False, False, False),
        (False, False, False),
        (False, False, True),
        (True, False, True),
        (True, True, True),
    ]


# --- Reading for members only --------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/search?q=a", "/articles", "/principles", "/feed.atom", "/sitemap.xml", "/nowhere"]
)
def test_members_only(members: Flask, address: str) -> None:
    answer = members.test_client().get(address)
    assert answer.status_code == 303
    to = urlsplit(answer.location)
    assert (to.path, parse_qs(to.query)["next"]) == ("/sign-in", [address])
    assert signed_in(members, "reader").get(address).status_code in (200, 404)


def test_programs_are_told_to_sign_in(members: Flask) -> None:
    answer = members.test_client().get("/api/v1/search?q=a")
    assert answer.status_code == 401 and answer.json["status"] == 401
    assert signed_in(members, "reader").get("/api/v1/search?q=a").status_code == 200


def test_what_the_way_in_needs_is_open(members: Flask) -> None:
    client = members.test_client()
    page = client.get("/sign-in").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        with client.get(address) as answer:
            assert answer.status_code == 200
    assert client.get("/healthz").status_code == 200
    assert "Смена" not in page


# --- Forms of other sites ------------------------------------------------------------------------


def test_no_form_is_taken_without_its_token(app: Flask) -> None:
    """Every address that takes forms, as the most powerful account."""
    client = signed_in(app, "administrator")
    other = csrf_of(app.test_client())
    before = book_of(app).reviews(), book_of(app).proposals(), len(book_of(app).packs.all())
    for rule in form_rules(app):
        with app.test_request_context():
            address = rule.build(
                {"passage_id": passage_of(app), "number": 1, "id": "p", "verb": "share"}
                | {"kind": "draft", "name": "now"}
            )
        assert address is not None
        for token in ("", "nonsense", other):
            form = {"csrf_token": token, "term": "a", "say": "right empathy"}
            answer = client.post(address[1], data=form, headers={"Accept-Language": "ru"})
            assert answer.status_code == 400, address
            assert "Форма устарела" in answer.text
    assert (book_of(app).reviews(), book_of(app).proposals(), len(book_of(app).packs.all())) == before
    assert client.get("/account").status_code == 200, "nobody was signed out"


def test_every_form_of_every_page_has_a_token(browsers: dict[str | None, FlaskClient]) -> None:
    forms = 0
    for address in ("/search?q=гость", "/account", "/searches", "/accounts", "/principles/empathy"):
        for form in re.findall(
            r'<form method="post".*?</form>', browsers["administrator"].get(address).text, re.S
        ):
            assert 'name="csrf_token"' in form, form
            forms += 1
    assert forms > 10
    assert 'name="csrf_token"' in browsers[NOBODY].get("/sign-in").text


# --- Where one goes after signing in -------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/principles", "/principles"),
        ("/search?q=a&language=ru", "/search?q=a&language=ru"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("/search?q=\r\nSet-Cookie: a=b", "/"),
        (" //evil.example", "/"),
        ("/%2f/evil.example", "/%2f/evil.example"),
        ("http:/principles", "/"),
        ("/[", "/%5B"),
    ],
)
def test_only_own_addresses_are_led_to(app: Flask, asked: str, led: str) -> None:
    client = app.test_client()
    form = {"name": "reader", "password": PASSWORD, "next": asked, "csrf_token": csrf_of(client)}
    answer = client.post("/sign-in", data=form)
    assert (answer.status_code, answer.location) == (303, led)
    assert client.get("/sign-in", query_string={"next": asked}).location == led, (
        "who is in goes there at once"
    )


def test_the_way_in_leads_back(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/search?q=гость&language=ru").text
    address = re.search(r'href="(/sign-in\?next=[^"]+)"', page)
    assert address and parse_qs(urlsplit(address[1]).query)["next"] == [
        "/search?q=%D0%B3%D0%BE%D1%81%D1%82%D1%8C&language=ru"
    ]


# --- Signing in and out --------------------------------------------------------------------------


def attempt(client: FlaskClient, name: str, password: str, language: str = "en") -> tuple[int, str]:
    form = {"name": name, "password": password, "csrf_token": csrf_of(client)}
    answer = client.post("/sign-in", data=form, headers={"Accept-Language": language})
    page = re.sub(r'value="[^"]*"', "", answer.text)
    return answer.status_code, page


def test_an_unknown_name_is_answered_as_a_wrong_password_is(app: Flask) -> None:
    client = app.test_client()
    assert attempt(client, "reader", "wrong") == attempt(client, "nobody", "wrong")
    assert attempt(client, "reader", "wrong")[0] == 403


@pytest.mark.parametrize("name", ["trainer", "nobody-at-all"])
def test_attempts_are_limited(make_app: MakeApp, name: str) -> None:
    app = make_app({})
    client = app.test_client()
    for _ in range(ATTEMPTS_ON_ACCOUNT):
        assert attempt(client, name, "wrong")[0] == 403
    status, page = attempt(client, name, PASSWORD, "ru")
    assert status == 429 and "через 15 мин" in page
    assert attempt(client, "editor", PASSWORD)[0] == 303


def test_addresses_count_behind_as_many_proxies_as_there_are(make_app: MakeApp) -> None:
    """Without the setting anybody could call themselves by any address."""
    seen = []
    for proxies in (0, 1):
        app = make_app({}, proxies=proxies)
        app.add_url_rule("/who", "who", lambda: request.remote_addr)
        seen.append(app.test_client().get("/who", headers={"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}).text)
    assert seen == ["127.0.0.1", "192.0.2.1"]


def test_the_cookie_cannot_be_read_or_sent_along(app: Flask) -> None:
    for base, secure in (("http://localhost", False), ("https://localhost", True)):
        client = app.test_client()
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in", base_url=base).text)
        assert token
        form = {"name": "reader", "password": PASSWORD, "csrf_token": token[1]}
        answer = client.post("/sign-in", data=form, base_url=base, headers={"Referer": f"{base}/sign-in"})
        (cookie,) = [
            value for value in answer.headers.getlist("Set-Cookie") if value.startswith("servicebook=")
        ]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
        assert ("Secure" in cookie) == secure


def test_it_is_secure_where_it_is_reached_by_https(make_app: MakeApp) -> None:
    app = make_app({}, base_url="https://kb.example.org")
    assert "Secure" in app.test_client().get("/sign-in").headers["Set-Cookie"]


def test_readers_get_no_cookie(app: Flask) -> None:
    for address in ("/", "/search?q=гость", "/principles", "/nowhere"):
        assert "Set-Cookie" not in app.test_client().get(address).headers


def test_a_session_of_before_is_not_taken_over(app: Flask) -> None:
    """Whoever planted a cookie must not own the session that begins with it."""
    client = app.test_client()
    csrf_of(client)
    planted = client.get_cookie("servicebook")
    attempt(client, "reader", PASSWORD)
    fresh = client.get_cookie("servicebook")
    assert planted and fresh and planted.value != fresh.value
    thief = app.test_client()
    thief.set_cookie("servicebook", planted.value)
    assert thief.get("/account").status_code == 303


def test_a_cookie_that_was_tampered_with_is_nobody_s(app: Flask) -> None:
    client = signed_in(app, "administrator")
    cookie = client.get_cookie("servicebook")
    assert cookie
    client.set_cookie("servicebook", cookie.value[:-4] + "aaaa")
    assert client.get("/accounts").status_code == 303


def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(app: Flask) -> None:
    client = signed_in(app, "reader")
    copy = app.test_client()
    cookie = client.get_cookie("servicebook")
    assert cookie
    copy.set_cookie("servicebook", cookie.value)
    assert copy.get("/account").status_code == 200
    assert client.post("/sign-out", data={"csrf_token": csrf_of(client, "/account")}).status_code == 303
    assert client.get("/account").status_code == 303
    assert copy.get("/account").status_code == 303


@pytest.mark.parametrize("how", ["password", "disabled", "role", "idle", "for ever"])
def test_what_ends_a_session(make_app: MakeApp, how: str) -> None:
    app = make_app({})
    accounts = book_of(app).accounts
    client = signed_in(app, "trainer")
    assert client.get("/account").status_code == 200
    match how:
        case "password":
            accounts.set_password("trainer", "another long password")
        case "disabled":
            accounts.set_enabled("trainer", False)
        case "role":
            accounts.set_role("trainer", Role.ADMINISTRATOR)
        case "idle":
            accounts._clock = lambda: datetime.now(UTC) + timedelta(minutes=121)
        case "for ever":
            for minutes in range(0, 13 * 60, 110):
                accounts._clock = lambda minutes=minutes: datetime.now(UTC) + timedelta(minutes=minutes)
                client.get("/account")
    assert client.get("/account").status_code == 303


def test_sessions_outlive_a_restart(make_app: MakeApp) -> None:
    from web import create_app

    app = make_app({})
    client = signed_in(app, "reader")
    cookie = client.get_cookie("servicebook")
    assert cookie
    again = create_app(book_of(app).settings)
    other = again.test_client()
    other.set_cookie("servicebook", cookie.value)
    assert other.get("/account").status_code == 200
    book_of(again).close()


def test_one_changes_one_s_own_password(make_app: MakeApp) -> None:
    app = make_app({})
    client, elsewhere = signed_in(app, "trainer"), signed_in(app, "trainer")

    def change(password: str, new: str) -> tuple[int, str]:
        form = {"password": password, "new": new, "csrf_token": csrf_of(client, "/account")}
        answer = client.post("/account/password", data=form, headers={"Accept-Language": "en"})
        return answer.status_code, answer.text

    status, said = change("wrong password", "another long password")
    assert status == 403 and "This is not your password." in said
    status, said = change(PASSWORD, "short")
    assert status == 400 and "10 characters" in said
    assert change(PASSWORD, "another long password")[0] == 303
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert signed_in(app, "trainer", "another long password")


def test_nothing_private_is_kept_by_browsers(browsers: dict[str | None, FlaskClient]) -> None:
    for address in ("/account", "/accounts", "/searches", "/search?q=гость", "/"):
        assert browsers["administrator"].get(address).headers["Cache-Control"] == "no-store"
    assert browsers[NOBODY].get("/").headers.get("Cache-Control") is None
    assert browsers[NOBODY].get("/sign-in").headers["Cache-Control"] == "no-store"


# --- Pages ---------------------------------------------------------------------------------------

HEADINGS = {
    "/sign-in": ("Войти", "登录", "登入", "Sign in"),
    "/account": ("Учётная запись", "我的账户", "我的帳戶", "Your account"),
    "/accounts": ("Учётные записи", "账户", "帳戶", "Accounts"),
    "/searches": ("Что ищут", "大家在搜什么", "大家在搜什麼", "What people search"),
}


@pytest.mark.parametrize("address", HEADINGS)
def test_pages_speak_every_language(browsers: dict[str | None, FlaskClient], address: str) -> None:
    client = browsers[NOBODY if address == "/sign-in" else "administrator"]
    for language, heading in zip(interface.LANGUAGES, HEADINGS[address], strict=True):
        page = client.get(address, headers={"Accept-Language": language}).text
        assert f'<html lang="{language}">' in page
        assert re.findall(r"<h1[^>]*>(.*?)</h1>", page) == [heading]
        assert 'name="robots" content="noindex"' in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))


def test_a_database_that_does_not_answer_is_said(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from kb.errors import StoreUnavailable

    def broken(*_: object) -> None:
        raise StoreUnavailable("The database cannot be used: disk I/O error")

    client = signed_in(app, "reader")
    monkeypatch.setattr(book_of(app).store.accounts, "session", broken)
    answer = client.get("/account", headers={"Accept-Language": "ru"})
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "сейчас недоступны" in answer.text and "disk" not in answer.text
    assert client.get("/api/v1/search?q=a").status_code == 200, "open reading does not need it"
