"""A page → the part of its tree that holds the article.

Trafilatura, which is good at it, says which paragraphs are the article's; but it loses headings and
lists on pages that are short or plain, and cannot say where in the file anything stands. So the
part of the page around the paragraphs it chose is taken, without what is plainly something else.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING

from trafilatura import bare_extraction

from kb.readers.html_tree import Node, is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

# What it remarks on is of no use to an editor.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_KEY = 40
"""Letters by which a paragraph is recognised."""

_MAX_WEIGHED = 20_000
"""Elements of a page that trafilatura weighs, at up to 0.2 ms each; a longer page is read whole."""

_MOST = 0.9
"""The share of what was chosen that the part must hold; a stray line of a footer may be chosen, too."""

_PARAGRAPHS = (
    "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "blockquote", "pre", "dt", "dd", "div",
)  # fmt: skip
_CHOSEN = ("p", "item", "head", "cell", "quote", "code")

_OTHER_TAGS = frozenset(("nav", "aside", "footer", "form", "dialog"))
_OTHER_ROLES = frozenset(("navigation", "complementary", "banner", "contentinfo", "search", "dialog", "menu"))
_OTHER_NAMES = re.compile(
    r"""(?:^|[\s_-])(?:ad|ads|adv|advert\w*|banner|breadcrumbs?|comments?|cookies?|copyright|footer|menu|nav
      |navbar|navigation|newsletter|pagination|pager|popup|promo|recommend\w*|related|share|sharing|sidebar
      |social|sponsor\w*|subscri\w*|tags|toolbar|widget)(?:$|[\s_-])""",
    re.IGNORECASE | re.VERBOSE,
)
_LINKS = 0.6
"""The share of a list's letters in links from which it leads elsewhere."""


def main_part(page: Node) -> Node:
    """The part of a page that holds its article. What is plainly not the article is taken out of `page`."""
    chosen = _chosen(page)
    part = _around(page, chosen)
    for node in list(part.iter()):
        if node is not part and node.getparent() is not None and _is_other(node) and not _holds(node, chosen):
            node.drop_tree()
    return part


def _chosen(page: Node) -> set[str]:
    """The keys of the paragraphs that trafilatura takes for the article's."""
    if any(number >= _MAX_WEIGHED for number, _ in enumerate(page.iter())):
        return set()
    found = bare_extraction(deepcopy(page), include_comments=False, include_links=True)
    if found is None or isinstance(found, dict):
        return set()
    return {key for node in found.body.iter(*_CHOSEN) if (key := _key(node))}


def _key(node: Node) -> str:
    """The first letters of what an element says."""
    letters = ""
    for text in node.itertext():
        letters += "".join(filter(str.isalnum, text[: 4 * _KEY]))
        if len(letters) >= _KEY:
            break
    return letters[:_KEY]


def _paragraphs(part: Node, chosen: set[str]) -> Iterator[Node]:
    """The elements of a part that were chosen."""
    return (node for node in part.iter(*_PARAGRAPHS) if _key(node) in chosen)


def _holds(part: Node, chosen: set[str]) -> bool:
    return any(True for _ in _paragraphs(part, chosen))


def _around(page: Node, chosen: set[str]) -> Node:
    """The innermost element around most of what was chosen; the whole page when nothing was."""
    holds: Counter[Node] = Counter()
    for node in _paragraphs(page, chosen):
        for outer in node.iterancestors():
            holds[outer] += 1
    if not holds:
        return page
    enough = _MOST * max(holds.values())
    return max((node for node in holds if holds[node] >= enough), key=_depth)


def _depth(node: Node) -> int:
    return sum(1 for _ in node.iterancestors())


def _is_other(node: Node) -> bool:
    """Whether an element by what it is called, or as a list of links, is not the article."""
    if is_hidden(node) or node.tag in _OTHER_TAGS or node.get("role") in _OTHER_ROLES:
        return True
    if node.tag in ("div", "section", "ul", "ol", "p", "span", "header", "table"):
        return bool(_OTHER_NAMES.search(f"{node.get('class', '')} {node.get('id', '')}")) or _leads_elsewhere(
            node
        )
    return False


def _leads_elsewhere(node: Node) -> bool:
    """Whether an element is a list of links."""
    if node.tag not in ("ul", "ol", "div") or sum(1 for _ in node.iter("a")) < 3:
        return False
    linked = sum(len(text) for link in node.iter("a") for text in link.itertext())
    return linked > _LINKS * sum(len(text.strip()) for text in node.itertext())
