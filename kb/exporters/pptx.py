"""PowerPoint (Office Open XML), by python-pptx: an excerpt a slide, its source at the foot.

A long excerpt goes on over several slides, split between sentences. What the trainer wrote of it is
in the speaker notes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

import pptx
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.ns import qn
from pptx.util import Cm, Length, Pt

from kb.columns import columns
from kb.exporters.edition import Edition, heading, parts, with_counterpart
from kb.exporters.office import LATIN_FONT, east_asian_font, is_chinese, office_tag, set_properties
from kb.exporters.tables import Table
from kb.models import Excerpt, PackSection
from kb.sentences import sentences

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide
    from pptx.text.text import TextFrame, _Paragraph

_WIDTH, _HEIGHT, _MARGIN = Cm(33.867), Cm(19.05), Cm(1.8)
_TITLE_TOP, _TITLE_HEIGHT, _FOOT_HEIGHT = Cm(0.9), Cm(2.4), Cm(2.2)
_BLANK_LAYOUT = 5  # "Title Only": a title for the outline and for screen readers, the rest is ours
_BLUE, _GREY, _BLACK = RGBColor(0x20, 0x50, 0x72), RGBColor(0x60, 0x60, 0x60), RGBColor(0x1C, 0x1C, 0x1C)
# How much text a slide takes at _BODY, and half a slide at _COLUMN, in Latin letters of a wide font;
# Han characters count twice.
_FULL_SLIDE, _FULL_COLUMN = 520, 340
_BODY, _COLUMN, _SMALL, _TITLE, _COVER = Pt(24), Pt(20), Pt(11), Pt(28), Pt(40)
_SOURCES_PER_SLIDE = 6


def export(edition: Edition) -> bytes:
    """The presentation as .pptx."""
    written = io.BytesIO()
    _Writer(edition).presentation().save(written)
    return written.getvalue()


class _Writer:
    """Writes one presentation from the first slide to the last."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._pack = edition.pack
        self._words = edition.words
        self._presentation: Presentation = pptx.Presentation()

    def presentation(self) -> Presentation:
        self._presentation.slide_width, self._presentation.slide_height = _WIDTH, _HEIGHT
        set_properties(self._presentation.core_properties, self._pack)
        by = self._words.by.format(author=self._pack.author) if self._pack.author else ""
        self._write_cover(self._pack.title, [by, *self._pack.introduction.split("\n")])
        for section in self._pack.sections:
            self._write_section(section)
        self._write_sources()
        return self._presentation

    # --- Slides ---

    def _write_section(self, section: PackSection) -> None:
        if section.title:
            self._write_cover(section.title, section.introduction.split("\n"), size=Pt(34))
        for excerpt in section.excerpts:
            self._write_excerpt(excerpt)

    def _write_cover(self, title: str, under: Sequence[str], size: Length = _COVER) -> None:
        slide = self._add_slide(title, top=Cm(5), height=Cm(4.5), size=size)
        shown = [line for line in under if line.strip()]
        if shown:
            frame = _add_box(slide, _MARGIN, Cm(10), Length(_WIDTH - 2 * _MARGIN), Cm(7))
            self._write_lines(frame, [(line, self._pack.language) for line in shown], _BODY, _GREY)

    def _write_excerpt(self, excerpt: Excerpt) -> None:
        both = list(with_counterpart(excerpt))
        full, size = (_FULL_SLIDE, _BODY) if len(both) == 1 else (_FULL_COLUMN, _COLUMN)
        width = Length((_WIDTH - _MARGIN) // len(both) - _MARGIN)
        slides = list(zip_longest(*(split(one, full) for one in both)))
        for number, texts in enumerate(slides, 1):
            title = heading(excerpt)
            if len(slides) > 1:
                title = self._words.continued.format(title=title, part=number, parts=len(slides))
            slide = self._add_slide(title, locale=excerpt.source.locale)
            for place, (one, text) in enumerate(zip(both, texts, strict=True)):
                if text is not None:  # one may be longer than the other
                    left = Length(_MARGIN + place * (width + _MARGIN))
                    self._write_quote(slide, one, text, left, width, size)
            self._write_foot(slide, excerpt)
            self._write_notes(slide, excerpt)

    def _write_quote(
        self, slide: Slide, excerpt: Excerpt, text: str, left: Length, width: Length, size: Length
    ) -> None:
        top = Length(_MARGIN + _TITLE_HEIGHT)
        frame = _add_box(slide, left, top, width, Length(_HEIGHT - top - _FOOT_HEIGHT - _MARGIN))
        self._write_lines(frame, [(line, excerpt.source.locale) for line in text.split("\n")], size, _BLACK)

    def _write_foot(self, slide: Slide, excerpt: Excerpt) -> None:
        top = Length(_HEIGHT - _FOOT_HEIGHT - _MARGIN // 2)
        frame = _add_box(slide, _MARGIN, top, Length(_WIDTH - 2 * _MARGIN), _FOOT_HEIGHT)
        frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        for number, one in enumerate(with_counterpart(excerpt)):
            self._write_credits(frame.add_paragraph() if number else frame.paragraphs[0], one)

    def _write_credits(self, paragraph: _Paragraph, excerpt: Excerpt) -> None:
        locale = excerpt.source.locale
        self._add_text(paragraph, self._edition.citation(excerpt.source), locale, _SMALL, _GREY)
        if link := self._edition.link(excerpt):
            self._add_text(paragraph, "  ", locale, _SMALL, _GREY)
            self._add_text(paragraph, link, "en", _SMALL, _GREY, link)
        if licence := self._edition.licence(excerpt.source):
            self._add_text(paragraph, f"  {licence}", self._pack.language, _SMALL, _GREY)

    def _write_notes(self, slide: Slide, excerpt: Excerpt) -> None:
        shown = [line for line in excerpt.note.split("\n") if line.strip()]
        if excerpt.questions:
            asked = (f"{number}. {question}" for number, question in enumerate(excerpt.questions, 1))
            shown += [f"{self._words.questions}{self._words.colon}".strip(), *asked]
        shown += filter(None, [self._edition.principles_line(excerpt), self._edition.quoted_on(excerpt)])
        frame = slide.notes_slide.notes_text_frame
        if frame is not None:
            self._write_lines(frame, [(line, self._pack.language) for line in shown], None, None)

    def _write_sources(self) -> None:
        sources = self._edition.sources
        for first in range(0, len(sources), _SOURCES_PER_SLIDE):
            slide = self._add_slide(self._words.sources)
            top = Length(_MARGIN + _TITLE_HEIGHT)
            frame = _add_box(
                slide, _MARGIN, top, Length(_WIDTH - 2 * _MARGIN), Length(_HEIGHT - top - _MARGIN)
            )
            for number, excerpt in enumerate(sources[first : first + _SOURCES_PER_SLIDE], first + 1):
                paragraph = frame.paragraphs[0] if number == first + 1 else frame.add_paragraph()
                paragraph.space_after = Pt(8)
                self._add_text(paragraph, f"{number}. ", self._pack.language, Pt(14), _BLACK)
                self._write_credits(paragraph, excerpt)

    # --- Boxes and runs ---

    def _add_slide(
        self,
        title: str,
        locale: str = "",
        top: Length = _TITLE_TOP,
        height: Length = _TITLE_HEIGHT,
        size: Length = _TITLE,
    ) -> Slide:
        slide: Slide = self._presentation.slides.add_slide(self._presentation.slide_layouts[_BLANK_LAYOUT])
        shape = slide.shapes.title
        assert shape is not None  # the layout has one
        shape.left, shape.top = _MARGIN, top
        shape.width, shape.height = Length(_WIDTH - 2 * _MARGIN), height
        frame = shape.text_frame
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        self._write_lines(frame, [(" ".join(title.split()), locale or self._pack.language)], size, _BLUE)
        return slide

    def _write_lines(
        self, frame: TextFrame, texts: Sequence[tuple[str, str]], size: Length | None, colour: RGBColor | None
    ) -> None:
        for number, (text, locale) in enumerate(texts):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            _align_left(paragraph)
            if size in (_BODY, _COLUMN):
                paragraph.space_after = Pt(8)
            self._add_text(paragraph, text, locale, size, colour)

    def _add_text(
        self,
        paragraph: _Paragraph,
        text: str,
        locale: str,
        size: Length | None,
        colour: RGBColor | None,
        link: str = "",
    ) -> None:
        run = paragraph.add_run()
        run.text = text
        run.font.size = size
        if colour is not None:
            run.font.color.rgb = colour
        if link:
            run.hyperlink.address = link
        _set_language(run.font._rPr, locale)


# --- How much a slide takes ----------------------------------------------------------------------


def split(excerpt: Excerpt, full: int) -> list[str]:
    """The text of an excerpt in parts of about the same size that each fit on a slide.

    Lines stay whole where they can, else sentences; one that is too long alone is split at a space.
    """
    pieces = [piece for text in _shown_lines(excerpt) for piece in _pieces(text, full)]
    total = sum(_width(piece) for piece in pieces)
    fair = total / max(-(-total // full), 1)
    slides: list[str] = []
    taken = 0
    for piece in pieces:
        width = _width(piece)
        # A slide that is nearly fair ends before a piece that would take it further from fair.
        if slides and (taken + width > full or taken + width / 2 > fair):
            piece, taken = piece.lstrip(), 0
            slides.append(piece)
        elif slides:
            slides[-1] += piece
        else:
            slides.append(piece)
        taken += width
    return [text.strip("\n") for text in slides] or [""]


def _shown_lines(excerpt: Excerpt) -> Iterator[str]:
    """What is said of an excerpt, a line each; a row of a table can be read alone, on another slide too."""
    for part in parts(excerpt):
        if isinstance(part, Table):
            yield from part.spoken(excerpt.source.language)
        else:
            yield part.marked


def _pieces(line: str, full: int) -> Iterator[str]:
    """A line in the pieces it may be split into; the first begins with a line's end."""
    line = f"\n{line}"
    if _width(line) <= full / 2:
        yield line
        return
    spans = sentences(line)
    starts = [0, *(start for start, _ in spans[1:]), len(line)]
    for start, end in pairwise(starts):
        while _width(line[start:end]) > full:
            half = start + max(min(full, end - start) // 2, 1)
            cut = line.rfind(" ", start, half) + 1 or half
            yield line[start:cut]
            start = cut
        yield line[start:end]


def _width(text: str) -> int:
    return columns(text) + 30 * text.count("\n")


# --- What python-pptx has no words for -----------------------------------------------------------


def _add_box(slide: Slide, left: Length, top: Length, width: Length, height: Length) -> TextFrame:
    frame: TextFrame = slide.shapes.add_textbox(left, top, width, height).text_frame
    frame.word_wrap = True
    return frame


def _align_left(paragraph: _Paragraph) -> None:
    paragraph._p.get_or_add_pPr().set("algn", "l")


def _set_language(properties: Any, locale: str) -> None:
    """Name the language and the fonts of a run, in the order that the schema wants them."""
    properties.set("lang", office_tag(locale))
    properties.set("altLang", "en-GB" if is_chinese(locale) else "zh-CN")
    link = properties.find(qn("a:hlinkClick"))
    for name, font in (("a:latin", LATIN_FONT), ("a:ea", east_asian_font(locale))):
        element = properties.makeelement(qn(name), {"typeface": font})
        if link is None:
            properties.append(element)
        else:
            link.addprevious(element)
