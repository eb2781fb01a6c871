"""A pack on a principle, ready to hand over: what it is, why, how, examples, mistakes.

Which passage does what is told by the words it does it with: «например» gives an example, 别 warns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from kb.columns import columns
from kb.languages.interface import content_language, in_interface
from kb.models import BlockKind, Excerpt, Pack, PackSection, Passage, Principle

# Shorter passages say too little alone, longer ones too much for a page. A Han character counts twice.
_SHORTEST, _LONGEST = 90, 900
# A heading says of all below it what it is, which may not be so of each passage.
_HEADING_WORTH, _HEADING_ALONE = 2, 0.5
_MOST_CUES = 3
_EACH = 2  # passages of a part in the language of the pack; others give one
# A small handbook may say too little to fill any part: then the best of what it says makes up for it.
_FEWEST = 3


class Part(StrEnum):
    """The parts of a ready-made pack, in the order in which one learns."""

    DEFINITION = "definition"
    WHY = "why"
    HOW = "how"
    EXAMPLE = "example"
    MISTAKES = "mistakes"


@dataclass(frozen=True, slots=True)
class _Titles:
    pack: str
    others: str
    parts: Mapping[Part, str]


def _titles(pack: str, others: str, *parts: str) -> _Titles:
    return _Titles(pack, others, dict(zip(Part, parts, strict=True)))


_TITLES = {
    "ru": _titles(
        *("Подборка: {name}", "Что ещё об этом сказано"),
        *("Что это", "Зачем", "Как это делают", "Примеры", "Чего избегать"),
    ),
    "zh-Hans": _titles(
        *("摘录集：{name}", "其他相关段落"),
        *("是什么", "为什么重要", "怎么做", "例子", "要避免的错误"),
    ),
    "zh-Hant": _titles(
        *("摘錄集：{name}", "其他相關段落"),
        *("是什麼", "為什麼重要", "怎麼做", "例子", "要避免的錯誤"),
    ),
    "en": _titles(
        *("A pack on {name}", "What else is said of it"),
        *("What it is", "Why it matters", "How it is done", "Examples", "Mistakes to avoid"),
    ),
}

# Over text folded to Simplified characters and small letters.
_CUES = {
    Part.DEFINITION: re.compile(
        r"что такое|(?:^|[.!?:] )[^.!?«»]{3,40} — (?:это|способность|умение|готовность)"
        r"|это значит|не значит|называют|означает|то есть|определени"
        r"|是什么|是指|指的是|就是|叫做|意思是|所谓"
        r"|what is|\bmeans\b|is defined|refers to|in other words"
    ),
    Part.WHY: re.compile(
        r"\bзачем\b|\bпочему\b|потому что|поэтому|иначе|выигрыва|окупа|дешевле|дороже|польз[ауы]|теря[ею]т"
        r"|为什么|因为|所以|好处|值得|意义|省下|流失|代价|成本"
        r"|\bwhy\b|because|therefore|otherwise|pays off|benefit"
    ),
    Part.HOW: re.compile(
        r"\bкак (?!будто|бы|правило)|\bшаг|сначала|\bзатем|\bпотом\b|спросите|скажите|назовите"
        r"|запишите|проверьте"
        r"|\bправило\b|\bнужно\b|\bпорядок"
        r"|怎么|怎样|如何|步骤|[一二三四五]步|首先|先.{1,20}再|然后|最后|记下|核对|确认|流程"
        r"|\bhow to\b|\bstep|\bfirst\b|\bthen\b|\bask\b|\bcheck\b|\brule\b"
    ),
    Part.EXAMPLE: re.compile(
        r"например|\bпример|случа[йяе]|однажды|истори[яи]|\bгость[яи]?\b|\bпозвонил|\bспросил|«[^»]{25,}»"
        r"|例如|比如|案例|有一次|有一位|那天|故事|“[^”]{12,}”"
        r"|for example|for instance|\bcase\b|\bonce\b|a guest|a customer|“[^”]{25,}”"
    ),
    Part.MISTAKES: re.compile(
        r"ошибк|нельзя|не надо|не стоит|\bвместо\b|\bне говори|никогда|ловушк|\bплохо|испорти|не путай|\bхуже"
        r"|误区|误用|不要|别[^的人处窗]|不能|不许|不可|错误|毛病|走偏|最怕|反而"
        r"|mistake|never|do not|don’t|avoid|instead of|pitfall|\bwrong"
    ),
}


def ready_made(
    principle: Principle,
    language: str,
    found: Mapping[str, Sequence[Passage]],
    quote: Callable[[Passage], Excerpt],
) -> Pack:
    """The pack on a principle in a language of the interface.

    `found` are its best passages by language, the best first. Each is taken once, and those of
    articles that have given least go before others.
    """
    name = in_interface(principle.pref_labels, language)
    definition = in_interface(principle.definitions, language)
    taken = _Taken()
    own = content_language(language)
    codes = sorted(found, key=lambda code: code != own)
    sections = []
    for part in Part:
        excerpts = [
            quote(passage)
            for code in codes
            for passage in taken.take(part, found[code], _EACH if code == own else 1)
        ]
        introduction = {
            Part.DEFINITION: definition,
            Part.EXAMPLE: in_interface(principle.examples, language),
        }.get(part, "")
        if excerpts or introduction:
            sections.append(PackSection(_TITLES[language].parts[part], introduction, tuple(excerpts)))
    others = [quote(passage) for passage in taken.fill([one for code in codes for one in found[code]])]
    if others:
        sections.append(PackSection(_TITLES[language].others, excerpts=tuple(others)))
    return Pack(
        title=_TITLES[language].pack.format(name=name),
        sections=tuple(sections),
        language=language,
        id=f"{principle.id}.{language}",
    )


class _Taken:
    """What a pack has taken so far."""

    def __init__(self) -> None:
        self._passages: set[str] = set()
        self._articles: Counter[str] = Counter()

    def take(self, part: Part, found: Sequence[Passage], most: int) -> Iterator[Passage]:
        """Up to so many passages for a part, from articles that have given least so far."""
        fit = [passage for passage in found if _likeliest(passage) is part]
        for _ in range(most):
            left = [passage for passage in fit if passage.id not in self._passages]
            if not left:
                return
            # The best of equals is the first.
            chosen = max(left, key=lambda one: (-self._articles[one.article_id], _strength(part, one)))
            self._passages.add(chosen.id)
            self._articles[chosen.article_id] += 1
            yield chosen

    def fill(self, found: Sequence[Passage]) -> Iterator[Passage]:
        """The best of what no part has taken, until there are enough in all."""
        left = (one for one in found if one.id not in self._passages and not _is_table(one))
        return islice(left, max(_FEWEST - len(self._passages), 0))


def _likeliest(passage: Passage) -> Part | None:
    if _is_table(passage) or not _SHORTEST <= columns(passage.text) <= _LONGEST:
        return None
    likeliest = max(Part, key=lambda part: _strength(part, passage))
    return likeliest if _strength(likeliest, passage) else None


def _is_table(passage: Passage) -> bool:
    return any(block.kind is BlockKind.TABLE_ROW for block in passage.blocks)


def _strength(part: Part, passage: Passage) -> float:
    """How many different words of a passage say that it does this; its heading may second them."""
    cues = min(len(set(_CUES[part].findall(passage.text.lower()))), _MOST_CUES)
    heading = passage.headings[-1].lower() if passage.headings else ""
    if not _CUES[part].search(heading):
        return cues
    return cues + (_HEADING_WORTH if cues else _HEADING_ALONE)
