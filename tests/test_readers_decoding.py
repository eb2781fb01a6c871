"""Bytes → text: which encodings are recognised, what is refused, what is cleaned away."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import ReadingError
from kb.readers.decoding import MAX_CHARACTERS, MAX_LINES, clean, decode
from kb.readers.draft import Source

RUSSIAN = "Гость замечает мелочи раньше, чем меню. Поэтому смену начинают с обхода зала."
SIMPLIFIED = "顾客记住的往往是细节，所以每天开门之前要先巡场一遍，看到的问题都写进日志。"
TRADITIONAL = "顧客記住的往往是細節，所以每天開門之前要先巡場一遍，看到的問題都寫進日誌。"
FRENCH = "L'été dernier, la réception était fermée ; où était le gérant ? Très énervé, déjà parti."
JAPANESE = "お客様の声を聞くことが大切です。サービスの基準を決めましょう。毎日続けることです。"
KOREAN = "고객의 목소리를 듣는 것이 중요합니다. 서비스 기준을 정합시다. 매일 계속합시다."


def text_of(data: bytes) -> str:
    return decode(Source("a.txt", data)).text


def code_of(data: bytes) -> str:
    with pytest.raises(ReadingError) as caught:
        decode(Source("a.txt", data))
    return caught.value.code


# --- Encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN.upper() + RUSSIAN * 3, "cp1251"),
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"),
        (TRADITIONAL, "gb18030"),
        (TRADITIONAL, "big5"),
        (f"KANO and NPS: {RUSSIAN}", "cp1251"),
        ("plain ASCII", "ascii"),
    ],
)
def test_encodings_that_are_recognised(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


def test_big_endian_utf_16() -> None:
    assert text_of(codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be")) == RUSSIAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "mac-cyrillic"),
        (RUSSIAN, "iso8859-5"),
        (FRENCH, "latin-1"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (KOREAN, "euc-kr"),
        ("Сервис", "cp1251"),  # too little to be sure
    ],
)
def test_encodings_that_would_have_to_be_guessed(text: str, encoding: str) -> None:
    assert code_of(text.encode(encoding)) == "unknown-encoding"


def test_the_line_of_the_first_wrong_byte_is_told() -> None:
    with pytest.raises(ReadingError) as caught:
        decode(Source("a.txt", b"one\ntwo\nthr\xffee\n"))
    assert caught.value.line == 3
    assert "0xff" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (codecs.BOM_UTF8, "empty-file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary-file"),
        (RUSSIAN.encode("utf-16-le"), "binary-file"),  # without a mark nothing says what it is
        (codecs.BOM_UTF8 + b"\xff\xfe", "unknown-encoding"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "unknown-encoding"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, code: str) -> None:
    assert code_of(data) == code


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "data", [b"a" * (MAX_CHARACTERS + 1), b"a\n" * MAX_LINES, b"\xcf" * 5 * MAX_CHARACTERS]
)
def test_a_gigantic_text_is_refused_at_once(data: bytes) -> None:
    assert code_of(data) == "file-too-large"


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_reading_error(data: bytes) -> None:
    try:
        text = text_of(data)
    except ReadingError as error:
        assert error.code in ("empty-file", "binary-file", "unknown-encoding")
    else:
        assert clean(text) == text


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=("Cc", "Cf", "Cs"))))
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    if text.strip():
        assert text_of(text.encode()) == clean(text)


# --- Cleaning -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("и\u0306", "й"),
        ("кли\u00adент", "клиент"),
        ("сер\u200bвис\ufeff", "сервис"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("a\x07b\x1b[0m", "ab[0m"),
        ("a\u2028b\u0085c\x0cd", "a b c d"),  # an editor counts this as one line
        ("a\tb\u00a0c\u3000d", "a\tb\u00a0c\u3000d"),
        ("👨\u200d👩", "👨👩"),
    ],
)
def test_cleaning(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.text())
def test_cleaning_keeps_the_lines_and_is_done_once(raw: str) -> None:
    cleaned = clean(raw)
    assert cleaned.count("\n") == raw.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert clean(cleaned) == cleaned


@pytest.mark.timeout(60)
def test_a_tower_of_marks_falls_in_a_moment() -> None:
    cleaned = clean("а" + "\u0316\u0301" * 300_000)  # normalised as it is: minutes
    assert len(cleaned) <= 31
