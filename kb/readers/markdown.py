"""Markdown files (CommonMark with tables) → drafts of articles."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from kb.models import CELL_SEPARATOR, HEADER_ROW, BlockKind
from kb.readers import asked, text_files
from kb.readers.draft import BULLET, Draft, Element, NumberedText, Source
from kb.readers.prose import Piece, Prose, joined
from kb.readers.raw_html import RawHtml, with_sound_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MAX_INLINE = 20_000
MAX_BRACKETS = 10_000
"""Characters of one paragraph, and opening brackets of a text, that are searched for inline markup.

What is beyond is taken as it stands: a bracket that opens no link costs the parser up to 0.2 ms.
"""

_MAX_NESTING = 40
"""How deep lists and quotes may lie in one another, twice (a list and its item count both)."""


def read(source: Source) -> list[Draft]:
    """The drafts in a Markdown file: one, or two when it holds a merge conflict.

    Raises ReadingError when the file is no text that can be decoded.
    """
    return text_files.drafts(source, lambda body, had_front_matter: elements(body))


def elements(body: NumberedText) -> list[Element]:
    """The headings and blocks of a Markdown text without front matter, in reading order."""
    return _Walk(body).elements(_parser().parse(body.text))


# --- The parser ---------------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough, bounded against hostile input."""
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _MAX_NESTING + 10})
    parser.enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # Prose decides, and keeps the text
    parser.block.ruler.before("table", "too_deep", _too_deep, {"alt": []})
    parser.core.ruler.at("inline", _inline)
    return parser


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: what lies too deep in lists and quotes is one paragraph, not lost."""
    if state.level < _MAX_NESTING:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1).map = [start, end]
        inline = state.push("inline", "", 0)
        inline.content, inline.map = state.getLines(start, end, state.blkIndent, False), [start, end]
        state.push("paragraph_close", "p", -1)
        state.line = end
    return True


def _inline(state: StateCore) -> None:
    """The core rule that parses inline markup, within bounds."""
    brackets = 0
    for token in state.tokens:
        if token.type != "inline" or len(token.content) > MAX_INLINE:
            continue
        brackets += token.content.count("[")
        if brackets <= MAX_BRACKETS:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


# --- Tokens → elements --------------------------------------------------------------------------


class _Walk:
    """Goes through the tokens of a text and knows which list, quote or table it is in."""

    def __init__(self, body: NumberedText) -> None:
        self._body = body
        self._elements: list[Element] = []
        self._lists = 0  # how many are around
        self._quotes = 0
        self._marker = ""  # of the list item that has just begun
        self._heading = 0  # the level of the heading around
        self._row: list[Piece] | None = None  # the cells so far of the table row around
        self._row_marker = ""
        self._asked: tuple[str, ...] = ()  # below a heading, so of the block that comes next

    def elements(self, tokens: Sequence[Token]) -> list[Element]:
        """The elements that the tokens are."""
        for token in tokens:
            self._step(token)
        return self._elements

    def _step(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._heading = int(token.tag[1])
            case "heading_close":
                self._heading = 0
            case "bullet_list_open" | "ordered_list_open":
                self._lists += 1
            case "bullet_list_close" | "ordered_list_close":
                self._lists -= 1
                self._marker = ""
            case "list_item_open":
                self._marker = f"{token.info}{token.markup}" if token.info else BULLET
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "thead_open":
                self._row_marker = HEADER_ROW
            case "thead_close":
                self._row_marker = ""
            case "tr_open":
                self._row = []
            case "tr_close":
                self._add_row()
            case "inline":
                self._text(token)
            case "html_block":
                self._html(token)
            case "fence" | "code_block":
                self._code(token)

    # What it finds:

    def _text(self, token: Token) -> None:
        prose = self._prose(token)
        if self._row is not None:
            self._row.append(prose.joined(self._line(token)))
        elif self._heading:
            self._add_heading(prose.joined(self._line(token)))
        else:
            self._add_blocks(prose)
            for inline in token.children or ():
                if inline.type == "html_inline":
                    self._ask(asked.questions(inline.content))

    def _prose(self, token: Token) -> Prose:
        prose = Prose(self._line(token))
        _write(prose, token)
        prose.end()
        return prose

    def _html(self, token: Token) -> None:
        prose = Prose(self._line(token))
        html = RawHtml(prose)
        html.feed(with_sound_tags(token.content))
        html.close()
        prose.end()
        self._add_blocks(prose)
        self._ask(asked.questions(token.content))

    def _ask(self, questions: tuple[str, ...]) -> None:
        """Note what is asked for the block above; below a table, for each of its rows."""
        elements = self._elements
        if not elements or elements[-1].is_heading:
            self._asked += questions
            return
        if not (questions := questions[: asked.MOST - len(elements[-1].asked)]):
            return
        rows = takewhile(lambda element: element.kind is BlockKind.TABLE_ROW, reversed(elements))
        first = len(elements) - max(sum(1 for _ in rows), 1)
        elements[first:] = [replace(one, asked=one.asked + questions) for one in elements[first:]]

    def _add(self, element: Element) -> None:
        if self._asked and not element.is_heading:
            element, self._asked = replace(element, asked=self._asked[: asked.MOST]), ()
        self._elements.append(element)

    def _code(self, token: Token) -> None:
        if text := token.content.strip("\n"):
            self._add(Element(text, self._line(token), BlockKind.CODE, depth=self._lists))

    def _add_heading(self, piece: Piece) -> None:
        if piece.text:
            self._add(Element(piece.text, piece.line, level=self._heading, links=piece.links))

    def _add_blocks(self, prose: Prose) -> None:
        kind, depth = self._kind()
        for piece in prose.pieces:
            self._add(
                Element(piece.text, piece.line, kind, links=piece.links, marker=self._marker, depth=depth)
            )
            self._marker = ""  # an item's second paragraph has none

    def _kind(self) -> tuple[BlockKind, int]:
        """What a paragraph is where the walk is now, and how deep."""
        if self._quotes:
            return BlockKind.QUOTE, self._quotes - 1
        if self._lists:
            return BlockKind.LIST_ITEM, self._lists - 1
        return BlockKind.PARAGRAPH, 0

    def _add_row(self) -> None:
        row, self._row = self._row or [], None
        if not any(cell.text for cell in row):
            return
        piece = joined(row, CELL_SEPARATOR, row[0].line)
        self._add(
            Element(piece.text, piece.line, BlockKind.TABLE_ROW, links=piece.links, marker=self._row_marker)
        )

    def _line(self, token: Token) -> int:
        """The file's line that a token begins on."""
        return self._body.number(token.map[0] if token.map else 0)


def _write(prose: Prose, inline: Token) -> None:
    """Write what an inline token says to `prose`."""
    if not inline.children:
        prose.write(inline.content)
        return
    html = RawHtml(prose)
    line_break = prose.hard_break if _is_dialogue(inline.content) else prose.soft_break
    for token in inline.children:
        if token.type == "html_inline":
            html.feed(token.content)
        elif token.type == "softbreak":
            line_break()
        elif token.type == "hardbreak":
            prose.hard_break()
        elif html.is_hiding:
            continue
        elif token.type in ("text", "code_inline"):
            prose.write(token.content)
        elif token.type == "link_open":
            prose.open_link(str(token.attrs["href"]))
        elif token.type == "link_close":
            prose.close_link()
        elif token.type == "image":
            prose.write(_caption(token))


def _is_dialogue(paragraph: str) -> bool:
    """Whether every line begins with a dash: lines that people say to one another.

    > — Вы бронировали?
    > — Да, на восемь.
    """
    return "\n" in paragraph and all(line.lstrip().startswith("—") for line in paragraph.split("\n"))


_FIGURE = ("Рис.", "Рисунок", "Схема", "Таблица", "Диаграмма", "Figure", "Fig.", "Table", "图", "圖", "表")


def _caption(image: Token) -> str:
    """What an image says to a reader: its title, or its description when that is a caption."""
    if title := str(image.attrs.get("title") or ""):
        return title
    return image.content if image.content.startswith(_FIGURE) else ""
