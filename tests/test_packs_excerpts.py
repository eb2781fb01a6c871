"""Excerpts stay true: what was quoted is kept, and what became of it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidRequest, NotFound
from kb.knowledge_base import KnowledgeBase
from kb.models import Block, Excerpt, Wording
from kb.packs.excerpts import state_among
from tests.conftest import MakeBook, write_files

FIRST = "Поздоровайтесь первым и назовите себя, чтобы гость знал, с кем говорит."
QUOTED = "Кто услышал просьбу, тот отвечает за неё до конца и возвращается к гостю с ответом."
LAST = "Вечером запишите в журнал, какие просьбы остались без ответа и почему."
OTHER = "Скидки считает касса, их размер решает управляющий магазином раз в неделю."
ARTICLE = f"---\ntitle: Приём гостей\nauthor: Анна\ndate: 2026-04-06\nurl: https://example.org/a\nlicence: CC BY 4.0\n---\n\n## Встреча\n\n{FIRST}\n\n{QUOTED}\n\n{LAST}\n"


def quoted_in(book: KnowledgeBase, text: str = QUOTED) -> Excerpt:
    passages = [passage for article in book.articles() for passage in book.article(article.id)[1]]
    return book.excerpt(next(passage.id for passage in passages if passage.text == text))


def test_an_excerpt_keeps_all_that_it_is_cited_by(make_book: MakeBook) -> None:
    excerpt = quoted_in(make_book({"a.md": ARTICLE}))
    source = excerpt.source
    assert (excerpt.text, excerpt.headings) == (QUOTED, ("Встреча",))
    assert (source.title, source.author, source.url) == ("Приём гостей", "Анна", "https://example.org/a")
    assert (source.licence, str(source.published), source.locale) == ("CC BY 4.0", "2026-04-06", "ru")
    whole = f"{FIRST}\n{QUOTED}\n{LAST}"
    place = excerpt.position_selector
    assert whole[place.start : place.end] == QUOTED
    around = excerpt.quote_selector
    assert whole.index(around.prefix + around.exact + around.suffix) == place.start - len(around.prefix)
    assert len(around.prefix) == len(around.suffix) == 32


@pytest.mark.parametrize(
    ("after", "wording", "now"),
    [
        (ARTICLE, Wording.SAME, QUOTED),
        (
            ARTICLE.replace(FIRST, "Совсем другое начало, которого раньше не было вовсе."),
            Wording.SAME,
            QUOTED,
        ),
        (ARTICLE.replace(f"{FIRST}\n\n{QUOTED}", f"{QUOTED}\n\n{FIRST}"), Wording.SAME, QUOTED),
        (
            ARTICLE.replace("до конца и возвращается к гостю", "до самого конца и сам возвращается к гостю"),
            Wording.CHANGED,
            QUOTED.replace("до конца и возвращается к гостю", "до самого конца и сам возвращается к гостю"),
        ),
        # Rewritten between the same two neighbours.
        (
            ARTICLE.replace(QUOTED, "Услышали просьбу — отвечайте за неё, пока гость не получит ответа."),
            Wording.CHANGED,
            "Услышали просьбу — отвечайте за неё, пока гость не получит ответа.",
        ),
        (ARTICLE.replace(f"{QUOTED}\n\n", ""), Wording.GONE, None),
        (ARTICLE.replace(QUOTED, OTHER).replace(FIRST, OTHER[::-1]), Wording.GONE, OTHER),
    ],
)
def test_what_became_of_it(make_book: MakeBook, after: str, wording: Wording, now: str | None) -> None:
    book = make_book({"a.md": ARTICLE})
    excerpt = quoted_in(book)
    write_files(book.settings.corpus_path, {"a.md": after})
    book.index()
    state = book.state_of(excerpt)
    assert (state.wording, state.now and state.now.text) == (wording, now)
    assert excerpt.text == QUOTED, "what was quoted stays"


def test_a_renamed_article_and_one_that_is_gone(make_book: MakeBook) -> None:
    book = make_book({"a.md": ARTICLE})
    excerpt = quoted_in(book)
    write_files(book.settings.corpus_path, {"b.md": ARTICLE.replace("Приём гостей", "Другое имя")})
    book.index()
    state = book.state_of(excerpt)
    assert state.wording is Wording.MOVED
    assert state.now and (state.now.text, state.now.source.title) == (QUOTED, "Другое имя")
    write_files(book.settings.corpus_path, {"c.md": f"# Касса\n\n{OTHER}\n"})
    book.index()
    assert book.state_of(excerpt).wording is Wording.GONE


@given(edited=st.integers(0, 2), typed=st.text("абвгд ,", max_size=12), at=st.integers(0, 60))
def test_a_small_edit_never_loses_an_excerpt(
    edited: int, typed: str, at: int, small_book: tuple[KnowledgeBase, list[Excerpt]]
) -> None:
    """A few letters typed somewhere: every excerpt is the same, or known to be changed."""
    _, quotes = small_book
    now = list(quotes)
    block = now[edited].blocks[0]
    text = block.text[:at] + typed + block.text[at:]
    now[edited] = replace(now[edited], blocks=(Block(block.kind, text),))
    for number, excerpt in enumerate(quotes):
        state = state_among(excerpt, now)
        expected = Wording.CHANGED if number == edited and typed else Wording.SAME
        assert (state.wording, state.now) == (expected, now[number])


@pytest.fixture(scope="module")
def small_book(make_book: MakeBook) -> tuple[KnowledgeBase, list[Excerpt]]:
    book = make_book({"a.md": ARTICLE})
    return book, [quoted_in(book, text) for text in (FIRST, QUOTED, LAST)]


# --- Packs of them -------------------------------------------------------------------------------


def test_a_pack_keeps_the_order_and_takes_each_once(starter: KnowledgeBase) -> None:
    one, two = (starter.best_passages("ownership", code)[0][0].id for code in ("zh", "ru"))
    pack = starter.pack_from([one, two, one], "  Первая\n неделя ", "ru")
    assert [excerpt.passage for excerpt in pack.excerpts] == [one, two]
    assert (pack.title, pack.language) == ("Первая неделя", "ru")
    assert starter.pack_from([], language="zh-Hant").title == "摘錄集"


def test_counterparts_stand_beside_and_never_twice(starter: KnowledgeBase) -> None:
    pack = starter.pack_from([passage.id for passage, _ in starter.best_passages("ownership", "ru")])
    paired = starter.with_counterparts(pack, "zh")
    beside = [excerpt.counterpart for excerpt in paired.excerpts if excerpt.counterpart]
    assert len(beside) >= 3
    assert {excerpt.source.language for excerpt in beside} == {"zh"}
    assert len({excerpt.passage for excerpt in beside}) == len(beside)
    assert starter.with_counterparts(paired, "zh") == paired
    assert starter.with_counterparts(pack, "ru") == pack, "what is in Russian needs no Russian beside it"


def test_what_a_pack_cannot_be_made_of(starter: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        starter.pack_from(["nowhere"])
    with pytest.raises(InvalidRequest, match="“fr”"):
        starter.pack_from([], language="fr")
    with pytest.raises(InvalidRequest, match="“xx”"):
        starter.with_counterparts(starter.pack_from([]), "xx")
    with pytest.raises(NotFound, match="nothing"):
        starter.ready_made("nothing")
