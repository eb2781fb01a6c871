"""Where phrases and prefixes stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.languages import analyse, fold
from kb.models import Prefix, TermKind
from kb.phrases import is_certain, is_han, occurrences, phrase_terms
from kb.query import phrase
from tests.strategies import mixed_text


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("обратная связь", "Обратной связью; связь обратная.", ["Обратной связью"]),
        ("обратная связь", "обратная, связь", ["обратная, связь"]),
        ("жалоба как подарок", "Жалобы как подарки", ["Жалобы как подарки"]),
        ("жалоба подарок", "Жалобы как подарки", []),
        ("NPS", "nps и NPS-опрос", ["nps", "NPS"]),
        ("service standards", "Service standard!", ["Service standard"]),
        ("а а", "а а а", ["а а", "а а"]),
        ("诉是", "客户投诉是礼物", ["诉是"]),
        ("標準", "服务标准", ["标准"]),
        ("标准", "服務標準", ["標準"]),
        ("准，", "标准,好", ["准,"]),
        ("24小时", "２４小時内", ["２４小時"]),
        ("哈哈", "哈哈哈", ["哈哈", "哈哈"]),
        ("务 标", "服务标准", []),
    ],
)  # fmt: skip
def test_where_a_phrase_stands(wanted, text, found):
    assert [text[start:end] for start, end in occurrences(phrase(wanted), text)] == found


@pytest.mark.parametrize(
    ("letters", "text", "found"),
    [
        ("довер", "Доверие и доверяет, не верит", ["Доверие", "доверяет"]),
        ("нps", "NPS", []),
        ("еж", "Ёжик", ["Ёжик"]),
        ("person", "Personal, impersonal", ["Personal"]),
    ],
)
def test_where_a_prefix_stands(letters, text, found):
    assert [text[start:end] for start, end in occurrences(Prefix(letters), text)] == found


def test_a_prefix_is_of_forms_not_of_lemmas():
    """«чел*» is no beginning of людей."""
    assert occurrences(Prefix("чел"), "людей") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("服务", True),
        ("服", True),
        ("服 务", False),
        ("服a", False),
        ("abc", False),
        ("，", False),
        ("", False),
    ],
)
def test_is_han(text, expected):
    assert is_han(fold(text).text) is expected


@given(mixed_text(max_size=4), mixed_text())
def test_whatever_holds_a_phrase_holds_its_terms(wanted, text):
    """So looking its terms up first loses nothing; and where they are certain, it adds nothing."""
    sought = phrase(wanted)
    if sought is None:
        return
    have = {(token.kind, token.term) for token in analyse(text)}
    holds_terms = all(any((term.kind, s) in have for s in term.synonyms) for term in phrase_terms(sought))
    stands = bool(occurrences(sought, text))
    assert holds_terms or not stands
    if is_certain(sought):
        assert stands == holds_terms


@given(st.text("服务标准客户，a 1\n", min_size=1, max_size=30), st.data())
def test_every_substring_of_a_chinese_text_stands_in_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    sought = phrase(text[start:end])
    if sought and sought.literal:
        assert text[start:end] in {text[a:b] for a, b in occurrences(sought, text)}
        assert all(term.kind in {TermKind.BIGRAM, TermKind.CHAR} for term in phrase_terms(sought))
