"""The quiz of a pack: wrong answers are wrong and near, and the same pack asks the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.models import Pack, PackSection, QuestionKind


@pytest.fixture(
    scope="module",
    params=[
        ("ownership", "ru"),
        ("empathy", "zh-Hant"),
        ("service-recovery", "ru"),
        ("training", "zh-Hant"),
        ("customer-feedback", "ru"),
    ],
    ids="-".join,
)
def pack(request: pytest.FixtureRequest, starter: KnowledgeBase) -> Pack:
    return starter.ready_made(*request.param)


def test_wrong_answers_are_wrong_and_near(pack: Pack, starter: KnowledgeBase) -> None:
    questions = starter.quiz(pack)
    names = {one.id: one for one in starter.principles()}
    by_label = {
        label: one for one in names.values() for label in (one.label("ru"), *one.pref_labels.values())
    }
    assert {question.kind for question in questions} == set(QuestionKind)
    assert len({question.id for question in questions}) == len(questions)
    for question in questions:
        assert 3 <= len(question.choices) <= 4
        assert len({choice.text for choice in question.choices}) == len(question.choices)
        wrong = [choice for place, choice in enumerate(question.choices) if place != question.right]
        right = question.choices[question.right]
        if question.kind is QuestionKind.PRINCIPLE_OF_PASSAGE:
            assert question.excerpt and question.principle == question.excerpt.principles[0]
            also = {starter.principle(id).label("ru") for id in question.excerpt.principles}
            if pack.language == "ru":
                assert not also & {choice.text for choice in wrong}
                near = set(names[question.principle].broader)
                assert any(near & set(by_label[choice.text].broader) for choice in wrong)
        elif question.kind is QuestionKind.PASSAGE_OF_PRINCIPLE:
            assert right.excerpt and question.principle in right.excerpt.principles
            for choice in wrong:
                assert choice.excerpt and question.principle not in choice.excerpt.principles
                assert choice.excerpt.source.language == right.excerpt.source.language


def test_the_same_pack_gives_the_same_quiz(starter: KnowledgeBase) -> None:
    pack = starter.ready_made("empathy", "ru")
    assert _plain(starter, pack) == _plain(starter, pack)
    assert _plain(starter, replace(pack, id="another")) != _plain(starter, pack)
    rights = Counter(question.right for question in starter.quiz(pack))
    assert len(rights) > 2, "the right answer is not always in one place"


def _plain(book: KnowledgeBase, pack: Pack) -> list[tuple[str, list[str], int]]:
    return [(one.id, [choice.text for choice in one.choices], one.right) for one in book.quiz(pack)]


def test_a_pack_of_nothing_asks_nothing(starter: KnowledgeBase) -> None:
    assert starter.quiz(Pack("пусто", (PackSection("x"),))) == ()


def test_one_principle_is_not_asked_over_and_over(starter: KnowledgeBase) -> None:
    pack = starter.pack_from([passage.id for passage, _ in starter.best_passages("empathy", "ru", 12)])
    asked = Counter(
        question.principle
        for question in starter.quiz(pack)
        if question.kind is QuestionKind.PRINCIPLE_OF_PASSAGE
    )
    assert max(asked.values()) <= 3
