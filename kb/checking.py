"""What an editor can mend in files, without indexing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kb import changes, passages, preparing, readers
from kb.errors import InvalidRequest
from kb.models import Article, Problem
from kb.principles import Explanation, Tagger


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What reading found: the files and articles that were read, and their problems."""

    files: int
    articles: int
    problems: tuple[Problem, ...]


def check(sources: Iterable[Path], tagger: Tagger) -> CheckReport:
    """Read files and folders as indexing does, and see whether the principles they state are there."""
    problems: list[Problem] = []
    files = articles = 0
    for source in sources:
        for found in readers.find(source):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            reading = readers.read(found)
            files += 1
            articles += len(reading.articles)
            problems += reading.problems
            for article in reading.articles:
                problems += _unknown_principles(found, article, tagger)
    return CheckReport(files, articles, tuple(problems))


def _unknown_principles(path: Path, article: Article, tagger: Tagger) -> Iterator[Problem]:
    """The principles that an article states and the vocabulary does not have."""
    for stated in article.principles:
        if not tagger.meant(stated):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            line = next((number for number, text in enumerate(lines, 1) if stated in text), None)
            message = f"There is no principle “{stated}”; kb principles lists those there are."
            yield Problem(str(path), line, "unknown-principle", message)


def explain(path: Path, tagger: Tagger) -> Sequence[Explanation]:
    """Why each passage of a file gets its tags. Raises `InvalidRequest` when it cannot be read."""
    reading = readers.read(path)
    if not reading.articles:
        raise InvalidRequest("; ".join(problem.message for problem in reading.problems))
    named = (
        preparing.with_language(replace(article, id=changes.stated_id(article, str(path))))
        for article in reading.articles
    )
    return [
        explanation for article in named for explanation in tagger.explain(article, passages.split(article))
    ]
