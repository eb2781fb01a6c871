"""Packs on a principle, and the quiz of a pack."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.models import Block, BlockKind, Pack, PackSection, Passage, QuestionKind
from kb.packs.ready_made import Part, _likeliest

PRINCIPLES = ["ownership", "empathy", "service-recovery", "training", "customer-feedback"]


@pytest.fixture(
    scope="module", params=[(id, tag) for id in PRINCIPLES for tag in ("ru", "zh-Hant")], ids="-".join
)
def pack(request: pytest.FixtureRequest, starter: KnowledgeBase) -> Pack:
    return starter.ready_made(*request.param)


def test_a_ready_made_pack_varies(pack: Pack) -> None:
    own = pack.language.partition("-")[0]
    assert len(pack.excerpts) >= 6
    assert len({excerpt.passage for excerpt in pack.excerpts}) == len(pack.excerpts)
    articles = Counter(excerpt.source.article for excerpt in pack.excerpts)
    assert len(articles) >= 4
    languages = Counter(excerpt.source.language for excerpt in pack.excerpts)
    assert languages[own] >= 3 and len(languages) >= 2
    principle = pack.id.partition(".")[0]
    assert all(principle in excerpt.principles for excerpt in pack.excerpts)
    assert len(pack.sections) >= 4
    parts = [Counter(excerpt.source.language for excerpt in section.excerpts) for section in pack.sections]
    assert max(languages.pop(own, 0) for languages in parts) == 2
    assert all(count == 1 for languages in parts for count in languages.values())


def test_a_ready_made_pack_begins_with_the_definition(starter: KnowledgeBase) -> None:
    first = starter.ready_made("ownership", "ru").sections[0]
    assert first.title == "Что это"
    assert first.introduction == starter.principle("ownership").definitions["ru"]
    assert starter.ready_made("ownership", "zh-Hant").title == "摘錄集：責任擔當", (
        "written as its readers write"
    )


@pytest.mark.parametrize(
    ("text", "heading", "part"),
    [
        ("Эмпатия — это способность увидеть положение глазами другого и дать ему понять это без слов о себе.", "", Part.DEFINITION),
        ("所谓移情，是指站到来电人的位置上，弄明白他此刻的感受从哪里来，并让他知道你明白了他的处境。", "", Part.DEFINITION),
        ("Лимит дешевле согласования: пока старший ищет подпись, гость теряет час, а магазин теряет гостя.", "Почему лимит дешевле", Part.WHY),
        ("Сначала выслушайте до конца, затем назовите срок и спросите, удобен ли он, потом запишите имя.", "Шаг 1", Part.HOW),
        ("例如，乘客向保洁员打听失物，保洁员把他领到窗口，看到有人受理才离开，这件事第二天就写进了案例。", "", Part.EXAMPLE),
        ("Нельзя отсылать гостя к соседнему окну, не надо говорить «это не ко мне»: хуже только молчание в ответ.", "Ошибки новичка", Part.MISTAKES),
        ("不要说“这不归我管”，也别让客人自己去找，最怕的是答应了又忘记回话，客人下次就不会再来了，切记。", "常见误区", Part.MISTAKES),
        ("Витрины моют по вторникам и пятницам до открытия, стекло протирают сухой салфеткой без ворса и полос.", "", None),
        ("Это значит всё.", "Что такое сервис", None),
    ],
)  # fmt: skip
def test_what_a_passage_does(text: str, heading: str, part: Part | None) -> None:
    blocks = (Block(BlockKind.PARAGRAPH, text),)
    passage = Passage("p", "a", 0, 0, "ru", "ru", (heading,) if heading else (), blocks, ("p",))
    assert _likeliest(passage) is part


# --- The quiz ------------------------------------------------------------------------------------


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
