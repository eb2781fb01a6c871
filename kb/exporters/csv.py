"""CSV for spreadsheets: a row an excerpt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from kb.exporters.edition import Edition, with_counterpart
from kb.exporters.words import Words
from kb.models import Excerpt

# Excel takes a file without this mark for one in the system's old encoding.
_MARK = "\ufeff"
# What makes a spreadsheet compute a cell, also full-width or after a tab or a line's end
# (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def export(edition: Edition) -> bytes:
    """Rows under a heading row, in UTF-8 with a byte order mark. A counterpart has the row below its
    excerpt's, with the same number."""
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(_heads(edition.words))
    numbered = enumerate(
        ((section.title, excerpt) for section in edition.pack.sections for excerpt in section.excerpts), 1
    )
    for number, (section, excerpt) in numbered:
        for one in with_counterpart(excerpt):
            cells = (str(number), section, *_cells(edition, one))
            rows.writerow([guarded(cell) for cell in cells])
    return (_MARK + written.getvalue()).encode()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes: one that begins as a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _heads(words: Words) -> tuple[str, ...]:
    return (
        *("№", words.section, words.language, words.heading, words.excerpt, words.note, words.questions),
        *(words.principles, words.source, words.link, words.licence),
        *(words.article, words.author, words.published, words.quoted, words.version, words.passage),
    )


def _cells(edition: Edition, excerpt: Excerpt) -> Iterator[str]:
    source = excerpt.source
    yield from (source.locale, " › ".join(excerpt.headings), excerpt.text, excerpt.note)
    yield from ("\n".join(excerpt.questions), edition.principles(excerpt))
    yield from (edition.citation(source), edition.link(excerpt), source.licence)
    yield from (source.title, source.author, source.published.isoformat() if source.published else "")
    yield from (excerpt.quoted.date().isoformat(), source.version, excerpt.passage)
