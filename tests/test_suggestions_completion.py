"""Completion: what is suggested while a person types."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidRequest
from kb.json import plain
from kb.knowledge_base import KnowledgeBase
from kb.languages import fold
from kb.models import Suggestion, SuggestionKind
from kb.suggestions import _PerGeneration
from kb.suggestions.frequent_phrases import frequent_phrases
from tests.conftest import MakeBook

# What is typed, and what must be among the first eight suggestions.
TABLE = [
    # Russian
    ("эмп", "Эмпатия"),
    ("ЭМПАТ", "Эмпатия"),
    ("жал", "жалоба"),
    ("обратная св", "обратная связь"),
    ("связь от", "Обратная связь от клиентов"),
    ("стандарты с", "Стандарты сервиса"),
    ("самостоятельн", "самостоятельность сотрудников"),
    ("надеж", "Надёжность"),
    ("надёж", "Надёжность"),
    ("рабочий д", "рабочий день"),
    # Chinese
    ("服务标", "服务标准"),
    ("服務標", "服务标准"),
    ("补救", "服务补救"),
    ("首问", "首问负责制"),
    ("投诉", "投诉"),
    # English
    ("emp", "Empathy"),
    ("customer f", "Customer feedback"),
    ("feedback", "Customer feedback"),
    ("active l", "Active listening"),
    # Pinyin
    ("fuwu", "服务标准"),
    ("fuwubiao", "服务标准"),
    ("fu wu biao zh", "服务标准"),
    ("biaozhunhua", "标准化"),
    # The other keyboard layout
    ("'vgfn", "Эмпатия"),
    (";fkj,", "жалоба"),
    ("уьзфе", "Empathy"),
    # Russian in Latin letters
    ("zhalob", "жалоба"),
    ("obratnaya sv", "обратная связь"),
]


@pytest.mark.parametrize(("typed", "wanted"), TABLE)
def test_what_is_suggested(starter: KnowledgeBase, typed: str, wanted: str) -> None:
    assert wanted in [suggestion.text for suggestion in starter.suggest(typed)]


def test_titles_and_principles_lead_to_their_pages(starter: KnowledgeBase) -> None:
    article = starter.articles()[0]
    found = starter.suggest(article.title[:12])
    assert Suggestion(article.title, SuggestionKind.TITLE, article.language, article.id) in found
    assert starter.suggest("Empathy")[0] == Suggestion("Empathy", SuggestionKind.PRINCIPLE, "en", "empathy")


def test_phrases_and_terms_lead_nowhere(starter: KnowledgeBase) -> None:
    found = [*starter.suggest("рабочий д"), *starter.suggest("жалоб")]
    kinds = {s.kind for s in found}
    assert {SuggestionKind.TERM, SuggestionKind.PHRASE} <= kinds
    assert all((s.id is None) == (s.kind in ("term", "phrase")) for s in found)


def test_principles_and_whole_beginnings_come_first(starter: KnowledgeBase) -> None:
    found = starter.suggest("стандарт", limit=20)
    begins = [fold(s.text).text.startswith("стандарт") for s in found]
    assert begins == sorted(begins, reverse=True)
    assert found[0].kind == "principle"


def test_one_language(starter: KnowledgeBase) -> None:
    assert {s.language for s in starter.suggest("NPS", limit=20)} > {"ru", "zh"}
    assert {s.language for s in starter.suggest("NPS", language="ru")} == {"ru"}
    assert {s.language for s in starter.suggest("servis", language="ru")} == {"ru"}
    with pytest.raises(InvalidRequest, match="xx"):
        starter.suggest("а", language="xx")


@pytest.mark.parametrize("typed", ["", " ", "?!", "щщщщ", "а" * 500, "\ud800"])
def test_nothing_to_suggest(starter: KnowledgeBase, typed: str) -> None:
    assert starter.suggest(typed) == ()


@given(st.text("абвесткужозл эм服务标客fuwukse", max_size=8), st.integers(0, 20))
def test_no_name_comes_twice(starter: KnowledgeBase, typed: str, limit: int) -> None:
    found = starter.suggest(typed, limit=limit)
    assert len(found) <= limit
    assert len({fold(s.text).text for s in found}) == len(found)


def test_the_shape_for_programs(starter: KnowledgeBase) -> None:
    first = plain({"suggestions": starter.suggest("Empathy", limit=1)})
    assert first == {
        "suggestions": [{"text": "Empathy", "kind": "principle", "language": "en", "id": "empathy"}]
    }


def test_a_new_article_is_suggested(make_book: MakeBook) -> None:
    book = make_book({"a.md": "# Первая статья\n\nТекст."})
    assert not [s for s in book.suggest("втор") if s.kind == "title"]
    (book.settings.corpus_path / "b.md").write_text("# Вторая статья\n\nТекст.", "utf-8")
    book.index()
    assert book.suggest("вторая ст")[0].text == "Вторая статья"


def test_frequent_phrases_stand_as_they_are_written(make_book: MakeBook) -> None:
    articles = {
        f"{number}.md": f"# Статья {number}\n\nБез утренней планёрки день не начат. На утреннюю планёрку ждут"
        " всех. Утренняя планёрка коротка. We keep the promise board. 晨会纪要在晨会纪要本里。"
        for number in range(3)
    }
    phrases = {phrase.text: phrase for phrase in frequent_phrases(make_book(articles).engine)}
    assert phrases["утренняя планёрка"].count == 9
    assert phrases["promise board"].language == "en"
    assert phrases["晨会纪要"].language == "zh"
    assert "We keep" not in phrases


def test_nobody_waits_long_for_the_words_of_a_new_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large index takes seconds to gather; meanwhile what was known before still holds."""
    monkeypatch.setattr("kb.suggestions._PATIENCE", 0.05)
    go_on, gathered = threading.Event(), []

    def gather(_before: str | None) -> str:
        if gathered:
            go_on.wait(30)
        gathered.append("words")
        return f"words of {len(gathered)}"

    words = _PerGeneration(gather)
    assert words.at(1) == "words of 1"
    assert [words.at(2), words.at(2)] == ["words of 1", "words of 1"]
    go_on.set()
    until = time.monotonic() + 10
    while words.at(2) != "words of 2":
        assert time.monotonic() < until
    assert words.at(3) == "words of 3"
    assert len(gathered) == 3
