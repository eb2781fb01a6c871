"""Any bytes at all, in any format written as text: articles or problems, in bounded time, never an error."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.readers import READERS, Reading, read
from kb.readers.prose import allowed_url

TEXTS = [
    suffix
    for module, suffix in {module: suffix for suffix, module in READERS.items()}.items()
    if hasattr(import_module(module), "text_files")
]
"""The formats written as text, each once; `test_readers_formats_hostile` has the others."""

PIECES = [
    "---", "\n", "\n\n", "title: Встреча", "date: 2025-05-20", "schema: {name: a", "<<<<<<< HEAD",
    "=======", "|||||||", ">>>>>>> branch", "# Раз", "### Два", "текст", "顾客等了半小时。", "- пункт",
    "1. пункт", "一、标题", "> слова", "| a | b |", "|---|---|", "[слово](https://a.example)",
    "<a href='javascript:x' rel=nofollow>", "</a>", "<script>", "**Читайте также**",
    "Подпишитесь на нашу рассылку!", "[Кнопка: Купить]", "免责声明：本站不负责任", "Об авторе",
    "Автор: Анна Ким", "Хотите, чтобы ваши гости вернулись?", "«", "»", "\u202e", "\u200b", "\x00", "`",
    "```", "\t", " ",
]  # fmt: skip


def read_bytes(data: bytes, suffix: str = ".md") -> Reading:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(data)
        return read(path, "a")


def check(reading: Reading, data: bytes) -> None:
    """What holds of every reading, whatever was read."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    if not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00")):  # in UTF-16 other bytes end lines
        for problem in reading.problems:
            assert problem.line is None or 1 <= problem.line <= lines
    assert reading.articles or reading.problems
    for problem in reading.problems:
        assert problem.code != "reader-failed", problem.message
        assert problem.severity in ("error", "warning", "notice")
    for article in reading.articles:
        assert article.title.strip() and article.sections
        for section in article.sections:
            assert bool(section.heading) is bool(section.level)
            for block in section.blocks:
                assert block.text.strip() == block.text != ""
                assert "\x00" not in block.text and "\u202e" not in block.text
                for link in block.links:
                    assert 0 <= link.start < link.end <= len(block.text)
                    assert allowed_url(link.url)


@given(st.binary(max_size=500), st.sampled_from(TEXTS))
@example(b"\xff\xfe\n\x00", ".txt")
def test_any_bytes(data: bytes, suffix: str) -> None:
    check(read_bytes(data, suffix), data)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.sampled_from(TEXTS))
@example("<<<<<<< HEAD", ".md")  # nothing but a marker
def test_any_text_of_the_kind(text: str, suffix: str) -> None:
    check(read_bytes(text.encode(), suffix), text.encode())


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "cp1251", "gb18030", "big5"]))
def test_any_text_in_any_encoding(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    check(read_bytes(data, ".txt"), data)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("suffix", TEXTS)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a" * 100_000_000, id="100 MB in one line"),
        pytest.param(b"# a\n" * 1_000_000, id="a million headings"),
        pytest.param(b"a" * 1_900_000, id="one word"),
        pytest.param("Подпишитесь! ".encode() * 10_000, id="10,000 calls"),
        pytest.param("Хотите? ".encode() * 10_000, id="10,000 questions"),
        pytest.param(b". " * 50_000, id="sentences of nothing"),
        pytest.param("«".encode() * 100_000, id="quotes never closed"),
        pytest.param("想".encode() * 100_000, id="one Han character"),
        pytest.param(b"8 " * 100_000, id="almost telephone numbers"),
        pytest.param(b"a@" * 100_000, id="almost addresses"),
        pytest.param(b"[" * 500_000, id="brackets never closed"),
        pytest.param(b"[a](/" * 10_000, id="links never closed"),
        pytest.param(b"<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n" * 5_000, id="5,000 conflicts"),
        pytest.param(os.urandom(1_000_000), id="noise"),
    ],
)
def test_hostile_files_take_bounded_time(data: bytes, suffix: str) -> None:
    reading = read_bytes(data, suffix)
    assert all(problem.code != "reader-failed" for problem in reading.problems)
