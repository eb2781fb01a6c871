"""Word documents (DOCX) → drafts, by way of mammoth.

Tracked changes are read as accepted: what was inserted is there, what was deleted is not. Footnotes
stand as a list at the end, as on a page.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import mammoth

from kb.errors import ReadingError
from kb.readers import html_tree
from kb.readers.draft import UNSTATED, Draft, Source
from kb.readers.package import Package
from kb.readers.properties import in_package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kb.readers.html_tree import Node

_DOCUMENT = "word/document.xml"
_STYLES = "word/styles.xml"
_PROPERTIES = "docProps/core.xml"
_MOST_BASES = 20
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

# Built-in styles are called in English whatever language Word speaks.
_STYLE_MAP = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
"""


# What mammoth meets in a document that no program would write.
_DAMAGED = (KeyError, ValueError, IndexError, AttributeError, TypeError, RecursionError, OSError)


def read(source: Source) -> list[Draft]:
    """The draft in a DOCX file. Raises ReadingError when it is locked, damaged or too large."""
    package = Package(source.data)
    package.check_all_xml()
    if _DOCUMENT not in package:
        raise ReadingError("broken-file", "The file is no Word document, whatever its name says.")
    body = html_tree.parse(_html(source.data, package))
    _drop_backlinks(body)
    properties = in_package(package, _PROPERTIES)
    return [Draft(UNSTATED, tuple(html_tree.elements(body)), properties=properties)]


def _html(data: bytes, package: Package) -> str:
    """The document as mammoth gives it, without pictures."""
    headings = _headings(package.xml(_STYLES)) if _STYLES in package else ()
    try:
        made = mammoth.convert_to_html(
            BytesIO(data),
            style_map="\n".join([_STYLE_MAP, *headings]),
            include_embedded_style_map=False,
            convert_image=lambda image: [],
        )
    except _DAMAGED as error:
        message = (
            f"The document is damaged ({type(error).__name__}: {error}). Open it in Word and save it anew."
        )
        raise ReadingError("broken-file", message) from error
    return str(made.value)


def _headings(styles: Any) -> Iterator[str]:
    """Lines for mammoth that make headings of a house's own styles, which mammoth does not know.

    Such a style states its outline level, or is based on one that does.
    """
    by_id = {style.get(_WORD + "styleId"): style for style in styles.iter(_WORD + "style")}
    for style in by_id.values():
        name = style.find(_WORD + "name")
        level = _outline_level(style, by_id)
        shown = name.get(_WORD + "val", "") if name is not None else ""
        if level is not None and re.fullmatch(r"[^'\\\n]+", shown):
            yield f"p[style-name='{shown}'] => h{level + 1}:fresh"


def _outline_level(style: Any, by_id: dict[str, Any]) -> int | None:
    """The level (0–5) that a style, or one that it is based on, states; None for running text."""
    for _ in range(_MOST_BASES):
        level = style.find(f"{_WORD}pPr/{_WORD}outlineLvl")
        if level is not None:
            stated = level.get(_WORD + "val", "")
            return int(stated) if stated in tuple("012345") else None
        base = style.find(_WORD + "basedOn")
        style = by_id.get(base.get(_WORD + "val")) if base is not None else None
        if style is None:
            break
    return None


def _drop_backlinks(body: Node) -> None:
    """Take out the arrows that lead from each footnote back to where it is called."""
    for link in list(body.iter("a")):
        if re.match(r"#(?:foot|end)note-ref-", link.get("href", "")):
            link.drop_tree()
