"""Counts of what can be found, and what the index was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.engines import Engine
from kb.models import Query
from kb.principles import Vocabulary


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of what can be found: passages by language and by principle, articles by language."""

    articles: int
    passages: int
    articles_by_language: Mapping[str, int]
    passages_by_language: Mapping[str, int]
    passages_by_principle: Mapping[str, int]
    principles: int
    trade_terms: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The index: `generation` changes with every write, `checked` is when a file was last read (UTC).

    `problems` counts what an editor should know, by severity. `made_with_another` names what has changed
    since it was made, "vocabulary" or "version", and is empty when nothing has.
    """

    generation: str
    files: int
    articles: int
    passages: int
    checked: datetime | None
    problems: Mapping[str, int]
    made_with_another: str = ""


def gather(engine: Engine, vocabulary: Vocabulary) -> Statistics:
    """Count what an index holds."""
    found = engine.search(Query(limit=0))
    articles = engine.articles()
    return Statistics(
        articles=len(articles),
        passages=found.total,
        articles_by_language=dict(Counter(article.language for article in articles).most_common()),
        passages_by_language=dict(found.facets.get("language", {})),
        passages_by_principle=dict(found.facets.get("principle", {})),
        principles=len(vocabulary.tagging()),
        trade_terms=len(vocabulary.terms),
    )


def status(engine: Engine, made_with_another: str) -> IndexStatus:
    """Tell what an index was made from."""
    files = engine.files().values()
    checked = max((file.checked for file in files), default=None)
    return IndexStatus(
        generation=str(engine.generation),
        files=len(files),
        articles=sum(len(file.articles) for file in files),
        passages=engine.search(Query(limit=0)).total,
        checked=datetime.fromtimestamp(checked / 1e9, UTC) if checked else None,
        problems=Counter(problem.severity for file in files for problem in file.problems),
        made_with_another=made_with_another,
    )
