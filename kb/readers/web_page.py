"""HTML pages, as they were saved or exported → a draft: the article without what stands around it."""

from __future__ import annotations

import codecs
import re
from copy import deepcopy
from typing import TYPE_CHECKING

from trafilatura.metadata import extract_metadata

from kb.errors import ReadingError
from kb.readers import html_tree, main_text
from kb.readers.decoding import decode
from kb.readers.draft import UNSTATED, Draft, Metadata, Source
from kb.readers.properties import properties

if TYPE_CHECKING:
    from kb.readers.html_tree import Node

_HEAD = 4_096
"""Bytes in which a page may state its encoding; the standard has 1,024."""

_CHARSET = re.compile(
    rb"<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")


_AS_BROWSERS_READ = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "cp950",
    "iso-8859-1": "cp1252",
}
"""The encodings that browsers take for others, which hold more."""


def read(source: Source) -> list[Draft]:
    """The draft of the article on a page. Raises ReadingError when it is no text that can be decoded."""
    page = html_tree.parse(decoded(source))
    said = _properties(page)
    elements = html_tree.elements(main_text.main_part(page), by_line=True, address=said.url)
    return [Draft(UNSTATED, tuple(elements), properties=said)]


def decoded(source: Source) -> str:
    """The markup of a page, in the encoding of its byte order mark, UTF-8, or the one that it states."""
    data = source.data
    if not data.strip():
        raise ReadingError("empty-file", "The file is empty: there is nothing to read.")
    if not data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _as(data, "utf-8") or _as(data, _stated_encoding(data))
        if text:
            if "\0" in text:
                raise ReadingError("binary-file", "This is no page: it contains zero bytes.")
            return _XML_DECLARATION.sub("", text)
    return _XML_DECLARATION.sub("", decode(source).text)


def _stated_encoding(data: bytes) -> str:
    """The encoding that a page states, as browsers understand it."""
    match = _CHARSET.search(data[:_HEAD])
    name = match[1].decode("ascii", "ignore").lower() if match else ""
    return _AS_BROWSERS_READ.get(name, name)


def _as(data: bytes, encoding: str) -> str:
    """`data` in an encoding; empty when it is none, unknown, or no encoding of text."""
    try:
        return data.decode(encoding) if encoding else ""
    except (LookupError, UnicodeError, ValueError):
        return ""


def _properties(page: Node) -> Metadata:
    """What a page says about itself in its head, its JSON-LD and its byline."""
    found = extract_metadata(deepcopy(page), extensive=False)
    return properties(
        title=found.title,
        author=_content(page, "author") or found.author,
        publisher=found.sitename,
        published=found.date,
        url=found.url,
        licence=_licence(page) or found.license,
        summary=found.description,
        keywords=(*(found.tags or ()), *(found.categories or ())),
        language=page.get("lang") or page.get("xml:lang"),
    )


def _content(page: Node, name: str) -> str:
    """What a page's `meta` element of this name says; trafilatura takes no author without a space: 王小明."""
    return next(
        (node.get("content", "") for node in page.iter("meta") if node.get("name", "").lower() == name), ""
    )


def _licence(page: Node) -> str:
    """The address of the licence that a page links to."""
    linked = (node for node in page.iter("link", "a") if "license" in node.get("rel", "").lower().split())
    return next((node.get("href", "") for node in linked), "")
