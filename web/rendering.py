"""Passages → markup. Text is escaped piece by piece; nothing that was indexed or typed is markup.

Blocks become lists, tables, quotes and paragraphs again; links, hits and evidence are layers of
spans over the text of a passage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup, escape

from kb.models import CELL_SEPARATOR, Article, Block, BlockKind, Passage, Section, Span

_NUMBER = re.compile(r"\d{1,4}")
_HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_LINKED = ("http://", "https://", "mailto:")
# How fast people read: words of Russian or English, characters of Chinese, a minute.
_WORDS_A_MINUTE = 180
_HAN_A_MINUTE = 320
# The principles that are named beside a passage.
_MOST_PRINCIPLES = 4


# --- Text with marks -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layer:
    """Spans of one kind, in order and not overlapping, and the tags that go around each."""

    spans: Sequence[Span]
    opening: Callable[[int], Markup]
    closing: Markup


def layer(spans: Sequence[Span], tag: str) -> Layer:
    """A layer in which every span gets the same element, such as "mark" or "span class=evidence"."""
    opening = Markup(f"<{tag}>")
    return Layer(spans, lambda _: opening, Markup(f"</{tag.split()[0]}>"))


def marked(text: str, span: Span, layers: Sequence[Layer]) -> Markup:
    """A part of a text with marks; each layer lies inside those before it."""
    return Markup(_marked(text, span, [layer for layer in layers if layer.spans]))


def _marked(text: str, span: Span, layers: Sequence[Layer]) -> str:
    """The same as a plain string, escaped."""
    if not layers:
        return escape(text[span[0] : span[1]])
    outer, inner = layers[0], layers[1:]
    at = span[0]
    pieces: list[str] = []
    for number, (start, end) in enumerate(outer.spans):
        start, end = max(start, at), min(end, span[1])
        if start < end:
            within = _marked(text, (start, end), inner)
            pieces += _marked(text, (at, start), inner), outer.opening(number), within, outer.closing
            at = end
    pieces.append(_marked(text, (at, span[1]), inner))
    return "".join(pieces)


def _links(block: Block, offset: int) -> Layer:
    links = [link for link in block.links if link.url.lower().startswith(_LINKED)]
    return Layer(
        [(offset + link.start, offset + link.end) for link in links],
        lambda number: Markup('<a href="{}" rel="noopener">').format(links[number].url),
        Markup("</a>"),
    )


# --- Blocks --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A block ready for the page. `cells` are a table row's; `number` an ordered item's."""

    kind: BlockKind
    anchor: str
    html: Markup
    cells: tuple[Markup, ...] = ()
    number: str = ""
    depth: int = 0


@dataclass(slots=True)
class Item:
    """A list item and the lists below it."""

    piece: Piece
    lists: list[ItemList] = field(default_factory=list)


@dataclass(slots=True)
class ItemList:
    """Items side by side; `ordered` when they are numbered."""

    ordered: bool
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks of one kind that follow each other: they make one list, table or quotation."""

    kind: BlockKind
    pieces: tuple[Piece, ...]
    lists: tuple[ItemList, ...] = ()


def weightiest(passage: Passage) -> list[str]:
    """The principles that a passage speaks of most."""
    tags = sorted(passage.tags, key=lambda tag: tag.weight, reverse=True)
    return [tag.principle for tag in tags[:_MOST_PRINCIPLES]]


def evidence(passage: Passage, principle_id: str = "") -> tuple[Span, ...]:
    """What in a passage's text speaks of a principle, or of any."""
    tags = [tag for tag in passage.tags if principle_id in ("", tag.principle)]
    return _merged(span for tag in tags for span in tag.evidence)


def runs(
    passage: Passage,
    marks: Sequence[Span] = (),
    *,
    evidence: Sequence[Span] = (),
    part: Span | None = None,
) -> list[Run]:
    """A passage's blocks, or those within `part` of its text, with hits and evidence marked."""
    found = list(_pieces(passage, marks, evidence, part))
    return [_run(kind, tuple(same)) for kind, same in groupby(found, key=lambda piece: piece.kind)]


def _pieces(
    passage: Passage, marks: Sequence[Span], evidence: Sequence[Span], part: Span | None
) -> Iterator[Piece]:
    text = passage.text
    first, last = part or (0, len(text))
    last = first + len(text[first:last].rstrip())
    kinds = {'span class="evidence"': evidence, "mark": marks}
    layers = [layer(spans, tag) for tag, spans in kinds.items() if spans]
    start = 0
    for block, anchor in zip(passage.blocks, passage.anchors, strict=True):
        end = start + len(block.text)
        shown = max(start, first), min(end, last)
        if shown[0] < shown[1]:
            links = [_links(block, start)] if block.links else []
            yield _piece(block, anchor, text, (start, end), shown, [*links, *layers])
        start = end + 1


def _piece(block: Block, anchor: str, text: str, whole: Span, shown: Span, layers: Sequence[Layer]) -> Piece:
    def render(span: Span) -> Markup:
        before = "…" if span[0] == shown[0] > whole[0] else ""
        after = "…" if span[1] == shown[1] < whole[1] else ""
        return Markup(f"{before}{_marked(text, span, layers)}{after}")

    cells = tuple(map(render, _cells(text, shown))) if block.kind is BlockKind.TABLE_ROW else ()
    number = block.marker and _NUMBER.search(block.marker)
    html = render(shown) if not cells else Markup("")
    return Piece(block.kind, anchor, html, cells, number.group() if number else "", block.depth)


def _cells(text: str, row: Span) -> Iterator[Span]:
    start = row[0]
    while (bar := text.find(CELL_SEPARATOR, start, row[1])) >= 0:
        yield start, bar
        start = bar + len(CELL_SEPARATOR)
    yield start, row[1]


def _run(kind: BlockKind, pieces: tuple[Piece, ...]) -> Run:
    return Run(kind, pieces, _nested(pieces) if kind is BlockKind.LIST_ITEM else ())


def _nested(pieces: Sequence[Piece]) -> tuple[ItemList, ...]:
    """List items as lists within lists, by their depth."""
    top: list[ItemList] = []
    path: list[tuple[int, Item]] = []  # the items that are open, with their depths
    for piece in pieces:
        path = [(depth, item) for depth, item in path if depth < piece.depth]
        siblings = path[-1][1].lists if path else top
        if not siblings or siblings[-1].ordered != bool(piece.number):
            siblings.append(ItemList(bool(piece.number)))
        item = Item(piece)
        siblings[-1].items.append(item)
        path.append((piece.depth, item))
    return tuple(top)


def _merged(spans: Iterator[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


# --- Articles ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A section on an article's page: its heading, how deep it lies (1 and more), its passages."""

    id: str
    section: Section
    depth: int
    passages: tuple[Passage, ...]


def parts(article: Article, passages: Sequence[Passage]) -> list[Part]:
    """The sections of an article. Depths have no gaps, whatever the levels of its headings."""
    of = {number: tuple(group) for number, group in groupby(passages, key=lambda passage: passage.section)}
    open_levels: list[int] = []
    found = []
    for number, section in enumerate(article.sections):
        open_levels = [level for level in open_levels if level < section.level]
        if section.heading:
            open_levels.append(section.level)
        found.append(Part(f"section-{number}", section, len(open_levels), of.get(number, ())))
    return found


def reading_minutes(passages: Sequence[Passage]) -> int:
    """How long an article takes to read, a minute at least."""
    text = "\n".join(passage.text for passage in passages)
    han = len(_HAN.findall(text))
    words = len(_WORD.findall(_HAN.sub(" ", text)))
    return max(1, round(han / _HAN_A_MINUTE + words / _WORDS_A_MINUTE))
