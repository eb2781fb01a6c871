"""OpenDocument texts (ODT, as LibreOffice writes them) → drafts.

The document's XML is rewritten in the elements of HTML and read like all else. Tracked changes are
read as accepted: OpenDocument keeps what was deleted apart from the text, and it is passed over.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from kb.errors import ReadingError
from kb.readers import html_tree
from kb.readers.draft import UNSTATED, Draft, Source
from kb.readers.package import Package
from kb.readers.properties import in_package

_CONTENT = "content.xml"
_STYLES = "styles.xml"
_META = "meta.xml"
_MANIFEST = "META-INF/manifest.xml"

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_LINK = "{http://www.w3.org/1999/xlink}href"

_TAGS = {
    _TEXT + "p": "p",
    _TEXT + "list": "ul",
    _TEXT + "list-item": "li",
    _TEXT + "list-header": "li",
    _TEXT + "span": "span",
    _TEXT + "a": "a",
    _TEXT + "line-break": "br",
    _TABLE + "table": "table",
    _TABLE + "table-header-rows": "thead",
    _TABLE + "table-row": "tr",
    _TABLE + "table-cell": "td",
}
"""What stands for what in HTML. Elements that are not here leave only what is in them."""

_NOT_TEXT = {
    _TEXT + "tracked-changes",
    _TEXT + "table-of-content",
    _TEXT + "note-citation",
    _TEXT + "sequence-decls",
    _OFFICE + "annotation",
    _OFFICE + "forms",
    _TABLE + "covered-table-cell",
}
_QUOTES = ("Quotations", "Quote")
_TITLES = ("Title",)


def read(source: Source) -> list[Draft]:
    """The draft in an ODT file. Raises ReadingError when it is locked, damaged or too large."""
    package = Package(source.data)
    if _MANIFEST in package and b"encryption-data" in package.read(_MANIFEST):
        raise ReadingError("encrypted-file", "The file is locked with a password. Save it anew without one.")
    content = package.xml(_CONTENT)
    body = content.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise ReadingError("broken-file", "The file is no text document, whatever its name says.")
    page = _Rewriting(content, package.xml(_STYLES) if _STYLES in package else content).page(body)
    properties = in_package(package, _META)
    return [Draft(UNSTATED, tuple(html_tree.elements(page)), properties=properties)]


class _Rewriting:
    """Rewrites a document as HTML; knows its styles, and gathers its footnotes."""

    def __init__(self, content: Any, styles: Any) -> None:
        every = [*styles.iter(_STYLE + "style"), *content.iter(_STYLE + "style")]
        self._parents = {
            style.get(_STYLE + "name"): style.get(_STYLE + "parent-style-name") for style in every
        }
        self._numbered = {
            style.get(_STYLE + "name"): style.find(_TEXT + "list-level-style-number[@" + _TEXT + "level='1']")
            is not None
            for style in (*styles.iter(_TEXT + "list-style"), *content.iter(_TEXT + "list-style"))
        }
        self._notes: list[Any] = []

    def page(self, body: Any) -> Any:
        """The document as a tree of HTML, with its footnotes as a list at the end."""
        page = etree.Element("body")
        self._add_all(body, page)
        notes = etree.SubElement(page, "ol")
        for note in self._notes:  # a footnote holds no footnotes
            self._add_all(note, etree.SubElement(notes, "li"))
        return page

    def _add_all(self, node: Any, into: Any) -> None:
        """Add what is in `node` to `into`."""
        _append(into, node.text)
        for child in node:
            if isinstance(child.tag, str) and child.tag not in _NOT_TEXT:
                self._add(child, into)
            _append(into, child.tail)

    def _add(self, node: Any, into: Any) -> None:
        """Add `node` to `into`, as what it is in HTML."""
        if node.tag == _TEXT + "note":
            self._notes += node.findall(_TEXT + "note-body")
            _append(into, f"[{len(self._notes)}]")
        elif node.tag in (_TEXT + "s", _TEXT + "tab"):
            _append(into, " ")
        elif tag := self._tag(node):
            made = etree.SubElement(into, tag)
            if address := node.get(_LINK):
                made.set("href", address)
            self._add_all(node, made)
        else:
            self._add_all(node, into)

    def _tag(self, node: Any) -> str:
        """What an element is in HTML; empty when only what is in it matters."""
        if node.tag == _TEXT + "h":
            level = node.get(_TEXT + "outline-level", "1")
            return f"h{min(int(level), 6)}" if level in tuple("123456789") else "h6"
        if node.tag == _TEXT + "p" and self._has_style(node, _TITLES):
            return "h1"
        if node.tag == _TEXT + "p" and self._has_style(node, _QUOTES):
            return "blockquote"
        if node.tag == _TEXT + "list" and self._numbered.get(node.get(_TEXT + "style-name")):
            return "ol"
        return _TAGS.get(node.tag, "")

    def _has_style(self, node: Any, names: tuple[str, ...]) -> bool:
        """Whether the style of a paragraph, or one that it comes from, is one of these."""
        style = node.get(_TEXT + "style-name")
        seen = set()
        while style and style not in seen:
            if style in names:
                return True
            seen.add(style)
            style = self._parents.get(style)
        return False


def _append(into: Any, text: str | None) -> None:
    """Add text after what is already in an element."""
    if not text:
        return
    if len(into):
        into[-1].tail = (into[-1].tail or "") + text
    else:
        into.text = (into.text or "") + text
