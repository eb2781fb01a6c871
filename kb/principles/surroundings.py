"""What the words around a mention do to it: contrasts deny one side, and long lists name without telling."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from kb.columns import columns
from kb.models import Span
from kb.principles.mentions import Mention


class Stretches:
    """Parts of a text, joined where they overlap, in which a span is looked up in logarithmic time."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """Take in spans in any order."""
        self._spans: list[Span] = []
        for start, end in sorted(spans):
            if self._spans and start < self._spans[-1][1]:
                start, last = self._spans.pop()
                end = max(end, last)
            self._spans.append((start, end))

    def around(self, span: Span) -> Span | None:
        """The stretch that holds a whole span."""
        at = bisect_right(self._spans, (span[0], sys.maxsize)) - 1
        return self._spans[at] if at >= 0 and span[1] <= self._spans[at][1] else None

    def hold(self, span: Span) -> bool:
        """Whether a whole span lies in one stretch."""
        return self.around(span) is not None


# --- Contrasts -----------------------------------------------------------------------------------

# Each pattern's group is the side that is denied.
_CONTRASTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # не обучение, а контроль (but «не только» and «не просто» deny nothing)
        r"\bне (?!только\b|просто\b|лишь\b|столько\b)([^.!?;:\n]{1,60}?),? а (?!не\b|также\b|ещё\b|еще\b)",
        r"\bне столько ([^.!?;:\n]{1,60}?),? сколько\b",
        r"\bа не ([^.!?;:,\n—]{1,60})",  # доверие, а не контроль
        r"\b(?:дело|проблема|причина|суть|секрет) не в ([^.!?;:\n—]{1,60})",  # Дело не в обучении: …
        r"\bвместо (?:того,? чтобы )?([^.!?;:,\n—]{1,60})",
        # not training but control (but not "not only … but also")
        r"\bnot (?!only\b|just\b|merely\b|simply\b|so much\b)([^.!?;:\n]{1,60}?),? but (?!also\b)",
        r"\bnot so much ([^.!?;:\n]{1,60}?),? as\b",
        r"\b(?:rather than|instead of) ([^.!?;:,\n—]{1,60})",
        r", not ([^.!?;:,\n—]{1,60})(?=[.!?;\n]|$)",  # trust, not control.
        r"\b(?:problem|trouble|point|answer) (?:is|was)(?: not|n't) ([^.!?;:,\n—]{1,60})",
        # 不是培训，而是考核；投诉不是麻烦，是礼物
        r"(?:不是|并非|並非)(?![只仅僅光单單])([^。！？；：\n]{1,30}?)[,，]?\s*而是",
        r"(?:不是|并非|並非)(?![只仅僅光单單])([^。！？；：，,\n]{1,20})[,，]\s*是",
        r"(?:而不是|而非|而不靠)([^。！？；：，,\n]{1,20})",  # 靠信任而不是监督
        r"(?:与其|與其)(?:说|說)?([^。！？；：\n]{1,30}?)[,，]?\s*不如",
        r"不(?:在于|在於|靠)([^。！？；：\n]{1,20}?)[,，]\s*(?:而)?(?:在于|在於|靠)",
        # 问题不在培训
        r"(?:问题|問題|关键|關鍵)(?:并|並)?不(?:是|在于|在於|在|出在)([^。！？；：，,\n]{1,20})",
    )
]


def denied(text: str) -> Stretches:
    """What a contrast denies in a text: «не обучение, а …», 不是培训，而是…, "not training but …"."""
    return Stretches(match.span(1) for pattern in _CONTRASTS for match in pattern.finditer(text))


# --- Lists of everything at once -----------------------------------------------------------------

# A list of short items that names so many different principles is a survey: a table of contents, a
# catalogue of courses, «качество зависит от всего». The text is about none of them.
_LIST_ITEMS = 4
_LIST_PRINCIPLES = 5
# Quoted titles are seldom more: «Эмпатия в продажах», «Активное слушание», «Метрики сервиса».
_TITLES = 3
_TITLE_PRINCIPLES = 3
# How wide a short item may be, in columns (a Han character takes two).
_ITEM_WIDTH = 36
# How much of the clause before a list belongs to its first item, and of that behind to its last.
_EDGE_WIDTH = 20

# A Chinese comma parts clauses, not items: those are parted by 、 or stand in 《》.
_ITEM_END = re.compile(
    r",(?=\s)|[、;；\n•]"
    r"|\.?\s{1,4}(?=\d+[.)]\s)"  # 1. Стандарты. 2. Обучение.
    r"|[»”]\s{0,4}(?=[«“])|》[^《。，,]{0,6}[，,]?"  # 《授权十问》《投诉处理》
    r"|\s(?:и|или|and|or)\s",
    re.IGNORECASE,
)
# What begins like this is a clause and no item.
_CLAUSE = re.compile(
    r"\s*(?:чтобы|котор|если|когда|потому|поэтому|что\b|где\b|как\b|а\b|но\b"
    r"|which|that\b|because|so\b|if\b|when)",
    re.IGNORECASE,
)
_LIST_END = re.compile(r"(?<!\d)[.!?](?!\s{1,4}\d+[.)]\s)(?:\s|$)|[。！？:：]")


def listed(mentions: Sequence[Mention], text: str) -> frozenset[Mention]:
    """The mentions that are items of a list of everything at once."""
    lists = Stretches(_lists(text))
    items: defaultdict[Span, list[Mention]] = defaultdict(list)
    for mention in mentions:
        if around := lists.around(mention.span):
            items[around].append(mention)
    surveys = (named for span, named in items.items() if _is_survey(named, text[slice(*span)]))
    return frozenset(mention for named in surveys for mention in named)


def _is_survey(mentions: Sequence[Mention], text: str) -> bool:
    titles = text.count("»") + text.count("》")
    needed = _TITLE_PRINCIPLES if titles >= _TITLES else _LIST_PRINCIPLES
    return len({mention.concept for mention in mentions}) >= needed


def _lists(text: str) -> Iterator[Span]:
    """The lists of a text: runs of short items within a sentence, or of short lines.

    The first item may end a longer clause, and the last may begin one.
    """
    for items in _sentences(text):
        for is_short, run in groupby(range(len(items)), key=lambda at: _is_short(text[slice(*items[at])])):
            numbers = list(run)
            first, last = max(numbers[0] - 1, 0), min(numbers[-1] + 1, len(items) - 1)
            if is_short and last - first + 1 >= _LIST_ITEMS:
                yield _edges(text, items[first], items[last])


def _sentences(text: str) -> Iterator[list[Span]]:
    """Each sentence of a text as the stretches between its separators."""
    start = 0
    for end in [*(match.end() for match in _LIST_END.finditer(text)), len(text)]:
        items: list[Span] = []
        for match in _ITEM_END.finditer(text, start, end):
            items.append((start, match.start()))
            start = match.end()
        yield [*items, (start, end)]
        start = end


def _edges(text: str, first: Span, last: Span) -> Span:
    """From where a list begins in its first item to where it ends in its last."""
    head, tail = text[slice(*last)], text[slice(*first)]
    start = first[0] if _is_short(tail) else first[1] - _fitting(reversed(tail))
    end = last[1] if _is_short(head) else last[0] + _fitting(head)
    return start, end


def _fitting(characters: Iterable[str]) -> int:
    """How many of the characters are near enough."""
    widths = accumulate(columns(character) for character in characters)
    return sum(width <= _EDGE_WIDTH for width in widths)


def _is_short(item: str) -> bool:
    """Whether an item is hardly more than a name."""
    return columns(item) <= _ITEM_WIDTH and not _CLAUSE.match(item)


# --- Contact details -----------------------------------------------------------------------------

_CONTACT = re.compile(
    r"\b(?:адрес|телефон|тел\.|почта|режим работы|часы работы)\b[^:\n]{0,15}:"
    r"|\b(?:address|phone|tel|e-?mail|opening hours)\b[^:\n]{0,15}:"
    r"|(?:地址|电话|電話|邮箱|郵箱|工作时间|營業時間|营业时间|传真)[:：]",
    re.IGNORECASE,
)


def is_contact(text: str) -> bool:
    """Whether a text gives an address and a telephone: the heading above it tells nothing of it."""
    return len(_CONTACT.findall(text)) > 1
