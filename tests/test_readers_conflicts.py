"""A text with git conflict markers → its versions, whose lines keep their numbers."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.readers.conflicts import versions
from kb.readers.draft import NumberedText

ONE = "<<<<<<< HEAD\nнаш\n=======\nих\n>>>>>>> branch"
DIFF3 = "<<<<<<< ours\nнаш\n||||||| base\nбыло\n=======\nих\n>>>>>>> theirs"


def read(text: str) -> tuple[list[tuple[str, str]], list[tuple[int | None, str]]]:
    """The versions as (label, text), and the findings as (line, code)."""
    found, findings = versions(NumberedText.of(text))
    return [(v.label, v.text.text) for v in found], [(f.line, f.code) for f in findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("один\nдва", [("", "один\nдва")]),
        (f"до\n{ONE}\nпосле", [("HEAD", "до\nнаш\nпосле"), ("branch", "до\nих\nпосле")]),
        (DIFF3, [("ours", "наш"), ("theirs", "их")]),
        (f"{ONE}\nобщее\n{DIFF3}", [("HEAD", "наш\nобщее\nнаш"), ("branch", "их\nобщее\nих")]),
        ("<<<<<<<\na\n=======\n>>>>>>>", [("ours", "a"), ("theirs", "")]),
        (
            "<<<<<<< Updated upstream\r\na\n=======\nb\n>>>>>>> Stashed changes",
            [("Updated upstream", "a"), ("Stashed changes", "b")],
        ),
    ],
)
def test_versions(text: str, expected: list[tuple[str, str]]) -> None:
    found, _ = read(text)
    assert found == expected


def test_each_marker_is_reported_at_its_line() -> None:
    _, findings = read(f"до\n{ONE}\n{DIFF3}")
    assert findings == [(line, "merge-conflict") for line in (2, 4, 6, 7, 9, 11, 13)]


def test_lines_keep_their_numbers() -> None:
    ours, theirs = versions(NumberedText.of(f"до\n{ONE}\nпосле"))[0]
    assert list(ours.text.numbers) == [1, 3, 7]
    assert list(theirs.text.numbers) == [1, 5, 7]


@pytest.mark.parametrize(
    "text",
    [
        "Заголовок\n=======\n\nТекст",  # an underlined heading
        "=======\n=======",
        ">>>>>>> цитата в цитате",
        "||||||| a",
        "<<<<<<<< восемь",
        "<<<<<<<без пробела",
        " <<<<<<< отступ",
    ],
)
def test_what_is_no_conflict(text: str) -> None:
    assert read(text) == ([("", text)], [])


@pytest.mark.parametrize(
    ("text", "kept", "lines"),
    [
        ("a\n<<<<<<< HEAD\nb", "a\nb", [2]),
        ("<<<<<<< x\na\n>>>>>>> y", "a", [1, 3]),
        ("<<<<<<< x\na\n=======\nb", "a\n=======\nb", [1]),
        ("<<<<<<< x\n||||||| y\n>>>>>>> z\nb", "b", [1, 2, 3]),
    ],
)
def test_broken_markers_are_reported_and_the_text_is_kept(text: str, kept: str, lines: list[int]) -> None:
    assert read(text) == ([("", kept)], [(line, "broken-merge-conflict") for line in lines])


def test_a_broken_marker_before_a_sound_conflict() -> None:
    found, findings = read(f"<<<<<<< x\nобщее\n{ONE}")
    assert found == [("HEAD", "общее\nнаш"), ("branch", "общее\nих")]
    assert findings == [
        (1, "broken-merge-conflict"),
        (3, "merge-conflict"),
        (5, "merge-conflict"),
        (7, "merge-conflict"),
    ]


def test_an_underlined_heading_beside_a_conflict_stays() -> None:
    (_, ours), (_, theirs) = read(f"Заголовок\n=======\n{ONE}")[0]
    assert ours == "Заголовок\n=======\nнаш"
    assert theirs == "Заголовок\n=======\nих"


LINES = st.lists(st.sampled_from(["текст", "", "# Заголовок", "- пункт", "== не то =="]), max_size=4)


@given(st.lists(st.tuples(LINES, LINES, LINES), max_size=4), LINES)
def test_both_sides_come_out_whole(
    hunks: list[tuple[list[str], list[str], list[str]]], end: list[str]
) -> None:
    text = list(
        chain.from_iterable(
            [*shared, "<<<<<<< a", *ours, "=======", *theirs, ">>>>>>> b"] for shared, ours, theirs in hunks
        )
    )
    text += end
    found, findings = versions(NumberedText.of("\n".join(text)))
    sides = [[line for h in hunks for line in (*h[0], *h[side])] + end for side in (1, 2)]
    if hunks:
        assert [list(version.text.lines) for version in found] == sides
        assert len(findings) == 3 * len(hunks)
        for version in found:  # each line stands in the file where it says it does
            assert [text[number - 1] for number in version.text.numbers] == list(version.text.lines)
