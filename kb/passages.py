"""An article → its passages: the units that are found, tagged and quoted.

A passage is one paragraph, list item, quote or group of table rows. Very short neighbours stay
together: a lead-in goes with what it leads to, and the short items of a list with each other.

Ids survive edits: each block of an article has an id made from the article's id and the block's
own text, so an edit elsewhere leaves it alone. A passage is known by the id of its first block and
answers to those of all its blocks, so a link stays good even when an edit makes it join another.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator

from kb.models import Article, Block, BlockKind, Passage, Section

# A list item up to this length cannot stand alone ("Вежливость", "及时响应"); widths, not characters.
SHORT_ITEM = 120
# Items and rows are gathered until a passage is this wide, so that one glance takes it in.
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
            anchors = tuple(_anchor(article.id, block, seen) for block in blocks)
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


def _groups(section: Section) -> Iterator[list[Block]]:
    """The blocks of a section, gathered into passages."""
    group: list[Block] = []
    for block in section.blocks:
        if group and not _stays(group, block):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _stays(group: list[Block], block: Block) -> bool:
    """Whether a block belongs to the passage before it."""
    last = group[-1]
    if len(group) == 1 and _leads_in(last):
        return True
    if sum(_width(other.text) for other in group) + _width(block.text) > FULL_PASSAGE:
        return False
    if block.kind is BlockKind.TABLE_ROW:
        return last.kind is BlockKind.TABLE_ROW
    if block.kind is BlockKind.LIST_ITEM and last.kind is BlockKind.LIST_ITEM:
        return block.depth > last.depth or (_is_short(block) and _is_short(last))
    return False


def _leads_in(block: Block) -> bool:
    """Whether a block only announces the next: «Что проверить:», 包括以下几点："""
    return (
        block.kind is BlockKind.PARAGRAPH and block.text.rstrip().endswith((":", "：")) and _is_short(block)
    )


def _is_short(block: Block) -> bool:
    return _width(block.text) <= SHORT_ITEM


def _width(text: str) -> int:
    """How much room a text takes: a Han character takes two places, as it says twice as much."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _anchor(article_id: str, block: Block, seen: Counter[str]) -> str:
    """A block's id: the article's id and its text, hashed; a repeated text is numbered."""
    text = " ".join(block.text.split())
    occurrence = seen[text]
    seen[text] += 1
    digest = hashlib.sha256(f"{article_id}\n{text}\n{occurrence}".encode())
    return digest.hexdigest()[:_ID_LENGTH]
