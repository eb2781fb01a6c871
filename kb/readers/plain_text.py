"""Plain text files → drafts of articles; the structure is recovered from how lines look.

Word processors and web pages saved as text keep headings, lists and paragraphs as bare lines. What
each line is follows from its number or bullet, its length, its last character and its neighbours.
A file that turns out to be Markdown is read as Markdown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kb.models import BlockKind
from kb.readers import markdown, text_files
from kb.readers.draft import BULLET, Draft, Element, NumberedText, Source
from kb.readers.lines import Line, lines_of, ordinal
from kb.readers.masthead import HEAD, is_masthead_line, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_TITLE = 150
_MAX_NUMBERED_HEADING = 100
_MAX_BARE_HEADING = 80
"""Columns of the longest line that may be a title or a heading; a Han character takes two."""


def read(source: Source) -> list[Draft]:
    """The drafts in a text file: one, or two when it holds a merge conflict.

    Raises ReadingError when the file is no text that can be decoded.
    """
    return text_files.drafts(source, _parsed)


def _parsed(body: NumberedText, had_front_matter: bool) -> list[Element]:
    """The elements of a text, read as what it is: nobody puts front matter above bare text."""
    return markdown.elements(body) if had_front_matter or is_markdown(body) else elements(body)


_MARKDOWN = re.compile(
    r"""
      ^\#{1,6}\ \S                                      # a heading
    | !?\[[^\[\]\n]+\]\((?:https?://|/|\#|\.)[^)\n]{0,1000}\)  # a link or an image
    | \*\*[^\s*][^*\n]*\*\*                             # bold words
    | ^(?:```|~~~)                                      # a fence
    """,
    re.VERBOSE,
)


def is_markdown(body: NumberedText) -> bool:
    """Whether a text has the marks of Markdown: headings with #, links, bold words, fences."""
    return any(map(_MARKDOWN.search, body.lines))


def elements(body: NumberedText) -> list[Element]:
    """The headings and blocks of a text without markup, in reading order.

    The title and its echoes are headings of level 1, all others are deeper.
    """
    lines = lines_of(body)
    levels = _levels(lines)
    found = []
    indents: list[int] = []  # of the list items around
    for index, line in enumerate(lines):
        is_item = bool(line.marker) and index not in levels
        while indents and (not is_item or indents[-1] >= line.indent):
            indents.pop()
        found.append(_element(line, levels.get(index, 0), len(indents)))
        if is_item:
            indents.append(line.indent)
    return found


def _element(line: Line, level: int, depth: int) -> Element:
    """The element that a line is, given its level as a heading and its depth as an item."""
    if level:
        return Element(line.whole, line.number, level=level)
    if line.marker:
        marker = BULLET if line.is_bulleted else line.marker
        return Element(line.text, line.number, BlockKind.LIST_ITEM, marker=marker, depth=depth)
    return Element(line.text, line.number)


# --- Headings -----------------------------------------------------------------------------------


def _levels(lines: Sequence[Line]) -> dict[int, int]:
    """The levels of the lines that are headings: 1 for the title and its echoes, else 2 and more.

    Numbered headings lie in one another as their forms do: 一、 around 1. around (1). A heading
    without a number among them belongs to the numbered one above, 案例分析 to 三、; before the
    first and after the last, it stands beside them.
    """
    title = _title(lines)
    numbered = _numbered_headings(lines)
    forms = sorted(set(numbered.values()))
    main = [index for index, form in numbered.items() if form == forms[0]]
    levels = {index: 2 + forms.index(form) for index, form in numbered.items()}
    for index, line in enumerate(lines):
        if index < HEAD and same(line.whole, title):
            levels[index] = 1
        elif index not in numbered and _is_bare_heading(lines, index):
            levels[index] = 3 if main and main[0] < index < main[-1] else 2
    return levels


def _title(lines: Sequence[Line]) -> str:
    """The title: the first line that is no date or byline, when it looks like a title."""
    first = next((line for line in lines if not is_masthead_line(line.whole)), None)
    if first is None or first.is_bulleted or first.width > _MAX_TITLE:
        return ""
    is_closed = first.ends_clause and not first.text.endswith(("!", "?", "！", "？", "…"))
    return "" if is_closed else first.whole


def _numbered_headings(lines: Sequence[Line]) -> dict[int, int]:
    """The indices of the numbered lines that are headings and no list items, with their form.

    They are looked at in runs (1. 2. 3. …). A run whose lines look like headings and mostly have
    text below is one of headings; lines that follow one another without text between are a list.
    """
    headings = {}
    for run in _runs(lines):
        short = [index for index in run if _could_be_numbered_heading(lines[index])]
        with_text = [index for index in run if _has_text_below(lines, index)]
        if len(short) >= 2 / 3 * len(run) and len(with_text) > len(run) / 2:
            headings.update({index: lines[index].numbering or 0 for index in short})
    return dict(sorted(headings.items()))


def _runs(lines: Sequence[Line]) -> Iterator[list[int]]:
    """The indices of numbered lines that count on in one form; an outer number ends inner runs."""
    current: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        if line.numbering is None:
            continue
        for inner in [form for form in current if form > line.numbering]:
            yield current.pop(inner)
        run = current.get(line.numbering)
        if run and ordinal(line.marker) == ordinal(lines[run[-1]].marker) + 1:
            run.append(index)
            continue
        if run:
            yield run
        current[line.numbering] = [index]
    yield from current.values()


def _could_be_numbered_heading(line: Line) -> bool:
    """Whether a numbered line has the form of a heading: short, and not ended like a sentence."""
    return line.width <= _MAX_NUMBERED_HEADING and not line.text.endswith((".", "。", ";", "；", ",", "，"))


def _has_text_below(lines: Sequence[Line], index: int) -> bool:
    """Whether text, a bullet list or a number of an inner form comes next, and no number beside it."""
    if index + 1 >= len(lines):
        return False
    form, form_below = lines[index].numbering, lines[index + 1].numbering
    return form is None or form_below is None or form_below > form


def _is_bare_heading(lines: Sequence[Line], index: int) -> bool:
    """Whether a line without a number is a heading: it looks like one, and running text is below.

    One more heading may come between. Several short lines one after another are verse or a list.
    """
    if not _could_be_bare_heading(lines, index):
        return False
    if _is_running(lines, index + 1):
        return True
    between = index + 1
    is_first_of_two = index == 0 or not _could_be_bare_heading(lines, index - 1)
    return is_first_of_two and _could_be_bare_heading(lines, between) and _is_running(lines, between + 1)


def _could_be_bare_heading(lines: Sequence[Line], index: int) -> bool:
    """Whether a line has the form of a heading: short, alone, with a capital, not ended like a sentence."""
    if index >= len(lines):
        return False
    line = lines[index]
    if line.marker or line.width > _MAX_BARE_HEADING or is_masthead_line(line.text):
        return False
    if line.ends_clause and not line.text.endswith(("?", "？")):
        return False
    above = lines[index - 1] if index else None
    is_alone = line.after_blank or above is None or above.ends_sentence or bool(above.marker)
    return is_alone and _begins_like_heading(line.text)


def _is_running(lines: Sequence[Line], index: int) -> bool:
    """Whether a line is a list item, a lead-in, a numbered line or a sentence."""
    if index >= len(lines):
        return False
    line = lines[index]
    return bool(line.marker) or line.ends_clause or line.width > _MAX_NUMBERED_HEADING


def _begins_like_heading(text: str) -> bool:
    """Whether a text begins with a capital, a Han character or a digit, perhaps in quotes."""
    first = text.lstrip('«"“‘(（《【「')[:1]
    return first.isdigit() or (first.isalpha() and not first.islower())
