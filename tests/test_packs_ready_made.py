"""Packs on a principle, and the quiz of a pack."""

from __future__ import annotations

from collections import Counter

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.models import Block, BlockKind, Pack, Passage
from kb.packs.ready_made import Part, _likeliest
from tests.conftest import MakeBook

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


def test_a_small_handbook_has_packs_too(make_book: MakeBook) -> None:
    """… of passages that are too short, or do not say what they do."""
    book = make_book(
        {"a.md": "# 首问负责\n\n第一个接到问题的人，要一直负责到问题解决。不要说“这不归我管”。\n"}
    )
    (passage,) = book.best_passages("ownership", "zh")
    sections = book.ready_made("ownership", "ru").sections
    assert [one.passage for one in sections[-1].excerpts] == [passage[0].id]
    assert sections[-1].title == "Что ещё об этом сказано"


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
