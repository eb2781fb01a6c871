"""Advertisements, calls to action and placeholders, sentence by sentence.

No word alone makes an advertisement: an article about service says "call", "subscribe", "we offer"
too. A sentence is left out when it approaches the reader *and* speaks for the publisher, and all
evidence together weighs enough. Where it stands counts as well: advertisements stand at the end,
beside one another, or alone on a line like a button. What is quoted is never evidence; quotes,
dialogue, tables and code are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kb.models import BlockKind, Span
from kb.readers.draft import Element, Finding
from kb.readers.left_out.evidence import Evidence, evidence, pattern, unquoted
from kb.readers.left_out.notices import notice
from kb.readers.left_out.sentences import sentences

ENOUGH = 4
"""The weight of evidence from which a sentence is left out."""

_PLACEHOLDER = re.compile(r"\W*[\[【](?P<what>[^\[\]【】]{2,200})[\]】]\W*")
_LABEL_LENGTH = 80


@dataclass(slots=True)
class _Unit:
    """A sentence of a paragraph, or a whole element of another kind.

    `evidence` is None for what is never left out. `span` is where it stands in the element's text.
    """

    index: int
    span: Span
    evidence: Evidence | None = None
    is_heading: bool = False
    is_item: bool = False
    is_label: bool = False
    is_alone: bool = False
    is_placeholder: bool = False
    out: bool = False


def without_calls(elements: Sequence[Element], brand: str) -> tuple[list[Element], list[Finding]]:
    """The elements without advertising sentences, and a notice for each passage taken out."""
    units = [unit for index, element in enumerate(elements) for unit in _units(index, element, brand)]
    for _ in range(3):  # what is found makes its neighbours suspect
        before = sum(unit.out for unit in units)
        _weigh_backwards(units)
        _weigh_forwards(units)
        if before == sum(unit.out for unit in units):
            break
    return _cut(elements, units)


def _units(index: int, element: Element, brand: str) -> list[_Unit]:
    """The units of an element."""
    text = element.text
    whole = (0, len(text))
    if element.is_heading:
        return [_Unit(index, whole, evidence(text, brand), is_heading=True, is_label=_is_label(text))]
    if element.kind is BlockKind.LIST_ITEM:
        return [_Unit(index, whole, evidence(text, brand), is_item=True)]
    if element.kind is not BlockKind.PARAGRAPH or text.startswith(("—", "–")):
        return [_Unit(index, whole)]
    spans = sentences(unquoted(text))  # what is quoted is part of the sentence that quotes it
    return [
        _Unit(
            index,
            (start, end),
            evidence(text[start:end], brand),
            is_label=len(spans) == 1 and _is_label(text),
            is_alone=len(spans) == 1,
            is_placeholder=_is_placeholder(text[start:end]),
        )
        for start, end in spans
    ]


def _is_label(text: str) -> bool:
    """Whether a text looks like what stands on a button or beside a form: short and no sentence."""
    short = len(text) <= _LABEL_LENGTH
    return short and (not text.rstrip("\"'»”)]").endswith((".", "!", "?", "…", "。", "！", "？", ";", "；")))


def _is_placeholder(sentence: str) -> bool:
    """Whether a sentence is a name in brackets for something the page had there: [Кнопка: Купить]."""
    match = _PLACEHOLDER.fullmatch(sentence)
    return bool(match and pattern("buttons").match(match["what"].strip()))


# --- Weighing -----------------------------------------------------------------------------------


def _weigh_backwards(units: list[_Unit]) -> None:
    """Weigh the units from the last to the first: at the end of the article nothing of it follows."""
    at_end = True
    section_is_out = True  # whether everything since the next heading below is out
    for position in range(len(units) - 1, -1, -1):
        unit = units[position]
        beside = position + 1 < len(units) and units[position + 1].out
        unit.out = unit.out or _is_out(unit, at_end, beside)
        if unit.is_heading:
            emptied = section_is_out and beside
            unit.out = unit.out or emptied
            section_is_out = True
        else:
            section_is_out = section_is_out and unit.out
        at_end = at_end and unit.out


def _weigh_forwards(units: list[_Unit]) -> None:
    """Weigh the units once more, now knowing what was left out above each."""
    for before, unit in pairwise(units):
        if before.out and not unit.is_heading:
            unit.out = unit.out or _is_out(unit, False, True)


def _is_out(unit: _Unit, at_end: bool, beside: bool) -> bool:
    """Whether a unit is left out, given whether it stands at the end and beside others left out."""
    if unit.is_placeholder:
        return True
    if unit.evidence is None or ((unit.is_heading or unit.is_item) and not at_end):
        return False
    found = unit.evidence
    is_approach = found.has(*_APPROACHES) or (found.is_question and found.has("reader") and beside)
    is_publishers = found.has(*_PUBLISHERS) or unit.is_label or beside or (at_end and found.lures > 1)
    return is_approach and is_publishers and _weight(unit, found, at_end, beside) >= ENOUGH


_APPROACHES = ("strong_calls", "calls", "brand_offers", "offers", "weak_offers", "pitches")
"""What makes a sentence an approach to the reader."""

_PUBLISHERS = ("strong_calls", "publisher", "brand", "channels", "offers", "weak_offers")
"""What makes it the publisher's."""


def _weight(unit: _Unit, found: Evidence, at_end: bool, beside: bool) -> int:
    """What the words of a sentence and its place weigh together."""
    to_reader = found.has("reader")
    words = (
        (3 if found.has("strong_calls") else 2 * found.has("calls"))
        + (2 + to_reader) * found.has("brand_offers")
        + (3 if to_reader else 1) * found.has("offers")
        + 2 * found.has("weak_offers")
        + (2 + to_reader) * (found.has("pitches") or found.is_question and beside)
        + (found.has("publisher") and not found.has("strong_calls"))
        + found.has("brand")
        + found.has("channels")
        + min(found.lures, 2 if at_end or beside else 1)
        - 3 * found.has("mentions")
    )
    is_line = unit.is_label or (unit.is_alone and found.has("strong_calls"))
    return words + at_end + 2 * beside + is_line


# --- Cutting ------------------------------------------------------------------------------------


def _cut(elements: Sequence[Element], units: Sequence[_Unit]) -> tuple[list[Element], list[Finding]]:
    """The elements without the units that are out, and a notice for each element that was cut."""
    spans: dict[int, list[Span]] = {}
    placeholders = set()
    for unit in units:
        if unit.out:
            spans.setdefault(unit.index, []).append(unit.span)
            if unit.is_placeholder:
                placeholders.add(unit.index)
    kept, notices = [], []
    for index, element in enumerate(elements):
        cuts = spans.get(index, [])
        rest = element.without(cuts) if cuts else element
        if rest.text:
            kept.append(rest)
        if cuts:
            code = "left-out-form" if index in placeholders else "left-out-advert"
            notices.append(notice(code, element, " ".join(element.text[start:end] for start, end in cuts)))
    return kept, notices
