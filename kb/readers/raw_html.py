"""HTML inside Markdown → text and links; nothing of it is passed on as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kb.models import Span
    from kb.readers.prose import Prose

UNSEEN = frozenset(("script", "style", "template", "noscript", "svg", "iframe", "object", "head"))
"""What these contain is not text that a reader of the page sees."""

BREAKING = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
        "ol", "p", "pre", "section", "summary", "table", "td", "th", "tr", "ul",
    )
)  # fmt: skip
"""These begin a new line of text."""


_LONE_BRACKET = re.compile(r"<(?![/!?a-zA-Z][^<>]*>)")


def with_sound_tags(html: str) -> str:
    """`html` without comments, and with every < that begins no tag written as &lt;.

    On tags that are never closed, HTMLParser takes time quadratic in their number.
    """
    parts = []
    at = 0
    for start, end in comments(html):
        parts.append(html[at:start])
        at = end
    return _LONE_BRACKET.sub("&lt;", "".join((*parts, html[at:])))


def comments(html: str) -> Iterator[Span]:
    """Where the comments are, with their `<!--` and `-->`; one that is never closed is none."""
    end = 0
    while (start := html.find("<!--", end)) >= 0 and (closing := html.find("-->", start + 4)) >= 0:
        end = closing + 3
        yield start, end


class RawHtml(HTMLParser):
    """Writes to a `Prose` what the HTML fed to it says: text, links and breaks."""

    def __init__(self, prose: Prose) -> None:
        super().__init__(convert_charrefs=True)
        self._prose = prose
        self._unseen = ""  # the tag around, when what it contains is not seen

    @property
    def is_hiding(self) -> bool:
        """Whether text that comes now is inside something unseen: a script, a style sheet."""
        return bool(self._unseen)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The beginning of a link, of a new line, or of something unseen; others leave no trace."""
        if self._unseen:
            return
        if tag in UNSEEN:
            self._unseen = tag
        elif tag == "a":
            attributes = dict(attrs)
            self._prose.open_link(
                attributes.get("href") or "", "nofollow" in (attributes.get("rel") or "").lower()
            )
        elif tag in BREAKING:
            self._prose.hard_break(0)

    def handle_endtag(self, tag: str) -> None:
        """The end of a link, of a block or of what is unseen."""
        if self._unseen:
            self._unseen = "" if tag == self._unseen else self._unseen
        elif tag == "a":
            self._prose.close_link()
        elif tag in BREAKING:
            self._prose.hard_break(0)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._unseen:
            self._prose.write(data)
