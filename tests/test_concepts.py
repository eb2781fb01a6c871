"""The bridge between languages: a query in one finds what passages in another say on the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb.concepts import Concepts
from kb.knowledge_base import KnowledgeBase
from kb.models import Hit, TermKind


@pytest.fixture(scope="module")
def book(trilingual: KnowledgeBase) -> KnowledgeBase:
    return trilingual


# A query, the language of the passages, and a few words of the one that must be in the first five.
QUERIES = [
    # ru -> zh
    ("эмпатия", "zh", "移情性指的是把患者当作一个具体的人"),
    ("сопереживанию", "zh", "同理心，也有人叫共情"),
    ("обучение персонала эмпатии", "zh", "同理心，也有人叫共情"),
    ("как слушать клиента", "zh", "复述由两句话组成"),
    ("предвосхищение потребностей", "zh", "這就叫預見需求"),
    ("полномочия сотрудников", "zh", "鮑恩與勞勒一九九二年談服務業授權"),
    ("стандарты в ресторане", "zh", "判断一条服务标准能不能用"),
    ("жалоба гостя в отеле", "zh", "投诉：顾客表示不满"),
    ("тайный покупатель, чек-лист", "zh", "神秘顾客：受过训练的人扮成顾客"),
    ("наставник для новичка", "zh", "学会以做出来为准"),
    ("моделью Кано", "zh", "KANO 问卷的窍门在于成对提问"),
    ("пилотный проект", "zh", "试点计划写满一张纸"),
    ("скорость ответа", "zh", "响应性看的是愿不愿意帮忙"),
    # ru -> en
    ("лояльность клиентов", "en", "Customer loyalty is the habit"),
    ("программу лояльности", "en", "Customer loyalty is the habit"),
    ("активное слушание", "en", "Active listening has three moves"),
    ("обучение персонала эмпатии", "en", "Empathy is the ability"),
    ("тайного покупателя", "en", "A mystery shopper sees"),
    ("карта пути клиента", "en", "The customer journey map showed"),
    ("выгорание операторов", "en", "Burnout shows first"),
    ("отток клиентов", "en", "The churn rate tells"),
    ("мотивация", "en", "Motivation is fed by small things"),
    ("внутренние клиенты", "en", "The internal customer is owed"),
    # zh -> ru
    ("客户忠诚度", "ru", "Карта есть, лояльности нет"),
    ("同理心", "ru", "Эмпатия — способность увидеть положение"),
    ("授权", "ru", "Полномочие без границ пугает"),
    ("首问负责制", "ru", "Сказать «это мой вопрос»"),
    ("NPS 调查", "ru", "Показатель говорит об отношениях с маркой"),
    ("神秘客", "ru", "Проверяющий приходит под видом обычного покупателя"),
    ("內部客戶", "ru", "Внутренним клиентом называют того"),  # in Traditional characters
    ("招聘面试", "ru", "Собеседование за столом показывает"),
    ("班前会", "ru", "Собираются стоя, у стойки"),
    ("标杆管理", "ru", "бенчмаркинг для госучреждений"),
    ("员工激励", "ru", "Для руководителя отсюда следует"),
    # zh -> en
    ("服务补救", "en", "Service recovery begins"),
    ("倾听", "en", "Active listening has three moves"),
    ("新员工培训", "en", "Staff training takes ten days"),
    ("个性化服务", "en", "Personalisation starts with remembering"),
    ("持续改进", "en", "Continuous improvement went round"),
    ("净推荐值", "en", "Net Promoter Score asks"),
    ("响应速度", "en", "Responsiveness is what pensioners"),
    ("一線授權", "en", "The receptionist may spend"),
    ("有形性", "en", "Tangibles matter more"),
    # en -> ru
    ("staff training", "ru", "Обучение начинается на собеседовании"),
    ("empathy", "ru", "Эмпатия — способность увидеть положение"),
    ("complaint in the hotel", "ru", "Продавец, которого за каждую жалобу лишают премии"),
    ("loyalty programmes", "ru", "восемь лет. Ушла без скандала"),
    ("mystery shoppers", "ru", "Проверяющий приходит под видом обычного покупателя"),
    ("churn", "ru", "Счёт для магазина прост"),
    ("empowered couriers", "ru", "Полномочие без границ пугает"),
    ("the Kano model", "ru", "«Что вы почувствуете"),
    ("trust and competence", "ru", "В банке доверие измеряется"),
    ("customer journey map", "ru", "Карта пути показывает руководителю"),
    # en -> zh
    ("staff training", "zh", "学会以做出来为准"),
    ("service recovery", "zh", "服务补救：出错之后"),
    ("internal customers", "zh", "内部客户之间本来是互为上下游"),
    ("benchmarking", "zh", "标杆学习常被做成参观"),
    ("self-service", "zh", "自助服务：由顾客自己操作"),
    ("waiting times", "zh", "等待管理：缩短等候"),
    ("service blueprint", "zh", "服务蓝图：用“可视线”"),
    ("consistency", "zh", "怎样让早班和晚班一个样"),
    ("recognition", "zh", "好事同样要讲动作"),
]


@pytest.mark.parametrize(("query", "language", "words"), QUERIES)
def test_finds_what_other_languages_say(book: KnowledgeBase, query: str, language: str, words: str) -> None:
    found = book.search(query, language=language, limit=5)
    texts = [" › ".join((*hit.passage.headings, hit.passage.text)) for hit in found.hits]
    assert any(words in text for text in texts), texts
    assert found.interpreted.bridges
    assert found.interpreted.corrected_from is None


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.passage.id for hit in hits]


def test_bridged_hits_say_so_and_are_hits_like_any_other(book: KnowledgeBase) -> None:
    found = book.search("эмпатия", limit=100)
    assert found.total == len(found.hits)
    by_language: dict[str, list[Hit]] = {"ru": [], "zh": [], "en": []}
    for hit in found.hits:
        by_language[hit.passage.language].append(hit)
    assert {facet.value: facet.count for facet in found.facets["language"]} == {
        code: len(hits) for code, hits in by_language.items()
    }
    typed = set(ids(book.search("эмпатия", limit=100, bridge=False).hits))
    for hit in found.hits:
        assert hit.via == (() if hit.passage.id in typed else ("empathy",))
    for hit in by_language["zh"]:
        marks = {hit.passage.text[start:end] for start, end in hit.highlights}
        assert all(mark not in ("", hit.passage.text) for mark in marks)
    (bridge,) = found.interpreted.bridges
    assert (bridge.principle, bridge.from_) == ("empathy", "эмпатия")
    assert "移情性" in bridge.to["zh"]
    assert "Empathy" in bridge.to["en"]


@pytest.mark.parametrize("query", ["эмпатия", "客户忠诚度", "staff training", "NPS", "жалоба гостя в отеле"])
def test_it_can_be_turned_off(book: KnowledgeBase, query: str) -> None:
    off = book.search(query, bridge=False, correct=False, limit=100)
    on = book.search(query, correct=False, limit=1000)
    assert off.interpreted.bridges == ()
    assert all(hit.via == () for hit in off.hits)
    assert set(ids(off.hits)) <= set(ids(on.hits))
    assert off.total == sum(hit.via == () for hit in on.hits)


def test_only_asked_languages_are_told_of(book: KnowledgeBase) -> None:
    (bridge,) = book.search("эмпатия", language="zh").interpreted.bridges
    assert set(bridge.to) == {"zh"}


def test_other_words_of_the_same_language_are_found(book: KnowledgeBase) -> None:
    found = book.search("сочувствие", language="ru", limit=100)
    (bridge,) = found.interpreted.bridges
    assert "эмпатия" in [label.lower() for label in bridge.to["ru"]]
    assert "сочувствие" not in bridge.to["ru"]
    assert found.hits[0].via == ()  # what was typed comes first
    assert any(hit.via == ("empathy",) for hit in found.hits)


def test_what_must_be_there_as_typed_does_not_bridge(book: KnowledgeBase) -> None:
    for query in ('"эмпатия"', "эмпат*", "эмпатия OR жалоба"):
        assert book.search(query).interpreted.bridges == (), query
    assert book.search("эмпатия -опрос").interpreted.bridges


# Two forms of a name, in any language, lead to the same passages.
FORMS = [
    ("эмпатия", "эмпатией", "zh"),
    ("тайный покупатель", "о тайных покупателях", "zh"),
    ("стандарты сервиса", "стандарту сервиса", "en"),
    ("忠诚度", "忠誠度", "ru"),
    ("mystery shopper", "Mystery Shoppers", "ru"),
    ("customer journey map", "customer journey maps", "zh"),
]


@pytest.mark.parametrize(("query", "other", "language"), FORMS)
def test_inflection_and_script_make_no_difference(
    book: KnowledgeBase, query: str, other: str, language: str
) -> None:
    expected = book.search(query, language=language, limit=1000, correct=False)
    found = book.search(other, language=language, limit=1000, correct=False)
    assert expected.total
    assert ids(found.hits) == ids(expected.hits)


# What a query names, what finds passages, and what only adds to their scores.
ROLES = [
    ("эмпатия", ["empathy"], []),
    ("客户忠诚度", ["loyalty"], []),  # 客户 is part of the name
    ("программа лояльности", ["loyalty-programme", "loyalty"], []),
    ("complaint in the hotel", ["complaint"], ["hotel"]),
    ("отель и ресторан", ["hotel", "restaurant"], []),
    ("стандарты", ["standards"], []),  # a weak label
    ("стандарты в ресторане", ["standards"], ["restaurant"]),
    ("обучение персонала эмпатии", ["training", "empathy"], []),
    ("погода в Самаре", [], []),
]


@pytest.mark.parametrize(("query", "themes", "scene"), ROLES)
def test_the_theme_finds_and_the_scene_adds(
    book: KnowledgeBase, query: str, themes: list[str], scene: list[str]
) -> None:
    terms = [term for term, _ in book.concepts.bridges(query)]
    assert sorted(term.via for term in terms if term.matches) == sorted(themes)
    assert [term.via for term in terms if not term.matches] == scene


def test_words_beside_the_principle_still_count(book: KnowledgeBase) -> None:
    """CRM is written alike everywhere."""
    first = book.search("лояльность CRM", language="en", limit=1).hits[0]
    assert "CRM" in first.passage.text


TWINS = {
    "ru": "# {0}\n\nСегодня мы говорим о том, что такое {0}, и о том, как она живёт в смене.\n",
    "zh": "# {0}\n\n今天我们来谈谈{0}，以及它在班组里是什么样子。\n",
    "en": "# {0}\n\nToday we talk of {0} and of how it lives in a shift.\n",
}


def test_direct_hits_come_before_bridged_ones_of_the_same_strength(
    make_book: Callable[..., KnowledgeBase],
) -> None:
    """Three articles that say the same of each principle: one's own language comes first."""
    names = make_book({}, index=False).principles()
    twins = {
        f"{principle.id}-{code}.md": text.format(principle.pref_labels[code])
        for principle in names
        for code, text in TWINS.items()
    }
    book = make_book(twins)
    for principle in names:
        for code, label in principle.pref_labels.items():
            hits = book.search(label, correct=False, limit=100).hits
            own = [hit for hit in hits if principle.id in {tag.id for tag in hit.passage.principles}]
            assert own[0].passage.language == code, label
            assert {hit.passage.language for hit in own} == set(TWINS), label
            assert all(hit.via for hit in own if hit.passage.language != code), label


def test_what_is_about_it_comes_before_what_mentions_it(make_book: Callable[..., KnowledgeBase]) -> None:
    book = make_book(
        {
            "aside.md": "# 店务\n\n这里要的不是培训，而是一把新的椅子和一盏灯。\n",
            "about.md": "# 店务\n\n## 员工培训\n\n新来的同事先看三天，再由员工培训负责人带一周，然后当班。\n",
        }
    )
    found = book.search("staff training", language="zh").hits
    assert [hit.article.title for hit in found] == ["店务", "店务"]
    assert [bool(hit.passage.principles) for hit in found] == [True, False]


def test_an_article_that_states_a_principle_is_found_by_it(make_book: Callable[..., KnowledgeBase]) -> None:
    text = "---\nprinciples: [empathy]\n---\n\n# 一天\n\n今天下雨，客人不多。\n\n我们擦了杯子。\n"
    book = make_book({"a.md": text})
    found = book.search("эмпатия", language="zh").hits
    assert [(hit.passage.position, hit.via) for hit in found] == [(0, ("empathy",))]


def test_concept_terms_have_no_length(book: KnowledgeBase) -> None:
    """Monolingual ranking must not change: lengths count words alone."""
    concepts = Concepts(book.vocabulary, book.tagger)
    indexed = concepts.indexed("Эмпатия лечит")
    assert indexed.length == 2
    assert indexed.terms[TermKind.CONCEPT + "empathy@ru"] == 1
