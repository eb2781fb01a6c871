"""What is not the article is left out, and each piece is reported.

Pages carry more than their article: advertisements, calls to action, placeholders for forms, lists
of other articles, disclaimers, notes about the author. They are told by general evidence; each kind
has its own module or function, and the words of each language are in `words`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.readers.left_out.boxes import (
    without_author_notes,
    without_course_adverts,
    without_disclaimers,
    without_read_also,
)
from kb.readers.left_out.calls import without_calls
from kb.readers.left_out.evidence import brand_pattern
from kb.readers.left_out.paid_links import without_paid_links

if TYPE_CHECKING:
    from kb.readers.draft import Element, Finding, Metadata


def leave_out(
    metadata: Metadata, elements: tuple[Element, ...]
) -> tuple[Metadata, tuple[Element, ...], list[Finding]]:
    """The article's own elements, a notice for everything else, and the author if a box names one.

    Each step makes the end of the article barer, which the next one looks at.
    """
    brand = brand_pattern(metadata)
    kept, notices = without_read_also(elements)
    metadata, kept, boxes = without_author_notes(metadata, kept)
    kept, disclaimers = without_disclaimers(kept)
    kept, paid = without_paid_links(kept, brand)
    kept, courses = without_course_adverts(kept)
    kept, calls = without_calls(kept, brand)
    kept = _without_emptied_headings(elements, kept)
    return metadata, tuple(kept), [*notices, *boxes, *disclaimers, *paid, *courses, *calls]


def _without_emptied_headings(before: tuple[Element, ...], after: list[Element]) -> list[Element]:
    """The elements left, without the headings below which everything was left out."""
    filled = _filled_headings(before)
    still_filled = _filled_headings(tuple(after))
    return [e for e in after if not e.is_heading or _place(e) in still_filled or _place(e) not in filled]


def _filled_headings(elements: tuple[Element, ...]) -> set[tuple[int, str]]:
    """The headings that have a block or a heading below them that has one."""
    filled: set[tuple[int, str]] = set()
    around: list[Element] = []
    for element in elements:
        if element.is_heading:
            while around and around[-1].level >= element.level:
                around.pop()
            around.append(element)
        else:
            filled.update(map(_place, around))
    return filled


def _place(heading: Element) -> tuple[int, str]:
    """What a heading is known by, also on a page or slide that has several."""
    return heading.line, heading.text
