"""Tables of excerpts: rows of cells again, as markup, or as lines to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from kb.columns import columns
from kb.models import CELL_SEPARATOR, HEADER_ROW, Block, BlockKind, Excerpt

# How wide a column may be, in Latin letters.
_NARROWEST, _WIDEST = 12, 60


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, each as long as the longest; the first of them heads the others if it `has_head`."""

    rows: tuple[tuple[str, ...], ...]
    has_head: bool

    def shares(self) -> list[float]:
        """What part of the width each column needs, by its longest cell: wide ones break their lines."""
        longest = [max(columns(cell) for cell in column) for column in zip(*self.rows, strict=True)]
        wanted = [min(max(width, _NARROWEST), _WIDEST) for width in longest]
        return [width / sum(wanted) for width in wanted]

    def spoken(self, language: str) -> Iterator[str]:
        """The rows as lines that can be read alone: «молчит — Ответ: спросите; Кто: кассир»."""
        colon, semicolon = ("：", "；") if language == "zh" else (": ", "; ")
        head, *rest = self.rows
        if not (self.has_head and rest):
            yield from (" — ".join(cell for cell in row if cell) for row in self.rows)
            return
        for first, *others in rest:
            cells = [(name, cell) for name, cell in zip(head[1:], others, strict=True) if cell]
            named = semicolon.join(f"{name}{colon}{cell}" if name else cell for name, cell in cells)
            yield " — ".join(part for part in (first, named) if part)


def table_of(blocks: Sequence[Block]) -> Table:
    """The table of rows that follow each other."""
    rows = [[cell.strip() for cell in block.text.split(CELL_SEPARATOR)] for block in blocks]
    width = max(map(len, rows))
    full = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    return Table(full, blocks[0].marker == HEADER_ROW)


def has_table(excerpt: Excerpt) -> bool:
    """Whether an excerpt has a table, which needs the whole width of a page."""
    return any(block.kind is BlockKind.TABLE_ROW for block in excerpt.blocks)


def html_table(table: Table) -> str:
    """A table as HTML, its head on each page that it goes on over."""
    rows = list(table.rows)
    head = f"<thead>{_row(rows.pop(0), 'th')}</thead>" if table.has_head else ""
    return f"<table>{head}<tbody>{''.join(_row(row, 'td') for row in rows)}</tbody></table>"


def _row(cells: Sequence[str], tag: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return "<tr>" + "".join(f"<{tag}{scope}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
