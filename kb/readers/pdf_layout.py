"""Characters at their places on pages → headings, paragraphs, list items and table rows.

A PDF keeps no structure, only ink. Lines follow from the characters' places; headers and footers
are what repeats at the edges of pages; the size and weight of the letters tell headings; gaps,
indents and lines that end early tell where a paragraph ends, also across pages.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from kb.models import CELL_SEPARATOR, BlockKind
from kb.readers import lines as text_lines
from kb.readers.decoding import clean
from kb.readers.draft import BULLET, Element
from kb.readers.prose import joint

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

_GAP = 1.6
"""Ems between two words from which they stand in different cells of a table."""

_EDGE = 2
"""Lines at the top and at the bottom of each page that may be headers and footers."""

_OFTEN = 0.4
"""The share of the pages on which a header or footer stands: on those to the left it may be another."""

_HEADING_SIZE = 1.12
"""A heading is so many times as large as running text; a bold one need not be."""

_MAX_HEADING = 200
_LEADING = 1.3
"""Lines of a paragraph lie at most so many times further apart than its lines usually do."""

_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:страница|стр\.?|с\.|page|p\.|第)?\s*\d{1,4}\s*(?:(?:из|of|/|页|頁|共)\s*)*\d{0,4}\s*[页頁]?)\W*",
    re.IGNORECASE,
)
_SOFT_HYPHENS = ("\x02", "\xad", "\u2010", "\ufffe")
_LONGEST_WORD = 60
_PARTICLES = ("то", "либо", "нибудь", "таки", "ка")


@dataclass(frozen=True, slots=True)
class Character:
    """A character, its box on the page in points (the origin is at the lower left), and how it is written."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    is_bold: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. `cells` are its parts between wide gaps, `lefts` where each begins; `size` is that
    of most of its letters."""

    cells: tuple[str, ...]
    lefts: tuple[float, ...]
    page: int
    left: float
    bottom: float
    right: float
    top: float
    size: float
    is_bold: bool

    @property
    def text(self) -> str:
        """All that it says."""
        return " ".join(self.cells)

    @property
    def style(self) -> tuple[float, bool]:
        """What tells a heading from running text."""
        return self.size, self.is_bold

    @property
    def ends_sentence(self) -> bool:
        """Whether it ends as a sentence does, perhaps in quotes or brackets."""
        return text_lines.ends_sentence(self.text)


def lines_of(characters: Sequence[Character], page: int) -> Iterator[Line]:
    """The lines that the characters of a page stand in, in the order of the file."""
    row: list[Character] = []
    for character in characters:
        if row and not _is_beside(row, character):
            yield from _line(row, page)
            row = []
        row.append(character)
    yield from _line(row, page)


def elements(lines: Sequence[Line]) -> list[Element]:
    """The headings and blocks that lines make up, without headers, footers and page numbers.

    Footnotes are gathered at the end, so that a text runs on from page to page.
    """
    text, notes = _without_notes(_without_edges(lines))
    layout = _Layout(text)
    found = [(layout.element(block), block[0].left) for block in layout.blocks(text)]
    found += [(layout.note(block), block[0].left) for block in layout.blocks(notes)]
    return [element for element in _with_depths(found) if element.text]


# --- Lines --------------------------------------------------------------------------------------


def _is_beside(row: Sequence[Character], character: Character) -> bool:
    """Whether a character stands in the line of those before it: mostly as high, and further on."""
    last = next((other for other in reversed(row) if not other.text.isspace()), row[-1])
    if character.text.isspace():
        return True
    overlap = min(last.top, character.top) - max(last.bottom, character.bottom)
    lower = min(last.top - last.bottom, character.top - character.bottom)
    return overlap > 0.4 * lower and character.left > last.left - last.size


def _line(row: Sequence[Character], page: int) -> Iterator[Line]:
    """The line that a row of characters is, unless it is blank."""
    seen = [character for character in row if not character.text.isspace()]
    if not seen:
        return
    size = Counter(character.size for character in seen).most_common(1)[0][0]
    level = [character for character in seen if character.size == size]
    cells = _cells(row, size, min(character.bottom for character in level))
    yield Line(
        cells=tuple(text for text, _ in cells),
        lefts=tuple(left for _, left in cells),
        page=page,
        left=min(character.left for character in seen),
        bottom=statistics.median(character.bottom for character in level),
        right=max(character.right for character in seen),
        top=max(character.top for character in level),
        size=size,
        is_bold=sum(character.is_bold for character in seen) > 0.9 * len(seen),
    )


def _cells(row: Sequence[Character], size: float, bottom: float) -> list[tuple[str, float]]:
    """What each part of a line says and where it begins.

    A small raised number is a reference to a note: слово¹ -> слово[1].
    """
    cells: list[list[str]] = [[]]
    lefts: list[float] = []
    last: Character | None = None
    for character in row:
        text = character.text
        if not text.isspace():
            if (
                last
                and character.left - last.right > _GAP * size
                and not (len(cells) == 1 and _is_marker(cells[0]))
            ):
                cells.append([])
            if len(lefts) < len(cells):
                lefts.append(character.left)
            if text.isdigit() and character.size < 0.8 * size and character.bottom > bottom + 0.1 * size:
                text = f"[{text}]"
            last = character
        cells[-1].append(text)
    texts = [" ".join("".join(cell).replace("][", "").split(" ")).strip() for cell in cells]
    return list(zip(texts, lefts, strict=True))


def _is_marker(cell: Sequence[str]) -> bool:
    """Whether a cell is nothing but the number or bullet of a list item."""
    text = "".join(cell[:8]).strip()
    return len(cell) <= 8 and bool(text_lines.marked(text_lines.Line(f"{text} x", 0)).marker)


# --- Edges of pages -----------------------------------------------------------------------------


def _without_edges(lines: Sequence[Line]) -> list[Line]:
    """The lines without headers, footers and page numbers."""
    pages = [list(page) for _, page in groupby(lines, key=lambda line: line.page)]
    at_edge = [
        {id(line) for line in (*ordered[:_EDGE], *ordered[-_EDGE:])}
        for ordered in (sorted(page, key=lambda line: -line.top) for page in pages)
    ]
    repeated: Counter[tuple[str, int]] = Counter()
    for page, edge in zip(pages, at_edge, strict=True):
        repeated.update({_edge_key(line) for line in page if id(line) in edge})
    often = max(2, _OFTEN * len(pages))
    return [
        line
        for page, edge in zip(pages, at_edge, strict=True)
        for line in page
        if id(line) not in edge
        or not (repeated[_edge_key(line)] >= often or _PAGE_NUMBER.fullmatch(line.text))
    ]


def _edge_key(line: Line) -> tuple[str, int]:
    """What is the same of a header or footer on all pages: its words, and how high it stands."""
    return re.sub(r"\d+", "#", line.text), round(line.bottom / 4)


def _without_notes(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """The lines of the text, and those of footnotes: small ones at the end of a page, from a number on."""
    small = 0.93 * _body_style(lines)[0]
    text: list[Line] = []
    notes: list[Line] = []
    for _, page in groupby(lines, key=lambda line: line.page):
        whole = list(page)
        start = len(whole)
        while start > 0 and whole[start - 1].size < small:
            start -= 1
        while start < len(whole) and not whole[start].text.lstrip("[(")[:1].isdigit():
            start += 1
        text += whole[:start]
        notes += whole[start:]
    return text, notes


def _body_style(lines: Sequence[Line]) -> tuple[float, bool]:
    """The style of running text: that of most letters."""
    letters: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        letters[line.style] += len(line.text)
    return letters.most_common(1)[0][0] if letters else (1.0, False)


# --- Blocks -------------------------------------------------------------------------------------


class _Layout:
    """What the lines of a file have in common: its running text, its headings, its margins."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._body = _body_style(lines)
        headings = {line.style for line in lines if self._is_heading(line)}
        self._levels = {style: min(rank, 6) for rank, style in enumerate(sorted(headings, reverse=True), 1)}
        self._pitches = _pitches(lines)
        self._words = {word for line in lines for word in _WORD.findall(line.text)[:-1]}
        self._rights: dict[tuple[int, int], float] = {}
        for line in lines:
            column = self._column(line)
            self._rights[column] = max(self._rights.get(column, 0.0), line.right)

    def blocks(self, lines: Sequence[Line]) -> Iterator[list[Line]]:
        """The lines, those of one heading, paragraph, item or row together."""
        block: list[Line] = []
        for line in lines:
            if block and not self._continues(block, line):
                yield block
                block = []
            block.append(line)
        if block:
            yield block

    def element(self, block: Sequence[Line]) -> Element:
        """The element that the lines of a block make up."""
        first = block[0]
        if len(first.cells) > 1:
            return Element(CELL_SEPARATOR.join(map(clean, self._row(block))), first.page, BlockKind.TABLE_ROW)
        text = " ".join(clean(self._joined(block)).split())
        if self._is_heading(first):
            return Element(text, first.page, level=self._levels[first.style])
        item = text_lines.marked(text_lines.Line(text, 0))
        if item.marker:
            marker = BULLET if item.is_bulleted else item.marker
            return Element(item.text, first.page, BlockKind.LIST_ITEM, marker=marker)
        return Element(text, first.page)

    def note(self, block: Sequence[Line]) -> Element:
        """The element that a footnote is: 1 Замер в гостиницах -> an item numbered [1]."""
        text = " ".join(clean(self._joined(block)).split())
        match = re.match(r"\[?(\d{1,3})\]?[.)]?\s*(?=\S)", text)
        if match is None:
            return Element(text, block[0].page)
        return Element(text[match.end() :], block[0].page, BlockKind.LIST_ITEM, marker=f"[{match[1]}]")

    def _is_heading(self, line: Line) -> bool:
        """Whether a line is written as headings are: larger than running text, or bold as that is not."""
        size, is_bold = self._body
        stands_out = line.size >= _HEADING_SIZE * size or (
            line.is_bold and not is_bold and line.size > 0.9 * size
        )
        is_closed = not text_lines.could_end_heading(line.text) and line.size < 1.3 * size
        return stands_out and not is_closed and len(line.cells) == 1 and any(map(str.isalpha, line.text))

    def _continues(self, block: Sequence[Line], line: Line) -> bool:
        """Whether a line belongs to the block of those above it."""
        first, above = block[0], block[-1]
        if len(first.cells) > 1 or len(line.cells) > 1:
            return len(line.cells) == 1 and self._is_in_row(first, above, line)
        if self._is_heading(line) or self._is_heading(above):
            is_near = 0 < above.bottom - line.bottom < 2 * line.size and above.page == line.page
            return (
                above.style == line.style and is_near and sum(len(part.text) for part in block) < _MAX_HEADING
            )
        if _is_item(line):
            return False
        is_below = above.page == line.page and line.bottom < above.bottom
        if not is_below:  # the next column or page
            return not above.ends_sentence
        if above.bottom - line.bottom > _LEADING * self._pitches.get(line.size, 1.4 * line.size):
            return False
        if line.left > above.left + 0.9 * line.size and not (_is_item(first) and above is first):
            return False
        if line.left < first.left - 0.9 * line.size and _is_item(first):
            return False
        goes_on = line.text[:1].islower() and not above.ends_sentence
        return goes_on or not self._would_have_fitted(line, above)

    def _is_in_row(self, row: Line, above: Line, line: Line) -> bool:
        """Whether a line goes on with a cell of the row above."""
        is_near = 0 < above.bottom - line.bottom < 1.8 * line.size and above.page == line.page
        return is_near and line.style == row.style and _cell_of(row, line) > 0

    def _row(self, block: Sequence[Line]) -> list[str]:
        """The cells of a row, each with the lines below that go on with it."""
        cells = list(block[0].cells)
        for line in block[1:]:
            place = _cell_of(block[0], line)
            cells[place] = with_next(cells[place], line.text, self._words)
        return cells

    def _would_have_fitted(self, line: Line, above: Line) -> bool:
        """Whether the first word of a line would have found room on the line above."""
        text = line.text
        match = _FIRST_WORD.match(text)
        width = (line.right - line.left) / max(len(text), 1) * (len(match.group()) if match else 1)
        return above.right + 0.5 * above.size + width < self._rights[self._column(above)]

    def _column(self, line: Line) -> tuple[int, int]:
        """The column that a line stands in, by its page and left edge: a quarter of a page is near enough."""
        return line.page, round(line.left / 150)

    def _joined(self, block: Sequence[Line]) -> str:
        """The text of several lines, with the words put together that were parted."""
        return _put_together([line.text for line in block], self._words)


def unbroken(text: str) -> str:
    """A text broken into lines as one line, with the white space around it."""
    *lines, last = text.split("\n")
    if not lines:
        return last
    lines[1:] = [line.lstrip(" ") for line in lines[1:]]
    return f"{_put_together(lines)}\n{last}"


def with_next(text: str, following: str, words: Container[str] = ()) -> str:
    """A text and the line that follows it; `words` are those of the file."""
    return _put_together([text, following], words)


def _put_together(lines: Sequence[str], words: Container[str] = ()) -> str:
    """Several lines as one, in time linear in their length."""
    pieces = [lines[0]]
    for line in lines[1:]:
        cut, between = _seam(pieces[-1].rstrip(" ")[-_LONGEST_WORD:], line, words)
        pieces[-1] = pieces[-1].rstrip(" ")
        pieces[-1] = pieces[-1][: len(pieces[-1]) - cut]
        pieces += [between + line] if line else []
    return "".join(pieces)


def _seam(text: str, following: str, words: Container[str]) -> tuple[int, str]:
    """How many characters to take off the end of a text, and what to put before the line that follows.

    A word that a hyphen parts is put together; the hyphen stays in кто-то, and in words that stand
    with it among the `words` of the file, or not without it.
    """
    if not text or text.endswith(_SOFT_HYPHENS):
        return min(len(text), 1), ""
    head, tail = _LAST_WORD.search(text), _WORD.match(following)
    if head is None or tail is None or not following[:1].islower():
        return 0, joint(text, following) if following else ""
    hyphened = head.group() + tail.group()
    plain = head.group()[:-1] + tail.group()
    keeps = plain not in words and (hyphened in words or tail.group() in _PARTICLES)
    return (0 if keeps else 1), ""


_WORD = re.compile(r"\w+(?:-\w+)*")
_LAST_WORD = re.compile(r"\w[\w-]*-$")
_FIRST_WORD = re.compile(r"[\u2e80-\u9fff]\W*|\S+")


def _pitches(lines: Sequence[Line]) -> dict[float, float]:
    """How far the lines of each size usually lie apart."""
    distances: dict[float, list[float]] = {}
    for above, below in pairwise(lines):
        distance = above.bottom - below.bottom
        if (
            above.style == below.style
            and above.page == below.page
            and 0.8 * below.size < distance < 2.5 * below.size
        ):
            distances.setdefault(below.size, []).append(round(distance, 1))
    return {size: min(statistics.multimode(found)) for size, found in distances.items()}


def _cell_of(row: Line, line: Line) -> int:
    """Which cell of a row begins where a line does; -1 when none does."""
    return next(
        (place for place, left in enumerate(row.lefts) if abs(left - line.left) < 0.5 * line.size), -1
    )


def _is_item(line: Line) -> bool:
    return bool(text_lines.marked(text_lines.Line(line.text, 0)).marker)


def _with_depths(found: Sequence[tuple[Element, float]]) -> Iterator[Element]:
    """The elements, with the depth of each list item: it lies in those above that begin further left."""
    around: list[float] = []
    for element, left in found:
        if element.kind is not BlockKind.LIST_ITEM:
            around = []
            yield element
            continue
        while around and around[-1] > left - 4:
            around.pop()
        yield replace(element, depth=len(around))
        around.append(left)
