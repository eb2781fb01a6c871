"""Word (Office Open XML), by python-docx: real headings, a table of contents, numbered sources.

Chinese needs care that Word does not take by itself: each run says which East Asian font and
language it has, and a Chinese run that its quotation marks and dashes are Chinese too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt, RGBColor

from kb.exporters.edition import Edition, Line, heading, parts, path, with_counterpart
from kb.exporters.office import LATIN_FONT, east_asian_font, is_chinese, office_tag, set_properties
from kb.exporters.tables import Table, has_table
from kb.models import Excerpt

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

_BLUE = RGBColor(0x20, 0x50, 0x72)
_GREY = RGBColor(0x55, 0x55, 0x55)
_MARGIN = Cm(2.2)
_TEXT_WIDTH = Length(Cm(21) - 2 * _MARGIN)


def export(edition: Edition) -> bytes:
    """The document as .docx."""
    written = io.BytesIO()
    _Writer(edition).document().save(written)
    return written.getvalue()


class _Writer:
    """Writes one document from top to bottom."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._pack = edition.pack
        self._words = edition.words
        self._document: Document = docx.Document()
        self._bookmarks = count(1)

    def document(self) -> Document:
        set_properties(self._document.core_properties, self._pack)
        _set_styles(self._document, self._pack.language)
        _set_page(self._document)
        self._write(self._pack.title, "Title")
        if self._pack.author:
            self._write(self._words.by.format(author=self._pack.author), "Source")
        self._write_lines(self._pack.introduction)
        self._write_contents()
        numbers = count(1)
        for section in self._pack.sections:
            if section.title:
                self._write_heading(section.title, 1, next(numbers))
            self._write_lines(section.introduction)
            for excerpt in section.excerpts:
                self._write_heading(heading(excerpt), 2, next(numbers), excerpt.source.locale)
                self._write_excerpt(excerpt)
        if self._edition.sources:
            self._write_heading(self._words.sources, 1, next(numbers))
            self._write_sources()
        return self._document

    # --- Parts ---

    def _write_contents(self) -> None:
        """A table of contents as a field, filled in with links; Word adds the pages, which only it knows."""
        entries = list(self._headings())
        if len(entries) < 2:
            return
        self._write(self._words.contents, "Contents Title")
        for number, (level, title, locale) in enumerate(entries, 1):
            paragraph = self._document.add_paragraph(style=f"toc {level}")
            if number == 1:
                _add_field(paragraph, r'TOC \o "1-2" \h \z \u', is_dirty=True)
            link = _add_link(paragraph, anchor=f"heading-{number}")
            self._add_text(paragraph, title, locale, link)
            if number == len(entries):
                _end_field(paragraph)

    def _headings(self) -> Iterator[tuple[int, str, str]]:
        for section in self._pack.sections:
            if section.title:
                yield 1, section.title, ""
            for excerpt in section.excerpts:
                yield 2, heading(excerpt), excerpt.source.locale
        if self._edition.sources:
            yield 1, self._words.sources, ""

    def _write_excerpt(self, excerpt: Excerpt) -> None:
        both = list(with_counterpart(excerpt))
        if excerpt.counterpart and not any(map(has_table, both)):
            self._write_side_by_side(excerpt, excerpt.counterpart)
        else:
            for one in both:
                self._write_quote(one, self._document)
        if principles := self._edition.principles_line(excerpt):
            self._write(principles, "Source")
        if excerpt.note:
            self._write(self._words.note, "Label")
            self._write_lines(excerpt.note)
        if excerpt.questions:
            self._write(self._words.questions, "Label")
            for asked in excerpt.questions:
                self._write(asked, "List Bullet")

    def _write_side_by_side(self, excerpt: Excerpt, counterpart: Excerpt) -> None:
        table = self._document.add_table(rows=1, cols=2)
        table.autofit = False
        table.rows[0]._tr.get_or_add_trPr().append(_element("w:cantSplit", {}))
        for cell, one in zip(table.rows[0].cells, (excerpt, counterpart), strict=True):
            cell.width = Length(_TEXT_WIDTH // 2)
            self._write_quote(one, cell)
            cell._tc.remove(cell.paragraphs[0]._p)  # the empty one that each cell has from the start

    def _write_quote(self, excerpt: Excerpt, place: Document | _Cell) -> None:
        locale = excerpt.source.locale
        for part in parts(excerpt):
            if isinstance(part, Table):
                self._write_table(part, locale)
            else:
                self._write_line(part, locale, place)
        paragraph = place.add_paragraph(style="Source")
        self._add_text(paragraph, f"{path(excerpt)} ", locale)
        number = self._edition.number(excerpt)
        self._add_text(paragraph, f"[{number}]", link=_add_link(paragraph, anchor=f"source-{number}"))

    def _write_line(self, line: Line, locale: str, place: Document | _Cell) -> None:
        paragraph = place.add_paragraph(style="Excerpt")
        if line.depth:
            paragraph.paragraph_format.left_indent = Cm(0.6 * (line.depth + 1))
        self._add_text(paragraph, line.marked, locale)

    def _write_table(self, table: Table, locale: str) -> None:
        made = self._document.add_table(len(table.rows), len(table.rows[0]))
        made.autofit = False
        made._tbl.tblPr.insert_element_before(_borders(), "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
        widths = [Length(round(_TEXT_WIDTH * share)) for share in table.shares()]
        for column, width in zip(made.columns, widths, strict=True):
            column.width = width
        for number, (row, texts) in enumerate(zip(made.rows, table.rows, strict=True)):
            is_head = number == 0 and table.has_head
            row._tr.get_or_add_trPr().append(_element("w:cantSplit", {}))
            if is_head:  # on each page that the table goes on over
                row._tr.get_or_add_trPr().append(_element("w:tblHeader", {}))
            for cell, text, width in zip(row.cells, texts, widths, strict=True):
                cell.width = width
                cell.paragraphs[0].style = self._document.styles["Cell Head" if is_head else "Cell"]
                self._add_text(cell.paragraphs[0], text, locale)

    def _write_sources(self) -> None:
        for number, excerpt in enumerate(self._edition.sources, 1):
            paragraph = self._document.add_paragraph(style="Numbered Source")
            with_bookmark = self._bookmark(paragraph, f"source-{number}")
            self._add_text(paragraph, f"{number}.\t")
            paragraph._p.append(with_bookmark)
            self._add_text(paragraph, f"{self._edition.citation(excerpt.source)} ", excerpt.source.locale)
            if address := self._edition.link(excerpt):
                self._add_text(paragraph, address, link=_add_link(paragraph, address))
                self._add_text(paragraph, " ")
            rest = (self._edition.licence(excerpt.source), self._edition.quoted_on(excerpt))
            self._add_text(paragraph, " · ".join(part for part in rest if part))

    # --- Paragraphs and runs ---

    def _write(self, text: str, style: str) -> None:
        self._add_text(self._document.add_paragraph(style=style), text)

    def _write_lines(self, text: str) -> None:
        for line in text.split("\n"):
            if line.strip():
                self._write(line, "Body Text")

    def _write_heading(self, text: str, level: int, number: int, locale: str = "") -> None:
        paragraph = self._document.add_paragraph(style=f"Heading {level}")
        end = self._bookmark(paragraph, f"heading-{number}")
        self._add_text(paragraph, text, locale)
        paragraph._p.append(end)

    def _bookmark(self, paragraph: Paragraph, name: str) -> Any:
        """Begin a bookmark; what is returned ends it."""
        number = str(next(self._bookmarks))
        paragraph._p.append(_element("w:bookmarkStart", {"w:id": number, "w:name": name}))
        return _element("w:bookmarkEnd", {"w:id": number})

    def _add_text(self, paragraph: Paragraph, text: str, locale: str = "", link: Any = None) -> None:
        run = paragraph.add_run(text)
        locale = locale or self._pack.language
        properties = run._r.get_or_add_rPr()
        _set_fonts(properties, locale)
        latin = office_tag(self._pack.language if is_chinese(locale) else locale)
        east_asian = office_tag(locale if is_chinese(locale) else "zh-Hans")
        if is_chinese(latin):
            latin = "en-GB"  # the Latin letters of a Chinese text
        properties.append(_element("w:lang", {"w:val": latin, "w:eastAsia": east_asian}))
        if link is not None:
            run.font.color.rgb = _BLUE
            link.append(run._r)


# --- The document --------------------------------------------------------------------------------


def _set_page(document: Document) -> None:
    """A4 with page numbers."""
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = _MARGIN
    footer = page.footer.paragraphs[0]
    footer.alignment = 1
    _add_field(footer, "PAGE")
    footer.add_run("1")
    _end_field(footer)


def _set_styles(document: Document, language: str) -> None:
    for name, size in (("Normal", 11), ("Title", 26), ("Heading 1", 18), ("Heading 2", 13)):
        style = _style(document, name)
        style.font.size = Pt(size)
        style.font.name = LATIN_FONT
        if name != "Normal":
            style.font.color.rgb = _BLUE
        _set_fonts(style.element.get_or_add_rPr(), language)
    _style(document, "List Bullet").paragraph_format.space_after = Pt(3)
    excerpt = _new_style(document, "Excerpt", left=Cm(0.6), after=Pt(6))
    _add_rule(excerpt)
    _new_style(document, "Cell", after=Pt(2)).paragraph_format.space_before = Pt(2)
    _new_style(document, "Cell Head", after=Pt(2)).font.bold = True
    source = _new_style(document, "Source", after=Pt(6))
    source.paragraph_format.space_before = Pt(3)  # a table has no space of its own
    source.font.size, source.font.color.rgb = Pt(9), _GREY
    label = _new_style(document, "Label", after=Pt(2), keep=True)
    label.font.bold = True
    numbered = _new_style(document, "Numbered Source", left=Cm(0.9), after=Pt(6))
    numbered.paragraph_format.first_line_indent = Cm(-0.9)
    numbered.paragraph_format.tab_stops.add_tab_stop(Cm(0.9))
    contents = _new_style(document, "Contents Title", after=Pt(6), keep=True)
    contents.font.size, contents.font.bold, contents.font.color.rgb = Pt(14), True, _BLUE
    for level in (1, 2):
        entry = _new_style(document, f"toc {level}", left=Cm(0.6 * (level - 1)), after=Pt(2))
        entry.paragraph_format.tab_stops.add_tab_stop(_TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def _style(document: Document, name: str) -> ParagraphStyle:
    style: ParagraphStyle = document.styles[name]
    return style


def _new_style(
    document: Document, name: str, left: Length | None = None, after: Length | None = None, keep: bool = False
) -> ParagraphStyle:
    is_words_own = name.startswith("toc")
    document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=is_words_own)
    style = _style(document, name)
    style.base_style = _style(document, "Normal")
    style.paragraph_format.left_indent = left
    style.paragraph_format.space_after = after
    style.paragraph_format.keep_with_next = keep
    return style


def _borders() -> Any:
    """Thin lines around the cells of a table."""
    borders = _element("w:tblBorders", {})
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "B9C7CF"}
        borders.append(_element(f"w:{side}", line))
    return borders


def _add_rule(style: ParagraphStyle) -> None:
    """A line beside the paragraphs of a style, as quotations have it."""
    rule = _element("w:left", {"w:val": "single", "w:sz": "18", "w:space": "8", "w:color": "8FB8CA"})
    borders = _element("w:pBdr", {})
    borders.append(rule)
    style.element.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
    )


def _set_fonts(properties: Any, locale: str) -> None:
    """Name the fonts of a run or style; those that a theme names would go before them."""
    fonts = properties.get_or_add_rFonts()
    fonts.attrib.clear()
    named = {"w:ascii": LATIN_FONT, "w:hAnsi": LATIN_FONT, "w:cs": LATIN_FONT}
    named["w:eastAsia"] = east_asian_font(locale)
    if is_chinese(locale):
        named["w:hint"] = "eastAsia"
    for name, value in named.items():
        fonts.set(qn(name), value)


# --- What python-docx has no words for -----------------------------------------------------------


def _element(name: str, attributes: dict[str, str]) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(key), value)
    return element


def _add_link(paragraph: Paragraph, address: str = "", anchor: str = "") -> Any:
    """A hyperlink without its runs: to an address or to a bookmark of this document."""
    if address:
        relation = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = _element("w:hyperlink", {"r:id": relation})
    else:
        link = _element("w:hyperlink", {"w:anchor": anchor})
    paragraph._p.append(link)
    return link


def _add_field(paragraph: Paragraph, code: str, is_dirty: bool = False) -> None:
    """Begin a field; what follows up to `_end_field` is shown until Word computes it anew."""
    begin = _element("w:fldChar", {"w:fldCharType": "begin"} | ({"w:dirty": "true"} if is_dirty else {}))
    instruction = _element("w:instrText", {"xml:space": "preserve"})
    instruction.text = f" {code} "
    separate = _element("w:fldChar", {"w:fldCharType": "separate"})
    for part in (begin, instruction, separate):
        paragraph.add_run()._r.append(part)


def _end_field(paragraph: Paragraph) -> None:
    paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "end"}))
