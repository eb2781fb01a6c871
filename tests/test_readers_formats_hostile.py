"""Hostile files of every format: articles or problems, in bounded time and memory, never an error."""

from __future__ import annotations

import io
import re
import stat
import struct
import tracemalloc
import zipfile
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from kb.readers import READERS, Reading, archive, html_tree, pdf_layout, read
from tests.test_readers_formats import FILES
from tests.test_readers_hostile import TEXTS, check

REAL = [
    "complaint.docx",
    "complaint.odt",
    "complaint.epub",
    "training.pptx",
    "welcome.pdf",
    "sources/queue.html",
]
"""A file of each format, to be damaged."""

FORMATS = [".html", ".docx", ".odt", ".pptx", ".pdf", ".epub", ".zip"]


def test_every_format_is_tried():
    tried = {READERS[suffix] for suffix in (*TEXTS, *FORMATS) if suffix in READERS}
    assert tried == set(READERS.values())


PIECES = [
    "<p>", "</p>", "<b>", "</b>", "<ul>", "<ol start=9>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "<th>",
    "</table>", "<h1>", "</h1>", "<h6>", "<blockquote>", "<pre>", "</pre>", "<a href='javascript:x'>",
    "<a href=http://[oops>", "<a href='https://a.example/b'>", "</a>", "<script>", "</script>", "<!--", "-->",
    "<svg>", "<br>", "<div class=ad>", "<main>", "<article>", "<nav>", "&nbsp;", "&#0;", "&#xd800;", "&lol;",
    "<![CDATA[", "]]>", "<!DOCTYPE html [<!ENTITY a 'b'>]>", "<?xml version='1.0' encoding='utf-16'?>",
    "<meta charset=koi8-r>", "<meta name=author content='А'>", "текст статьи", "顾客等了半小时。", "\u202e", "\x00",
    "<time datetime='2026-01-01'>", "<script type='application/ld+json'>{", "style='display:none'", "\n",
]  # fmt: skip


def read_bytes(data: bytes, suffix: str) -> Reading:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(data)
        return read(path, f"a{suffix}")


def code_of(data: bytes, suffix: str) -> str:
    """The code of the only problem of a file in which nothing can be read."""
    reading = read_bytes(data, suffix)
    assert not reading.articles
    (problem,) = reading.problems
    return problem.code


def check_all(data: bytes, suffix: str) -> None:
    """What holds of every reading; lines are those of the file only where it has some."""
    reading = read_bytes(data, suffix)
    check(reading, data if suffix == ".html" else b"\n" * 10_000)


# --- Any bytes ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.binary(max_size=300), st.sampled_from(FORMATS), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.7\n"])
)
def test_any_bytes(data: bytes, suffix: str, beginning: bytes) -> None:
    check_all(beginning + data, suffix)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("<td>x")
@example("<li><table><tr><td><pre>x")
def test_any_markup(markup: str) -> None:
    check_all(markup.encode(), ".html")


@cache
def real(name: str) -> bytes:
    return (FILES / name).read_bytes()


@settings(max_examples=40)
@given(
    st.sampled_from(REAL),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0.2, 1),
)
def test_real_files_that_are_damaged(name: str, patches: list[tuple[float, bytes]], share: float) -> None:
    data = bytearray(real(name))
    for place, patch in patches:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    check_all(bytes(data[: int(share * len(data)) + 1]), Path(name).suffix)


@cache
def members(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(FILES / name) as package:
        return {member: package.read(member) for member in package.namelist()}


def packed(contents: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in contents.items():
            package.writestr(name, content)
    return made.getvalue()


@settings(max_examples=40)
@given(
    st.sampled_from([name for name in REAL if name.endswith(("docx", "odt", "epub", "pptx"))]),
    st.data(),
)
def test_office_files_whose_xml_is_damaged(name: str, data: st.DataObject) -> None:
    contents = dict(members(name))
    target = data.draw(
        st.sampled_from([member for member in contents if member.endswith(("ml", ".rels", ".opf"))])
    )
    tags = re.findall(rb"<[^<>]*>", contents[target])
    tag = data.draw(st.sampled_from(tags)) if tags else b""
    how = data.draw(st.sampled_from(["drop", "double", "value", "gone"]))
    if how == "gone":
        del contents[target]
    else:
        other = {"drop": b"", "double": tag * 2, "value": re.sub(rb'"[^"]*"', b'"-1"', tag)}[how]
        contents[target] = contents[target].replace(tag, other, 1)
    check_all(packed(contents), Path(name).suffix)


@pytest.mark.parametrize("control", ["\x01", "\x0b", "\x7f", "\ufffe", "&#1;", "&#xFFFE;"])
def test_controls_on_a_page_in_what_is_left_out(control: str) -> None:
    """Found by tests.fuzz: lxml moves the tail of what is dropped, and refuses such characters."""
    page = f"<h1>Т</h1><p>раз</p><nav>меню</nav>{control}хвост<p>два</p>"
    (article,) = read_bytes(page.encode(), ".html").articles
    assert "хвост" in repr(article)


@pytest.mark.parametrize("letter", ["\x01", "\x02", "\xad", "\ufffe", "\ud800", "\x00"])
def test_controls_in_a_tagged_pdf(letter: str) -> None:
    """Found by tests.fuzz: a damaged table of characters makes letters of anything."""
    page = etree.Element("p")
    page.text = html_tree.storable(pdf_layout.unbroken(f"раз{letter}\nдва"))
    assert page.text.startswith("раз") and page.text.endswith("два")


# --- Bombs --------------------------------------------------------------------------------------

ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("complaint.docx", "word/document.xml"),
        ("complaint.odt", "content.xml"),
        ("training.pptx", "ppt/slides/slide1.xml"),
        ("complaint.epub", "OEBPS/content.opf"),
    ],
)
def test_entities_are_refused(name: str, member: str) -> None:
    contents = dict(members(name))
    contents[member] = re.sub(rb"(<\?xml[^>]*>)?", rb"\1" + ENTITIES, contents[member], count=1)
    assert code_of(packed(contents), Path(name).suffix) == "unsafe-file"


def test_entities_of_a_page_are_not_expanded() -> None:
    page = ENTITIES + "<h1>Т</h1><p>раз &b; два</p><svg><text>&b;</text></svg>".encode()
    assert b"aaaaaaaaaa" not in repr(read_bytes(page, ".html").articles).encode()


@cache
def bomb() -> bytes:
    made = packed({"word/document.xml": b"\0" * 120_000_000})
    assert len(made) < 1_000_000
    return made


@pytest.mark.parametrize("suffix", [".docx", ".odt", ".pptx", ".epub"])
def test_a_zip_bomb_is_not_unpacked(suffix: str) -> None:
    bomb()
    read_bytes(b"", suffix)  # the libraries are loaded
    tracemalloc.start()
    try:
        assert code_of(bomb(), suffix) == "file-too-large"
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_an_archive_is_passed_over() -> None:
    reading = read_bytes(packed({"a.md": b"a" * 30_000_000, "b.md": b"text"}), ".zip")
    assert [article.title for article in reading.articles] == ["b"]
    assert [(problem.file, problem.code) for problem in reading.problems] == [("a.zip/a.md", "archive-bomb")]


def test_an_archive_is_read_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 100)
    reading = read_bytes(packed({f"{number}.md": b"x" * 60 for number in range(3)}), ".zip")
    assert len(reading.articles) == 1
    assert [problem.code for problem in reading.problems] == ["file-too-large"] * 2


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../etc/cron.d/a.md", "unsafe-path"),
        ("/etc/a.md", "unsafe-path"),
        ("C:\\a.md", "unsafe-path"),
        ("..\\a.md", "unsafe-path"),
        ("inner.zip", "nested-archive"),
    ],
)
def test_members_that_are_not_read(name: str, code: str) -> None:
    reading = read_bytes(packed({name: b"text"}), ".zip")
    assert not reading.articles
    assert [problem.code for problem in reading.problems] == [code]


def test_a_member_that_is_locked_is_said() -> None:
    made = bytearray(packed({"a.md": b"text"}))
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        made[made.index(signature) + flags] |= 1
    (problem,) = read_bytes(bytes(made), ".zip").problems
    assert (problem.file, problem.code, problem.severity) == ("a.zip/a.md", "encrypted-file", "error")
    assert "password" in problem.message


def test_a_link_in_an_archive_is_not_followed() -> None:
    link = zipfile.ZipInfo("a.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    reading = read_bytes(made.getvalue(), ".zip")
    assert not reading.articles
    assert [problem.code for problem in reading.problems] == ["unsafe-path"]


def test_a_member_without_a_name_is_passed_over() -> None:
    """Found by tests.fuzz: zipfile asks for the last letter of each name."""
    made = packed({"a.md": "# Т\n\nТекст.\n".encode(), "xxxxx": b""})
    entry = made.index(b"PK\1\2", made.index(b"PK\1\2") + 1)
    made = bytearray(made)
    struct.pack_into("<HHH", made, entry + 28, 0, 0, 5)  # the name becomes a comment
    assert len(read_bytes(bytes(made), ".zip").articles) == 1


def test_a_lying_size_does_not_help_a_bomb() -> None:
    bomb = bytearray(packed({"a.md": b"a" * 5_000_000}))
    size = struct.pack("<I", 5_000_000)
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = struct.pack("<I", 1_000)
    reading = read_bytes(bytes(bomb), ".zip")
    assert not reading.articles
    assert [problem.code for problem in reading.problems] == ["broken-file"]


@pytest.mark.parametrize("name", ["article.yml", "a.yml"])
def test_a_path_to_a_metadata_file_that_is_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    (tmp_path / name).mkdir()
    assert read(tmp_path / "a.md").problems == ()


# --- Too much -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"<p>" + b"a" * 20_000_000, "file-too-large", id="20 MB in one line"),
        pytest.param(b"<h1>a</h1>" * 150_000, "file-too-large", id="150,000 headings"),
        pytest.param(b"<div>" * 5_000 + b"x", "nested-too-deeply", id="deep elements"),
        pytest.param(b"<ul><li>" * 5_000 + b"x", "nested-too-deeply", id="deep lists"),
        pytest.param(b"<!--" * 200_000, "broken-file", id="comments never closed"),
        pytest.param(b"<p>\0</p>", "binary-file", id="a zero byte"),
        pytest.param(b"", "empty-file", id="nothing"),
    ],
)
def test_pages_that_are_too_much(data: bytes, code: str) -> None:
    assert code_of(data, ".html") == code


def test_a_tag_of_ten_thousand_attributes() -> None:
    attributes = " ".join(f"a{number}='1'" for number in range(100_000))
    (article,) = read_bytes(f"<h1>Т</h1><p {attributes}>раз</p>".encode(), ".html").articles
    assert article.sections[-1].blocks[0].text == "раз"


def test_deep_lists_of_word() -> None:
    contents = dict(members("welcome.docx"))
    document = contents["word/document.xml"]
    contents["word/document.xml"] = document.replace(
        b"<w:body>", b"<w:body>" + b"<w:sdt><w:sdtContent>" * 300, 1
    )
    assert code_of(packed(contents), ".docx") == "broken-file"


def pdf(stream: bytes, *, count: int = 1) -> bytes:
    """A PDF of `count` pages with one content."""
    packed_stream = zlib.compress(stream, 9)
    kids = b" ".join(b"3 0 R" for _ in range(count))
    return b"".join(
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
            b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n" % (kids, count),
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R",
            b"/Resources<</Font<</F 5 0 R>>>>>>endobj\n",
            b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\n"
            % (len(packed_stream), packed_stream),
            b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
            b"trailer<</Root 1 0 R>>\n%%EOF",
        )
    )


def test_a_pdf_of_our_own_is_sound() -> None:
    (article,) = read_bytes(pdf(b"BT /F 12 Tf 50 700 Td (A guest waits.) Tj ET"), ".pdf").articles
    assert article.sections[0].blocks[0].text == "A guest waits."


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(pdf(b" " * 70_000_000), "file-too-large", id="70 MB of nothing"),
        pytest.param(
            pdf(b"BT /F 9 Tf 5 5 Td " + b"(A guest waits.) Tj 0 -14 Td " * 9_000 + b"ET"),
            "file-too-large",
            id="one full page",
        ),
        pytest.param(pdf(b"", count=3_000), "file-too-large", id="3,000 pages"),
        pytest.param(pdf(b"q " * 1_000_000), "empty-file", id="a million states"),
        pytest.param(b"%PDF-1.4\n" + b"<<" * 100_000, "broken-file", id="deep dictionaries"),
    ],
)
def test_a_pdf_that_is_too_much(data: bytes, code: str) -> None:
    assert code_of(data, ".pdf") == code
