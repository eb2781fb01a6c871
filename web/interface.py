"""The language of the interface: which one, its texts, and how it writes dates and names.

It is asked for with `lang=` in the address, else by the cookie that remembers the last choice, else
by the browser. Links keep `lang=` until the browser shows that it keeps the cookie.

Translations are read from the `.po` files themselves: nothing is compiled, nothing goes stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale, gettext, ngettext
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from kb.languages import interface as vocabulary

LANGUAGES = {"ru": "Русский", "zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
TRANSLATIONS = Path(__file__).with_name("translations")
COOKIE = "lang"
_FOR_PEOPLE = ("pages", "accounts", "reviews", "search_log", "packs")  # blueprints whose pages speak
_YEAR = 365 * 24 * 3600


def set_up(app: Flask) -> None:
    """Give an application its languages."""
    Babel(app, locale_selector=lambda: _locale(language())).domain_instance = _PoDomain()
    # A page has seventy texts and fifty numbers: these ways to them are ten times shorter.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"] = partial(_said, None)
    app.jinja_env.filters |= {"decimalformat": _decimal, "dateformat": _day}
    app.before_request(_choose_language)
    app.after_request(_remember_language)
    app.url_defaults(_keep_language)
    app.context_processor(_for_templates)


def _for_templates() -> dict[str, Any]:
    """What templates know of it. The language is looked up once and not for each text."""
    tag = language()
    return {
        "_": partial(_said, tag),
        "language": tag,
        "languages": LANGUAGES,
        "in_language": in_language,
        "name_of": partial(_name_in, tag),
        "say": partial(_numbered, tag),
        "this_page_by_language": this_page_by_language,
        "absolute": absolute,
    }


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
    asked = asked if asked in LANGUAGES else None
    g.kept_language = asked if asked != remembered else None
    g.language = (
        asked
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
    if not has_request_context() or endpoint.partition(".")[0] not in _FOR_PEOPLE:
        return
    if kept := kept_language():
        values.setdefault("lang", kept)


def kept_language() -> str | None:
    """What links must say of the language, as the browser has not shown yet that it remembers."""
    kept: str | None = g.get("kept_language")
    return kept


def _remember_language(response: Response) -> Response:
    if kept := kept_language():
        response.set_cookie(
            COOKIE, kept, max_age=_YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    if request.blueprint in _FOR_PEOPLE:
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def this_page_by_language() -> dict[str, str]:
    """The address of the page that is being shown, in each language of the interface."""
    said = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    address = this_page([*said, ("lang", "")])
    return {tag: address + tag for tag in LANGUAGES}


def this_page(parameters: Iterable[tuple[str, str]]) -> str:
    """The path of the page that is being shown, with these parameters; it never leads elsewhere."""
    path = quote("/" + (request.root_path + request.path).lstrip("/"))
    query = urlencode(list(parameters))
    return f"{path}?{query}" if query else path


# --- Its texts -----------------------------------------------------------------------------------


def _said(tag: str | None, text: str, /, **values: object) -> Markup:
    """A text for a template, in a language of the interface or that of this request; values are escaped."""
    tag = tag or language()
    return _template(text, tag) % values if values else _finished(text, tag)


@lru_cache(maxsize=10_000)
def _template(text: str, tag: str) -> Markup:
    return Markup(catalogue(_locale(tag)).ugettext(text))


@lru_cache(maxsize=10_000)
def _finished(text: str, tag: str) -> Markup:
    return _template(text, tag) % {}  # 100%% is 100%


class _PoDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, from `.po` files."""

    def get_translations(self) -> NullTranslations:
        """The texts of the current language."""
        return catalogue(_locale(language()))


def _locale(tag: str) -> str:
    """What Babel calls a language: zh_Hant."""
    return tag.replace("-", "_")


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
    return vocabulary.in_interface(texts, language())


def in_script(text: str, code: str) -> str:
    """A text of the vocabulary, which writes Chinese in Simplified characters, as the reader does."""
    return vocabulary.in_script(text, code, language())


def name_of(code: str) -> str:
    """The name of an article's language."""
    return _name_in(language(), code)


@lru_cache(maxsize=1000)
def _name_in(_language: str, code: str) -> str:
    names = {"ru": gettext("Russian"), "zh": gettext("Chinese"), "en": gettext("English")}
    return str(names.get(code) or get_locale().languages.get(code) or gettext("Other language"))


def say(kind: str, number: int) -> str:
    """A number of things, with its plural: 2 статьи, 5 статей."""
    return _numbered(language(), kind, number)


@lru_cache(maxsize=10_000)
def _numbered(tag: str, kind: str, number: int) -> str:
    digits = _number(number, tag)
    match kind:
        case "articles":
            said = ngettext("%(number)s article", "%(number)s articles", number, number=digits)
        case "passages":
            said = ngettext("%(number)s passage", "%(number)s passages", number, number=digits)
        case "more":
            said = ngettext(
                "and %(number)s more like this", "and %(number)s more like this", number, number=digits
            )
        case "minutes":
            said = ngettext("%(number)s minute’s read", "%(number)s minutes’ read", number, number=digits)
        case "days":
            said = ngettext("%(number)s day", "%(number)s days", number, number=digits)
        case _:
            raise ValueError(kind)
    return str(said)


@pass_context
def _decimal(context: Context, number: int) -> str:
    return _number(number, context["language"])


@pass_context
def _day(context: Context, day: date, form: Literal["full", "long", "medium", "short"]) -> str:
    return _date(day, form, context["language"])


@lru_cache(maxsize=1000)
def _number(number: int, tag: str) -> str:
    return numbers.format_decimal(number, locale=_locale(tag))


def written_out(day: date) -> str:
    """A date in words: 6 апреля 2026 г."""
    return _date(day, "long", language())


@lru_cache(maxsize=1000)
def _date(day: date, form: Literal["full", "long", "medium", "short"], tag: str) -> str:
    return dates.format_date(day, form, locale=_locale(tag))


def absolute(address: str) -> str:
    """The whole address of a path of ours, as it is reached from outside."""
    base: str = current_app.config["BASE_URL"] or request.host_url
    return base.rstrip("/") + address
