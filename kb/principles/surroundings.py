"""What the words around a mention do to it: contrasts deny one side, long lists name without meaning it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from kb.models import Span
from kb.principles.mentions import Mention

# So many different principles in one list are a survey, and the passage is about none of them.
SURVEY = 5
# How far apart the items of one list may be, in columns (a Han character takes two).
ITEM_WIDTH = 36

# Each pattern's group is the side that is denied.
_CONTRASTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # не обучение, а контроль (but «не только», «не просто» deny nothing)
        r"\bне (?!только\b|просто\b|лишь\b|столько\b)([^.!?;:\n]{1,60}?),? а (?!не\b|также\b|ещё\b|еще\b)",
        r"\bне столько ([^.!?;:\n]{1,60}?),? сколько\b",
        r"\bа не ([^.!?;:,\n—]{1,60})",  # доверие, а не контроль
        r"\bвместо (?:того,? чтобы )?([^.!?;:,\n—]{1,60})",
        # not training but control (but not "not only … but also")
        r"\bnot (?!only\b|just\b|merely\b|simply\b|so much\b)([^.!?;:\n]{1,60}?),? but (?!also\b)",
        r"\bnot so much ([^.!?;:\n]{1,60}?),? as\b",
        r"\b(?:rather than|instead of) ([^.!?;:,\n—]{1,60})",
        r", not ([^.!?;:,\n—]{1,60})(?=[.!?;\n]|$)",  # trust, not control.
        # 不是培训，而是考核；投诉不是麻烦，是礼物
        r"(?:不是|并非|並非)(?![只仅僅光单單])([^。！？；：\n]{1,30}?)[,，]?\s*而是",
        r"(?:不是|并非|並非)(?![只仅僅光单單])([^。！？；：，,\n]{1,20})[,，]\s*是",
        r"(?:而不是|而非|而不靠)([^。！？；：，,\n]{1,20})",  # 靠信任而不是监督
        r"(?:与其|與其)(?:说|說)?([^。！？；：\n]{1,30}?)[,，]?\s*不如",
        r"不(?:在于|在於|靠)([^。！？；：\n]{1,20}?)[,，]\s*(?:而)?(?:在于|在於|靠)",
    )
]

_BETWEEN_ITEMS = re.compile(
    r"(?:[^.!?。！？]|(?<=\d)\.)*?(?:[,，、;；\n/•]|\s[-–—]\s|\b(?:и|или|and|or)\b|[和及与與或])"
    r"(?:[^.!?。！？]|(?<=\d)\.)*",
    re.IGNORECASE,
)


def denied(text: str) -> list[Span]:
    """The stretches of a text that a contrast denies: «не обучение, а …», 不是…而是…, "not X but Y"."""
    return [match.span(1) for pattern in _CONTRASTS for match in pattern.finditer(text)]


def is_within(mention: Mention, spans: Sequence[Span]) -> bool:
    """Whether a mention lies in one of the spans."""
    return any(start <= mention.start and mention.end <= end for start, end in spans)


def listed(mentions: Sequence[Mention], text: str) -> frozenset[Mention]:
    """The mentions, given in reading order, that are items of a list of everything at once.

    A list is one sentence of items a few words long, or lines that are hardly more than a name.
    """
    found: set[Mention] = set()
    for run in _runs(mentions, text):
        if len({mention.concept for mention in run}) >= SURVEY:
            found.update(run)
    return frozenset(found)


def _runs(mentions: Sequence[Mention], text: str) -> Iterator[list[Mention]]:
    """The mentions that follow each other as items of one list."""
    run: list[Mention] = []
    end = 0
    for mention in mentions:
        if run and not (mention.start < end or _is_between_items(text[end : mention.start])):
            yield run
            run = []
        end = max(end, mention.end) if run else mention.end
        run.append(mention)
    if run:
        yield run


def _is_between_items(between: str) -> bool:
    return _width(between) <= ITEM_WIDTH and _BETWEEN_ITEMS.fullmatch(between) is not None


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
