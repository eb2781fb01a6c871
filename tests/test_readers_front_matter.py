"""The YAML block at the head of a text → metadata, whatever editors write into it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.readers.dates import parse_date
from kb.readers.draft import Metadata, NumberedText
from kb.readers.front_matter import MAX_FRONT_MATTER, language_of, split


def metadata(block: str) -> Metadata:
    found, _, findings = split(NumberedText.of(f"---\n{block}\n---\nтекст"))
    assert not findings
    return found


def findings(text: str) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.code) for finding in split(NumberedText.of(text))[2]]


# --- Fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "field", "value"),
    [
        ("title: Встреча гостя", "title", "Встреча гостя"),
        ('title: "Сервис: с чего начать"', "title", "Сервис: с чего начать"),
        ("title: >-\n  Две строки\n  заголовка", "title", "Две строки заголовка"),
        ("title: |\n  Две\n  строки", "title", "Две строки"),
        ("title: 2024", "title", "2024"),
        ("title: no", "title", "no"),  # no boolean
        ("name: Имя\ntitle: Заголовок", "title", "Заголовок"),
        ("title: ~\nheadline: Шапка", "title", "Шапка"),
        ("schema: {'@type': Article, headline: Шапка}", "title", "Шапка"),
        ("excerpt: Коротко", "summary", "Коротко"),
        ("author: Анна Ким", "author", "Анна Ким"),
        ("authors: [Анна Ким, Ли Вэй]", "author", "Анна Ким, Ли Вэй"),
        ("author: {name: Анна Ким, url: 'https://kim.example'}", "author", "Анна Ким"),
        ("author:\n  - name: Анна Ким\n  - Ли Вэй", "author", "Анна Ким, Ли Вэй"),
        ("schema: {publisher: {'@type': Organization, name: Журнал}}", "publisher", "Журнал"),
        ("canonical: https://a.example/b", "url", "https://a.example/b"),
        ("url: /blog/b\nlink: http://a.example/b", "url", "http://a.example/b"),
        ("url: javascript:alert(1)", "url", ""),
        ("url: 'http://[oops'", "url", ""),
        ("schema: {mainEntityOfPage: {'@id': 'https://a.example/b'}}", "url", "https://a.example/b"),
        ("license: CC BY 4.0", "licence", "CC BY 4.0"),
        ("keywords: сервис, NPS，жалоба、 投诉", "keywords", ("сервис", "NPS", "жалоба", "投诉")),
        ("tags: [a, b, a]", "keywords", ("a", "b")),
        ("tags:\n  - a, b", "keywords", ("a, b",)),
        ("principles: [empathy, ownership]", "principles", ("empathy", "ownership")),
        ("sources: Книга, глава 2", "sources", ("Книга, глава 2",)),
        ("id: first-minute", "stated_id", "first-minute"),
        ("pubDate: '2025-07-22T01:11:24.009Z'", "published", date(2025, 7, 22)),
        ("date: 2025-07-22", "published", date(2025, 7, 22)),
        ("updated: 2025-07-22\ncreated: 2024-01-01", "published", date(2024, 1, 1)),
        ("unknown: [1, {a: b}]\n? [a]\n: b", "title", ""),
    ],
)
def test_fields(block: str, field: str, value: Any) -> None:
    assert getattr(metadata(block), field) == value


@pytest.mark.parametrize(
    ("stated", "language", "locale"),
    [
        ("ru", "ru", "ru"),
        ("ru-RU", "ru", "ru"),
        ("Русский", "ru", "ru"),
        ("en_GB", "en", "en"),
        ("zh", "zh", "und"),
        ("zh-CN", "zh", "zh-Hans"),
        ("zh_TW", "zh", "zh-Hant"),
        ("zh-Hant-HK", "zh", "zh-Hant"),
        ("中文", "zh", "und"),
        ("繁體中文", "zh", "zh-Hant"),
        ("de", "de", "de"),
        ("uk-UA", "uk", "uk"),
        ("xx", "und", "und"),
        ("klingon", "und", "und"),
        ("", "und", "und"),
    ],
)
def test_languages(stated: str, language: str, locale: str) -> None:
    assert language_of(stated) == (language, locale)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-07-22", date(2025, 7, 22)),
        ("2025-7-2 10:26:51", date(2025, 7, 2)),
        ("2025-07-22T01:11:24.009Z", date(2025, 7, 22)),
        ("2025-07-22T01:11:24+03:00", date(2025, 7, 22)),
        ("2025/07/22", date(2025, 7, 22)),
        ("2025年7月22日", date(2025, 7, 22)),
        ("22.07.2025", date(2025, 7, 22)),
        ("22 июля 2025 г.", date(2025, 7, 22)),
        ("1 мая 2025 года", date(2025, 5, 1)),
        ("1 марта 2025", date(2025, 3, 1)),
        ("July 22, 2025", date(2025, 7, 22)),
        ("22 Jul 2025", date(2025, 7, 22)),
        ("Tue, 22 Jul 2025 10:00:00 GMT", date(2025, 7, 22)),
        ("07/22/2025", None),  # or the 7th of a 22nd month
        ("2025-13-45", None),
        ("2025-02-30", None),
        ("вчера", None),
        ("2025", None),
        ("", None),
        ("2025-07-22 было жарко и долго", None),
    ],
)
def test_dates(text: str, expected: date | None) -> None:
    assert parse_date(text) == expected


@given(st.dates())
def test_an_iso_date_is_read_back(day: date) -> None:
    assert parse_date(day.isoformat()) == day


RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
ENGLISH = "January February March April May June July August September October November December".split()


@pytest.mark.parametrize("names", [RUSSIAN, ENGLISH], ids=["ru", "en"])
def test_every_month_by_its_name(names):
    days = [date(2025, month, 22) for month in range(1, 13)]
    assert [parse_date(f"22 {name} 2025") for name in names] == days
    assert [parse_date(f"22 {name[:3]}. 2025") for name in names] == days


# --- Where the block is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "body", "number"),
    [
        ("---\ntitle: T\n---\nтекст", "текст", 4),
        ("\n\n---\ntitle: T\n---\nтекст", "текст", 6),
        ("---\ntitle: T\n...\nтекст", "текст", 4),
        ("---  \n# comment\ntitle: T\n---\t\nтекст", "текст", 5),
        ("текст", "текст", 1),
        ("---\n\nТекст под чертой.\n\n---\n", "---\n\nТекст под чертой.\n\n---\n", 1),
        ("---\nSaid: she\n\nтекст", "---\nSaid: she\n\nтекст", 1),  # a rule above a paragraph
        ("", "", 1),
        ("---", "---", 1),
    ],
)
def test_where_the_text_begins(text: str, body: str, number: int) -> None:
    _, rest, found = split(NumberedText.of(text))
    assert (rest.text, rest.number(0)) == (body, number)
    assert not found


# --- What is wrong with it ----------------------------------------------------------------------


def test_a_broken_line_is_reported_and_understood_all_the_same() -> None:
    text = "---\nlanguage: ru\ntitle: Сервис: с чего начать\nauthor: Анна\n---\nтекст"
    found, body, _ = split(NumberedText.of(text))
    assert (found.title, found.author, found.language) == ("Сервис: с чего начать", "Анна", "ru")
    assert body.text == "текст"
    assert findings(text) == [(3, "broken-front-matter")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: [a\n---\n", 3),
        ("---\ntitle: 'a\n---\n", 3),
        ("---\ntitle: a\n\tauthor: b\n---\n", 3),
        ("---\ntitle: a\nauthor: *b\n---\n", 3),
        ("---\ntitle: a\nauthor: @b\n---\n", 3),
    ],
)
def test_the_line_that_is_broken(text: str, line: int) -> None:
    ((found, code),) = findings(text)
    assert code == "broken-front-matter"
    assert found is not None and abs(found - line) <= 1


def test_a_block_that_is_never_closed() -> None:
    found, body, _ = split(NumberedText.of("---\ntitle: T\nauthor: A\n\nтекст"))
    assert (found.title, found.author, body.text.strip()) == ("T", "A", "текст")
    assert findings("---\ntitle: T\n\nтекст") == [(1, "broken-front-matter")]


def test_a_bad_date_is_reported_and_the_next_one_taken() -> None:
    text = "---\ntitle: T\ndate: скоро\ncreated: 2024-01-01\n---\n"
    assert split(NumberedText.of(text))[0].published == date(2024, 1, 1)
    assert findings(text) == [(3, "bad-date")]


# --- Hostile blocks -----------------------------------------------------------------------------

LAUGHS = "\n".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9) if below else 'ha'}]"
    for name, below in zip("abcdefghi", ["", *"abcdefgh"], strict=True)
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "block",
    [
        LAUGHS,
        "a: &a [*a]",
        "a: " + "[" * 20_000,
        "a: " + "{b: " * 10_000,
        "a: !!python/object/apply:os.system [ls]\nb: [",
        "x" * MAX_FRONT_MATTER,
        "k: v\n" * (MAX_FRONT_MATTER // 5),
    ],
    ids=["billion laughs", "a loop", "brackets", "braces", "a tag", "a long line", "many entries"],
)
def test_hostile_blocks_are_harmless(block: str) -> None:
    found, body, _ = split(NumberedText.of(f"---\ntitle: T\n{block}\n---\nтекст"))
    assert body.text == "текст"
    assert found.title in ("T", "")


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@,? \n\t\\~"), max_size=80))
def test_any_block_is_read_or_reported(block: str) -> None:
    text = NumberedText.of(f"---\ntitle: T\n{block}\n---\nтекст")
    _, body, found = split(text)
    assert body.lines[-1] == "текст"
    assert all(finding.line is None or 1 <= finding.line <= len(text.lines) for finding in found)
