"""What an editor can mend in files, without indexing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb import passages, readers
from kb.errors import InvalidRequest
from kb.indexing import preparing
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
    found = [one for source in sources for one in readers.find(source)]
    problems = [one for one in found if isinstance(one, Problem)]
    paths = [str(one) for one in found if not isinstance(one, Problem)]
    articles = 0
    for file, _ in preparing.read_apart(paths):
        articles += len(file.articles)
        problems += file.problems
        for _, article in file.articles:
            problems += _unknown_principles(Path(file.path), article, tagger)
    # Two versions of one article have problems in common.
    return CheckReport(len(paths), articles, tuple(dict.fromkeys(problems)))


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
    explanations: list[Explanation] = []
    for file, articles in preparing.read_apart([str(path)]):
        if not file.articles:
            raise InvalidRequest("; ".join(problem.message for problem in file.problems))
        for article in articles:
            explanations += tagger.explain(article, passages.split(article))
    return explanations
