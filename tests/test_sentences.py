"""A text → its sentences, as people who write Russian, Chinese and English part them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Раз. Два! Три? Четыре…", ["Раз.", "Два!", "Три?", "Четыре…"]),
        ("Он сказал: «Да.» Потом ушёл.", ["Он сказал: «Да.»", "Потом ушёл."]),
        ("И т. д., и т. п. в одном ряду.", ["И т. д., и т. п. в одном ряду."]),
        ("См. рис. 2 и ср. стр. 5.", ["См. рис. 2 и ср. стр. 5."]),
        ("А. С. Ким пишет. Мы читаем.", ["А. С. Ким пишет.", "Мы читаем."]),
        ("先听完。再道歉！“好的。”他说。", ["先听完。", "再道歉！", "“好的。”", "他说。"]),
        ("Конец. начало с маленькой", ["Конец. начало с маленькой"]),
        ("Без точки", ["Без точки"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(alphabet=st.sampled_from("абВ. !?…。！»” \n"), max_size=60))
def test_sentences_leave_only_white_space_between_them(text: str) -> None:
    end_of_last = 0
    for start, end in sentences(text):
        assert not text[end_of_last:start].strip()
        assert start < end
        end_of_last = end
    assert not text[end_of_last:].strip()
