"""Query → hits. An engine keeps passages with finished terms and ranks them by `kb.ranking`.

A new engine is one new file with a class like `WhooshEngine`, and one line in `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from kb.errors import SettingsError
from kb.models import Article, Passage, Query, SourceFile, TermScore
from kb.ranking import IndexedText, PassageTexts

__all__ = [
    "DEFAULTS",
    "ENGINES",
    "NO_HITS",
    "ClusterOptions",
    "Engine",
    "EngineHit",
    "EngineHits",
    "EngineWriter",
    "Place",
    "Remembered",
    "open_engine",
]

ENGINES: dict[str, str] = {
    "opensearch": "kb.engines.opensearch:OpenSearchEngine",
    "whoosh": "kb.engines.whoosh:WhooshEngine",
}


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What an engine needs to know that keeps its index in a cluster; an embedded one ignores it.

    `timeout` is how long a search may take, in seconds.
    """

    shards: int = 1
    replicas: int = 1
    timeout: float = 10.0


DEFAULTS = ClusterOptions()


@dataclass(frozen=True, slots=True)
class EngineHit:
    """A ranked passage with its article; `via` are the principles whose terms led to it, `more` the
    number of its copies that were found and collapsed."""

    passage: Passage
    article: Article
    score: float
    via: tuple[str, ...] = ()
    more: int = 0
    explanation: tuple[TermScore, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineHits:
    """The hits of one page, the number of all, and how many there would be with each language,
    principle, article and date (facet → value → count, most frequent first); dates are years.
    `titles` are those of the articles in the facet, by id."""

    total: int
    hits: tuple[EngineHit, ...] = ()
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


NO_HITS = EngineHits(0, facets={"language": {}, "principle": {}, "article": {}, "date": {}})
"""What an index without passages answers."""

Place = tuple[str, int]
"""Where a passage stands: the id of its article, and its position there."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an engine keeps in memory to answer faster, and the limit it was given, in bytes.

    `hits` and `misses` are how often what it needed was there since it was opened, and was not.
    """

    used: int
    limit: int
    hits: int
    misses: int


class EngineWriter(Protocol):
    """Changes that become visible together when the writer is left without an error.

    Each article and file is put or dropped once in a write; `EngineError` is raised when one is put
    and then put or dropped again. `damage` is what was found wrong with the index when it was to be
    repaired: then nothing of before is kept, and everything must be put again.
    """

    damage: str

    def put_article(
        self,
        article: Article,
        passages: Iterable[Passage],
        title: IndexedText,
        texts: Iterable[PassageTexts],
    ) -> None:
        """Add or replace an article; `texts` are what each passage is found by.

        They are gone through once, side by side, so that neither need be there as a whole.
        """
        ...

    def drop_article(self, article_id: str) -> None:
        """Take an article and its passages out; an unknown id does nothing."""
        ...

    def put_file(self, file: SourceFile) -> None:
        """Record what is known of a source file, replacing what was known under its path."""
        ...

    def drop_file(self, path: str) -> None:
        """Forget a source file (its articles stay until they are dropped)."""
        ...


class Engine(Protocol):
    """An index. Reading is safe from any number of threads; readers see whole commits only."""

    def __init__(self, url: str, memory: int, cluster: ClusterOptions = ...) -> None:
        """Open or create the index at `url`; `memory` bounds what it may remember, in bytes."""
        ...

    def write(self, wait: bool = False, repair: bool = False) -> AbstractContextManager[EngineWriter]:
        """Begin to write. When another process is writing, wait for it or raise `IndexLocked`.

        With `repair`, all that is stored is checked first; see `EngineWriter.damage`.
        """
        ...

    def tidy(self) -> None:
        """Do what makes searches faster but changes no answer; for moments when nobody waits."""
        ...

    def damage(self) -> str:
        """What is wrong with what is stored, or nothing. All of it is read."""
        ...

    def files(self) -> dict[str, SourceFile]:
        """What is recorded of all source files, by path."""
        ...

    def search(self, query: Query, explain: bool = False) -> EngineHits:
        """The passages that answer a query, best first; ties in the order of article and position."""
        ...

    def versions(self, article_id: str) -> Sequence[str]:
        """The articles that share most of their text with one, by id."""
        ...

    def copied(self, least: int) -> Iterator[Sequence[Place]]:
        """Where each passage stands that stands in `least` articles or more, most often copied first."""
        ...

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article (without its sections' blocks) and its passages in order, or None."""
        ...

    def articles(self) -> Sequence[Article]:
        """All articles, by id, without their sections' blocks."""
        ...

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has this id or holds the block with this anchor, and its article, or None."""
        ...

    def words(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The indexed words and forms that begin with `prefix` (kind letter first) and how many
        passages hold each, in order."""
        ...

    @property
    def generation(self) -> object:
        """What is equal as long as nothing was written: tells whether what was gathered still holds."""
        ...

    @property
    def remembered(self) -> Remembered:
        """How much it remembers now; nothing and no limit where another process does."""
        ...

    def close(self) -> None:
        """Give back files and memory; the engine cannot be used afterwards."""
        ...


def open_engine(url: str, memory: int, cluster: ClusterOptions = DEFAULTS) -> Engine:
    """The engine for a URL such as `whoosh:///var/lib/kb/index`; `memory` is in bytes.

    Raises `SettingsError` when no engine knows the URL's scheme.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme not in ENGINES:
        raise SettingsError(
            f"KB_ENGINE: there is no engine for “{url}”; known are {', '.join(sorted(ENGINES))}"
            " (for example whoosh:///path/to/index)."
        )
    module, _, name = ENGINES[scheme].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(url, memory, cluster)
    return engine
