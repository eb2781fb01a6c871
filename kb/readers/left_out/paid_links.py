"""Paid links glued into headings and paragraphs.

Link sellers and site builders put "… find out more on our <a rel=nofollow>site</a>" behind whatever
text is there, without a full stop before it, without a capital letter, without an end. What they
put in is cut out, the rest is kept. A source linked with rel=nofollow in a sentence stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kb.readers.left_out.evidence import evidence, pattern
from kb.readers.left_out.notices import notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kb.models import Span
    from kb.readers.draft import Element, Finding, Hyperlink

_ENOUGH = 3
"""The weight of evidence from which an insertion is cut out."""

_LONGEST = 200
_STOP = re.compile(r"[.!?…。！？][\"'»”)]*\s+(?=\S)")
_DASHES = re.compile(r"[-–—]{2,}\s")


def without_paid_links(elements: Sequence[Element], brand: str) -> tuple[list[Element], list[Finding]]:
    """The elements without what was put in with a paid link, and a notice for each insertion."""
    kept: list[Element] = []
    notices: list[Finding] = []
    for element in elements:
        spans = list(_insertions(element, brand))
        notices += [notice("left-out-advert", element, element.text[start:end]) for start, end in spans]
        rest = element.without(spans) if spans else element
        if rest.text:
            kept.append(rest)
    return kept, notices


def _insertions(element: Element, brand: str) -> Iterator[Span]:
    """The spans of an element's text that came with a paid link."""
    end_of_last = 0
    for link in element.links:
        end = _end(element.text, link)
        if not link.nofollow or end is None:
            continue
        start = max(_start(element.text, link), end_of_last)
        if end - start <= _LONGEST and _weight(element, (start, end), link, brand) >= _ENOUGH:
            yield start, end
            end_of_last = end


def _end(text: str, link: Hyperlink) -> int | None:
    """Where an insertion with this link ends: with it, unless the sentence goes on behind it."""
    end = link.end + (text[link.end : link.end + 1] == ".")
    after = text[end:].lstrip()
    return None if after and not (text[end].isspace() and after[0].isupper()) else end


def _start(text: str, link: Hyperlink) -> int:
    """Where the insertion begins: at the last call before the link, else where its sentence does."""
    sentence = max((match.end() for match in _STOP.finditer(text, 0, link.start)), default=0)
    calls = (
        match.start()
        for kind in ("strong_calls", "calls", "weak_calls")
        for match in pattern(kind).finditer(text, sentence, link.end)
        if match.start() <= link.start
    )
    return max(calls, default=sentence)


def _weight(element: Element, span: Span, link: Hyperlink, brand: str) -> int:
    """What speaks for an insertion: the paid link itself and four other signs, 1 each; dashes, 2."""
    start, end = span
    inserted = element.text[start:end]
    return (
        1
        + evidence(inserted, brand).has("strong_calls", "calls", "weak_calls")
        + evidence(f"{inserted} {link.url}", brand).has("brand")
        + (start > 0 and inserted[:1].islower())
        + (element.is_paragraph and not inserted.endswith((".", "!", "?", "。")))
        + 2 * bool(_DASHES.match(inserted))
    )
