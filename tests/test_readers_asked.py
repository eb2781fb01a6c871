"""What editors say is asked finds a passage, and changes nothing else about it."""

from __future__ import annotations

import pytest

import kb
from kb.models import TermKind
from tests.conftest import MakeBook, write_files

REFUND = "Возврат оформляет старший смены до конца дня."
QUEUE = "Очередь длиннее пяти человек — открываем вторую кассу."
PLAIN = f"# Касса\n\n{REFUND}\n\n{QUEUE}\n"
ELSEWHERE = "# Зал\n\nОчередь у входа — это очередь без хостес.\n"
ASKED = f"# Касса\n\n{REFUND}\n<!-- asked: кто может отдать деньги; 谁能退款; who can refund -->\n\n{QUEUE}\n"


@pytest.fixture(scope="module")
def asked_book(make_book) -> kb.KnowledgeBase:
    return make_book({"till.md": ASKED})


@pytest.mark.parametrize("typed", ["отдать деньги", "谁能退款", "退款", "who can refund", "who can refnud"])
def test_found_by_what_is_asked_in_any_language(asked_book: kb.KnowledgeBase, typed: str) -> None:
    hit = asked_book.search(typed).hits[0]
    assert hit.passage.text == REFUND
    assert hit.highlights == ()


def test_what_is_asked_is_not_in_the_text(asked_book: kb.KnowledgeBase) -> None:
    """Neither shown nor quoted, and no mention: it says nothing that a principle would be read from."""
    passage = asked_book.search("возврат").hits[0].passage
    assert "退款" not in passage.text and passage.principles == ()
    assert asked_book.search('"谁能退款"').total == 0
    assert asked_book.search('"отдать деньги"').total == 0


@pytest.mark.parametrize(("text", "place"), [(PLAIN, 1), (ASKED, 0)])
def test_what_is_asked_speaks_for_the_section_around(make_book: MakeBook, text: str, place: int) -> None:
    """Who asks about refunds at a queue wants the queue at the till, although another text names queues more."""
    book = make_book({"till.md": text, "hall.md": ELSEWHERE})
    found = [hit.passage.text for hit in book.search("who can refund очередь").hits]
    assert [one for one in found if "чередь" in one][place] == QUEUE


def test_asking_differently_keeps_ids_and_is_noticed(make_book: MakeBook) -> None:
    book = make_book({"till.md": PLAIN})
    before = [hit.passage.id for hit in book.search("возврат очередь").hits]
    assert book.search("谁能退款").total == 0
    write_files(book.settings.corpus, {"till.md": ASKED})
    assert book.index().changed == 1
    assert [hit.passage.id for hit in book.search("возврат очередь").hits] == before
    assert book.search("谁能退款").total == 1


def test_each_question_is_read_by_itself(asked_book: kb.KnowledgeBase) -> None:
    """What ends one and what begins the next are no pair of words."""
    passage, _ = asked_book.passage(asked_book.search("возврат").hits[0].passage.id)
    pairs = {
        term[1:] for term in asked_book.concepts.indexed_asked(passage).terms if term[0] == TermKind.PAIR
    }
    assert pairs >= {"отдать деньга", "能 退款", "who can"}
    assert pairs.isdisjoint({"деньга 谁", "退款 who"})
