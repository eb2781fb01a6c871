"""The language of the interface: which one, its texts, and how it writes dates and names.

It is asked for with `lang=` in the address, else by the cookie that remembers the last choice, else
by the browser. Links keep `lang=` until the browser shows that it keeps the cookie.

Translations are read from the `.po` files themselves: nothing is compiled, nothing goes stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, format_decimal, get_locale, gettext, ngettext
from opencc import OpenCC

LANGUAGES = {"ru": "Русский", "zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
TRANSLATIONS = Path(__file__).with_name("translations")
COOKIE = "lang"
_YEAR = 365 * 24 * 3600


def set_up(app: Flask) -> None:
    """Give an application its languages."""
    Babel(app, locale_selector=lambda: language().replace("-", "_")).domain_instance = _PoDomain()
    app.before_request(_choose_language)
    app.after_request(_remember_language)
    app.url_defaults(_keep_language)
    app.context_processor(
        lambda: {
            "language": language(),
            "languages": LANGUAGES,
            "in_language": in_language,
            "name_of": name_of,
            "say": say,
        }
    )


# --- Which language ------------------------------------------------------------------------------


def language() -> str:
    """The BCP 47 tag of the interface's language."""
    chosen: str | None = g.get("language") if has_request_context() else None
    return chosen or current_app.config["DEFAULT_LANGUAGE"]


def content_language() -> str:
    """The language of articles and labels that belongs to the interface's: zh for zh-Hant."""
    return language().partition("-")[0]


def _choose_language() -> None:
    asked = request.args.get("lang")
    remembered = request.cookies.get(COOKIE)
    g.asked_language = asked if asked in LANGUAGES else None
    g.language = (
        g.asked_language
        or (remembered if remembered in LANGUAGES else None)
        or next(filter(None, map(_closest, request.accept_languages.values())), None)
        or current_app.config["DEFAULT_LANGUAGE"]
    )


def _closest(tag: str) -> str | None:
    """The language of ours for a browser's: zh-TW and zh-HK are read in Traditional characters."""
    parts = tag.lower().replace("_", "-").split("-")
    if parts[0] == "zh":
        return "zh-Hant" if {"hant", "tw", "hk", "mo"} & set(parts) else "zh-Hans"
    return parts[0] if parts[0] in LANGUAGES else None


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    if not has_request_context() or not endpoint.startswith("pages."):
        return
    asked = g.get("asked_language")
    if asked and asked != request.cookies.get(COOKIE):
        values.setdefault("lang", asked)


def _remember_language(response: Response) -> Response:
    asked = g.get("asked_language")
    if asked and asked != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, asked, max_age=_YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    if request.blueprint == "pages":
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def this_page_in(tag: str) -> str:
    """The address of the page that is being shown, in another language of the interface."""
    path = quote("/" + (request.root_path + request.path).lstrip("/"))
    said = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{path}?{urlencode([*said, ('lang', tag)])}"


# --- Its texts -----------------------------------------------------------------------------------


class _PoDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, from `.po` files."""

    def get_translations(self) -> NullTranslations:
        """The texts of the current language."""
        return catalogue(str(get_locale()))


@cache
def catalogue(locale: str) -> NullTranslations:
    """The translations into a locale such as "zh_Hant"; English is what the sources say."""
    path = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return Translations(compiled)


def in_language(texts: Mapping[str, str]) -> str:
    """A text of the vocabulary in the interface's language, else in English, else in any."""
    code = next((code for code in (content_language(), "en", *texts) if code in texts), None)
    return in_script(texts[code], code) if code else ""


def in_script(text: str, code: str) -> str:
    """A text of the vocabulary, which writes Chinese in Simplified characters, as the reader does."""
    return _traditional().convert(text) if code == "zh" and language() == "zh-Hant" else text


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2twp")


def name_of(code: str) -> str:
    """The name of an article's language."""
    names = {"ru": gettext("Russian"), "zh": gettext("Chinese"), "en": gettext("English")}
    return str(names.get(code) or get_locale().languages.get(code) or gettext("Other language"))


def say(kind: str, number: int) -> str:
    """A number of things, with its plural: 2 статьи, 5 статей."""
    digits = format_decimal(number)
    match kind:
        case "articles":
            said = ngettext("%(number)s article", "%(number)s articles", number, number=digits)
        case "passages":
            said = ngettext("%(number)s passage", "%(number)s passages", number, number=digits)
        case "minutes":
            said = ngettext("%(number)s minute’s read", "%(number)s minutes’ read", number, number=digits)
        case _:
            raise ValueError(kind)
    return str(said)


def absolute(address: str) -> str:
    """The whole address of a path of ours, as it is reached from outside."""
    base: str = current_app.config["BASE_URL"] or request.host_url
    return base.rstrip("/") + address
