"""What stands around an article as a block of its own: lists of other articles, disclaimers, notes
about the author, and advertisements for courses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.models import BlockKind
from kb.readers.left_out.evidence import pattern
from kb.readers.left_out.notices import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kb.readers.draft import Element, Finding, Metadata

_AUTHOR_BOX = 800
"""Characters of the longest text that is still a note about the author."""

_AUTHOR_NOTES = 12
"""How many of the last elements may be such notes, or stand among them."""

_ENDS = (".", "!", "?", "…", "。", "！", "？", "”", "»", "）", ")")


def _names(kind: str, text: str) -> bool:
    """Whether a heading or lead-in is one of a kind, nothing before or after it."""
    return bool(pattern(kind).fullmatch(text.strip(' :：.!…"«»【】[]—-')))


def _region_end(elements: Sequence[Element], start: int) -> int:
    """The index after what stands below the heading or lead-in at `start`."""
    head = elements[start]
    for index in range(start + 1, len(elements)):
        element = elements[index]
        if element.is_heading and (not head.is_heading or element.level <= head.level):
            return index
        if not head.is_heading and element.is_paragraph and not _is_link(element) and _is_prose(element):
            return index
    return len(elements)


def _is_link(element: Element) -> bool:
    """Whether most of an element's text is a link."""
    return sum(link.end - link.start for link in element.links) >= 0.5 * len(element.text)


def _is_prose(element: Element) -> bool:
    """Whether an element is running text and not a title."""
    return element.text.endswith(_ENDS) or len(element.text) > 120


# --- Lists of other articles --------------------------------------------------------------------


def without_read_also(elements: Sequence[Element]) -> tuple[list[Element], list[Finding]]:
    """The elements without "read also" lists: such a heading with nothing but links or titles below.

    Without links it must stand at the end; with running text below, it is a section like others.
    """
    kept: list[Element] = []
    notices: list[Finding] = []
    index = 0
    while index < len(elements):
        element = elements[index]
        end = _read_also_end(elements, index)
        if end > index:
            notices.append(notice("left-out-read-also", element))
            index = end
        else:
            kept.append(element)
            index += 1
    return kept, notices


def _read_also_end(elements: Sequence[Element], index: int) -> int:
    """The index after the list of other articles that begins at `index`; `index` when none does."""
    element = elements[index]
    if element.kind is not BlockKind.PARAGRAPH:
        return index
    if _names("read_also", element.text):
        end = _region_end(elements, index)
        return end if _lists_articles(elements[index + 1 : end], end == len(elements)) else index
    is_near_end = index >= len(elements) - 4
    return index + 1 if _leads_elsewhere(element) and (element.links or is_near_end) else index


def _lists_articles(region: Sequence[Element], at_end: bool) -> bool:
    """Whether there is nothing but links; at the end of the article, titles or nothing will do."""
    only_links = all(map(_is_link, region)) and bool(region)
    return only_links or (at_end and not any(map(_is_prose, region)))


def _leads_elsewhere(element: Element) -> bool:
    """Whether a line names another article after "read also": 下一篇：如何写手册."""
    lead = re.match(r"[^:：]{2,40}[:：]", element.text)
    if not lead or not _names("read_also", lead.group()):
        return False
    linked = sum(link.end - link.start for link in element.links)
    return len(element.text) - lead.end() <= linked + 0.4 * len(element.text) or not _is_prose(element)


# --- Disclaimers --------------------------------------------------------------------------------


def without_disclaimers(elements: Sequence[Element]) -> tuple[list[Element], list[Finding]]:
    """The elements without disclaimers: paragraphs near the end that begin like one and say so."""
    kept: list[Element] = []
    notices: list[Finding] = []
    tail = len(elements) - max(6, len(elements) // 5)
    for index, element in enumerate(elements):
        if (
            index >= tail
            and element.kind in (BlockKind.PARAGRAPH, BlockKind.QUOTE)
            and _is_disclaimer(element)
        ):
            notices.append(notice("left-out-disclaimer", element))
        else:
            kept.append(element)
    return kept, notices


def _is_disclaimer(element: Element) -> bool:
    """Whether a paragraph is a disclaimer or copyright notice."""
    begins = element.text.startswith("©") or pattern("disclaimers").match(element.text.lstrip("*【[《( "))
    says = len({match.group() for match in pattern("disclaiming").finditer(element.text)})
    return says >= (1 if begins else 3)


# --- Notes about the author ---------------------------------------------------------------------


def without_author_notes(
    metadata: Metadata, elements: Sequence[Element]
) -> tuple[Metadata, list[Element], list[Finding]]:
    """The elements without notes near the end about the author and others who worked on the article.

    The author goes into the metadata when none is stated.
    """
    kept = list(elements)
    notices: list[Finding] = []
    for index in range(len(elements) - 1, max(-1, len(elements) - _AUTHOR_NOTES - 1), -1):
        box = kept[index : _author_note_end(kept, index)]
        if box:
            notices.append(notice("left-out-author-box", box[-1]))
            metadata = replace(metadata, author=metadata.author or _name_in(box[-1].text))
            del kept[index : index + len(box)]
    return metadata, kept, notices


def _author_note_end(elements: Sequence[Element], index: int) -> int:
    """The index after the note that begins at `index`; `index` itself when none does."""
    element = elements[index]
    if element.kind is not BlockKind.PARAGRAPH:
        return index
    if _is_credit(element.text):
        return index + 1
    end = _region_end(elements, index)
    length = sum(len(block.text) for block in elements[index + 1 : end])
    is_box = _names("about_author", element.text) and 0 < length <= _AUTHOR_BOX
    return end if is_box else index


def _is_credit(text: str) -> bool:
    """Whether a line says who else worked on the article: 责任编辑：李明."""
    what, colon, who = text.partition("：" if "：" in text else ":")
    return bool(colon and len(who) <= 40 and pattern("credits").fullmatch(what.strip()))


def _name_in(text: str) -> str:
    """The name that a note about somebody begins with: Анна Ким — тренер … -> Анна Ким."""
    name = re.split(r"\s+[-–—]\s+|[,，、。:：(（]", text, maxsplit=1)[0].strip()
    is_name = len(name) <= 40 and len(name.split()) <= 4 and not _is_credit(text)
    return name if is_name else ""


# --- Advertisements for courses -----------------------------------------------------------------


def without_course_adverts(elements: Sequence[Element]) -> tuple[list[Element], list[Finding]]:
    """The elements without paragraphs that advertise a course.

    They name the course and say what it gives; what sets them apart from an article that tells of
    a course is that they were cut off in the middle of a sentence or lead to a line of contacts.
    """
    kept: list[Element] = []
    notices: list[Finding] = []
    for index, element in enumerate(elements):
        if _is_course_advert(elements, index):
            notices.append(notice("left-out-advert", element))
        elif not (index and _is_contact_line(element) and _is_course_advert(elements, index - 1)):
            kept.append(element)
    return kept, notices


def _is_course_advert(elements: Sequence[Element], index: int) -> bool:
    """Whether a paragraph advertises a course."""
    element = elements[index]
    praise = len({match.group() for match in pattern("courses").finditer(element.text)})
    if praise < 2 or not element.is_paragraph:
        return False
    below = elements[index + 1] if index + 1 < len(elements) else None
    leads_to_contact = below is not None and _is_contact_line(below)
    return min(praise, 3) + 2 * leads_to_contact + _is_cut_off(element.text) >= 4


def _is_cut_off(text: str) -> bool:
    """Whether a paragraph stops in the middle of a sentence."""
    return text.endswith("…") or (len(text) >= 40 and not text.endswith((*_ENDS, ":", "：", ";", "；")))


def _is_contact_line(element: Element) -> bool:
    """Whether a line says whom to turn to: a few words, a name, "咨询" or the like, no sentence."""
    return (
        element.is_paragraph
        and len(element.text) <= 50
        and not element.text.endswith(_ENDS)
        and bool(pattern("contacts").search(element.text))
    )
