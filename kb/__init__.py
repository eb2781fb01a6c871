"""Servicebook: a multilingual knowledge base on service standards.

>>> import kb
>>> with kb.open() as book:  # doctest: +SKIP
...     book.index()
...     for hit in book.search("эмпатия", language="zh").hits:
...         print(hit.article.title, hit.passage.text)

In what follows `book` is such a knowledge base.

>>> found = book.search("эмпатия", limit=3)
>>> found.total > 3, len(found.hits)
(True, 3)
>>> hit = found.hits[0]
>>> start, end = hit.highlights[0]
>>> hit.passage.text[start:end].lower().startswith("эмпат")
True
>>> sorted(book.counterparts(hit.passage.id))
['zh']
>>> book.principle("empathy").label("ru")
'Эмпатия'
>>> book.search("эмпатия", limit=-1)
Traceback (most recent call last):
kb.errors.InvalidRequest: The limit must be between 0 and 1000, not -1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase

__all__ = ["open"]
__version__ = "0.1.0"


def open(**settings: object) -> KnowledgeBase:
    """The knowledge base that the environment describes; `settings` override it.

    The names are those of `kb.settings.Settings`: `kb.open(corpus=Path("articles"))`. Raises
    `SettingsError` for a value that cannot be used.
    """
    # Imported here so that `import kb` and `kb --help` start at once.
    from kb.knowledge_base import KnowledgeBase
    from kb.settings import load

    return KnowledgeBase(load(**settings))
