"""A pack as it is asked for: nothing of what was quoted changes, and nobody puts words into an article."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kb.errors import InvalidRequest, NotFound
from kb.models import Block, BlockKind, Excerpt, Pack, PackSection, Source
from kb.packs.outlines import (
    MOST_EXCERPTS,
    Outline,
    OutlinedExcerpt,
    OutlinedSection,
    assemble,
    outline_of,
    quoted_in,
    read_outline,
)

THEN, NOW = datetime(2026, 4, 6, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
SOURCE = Source("zhaloba", "Жалоба", "ru", "ru", "v1")


def excerpt(passage: str, quoted: datetime = THEN, **said: object) -> Excerpt:
    block = Block(BlockKind.PARAGRAPH, f"Слова {passage} на {quoted:%d.%m}.")
    return replace(Excerpt(passage, SOURCE, (block,), quoted), **said)  # type: ignore[arg-type]


def quote(passage: str) -> Excerpt:
    """What an index has: passages of one letter."""
    if len(passage) > 1:
        raise NotFound("passage", passage)
    return excerpt(passage, NOW)


def outline(*excerpts: OutlinedExcerpt, **said: object) -> Outline:
    return replace(Outline(sections=(OutlinedSection(excerpts=excerpts),)), **said)  # type: ignore[arg-type]


KEPT = Pack(
    "Неделя",
    (
        PackSection("Что", "вводная", (excerpt("a", note="заметка", counterpart=excerpt("z")), excerpt("b"))),
        PackSection("Как", "", (excerpt("c", questions=("Кто?",)),)),
    ),
    "Читать.",
    "ru",
)


def test_the_outline_of_a_pack_gives_the_pack_again() -> None:
    assert assemble(outline_of(KEPT), quoted_in(KEPT), quote) == (KEPT, ())


def test_what_was_quoted_stays_and_the_rest_is_quoted_now() -> None:
    pack, _ = assemble(outline(OutlinedExcerpt("b"), OutlinedExcerpt("d")), quoted_in(KEPT), quote)
    assert [(one.passage, one.quoted) for one in pack.excerpts] == [("b", THEN), ("d", NOW)]


def test_a_passage_is_in_it_once_and_what_is_gone_is_told() -> None:
    asked = outline(*(OutlinedExcerpt(id, note=id) for id in ("a", "gone", "b", "a", "gone")))
    pack, lost = assemble(replace(asked, sections=asked.sections * 2), {}, quote)
    assert [[one.passage for one in section.excerpts] for section in pack.sections] == [["a", "b"], []]
    assert lost == ("gone",)


@pytest.mark.parametrize(
    ("asked", "beside"),
    [(None, "z"), ("", None), ("d", "d"), ("z", "z")],
    ids=["as it was", "nothing", "another", "the same"],
)
def test_what_stands_beside(asked: str | None, beside: str | None) -> None:
    pack, _ = assemble(outline(OutlinedExcerpt("a", counterpart=asked)), quoted_in(KEPT), quote)
    (one,) = pack.excerpts
    assert (one.counterpart and one.counterpart.passage) == beside


def test_what_stands_beside_says_nothing_of_its_own() -> None:
    said = excerpt("z", note="заметка", questions=("Кто?",), counterpart=excerpt("y"))
    pack, _ = assemble(outline(OutlinedExcerpt("a", counterpart="z")), {"z": said}, quote)
    assert pack.excerpts[0].counterpart == excerpt("z")


def test_what_is_added_is_trimmed() -> None:
    asked = OutlinedExcerpt("a", " важно \n", (" Кто?", " ", "Зачем? "))
    pack, _ = assemble(outline(asked, title="  Первая\n неделя ", introduction=" Читать. \n"), {}, quote)
    assert (pack.title, pack.introduction) == ("Первая неделя", "Читать.")
    assert (pack.excerpts[0].note, pack.excerpts[0].questions) == ("важно", ("Кто?", "Зачем?"))


@pytest.mark.parametrize(("language", "title"), [("ru", "Подборка отрывков"), ("zh-Hant", "摘錄集")])
def test_a_pack_without_a_title_is_called_as_its_readers_say(language: str, title: str) -> None:
    assert assemble(Outline(" ", language=language), {}, quote)[0].title == title


def test_a_pack_has_so_many_excerpts_at_most() -> None:
    most = (OutlinedExcerpt("a"),) * MOST_EXCERPTS
    assert assemble(outline(*most), {}, quote)[0].excerpts
    with pytest.raises(InvalidRequest, match=str(MOST_EXCERPTS)):
        assemble(
            Outline(sections=(OutlinedSection(excerpts=most), OutlinedSection(excerpts=most[:1]))), {}, quote
        )


# --- In a file -----------------------------------------------------------------------------------


def test_a_file_gives_an_outline_without_the_words_of_passages() -> None:
    beside = {"passage": "z", "text": "чужие слова", "note": "не отсюда"}
    excerpts = [
        {"passage": "a", "text": "чужие слова", "note": "заметка", "counterpart": beside},
        {"passage": "b", "counterpart": None},
        {"passage": "c"},
    ]
    content = {
        "title": "Неделя",
        "language": "ru",
        "id": "x",
        "sections": [{"title": "Что", "excerpts": excerpts}],
    }
    assert read_outline(json.dumps(content).encode()) == Outline(
        "Неделя",
        (
            OutlinedSection(
                "Что",
                "",
                (
                    OutlinedExcerpt("a", "заметка", (), "z"),
                    OutlinedExcerpt("b", counterpart=""),
                    OutlinedExcerpt("c", counterpart=""),
                ),
            ),
        ),
        language="ru",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no pack"),
        (b"\xff", "no pack"),
        (b"[]", "object with sections"),
        (b"[" * 100_000, "no pack"),
        ('{"title": "Неделя"}'.encode(), "object with sections"),
        (
            b'{"sections": [{"excerpts": [{"note": "a"}]}]}',
            r"`passage` - at `\$.sections\[0\].excerpts\[0\]`",
        ),
        (b'{"sections": [{"title": 1}]}', r"\$.sections\[0\].title"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_no_pack_can_be_made_of(content: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read_outline(content)
