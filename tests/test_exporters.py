"""Every format read back by its library: nothing of a pack is lost, in Russian and in Chinese."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import sqlite3
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import msgspec
import pptx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kb.errors import InvalidRequest, MissingExtra
from kb.exporters import EXPORTERS, Edition, export, file_name, words_in
from kb.exporters.csv import guarded
from kb.exporters.pptx import split
from kb.exporters.tables import Table
from kb.exporters.words import WORDS
from kb.models import (
    Block,
    BlockKind,
    Choice,
    Excerpt,
    Pack,
    PackSection,
    Question,
    QuestionKind,
    Source,
)
from tests.strategies import any_text

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
RUSSIAN = Source(
    article="zhaloba",
    title="Жалоба как подарок",
    language="ru",
    locale="ru",
    version="a1b2c3",
    url="https://example.org/жалоба?a=1&b=<2>",
    author="Анна Ли",
    publisher="Сервис",
    published=date(2026, 4, 6),
    licence="CC BY 4.0",
)
CHINESE = Source("shouwen", "首问负责制", "zh", "zh-Hans", "d4e5f6", "", "王芳", "", date(2026, 5, 19), "CC0")
QUOTE = Excerpt(
    passage="3f2a9c01d4e7",
    source=RUSSIAN,
    blocks=(
        Block(BlockKind.PARAGRAPH, "Поблагодарите *гостя* <b>сразу</b> & «спокойно»:"),
        Block(BlockKind.LIST_ITEM, "сначала выслушайте;", marker="1."),
        Block(BlockKind.LIST_ITEM, "# потом 1. исправьте.", marker="•", depth=1),
    ),
    quoted=AT,
    headings=("Шаг 1", "Принять"),
    prefix="до того. ",
    suffix=" после",
    start=9,
    principles=("ownership", "empathy"),
    note="Спросите новичка.\n=1+1",
    questions=("Кто отвечает?", "谁负责到底？"),
)
BESIDE = Excerpt(
    "624149918b06", CHINESE, (Block(BlockKind.PARAGRAPH, "谁先听到，谁就“管到底”。"),), AT, ("三个词",)
)
PACK = Pack(
    title="Неделя 1: ответственность 责任",
    sections=(
        PackSection("Что это", "Вводная строка.\nВторая.", (replace(QUOTE, counterpart=BESIDE),)),
        PackSection("怎么做", "", (BESIDE, replace(QUOTE, passage="5bab448ceacb", note="", questions=()))),
    ),
    introduction="Читать до понедельника.\n星期一之前读完。",
    language="ru",
    author="Олег",
    id="5d0c2b7e91aa",
)
QUIZ = (
    Question(
        id="principle-of-passage.3f2a9c01d4e7",
        kind=QuestionKind.PRINCIPLE_OF_PASSAGE,
        prompt="Какой принцип?",
        about="谁先听到",
        locale="zh-Hans",
        choices=(Choice("Эмпатия", "ru"), Choice("Ответственность", "ru"), Choice("Надёжность", "ru")),
        right=1,
        principle="ownership",
        excerpt=BESIDE,
    ),
)
EDITION = Edition(
    PACK, {"ownership": "Ответственность", "empathy": "Эмпатия"}, QUIZ, "https://kb.example.org/"
)
HERE = "https://kb.example.org/articles/shouwen#624149918b06"

# What each format must hold, whatever it does with it.
HELD = [
    PACK.title,
    "Олег",
    "Читать до понедельника.",
    "星期一之前读完。",
    "Что это",
    "怎么做",
    "Вторая.",
    "Поблагодарите *гостя* <b>сразу</b> & «спокойно»:",
    "сначала выслушайте;",
    "# потом 1. исправьте.",
    "谁先听到，谁就“管到底”。",
    "Спросите новичка.",
    "Кто отвечает?",
    "谁负责到底？",
    "Ответственность",
    "Анна Ли. «Жалоба как подарок». Сервис, 6 апреля 2026",
    "王芳. 《首问负责制》. 19 мая 2026",
    "CC BY 4.0",
    "CC0",
    RUSSIAN.url,
    HERE,
]  # fmt: skip


def docx_text(written: bytes) -> str:
    document = docx.Document(io.BytesIO(written))
    links = [relation.target_ref for relation in document.part.rels.values() if relation.is_external]
    runs = ("".join(part.itertext(qn("w:t"))) for part in document.element.body.iter(qn("w:p")))
    return "\n".join((*runs, *links, document.core_properties.author))


def pptx_text(written: bytes) -> str:
    slides = pptx.Presentation(io.BytesIO(written)).slides
    frames = [shape.text_frame for slide in slides for shape in slide.shapes if shape.has_text_frame]
    frames += [slide.notes_slide.notes_text_frame for slide in slides if slide.has_notes_slide]
    return "\n".join(frame.text for frame in frames)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def parsed(written: str) -> _Page:
    page = _Page()
    page.feed(written)
    page.close()
    return page


def html_text(written: bytes) -> str:
    return "".join(parsed(written.decode()).text)


def markdown_text(written: bytes) -> str:
    page = parsed(MarkdownIt("commonmark").render(written.decode()))
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    return "".join((*page.text, *links))


def csv_rows(written: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))


def csv_text(written: bytes) -> str:
    rows = csv_rows(written)
    # A spreadsheet is of excerpts: the pack's own words are in the name of the file.
    own = [PACK.title, "Олег", *PACK.introduction.split("\n"), "Вторая."]
    return "\n".join([*own, *(cell for row in rows for cell in row.values())])


def json_text(written: bytes) -> str:
    def strings(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from strings(item)
        elif isinstance(value, str):
            yield value

    return "\n".join((*strings(json.loads(written)), *EDITION.labels.values()))


READ_BACK = {
    "docx": docx_text,
    "pptx": pptx_text,
    "html": html_text,
    "markdown": markdown_text,
    "csv": csv_text,
    "json": json_text,
}


@pytest.mark.parametrize("form", READ_BACK)
def test_nothing_is_lost(form: str) -> None:
    held = READ_BACK[form](export(EDITION, form))
    # Markdown's reader writes an address in percents.
    wanted = [text for text in HELD if form != "markdown" or text != RUSSIAN.url]
    assert [text for text in wanted if text not in held] == []


def test_every_format_is_tested() -> None:
    assert set(EXPORTERS) == {*READ_BACK, "anki"}


@pytest.mark.parametrize("language", WORDS)
def test_every_format_speaks_every_language(language: str) -> None:
    edition = replace(EDITION, pack=replace(PACK, language=language))
    for form in ("docx", "pptx", "html", "markdown"):
        held = READ_BACK[form](export(edition, form))
        for word in (edition.words.sources, edition.words.questions, edition.words.licence):
            assert word in held, (form, word)


def test_no_language_lacks_a_word() -> None:
    for said in WORDS.values():
        for name in said.__slots__:
            assert getattr(said, name), f"{said.tag} has no {name}"
    assert "Sources" not in repr(WORDS["ru"])


@pytest.mark.parametrize(
    ("source", "language", "cited"),
    [
        (RUSSIAN, "ru", "Анна Ли. «Жалоба как подарок». Сервис, 6 апреля 2026\u202fг."),  # one full stop
        (RUSSIAN, "en", "Анна Ли. «Жалоба как подарок». Сервис, 6 April 2026."),
        (CHINESE, "zh-Hans", "王芳：《首问负责制》，2026年5月19日。"),
        (Source("a", "«Это мой вопрос»: начало", "ru", "ru", "1"), "ru", "«„Это мой вопрос“: начало»."),
        (Source("a", "A “gift”", "en", "en", "1"), "zh-Hant", "“A ‘gift’”。"),
        (Source("a", "Un cadeau", "fr", "fr", "1"), "en", "“Un cadeau”."),
    ],
)
def test_citations(source: Source, language: str, cited: str) -> None:
    assert Edition(Pack("x", language=language)).citation(source) == cited


# --- What each format is for ---------------------------------------------------------------------


TABLE = replace(
    BESIDE,
    passage="aa11",
    source=RUSSIAN,
    blocks=(
        Block(BlockKind.PARAGRAPH, "Что говорить:"),
        Block(BlockKind.TABLE_ROW, "Гость | Ответ | Кто", marker="header"),
        Block(BlockKind.TABLE_ROW, "молчит | <спросите> | кассир"),
        Block(BlockKind.TABLE_ROW, "сердится | *выслушайте*"),
    ),
)
CELLS = [
    ["Гость", "Ответ", "Кто"],
    ["молчит", "<спросите>", "кассир"],
    ["сердится", "*выслушайте*", ""],
]


def cells_of_markup(markup: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", markup, re.DOTALL)
    return [[html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def with_table(beside: bool = False) -> Edition:
    excerpt = replace(TABLE, counterpart=BESIDE) if beside else TABLE
    return Edition(replace(PACK, sections=(PackSection("", "", (excerpt,)),)))


def test_a_table_is_a_table_again() -> None:
    markdown = export(with_table(), "markdown").decode()
    assert cells_of_markup(MarkdownIt().enable("table").render(markdown)) == CELLS
    assert cells_of_markup(export(with_table(), "html").decode()) == CELLS
    (fields, *_) = anki_notes(export(with_table(), "anki"))
    assert cells_of_markup(fields) == CELLS
    (table,) = docx.Document(io.BytesIO(export(with_table(), "docx"))).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == CELLS
    heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert heads == [True, False, False], "its head is on each page that it goes on over"
    # With something beside it, it still has the whole width of the page.
    (table,) = docx.Document(io.BytesIO(export(with_table(beside=True), "docx"))).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == CELLS
    assert sum(column.width.cm for column in table.columns) == pytest.approx(16.6, abs=0.1)


def test_a_table_beside_a_counterpart_has_the_whole_width_of_a_page_too() -> None:
    assert 'class="one-by-one"' in export(with_table(beside=True), "html").decode()
    assert 'class="one-by-one"' not in export(EDITION, "html").decode()


def test_a_long_cell_leaves_room_for_the_others() -> None:
    assert Table((("да", "слово " * 100),), has_head=False).shares() == [12 / 72, 60 / 72]
    assert Table((("顾客" * 20, "a" * 30, ""),), has_head=False).shares() == [60 / 102, 30 / 102, 12 / 102]


def test_rows_on_slides_can_be_read_alone() -> None:
    assert split(TABLE, 500) == [
        "Что говорить:\nмолчит — Ответ: <спросите>; Кто: кассир\nсердится — Ответ: *выслушайте*"
    ]
    chinese = replace(TABLE, source=CHINESE, blocks=TABLE.blocks[1:])
    assert split(chinese, 500)[0].startswith("молчит — Ответ：<спросите>；Кто：кассир")
    headless = replace(TABLE, blocks=TABLE.blocks[2:])
    assert split(headless, 500) == ["молчит — <спросите> — кассир\nсердится — *выслушайте*"]
    assert "| | | |" in export(
        Edition(Pack("x", (PackSection("", "", (headless,)),))), "markdown"
    ).decode().replace("  ", " ")


def anki_notes(deck: bytes) -> list[str]:
    """The fields of each note."""
    with zipfile.ZipFile(io.BytesIO(deck)) as package:
        database = sqlite3.connect(":memory:")
        database.deserialize(package.read("collection.anki2"))
    try:
        return [fields for (fields,) in database.execute("SELECT flds FROM notes")]
    finally:
        database.close()


def test_a_passage_quoted_twice_is_one_card() -> None:
    twice = Pack("x", (PackSection("Раз", "", (QUOTE,)), PackSection("Два", "", (QUOTE, BESIDE))))
    assert len(anki_notes(export(Edition(twice), "anki"))) == 2


def test_word_has_headings_a_table_of_contents_and_a_language() -> None:
    document = docx.Document(io.BytesIO(export(EDITION, "docx")))
    headings = [
        (each.style.name, each.text)
        for each in document.paragraphs
        if each.style.name.startswith(("Title", "Heading"))
    ]
    assert headings == [
        ("Title", PACK.title),
        ("Heading 1", "Что это"),
        ("Heading 2", "Принять"),
        ("Heading 1", "怎么做"),
        ("Heading 2", "三个词"),
        ("Heading 2", "Принять"),
        ("Heading 1", "Источники"),
    ]
    body = document.element.body
    (field,) = [code.text.split()[0] for code in body.iter(qn("w:instrText"))]
    assert field == "TOC"
    kinds = [mark.get(qn("w:fldCharType")) for mark in body.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"]
    anchors = {link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))} - {None}
    marks = {mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))}
    assert anchors <= marks


@pytest.mark.parametrize(("form", "opened"), [("docx", docx.Document), ("pptx", pptx.Presentation)])
def test_a_document_says_whose_it_is_and_of_when(form: str, opened: Callable[[io.BytesIO], Any]) -> None:
    said = opened(io.BytesIO(export(EDITION, form))).core_properties
    assert (said.title, said.author, said.last_modified_by) == (PACK.title, "Олег", "Олег")
    assert (said.language, said.comments) == ("ru-RU", "")
    assert said.created.replace(tzinfo=UTC) == said.modified.replace(tzinfo=UTC) == AT


@pytest.mark.parametrize(
    ("locale", "font", "tag"),
    [("zh-Hans", "Microsoft YaHei", "zh-CN"), ("zh-Hant", "Microsoft JhengHei", "zh-TW")],
)
def test_word_and_powerpoint_are_told_how_chinese_looks(locale: str, font: str, tag: str) -> None:
    quoted = replace(BESIDE, source=replace(CHINESE, locale=locale))
    edition = Edition(Pack("題", (PackSection(excerpts=(quoted,)),), language=locale))
    document = docx.Document(io.BytesIO(export(edition, "docx")))
    (run,) = [run for each in document.paragraphs for run in each.runs if run.text == BESIDE.text]
    fonts, language = run._r.rPr.find(qn("w:rFonts")), run._r.rPr.find(qn("w:lang"))
    assert (fonts.get(qn("w:eastAsia")), language.get(qn("w:eastAsia"))) == (font, tag)
    assert fonts.get(qn("w:hint")) == "eastAsia", "or its quotation marks are set as Latin ones"
    for style in ("Normal", "Title", "Heading 1", "Heading 2"):
        fonts = document.styles[style].element.rPr.find(qn("w:rFonts"))
        assert fonts.get(qn("w:eastAsia")) == font
        assert fonts.get(qn("w:eastAsiaTheme")) is None, "a theme's font would go before it"
    slides = pptx.Presentation(io.BytesIO(export(edition, "pptx"))).slides
    frames = [shape.text_frame for slide in slides for shape in slide.shapes if shape.has_text_frame]
    runs = [run for frame in frames for each in frame.paragraphs for run in each.runs]
    (run,) = [run for run in runs if run.text == BESIDE.text]
    assert run.font._rPr.get("lang") == tag
    assert run.font._rPr.find(qn_a("ea")).get("typeface") == font


def qn_a(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/drawingml/2006/main}}{name}"


def test_powerpoint_has_an_excerpt_a_slide_with_its_source_and_notes() -> None:
    slides = list(pptx.Presentation(io.BytesIO(export(EDITION, "pptx"))).slides)
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles == [PACK.title, "Что это", "Принять", "怎么做", "三个词", "Принять", "Источники"]
    text = "\n".join(shape.text_frame.text for shape in slides[2].shapes)
    assert "Анна Ли. «Жалоба как подарок»" in text and RUSSIAN.url in text and "CC BY 4.0" in text
    assert slides[2].notes_slide.notes_text_frame.text.startswith("Спросите новичка.\n=1+1\nВопросы:")


def test_html_needs_nothing_and_runs_nothing() -> None:
    written = export(EDITION, "html").decode()
    page = parsed(written)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "b"} == set()
    assert not re.search(r"url\(|@import|\son\w+=", written)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = {str(a["href"])[1:] for tag, a in page.tags if tag == "a" and str(a["href"]).startswith("#")}
    assert inner <= set(ids)


def test_an_address_that_is_no_web_address_is_no_link() -> None:
    bad = replace(BESIDE, source=replace(CHINESE, url="javascript:alert(1)"))
    edition = Edition(Pack("x", (PackSection(excerpts=(bad,)),)))
    assert edition.link(bad) == ""
    for form in READ_BACK:
        assert b"javascript:" not in export(edition, form) or form == "json"


def test_json_gives_the_pack_back_with_its_selectors() -> None:
    written = export(EDITION, "json")
    assert msgspec.json.decode(written, type=Pack) == EDITION.pack
    excerpt = json.loads(written)["sections"][0]["excerpts"][0]
    assert excerpt["annotation"]["target"] == {
        "source": RUSSIAN.url,
        "selector": [
            {"type": "TextQuoteSelector", "exact": QUOTE.text, "prefix": "до того. ", "suffix": " после"},
            {"type": "TextPositionSelector", "start": 9, "end": 9 + len(QUOTE.text)},
        ],
    }


def test_spreadsheets_compute_nothing() -> None:
    formulas = ["=1+1", "+7 912", "-1", "@SUM(A1)", "＝1", "\t=1", "\n=1", '=HYPERLINK("http://x")']
    assert [guarded(cell)[0] for cell in formulas] == ["'"] * len(formulas)
    assert [guarded(cell) for cell in ("1 шаг", "— да", "谁", "")] == ["1 шаг", "— да", "谁", ""]
    noted = replace(QUOTE, note="=cmd|' /C calc'!A0", counterpart=BESIDE)
    rows = csv_rows(export(Edition(Pack("x", (PackSection("-1", "", (noted,)),))), "csv"))
    assert [(row["№"], row["Section"], row["Note"]) for row in rows] == [
        ("1", "'-1", "'=cmd|' /C calc'!A0"),
        ("1", "'-1", ""),
    ]


def test_slides_are_split_between_sentences() -> None:
    sentence = "Оператор, который видел, как собирают пакет, так не скажет. "
    long = replace(QUOTE, blocks=(Block(BlockKind.PARAGRAPH, (sentence * 40).strip()),))
    parts = split(long, 700)
    assert len(parts) > 2
    assert all(part.rstrip().endswith("скажет.") for part in parts)
    assert max(map(len, parts)) < 1.6 * min(map(len, parts)), "no slide with a single line at the end"


def test_many_short_lines_do_not_fit_on_a_slide() -> None:
    """A line takes room, however short: thirty letters' worth."""
    steps = replace(
        QUOTE, blocks=tuple(Block(BlockKind.LIST_ITEM, f"шаг {n}", marker="•") for n in range(60))
    )
    assert max(text.count("\n") for text in split(steps, 520)) < 16


@given(
    st.lists(st.text("абв где.。，谁\n!", min_size=1, max_size=400), min_size=1, max_size=5),
    st.integers(60, 400),
)
def test_splitting_loses_nothing(texts: list[str], full: int) -> None:
    excerpt = replace(QUOTE, blocks=tuple(Block(BlockKind.PARAGRAPH, text) for text in texts))
    assert "".join("".join(split(excerpt, full)).split()) == "".join("".join(texts).split())


# --- Any text ------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(any_text(), any_text())
def test_any_text_comes_back(quoted: str, noted: str) -> None:
    excerpt = replace(QUOTE, blocks=(Block(BlockKind.PARAGRAPH, quoted),), note=noted, headings=(noted,))
    edition = Edition(Pack(quoted, (PackSection(noted, noted, (excerpt,)),), quoted, id="x"))
    (cleaned,) = edition.pack.excerpts
    for form, read_back in READ_BACK.items():
        held = read_back(export(edition, form))
        for text in (cleaned.text, cleaned.note):
            assert words(text) in words(held), (form, text)


def words(text: str) -> str:
    """A text without its spaces: formats break lines as they must."""
    return "".join(unicodedata.normalize("NFC", text).split()).replace("\ufeff", "")


@settings(max_examples=8)
@given(any_text())
def test_a_deck_holds_any_text(text: str) -> None:
    edition = Edition(replace(PACK, title=text, introduction=text), {}, QUIZ)
    assert zipfile.ZipFile(io.BytesIO(export(edition, "anki"))).testzip() is None


@given(any_text())
def test_file_names_are_safe_in_every_script(title: str) -> None:
    name = file_name(Pack(title), "docx")
    stem = name.removesuffix(".docx")
    assert stem and stem == stem.strip(" .")
    assert len(name.encode()) <= 200
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f\x7f]', name)
    assert not any(
        unicodedata.category(sign) in ("Cc", "Cs", "Cf", "Co", "Zl", "Zp")
        for sign in name
        if sign != "\u200d"
    )
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Неделя 1: ответственность/责任", "Неделя 1 ответственность 责任.docx"),
        ("../../etc/passwd", "etc passwd.docx"),
        ("con", "con_.docx"),
        ("NUL.txt", "NUL_.txt.docx"),
        ("  ", "pack.docx"),
        ("a\u202egnp.exe", "a gnp.exe.docx"),
        ("й" * 200, "й" * 75 + ".docx"),
        ("責" * 200, "責" * 50 + ".docx"),
    ],
)
def test_file_names(title: str, name: str) -> None:
    assert file_name(Pack(title), "docx") == name


# --- Anki ----------------------------------------------------------------------------------------


def test_anki_imports_the_deck_and_updates_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anki", reason="the `dev` extra brings it")
    # In a process of its own: anki starts threads that never end.
    (tmp_path / "1.apkg").write_bytes(export(EDITION, "anki"))
    changed = replace(
        PACK,
        sections=(
            replace(PACK.sections[0], excerpts=(replace(QUOTE, note="Новая заметка"),)),
            PACK.sections[1],
        ),
    )
    # Anki takes the later note of two.
    later = time.time() + 60
    monkeypatch.setattr("time.time", lambda: later)
    (tmp_path / "2.apkg").write_bytes(export(replace(EDITION, pack=changed), "anki"))
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["decks"] == second["decks"] == 1, "the deck is not doubled"
    assert len(first["notes"]) == 4
    assert first["notes"].keys() == second["notes"].keys(), "no note is doubled"
    held = html.unescape("\n".join(map("\n".join, first["notes"].values())))
    assert [text for text in HELD if text not in held and text not in _NOT_ON_CARDS] == []
    assert "Новая заметка" in str(second["notes"]) and "Новая заметка" not in str(first["notes"])
    assert "<p class=right>B." in held


_NOT_ON_CARDS = [PACK.title, "Олег", *PACK.introduction.split("\n"), "Что это", "怎么做", "Вторая."]
_IMPORT = """
import json, sys
from pathlib import Path
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
folder = Path(sys.argv[1])
collection = Collection(str(folder / "collection.anki2"))
for name in ("1.apkg", "2.apkg"):
    package = ImportAnkiPackageRequest(package_path=str(folder / name), options=ImportAnkiPackageOptions())
    collection.import_anki_package(package)
    notes = {str(id): list(collection.get_note(id).fields) for id in collection.find_notes("")}
    decks = sum(1 for deck in collection.decks.all_names_and_ids() if deck.name != "Default")
    print(json.dumps({"notes": notes, "decks": decks}))
collection.close()
"""


# --- What cannot be ------------------------------------------------------------------------------


def test_unknown_formats_and_languages_are_named() -> None:
    with pytest.raises(InvalidRequest, match="“pdf”.*docx"):
        export(EDITION, "pdf")
    with pytest.raises(InvalidRequest, match="“fr”.*zh-Hant"):
        words_in("fr")


@pytest.mark.parametrize("form", ["docx", "pptx", "anki"])
def test_a_missing_library_is_named(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"docx": "docx", "pptx": "pptx", "anki": "genanki"}[form]
    monkeypatch.delitem(sys.modules, f"kb.exporters.{form}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=r"servicebook\[exports\]"):
        export(EDITION, form)
