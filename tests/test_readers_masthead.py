"""What stands above and below a text → metadata; the rest → sections."""

from __future__ import annotations

from datetime import date

import pytest

from kb.models import BlockKind
from kb.readers.draft import Draft, Element, Metadata
from kb.readers.finishing import finish, sections
from kb.readers.masthead import is_masthead_line, same, take_masthead

TEXT = Element("Первые слова решают многое.", 20)


def heading(text: str, level: int = 1, line: int = 1) -> Element:
    return Element(text, line, level=level)


def masthead(*elements: Element, **stated: object) -> tuple[Metadata, list[str]]:
    """The metadata, and what is left of the text."""
    metadata, rest = take_masthead(Metadata(**stated), elements)  # type: ignore[arg-type]
    return metadata, [f"{'#' * element.level} {element.text}".strip() for element in rest]


# --- Title --------------------------------------------------------------------------------------


def test_the_first_heading_is_the_title() -> None:
    metadata, rest = masthead(heading("Встреча"), TEXT, heading("Раз", 2), TEXT)
    assert metadata.title == "Встреча"
    assert rest == [TEXT.text, "## Раз", TEXT.text]


def test_a_stated_title_wins_and_another_one_heads_the_introduction() -> None:
    metadata, rest = masthead(heading("Встреча гостя"), TEXT, heading("Раз", 2), title="Встреча")
    assert metadata.title == "Встреча"
    assert rest == ["## Встреча гостя", TEXT.text, "## Раз"]


def test_the_stated_title_is_not_repeated() -> None:
    metadata, rest = masthead(heading("«Встреча» гостя!"), TEXT, title="Встреча гостя")
    assert metadata.title == "Встреча гостя"
    assert rest == [TEXT.text]


def test_of_several_equal_headings_the_first_is_the_title() -> None:
    metadata, rest = masthead(heading("Раз"), TEXT, heading("Два"), TEXT)
    assert metadata.title == "Раз"
    assert rest == [TEXT.text, "# Два", TEXT.text]


def test_a_title_may_stand_below_something_else() -> None:
    metadata, rest = masthead(Element("Блог о сервисе", 1), heading("Встреча"), TEXT, heading("Раз", 2))
    assert metadata.title == "Встреча"
    assert rest == ["Блог о сервисе", TEXT.text, "## Раз"]


def test_headings_of_one_level_below_a_text_are_no_titles() -> None:
    assert masthead(TEXT, heading("Раз", 2), TEXT, heading("Два", 2), TEXT)[0].title == ""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Сервис: начало", "сервис — начало!", True),
        ("服务标准（一）", "服务标准(一)", True),
        ("Сервис", "Сервисы", False),
        ("", "", False),
        ("—", "-", False),
    ],
)
def test_the_same_title(one: str, other: str, expected: bool) -> None:
    assert same(one, other) is expected


# --- Date, byline, publisher, summary -----------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("2025-05-20 10:26:51", "published", date(2025, 5, 20)),
        ("发布时间：2025-05-20 10:26", "published", date(2025, 5, 20)),
        ("Опубликовано: 20 мая 2025", "published", date(2025, 5, 20)),
        ("Дата публикации 20.05.2025", "published", date(2025, 5, 20)),
        ("Автор: Анна Ким", "author", "Анна Ким"),
        ("Автор: Анна Ким, управляющая отелем", "author", "Анна Ким, управляющая отелем"),
        ("Авторы статьи: А. Ким и Ли Вэй", "author", "А. Ким и Ли Вэй"),
        ('Автор текста — "Команда Ладьи"', "author", "Команда Ладьи"),
        ("作者：张三", "author", "张三"),
        ("文 / 张三", "author", ""),
        ("By Anna Kim", "author", "Anna Kim"),
        ("Author: Anna Kim", "author", "Anna Kim"),
        ("By the way, guests notice", "author", ""),
        ("Автор — тот, кто отвечает за результат.", "author", ""),
        ("作者认为，服务是一种态度。", "author", ""),
        ("来源：服务观察", "publisher", "服务观察"),
        ("Источник: журнал «Ладья»", "publisher", "журнал «Ладья"),
        ("Источник: https://a.example", "publisher", ""),
    ],
)
def test_lines_of_the_masthead(line: str, field: str, value: object) -> None:
    metadata, rest = masthead(heading("Встреча"), Element(line, 2), TEXT)
    assert getattr(metadata, field) == (value or "")
    assert rest == ([TEXT.text] if value else [line, TEXT.text])
    assert is_masthead_line(line) is bool(value)


def test_what_is_stated_wins() -> None:
    metadata, rest = masthead(
        heading("Встреча"), Element("Автор: Ли", 2), Element("2025-05-20", 3), TEXT,
        author="Ким", published=date(2024, 1, 1),
    )  # fmt: skip
    assert (metadata.author, metadata.published) == ("Ким", date(2024, 1, 1))
    assert rest == [TEXT.text]


def test_between_the_title_and_its_echo_stands_the_summary() -> None:
    metadata, rest = masthead(heading("Встреча"), Element("О чём это.", 2), heading("Встреча"), TEXT)
    assert (metadata.title, metadata.summary) == ("Встреча", "О чём это.")
    assert rest == [TEXT.text]


def test_a_title_may_come_three_times_with_a_date_between() -> None:
    metadata, rest = masthead(
        heading("晨会"), Element("2025-05-20", 2), heading("晨会"), heading("晨会"), TEXT
    )
    assert (metadata.title, metadata.published, metadata.summary) == ("晨会", date(2025, 5, 20), "")
    assert rest == [TEXT.text]


def test_a_byline_at_the_end() -> None:
    metadata, rest = masthead(*[TEXT] * 9, Element("Автор: Анна Ким", 30))
    assert metadata.author == "Анна Ким"
    assert rest == [TEXT.text] * 9


def test_a_byline_in_the_middle_is_text() -> None:
    metadata, rest = masthead(*[TEXT] * 9, Element("Автор: Анна Ким", 30), *[TEXT] * 9)
    assert metadata.author == ""
    assert len(rest) == 19


# --- Sections -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([2, 2, 3, 2], [1, 1, 2, 1]),
        ([2, 4, 6, 4], [1, 2, 3, 2]),
        ([3, 2, 3], [1, 1, 2]),
        ([1, 2, 1], [1, 2, 1]),
        ([6], [1]),
    ],
)
def test_levels_are_those_of_an_outline(levels: list[int], expected: list[int]) -> None:
    elements = [heading(f"Заголовок {number}", level) for number, level in enumerate(levels)]
    assert [section.level for section in sections(elements)] == expected


def test_text_before_the_first_heading_is_a_section_of_level_0() -> None:
    found = list(sections([TEXT, heading("Раз", 2, line=30), TEXT]))
    assert [(s.heading, s.level, s.line, len(s.blocks)) for s in found] == [
        ("", 0, None, 1),
        ("Раз", 1, 30, 1),
    ]


def test_a_finished_article_has_all_that_was_stated() -> None:
    metadata = Metadata(
        title="Встреча", language="zh", locale="zh-Hant", summary="Кратко", author="Ким", publisher="Ладья",
        published=date(2024, 1, 1), url="https://a.example", licence="MIT", keywords=("a",),
        principles=("empathy",), sources=("b",), stated_id="c",
    )  # fmt: skip
    item = Element("пункт", 2, BlockKind.LIST_ITEM, marker="1.", depth=1)
    article, findings = finish(Draft(metadata, (item,), version="HEAD"), "файл")
    assert not findings
    for name in Metadata.__dataclass_fields__:
        assert getattr(article, name) == getattr(metadata, name)
    assert (article.id, article.version) == ("", "HEAD")
    (block,) = article.sections[0].blocks
    assert (block.kind, block.text, block.line, block.marker, block.depth) == (
        BlockKind.LIST_ITEM, "пункт", 2, "1.", 1,
    )  # fmt: skip
