"""Advertisements, calls to action and placeholders, sentence by sentence.

No word alone makes an advertisement: an article about service says "call", "subscribe", "we offer"
too. A sentence is left out when it approaches the reader *and* speaks for the publisher, and all
evidence together weighs enough. Where it stands counts as well: advertisements stand at the end,
beside one another, or alone on a line like a button. What is quoted is never evidence; quotes,
dialogue, tables and code are never touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kb.models import BlockKind, Span
from kb.readers.left_out.evidence import Evidence, evidence, pattern, unquoted
from kb.readers.left_out.notices import notice
from kb.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kb.readers.draft import Element, Finding

_ENOUGH = 4
"""The weight of evidence from which a sentence is left out."""

_APPROACHES = ("strong_calls", "calls", "weak_calls", "brand_offers", "offers", "weak_offers", "number")
"""What makes a sentence an approach to the reader."""

_PUBLISHERS = ("strong_calls", "publisher", "brand", "channels", "offers", "weak_offers", "number")
"""What makes it the publisher's."""

_PLACEHOLDER = re.compile(r"\W*[\[【](?P<what>[^\[\]【】]{2,200})[\]】]\W*")
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", ";", "；", ":", "：")
_MAX_LABEL = 80
_MAX_CLOSING = 300
_MAX_SENTENCE = 1_000
_MIN_SENTENCE = 4
"""Characters of a label, of a closing paragraph that is weighed as a whole, of an advertising sentence."""


@dataclass(slots=True)
class _Sentence:
    """A sentence of a paragraph, or a whole element of another kind.

    `evidence` is None for what is never left out; `span` is where it stands in the element's text.
    """

    index: int
    element: Element
    span: Span
    evidence: Evidence | None = None
    is_label: bool = False
    is_alone: bool = False
    is_placeholder: bool = False
    out: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a sentence stands: at the end of the article, and beside what is left out."""

    at_end: bool = False
    above_out: bool = False
    below_out: bool = False

    @property
    def beside_out(self) -> bool:
        """Whether what stands above or below was left out."""
        return self.above_out or self.below_out


def without_calls(elements: Sequence[Element], brand: str) -> tuple[list[Element], list[Finding]]:
    """The elements without advertising sentences, and a notice for each element that was cut."""
    found = [s for index, element in enumerate(elements) for s in _sentences(index, element, brand)]
    for _ in range(2):  # what was found the first time makes its neighbours suspect
        _weigh_from_the_end(found, brand)
        _weigh_below_others(found)
    return _cut(elements, found)


def _sentences(index: int, element: Element, brand: str) -> list[_Sentence]:
    """The sentences of a paragraph; another element as one, with evidence if it may be left out."""
    text = element.text
    whole = (0, len(text))
    if element.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) or text.startswith(("—", "–")):
        return [_Sentence(index, element, whole)]
    if not element.is_paragraph:
        is_label = element.is_heading and _is_label(text)
        return [_Sentence(index, element, whole, _evidence(text, brand), is_label)]
    spans = sentences(unquoted(text))  # what is quoted belongs to the sentence that quotes it
    return [
        _Sentence(
            index,
            element,
            (start, end),
            _evidence(text[start:end], brand),
            is_label=len(spans) == 1 and _is_label(text),
            is_alone=len(spans) == 1,
            is_placeholder=_is_placeholder(text[start:end], brand),
        )
        for start, end in spans
    ]


def _evidence(sentence: str, brand: str) -> Evidence | None:
    """The evidence in a sentence of an advertisement's length."""
    return evidence(sentence, brand) if _MIN_SENTENCE <= len(sentence) <= _MAX_SENTENCE else None


def _is_label(text: str) -> bool:
    """Whether a text looks like what stands on a button or beside a form: short and no sentence."""
    return len(text) <= _MAX_LABEL and not text.rstrip("\"'»”)]").endswith(_SENTENCE_ENDS)


def _is_placeholder(sentence: str, brand: str) -> bool:
    """Whether a sentence is a name in brackets for what the page had there: [Кнопка: Купить]."""
    match = _PLACEHOLDER.fullmatch(sentence)
    if not match:
        return False
    what = match["what"].strip()
    return bool(pattern("buttons").match(what)) or evidence(what, brand).has("calls", "strong_calls")


# --- Weighing -----------------------------------------------------------------------------------


def _weigh_from_the_end(found: Sequence[_Sentence], brand: str) -> None:
    """Weigh the sentences, last element first: nothing of the article follows those at the end.

    A heading below which everything is out goes with it.
    """
    at_end = True
    section_is_out = False  # everything, and something, since the heading below
    below_out = False
    for _, group in groupby(reversed(found), key=lambda sentence: sentence.index):
        last_first = list(group)
        if at_end and _is_closing_call(last_first, brand, below_out):
            for sentence in last_first:
                sentence.out = sentence.out or (sentence.evidence is not None and sentence.evidence.is_any)
        for sentence in last_first:
            place = _Place(at_end=at_end, below_out=below_out)
            sentence.out = sentence.out or _is_out(sentence, place)
            below_out = sentence.out
        element = last_first[0].element
        if element.is_heading:
            if section_is_out:
                last_first[0].out = below_out = True
            section_is_out = False
        else:
            section_is_out = all(sentence.out for sentence in last_first)
        at_end = at_end and all(sentence.out for sentence in last_first)


def _is_closing_call(last_first: Sequence[_Sentence], brand: str, below_out: bool) -> bool:
    """Whether a short paragraph at the end is an advertisement when it is weighed as a whole.

    Не знаете, с чего начать? Мы подскажем.   is one, though neither sentence says enough alone
    """
    element = last_first[0].element
    if not element.is_paragraph or not 1 < len(last_first) <= 3 or len(element.text) > _MAX_CLOSING:
        return False
    whole = _Sentence(last_first[0].index, element, (0, len(element.text)), evidence(element.text, brand))
    return _is_out(whole, _Place(at_end=True, below_out=below_out))


def _weigh_below_others(found: Sequence[_Sentence]) -> None:
    """Weigh the sentences that stand right below what is left out once more."""
    above_out = False
    for sentence in found:
        if above_out and not sentence.element.is_heading:
            sentence.out = sentence.out or _is_out(sentence, _Place(above_out=True))
        above_out = sentence.out


def _is_out(sentence: _Sentence, place: _Place) -> bool:
    """Whether a sentence is left out, standing where it does."""
    if sentence.is_placeholder:
        return True
    found = sentence.evidence
    if found is None or not (sentence.element.is_paragraph or place.at_end):
        return False
    is_approach = (
        found.has(*_APPROACHES)
        or (found.has("pitches") and place.beside_out)
        or (found.is_question and place.below_out)
        or (found.has("publisher") and found.has("reader") and found.lures and place.at_end)
    )
    is_publishers = (
        found.has(*_PUBLISHERS)
        or sentence.is_label
        or place.beside_out
        or (place.at_end and found.lures > (0 if found.has("calls") else 1))
    )
    return bool(is_approach and is_publishers and _weight(sentence, found, place) >= _ENOUGH)


def _weight(sentence: _Sentence, found: Evidence, place: _Place) -> int:
    """What the words of a sentence and its place weigh together."""
    to_reader = found.has("reader")
    words = (
        (3 if found.has("strong_calls") else 2 * found.has("calls", "weak_calls"))
        + 2 * found.has("brand_offers")
        + 2 * found.has("weak_offers")
        + (3 if to_reader else 1) * found.has("offers")
        + 2 * (found.has("pitches") or (found.is_question and place.below_out))
        + 2 * found.has("number")
        + found.has("brand")
        + found.has("channels")
        + (found.has("publisher") and not found.has("strong_calls"))
        + (to_reader and found.has("publisher", "brand") and not found.has("offers"))
        + min(found.lures, 2 if place.at_end or place.beside_out else 1)
        - 3 * found.has("mentions")
    )
    is_line = sentence.is_label or (sentence.is_alone and found.has("strong_calls"))
    return words + place.at_end + 2 * place.beside_out + is_line


# --- Cutting ------------------------------------------------------------------------------------


def _cut(elements: Sequence[Element], found: Sequence[_Sentence]) -> tuple[list[Element], list[Finding]]:
    """The elements without the sentences that are out, and notices for each that was cut."""
    kept: list[Element] = []
    notices: list[Finding] = []
    for _, group in groupby(found, key=lambda sentence: sentence.index):
        parts = list(group)
        element = parts[0].element
        rest = element.without([part.span for part in parts if part.out])
        if rest.text:
            kept.append(rest)
        for code, is_placeholder in (("left-out-advert", False), ("left-out-form", True)):
            out = [part.span for part in parts if part.out and part.is_placeholder is is_placeholder]
            if out:
                notices.append(notice(code, element, " ".join(element.text[start:end] for start, end in out)))
    return kept, notices
