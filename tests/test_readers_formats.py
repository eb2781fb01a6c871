"""Files of every format, made by the programs people use (tests/files/formats/make.py), read right."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from datetime import date
from pathlib import Path

import docx
import pytest
from click.testing import CliRunner
from pptx import Presentation
from pptx.util import Cm

from kb import cli
from kb.models import Article, Block, BlockKind
from kb.readers import Reading, read
from tests.conftest import MakeBook

FILES = Path(__file__).parent / "files" / "formats"

COMPLAINT = "Жалоба у стойки: первые три минуты"
COMPLAINT_OUTLINE = ["", "Сначала выслушать", "Что записать", "Потом исправить", "После разговора"]
WELCOME = "迎宾三步：门口的第一分钟"
QUEUE = "Очередь без обид"
QUEUE_OUTLINE = [
    "", "Одна линия вместо трёх", "Ожидание, о котором сказали", "Сколько люди готовы ждать", "Последний в линии",
]  # fmt: skip
PHONE = "电话礼仪：听得见的微笑"


def only(name: str) -> Article:
    reading = read(FILES / name)
    assert reading.problems == ()
    (article,) = reading.articles
    return article


def blocks(article: Article) -> list[Block]:
    return [block for section in article.sections for block in section.blocks]


def shown(article: Article, kind: BlockKind) -> list[str]:
    return [
        f"{'  ' * block.depth}{block.marker} {block.text}".strip("\n")
        for block in blocks(article)
        if block.kind is kind
    ]


def text(article: Article) -> str:
    return "\n".join(block.text for block in blocks(article))


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


# --- The table of formats -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "outline", "author", "published"),
    [
        ("complaint.docx", COMPLAINT, COMPLAINT_OUTLINE, "Вера Лунина", date(2026, 3, 14)),
        ("complaint.odt", COMPLAINT, COMPLAINT_OUTLINE, "Вера Лунина", date(2026, 3, 14)),
        ("complaint.epub", COMPLAINT, COMPLAINT_OUTLINE, "Вера Лунина", None),
        ("complaint.pdf", COMPLAINT, COMPLAINT_OUTLINE, "Вера Лунина", ...),  # LibreOffice, not tagged
        ("welcome.docx", WELCOME, ["", "三步怎么走", "客满的时候"], "何雨晴", date(2026, 2, 8)),
        ("welcome.pdf", WELCOME, ["", "三步怎么走", "客满的时候"], "何雨晴", ...),
        ("sources/queue.html", QUEUE, QUEUE_OUTLINE, "Глеб Орлов", date(2026, 1, 20)),
        ("sources/phone.html", PHONE, ["", "铃响三声之内", "让客人先挂"], "顾明远", date(2025, 11, 3)),
        ("phone.pdf", PHONE, ["", "铃响三声之内", "让客人先挂"], "", ...),  # Chromium, tagged
        ("training.pptx", "Первый день у стойки", ["", "师傅带徒弟：三个问题"], "Вера Лунина", date(2026, 4, 2)),
    ],
)  # fmt: skip
def test_each_format_is_read_right(
    name: str, title: str, outline: list[str], author: str, published: date | None
) -> None:
    article = only(name)
    assert article.title == title
    assert [section.heading for section in article.sections] == outline
    assert article.author == author
    if published is ...:  # the moment at which the file was made
        assert article.published is not None
    else:
        assert article.published == published


@pytest.mark.parametrize("name", ["complaint.docx", "complaint.odt", "complaint.pdf"])
def test_lists_tables_and_notes(name: str) -> None:
    article = only(name)
    assert shown(article, BlockKind.LIST_ITEM)[:8] == [
        "• номер комнаты и время, когда всё случилось;",
        "• слова самого гостя, без пересказа:",
        "  • что он увидел;",
        "  • чего он ждал вместо этого;",
        "• обещание, которое вы дали.",
        "1. Назовите одно действие, которое сделаете прямо сейчас.",
        "2. Скажите, кто отвечает за остальное, и когда он позвонит.",
        "3. Проверьте сами, что он позвонил.",
    ]
    assert [block.text for block in blocks(article) if block.kind is BlockKind.TABLE_ROW] == [
        "Должность | Что решает сам",
        "Администратор | замена комнаты, поздний выезд",
        "Горничная | повторная уборка без очереди",
    ]
    assert "на этом разговоре[1]." in text(article)
    assert blocks(article)[-1].text == "Замер в четырёх гостиницах сети за зиму."


@pytest.mark.parametrize("name", ["complaint.docx", "complaint.odt"])
def test_tracked_changes_are_read_as_accepted(name: str) -> None:
    assert "Извинитесь за само неудобство и назовите срок ответа." in text(only(name))
    assert "вернуть деньги" not in text(only(name))


@pytest.mark.parametrize("name", ["complaint.docx", "complaint.odt"])
def test_quotes_and_links(name: str) -> None:
    article = only(name)
    assert shown(article, BlockKind.QUOTE) == [" Меня ни разу не перебили, и сердиться стало не на что."]
    (link,) = (link for block in blocks(article) for link in block.links)
    assert link.url == "https://example.org/povtory"


def test_a_page_without_what_stands_around_its_article() -> None:
    article = only("sources/queue.html")
    for other in (
        "cookie",
        "Магазин",
        "Реклама",
        "Читайте также",
        "Спасибо за статью",
        "©",
        "dataLayer",
        "float",
    ):
        assert other not in text(article)
    assert "Глеб Орлов" not in text(article)  # the byline is metadata
    assert shown(article, BlockKind.LIST_ITEM)[2:5] == [
        "  • он смотрит на людей, а не в экран;",
        "  • он здоровается с каждым, кто подошёл.",
        "1. Называйте срок вслух.",
    ]
    assert blocks(article)[0].line == 22
    assert article.url == "https://journal.example.org/queue-without-offence"
    assert article.publisher == "Журнал «Пример»"
    assert article.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert article.summary.startswith("Как организовать ожидание")
    (link,) = (link for block in blocks(article) for link in block.links)
    assert link.url == "https://journal.example.org/mistakes"


@pytest.mark.parametrize("name", ["sources/phone.html", "phone.pdf"])
def test_chinese_lines_are_joined_without_spaces(name: str) -> None:
    article = only(name)
    assert "接起之后先报公司和姓名，再说“请讲”，让客人第一时间知道自己没有打错。" in text(article)
    assert shown(article, BlockKind.LIST_ITEM) == [
        "• 手边备好纸笔，边听边记。",
        "• 不懂就问，不要猜。",
        "• 挂断前复述一遍：时间、地点、人、事。",
    ]
    assert "要转给同事 | 我把电话转给负责的同事，您不用再说一遍。" in text(article)


def test_paragraphs_of_a_pdf_run_on_over_lines_and_hyphens() -> None:
    article = only("complaint.pdf")
    assert "начинает сначала, и времени уходит вдвое больше, чем вы хотели сберечь" in text(article)
    assert "почему кто-то из нас, человек внимательный" in text(article)
    assert "Справочник администратора" not in text(article)  # the header
    assert "Страница" not in text(article)
    assert "а недовольных становится заметно меньше" in text(read(FILES / "queue.pdf").articles[0])


def test_slides_with_their_notes_and_tables() -> None:
    article = only("training.pptx")
    assert shown(article, BlockKind.LIST_ITEM)[:2] == [
        "• Наставник рядом всю смену",
        "  • сначала новичок только смотрит",
    ]
    assert "Расскажите случай, когда наставник вмешался слишком рано" in text(article)
    assert "今天哪位客人让你为难？ | 先听见情绪，再谈做法" in text(article)
    assert {block.line for block in blocks(article)} == {1, 2}


def test_slides_as_powerpoint_has_them(tmp_path: Path) -> None:
    made = Presentation()
    title, body = (made.slides.add_slide(made.slide_layouts[layout]) for layout in (0, 1))
    title.shapes.title.text = "Тренинг"
    title.placeholders[1].text = "Для новых сотрудников"
    body.placeholders[1].text = "Здороваться\nпервым"
    body.placeholders[1].text_frame.paragraphs[1].level = 1
    body.shapes.title.text = "Правила"
    group = body.shapes.add_group_shape()
    group.shapes.add_textbox(0, Cm(15), Cm(5), Cm(1)).text_frame.text = "В рамке"
    body.notes_slide.notes_text_frame.text = "Пример из смены"
    hidden = made.slides.add_slide(made.slide_layouts[1])
    hidden.shapes.title.text = "Черновик"
    hidden.element.set("show", "0")
    made.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    (article,) = reading.articles
    assert [(section.heading, [block.text for block in section.blocks]) for section in article.sections] == [
        ("", ["Для новых сотрудников"]),
        ("Правила", ["Здороваться", "первым", "В рамке", "Пример из смены"]),
    ]
    assert (article.title, article.author) == ("Тренинг", "")  # what python-pptx writes is nobody's name
    assert [(problem.code, problem.line, problem.severity) for problem in reading.problems] == [
        ("hidden-slide", 3, "notice")
    ]


def test_what_a_program_s_template_says_of_itself_is_not_of_the_document(tmp_path: Path) -> None:
    """python-docx and python-pptx give every document a date in 2013 and "generated by …"."""
    document, slides = docx.Document(), Presentation()
    document.add_paragraph("Встаньте, улыбнитесь и назовите своё имя.")
    document.save(tmp_path / "a.docx")
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Первая минута", "Встаньте и улыбнитесь."
    slides.save(tmp_path / "b.pptx")
    for name in ("a.docx", "b.pptx"):
        (article,) = read(tmp_path / name).articles
        assert (article.summary, article.author, article.published) == ("", "", None), name


def test_headings_in_a_style_of_the_house(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(FILES / "complaint.docx") as package,
        zipfile.ZipFile(tmp_path / "a.docx", "w") as changed,
    ):
        for name in package.namelist():
            content = package.read(name)
            if name == "word/styles.xml":
                assert b'w:name w:val="heading 1"' in content.replace(b"Heading", b"heading")
                content = re.sub(
                    rb'w:name w:val="[Hh]eading 1"', 'w:name w:val="Раздел устава"'.encode(), content
                )
            changed.writestr(name, content)
    (article,) = read(tmp_path / "a.docx").articles
    assert [section.heading for section in article.sections] == COMPLAINT_OUTLINE


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [("scan.pdf", "scanned-file", "OCR"), ("locked.pdf", "encrypted-file", "password")],
)
def test_a_pdf_that_cannot_be_read(name: str, code: str, says: str) -> None:
    reading = read(FILES / name)
    assert not reading.articles
    (problem,) = reading.problems
    assert (problem.code, problem.severity) == (code, "error")
    assert says in problem.message


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("sources/queue.html", "trafilatura"),
        ("complaint.docx", "mammoth"),
        ("complaint.odt", "lxml"),
        ("training.pptx", "pptx"),
        ("complaint.pdf", "pypdfium2"),
        ("complaint.epub", "lxml"),
    ],
)
def test_a_missing_library_is_a_problem_that_names_the_extra(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [module for module in sys.modules if module.startswith(("kb.readers.", f"{library}."))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    (problem,) = read(FILES / name).problems
    assert problem.code == "missing-extra"
    assert "pip install 'servicebook[formats]'" in problem.message


# --- Web pages ----------------------------------------------------------------------------------

PAGE = "<html><head>{head}</head><body><h1>Встреча</h1><p>Первые слова гостю решают, каким будет весь разговор.</p></body></html>"


def page(folder: Path, content: str | bytes, name: str = "a.html") -> Reading:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


@pytest.mark.parametrize(
    "content",
    [
        PAGE.format(head="").encode(),
        PAGE.format(head='<meta charset="windows-1251">').encode("cp1251"),
        PAGE.format(head='<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">').encode(
            "koi8-r"
        ),
        PAGE.format(head='<meta charset="windows-1251">').encode(),  # as it says, it is not
        PAGE.format(head="").encode("utf-16"),
        # Browsers take it for GB 18030, which has more characters.
        PAGE.format(head='<meta charset="gb2312"><meta name="keywords" content="镕">').encode("gb18030"),
        ('<?xml version="1.0" encoding="utf-8"?>' + PAGE.format(head="")).encode(),
    ],
)
def test_the_encodings_of_pages(content: bytes, tmp_path: Path) -> None:
    (article,) = page(tmp_path, content).articles
    assert article.title == "Встреча"
    assert text(article) == "Первые слова гостю решают, каким будет весь разговор."


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ("<p>раз<script>alert(1)</script> два</p>", "раз два"),
        ("<p>раз<span style='display: none'>тайно</span> два</p>", "раз два"),
        ("<p>раз<svg><text>рисунок</text></svg> два</p>", "раз два"),
        ("<p>сна\u00adча\u200bла \u202eи\u202c&nbsp;потом&#8203;</p>", "сначала и потом"),
        ("<table><tr><td><h2>Столбец</h2><p>раз</p></td><td>два</td></tr></table>", "раз\nдва"),
        ("<dl><dt>раз</dt><dd>два</dd></dl>", "раз\nдва"),
        ("<p>раз<span aria-hidden='true'>×</span><span hidden>тайно</span> два</p>", "раз два"),
        ("<p>раз<br>два</p>", "раз\nдва"),
        ("<p><a href='javascript:alert(1)'>раз</a></p>", "раз"),
    ],
)
def test_what_is_text_on_a_page(markup: str, kept: str, tmp_path: Path) -> None:
    (article,) = page(tmp_path, f"<h1>Т</h1>{markup}").articles
    assert text(article) == kept
    assert not any(block.links for block in blocks(article))


def test_a_list_of_links_is_no_part_of_the_article(tmp_path: Path) -> None:
    said = "<p>Первые слова гостю решают, каким будет весь разговор, поэтому их учат и повторяют перед сменой.</p>"
    others = "".join(f"<li><a href='/{number}'>Другая статья</a></li>" for number in range(5))
    steps = "<ul><li>Сначала <a href='/1'>встаньте</a> и улыбнитесь.</li><li>Потом поздоровайтесь.</li></ul>"
    (article,) = page(tmp_path, f"<article><h1>Т</h1>{said}<ul>{others}</ul>{steps}{said}</article>").articles
    assert "Другая статья" not in text(article)
    assert shown(article, BlockKind.LIST_ITEM) == [
        "• Сначала встаньте и улыбнитесь.",
        "• Потом поздоровайтесь.",
    ]


def test_a_list_counts_from_where_it_says(tmp_path: Path) -> None:
    markup = "<h1>Т</h1><p>до</p><ol start='4'><li>раз</li><li>два</li></ol><ol start='x'><li>три</li></ol>"
    (article,) = page(tmp_path, markup).articles
    assert shown(article, BlockKind.LIST_ITEM) == ["4. раз", "5. два", "1. три"]


def test_bold_lines_are_headings_where_there_are_no_others(tmp_path: Path) -> None:
    (article,) = page(
        tmp_path, "<h1>Т</h1><p><b>Раз</b></p><p>Текст первый.</p><p><b>Два</b></p><p>Текст второй.</p>"
    ).articles
    assert [section.heading for section in article.sections] == ["Раз", "Два"]


# --- Metadata files -----------------------------------------------------------------------------


def test_what_metadata_files_state_wins_in_order(tmp_path: Path) -> None:
    shutil.copy(FILES / "complaint.docx", tmp_path)
    (tmp_path / "note.md").write_text(
        "---\nauthor: Борис\n---\n# Записка\n\nТекст записки.\n", encoding="utf-8"
    )
    (tmp_path / "article.yml").write_text(
        "author: Анна Ким\npublisher: Гостиница «Пример»\n", encoding="utf-8"
    )
    (tmp_path / "complaint.yml").write_text(
        "date: 2026-05-06\nid: complaint\nlicence: CC BY 4.0\n", encoding="utf-8"
    )
    (complaint,) = read(tmp_path / "complaint.docx").articles
    assert (complaint.author, complaint.publisher) == (
        "Анна Ким",
        "Гостиница «Пример»",
    )  # over the properties
    assert (complaint.published, complaint.stated_id, complaint.licence) == (
        date(2026, 5, 6),
        "complaint",
        "CC BY 4.0",
    )
    (note,) = read(tmp_path / "note.md").articles
    assert (note.author, note.publisher) == ("Борис", "Гостиница «Пример»")  # front matter speaks of one file


@pytest.mark.parametrize(
    ("content", "line", "code", "says"),
    [
        ("title: Т\nauthr: Анна\n", 2, "unknown-key", "did you mean “author”?"),
        ("title: Т\ndate: 2026-13-45\n", 2, "bad-date", "2026-13-45"),
        ("\n\nlanguage: klingon\n", 3, "unknown-language", "klingon"),
        ("title: 'не закрыто\nauthor: А\n", 3, "broken-front-matter", "YAML"),
        ("a\0b", None, "binary-file", "zero bytes"),
    ],
)
def test_mistakes_in_a_metadata_file(
    content: str, line: int | None, code: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("# Т\n\nТекст.\n", encoding="utf-8")
    (tmp_path / "article.yml").write_text(content, encoding="utf-8")
    reading = read(tmp_path / "a.md")
    assert len(reading.articles) == 1
    assert [(problem.file, problem.code) for problem in reading.problems] == [
        (str(tmp_path / "article.yml"), code)
    ]
    assert (line is None or reading.problems[0].line == line) and says in reading.problems[0].message


@pytest.mark.parametrize("content", ["", " \n", "# nothing yet\n"])
def test_a_metadata_file_may_be_empty(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Т\n\nТекст.\n", encoding="utf-8")
    (tmp_path / "a.yml").write_text(content, encoding="utf-8")
    assert read(tmp_path / "a.md").problems == ()


def test_a_changed_metadata_file_makes_files_be_read_again(tmp_path: Path, open_book: MakeBook) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("a", "b"):
        (corpus / f"{name}.md").write_text(f"# Статья {name}\n\nТекст {name}.\n", encoding="utf-8")
    with open_book(home=tmp_path / "home", corpus=corpus) as book:
        assert book.index().added == 2
        (corpus / "article.yml").write_text("author: Анна\nauthr: Б\n", encoding="utf-8")
        report = book.index()
        assert [problem.code for problem in report.problems] == ["unknown-key"]  # once, not for each file
        assert {article.author for article in book.articles()} == {"Анна"}
        (corpus / "b.yml").write_text("author: Борис\n", encoding="utf-8")
        book.index()
        assert sorted(article.author for article in book.articles()) == ["Анна", "Борис"]
        for file in ("article.yml", "b.yml"):
            (corpus / file).unlink()
        book.index()
        assert {article.author for article in book.articles()} == {""}


# --- Archives -----------------------------------------------------------------------------------


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def test_an_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.zip",
        {
            "inner/complaint.docx": (FILES / "complaint.docx").read_bytes(),
            "inner/article.yml": "publisher: Гостиница\ndate: wrong\n".encode(),
            "заметка.md": "Просто заметка.".encode(),
            "picture.png": b"\x89PNG",
            "__MACOSX/._a.md": b"x",
            ".hidden.md": b"x",
            "scan.pdf": (FILES / "scan.pdf").read_bytes(),
        },
    )
    reading = read(path, "a.zip")
    assert [(article.title, article.publisher) for article in reading.articles] == [
        (COMPLAINT, "Гостиница"),
        ("заметка", ""),
    ]
    assert [(problem.file, problem.line, problem.code) for problem in reading.problems] == [
        ("a.zip/inner/article.yml", 2, "bad-date"),
        ("a.zip/scan.pdf", None, "scanned-file"),
    ]


@pytest.mark.parametrize(("name", "encoding"), [("гость", "cp866"), ("顾客", "gb18030"), ("гость", "utf-8")])
def test_names_from_windows_are_read(name: str, encoding: str, tmp_path: Path) -> None:
    stored = f"{name}.md".encode(encoding)
    path = archive(tmp_path / "a.zip", {"x" * len(stored): b"text"})
    path.write_bytes(
        path.read_bytes().replace(b"x" * len(stored), stored)
    )  # without saying in which encoding
    assert [article.title for article in read(path).articles] == [name]


# --- All of it, through the command line ---------------------------------------------------------


def test_a_folder_of_all_formats_is_indexed_and_searched(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    names = [
        "complaint.docx",
        "complaint.odt",
        "complaint.epub",
        "complaint.pdf",
        "training.pptx",
        "sources/phone.html",
        "phone.pdf",
    ]
    for number, name in enumerate(names):
        shutil.copy(FILES / name, corpus / f"{number}{Path(name).suffix}")
    archive(corpus / "more.zip", {"queue.html": (FILES / "sources/queue.html").read_bytes()})
    env = {"KB_HOME": str(tmp_path / "home"), "KB_CORPUS": str(corpus)}
    done = CliRunner().invoke(cli.main, ["index"], env=env)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("8 articles")
    for query, count in [
        ("перебитый рассказ", 4),
        ("наставник вмешался", 1),
        ('"嘴角上扬"', 2),
        ("несправедливость очереди", 1),
    ]:
        found = CliRunner().invoke(
            cli.main, ["search", query, "--limit", "20", "--all-copies", "--json"], env=env
        )
        hits = json.loads(found.stdout)["hits"]
        assert len({hit["article"]["id"] for hit in hits}) >= count
