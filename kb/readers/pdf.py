"""PDF files → drafts.

PDFium says what characters there are, and where each stands. A tagged file says itself what is a
heading, a list or a table (`kb.readers.pdf_structure`); for others `kb.readers.pdf_layout` finds out.
"""

from __future__ import annotations

import ctypes
import math
import re
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from kb.errors import ReadingError
from kb.readers import pdf_layout, pdf_structure
from kb.readers.decoding import MAX_CHARACTERS
from kb.readers.draft import UNSTATED, Draft, Element, Finding, Metadata, Source
from kb.readers.front_matter import separated
from kb.readers.pdf_layout import Character, Line
from kb.readers.properties import properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_PAGES = 2_000
_MAX_ON_PAGE = 100_000
_MAX_SECONDS = 60
"""How long the pages of a file may take together; the usual one takes a few milliseconds."""

_MAX_STREAM = 64 * 1024 * 1024
"""Bytes of one compressed stream when unpacked: PDFium itself would take up to two gigabytes."""

_STREAM = re.compile(rb"stream\r?\n")
_PIECE = 1024 * 1024
_BOLD = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)


def read(source: Source) -> list[Draft]:
    """The draft in a PDF file. Its elements are numbered with their pages.

    Raises ReadingError `encrypted-file`, `scanned-file` (only pictures), `broken-file` or `file-too-large`.
    """
    document = _opened(source.data)
    try:
        if len(document) > _MAX_PAGES:
            message = f"The file has {len(document):,} pages; at most {_MAX_PAGES:,} are read. Split it."
            raise ReadingError("file-too-large", message)
        pages = list(_pages(document))
        said = document.get_metadata_dict()
    finally:
        document.close()
    return [Draft(UNSTATED, tuple(_elements(pages)), tuple(_findings(pages)), properties=_properties(said))]


@dataclass(frozen=True, slots=True)
class _Page:
    """What is on a page: its lines, its elements if it is tagged, or nothing but a picture."""

    number: int
    lines: list[Line]
    tagged: list[Element]
    is_picture: bool


def _elements(pages: list[_Page]) -> list[Element]:
    """The elements of all pages: as tagged, if all are and the tags name headings, else as laid out."""
    written = [page for page in pages if page.lines]
    tagged = [element for page in written for element in page.tagged]
    if all(page.tagged for page in written) and any(element.is_heading for element in tagged):
        return pdf_structure.joined([page.tagged for page in written])
    return pdf_layout.elements([line for page in written for line in page.lines])


def _findings(pages: list[_Page]) -> list[Finding]:
    """A finding for each page that is only a picture; ReadingError when there is nothing else."""
    pictures = [page.number for page in pages if page.is_picture]
    if not any(page.lines for page in pages):
        if pictures:
            message = (
                "The pages are pictures, perhaps scanned: run text recognition (OCR) over the file first."
            )
            raise ReadingError("scanned-file", message)
        raise ReadingError("empty-file", "There is no text in this file.")
    message = (
        "This page is a picture, and what it says was not read: run text recognition (OCR) over the file."
    )
    return [Finding("scanned-page", message, number) for number in pictures]


def _opened(data: bytes) -> Any:
    """The document; ReadingError when it is locked or damaged, or a stream of it is a bomb."""
    _refuse_bombs(data)
    try:
        document = pdfium.PdfDocument(data)
        len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            message = "The file is locked with a password. Save it anew without one."
            raise ReadingError("encrypted-file", message) from error
        said = str(error).rstrip(".")
        raise ReadingError("broken-file", f"The file is damaged, or no PDF: {said}.") from error
    return document


def _refuse_bombs(data: bytes) -> None:
    """Raise ReadingError when a stream would unpack to too much, or all of them by far."""
    left = 16 * _MAX_STREAM
    for match in _STREAM.finditer(data):
        unpacker, rest, size = zlib.decompressobj(), data[match.end() : match.end() + _PIECE], 0
        start = match.end() + _PIECE
        try:
            while rest and size <= _MAX_STREAM and not unpacker.eof:
                size += len(unpacker.decompress(rest, _PIECE))
                rest = unpacker.unconsumed_tail
                if not rest:
                    rest, start = data[start : start + _PIECE], start + _PIECE
        except zlib.error:  # compressed in another way, or not at all
            continue
        left -= size
        if size > _MAX_STREAM or left < 0:
            message = f"The file would unpack to over {_MAX_STREAM:,} bytes in one piece, and was not opened."
            raise ReadingError("file-too-large", message)


def _pages(document: Any) -> Iterator[_Page]:
    """What is on each page; ReadingError when there is too much, or PDFium is kept busy for too long."""
    left = MAX_CHARACTERS
    deadline = time.monotonic() + _MAX_SECONDS
    for number in range(1, len(document) + 1):
        if time.monotonic() > deadline:
            read = f"The first {number - 1} of {len(document)} pages"
            message = f"{read} took over {_MAX_SECONDS} seconds. Split the file."
            raise ReadingError("file-too-large", message)
        try:
            page = document[number - 1]
        except pdfium.PdfiumError as error:
            raise ReadingError("broken-file", f"Page {number} is damaged: {error}.", number) from error
        try:
            found = _page(page, number, left)
        finally:
            page.close()
        left -= sum(len(line.text) for line in found.lines)
        yield found


# --- Characters -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text object is written: size in points, whether bold, and which way it runs, in degrees.

    `key` is the number by which tags know it, -1 when they do not.
    """

    size: float
    is_bold: bool
    angle: int | None
    key: int


_Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


def _page(page: Any, number: int, most: int) -> _Page:
    """What is on a page of at most so many characters.

    A page that lies on its side is turned; text at an angle to the rest is a watermark.
    """
    text = page.get_textpage()
    try:
        count = text.count_chars()
        if count > min(most, _MAX_ON_PAGE):
            message = (
                f"The file has more than {MAX_CHARACTERS:,} characters, or {_MAX_ON_PAGE:,} on this page. "
                "Split it into articles."
            )
            raise ReadingError("file-too-large", message, number)
        placed = list(_placed(text.raw, count))
    finally:
        text.close()
    if all(letter.isspace() for letter, _, _ in placed):
        return _Page(number, [], [], _has_picture(page))
    angle = Counter(style.angle for _, _, style in placed).most_common(1)[0][0]
    upright = [
        Character(letter, *_turned(box, angle), style.size, style.is_bold)
        for letter, box, style in placed
        if style.angle == angle and letter != "\n"
    ]
    lines = list(pdf_layout.lines_of(upright, number))
    return _Page(number, lines, pdf_structure.elements(page, _texts(placed), number), False)


def _texts(placed: list[tuple[str, _Box, _Style]]) -> dict[int, str]:
    """The text under each key, its lines put together as those of a paragraph."""
    pieces: dict[int, list[str]] = {}
    for letter, _, style in placed:
        pieces.setdefault(style.key, []).append(letter)
    return {key: pdf_layout.unbroken("".join(letters)) for key, letters in pieces.items()}


def _placed(text: Any, count: int) -> Iterator[tuple[str, _Box, _Style]]:
    """Each character with its box and its style."""
    styles: dict[int, _Style] = {}
    rectangle = pdfium_c.FS_RECTF()
    style = _Style(1.0, False, 0, -1)
    for index in range(count):
        letter = chr(pdfium_c.FPDFText_GetUnicode(text, index))
        if pdfium_c.FPDFText_IsGenerated(text, index) == 1:  # PDFium's guess at a space or a new line
            if letter in " \n":
                yield letter, (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top), style
            continue
        target = pdfium_c.FPDFText_GetTextObject(text, index)
        address = ctypes.cast(target, ctypes.c_void_p).value or 0
        if address not in styles:
            styles[address] = _style(text, index, target)
        style = styles[address]
        pdfium_c.FPDFText_GetLooseCharBox(text, index, rectangle)
        yield letter, (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top), style


def _style(text: Any, index: int, target: Any) -> _Style:
    matrix, flags, name = pdfium_c.FS_MATRIX(), ctypes.c_int(), ctypes.create_string_buffer(256)
    pdfium_c.FPDFText_GetMatrix(text, index, matrix)
    pdfium_c.FPDFText_GetFontInfo(text, index, name, 256, flags)
    size = pdfium_c.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
    degrees = math.degrees(math.atan2(matrix.b, matrix.a))
    quarter = round(degrees / 90)
    angle = quarter * 90 % 360 if abs(degrees - quarter * 90) < 3 else None
    is_bold = bool(_BOLD.search(name.value.decode("latin-1")))
    return _Style(
        round(size, 1), is_bold, angle, pdfium_c.FPDFPageObj_GetMarkedContentID(target) if target else -1
    )


def _turned(box: _Box, angle: int | None) -> _Box:
    """A box on a page that is turned so that text which runs at `angle` runs to the right."""
    left, bottom, right, top = box
    if angle == 90:
        return bottom, -right, top, -left
    if angle == 180:
        return -right, -top, -left, -bottom
    if angle == 270:
        return -top, left, -bottom, right
    return box


def _has_picture(page: Any) -> bool:
    return any(True for _ in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _properties(said: dict[str, str]) -> Metadata:
    return properties(
        title=said.get("Title"),
        author=said.get("Author"),
        summary=said.get("Subject"),
        published=said.get("CreationDate"),
        keywords=separated(said.get("Keywords", "")),
    )
