"""For a passage, what the other languages say on the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from kb.cli import main
from kb.errors import NotFound
from kb.knowledge_base import KnowledgeBase
from kb.models import Hit


@pytest.fixture(scope="module")
def book(trilingual: KnowledgeBase) -> KnowledgeBase:
    return trilingual


def passage_with(book: KnowledgeBase, words: str) -> str:
    found = [p.id for a in book.articles() for p in book.article(a.id)[1] if words in p.text]
    assert len(found) == 1, found
    return found[0]


# A few words of a passage, and of one that is among the three closest in another language.
PAIRS = [
    ("Эмпатия — способность увидеть положение", "zh", "同理心，也有人叫共情"),
    ("Эмпатия — способность увидеть положение", "en", "Empathy is the ability"),
    ("Внутренним клиентом называют того", "en", "The internal customer is owed"),
    ("Карта есть, лояльности нет", "en", "Customer loyalty is the habit"),
    ("移情性指的是把患者当作一个具体的人", "ru", "Эмпатия — способность увидеть положение"),
    ("标杆学习常被做成参观", "en", "Benchmarking against the best"),
    ("神秘顾客：受过训练的人扮成顾客", "en", "A mystery shopper sees"),
    ("Active listening has three moves", "ru", "повторил суть своими словами"),
    ("Service recovery begins", "zh", "服务补救：出错之后"),
    ("Continuous improvement went round", "zh", "PDCA 四个字母人人会背"),
    ("A mystery shopper sees", "zh", "神秘顾客：受过训练的人扮成顾客"),
]


@pytest.mark.parametrize(("words", "language", "expected"), PAIRS)
def test_what_says_the_same(book: KnowledgeBase, words: str, language: str, expected: str) -> None:
    closest = book.counterparts(passage_with(book, words), language)
    texts = [hit.passage.text for hit in closest[language]]
    assert any(expected in text for text in texts), texts


def test_never_the_same_language_and_best_first(book: KnowledgeBase) -> None:
    for article in book.articles():
        passage = book.article(article.id)[1][0]
        for code, hits in book.counterparts(passage.id, limit=5).items():
            assert code != passage.language
            assert 0 < len(hits) <= 5
            assert {hit.passage.language for hit in hits} == {code}
            scores = [hit.score for hit in hits]
            assert scores == sorted(scores, reverse=True)
            assert all(hit.via for hit in hits)


def test_asked_for_its_own_language_there_is_nothing(book: KnowledgeBase) -> None:
    assert book.counterparts(passage_with(book, "Empathy is the ability"), "en") == {}


def test_a_passage_without_concepts_has_none(make_book: Callable[..., KnowledgeBase]) -> None:
    book = make_book(
        {
            "ru.md": "# Погода\n\nСегодня солнечно.\n\nГость вошёл в ресторан.\n",
            "zh.md": "# 天气\n\n今天下雨。\n\n客人走进餐厅。\n",
        }
    )
    weather, scene = (
        passage for a in book.articles() if a.language == "ru" for passage in book.article(a.id)[1]
    )
    assert book.counterparts(weather.id) == {}
    assert book.counterparts(scene.id) == {}  # a guest in a restaurant is the scene of nearly everything


def test_an_unknown_passage(book: KnowledgeBase) -> None:
    with pytest.raises(NotFound):
        book.counterparts("nowhere")


def test_an_anchor_of_any_block_will_do(book: KnowledgeBase) -> None:
    passage = next(p for a in book.articles() for p in book.article(a.id)[1] if len(p.anchors) > 1 and p.tags)

    def found(id: str) -> dict[str, list[str]]:
        closest: dict[str, tuple[Hit, ...]] = book.counterparts(id)
        return {code: [hit.passage.id for hit in hits] for code, hits in closest.items()}

    assert found(passage.anchors[-1]) == found(passage.id) != {}


def test_the_command(book: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_HOME", str(book.settings.home))
    one = passage_with(book, "Empathy is the ability")
    shown = CliRunner().invoke(main, ["counterparts", one], catch_exceptions=False).stdout
    assert "\nzh  同理心" in shown and "\nru  Эмпатия" in shown
    answer = json.loads(CliRunner().invoke(main, ["counterparts", one, "--json"]).stdout)
    assert set(answer["counterparts"]) == {"ru", "zh"}
    assert answer["counterparts"]["zh"][0]["passage"]["language"] == "zh"
