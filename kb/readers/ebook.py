"""E-books (EPUB) → drafts: a book is one article, and its chapters follow one another as in print."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lxml import etree

from kb.errors import ReadingError
from kb.readers import html_tree
from kb.readers.draft import UNSTATED, Draft, Source
from kb.readers.package import Package
from kb.readers.properties import from_dublin_core
from kb.readers.web_page import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kb.readers.html_tree import Node

_CONTAINER = "META-INF/container.xml"
_PROTECTION = "META-INF/rights.xml"
_ROOT_FILE = "{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"
_OPF = "{http://www.idpf.org/2007/opf}"
_PAGES = ("application/xhtml+xml", "text/html")
_BOLD_RULE = re.compile(r"\.([\w-]+)\s*\{[^{}]*font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_MAX_STYLES = 1_000_000


def read(source: Source) -> list[Draft]:
    """The draft in an EPUB file. Raises ReadingError when it is locked, damaged or too large."""
    package = Package(source.data)
    if _PROTECTION in package:
        raise ReadingError("encrypted-file", "The book is protected against copying and cannot be read.")
    name = _book_file(package)
    book = package.xml(name)
    members = dict(_members(book, posixpath.dirname(name)))
    text = etree.Element("body")
    for reference in book.iter(_OPF + "itemref"):
        member, kind = members.get(reference.get("idref", ""), ("", ""))
        if kind in _PAGES and member in package:
            text.extend(_chapter(Source(member, package.read(member))))
    _embolden(text, _bold_classes(package, members.values()))
    return [Draft(UNSTATED, tuple(html_tree.elements(text)), properties=from_dublin_core(book))]


def _book_file(package: Package) -> str:
    """The name of the member that says what the book consists of."""
    for root in package.xml(_CONTAINER).iter(_ROOT_FILE):
        if path := root.get("full-path"):
            return str(path)
    raise ReadingError("broken-file", f"The file is damaged: {_CONTAINER} names no book.")


def _members(book: Any, folder: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The id, name and media type of each member of the book."""
    for item in book.iter(_OPF + "item"):
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        yield item.get("id", ""), (name, item.get("media-type", ""))


def _chapter(source: Source) -> Node:
    """The body of a chapter, its references to notes in brackets: слово<sup>1</sup> -> слово[1]."""
    page = html_tree.parse(decoded(source))
    for link in page.iter("a"):
        if "#" in link.get("href", "") and link.getparent().tag == "sup" and link.text:
            begins = (
                link.getparent().getprevious() is None
                and not (link.getparent().getparent().text or "").strip()
            )
            link.text = f"[{link.text}]{' ' * begins}"
    body = page.find("body")
    return page if body is None else body


def _bold_classes(package: Package, members: Iterable[tuple[str, str]]) -> set[str]:
    """The classes that the book's style sheets make bold: some programs mark headings in no other way."""
    sheets = (package.read(name) for name, kind in members if kind == "text/css" and name in package)
    return {
        match[1]
        for sheet in sheets
        for match in _BOLD_RULE.finditer(sheet[:_MAX_STYLES].decode("utf-8", "replace"))
    }


def _embolden(text: Node, classes: set[str]) -> None:
    for node in text.iter():
        if classes & set(node.get("class", "").split()):
            node.set("style", "font-weight: bold")
