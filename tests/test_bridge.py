"""The bridge between languages: a query in one finds what passages in another say on the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.concepts import Concepts
from kb.knowledge_base import KnowledgeBase
from kb.models import Hit, TermKind
from tests.conftest import CORPUS, MakeBook

ENGLISH = Path(__file__).parent / "files" / "bridge"


@pytest.fixture(scope="module")
def book(open_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The starter corpus with a few articles in English."""
    with open_book(home=tmp_path_factory.mktemp("bridge"), corpus=CORPUS) as book:
        book.index([CORPUS, ENGLISH])
        yield book


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
    ("授权", "ru", "По Боуэну и Лоулеру"),
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
    ("empowered couriers", "ru", "По Боуэну и Лоулеру"),
    ("the Kano model", "ru", "«Что вы почувствуете"),
    ("trust and competence", "ru", "В банке доверие измеряется"),
    ("customer journey map", "ru", "Карта пути показывает руководителю"),
    # en -> zh
    ("staff training", "zh", "学会以做出来为准"),
    ("service recovery", "zh", "服务补救：出错之后"),
    ("internal customers", "zh", "内部顾客：接手你工作成果的同事"),
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
