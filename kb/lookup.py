"""What is in an index, by its id."""

from __future__ import annotations

from collections.abc import Sequence

from kb import passages
from kb.engines import Engine
from kb.errors import NotFound
from kb.models import Article, Passage


def article(engine: Engine, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
    """An article (its sections without their blocks) and its passages. Raises `NotFound`."""
    found = engine.article(article_id)
    if found is None:
        raise NotFound("article", article_id)
    return found


def passage(engine: Engine, passage_id: str) -> tuple[Passage, Article]:
    """A passage, by its id or the anchor of any of its blocks, and its article. Raises `NotFound`."""
    for anchor in passages.fallbacks(passage_id):
        if found := engine.passage(anchor):
            return found
    raise NotFound("passage", passage_id)


def versions(engine: Engine, article_id: str) -> Sequence[Article]:
    """The other versions of an article: those read from the same file, which holds an unresolved
    merge conflict, and those that share most of their text with it. Raises `NotFound`."""
    one, _ = article(engine, article_id)
    files = engine.files().values() if one.version else ()
    siblings = [id for file in files if article_id in file.article_ids for id in file.article_ids]
    ids = dict.fromkeys([*siblings, *engine.versions(article_id)])
    found = (engine.article(id) for id in ids if id != article_id)
    return [other for other, _ in filter(None, found)]
