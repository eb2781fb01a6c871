"""How well a tagger tags: its tags against what people say a passage must and may have.

An example is one line of JSON:

    {"text": "…", "language": "ru", "headings": ["…"], "title": "…", "stated": ["empathy"],
     "must": ["empathy"], "may": ["assurance"]}

`text` and `must` are needed. A tag in `may` counts neither way.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import ReadingError
from kb.languages import detect
from kb.models import Article, Block, BlockKind, Passage, TagReview
from kb.principles.tagger import Tagger


@dataclass(frozen=True, slots=True)
class Example:
    """A passage and the principles it must and may be tagged with. `line` is that of its file."""

    text: str
    must: frozenset[str]
    may: frozenset[str] = frozenset()
    language: str = ""
    headings: tuple[str, ...] = ()
    title: str = ""
    stated: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of tags that are right, wrong and missing, and the measures made of them."""

    right: int = 0
    wrong: int = 0
    missing: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.missing + other.missing)

    @property
    def precision(self) -> float:
        """The share of tags that are right; 1 without any tags."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of needed tags that are there; 1 when none is needed."""
        return self.right / (self.right + self.missing) if self.right + self.missing else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = 2 * self.right + self.wrong + self.missing
        return 2 * self.right / both if both else 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one example."""

    example: Example
    tagged: frozenset[str]

    @property
    def wrong(self) -> frozenset[str]:
        """Tags it should not have."""
        return self.tagged - self.example.must - self.example.may

    @property
    def missing(self) -> frozenset[str]:
        """Tags it should have."""
        return self.example.must - self.tagged


@dataclass(frozen=True, slots=True)
class TaggerEvaluation:
    """The scores of a tagger on a set of examples.

    `principles` are those that occur, by id. `confusions` count the examples in which the first
    principle was missing and the second wrong.
    """

    principles: Mapping[str, Score]
    confusions: Mapping[tuple[str, str], int]
    outcomes: tuple[Outcome, ...]

    @property
    def micro(self) -> Score:
        """All tags counted alike."""
        return sum(self.principles.values(), Score())

    @property
    def macro(self) -> float:
        """The mean F1 of the principles."""
        scores = [score.f1 for score in self.principles.values()]
        return sum(scores) / len(scores) if scores else 1.0

    @property
    def worst(self) -> tuple[Outcome, ...]:
        """The examples with anything amiss, those with most amiss first."""
        amiss = [outcome for outcome in self.outcomes if outcome.wrong or outcome.missing]
        return tuple(sorted(amiss, key=lambda outcome: -len(outcome.wrong) - len(outcome.missing)))


def read_examples(path: Path) -> list[Example]:
    """Read examples from a file of JSON lines; empty lines are passed over.

    Raises `ReadingError`, with the line, for what is no example.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as UTF-8 text ({error})."
        raise ReadingError("unreadable-examples", message) from error
    return [_example(line, number, path) for number, line in enumerate(lines, 1) if line.strip()]


def reviewed_examples(
    reviews: Iterable[TagReview],
    passage_of: Callable[[str], tuple[Passage, Article] | None],
    principles: Iterable[str],
) -> Iterator[Example]:
    """Each passage that people reviewed, with what they accepted; of `principles`, the ids of all that
    could have been, those nobody reviewed count neither way. Passages that are gone are left out."""
    by_passage: dict[str, list[TagReview]] = {}
    for review in reviews:
        by_passage.setdefault(review.passage, []).append(review)
    everything = frozenset(principles)
    for passage_id, said in by_passage.items():
        if found := passage_of(passage_id):
            passage, _ = found
            yield Example(
                text=passage.text,
                must=frozenset(review.principle for review in said if review.accepted),
                may=everything - {review.principle for review in said},
                language=passage.language,
                headings=passage.headings,
            )


def evaluate(examples: Iterable[Example], tagger: Tagger) -> TaggerEvaluation:
    """Tag each example and compare."""
    outcomes = tuple(Outcome(example, _tagged(example, tagger)) for example in examples)
    return TaggerEvaluation(_scores(outcomes), _confusions(outcomes), outcomes)


def _tagged(example: Example, tagger: Tagger) -> frozenset[str]:
    language = example.language or detect(example.text)
    article = Article(example.title, language, language, (), principles=example.stated)
    blocks = tuple(Block(BlockKind.PARAGRAPH, line) for line in example.text.split("\n"))
    passage = Passage("", "", 0, 0, language, language, example.headings, blocks, ())
    (tagged,) = tagger.tag(article, [passage])
    return frozenset(tag.principle for tag in tagged.tags)


def _scores(outcomes: Sequence[Outcome]) -> dict[str, Score]:
    scores: defaultdict[str, Score] = defaultdict(Score)
    for outcome in outcomes:
        for principle in outcome.example.must | outcome.wrong:
            is_right = principle in outcome.example.must & outcome.tagged
            is_wrong = principle in outcome.wrong
            scores[principle] += Score(is_right, is_wrong, not is_right and not is_wrong)
    return dict(sorted(scores.items()))


def _confusions(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], int]:
    pairs = Counter(
        (missing, wrong) for outcome in outcomes for missing in outcome.missing for wrong in outcome.wrong
    )
    return dict(pairs.most_common())


# --- Reading -------------------------------------------------------------------------------------


def _example(line: str, number: int, path: Path) -> Example:
    try:
        data = json.loads(line)
        return Example(
            text=_text(data["text"]),
            must=frozenset(_texts(data["must"])),
            may=frozenset(_texts(data.get("may", []))),
            language=_text(data.get("language", "")),
            headings=tuple(_texts(data.get("headings", []))),
            title=_text(data.get("title", "")),
            stated=tuple(_texts(data.get("stated", []))),
            line=number,
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f'{path}:{number}: no example ({error}). Each line is {{"text": "…", "must": ["empathy"]}}.'
        raise ReadingError("broken-example", message, number) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _texts(value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return map(_text, value)
