"""Every text of the interface is translated into every language, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from web import interface

WEB = Path(interface.__file__).parent
LOCALES = [tag.replace("-", "_") for tag in interface.LANGUAGES if tag != "en"]
METHODS = [("**.py", "python"), ("templates/**", "jinja2.ext:babel_extract")]
PLURALS = {"ru": 3, "zh_Hans": 1, "zh_Hant": 1}
_PLACE = re.compile(r"%\((\w+)\)[sd]")

Message = str | tuple[str, ...]


@cache
def in_sources() -> frozenset[Message]:
    found = extract_from_dir(WEB, METHODS, keywords={"_": None, "gettext": None, "ngettext": (1, 2)})
    return frozenset(message for _, _, message, _, _ in found)


def catalogue(locale: str) -> Catalog:
    with (interface.TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def messages(locale: str) -> Iterator[tuple[Message, tuple[str, ...], bool]]:
    for message in catalogue(locale):
        if message.id:
            said = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
            yield message.id, tuple(said), message.fuzzy


def test_there_are_texts() -> None:
    assert len(in_sources()) > 100


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_has_what_the_sources_say(locale: str) -> None:
    assert {id for id, _, _ in messages(locale)} == in_sources()
    assert not catalogue(locale).obsolete


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_is_translated(locale: str) -> None:
    for id, said, fuzzy in messages(locale):
        assert not fuzzy and all(said), id
        assert len(said) == (PLURALS[locale] if isinstance(id, tuple) else 1), id


@pytest.mark.parametrize("locale", LOCALES)
def test_places_for_values_are_kept(locale: str) -> None:
    for id, said, _ in messages(locale):
        places = set(_PLACE.findall(id if isinstance(id, str) else id[-1]))
        assert all(set(_PLACE.findall(one)) == places for one in said), id


@pytest.mark.parametrize(
    ("locale", "foreign"),
    [
        ("ru", "[a-zA-Z]"),
        ("zh_Hans", "[a-zA-Z們這個說與為時對詞]"),
        ("zh_Hant", "[a-zA-Z们这个说与为时对词]"),
    ],
)
def test_the_script_is_the_language_s(locale: str, foreign: str) -> None:
    """No word is left in English but names, and no character of the other Chinese script."""
    for id, said, _ in messages(locale):
        for one in said:
            assert not re.search(foreign, _PLACE.sub("", one).replace("Servicebook", "")), id
