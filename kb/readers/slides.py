"""Slides (PPTX) → drafts: the title of each slide is a heading, with its text and notes below."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER

from kb.errors import ReadingError
from kb.models import CELL_SEPARATOR, HEADER_ROW, BlockKind
from kb.readers.decoding import clean
from kb.readers.draft import BULLET, UNSTATED, Draft, Element, Finding, Source
from kb.readers.package import Package
from kb.readers.properties import in_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROPERTIES = "docProps/core.xml"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"

_MAX_NESTING = 40
_MAX_TITLE = 120
"""Characters of the longest text box at the top that may be the title of a slide without one."""

_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_NOT_TEXT = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER, PP_PLACEHOLDER.SLIDE_NUMBER)
_PICTURES = (PP_PLACEHOLDER.SLIDE_IMAGE,)
_BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)

# What python-pptx meets in a file that no program would write.
_DAMAGED = (KeyError, ValueError, IndexError, AttributeError, TypeError, RecursionError, NotImplementedError)


def read(source: Source) -> list[Draft]:
    """The draft in a PPTX file. Its elements are numbered with their slides.

    Raises ReadingError when the file is locked, damaged or too large.
    """
    package = Package(source.data)
    package.check_all_xml()
    properties = in_package(package, _PROPERTIES)
    elements: list[Element] = []
    findings: list[Finding] = []
    try:
        for number, slide in enumerate(Presentation(BytesIO(source.data)).slides, 1):
            if slide.element.get("show") in ("0", "false"):
                message = f"Slide {number} is hidden and was left out."
                findings.append(Finding("hidden-slide", message, number, "notice"))
            else:
                elements += _slide(slide, number)
    except _DAMAGED as error:
        message = (
            f"The file is damaged ({type(error).__name__}: {error}). Open it in PowerPoint and save it anew."
        )
        raise ReadingError("broken-file", message) from error
    return [Draft(UNSTATED, tuple(elements), tuple(findings), properties=properties)]


def _slide(slide: Any, number: int) -> Iterator[Element]:
    """What a slide says, from its title to its notes."""
    shapes = sorted(_flat(slide.shapes), key=_place)
    title = next((shape for shape in shapes if _is(shape, _TITLES)), None) or _likely_title(shapes)
    if title is not None and (text := _text(title.text_frame)):
        yield Element(text, number, level=1)
    for shape in shapes:
        if shape is not title:
            yield from _shape(shape, number)
    if slide.has_notes_slide:
        for shape in _flat(slide.notes_slide.shapes):
            if shape.has_text_frame and not _is(shape, (*_NOT_TEXT, *_PICTURES)):
                yield from (
                    Element(text, number) for line in shape.text_frame.paragraphs if (text := _text(line))
                )


def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """The shapes, and in place of each group those in it."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < _MAX_NESTING:
                yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _place(shape: Any) -> tuple[int, int]:
    """Where a shape comes in reading: from top to bottom, and of those side by side the left first."""
    centimetre = 360_000
    return (shape.top or 0) // centimetre, shape.left or 0


def _is(shape: Any, kinds: Iterable[Any]) -> bool:
    return bool(shape.is_placeholder) and shape.placeholder_format.type in kinds


def _likely_title(shapes: list[Any]) -> Any:
    """The text box at the top of a slide without a title, when it is one short line and not all there is."""
    texts = [shape for shape in shapes if shape.has_text_frame and _text(shape.text_frame)]
    first = texts[0] if texts and (len(texts) > 1 or any(shape.has_table for shape in shapes)) else None
    if first is None or len(first.text_frame.paragraphs) > 1 or len(_text(first.text_frame)) > _MAX_TITLE:
        return None
    return first


def _shape(shape: Any, number: int) -> Iterator[Element]:
    """What a shape that is no title says."""
    if getattr(shape, "has_table", False):
        for index, row in enumerate(shape.table.rows):
            cells = [_text(cell.text_frame) for cell in row.cells if not cell.is_spanned]
            marker = HEADER_ROW if index == 0 and shape.table.first_row else ""
            if any(cells):
                yield Element(CELL_SEPARATOR.join(cells).strip(), number, BlockKind.TABLE_ROW, marker=marker)
    elif shape.has_text_frame and not _is(shape, _NOT_TEXT):
        count = 0
        for line in shape.text_frame.paragraphs:
            marker = _marker(line, _is(shape, _BODIES))
            count = count + 1 if marker == "1." else 0
            if text := _text(line):
                yield _line(text, number, f"{count}." if count else marker, line.level)


def _line(text: str, number: int, marker: str, depth: int) -> Element:
    if not marker:
        return Element(text, number)
    return Element(text, number, BlockKind.LIST_ITEM, marker=marker, depth=depth)


def _marker(line: Any, is_body: bool) -> str:
    """What stands before a line: a bullet in the body of a slide, unless it says otherwise."""
    stated = line._p.pPr
    kinds = {child.tag for child in stated} if stated is not None else set()
    if _DRAWING + "buNone" in kinds:
        return ""
    if _DRAWING + "buAutoNum" in kinds:
        return "1."
    return BULLET if is_body or line.level or _DRAWING + "buChar" in kinds else ""


def _text(frame: Any) -> str:
    """The text of a frame or a line of it, in one line."""
    return " ".join(clean(frame.text.replace("\v", " ")).split())
