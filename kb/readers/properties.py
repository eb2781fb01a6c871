"""What a page or document carries about itself, as Metadata.

Word, LibreOffice, PDF and EPUB all write Dublin Core or something near it, and so do pages. Much of
it is filled in by programs: what is plainly not meant for people is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kb.readers.dates import parse_date
from kb.readers.decoding import clean
from kb.readers.draft import UNSTATED, Metadata
from kb.readers.front_matter import language_of, separated, web_address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from kb.readers.package import Package

_MOST_CHARACTERS = 1_000

# Титул по умолчанию: what programs call a document that nobody has named.
_NO_TITLE = re.compile(
    r"""(?:microsoft\ word\ -\ .*|.*\.(?:docx?|pptx?|odt|odp|rtf|indd|qxd|html?|pdf)
      |untitled.*|без\ (?:названия|имени).*|документ\s?\d*|document\s?\d*|未命名.*|无标题.*|文档\s?\d*
      |powerpoint\ presentation|презентация\ powerpoint|презентация\s?\d*|演示文稿\s?\d*
      |слайд\s?\d+|slide\s?\d+)""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_NAME = re.compile(
    r"(?:admin\w*|user\w*|root|owner|unknown|author|microsoft.*|windows.*|python-(?:docx|pptx).*|un-named"
    r"|пользователь.*|администратор|автор|用户|微软用户|作者|openai.*|.*@.*)",
    re.IGNORECASE,
)

# What the templates of python-docx and python-pptx say of themselves, in whatever is made with them.
_NO_SUMMARY = re.compile(r"generated (?:by|using) python-(?:docx|pptx)")
_NO_DATE = {"2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z", "2013-01-27T09:15:58Z"}

_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_OFFICE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
_ODF = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"


def properties(
    *,
    title: str | None = "",
    author: str | None = "",
    publisher: str | None = "",
    published: str | None = "",
    url: str | None = "",
    licence: str | None = "",
    summary: str | None = "",
    keywords: Iterable[str] = (),
    language: str | None = "",
) -> Metadata:
    """What a document says about itself, without what only programs say."""
    said, named, told = _text(title), _text(author), _text(summary)
    code, locale = language_of(_text(language))
    return Metadata(
        title="" if _NO_TITLE.fullmatch(said) else said,
        author="" if _NO_NAME.fullmatch(named) else named,
        publisher=_text(publisher),
        published=_date(_text(published)),
        url=web_address(_text(url)),
        licence=_text(licence),
        summary="" if _NO_SUMMARY.fullmatch(told) else told,
        keywords=tuple(dict.fromkeys(filter(None, map(_text, keywords)))),
        language=code,
        locale=locale,
    )


def in_package(package: Package, name: str) -> Metadata:
    """What the member `name` of an office file says about the document, if there is such a member."""
    return from_dublin_core(package.xml(name)) if name in package else UNSTATED


def from_dublin_core(root: Any) -> Metadata:
    """What the elements of Dublin Core at and below an lxml element say, with those of OOXML and ODF.

    The date is that of the first version: `created`, or else `date` or `modified`.
    """

    def first(*names: str) -> str:
        return next((text for name in names for node in root.iter(name) if (text := _text(node.text))), "")

    keywords = [node.text or "" for node in root.iter(_ODF + "keyword", _OFFICE + "keywords")]
    return properties(
        title=first(_DUBLIN_CORE + "title"),
        author=", ".join(
            dict.fromkeys(_each(root, _ODF + "initial-creator") or _each(root, _DUBLIN_CORE + "creator"))
        ),
        publisher=first(_DUBLIN_CORE + "publisher"),
        published=first(
            _TERMS + "created", _ODF + "creation-date", _DUBLIN_CORE + "date", _TERMS + "modified"
        ),
        url=first(_DUBLIN_CORE + "source", _DUBLIN_CORE + "identifier"),
        licence=first(_DUBLIN_CORE + "rights"),
        summary=first(_DUBLIN_CORE + "description"),
        keywords=(part for text in keywords for part in separated(text)),
        language=first(_DUBLIN_CORE + "language"),
    )


def _each(root: Any, name: str) -> list[str]:
    return [text for node in root.iter(name) if (text := _text(node.text))]


def _text(value: str | None) -> str:
    """A statement without invisible characters, with its white space collapsed."""
    return " ".join(clean(value or "").split())[:_MOST_CHARACTERS]


def _date(text: str) -> date | None:
    """A date, also as PDF writes it: D:20260314093000+03'00'."""
    if text in _NO_DATE:
        return None
    if match := re.match(r"D:(\d{4})(\d{2})(\d{2})", text):
        text = "-".join(match.groups())
    return parse_date(text)
