"""Markdown → headings and blocks: plain text, links that are safe, lines that are true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.models import BlockKind
from kb.readers.asked import MOST
from kb.readers.draft import Element, NumberedText
from kb.readers.markdown import MAX_BRACKETS, MAX_INLINE, elements
from kb.readers.prose import allowed_url


def parse(text: str) -> list[Element]:
    return elements(NumberedText.of(text))


def outline(text: str) -> list[str]:
    """Each element in one line: `# heading`, `p paragraph`, `l1 • item`, `q quote`, `r row`, `c code`."""
    letters = {
        BlockKind.PARAGRAPH: "p",
        BlockKind.LIST_ITEM: "l",
        BlockKind.QUOTE: "q",
        BlockKind.TABLE_ROW: "r",
        BlockKind.CODE: "c",
    }
    return [
        f"{'#' * element.level} {element.text}"
        if element.is_heading
        else " ".join(
            filter(None, (f"{letters[element.kind]}{element.depth or ''}", element.marker, element.text))
        )
        for element in parse(text)
    ]


# --- Blocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Один\n\n### 3. Три ###", ["# Один", "### 3. Три"]),
        ("Один\n====\n\nДва\n----", ["# Один", "## Два"]),
        ("# **Жирный** [заголовок](/a)", ["# Жирный заголовок"]),
        ("# \n\nтекст", ["p текст"]),
        ("один\nдва", ["p один два"]),
        ("一行\n又一行", ["p 一行又一行"]),
        ("一行，\nслово", ["p 一行， слово"]),
        ("адрес  \nстрока два\\\nстрока три", ["p адрес", "p строка два", "p строка три"]),
        ("**Вот что важно:**\n* раз\n* два", ["p Вот что важно:", "l • раз", "l • два"]),
        ("- раз\n+ два\n* три", ["l • раз", "l • два", "l • три"]),
        ("3. раз\n4. два", ["l 3. раз", "l 4. два"]),
        ("1) раз\n2) два", ["l 1) раз", "l 2) два"]),
        ("- раз\n  - два\n    1. три\n- раз", ["l • раз", "l1 • два", "l2 1. три", "l • раз"]),
        ("- раз\n\n  ещё абзац\n- два", ["l • раз", "l ещё абзац", "l • два"]),
        ("- # заголовок в пункте\n  текст", ["# заголовок в пункте", "l • текст"]),
        ("-\n- два", ["l • два"]),
        ("> слова\n> ещё — Альдо", ["q слова ещё — Альдо"]),
        ("> раз\n>\n> два\n>> три", ["q раз", "q два", "q1 три"]),
        ("> — Вы бронировали?\n> — Да, на восемь.", ["q — Вы бронировали?", "q — Да, на восемь."]),
        ("сервис\n— это люди", ["p сервис — это люди"]),
        ("> - пункт\n> - другой", ["q • пункт", "q • другой"]),
        (
            "| Этап | Срок |\n|---|--:|\n| [вход](/a) | **5** мин |\n| | |",
            ["r header Этап | Срок", "r вход | 5 мин"],
        ),
        ("```python\nx = 1\n\n# нет\n```", ["c x = 1\n\n# нет"]),
        ("    код с отступом", ["c код с отступом"]),
        ("```\n```", []),
        ("раз\n\n---\n\nдва", ["p раз", "p два"]),
        ("\\*не курсив\\* &amp; &laquo;так&raquo;", ["p *не курсив* & «так»"]),
        ("~~старое~~ _новое_ `код`", ["p старое новое код"]),
        ("", []),
    ],
)
def test_blocks(text: str, expected: list[str]) -> None:
    assert outline(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![стойка](a.png)", []),
        ("до ![стойка](a.png) после", ["p до после"]),
        ("![стойка](a.png 'Стойка утром')", ["p Стойка утром"]),
        ("![Рис. 1. Стойка](a.png)", ["p Рис. 1. Стойка"]),
        ("![图1 前台](a.png)", ["p 图1 前台"]),
    ],
)
def test_of_images_captions_stay(text: str, expected: list[str]) -> None:
    assert outline(text) == expected


def test_lines_are_those_of_the_file() -> None:
    text = NumberedText(
        ["# Раз", "", "два", "три  ", "четыре", "", "| а |", "|---|", "| б |"], range(101, 110)
    )
    assert [element.line for element in elements(text)] == [101, 103, 105, 107, 109]


# --- Links and raw HTML -------------------------------------------------------------------------


def links(text: str) -> list[tuple[str, str]]:
    return [
        (element.text[link.start : link.end], link.url) for element in parse(text) for link in element.links
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[сайт](https://a.example/b?c=d#e)", [("сайт", "https://a.example/b?c=d#e")]),
        ("см. [**наш** сайт](/a)", [("наш сайт", "/a")]),
        ("[почта](mailto:a@b.example)", [("почта", "mailto:a@b.example")]),
        ("<https://a.example>", [("https://a.example", "https://a.example")]),
        ("[слово][1]\n\n[1]: ../a.md", [("слово", "../a.md")]),
        ("[a](b) [c](#d)", [("a", "b"), ("c", "#d")]),
        ("[ a ](b)", [("a", "b")]),
        ("[](b)", []),
        ("| [a](b) | c [d](e) |\n|---|---|", [("a", "b"), ("d", "e")]),
        ("см. <a href='/x' target=_blank>тут</a>.", [("тут", "/x")]),
        ("<div><p>раз <a href='/x'>два</a></p></div>", [("два", "/x")]),
        ("<a href='/x'>не закрыта", [("не закрыта", "/x")]),
        ("нет начала</a>", []),
    ],
)  # fmt: skip
def test_links(text: str, expected: list[tuple[str, str]]) -> None:
    assert links(text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "http://[oops",
    ],
)
def test_urls_that_are_not_passed_on(url: str) -> None:
    assert allowed_url(url) == ""
    assert links(f'<a href="{url}">слово</a>') == []
    assert outline(f"[слово](<{url}>)") == ["p слово"]
    assert all(found.startswith(("%5C", "/%5C", "http://%5B")) for _, found in links(f"[слово](<{url}>)"))


def test_a_paid_link_is_marked() -> None:
    (element,) = parse('см. <a href="https://a.example" rel="noopener NoFollow">тут</a>')
    assert [link.nofollow for link in element.links] == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("раз<br>два<br/>три", ["p раз", "p два", "p три"]),
        ("<b>раз</b> <img src=x onerror=alert(1)> <span style='x'>два</span>", ["p раз два"]),
        ("раз <script>alert(1)</script> два", ["p раз два"]),
        ("<script>\nalert(1)\n</script>\n\nтекст", ["p текст"]),
        ("<style>p { color: red }</style>\n\nтекст", ["p текст"]),
        ("<!-- <b>скрыто</b> -->\n\nтекст <!-- и это --> дальше", ["p текст дальше"]),
        ("<table><tr><td>а</td><td>б</td></tr></table>", ["p а", "p б"]),
        ("<div>\n\n**внутри**\n\n</div>", ["p внутри"]),
        ("<iframe src=x>нет</iframe>\n\nда", ["p да"]),
        ("<svg><text>нет</text></svg>да", ["p да"]),
        ("3 < 5 и 5 > 3", ["p 3 < 5 и 5 > 3"]),
        ("<div>3 < 5</div>", ["p 3 < 5"]),
    ],
)
def test_raw_html_leaves_its_text_only(text: str, expected: list[str]) -> None:
    assert outline(text) == expected


# --- Hostile texts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5_000 + "в глубине",
        "- " * 5_000 + "в глубине",
        "1. " * 5_000 + "в глубине",
        "\n".join("  " * depth + "- a" for depth in range(300)) + "\n" + "  " * 300 + "- в глубине",
    ],
    ids=["quotes", "lists", "numbers", "indents"],
)
def test_nothing_is_lost_in_the_depth(text: str) -> None:
    assert "в глубине" in parse(text)[-1].text


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 3 * MAX_INLINE,
        ("[" * 100 + "\n\n") * 3 * (MAX_BRACKETS // 100),
        ("![" * 50 + "\n\n") * 3 * (MAX_BRACKETS // 50),
        "[a](" * 5_000,
        "*a _b " * 20_000,
        "<div " * 100_000,
        "<div>" + "<a href='" * 50_000,
        "<!--" * 100_000,
        "<div>&" + "&#" * 100_000,
        "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n" + "|b\n" * 1_000,
        "# a\n" * 20_000,
        "".join("`" * width + " " for width in range(1_000)),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    parse(text)


MARKUP = [
    "[", "](", ")", "*", "**", "`", "<a href='/x'>", "</a>", "<b>", "<script>", "</script>", "> ",
    "- ", "1. ", "# ", "\n", "\n\n", "    ", "| ", "|-|", "текст", "字", " ", "![", "<br>", "&lt;",
    "\\", "---",
]  # fmt: skip


@given(st.lists(st.sampled_from(MARKUP), max_size=40))
def test_links_lie_within_the_text_and_lines_within_the_file(pieces: list[str]) -> None:
    text = "".join(pieces)
    for element in parse(text):
        assert element.text
        assert 1 <= element.line <= text.count("\n") + 1
        for link in element.links:
            assert 0 <= link.start < link.end <= len(element.text)
            assert allowed_url(link.url) == link.url


# --- What is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("абзац\n<!-- asked: кто вернёт деньги; 谁能退款 -->", {"абзац": ["кто вернёт деньги", "谁能退款"]}),
        ("абзац\n\n<!-- asked: раз\n  два ;\n-->\n\nещё", {"абзац": ["раз", "два"], "ещё": []}),
        ("абзац\n<!--Спрашивают: раз-->\n<!-- 常问：一；二 -->", {"абзац": ["раз", "一", "二"]}),
        ("- раз <!-- asked: один -->\n- два\n  <!-- asked: другой -->", {"раз": ["один"], "два": ["другой"]}),
        ("1. раз\n2. два\n   <!-- asked: второй -->\n3. три", {"раз": [], "два": ["второй"], "три": []}),
        ("> цитата\n> <!-- asked: кто сказал -->", {"цитата": ["кто сказал"]}),
        ("абзац\n\n|а|\n|-|\n|1|\n<!-- asked: счёт -->", {"абзац": [], "а": ["счёт"], "1": ["счёт"]}),
        ("# О\n<!-- asked: о чём -->\n\nраз\n\nдва", {"О": [], "раз": ["о чём"], "два": []}),
        ("абзац <!-- note: asked: нет --> `<!-- asked: код -->`", {"абзац <!-- asked: код -->": []}),
        ("абзац\n<!-- asked: ; -->", {"абзац": []}),
    ],
)
def test_questions_belong_to_the_block_above(text: str, expected: dict[str, list[str]]) -> None:
    assert {element.text: list(element.asked) for element in parse(text)} == expected


def test_questions_are_bounded() -> None:
    rows = "|а|\n|-|\n" + "|1|\n" * 2000
    many = parse(rows + "<!-- asked: раз; два -->\n" * 2000)
    assert {len(element.asked) for element in many} == {MOST}
