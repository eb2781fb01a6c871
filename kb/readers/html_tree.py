"""A tree of HTML elements (lxml) → the headings and blocks it shows, in reading order.

Web pages come as HTML, and the libraries for other formats give it, so this is where all of them
meet. Nothing of it is passed on as markup.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from kb.columns import columns
from kb.errors import ReadingError
from kb.models import CELL_SEPARATOR, HEADER_ROW, BlockKind
from kb.readers.decoding import MAX_CHARACTERS, clean
from kb.readers.draft import BULLET, Element
from kb.readers.lines import could_end_heading
from kb.readers.prose import Piece, Prose, joined
from kb.readers.raw_html import BREAKING, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

Node = Any
"""An element of lxml, which has no types of its own."""

_MAX_MARKUP = 8_000_000
"""Characters, pictures not counted. The parser silently drops a text of more than ten million."""

_MAX_NODES = 100_000
"""Elements of a page or document. A million headings are no article."""

_NO_TEXT = UNSEEN | {
    "button", "select", "option", "textarea", "datalist", "canvas", "audio", "video", "map", "math",
    "rt", "rp", "title", "meta", "link", "base", "frameset",
}  # fmt: skip
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,9})|([0-9]{1,9}));?", re.IGNORECASE)
_LONG_TAG = re.compile(r"<([a-zA-Z][\w:-]*)[^<>]{8000,}>")
"""A tag with a picture in it, or with so many attributes that the parser would take minutes."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "menu", "dir")
_EMPHASIS = ("b", "strong")
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

_MAX_CELL = 1_000
"""Characters of a table cell; one with more holds a whole text, in a table that only lays out a page."""

_MAX_BOLD_HEADING = 100
"""Columns of the longest bold line that may be a heading."""


def parse(markup: str) -> Node:
    """The tree of an HTML page or fragment, repaired as browsers do.

    The parser knows no entity but HTML's own and fetches nothing. Raises ReadingError when there is
    nothing in it, or far too much, or it is nested too deeply.
    """
    markup = _LONG_TAG.sub(r"<\1>", _REFERENCE.sub(_storable_reference, storable(markup)))
    if len(markup) > _MAX_MARKUP:
        message = f"The page has {len(markup):,} characters of markup; at most {_MAX_MARKUP:,} are read."
        raise ReadingError("file-too-large", message)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError) as error:
        raise ReadingError("broken-file", f"This cannot be read as a page: {error}.") from error
    if deep := next((entry for entry in parser.error_log if "xcessive depth" in entry.message), None):
        message = "From here on, elements are nested over 256 deep. Save the page anew with a browser."
        raise ReadingError("nested-too-deeply", message, deep.line or None)
    if any(number >= _MAX_NODES for number, _ in enumerate(root.iter())):
        message = f"There are more than {_MAX_NODES:,} elements in this; split it into articles."
        raise ReadingError("file-too-large", message)
    return root


def storable(text: str) -> str:
    """`text` without the characters that lxml does not take: controls, lone surrogates."""
    return _NOT_XML.sub("", text)


def _storable_reference(reference: re.Match[str]) -> str:
    """A character reference as it stands, or nothing when it stands for such a character: &#1;"""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return reference.group() if number <= sys.maxunicode and storable(chr(number)) else ""


def elements(root: Node, *, by_line: bool = False, address: str = "") -> list[Element]:
    """The headings and blocks that `root` shows.

    Each is numbered with its line in the file (`by_line`) or else by its order. Links are relative to
    `address`; without one, only complete ones lead anywhere. Bold lines stand for
    headings where there are none, as in letters typed without styles. Raises ReadingError when the
    text is too long.
    """
    walk = _Walk(by_line, address)
    walk.go_through(root)
    return walk.found if any(element.is_heading for element in walk.found[1:]) else _with_bold_headings(walk)


def is_hidden(node: Node) -> bool:
    """Whether a reader of the page does not see an element, whatever is in it."""
    return (
        not isinstance(node.tag, str)  # a comment, or the like
        or node.tag in _NO_TEXT
        or node.get("hidden") is not None
        or node.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(node.get("style", "")))
    )


class _Walk:
    """Goes through a tree, without recursion, and knows which list or quote it is in."""

    def __init__(self, by_line: bool, address: str) -> None:
        self.found: list[Element] = []
        self.bold: set[int] = set()  # the indices of the paragraphs that are all bold
        self._by_line = by_line
        self._address = address
        self._line = 1
        self._size = 0
        self._lists: list[int] = []  # the number of the last item of each list around, -1 for bullets
        self._quotes = 0
        self._marker = ""  # of the item that has just begun
        self._level = 0  # of the heading around
        self._emphasis = 0
        self._begin()

    def _begin(self) -> None:
        self._prose = Prose(self._line)
        self._plain = False  # whether something of it is not bold

    def go_through(self, root: Node) -> None:
        """Add everything that `root` shows to what was found."""
        events = etree.iterwalk(root, events=("start", "end"))
        skipped = None
        for event, node in events:
            if event == "start":
                if self._start(node):
                    self._write(node.text)
                else:
                    skipped = node
                    events.skip_subtree()
            else:
                if node is not skipped:
                    self._end(node)
                skipped = None
                if node is not root:
                    self._write(node.tail)
        self._flush()

    def _start(self, node: Node) -> bool:
        """Enter an element; False when what is in it is not to be gone through."""
        if is_hidden(node):
            return False
        self._line = node.sourceline or self._line
        match node.tag:
            case "a":
                nofollow = any(word in node.get("rel", "").lower() for word in ("nofollow", "sponsored"))
                self._prose.open_link(_complete(node.get("href", ""), self._address), nofollow)
            case "br":
                self._prose.hard_break(0)
            case "pre":
                self._flush()
                self._add_code(node)
                return False
            case "table" if not _is_layout(node):
                self._flush()
                self._add_table(node)
                return False
            case tag if tag in BREAKING or tag in _LISTS:
                self._flush()
                self._open_block(node)
        self._emphasis += _is_bold(node)
        return True

    def _open_block(self, node: Node) -> None:
        if node.tag in _HEADINGS:
            self._level = _HEADINGS[node.tag]
        elif node.tag in _LISTS:
            self._lists.append(_first_number(node) - 1 if node.tag == "ol" else -1)
        elif node.tag == "li":
            self._marker = BULLET
            if self._lists and self._lists[-1] >= 0:
                self._lists[-1] += 1
                self._marker = f"{self._lists[-1]}."
        elif node.tag == "blockquote":
            self._quotes += 1
        self._begin()

    def _end(self, node: Node) -> None:
        self._emphasis -= _is_bold(node)
        if node.tag == "a":
            self._prose.close_link()
        elif node.tag in BREAKING or node.tag in _LISTS:
            self._flush()
            if node.tag in _HEADINGS:
                self._level = 0
            elif node.tag in _LISTS:
                self._lists.pop()
                self._marker = ""
            elif node.tag == "blockquote":
                self._quotes -= 1

    # What it finds:

    def _write(self, text: str | None) -> None:
        if not text:
            return
        self._size += len(text)
        if self._size > MAX_CHARACTERS:
            message = f"There are more than {MAX_CHARACTERS:,} characters in this; split it into articles."
            raise ReadingError("file-too-large", message)
        self._prose.write(clean(text).replace("\xa0", " "))
        self._plain = self._plain or (not self._emphasis and not text.isspace())

    def _flush(self) -> None:
        """The paragraph, heading or item that was written ends here."""
        self._prose.end()
        if self._level and self._prose.pieces:
            piece = self._prose.joined(self._line)
            self._add(piece, Element(piece.text, 0, level=self._level, links=piece.links))
        elif self._prose.pieces:
            self._add_blocks(self._prose.pieces)
        self._begin()

    def _add_blocks(self, pieces: Sequence[Piece]) -> None:
        kind, depth = BlockKind.PARAGRAPH, 0
        if self._quotes:
            kind, depth = BlockKind.QUOTE, self._quotes - 1
        elif self._lists or self._marker:
            kind, depth = BlockKind.LIST_ITEM, max(len(self._lists) - 1, 0)
        if kind is BlockKind.PARAGRAPH and len(pieces) == 1 and not self._plain:
            self.bold.add(len(self.found))
        for piece in pieces:
            block = Element(piece.text, 0, kind, links=piece.links, marker=self._marker, depth=depth)
            self._add(piece, block)
            self._marker = ""  # an item's second paragraph has none

    def _add(self, piece: Piece, element: Element) -> None:
        line = piece.line if self._by_line else len(self.found) + 1
        self.found.append(replace(element, line=line))

    def _add_code(self, node: Node) -> None:
        if text := clean("".join(node.itertext())).strip():
            self._size += len(text)
            self._add(Piece(text, (), self._line), Element(text, 0, BlockKind.CODE, depth=len(self._lists)))

    def _add_table(self, table: Node) -> None:
        for caption in table.iter("caption"):
            self._prose.write(clean("".join(caption.itertext())))
        self._flush()
        for row in table.iter("tr"):
            self._line = row.sourceline or self._line
            cells = [cell for cell in row if cell.tag in ("td", "th")]
            is_header = row.getparent().tag == "thead" or all(cell.tag == "th" for cell in cells)
            self._add_row([self._cell(cell) for cell in cells], HEADER_ROW if is_header else "")

    def _add_row(self, cells: Sequence[Piece], marker: str) -> None:
        if any(cell.text for cell in cells):
            piece = joined(cells, CELL_SEPARATOR, self._line)
            row = Element(piece.text, 0, BlockKind.TABLE_ROW, links=piece.links, marker=marker)
            self._add(piece, row)

    def _cell(self, node: Node) -> Piece:
        """All that is in a cell, in one line."""
        inside = _Walk(self._by_line, self._address)
        inside._size = self._size
        inside.go_through(node)
        self._size = inside._size
        return joined([Piece(block.text, block.links, 0) for block in inside.found], " ", self._line)


def _complete(url: str, address: str) -> str:
    """The whole address of a link on the page at `address`; empty when it leads nowhere else."""
    try:
        url = urljoin(address, url.strip())
        return url if urlsplit(url).scheme in ("http", "https", "mailto") and not url.startswith("#") else ""
    except ValueError:  # http://[oops
        return ""


def _is_bold(node: Node) -> bool:
    return node.tag in _EMPHASIS or bool(_BOLD.search(node.get("style", "")))


def _first_number(node: Node) -> int:
    """The number of the first item of a numbered list."""
    start = node.get("start", "1")
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _is_layout(table: Node) -> bool:
    """Whether a table only lays out a page: its cells hold headings, tables or whole texts."""
    if any(inner is not table for inner in table.iter("table", *_HEADINGS)):
        return True
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    if all(len(row) < 2 for row in rows):
        return True
    return any(len("".join(cell.itertext())) > _MAX_CELL for row in rows for cell in row)


def _with_bold_headings(walk: _Walk) -> list[Element]:
    """What was found, with the short bold lines that stand above other text as headings."""
    bold = {index for index in walk.bold if _could_be_heading(walk.found[index].text)}
    above_text = {index for index in bold if index + 1 < len(walk.found) and index + 1 not in walk.bold}
    return [
        replace(element, level=2) if index in above_text else element
        for index, element in enumerate(walk.found)
    ]


def _could_be_heading(text: str) -> bool:
    return columns(text) <= _MAX_BOLD_HEADING and could_end_heading(text)
