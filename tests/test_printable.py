"""What no document or database can hold gives way to a sign that all of them can."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from lxml import etree

from kb.printable import printable
from tests.strategies import any_text


@dataclass(frozen=True)
class Note:
    text: str
    lines: tuple[str, ...] = ()
    number: int = 7


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("жалоба\t服务\n😀", "жалоба\t服务\n😀"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1fc\x7fd\x9fe", "a�b�c�d�e"),
        ("a\x85b", "a\x85b"),  # a line end that XML allows
        ("\ud83d half of a pair", "� half of a pair"),
        ("\ufffe\uffff", "��"),
        ("\ud7ff\ue000\ufffd", "\ud7ff\ue000\ufffd"),
    ],
)
def test_what_can_be_printed_stays(text: str, kept: str) -> None:
    assert printable(Note(text, (text, "и")), Note) == Note(kept, (kept, "и"))


@given(any_text())
def test_every_text_fits_into_xml_and_utf_8(text: str) -> None:
    cleaned = printable(Note(text), Note).text
    element = etree.Element("p")
    element.text = cleaned
    assert cleaned.encode() and len(cleaned) <= len(text) if text else cleaned == ""
