"""Multiple-choice questions from a pack: which principle is it, and which passage shows it?

Wrong answers are near: principles of the same group, and passages on them. What a passage is also
tagged with is never a wrong answer to it. The same pack gives the same quiz.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from kb.languages.interface import in_interface
from kb.models import Choice, Excerpt, Pack, Principle, Question, QuestionKind

_CHOICES = 4
# Which passage shows it can be asked only with two wrong passages at least.
_FEWEST_CHOICES = 3
# That "ownership" is right is learnt after a few passages of a pack on ownership.
_MOST_OF_A_KIND = 3


def _prompts(*texts: str) -> dict[QuestionKind, str]:
    return dict(zip(QuestionKind, texts, strict=True))


_PROMPTS = {
    "ru": _prompts(
        "Какой принцип показывает этот отрывок?",
        "Какой отрывок показывает этот принцип?",
        "Какой принцип так определяют?",
    ),
    "zh-Hans": _prompts("这段话体现了哪条原则？", "哪段话体现了这条原则？", "这是哪条原则的定义？"),
    "zh-Hant": _prompts("這段話體現了哪條原則？", "哪段話體現了這條原則？", "這是哪條原則的定義？"),
    "en": _prompts(
        "Which principle does this passage show?",
        "Which passage shows this principle?",
        "Which principle is defined like this?",
    ),
}


def quiz(
    pack: Pack, principles: Mapping[str, Principle], foils: Sequence[Excerpt] = ()
) -> tuple[Question, ...]:
    """The questions of a pack, in a mixed order that stays the same for the same pack.

    `principles` are those of the vocabulary, groups left out, in its order. `foils` are excerpts
    from elsewhere that may serve as wrong answers.
    """
    return _Quiz(pack, principles, foils).questions()


class _Quiz:
    def __init__(self, pack: Pack, principles: Mapping[str, Principle], foils: Sequence[Excerpt]) -> None:
        self._pack = pack
        self._principles = principles
        self._excerpts = list({one.passage: one for one in pack.excerpts if _known(one, principles)}.values())
        self._foils = [one for one in foils if _known(one, principles)]
        self._seed = pack.id or "\n".join(excerpt.passage for excerpt in pack.excerpts)
        main = Counter(_main(excerpt, principles) for excerpt in self._excerpts)
        self._asked = [id for id in principles if id in main]

    def questions(self) -> tuple[Question, ...]:
        made = [*self._of_passages(), *self._of_principles(), *self._of_definitions()]
        self._dice("order").shuffle(made)
        return tuple(made)

    def _of_passages(self) -> Iterator[Question]:
        asked: Counter[str] = Counter()
        for excerpt in self._excerpts:
            right = _main(excerpt, self._principles)
            wrong = self._near(right, excerpt.principles)
            if len(wrong) < _CHOICES - 1 or asked[right] == _MOST_OF_A_KIND:
                continue
            asked[right] += 1
            yield self._question(
                QuestionKind.PRINCIPLE_OF_PASSAGE,
                excerpt.passage,
                (excerpt.text, excerpt.source.locale),
                [self._named(id) for id in (right, *wrong)],
                right,
                excerpt,
            )

    def _of_principles(self) -> Iterator[Question]:
        for right in self._asked:
            shown = next(one for one in self._excerpts if _main(one, self._principles) == right)
            wrong = self._passages_on_others(right, shown)
            if len(wrong) < _FEWEST_CHOICES - 1:
                continue
            yield self._question(
                QuestionKind.PASSAGE_OF_PRINCIPLE,
                right,
                (self._named(right).text, self._pack.language),
                [Choice(one.text, one.source.locale, one) for one in (shown, *wrong)],
                right,
                shown,
            )

    def _of_definitions(self) -> Iterator[Question]:
        for right in self._asked:
            definition = in_interface(self._principles[right].definitions, self._pack.language)
            wrong = self._near(right)
            if definition and len(wrong) == _CHOICES - 1:
                choices = [self._named(id) for id in (right, *wrong)]
                about = (definition, self._pack.language)
                yield self._question(QuestionKind.PRINCIPLE_OF_DEFINITION, right, about, choices, right)

    # --- What they are made of ---

    def _near(self, right: str, also_right: Sequence[str] = ()) -> list[str]:
        """Wrong principles for a right one: of its group first, then those it is related to, then any."""
        principle = self._principles[right]
        others = [id for id in self._principles if id != right and id not in also_right]
        self._dice(f"near {right} {also_right}").shuffle(others)
        others.sort(
            key=lambda id: (
                not set(self._principles[id].broader) & set(principle.broader),
                id not in principle.related,
            )
        )
        return others[: _CHOICES - 1]

    def _passages_on_others(self, right: str, shown: Excerpt) -> list[Excerpt]:
        """Passages that are not on a principle, each on another: in the language of the one that is
        and about as long, or its length would give it away."""
        others = [
            one
            for one in (*self._excerpts, *self._foils)
            if right not in one.principles and one.source.language == shown.source.language
        ]
        others.sort(key=lambda one: (abs(len(one.text) - len(shown.text)), one.passage))
        of_each = {_main(one, self._principles): one for one in reversed(others)}
        return sorted(of_each.values(), key=others.index)[: _CHOICES - 1]

    def _question(
        self,
        kind: QuestionKind,
        name: str,
        about: tuple[str, str],
        choices: list[Choice],
        principle: str,
        excerpt: Excerpt | None = None,
    ) -> Question:
        """A question with the right choice, which is given first, in some place."""
        id = f"{kind}.{name}"
        order = list(range(len(choices)))
        self._dice(id).shuffle(order)
        return Question(
            id=id,
            kind=kind,
            prompt=_PROMPTS[self._pack.language][kind],
            about=about[0],
            locale=about[1],
            choices=tuple(choices[place] for place in order),
            right=order.index(0),
            principle=principle,
            excerpt=excerpt,
        )

    def _named(self, id: str) -> Choice:
        return Choice(
            in_interface(self._principles[id].pref_labels, self._pack.language), self._pack.language
        )

    def _dice(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}\n{name}")


def _known(excerpt: Excerpt, principles: Mapping[str, Principle]) -> bool:
    return any(id in principles for id in excerpt.principles)


def _main(excerpt: Excerpt, principles: Mapping[str, Principle]) -> str:
    """The principle that an excerpt speaks of most."""
    return next(id for id in excerpt.principles if id in principles)
