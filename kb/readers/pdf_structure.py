"""A page of a tagged PDF → the headings and blocks that its tags name.

Word, Chromium and others write into a PDF what is a heading, a list or a table, and which of the
text is only a header or footer. Where that is there, nothing need be guessed: the tags are rewritten
in the elements of HTML and read like all else.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pypdfium2.raw as pdfium_c
from lxml import etree

from kb.readers import html_tree
from kb.readers.pdf_layout import with_next
from kb.readers.prose import joint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kb.readers.draft import Element
    from kb.readers.html_tree import Node

_MAX_TAGS = 20_000
_MAX_DEPTH = 60
"""Of one page: tags may refer to one another in circles."""

_TAGS = {
    "Document": "div", "Part": "div", "Art": "div", "Sect": "div", "Div": "div",
    "Aside": "div", "Note": "p", "FENote": "p", "Caption": "p", "P": "p",
    "Title": "h1", "H": "h2", "H1": "h1", "H2": "h2", "H3": "h3", "H4": "h4", "H5": "h5", "H6": "h6",
    "L": "ul", "LI": "li", "BlockQuote": "blockquote",
    "Table": "table", "THead": "thead", "TBody": "tbody", "TFoot": "tfoot", "TR": "tr",
    "TH": "th", "TD": "td",
}  # fmt: skip
"""What stands for what in HTML. Other tags leave only what is in them."""

_NOT_TEXT = ("Artifact", "Figure", "Formula", "Form", "TOC", "Lbl")
_ENOUGH = 0.9


def elements(page: Any, texts: Mapping[int, str], number: int) -> list[Element]:
    """The elements of a page, numbered with it; none when its tags do not cover the text.

    `texts` are the pieces of its text by the number that tags know them by, -1 for what has none.
    """
    tree = pdfium_c.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return []
    try:
        body = etree.Element("body")
        rewriting = _Rewriting(texts)
        for index in range(min(pdfium_c.FPDF_StructTree_CountChildren(tree), _MAX_TAGS)):
            rewriting.add(pdfium_c.FPDF_StructTree_GetChildAtIndex(tree, index), body)
    finally:
        pdfium_c.FPDF_StructTree_Close(tree)
    if rewriting.covered < _ENOUGH * sum(len(text) for key, text in texts.items() if key >= 0):
        return []
    return [replace(element, line=number) for element in html_tree.elements(body)]


class _Rewriting:
    """Rewrites tags as HTML, and counts the letters that they cover."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._left = _MAX_TAGS
        self.covered = 0

    def add(self, tag: Any, into: Node, depth: int = 0) -> None:
        """Add a tag and what is in it to `into`."""
        self._left -= 1
        if not tag or self._left < 0 or depth > _MAX_DEPTH:
            return
        kind = _string(pdfium_c.FPDF_StructElement_GetType, tag)
        if kind in _TAGS and kind not in _NOT_TEXT:
            into = etree.SubElement(into, _TAGS[kind])
        hidden = etree.Element("span")
        for index in range(min(pdfium_c.FPDF_StructElement_CountChildren(tag), _MAX_TAGS)):
            target = hidden if kind in _NOT_TEXT else into
            if child := pdfium_c.FPDF_StructElement_GetChildAtIndex(tag, index):
                self.add(child, target, depth + 1)
            else:
                self._write(pdfium_c.FPDF_StructElement_GetChildMarkedContentID(tag, index), target)
        if kind == "Lbl" and (match := re.match(r"\s*(\d{1,4})[.)]", "".join(hidden.itertext()))):
            _number(into, match[1])

    def _write(self, key: int, into: Node) -> None:
        text = self._texts.get(key, "") if key >= 0 else ""
        self.covered += len(text)
        text = html_tree.storable(text)
        if len(into):
            into[-1].tail = _after(into[-1].tail or "", text)
        else:
            into.text = _after(into.text or "", text)


def _after(text: str, following: str) -> str:
    """A text and the piece that follows it, perhaps on the next line."""
    line = text.rstrip(" ")
    if not line.endswith("\n"):
        return text + following
    return with_next(line.rstrip("\n "), following.lstrip(" "))


def _number(item: Node, number: str) -> None:
    """Make the list of a numbered item one of numbers, from that of its first item on."""
    numbered = item.getparent() if item.tag == "li" else None
    if numbered is not None and numbered.tag == "ul":
        numbered.tag = "ol"
        numbered.set("start", number)


def _string(get: Callable[..., int], tag: Any) -> str:
    """What a function of PDFium says of a tag in UTF-16."""
    buffer = ctypes.create_string_buffer(128)
    size = get(tag, buffer, len(buffer))
    return buffer.raw[: max(min(size, len(buffer)) - 2, 0)].decode("utf-16-le", "ignore")


def joined(pages: Sequence[Sequence[Element]]) -> list[Element]:
    """The elements of all pages, with what runs on from one page to the next put together."""
    found: list[Element] = []
    for page in pages:
        rest = list(page)
        if found and rest and _runs_on(found[-1], rest[0]):
            before, after = found[-1].text, rest[0].text
            found[-1] = replace(found[-1], text=f"{before}{joint(before, after)}{after}")
            rest = rest[1:]
        found += rest
    return found


def _runs_on(last: Element, first: Element) -> bool:
    """Whether an element goes on with the first of the next page."""
    return (
        last.kind is first.kind
        and not last.is_heading
        and not first.is_heading
        and not last.text.endswith((".", "!", "?", "…", "。", "！", "？", ":", "：", ";", "；"))
    )
