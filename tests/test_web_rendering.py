"""Passages → markup: marks where they belong, blocks as what they were, and nothing of it lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from kb.models import Article, Block, BlockKind, Link, Passage, Section, Tag
from tests.strategies import mixed_text
from web import rendering, templating

P, L, R = BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW


def passage(*blocks: Block, tags: tuple[Tag, ...] = (), section: int = 0) -> Passage:
    anchors = tuple(f"b{number}" for number in range(len(blocks)))
    return Passage("b0", "a", 0, section, "ru", "ru", (), blocks, anchors, tags)


# --- Marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "layers", "expected"),
    [
        ("a<b", [], "a&lt;b"),
        ("найти людей", [("mark", [(6, 11)])], "найти <mark>людей</mark>"),
        ("<i>&amp;", [("mark", [(0, 3)])], "<mark>&lt;i&gt;</mark>&amp;amp;"),
        ("abcdef", [("b", [(1, 4)]), ("mark", [(3, 6)])], "a<b>bc<mark>d</mark></b><mark>ef</mark>"),
        ("𠮷野家", [("mark", [(0, 1)])], "<mark>𠮷</mark>野家"),
        ("abc", [("mark", [(2, 99)])], "ab<mark>c</mark>"),
    ],
)
def test_marks_lie_where_they_belong(
    text: str, layers: list[tuple[str, list[tuple[int, int]]]], expected: str
) -> None:
    made = rendering.marked(text, (0, len(text)), [rendering.layer(spans, tag) for tag, spans in layers])
    assert made == expected


spans = st.lists(st.integers(0, 40), max_size=8, unique=True).map(
    lambda ends: list(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)


@given(mixed_text(), spans, spans)
def test_taking_the_marks_out_gives_the_text(
    text: str, evidence: list[tuple[int, int]], marks: list[tuple[int, int]]
) -> None:
    layers = [rendering.layer(evidence, 'span class="evidence"'), rendering.layer(marks, "mark")]
    made = rendering.marked(text, (0, len(text)), layers)
    for tag in ('<span class="evidence">', "</span>", "<mark>", "</mark>"):
        made = made.replace(Markup(tag), "")
    assert made.unescape() == text


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([], ()),
        ([(5, 9), (0, 3)], ((0, 3), (5, 9))),
        ([(0, 3), (3, 5)], ((0, 5),)),
        ([(0, 9), (2, 4), (8, 12)], ((0, 12),)),
    ],
)
def test_evidence_of_several_tags_is_joined(
    spans: list[tuple[int, int]], merged: tuple[tuple[int, int], ...]
) -> None:
    tags = tuple(Tag(f"p{number}", 0.9, (span,)) for number, span in enumerate(spans))
    one = passage(Block(P, "Эмпатия у стойки"), tags=tags)
    assert rendering.evidence(one) == merged
    assert rendering.evidence(one, "p0") == tuple(spans[:1])


# --- Blocks --------------------------------------------------------------------------------------


def test_lists_nest_by_depth() -> None:
    blocks = [
        Block(BlockKind.LIST_ITEM, text, marker=marker, depth=depth)
        for text, marker, depth in [("a", "•", 0), ("b", "1.", 1), ("c", "2.", 1), ("d", "•", 0)]
    ]
    passage = Passage("x", "a", 0, 0, "en", "en", (), tuple(blocks), ("1", "2", "3", "4"))
    (run,) = rendering.runs(passage)
    (outer,) = run.lists
    assert [item.piece.html for item in outer.items] == ["a", "d"]
    (inner,) = outer.items[0].lists
    assert inner.ordered and [item.piece.number for item in inner.items] == ["1", "2"]


def shown(one: Passage, **options: object) -> list[str]:
    """What stands in each block, cells between bars."""
    pieces = [piece for run in rendering.runs(one, **options) for piece in run.pieces]  # type: ignore[arg-type]
    return [" | ".join(piece.cells) or str(piece.html) for piece in pieces]


TABLE = passage(
    Block(P, "Что сказать:"), Block(R, "Гость | Ответ", marker="header"), Block(R, "молчит | <спросите>")
)


def test_rows_are_cells_and_equal_blocks_are_one_run() -> None:
    assert shown(TABLE) == ["Что сказать:", "Гость | Ответ", "молчит | &lt;спросите&gt;"]
    assert [(run.kind, len(run.pieces)) for run in rendering.runs(TABLE)] == [(P, 1), (R, 2)]
    assert [piece.anchor for run in rendering.runs(TABLE) for piece in run.pieces] == ["b0", "b1", "b2"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((0, 12), ["Что сказать:"]),
        ((0, 13), ["Что сказать:"]),  # the line end after it
        ((4, 18), ["…сказать:", "Гость…"]),
        ((21, 26), ["…Ответ"]),
        ((27, 33), ["молчит…"]),
    ],
)
def test_of_a_part_it_is_said_where_more_stands(part: tuple[int, int], expected: list[str]) -> None:
    assert shown(TABLE, part=part) == expected


def test_links_and_marks_lie_in_their_own_block() -> None:
    link = Link(6, 11, "https://example.org/?a=1&b=2")
    bad = Link(0, 5, "javascript:alert(1)")
    one = passage(Block(P, "Раз."), Block(P, "Здесь сайты.", links=(bad, link)))
    assert shown(one, marks=[(0, 3), (11, 16)]) == [
        "<mark>Раз</mark>.",
        'Здесь <a href="https://example.org/?a=1&amp;b=2" rel="noopener"><mark>сайты</mark></a>.',
    ]


# --- Articles ------------------------------------------------------------------------------------


def test_sections_lie_in_each_other_without_gaps() -> None:
    headings = [("", 0), ("Утро", 2), ("Касса", 4), ("Вечер", 2), ("День", 1), ("Ночь", 3)]
    article = Article("Смена", "ru", "ru", tuple(Section(text, level, ()) for text, level in headings))
    passages = [
        passage(Block(P, "a"), section=1),
        passage(Block(P, "b"), section=3),
        passage(Block(P, "c"), section=3),
    ]
    found = rendering.parts(article, passages)
    assert [(part.section.heading, part.depth) for part in found] == [
        ("", 0), ("Утро", 1), ("Касса", 2), ("Вечер", 1), ("День", 1), ("Ночь", 2)
    ]  # fmt: skip
    assert [(part.id, len(part.passages)) for part in found] == [
        (f"section-{number}", count) for number, count in enumerate((0, 1, 0, 2, 0, 0))
    ]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 1),
        ("слово " * 180, 1),
        ("слово " * 500, 3),
        ("字" * 960, 3),
        ("слово " * 360 + "字" * 640, 4),
        ("12 " * 900, 1),
    ],
    ids=["nothing", "a minute", "words", "characters", "both", "numbers"],
)
def test_how_long_it_takes_to_read(text: str, minutes: int) -> None:
    assert rendering.reading_minutes([passage(Block(P, text))]) == minutes


# --- Templates -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment() -> Environment:
    app = Flask("templates")
    templating.set_up(app)
    return app.jinja_env


def test_functions_get_what_they_ask_for(environment: Environment) -> None:
    @pass_context
    def seen(context: Context, name: str) -> Any:
        return context[name]

    template = environment.from_string("{{ seen('it') }}{{ plain(it=it) }}")
    assert template.render(seen=seen, plain=lambda it: Markup(it), it="<") == "&lt;<"
