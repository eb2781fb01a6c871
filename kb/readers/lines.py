"""Plain text → its lines, each with its number or bullet told from its text.

Lines that only the width of a page had broken are put together again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from kb.columns import columns
from kb.readers.prose import joint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kb.readers.draft import NumberedText

_MAX_WRAP = 100
"""Columns of the longest line of a file whose lines were broken to fit a width."""

_HAN_NUMBER = "[一二三四五六七八九十百]{1,4}"

_NUMBERINGS = tuple(
    re.compile(form)
    for form in (
        rf"(第(?:{_HAN_NUMBER}|\d{{1,3}})[章节節部篇])\s*[、.．:：]?\s*",  # 第一章
        rf"({_HAN_NUMBER}[、.．])\s*",  # 一、
        rf"([（(]{_HAN_NUMBER}[)）])\s*、?",  # （一）
        r"(\d{1,3}[.．、](?!\d)|\d{1,3}\)(?=\s))\s*",  # 1.  1、  1)
        r"(\d{1,2}(?:\.\d{1,2}){1,3}\.?)\s+",  # 1.2.
        r"([（(]\d{1,2}[)）])\s*",  # (1)
        r"([①-⑳])\s*",
    )
)
"""The ways to number headings and list items, from the outermost to the innermost."""

_BULLET = re.compile(r"([•●▪▫‣◦○■□◆◇★➤✓✔]\s*|[·*–-]\s+)(?=\S)")
_RULE = re.compile(r"[-=_*~·—\s]{3,}")

_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")
_CLAUSE_END = (";", "；", ",", "，", "、", ":", "：")
_NO_HEADING_END = (".", ",", ";", ":", "。", "，", "；", "：")
_CLOSING = "\"'»”’）)】」』 "


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, or several that were one before the file was wrapped.

    `marker` is its number or bullet, `text` what follows it. `numbering` is the index in
    `_NUMBERINGS` of the form of its number, None without a number. `indent` counts the characters
    before it; `after_blank` tells whether a blank line is above it.
    """

    text: str
    number: int
    indent: int = 0
    after_blank: bool = True
    marker: str = ""
    numbering: int | None = None

    @property
    def is_bulleted(self) -> bool:
        """Whether it begins with a bullet."""
        return bool(self.marker) and self.numbering is None

    @property
    def whole(self) -> str:
        """The line as it stands, with its number or bullet."""
        space = "" if not self.marker or self.marker.endswith(("、", "）", "．")) else " "
        return f"{self.marker}{space}{self.text}"

    @property
    def ends_sentence(self) -> bool:
        """Whether it ends as a sentence does, perhaps in quotes or brackets."""
        return ends_sentence(self.text)

    @property
    def ends_clause(self) -> bool:
        """Whether it ends as a sentence, a part of one or a lead-in does."""
        return self.text.rstrip(_CLOSING).endswith(_SENTENCE_END + _CLAUSE_END)

    @property
    def width(self) -> int:
        """The columns that `text` takes."""
        return columns(self.text)

    @property
    def end(self) -> int:
        """The column that the whole line ends at."""
        return self.indent + columns(self.whole)


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does, perhaps in quotes or brackets."""
    return text.rstrip(_CLOSING).endswith(_SENTENCE_END)


def could_end_heading(text: str) -> bool:
    """Whether a text ends as a heading may: it may ask or call out, but not state or lead in."""
    return not text.endswith(_NO_HEADING_END)


def lines_of(body: NumberedText) -> list[Line]:
    """The lines of a text that are not blank and no rules (-----)."""
    lines = list(_marked_lines(body))
    return _unwrapped(lines) if _is_wrapped(lines) else lines


def ordinal(marker: str) -> int:
    """The number that a marker stands for: 1. -> 1, 十二、 -> 12, ③ -> 3, 1.2 -> 2."""
    if digits := re.findall(r"\d+", marker):
        return int(digits[-1])
    if "①" <= marker <= "⑳":
        return ord(marker) - ord("①") + 1
    tens, ten, ones = "".join(re.findall(_HAN_NUMBER, marker)).rpartition("十")
    return (_han_digit(tens, 1) * 10 if ten else 0) + _han_digit(ones, 0)


def _han_digit(text: str, nothing: int) -> int:
    """The value of one Han digit; `nothing` when there is none."""
    return "零一二三四五六七八九".find(text) if text else nothing


def _marked_lines(body: NumberedText) -> Iterator[Line]:
    """The lines that are not blank, as they stand in the file."""
    after_blank = True
    for raw, number in zip(body.lines, body.numbers, strict=True):
        text = " ".join(raw.split())
        is_blank = not text or bool(_RULE.fullmatch(text))
        if not is_blank:
            yield marked(Line(text, number, len(raw) - len(raw.lstrip()), after_blank))
        after_blank = is_blank


def marked(line: Line) -> Line:
    """The line with its number or bullet told from its text."""
    for numbering, form in enumerate(_NUMBERINGS):
        if (match := form.match(line.text)) and match.end() < len(line.text):
            return replace(line, marker=match[1], text=line.text[match.end() :], numbering=numbering)
    if match := _BULLET.match(line.text):
        return replace(line, marker=match[1].strip(), text=line.text[match.end() :])
    return line


# --- Wrapped files ------------------------------------------------------------------------------


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Whether the file was broken to a width: no line is long, and many full ones end in mid-sentence."""
    width = max((line.end for line in lines), default=0)
    adjacent = [above for above, below in pairwise(lines) if not below.after_blank and not below.marker]
    broken = [above for above in adjacent if above.end > 0.7 * width and not above.ends_sentence]
    return 30 <= width <= _MAX_WRAP and len(broken) >= max(2, len(adjacent) / 2)


def _unwrapped(lines: Sequence[Line]) -> list[Line]:
    """The lines of a wrapped file with those joined that were one."""
    width = max(line.end for line in lines)
    joined = list(lines[:1])
    for above, line in pairwise(lines):
        if _continues(above, line, width):
            text = joined[-1].text
            between = "" if re.search(r"\w-$", text) else joint(text, line.text)
            joined[-1] = replace(joined[-1], text=f"{text}{between}{line.text}")
        else:
            joined.append(line)
    return joined


def _continues(above: Line, line: Line, width: int) -> bool:
    """Whether `line` was one with the line above in a file broken to `width`.

    It was when its first word would not have fitted there, or when it begins in mid-sentence.
    """
    if line.after_blank or line.marker:
        return False
    first_word = re.match(r"[\u2e80-\u9fff]|\S+", line.text)
    fitted = above.end + 1 + columns(first_word.group() if first_word else "") <= width
    return not fitted or (line.text[0].islower() and not above.ends_sentence)
