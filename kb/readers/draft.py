"""What the steps of reading hand to one another, from a file's bytes to a draft of an article.

::

    Source ──decoding──> NumberedText ──a format's parser──> Draft ──masthead, left_out──> Article

Nothing here knows a format. A format's module (`kb.readers.markdown`, `kb.readers.plain_text`, …)
makes `Draft`s; the same steps then finish the drafts of every format.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from kb.models import BlockKind, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


BULLET = "•"
"""The marker of every item of an unordered list, whatever the file has before it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was found: what it is called in problems, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """A `kb.models.Problem` before the file is named: the steps of reading see only text."""

    code: str
    message: str
    line: int | None = None
    severity: str = "warning"


@dataclass(frozen=True, slots=True)
class NumberedText:
    """Lines that know where they stand in the file, also after some were taken out.

    `numbers` are the lines' numbers in the file, counted from 1, one for each line.
    """

    lines: Sequence[str]
    numbers: Sequence[int]

    @classmethod
    def of(cls, text: str) -> NumberedText:
        """The lines of a whole file."""
        lines = text.split("\n")
        return cls(lines, range(1, len(lines) + 1))

    @property
    def text(self) -> str:
        """The lines as one string."""
        return "\n".join(self.lines)

    def part(self, start: int, stop: int | None = None) -> NumberedText:
        """The lines from index `start` up to `stop`, still numbered as in the file."""
        return NumberedText(self.lines[start:stop], self.numbers[start:stop])

    def number(self, index: int) -> int:
        """The file's line number of the line at `index`; of the last line when it is beyond it."""
        return self.numbers[min(index, len(self.numbers) - 1)] if self.numbers else 1


@dataclass(frozen=True, slots=True)
class Hyperlink:
    """A link on part of an element's text; `nofollow` when the page told robots not to trust it."""

    start: int
    end: int
    url: str
    nofollow: bool = False

    def moved(self, by: int) -> Hyperlink:
        """The link `by` characters further on."""
        return replace(self, start=self.start + by, end=self.end + by)


@dataclass(frozen=True, slots=True)
class Element:
    """A heading, paragraph, list item, quote, table row or code block in reading order.

    `level` is 1–6 for a heading and 0 for a block, whose `kind` then says what it is. `line` is the
    line of the file; in a format without lines it counts the elements (DOCX, ODT, EPUB), the slides
    or the pages. `marker`, `depth` and `asked` are as in `kb.models.Block`.
    """

    text: str
    line: int
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    links: tuple[Hyperlink, ...] = ()
    marker: str = ""
    depth: int = 0
    asked: tuple[str, ...] = ()

    @property
    def is_heading(self) -> bool:
        """Whether it opens a section."""
        return self.level > 0

    @property
    def is_paragraph(self) -> bool:
        """Whether it is running text: no heading, list item, quote, table row or code."""
        return self.level == 0 and self.kind is BlockKind.PARAGRAPH

    def without(self, spans: Sequence[Span]) -> Element:
        """The element with these spans of its text cut out and the ends trimmed.

        White space after a span goes with it. Links keep their place; one that was cut into is
        shortened, one that was cut out is gone. `spans` are sorted and do not overlap.
        """
        kept = _complement([_with_space(span, self.text) for span in spans], len(self.text))
        text = "".join(self.text[start:end] for start, end in kept)
        lead = len(text) - len(text.lstrip())
        links = tuple(
            replace(link, start=start, end=end)
            for link in self.links
            if (start := max(_moved(link.start, kept) - lead, 0))
            < (end := min(_moved(link.end, kept) - lead, len(text.strip())))
        )
        return replace(self, text=text.strip(), links=links)


def _with_space(span: Span, text: str) -> Span:
    """A span and the white space after it."""
    start, end = span
    while end < len(text) and text[end].isspace():
        end += 1
    return start, end


def _complement(spans: Sequence[Span], length: int) -> list[Span]:
    """What of a text of `length` lies outside the sorted `spans`."""
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), length]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def _moved(offset: int, kept: Sequence[Span]) -> int:
    """Where `offset` lies once only the `kept` spans are left."""
    return sum(max(min(end, offset) - start, 0) for start, end in kept)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file states about its article; the names and meanings are those of `Article`."""

    title: str = ""
    language: str = "und"
    locale: str = "und"
    summary: str = ""
    author: str = ""
    publisher: str = ""
    published: date | None = None
    url: str = ""
    licence: str = ""
    keywords: tuple[str, ...] = ()
    principles: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    stated_id: str = ""

    def or_else(self, weaker: Metadata) -> Metadata:
        """These statements, and those of `weaker` about what they do not speak of."""
        missing = [
            field.name
            for field in fields(self)
            if field.name != "locale" and getattr(self, field.name) == getattr(UNSTATED, field.name)
        ]
        if "language" in missing:
            missing.append("locale")
        return replace(self, **{name: getattr(weaker, name) for name in missing})


UNSTATED = Metadata()
"""What a file states that states nothing."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as a format's parser found it: nothing left out, not yet cut into sections.

    `metadata` is what its editor states (front matter). `properties` is what the page or document
    carries about itself: programs write it, too, so what stands in the text wins over it.
    `version` labels one of several versions found in one file.
    """

    metadata: Metadata
    elements: tuple[Element, ...]
    findings: tuple[Finding, ...] = ()
    version: str = ""
    properties: Metadata = UNSTATED
