"""Inline markup → plain text and links.

A parser writes to a `Prose` piece by piece as it goes through a paragraph: text, the beginning and
end of links, breaks. What comes out is plain text in which white space is collapsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kb.readers.draft import Hyperlink

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHITE = re.compile(r"[ \t\n\r]+")
_HAN = re.compile(r"[\u2e80-\u303f\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef]")


def allowed_url(url: str) -> str:
    """`url` when it is http, https, mailto or a relative path; otherwise an empty string.

    javascript:alert(1), data:… and //elsewhere.example are not passed on.
    """
    url = url.strip()
    if url.startswith(("//", "\\", "/\\")):
        return ""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # http://[oops
        return ""
    is_relative = not scheme and ":" not in url.split("/")[0]
    return url if is_relative or scheme in ("http", "https", "mailto") else ""


def joint(before: str, after: str) -> str:
    """What joins two lines of one paragraph: a space, but nothing between Han characters."""
    return "" if _HAN.match(before[-1:]) and _HAN.match(after[:1]) else " "


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text without a break in it, its links and the file's line it begins on."""

    text: str
    links: tuple[Hyperlink, ...]
    line: int


def joined(pieces: Sequence[Piece], separator: str, line: int) -> Piece:
    """Several pieces as one that begins on `line`, with their links in place."""
    links: list[Hyperlink] = []
    offset = 0
    for piece in pieces:
        links += [link.moved(offset) for link in piece.links]
        offset += len(piece.text) + len(separator)
    return Piece(separator.join(piece.text for piece in pieces), tuple(links), line)


class Prose:
    """Collects the text of one paragraph; `pieces` are what its hard breaks cut it into.

    Call `end` when all is written.
    """

    def __init__(self, line: int) -> None:
        self.pieces: list[Piece] = []
        self._line = line
        self._begin_piece()

    def _begin_piece(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._links: list[Hyperlink] = []
        self._open_links: list[tuple[int, str, bool]] = []
        self._after_soft_break = False
        self._piece_line = self._line

    def write(self, text: str) -> None:
        """Add text. White space is collapsed, and none stands at the beginning."""
        text = _WHITE.sub(" ", text)
        if self._after_soft_break and text.strip():
            text = text.lstrip()
            text = joint(self._last_character, text) + text
            self._after_soft_break = False
        if self._last_character in ("", " "):
            text = text.lstrip(" ")
        if text:
            self._text.append(text)
            self._length += len(text)

    @property
    def _last_character(self) -> str:
        return self._text[-1][-1] if self._text else ""

    def open_link(self, url: str, nofollow: bool = False) -> None:
        """What is written from here on is a link to `url`."""
        self._open_links.append((self._length, allowed_url(url), nofollow))

    def close_link(self) -> None:
        """The link opened last ends here."""
        if self._open_links:
            start, url, nofollow = self._open_links.pop()
            if url and start < self._length:
                self._links.append(Hyperlink(start, self._length, url, nofollow))

    def soft_break(self) -> None:
        """The line of the file ends here; the paragraph goes on."""
        self._line += 1
        self._after_soft_break = True

    def hard_break(self, lines: int = 1) -> None:
        """A new line of text begins here, `lines` further down in the file."""
        while self._open_links:
            self.close_link()
        text = "".join(self._text).rstrip()
        if text:
            links = sorted(_trimmed(self._links, text), key=lambda link: link.start)
            self.pieces.append(Piece(text, tuple(links), self._piece_line))
        self._line += lines
        self._begin_piece()

    def end(self) -> None:
        """Nothing more will be written."""
        self.hard_break(0)

    def joined(self, line: int) -> Piece:
        """All pieces as one, for what can hold no break: a heading, a table cell.

        `line` is where it stands when there is no text at all.
        """
        return joined(self.pieces, " ", self.pieces[0].line if self.pieces else line)


def _trimmed(links: list[Hyperlink], text: str) -> list[Hyperlink]:
    """The links without white space at their edges; those that hold nothing else are gone."""
    trimmed = []
    for link in links:
        inside = text[link.start : link.end]
        start = link.start + len(inside) - len(inside.lstrip())
        end = link.start + len(inside.rstrip())
        if start < end:
            trimmed.append(Hyperlink(start, end, link.url, link.nofollow))
    return trimmed
