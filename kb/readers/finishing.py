"""A draft → the Article it is, the same way for every format.

What stands above the text becomes metadata, what is not the article is left out, and the rest is
cut into sections. Of what is said about an article, in this order, the first counts: the metadata
file of its own, its front matter, the metadata file of its folder, the text itself, and what
programs wrote into the page or document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.models import Article, Block, Link, Section
from kb.readers.beside import NOTHING_BESIDE, Beside
from kb.readers.left_out import leave_out
from kb.readers.masthead import take_masthead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kb.readers.draft import Draft, Element, Finding


def finish(
    draft: Draft, fallback_title: str, beside: Beside = NOTHING_BESIDE
) -> tuple[Article, list[Finding]]:
    """The article that a draft is, and all findings about it.

    `fallback_title`, the file's name, is its title when nothing else states one. `beside` is what
    the metadata files beside it state.
    """
    stated = beside.file.or_else(draft.metadata).or_else(beside.folder)
    metadata, elements = take_masthead(stated, draft.elements, draft.properties)
    metadata, elements, left_out = leave_out(metadata, elements)
    article = Article(
        title=metadata.title or fallback_title,
        language=metadata.language,
        locale=metadata.locale,
        sections=tuple(sections(elements)),
        summary=metadata.summary,
        author=metadata.author,
        publisher=metadata.publisher,
        published=metadata.published,
        url=metadata.url,
        licence=metadata.licence,
        keywords=metadata.keywords,
        principles=metadata.principles,
        sources=metadata.sources,
        version=draft.version,
        stated_id=metadata.stated_id,
        likely_language=draft.properties.language.replace("und", ""),
    )
    return article, [*draft.findings, *left_out]


def sections(elements: Sequence[Element]) -> Iterator[Section]:
    """The elements cut before each heading.

    Levels are counted as an outline has them: the outermost headings are 1, and each heading is
    one deeper than the one it stands under, whatever levels the file skipped (H2, H4 -> 1, 2).
    """
    around: list[int] = []  # the file's levels of the headings that the walk is in
    heading, level, line, blocks = "", 0, None, list[Block]()
    for element in elements:
        if not element.is_heading:
            blocks.append(_block(element))
            continue
        if heading or blocks:
            yield Section(heading, level, tuple(blocks), line)
        while around and around[-1] >= element.level:
            around.pop()
        around.append(element.level)
        heading, level, line, blocks = element.text, len(around), element.line, []
    if heading or blocks:
        yield Section(heading, level, tuple(blocks), line)


def _block(element: Element) -> Block:
    """An element that is no heading, as the model has it."""
    links = tuple(Link(link.start, link.end, link.url) for link in element.links)
    return Block(
        element.kind, element.text, element.line, links, element.marker, element.depth, element.asked
    )
