"""What stands above and below an article's text → metadata.

An article often begins with its title, repeats it, and has a date, a byline and a summary on the
way before the text begins; the byline may also stand at its end. What the front matter states
wins over what stands there, and what is metadata is not read again as text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.readers.dates import parse_date
from kb.readers.draft import UNSTATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from kb.readers.draft import Element, Metadata

HEAD = 6
"""How many of the first elements may belong to the masthead."""

_TAIL = 4
"""How many of the last elements may hold a byline."""

_DATE = re.compile(
    r"""
    (?: (?: дата(?:\ публикации)? | опубликовано | published(?:\ on)? | date
          | (?:发布|發布|更新|发表)?(?:时间|時間|日期) | 发布于 )
        \s*[:：]?\s* )?
    (?P<date>.+)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BYLINE = re.compile(
    r"""
    (?: авторы?(?:\ (?:статьи|текста|материала))? | текст\ подготовил[аи]?
      | author | written\ by | by | 作者 | 撰文 | 文 )
    (?: \s*[:：]\s* | \s+[-–—]\s+ )
    (?P<name>\S.*)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ENGLISH_BYLINE = re.compile(r"[Bb]y (?P<name>(?:[A-Z][\w.'-]* ?){1,4})")
_PUBLISHER = re.compile(
    r"(?:来源|文章来源|信息来源|источник|source)\s*[:：]\s*(?P<name>\S.{0,60})", re.IGNORECASE
)
_QUOTES = " .\"'«»“”「」"


def take_masthead(
    stated: Metadata, elements: Sequence[Element], likely: Metadata = UNSTATED
) -> tuple[Metadata, tuple[Element, ...]]:
    """The metadata with what the masthead adds, and the elements of the text alone.

    The highest heading at the top is the title when none is stated. When another is stated, it
    stays as the heading of what follows it: both can then be found. What is `likely` fills in for
    what neither says, and tells a line with just the author and date.
    """
    metadata = replace(stated, title=stated.title or _title(elements) or likely.title)
    head = [element for element in elements[:HEAD] if not _is_byline(element, likely)]
    metadata, head = _without_masthead(metadata, head)
    metadata, text = _without_final_byline(metadata, elements[HEAD:])
    metadata = metadata.or_else(replace(likely, language="und", locale="und"))
    return metadata, _with_intro_heading((*head, *text))


def same(one: str, other: str) -> bool:
    """Whether two titles are the same but for case, punctuation and spaces."""
    return bool(_letters(one)) and _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def is_masthead_line(text: str) -> bool:
    """Whether a line states the date, the author or the publisher, and is no heading or text."""
    return bool(_date(text) or _author(text) or _publisher(text))


def _title(elements: Sequence[Element]) -> str:
    """The text of a heading at the top with no other on its level or above it."""
    headings = [element for element in elements if element.is_heading]
    if not headings or headings[0] not in elements[:HEAD]:
        return ""
    first, *others = headings
    if first is elements[0]:
        is_title = all(first.level <= other.level for other in others)
    else:  # below something else, it must stand out
        is_title = first.level == 1 and all(other.level > 1 for other in others)
    return first.text if is_title else ""


def _without_masthead(metadata: Metadata, head: Sequence[Element]) -> tuple[Metadata, list[Element]]:
    """What the first elements state, and those of them that are text."""
    echoes = [index for index, element in enumerate(head) if same(element.text, metadata.title)]
    kept = []
    for index, element in enumerate(head):
        if index in echoes:
            continue
        if not element.is_paragraph:
            kept.append(element)
        elif published := _date(element.text):
            metadata = replace(metadata, published=metadata.published or published)
        elif author := _author(element.text):
            metadata = replace(metadata, author=metadata.author or author)
        elif publisher := _publisher(element.text):
            metadata = replace(metadata, publisher=metadata.publisher or publisher)
        elif not metadata.summary and _is_between(index, echoes):
            metadata = replace(metadata, summary=element.text)
        else:
            kept.append(element)
    return metadata, kept


def _is_byline(element: Element, likely: Metadata) -> bool:
    """Whether an element only repeats who is likely the author, and perhaps the date."""
    rest = element.text.replace(likely.author, " ") if likely.author else element.text
    if not element.is_paragraph or rest == element.text:
        return False
    rest = rest.strip(" ,.;:|·•—–-")
    return not rest or _date(rest) is not None


def _is_between(index: int, echoes: Sequence[int]) -> bool:
    """Whether something stands between the title and its echo: there, a paragraph is a summary."""
    return bool(echoes) and echoes[0] < index < echoes[-1]


def _without_final_byline(metadata: Metadata, elements: Sequence[Element]) -> tuple[Metadata, list[Element]]:
    """What a byline among the last elements states, and the elements without it."""
    for index in range(max(0, len(elements) - _TAIL), len(elements)):
        if elements[index].is_paragraph and (author := _author(elements[index].text)):
            rest = [*elements[:index], *elements[index + 1 :]]
            return replace(metadata, author=metadata.author or author), rest
    return metadata, list(elements)


def _date(text: str) -> date | None:
    """The date that is all a line says: 2025-05-20 10:26:51."""
    match = _DATE.fullmatch(text) if len(text) < 60 else None
    return parse_date(match["date"]) if match else None


def _author(text: str) -> str:
    """The author that is all a line says.

    Автор статьи - "Команда" -> Команда;   作者：张三 -> 张三;   Автор — тот, кто пишет. -> nobody
    """
    match = (_BYLINE.fullmatch(text) or _ENGLISH_BYLINE.fullmatch(text)) if len(text) < 100 else None
    name = match["name"] if match else ""
    is_name = (
        not name[:1].islower() and len(name.split()) <= 8 and not re.search(r"\w{3}[.!?]$|[。！？，]", name)
    )
    return name.strip(_QUOTES) if is_name else ""


def _publisher(text: str) -> str:
    """The publisher that is all a line says: 来源：服务观察 -> 服务观察."""
    match = _PUBLISHER.fullmatch(text)
    return match["name"].strip(_QUOTES) if match and "//" not in text else ""


def _with_intro_heading(elements: tuple[Element, ...]) -> tuple[Element, ...]:
    """The elements with a first heading that stands above all others put beside them.

    # What the text calls itself     heads the introduction,
    ## First                         beside this one
    """
    levels = [element.level for element in elements if element.is_heading]
    if len(levels) < 2 or not elements[0].is_heading or levels[0] >= min(levels[1:]):
        return elements
    return (replace(elements[0], level=min(levels[1:])), *elements[1:])
