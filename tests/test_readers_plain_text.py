"""Text without markup → headings, lists and paragraphs, recovered from how lines look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.models import BlockKind
from kb.readers.draft import NumberedText
from kb.readers.lines import columns, lines_of, ordinal
from kb.readers.plain_text import elements, is_markdown


def outline(text: str) -> list[str]:
    """Each element in one line: `# heading`, `paragraph`, `• item`, deeper items indented."""
    return [
        f"{'#' * element.level} {element.text}"
        if element.is_heading
        else f"{'  ' * element.depth}{element.marker} {element.text}"
        if element.kind is BlockKind.LIST_ITEM
        else element.text
        for element in elements(NumberedText.of(text))
    ]


# --- Headings and lists -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            """
Встреча гостя

Первые слова решают многое.

Что сказать

Поздоровайтесь первым.

Чего не делать

- молчать
- смотреть в телефон
""",
            [
                "# Встреча гостя",
                "Первые слова решают многое.",
                "## Что сказать",
                "Поздоровайтесь первым.",
                "## Чего не делать",
                "• молчать",
                "• смотреть в телефон",
            ],
            id="bare headings in Russian",
        ),
        pytest.param(
            """
投诉处理

一、先听完

不要打断顾客。

1. 身体前倾

目光平视，不看手机。

2. 记下要点

只记关键词。

案例

有位顾客等了半小时。

二、再道歉

道歉要具体。

结语

每周复盘一次。
""",
            [
                "# 投诉处理",
                "## 一、先听完",
                "不要打断顾客。",
                "### 1. 身体前倾",
                "目光平视，不看手机。",
                "### 2. 记下要点",
                "只记关键词。",
                "### 案例",
                "有位顾客等了半小时。",
                "## 二、再道歉",
                "道歉要具体。",
                "## 结语",
                "每周复盘一次。",
            ],
            id="numbered headings in Chinese, and bare ones among them",
        ),
        pytest.param(
            """
晨会流程
晨会每天开十分钟。
一、准备
（一）看数据
昨天的投诉逐条看一遍。
（二）定主题
一次只讲一件事。
二、开会
1、点名；
2、通报；
3、演练。
第三步最要紧，不能省。
""",
            [
                "# 晨会流程",
                "晨会每天开十分钟。",
                "## 一、准备",
                "### （一）看数据",
                "昨天的投诉逐条看一遍。",
                "### （二）定主题",
                "一次只讲一件事。",
                "## 二、开会",
                "1、 点名；",
                "2、 通报；",
                "3、 演练。",
                "第三步最要紧，不能省。",
            ],
            id="a paragraph a line, no blank lines",
        ),
        pytest.param(
            """
План

1. Осмотрите зал. Обход занимает семь минут.
2. Проверьте брони: кто из гостей приходит впервые.
3. Встаньте у входа.
""",
            [
                "# План",
                "1. Осмотрите зал. Обход занимает семь минут.",
                "2. Проверьте брони: кто из гостей приходит впервые.",
                "3. Встаньте у входа.",
            ],
            id="numbered sentences are a list",
        ),
        pytest.param(
            """
План

1. Осмотр

2. Брони

3. Вход

На всё это уходит двадцать минут.
""",
            ["# План", "1. Осмотр", "2. Брони", "3. Вход", "На всё это уходит двадцать минут."],
            id="short numbered lines one after another are a list",
        ),
        pytest.param(
            """
План

1. Осмотр зала

Обход занимает семь минут.

2. Список броней

Отметьте тех, кто приходит впервые.
""",
            [
                "# План",
                "## 1. Осмотр зала",
                "Обход занимает семь минут.",
                "## 2. Список броней",
                "Отметьте тех, кто приходит впервые.",
            ],
            id="short numbered lines with text between are headings",
        ),
        pytest.param(
            """
服务手册

第一章 总则
1.1 目的
统一标准。
1.2 范围
适用于全体门店。
第二章 礼仪
（1）站姿要稳；
（2）目光要正。
""",
            [
                "# 服务手册",
                "## 第一章 总则",
                "### 1.1 目的",
                "统一标准。",
                "### 1.2 范围",
                "适用于全体门店。",
                "## 第二章 礼仪",
                "（1） 站姿要稳；",
                "（2） 目光要正。",
            ],
            id="chapters and decimal numbers",
        ),
        pytest.param(
            """
Список

Подготовьте:

• меню
  – основное
  – детское
• брони
""",
            ["# Список", "Подготовьте:", "• меню", "  • основное", "  • детское", "• брони"],
            id="a lead-in, and items inside items",
        ),
        pytest.param(
            """
Стихи

Утро
Дождь
Гость у двери
Никого

Вот и всё.
""",
            ["# Стихи", "Утро", "Дождь", "Гость у двери", "Никого", "Вот и всё."],
            id="short lines one after another are no headings",
        ),
        pytest.param(
            """
Разговор

— Вы бронировали?
— Да, на восемь.
""",
            ["# Разговор", "— Вы бронировали?", "— Да, на восемь."],
            id="dialogue is no list",
        ),
        pytest.param(
            """
Часть первая

Почему это важно?

Потому что гость судит по первому взгляду.
""",
            [
                "# Часть первая",
                "## Почему это важно?",
                "Потому что гость судит по первому взгляду.",
            ],
            id="a question may be a heading",
        ),
        pytest.param(
            """
Раздел

Подраздел

Текст раздела начинается здесь.
""",
            ["# Раздел", "## Подраздел", "Текст раздела начинается здесь."],
            id="a title and a heading",
        ),
        pytest.param(
            """
Памятка

Текст вначале.

Первая строка

Вторая строка

Третья строка

Текст памятки начинается здесь.
""",
            [
                "# Памятка",
                "Текст вначале.",
                "Первая строка",
                "Вторая строка",
                "## Третья строка",
                "Текст памятки начинается здесь.",
            ],
            id="of several short lines only the last heads a text",
        ),
        pytest.param(
            """
Эта строка слишком похожа на обычное предложение, чтобы быть заголовком.

Второй абзац.
""",
            [
                "Эта строка слишком похожа на обычное предложение, чтобы быть заголовком.",
                "Второй абзац.",
            ],
            id="no title",
        ),
        pytest.param(
            "Этикет\n\nТекст.\n\nЭтикет\n======\n\nЕщё.\n",
            ["# Этикет", "Текст.", "# Этикет", "Ещё."],
            id="the title again, underlined",
        ),
        pytest.param("", [], id="nothing"),
    ],
)
def test_structure(text: str, expected: list[str]) -> None:
    assert outline(text) == expected


# --- Lines --------------------------------------------------------------------------------------


def test_wrapped_lines_are_put_together() -> None:
    text = """Встреча

Первые секунды решают многое. Гость ещё не сделал заказ,
но уже понял, рады ли ему. Поэтому встречу продумывают
так же тщательно, как меню, и проверяют её каждый день.

Подготовьте:
1. список броней, в котором отмечены все постоянные
   гости и те, кто приходит впервые;
2. меню.

Всё остальное хостес решает на месте, по обстановке и
по-своему: правила здесь только мешают."""
    assert outline(text) == [
        "# Встреча",
        "Первые секунды решают многое. Гость ещё не сделал заказ, но уже понял, рады ли ему. Поэтому "
        "встречу продумывают так же тщательно, как меню, и проверяют её каждый день.",
        "Подготовьте:",
        "1. список броней, в котором отмечены все постоянные гости и те, кто приходит впервые;",
        "2. меню.",
        "Всё остальное хостес решает на месте, по обстановке и по-своему: правила здесь только мешают.",
    ]


def test_wrapped_chinese_is_put_together_without_spaces() -> None:
    text = """服务的细节

顾客记住的往往是细节，所以每天开门之前要先巡场
一遍，看到的问题都写进日志，并在晨会上逐条讲清
楚，谁来改，什么时候改完，改完由谁来看。"""
    assert outline(text)[1] == (
        "顾客记住的往往是细节，所以每天开门之前要先巡场一遍，看到的问题都写进日志，"
        "并在晨会上逐条讲清楚，谁来改，什么时候改完，改完由谁来看。"
    )


def test_paragraphs_of_one_line_each_stay_paragraphs() -> None:
    text = "Смена\nУтром старший обходит зал.\nДнём он проверяет кухню.\nВечером он закрывает кассу."
    assert len(outline(text)) == 4


@pytest.mark.parametrize(
    ("line", "marker", "text"),
    [
        ("1. Раз", "1.", "Раз"),
        ("12) Раз", "12)", "Раз"),
        ("1.Раз", "1.", "Раз"),
        ("1、要点", "1、", "要点"),
        ("一、要点", "一、", "要点"),
        ("十二、要点", "十二、", "要点"),
        ("（三）要点", "（三）", "要点"),
        ("(3) пункт", "(3)", "пункт"),
        ("③要点", "③", "要点"),
        ("第二章 要点", "第二章", "要点"),
        ("1.2. Пункт", "1.2.", "Пункт"),
        ("• пункт", "•", "пункт"),
        ("•пункт", "•", "пункт"),
        ("- пункт", "-", "пункт"),
        ("– пункт", "–", "пункт"),
        ("-пункт", "", "-пункт"),
        ("— реплика", "", "— реплика"),
        ("2024. Итоги", "", "2024. Итоги"),
        ("3.5 из пяти", "3.5", "из пяти"),
        ("10:30 начало", "", "10:30 начало"),
        ("1.", "", "1."),
        ("一", "", "一"),
    ],
)
def test_markers(line: str, marker: str, text: str) -> None:
    (found,) = lines_of(NumberedText.of(line))
    assert (found.marker, found.text) == (marker, text)


@pytest.mark.parametrize(
    ("marker", "number"),
    [
        ("1.", 1), ("12)", 12), ("1.2.", 2), ("一、", 1), ("十、", 10), ("十二、", 12), ("二十", 20),
        ("（二十三）", 23), ("③", 3), ("第七章", 7), ("第10节", 10), ("•", 0),
    ],
)  # fmt: skip
def test_ordinals(marker: str, number: int) -> None:
    assert ordinal(marker) == number


def test_columns() -> None:
    assert columns("сервис") == 6
    assert columns("服务，a") == 7


# --- Markdown in a text file --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Заголовок", True),
        ("см. [сайт](https://a.example)", True),
        ("**Важно:** текст", True),
        ("```\nкод\n```", True),
        ("#хэштег", False),
        ("2 ** 3 ** 4", False),
        ("[Кнопка: Заказать]", False),
        ("- пункт\n* пункт", False),
        ("сноска [1](см. ниже)", False),
    ],
)
def test_whether_a_text_is_markdown(text: str, expected: bool) -> None:
    assert is_markdown(NumberedText.of(text)) is expected


# --- Anything at all ----------------------------------------------------------------------------


LINES = [
    "Заголовок", "Обычное предложение.", "一、标题", "（一）小标题", "1. пункт", "2. пункт", "• пункт",
    "", "  - внутри", "顾客等了半小时。", "2025-05-20", "Автор: Анна Ким", "Вот список:", "======",
    "　　段落。",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_no_line_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = elements(NumberedText.of(text))
    said = "".join("".join(f"{element.marker}{element.text}".split()) for element in found)
    written = "".join("".join(line.split()) for line in lines if line != "======")
    assert said.replace("•", "-") == written.replace("•", "-")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "1. a\n" * 30_000,
        "- a\n" * 30_000,
        "Заголовок\n\nТекст.\n\n" * 10_000,
        " " * 100_000 + "a",
        "一、" * 50_000,
    ],
    ids=["numbers", "bullets", "headings", "spaces", "Han numbers"],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    elements(NumberedText.of(text))
