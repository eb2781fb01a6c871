"""Highlights and extracts (DESIGN 4.1)."""

from __future__ import annotations

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.commands import shared
from kb.languages import fold, function_words, scripts, words
from kb.models import TermKind
from kb.query import parse, terms
from kb.snippets import EXTRACT_LENGTH, extract, highlights
from tests.strategies import CHINESE, LATIN, RUSSIAN, mixed_text


def marked(typed: str, text: str) -> str:
    """The text with what is highlighted for a query in square brackets."""
    parsed = parse(typed, lambda name: None)
    pieces, at = [], 0
    for start, end in highlights(text, terms(parsed.plain), parsed.clauses):
        pieces += [text[at:start], "[", text[start:end], "]"]
        at = end
    return "".join(pieces) + text[at:]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("человек", "[Людей] и [человека] ждут."),
        ("идти", "Он [шёл] и [идёт]."),
        ("еж", "[Ёж] и [ежи]."),
        ("лучше", "Это [хороший] сервис, но [лучше] тот."),
        ("жалобы и подарки", "[Жалоба] и [подарок]."),  # и alone is not worth a mark
        ("nps", "Опрос [NPS], [ＮＰＳ] и [nps]."),
        ("promises", "We [promise] and [promised]."),
        ("服务标准", "有[服务标准]，[服务]与[标准]。"),
        ("服务", "[服務]行业。"),
        ("服務", "[服务]员。"),
        ("礼", "客户的[礼]物。"),
        ('"обратная связь"', "[Обратной связью] сильны, а связь была, и обратная."),
        ('"обратная связь" опрос', "[Опрос] — не [обратная связь], но связь."),
        ('"诉是"', "客户投[诉是]礼物，投诉。"),
        ("довер*", "[Доверие] и [доверяют] верно."),
        ("чел*", "[Человек] среди людей."),
        ("жалоба -подарок", "[Жалоба], но не опрос."),
        ("жалоба OR подарок", "[Жалоба] — [подарок]."),
        ("café", "В [cafe] и [Café]."),
        ("еда", "Вкусная [еда\u0301]."),
        ("", "Ничего."),
        ("!?", "Ничего!?"),
        ("<script>", "Не <b>[script]</b>."),
    ],
)
def test_what_is_marked(typed, expected):
    assert marked(typed, expected.replace("[", "").replace("]", "")) == expected


# --- Over the starter corpus --------------------------------------------------------------------

word = st.sampled_from(
    [*RUSSIAN, *CHINESE, *LATIN, "гостя", "сотруднику", "обещания", "等候", "顧客", "经理"]
)
piece = st.one_of(
    word,
    word,
    st.lists(word, min_size=2, max_size=3).map(" ".join),
    st.lists(word, min_size=1, max_size=2).map(lambda words: f'"{" ".join(words)}"'),
    st.sampled_from(CHINESE).map(lambda word: f'"{word}"'),
    word.map(lambda word: word[:4] + "*"),
    word.map(lambda word: "-" + word),
    st.tuples(word, word).map(" OR ".join),
    st.tuples(word, word).map(" AND ".join),
    st.sampled_from(["эмпатия", "移情", "service recovery", "NPS", "обратная связь", "员工授权"]),
)
queries = st.lists(piece, min_size=1, max_size=3).map(" ".join)


def is_form(piece: str, book, hit, wanted: set[str], characters: set[str], prefixes: list[str]) -> bool:
    """Whether a marked piece is made of forms of words, characters or prefixes that were asked for,
    or names a principle that led here."""
    folded = fold(piece).text
    if all(
        (set(run.group()) <= characters)
        if run.lastgroup == "han"
        else (
            {t.term for t in words(run.group())} & wanted or any(run.group().startswith(p) for p in prefixes)
        )
        for run in scripts(folded)
    ):
        return True
    return any(mention.concept in hit.via for mention in book.tagger.mentions(piece))


@settings(max_examples=80)
@given(queries, st.booleans())
def test_every_mark_is_a_form_of_something_searched_for(starter, text, bridge):
    results = starter.search(text, bridge=bridge, limit=30, correct=False)
    wanted = {t.term for t in words(text) if t.kind in {TermKind.WORD, TermKind.FORM}}
    characters = {t.term for t in words(text) if t.kind is TermKind.CHAR}
    prefixes = [fold(p.rstrip("*")).text for p in text.split() if p.endswith("*")]
    for hit in results.hits:
        body = hit.passage.text
        before = -1
        for start, end in hit.highlights:
            assert before < start < end <= len(body)  # in order, apart
            before = end
            assert is_form(body[start:end], starter, hit, wanted, characters, prefixes), body[start:end]
        assert_marks_come_out(body, hit.highlights, hit.extract)


def assert_marks_come_out(body: str, marks, part) -> None:
    pieces, at = [], 0
    for start, end in marks:
        pieces += [body[at:start], "\x01", body[start:end], "\x02"]
        at = end
    whole = "".join([*pieces, body[at:]])
    assert whole.replace("\x01", "").replace("\x02", "") == body
    shown = click.unstyle(shared.marked(body, marks, part))
    assert shown.removeprefix("… ").removesuffix(" …") == body[slice(*part)].strip()


@settings(max_examples=40)
@given(
    st.sampled_from(
        [w for w in RUSSIAN + CHINESE + LATIN if not {t.term for t in words(w)} & function_words()]
    )
)
def test_a_word_that_is_asked_for_is_marked(starter, text):
    for hit in starter.search(text, bridge=False, limit=20, correct=False, explain=True).hits:
        if any(part.field == "text" and part.kind in {"word", "bigram"} for part in hit.explanation):
            assert hit.highlights


@given(mixed_text(max_size=60), mixed_text(max_size=3))
def test_any_text_and_query(text, typed):
    parsed = parse(typed, lambda name: None)
    marks = highlights(text, terms(parsed.plain), parsed.clauses)
    part = extract(text, marks)
    assert_marks_come_out(text, marks, part)


# --- Extracts -----------------------------------------------------------------------------------

FILLER = "Это предложение ни о чём не говорит и стоит здесь для длины. "


def test_a_short_text_is_shown_whole():
    text = "Слово. " * 40
    assert extract(text, [(0, 5)]) == (0, len(text))


@pytest.mark.parametrize("before", [0, 3, 10, 30])
def test_the_extract_has_the_marks(before):
    text = FILLER * before + "Жалоба — это подарок. " + FILLER * 20
    at = len(FILLER * before)
    start, end = extract(text, [(at, at + 6), (at + 13, at + 20)])
    assert start <= at
    assert at + 20 <= end
    assert end - start <= EXTRACT_LENGTH
    assert text[start:end].strip()[0].isupper()  # it begins with a sentence


def test_different_marks_are_worth_more_than_the_same_again():
    text = "Жалоба, жалоба, жалоба. " + FILLER * 10 + "Жалоба и подарок. " + FILLER * 10
    found = [(i, i + 6) for i in range(len(text)) if text[i : i + 6].lower() == "жалоба"]
    found.append((text.index("подарок"), text.index("подарок") + 7))
    start, end = extract(text, sorted(found))
    assert "подарок" in text[start:end]


def test_a_sentence_without_an_end_is_cut():
    text = "слово" * 1000
    assert extract(text, []) == (0, EXTRACT_LENGTH)


def test_chinese_sentences_end_without_spaces():
    text = "这一句没有什么意思也不重要只是为了长度。" * 20 + "客户投诉是礼物。" + "这一句没有什么意思。" * 20
    at = text.index("投诉")
    start, end = extract(text, [(at, at + 2)])
    assert start <= at < end <= start + EXTRACT_LENGTH
    assert text[start - 1] == "。"


@given(mixed_text(max_size=200), st.data())
def test_an_extract_is_a_part_of_the_text(text, data):
    ends = sorted(set(data.draw(st.lists(st.integers(0, len(text)), max_size=8))))
    marks = list(zip(ends[::2], ends[1::2], strict=False))
    start, end = extract(text, marks)
    assert 0 <= start <= end <= len(text)
    assert end - start <= EXTRACT_LENGTH * 1.25
    assert (end > start) == bool(text)
