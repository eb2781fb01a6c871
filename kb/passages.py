"""An article → its passages: the units that are found, tagged and quoted.

A passage is one paragraph, list item, quote or group of table rows. Very short neighbours stay
together: a lead-in goes with what it leads to, and the short items of a list with each other.

Ids survive edits: each block of an article has an id made from the article's id and the block's
own text, so an edit elsewhere leaves it alone. A passage is known by the id of its first block and
answers to those of all its blocks, so a link stays good even when an edit makes it join another.
For the same reason, what stays together is decided for each two neighbours by themselves: were
passages filled up to some length, an edit to the first would move the bounds of all that follow.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest

from kb.columns import columns
from kb.models import Article, Block, BlockKind, Passage, Section

# A list item up to this width cannot stand alone ("Вежливость", "及时响应"); one that says what it
# means can ("Вежливость: здороваемся первыми и называем гостя по имени").
SHORT_ITEM = 40
# A paragraph up to this width that ends with a colon belongs to what follows.
LONGEST_LEAD_IN = 120
# Table rows that are together up to this width stay together.
SHORT_ROWS = 240
# Items and rows are gathered so many at most, so that one glance takes a passage in.
MOST_GATHERED = 6
# What stands below a list item stays with it when both are no wider than this.
FULL_PASSAGE = 480
_ID_LENGTH = 12


def split(article: Article) -> tuple[Passage, ...]:
    """The passages of an article, in reading order. The article must have its id."""
    passages: list[Passage] = []
    seen: Counter[str] = Counter()
    path: list[tuple[int, str]] = []
    for number, section in enumerate(article.sections):
        path = [(level, heading) for level, heading in path if level < section.level]
        if section.heading:
            path.append((section.level, section.heading))
        for blocks in _groups(section):
            anchors = tuple(_anchors(article.id, blocks, seen))
            passages.append(
                Passage(
                    id=anchors[0],
                    article_id=article.id,
                    position=len(passages),
                    section=number,
                    language=article.language,
                    locale=article.locale,
                    headings=tuple(heading for _, heading in path),
                    blocks=tuple(blocks),
                    anchors=anchors,
                )
            )
    return tuple(passages)


def renamed(passage: Passage, article_id: str, seen: Counter[str]) -> Passage:
    """A passage of an article that gets another id. `seen` counts what stood in the passages before it."""
    anchors = tuple(_anchors(article_id, passage.blocks, seen))
    return replace(passage, id=anchors[0], article_id=article_id, anchors=anchors)


def _groups(section: Section) -> Iterator[list[Block]]:
    """The blocks of a section, gathered into passages."""
    group: list[Block] = []
    for block, is_enough in zip(section.blocks, _turns(section.blocks), strict=True):
        if group and (is_enough or not _stays(group[-1], block)):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _turns(blocks: Sequence[Block]) -> Iterator[bool]:
    """For each block, whether enough items or rows stand before it: seven are gathered as 4 + 3."""
    for _, run in groupby(blocks, key=lambda block: block.kind):
        count = len(list(run))
        size = math.ceil(count / math.ceil(count / MOST_GATHERED))
        yield from (place > 0 and place % size == 0 for place in range(count))


def _stays(last: Block, block: Block) -> bool:
    """Whether a block belongs to the passage of the one before it."""
    if _leads_in(last):
        return True
    if block.kind is not last.kind:
        return False
    width = columns(last.text) + columns(block.text)
    if block.kind is BlockKind.TABLE_ROW:
        return width <= SHORT_ROWS
    if block.kind is BlockKind.LIST_ITEM:
        return (_is_short(block) and _is_short(last)) or (block.depth > last.depth and width <= FULL_PASSAGE)
    return False


def _leads_in(block: Block) -> bool:
    """Whether a block only announces the next: «Что проверить:», 包括以下几点："""
    is_open = block.text.rstrip().endswith((":", "："))
    return is_open and block.kind is BlockKind.PARAGRAPH and columns(block.text) <= LONGEST_LEAD_IN


def _is_short(block: Block) -> bool:
    return columns(block.text) <= SHORT_ITEM


def _anchors(article_id: str, blocks: Sequence[Block], seen: Counter[str]) -> Iterator[str]:
    """The blocks' ids: the article's id and their texts, hashed; a repeated text is numbered.

    A lead-in is named with what it leads to: «Плохо:» stands in one article ten times.
    """
    for block, following in zip_longest(blocks, blocks[1:]):
        text = f"{block.text}\n{following.text}" if following and _leads_in(block) else block.text
        text = " ".join(text.split())
        seen[text] += 1
        digest = hashlib.sha256(f"{article_id}\n{text}".encode()).hexdigest()[:_ID_LENGTH]
        yield digest if seen[text] == 1 else f"{digest}-{seen[text]}"


def fallbacks(anchor: str) -> Iterator[str]:
    """Under which ids to look for an anchor: when there is one fewer of a repeated text than there
    was, the number of the last is gone, and the first of them says the same."""
    yield anchor
    first, dash, _ = anchor.rpartition("-")
    if dash:
        yield first
