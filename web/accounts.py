"""Who is asking: signing in and out, and what each account may do here.

The session's token lies in Flask's signed cookie; whose it is and whether it still holds is in the
store. Readers who have not signed in get no cookie and no look at the store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response as Redirect

from kb.accounts import Action, may
from kb.errors import InvalidRequest, SignInRefused, StoreUnavailable, TooManyAttempts
from kb.keys import scopes_of
from kb.models import Account, Role, Scope
from kb.settings import Settings
from web import interface, single_sign_on
from web.addresses import asking
from web.current import book

blueprint = Blueprint("accounts", __name__)

_TOKEN = "token"
# What also those may fetch who may not read: the way in, and what tells that the product is alive.
_OPEN_TO_ALL = {
    "static",
    "accounts.sign_in",
    "accounts.sign_in_with_provider",
    "accounts.back_from_provider",
    "feeds.favicon",
    "feeds.robots",
    "operations.healthz",
    "operations.ready",
    "operations.metrics",
    "widget.script",
}

P = ParamSpec("P")
Answer = str | Redirect | tuple[str, int]


class _Cookie(SecureCookieSessionInterface):
    """Flask's signed cookie, sent over https only wherever https is spoken."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or str(app.config["BASE_URL"]).startswith("https:")


def set_up(app: Flask, settings: Settings) -> None:
    """Give an application accounts, and guard its forms against other sites (CSRF)."""
    app.session_interface = _Cookie()
    app.config.from_mapping(
        SECRET_KEY=settings.signing_key,
        SESSION_COOKIE_NAME="servicebook",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MEMBERS_ONLY=settings.reading == "members",
        WTF_CSRF_TIME_LIMIT=None,  # a form may be open as long as the session
    )
    CSRFProtect(app)
    single_sign_on.set_up(app, settings)
    app.before_request(_guard_reading)
    app.after_request(_keep_private)
    app.context_processor(_for_templates)


def _for_templates() -> dict[str, Any]:
    account, here = _account_to_show(), _here()
    return {
        "account": account,
        "allowed": lambda action: may(account, Action(action)),
        "here": here,
        "sign_in_url": asking("accounts.sign_in", {"next": here}),
        "csrf": _csrf,
        "role_name": _role_name,
        "scope_name": _scope_name,
        "provider": single_sign_on.is_set_up(),
    }


# --- Who is asking -------------------------------------------------------------------------------


def account() -> Account | None:
    """Whose session this is, or None."""
    if "account" not in g:
        token = session.get(_TOKEN)
        g.account = book.accounts.account_of(token) if token else None
    found: Account | None = g.account
    return found


def _account_to_show() -> Account | None:
    """The same for a page, which is shown also while the store does not answer."""
    try:
        return account()
    except StoreUnavailable:
        return None


def _role_name(role: Role) -> str:
    names = {
        Role.READER: gettext("Reader"),
        Role.TRAINER: gettext("Trainer"),
        Role.EDITOR: gettext("Editor"),
        Role.ADMINISTRATOR: gettext("Administrator"),
    }
    return str(names[role])


def _scope_name(scope: Scope) -> str:
    names = {
        Scope.READ: gettext("Search and read"),
        Scope.WRITE: gettext("Write articles and check tags"),
        Scope.PACKS: gettext("Keep packs"),
        Scope.ADMIN: gettext("Everything"),
    }
    return str(names[scope])


def _csrf() -> Markup:
    """What every form sends along: the token, and the address to come back to."""
    fields = '<input type="hidden" name="csrf_token" value="{}"><input type="hidden" name="next" value="{}">'
    return Markup(fields).format(generate_csrf(), _here())


def allowed(action: Action) -> bool:
    """Whether who is asking may do something."""
    return may(account(), action)


def requires(action: Action) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """A view for those who may do `action`; others are asked to sign in, or told that they may not."""

    def guard(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
            if account() is None:
                return _to_sign_in()
            if not may(account(), action):
                raise Forbidden
            return view(*args, **kwargs)

        return guarded

    return guard


def signed_in() -> Account:
    """Whose session this is, in a view that requires one."""
    found = account()
    if found is None:
        raise Unauthorized
    return found


def _guard_reading() -> Redirect | None:
    if not current_app.config["MEMBERS_ONLY"] or request.endpoint in _OPEN_TO_ALL or account():
        return None
    if request.blueprint == "api":  # it takes keys too, and looks for itself
        return None
    if request.path.startswith("/api/"):
        raise Unauthorized("Sign in first: this Servicebook is for its members.")
    return _to_sign_in()


def _to_sign_in() -> Redirect:
    return redirect(url_for("accounts.sign_in", next=_here()), HTTPStatus.SEE_OTHER)


def _here() -> str:
    """The address that is being shown, as far as one can come back to it."""
    if request.method not in ("GET", "HEAD") or request.blueprint == "accounts":
        return own_address(request.values.get("next", ""))
    return interface.this_page(request.args.items(multi=True))


def own_address(address: str) -> str:
    """An address if it leads to this site, else that of the home page."""
    home = url_for("pages.home")
    # Browsers take a backslash for a slash and skip control characters: //evil, /\evil, /<tab>/evil.
    if (
        not address.startswith("/")
        or address.startswith("//")
        or "\\" in address
        or not address.isprintable()
    ):
        return home
    try:
        parts = urlsplit(address)
    except ValueError:
        return home
    return home if parts.scheme or parts.netloc else address


def _keep_private(response: Response) -> Response:
    """On a shared machine nothing is left for who comes next: not in caches, not behind "back"."""
    if g.get("account") or request.blueprint == "accounts":
        response.headers["Cache-Control"] = "no-store"
    return response


# --- Signing in and out --------------------------------------------------------------------------


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Answer:
    """The form, and what it sends."""
    if request.method == "GET":
        if account():
            return redirect(_here(), HTTPStatus.SEE_OTHER)
        return render_template("sign_in.html", name="")
    name = request.form.get("name", "")
    try:
        token = book.accounts.sign_in(name, request.form.get("password", ""), request.remote_addr or "")
    except TooManyAttempts as refused:
        said = _refusal(refused)
        return render_template("sign_in.html", name=name, refused=said), HTTPStatus.TOO_MANY_REQUESTS
    except SignInRefused as refused:
        return render_template("sign_in.html", name=name, refused=_refusal(refused)), HTTPStatus.FORBIDDEN
    return _begin(token, request.form.get("next", ""))


def _refusal(refused: SignInRefused) -> str:
    if isinstance(refused, TooManyAttempts):
        minutes = -(-refused.seconds // 60)
        return str(gettext("Too many attempts. Try again in %(minutes)s min.", minutes=minutes))
    return str(gettext("This name and password do not belong together."))


def _begin(token: str, after: str) -> Redirect:
    """A session of its own: nothing of what was in the cookie before stays."""
    session.clear()
    session[_TOKEN] = token
    g.pop("account", None)
    return redirect(own_address(after), HTTPStatus.SEE_OTHER)


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    """End the session."""
    if token := session.get(_TOKEN):
        book.accounts.sign_out(token)
    session.clear()
    return redirect(url_for("pages.home"), HTTPStatus.SEE_OTHER)


@blueprint.get("/sign-in/provider")
def sign_in_with_provider() -> Answer:
    """On to the OpenID provider."""
    session["next"] = _here()
    try:
        return single_sign_on.go(interface.absolute(url_for("accounts.back_from_provider", lang=None)))
    except SignInRefused as refused:
        return _not_by_provider(refused)


@blueprint.get("/sign-in/provider/back")
def back_from_provider() -> Answer:
    """What the provider says."""
    after = session.get("next", "")
    try:
        person = single_sign_on.come_back()
        token = book.accounts.sign_in_from_provider(person.issuer, person.subject, person.name, person.role)
    except SignInRefused as refused:
        return _not_by_provider(refused)
    return _begin(token, after)


def _not_by_provider(refused: SignInRefused) -> Answer:
    current_app.logger.warning("The OpenID provider signed nobody in: %s", refused)
    said = gettext("The provider did not sign you in. Try again, or ask who looks after Servicebook.")
    return render_template("sign_in.html", name="", refused=said), HTTPStatus.FORBIDDEN


# --- One's own account, and all ------------------------------------------------------------------


@blueprint.get("/account")
@requires(Action.READ)
def own() -> Answer:
    """One's own account."""
    return own_page()


def own_page(**said: object) -> str:
    """The page of one's own account, with its API keys and what there is to be said."""
    now = datetime.now(UTC)
    keys = [(key, key.expires is not None and key.expires <= now) for key in book.keys.of(signed_in())]
    return render_template("account.html", keys=keys, scopes=scopes_of(signed_in()), **said)


@blueprint.post("/account/password")
@requires(Action.READ)
def change_password() -> Answer:
    """Another password for oneself; all other sessions end."""
    now, new = (request.form.get(field, "") for field in ("password", "new"))
    try:
        token = book.accounts.change_password(signed_in().name, now, new, request.remote_addr or "")
    except SignInRefused as refused:
        waits = isinstance(refused, TooManyAttempts)
        said = _refusal(refused) if waits else gettext("This is not your password.")
        return own_page(refused=said), HTTPStatus.FORBIDDEN
    except InvalidRequest:
        said = gettext("The new password needs 10 characters or more and must not be easy to guess.")
        return own_page(refused=said), HTTPStatus.BAD_REQUEST
    answer = _begin(token, url_for("accounts.own"))
    flash(gettext("Your password is changed. Everywhere else you are signed out."))
    return answer


@blueprint.get("/accounts")
@requires(Action.SEE_ACCOUNTS)
def everybody() -> Answer:
    """All accounts."""
    return render_template("accounts.html", accounts=book.accounts.all())
