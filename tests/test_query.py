"""What a person typed → what is looked for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidRequest
from kb.models import Clause, Phrase, Prefix, SearchRequest, TermKind
from kb.query import LONGEST_QUERY, days, parse, phrase, prepare, terms
from tests.strategies import any_text, mixed_text

NAMES = {"empathy": "empathy", "эмпатия": "empathy", "服务补救": "service-recovery"}


def read(text: str):
    return parse(text, NAMES.get)


def shown(clauses: tuple[Clause, ...]) -> list[str]:
    """Clauses in a form that fits a table: words by their likeliest lemma, "…" for a substring."""

    def one(wanted: Phrase | Prefix) -> str:
        if isinstance(wanted, Prefix):
            return wanted.letters + "*"
        return f"…{wanted.literal}…" if wanted.literal else " ".join(word[0] for word in wanted.words)

    return [("-" if c.negated else "") + "|".join(map(one, c.alternatives)) for c in clauses]


@pytest.mark.parametrize(
    ("typed", "plain", "clauses"),
    [
        ("жалобы гостей", "жалобы гостей", []),
        ('"обратная связь"', "обратная связь", ["обратный связь"]),
        ('"обратная связь" опрос', "обратная связь опрос", ["обратный связь"]),
        ("“обратная связь”", "обратная связь", ["обратный связь"]),
        ("„обратная связь“", "обратная связь", ["обратный связь"]),
        ("«обратная связь»", "«обратная связь»", []),  # as typed in running text
        ('"NPS"', "NPS", ["nps"]),
        ('"服务标准"', "服务标准", ["…服务标准…"]),
        ('"服務標準"', "服務標準", ["…服务标准…"]),
        ('"他说“你好”了"', "他说“你好”了", ["…他说“你好”了…"]),
        ('"服务，标准"', "服务，标准", ["…服务,标准…"]),
        ('"，"', "，", ["…,…"]),
        ('"NPS，"', "NPS，", ["…nps,…"]),
        ('"2 小时\n内"', "2 小时\n内", ["…2 小时\n内…"]),
        ("довер*", "", ["довер*"]),
        ("Довер* клиент", "клиент", ["довер*"]),
        ("服务*", "", ["…服务…"]),
        ("д*", "д*", []),  # too short to mean anything
        ("*", "*", []),
        ("жалоба -опрос", "жалоба", ["-опрос"]),
        ("жалоба NOT опрос", "жалоба", ["-опрос"]),
        ('жалоба -"обратная связь"', "жалоба", ["-обратный связь"]),
        ("жалоба -опрос*", "жалоба", ["-опрос*"]),
        ("чек-лист", "чек-лист", []),  # a hyphen is no minus
        ("жалоба - опрос", "жалоба - опрос", []),
        ("жалоба OR подарок", "жалоба подарок", ["жалоба|подарок"]),
        ("жалоба OR подарок OR гость", "жалоба подарок гость", ["жалоба|подарок|гость"]),
        ("жалоба AND подарок", "жалоба подарок", ["жалоба", "подарок"]),
        ("a OR b AND c", "a b c", ["a|b", "c"]),
        ('"обратная связь" OR довер*', "обратная связь", ["обратный связь|довер*"]),
        ("OR жалоба", "OR жалоба", []),
        ("жалоба OR", "жалоба OR", []),
        ("NOT", "NOT", []),
        ("or and not", "or and not", []),
        ('"обратная связь', "обратная связь", []),
        ('Что значит "книга сервиса"?', "Что значит книга сервиса ?", []),  # a name in a question
        ('什么叫“首问负责”？', "什么叫 首问负责 ？", []),
        ('Что значит "книга сервиса?"', "Что значит книга сервиса?", []),
        ('"Чем я могу помочь?"', "Чем я могу помочь?", ["чем я мочь помочь"]),  # nothing but a quotation
        ('жалоба? -"обратная связь"?', "жалоба? ?", ["-обратный связь"]),
        ('""', "", []),
        ('"!?"', "!?", ["…!?…"]),
        ("", "", []),
        ("---", "---", []),
        ("http://example.com", "http://example.com", []),
        ("12:30", "12:30", []),
        ("цвет:красный", "цвет:красный", []),
    ],
)  # fmt: skip
def test_what_is_understood(typed, plain, clauses):
    found = read(typed)
    assert (found.plain.split(), shown(found.clauses)) == (plain.split(), clauses)


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("principle:empathy", "principles", ("empathy",)),
        ("принцип:эмпатия", "principles", ("empathy",)),
        ('principle:"эмпатия"', "principles", ("empathy",)),
        ("原则:服务补救", "principles", ("service-recovery",)),
        ("language:ru", "languages", ("ru",)),
        ("язык:русский", "languages", ("ru",)),
        ("Язык:RU", "languages", ("ru",)),
        ("语言:中文", "languages", ("zh",)),
        ("язык:ru язык:zh", "languages", ("ru", "zh")),
        ("article:zhaloba", "articles", ("zhaloba",)),
        ("статья:zhaloba", "articles", ("zhaloba",)),
        ("date:2026-03", "dates", ("2026-03",)),
        ("год:2025 год:2026", "dates", ("2025", "2026")),
        ("日期:2026-03-15", "dates", ("2026-03-15",)),
    ],
)
def test_filters(typed, field, value):
    found = read(f"{typed} жалоба")
    assert getattr(found, field) == value
    assert found.plain == "жалоба"


@pytest.mark.parametrize(
    "typed", ["principle:nothing", "язык:эльфийский", "-язык:ru", "язык:", "язык: ru", "дата:вчера"]
)
def test_what_is_no_filter_is_searched_for(typed):
    found = read(typed)
    assert (found.languages, found.principles, found.articles) == ((), (), ())
    assert found.plain or found.clauses


def test_a_text_that_is_too_long_is_refused():
    assert read("а" * LONGEST_QUERY).plain
    with pytest.raises(InvalidRequest, match=f"at most {LONGEST_QUERY}") as caught:
        read("а" * (LONGEST_QUERY + 1))
    assert caught.value.parameter == "q"


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"languages": ("xx",)}, "language"),
        ({"limit": -1}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"dates": ("2026", "soon")}, "date"),
        ({"sort": "colour"}, "sort"),
    ],
)
def test_what_cannot_be_asked(options, parameter):
    with pytest.raises(InvalidRequest) as caught:
        prepare(SearchRequest("жалоба", **options), read("жалоба"))
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-03-15", date(2026, 3, 15), date(2026, 3, 15)),
        ("0001", date(1, 1, 1), date(1, 12, 31)),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_dates_are_years_months_or_days(text, first, last):
    assert days(text) == (first, last)
    assert prepare(SearchRequest(""), read(f"дата:{text}")).dates == ((first, last),)


@pytest.mark.parametrize(
    "text", ["", "26", "0000", "2026-13", "2026-02-30", "2026-1", "2026-03-", "２０２６"]
)
def test_what_is_no_date(text):
    assert days(text) is None


@pytest.mark.parametrize(
    ("typed", "options", "collapse"),
    [
        ("жалоба", {}, True),
        ("", {}, True),
        ("жалоба -возврат язык:ru", {}, True),
        ('"жалоба клиента"', {}, False),  # what is quoted is shown wherever it stands
        ("жалоба OR претензия", {}, False),
        ("жалоб*", {}, False),
        ("жалоба", {"like": "3f2a9c01d4e7"}, False),
        ("жалоба", {"collapse": False}, False),
    ],
)
def test_one_copy_stands_for_all_unless_every_place_is_wanted(typed, options, collapse):
    assert prepare(SearchRequest(typed, **options), read(typed)).collapse == collapse


def test_filters_of_the_request_and_of_the_text_hold_together():
    request = SearchRequest("язык:zh", languages=("ru",), principles=("empathy",))
    found = prepare(request, read("язык:zh principle:empathy статья:a"))
    assert found.languages == ("ru", "zh")
    assert found.principles == ("empathy",)
    assert found.articles == ("a",)


# --- Terms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("жалобы и подарки", {"жалоба", "подарок"}),
        ("что такое эмпатия", {"эмпатия"}),
        ("что и как", {"что", "и", "как"}),  # nothing else to go by
        ("服务标准", {"服务", "标准", "务标"}),
        ("礼", {"礼"}),
        ("the promise", {"promis"}),
    ],
)
def test_which_words_make_a_hit(text, matching):
    found = {term.synonyms[0] for term in terms(text) if term.matches}
    assert found >= matching
    assert "the" not in found
    assert found == matching or not found & {"и", "что", "как"}


@pytest.mark.parametrize(
    ("text", "chosen", "foreign"),
    [
        ("жалоба гостя", (), ("zh", "en")),
        ("客訴", (), ("ru", "en")),
        ("what guests complain of", (), ("ru", "zh")),
        ("что такое NPS", (), ("zh", "en")),
        ("Net Promoter Score 什么意思", (), ("ru", "en")),
        ("NPS", (), ()),  # is typed in every language
        ("ISO 9001", (), ()),
        ("2026", (), ()),
        ("", (), ()),
        ("жалоба язык:zh", (), ()),  # who has chosen wants it so
        ("жалоба", ("ru", "zh"), ()),
    ],
)
def test_in_which_languages_it_was_not_asked(text, chosen, foreign):
    assert prepare(SearchRequest(text, languages=chosen), read(text)).foreign == foreign


def test_all_lemmas_of_a_form_are_synonyms():
    (word,) = [term for term in terms("стали") if term.kind is TermKind.WORD]
    assert set(word.synonyms) >= {"стать", "сталь"}


@given(any_text())
def test_any_text_is_read(text):
    found = read(text)
    for term in terms(found.plain):
        assert term.synonyms
        assert all(term.synonyms)
    for clause in found.clauses:
        assert clause.alternatives


@given(st.text('"“”„-*:ORAND NOTжa服\n', max_size=60))
def test_any_mix_of_signs_is_read(text):
    read(text)


@given(mixed_text())
def test_what_is_quoted_is_one_phrase(text):
    text = text.replace('"', "")
    found = read(f'"{text}"')
    assert list(found.clauses) == ([Clause((wanted,))] if (wanted := phrase(text)) else [])
