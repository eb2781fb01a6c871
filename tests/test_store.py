"""What people write must outlive everything: in an SQLite file, from several processes at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kb.models import TagReview
from kb.store import Store

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "servicebook.sqlite"


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{place}")
    yield store
    store.close()


def test_what_was_put_is_there_for_the_next_process(store: Store, place: Path) -> None:
    review = TagReview("3f2a", "empathy", False, "Анна", AT, "ирония — 不算")
    store.put_review(review)
    store.close()
    later = Store(f"sqlite:///{place}")
    assert later.reviews() == [review]
    later.close()


def test_a_later_review_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store.put_review(TagReview("3f2a", "empathy", False, "Анна", AT))
    store.put_review(TagReview("3f2a", "empathy", True, "王芳", AT + timedelta(minutes=1)))
    store.put_review(TagReview("3f2a", "training", True, "Анна", AT))
    assert [(review.principle, review.reviewer) for review in store.reviews()] == [
        ("training", "Анна"),
        ("empathy", "王芳"),
    ]


def test_a_review_can_be_taken_back(store: Store) -> None:
    store.put_review(TagReview("3f2a", "empathy", False, "Анна", AT))
    assert store.drop_review("3f2a", "empathy")
    assert not store.drop_review("3f2a", "empathy")
    assert store.reviews() == []


def test_only_those_of_some_passages(store: Store) -> None:
    for passage in ("a", "b", "c"):
        store.put_review(TagReview(passage, "empathy", False, "Анна", AT))
    assert [review.passage for review in store.reviews(["c", "a", "nowhere"])] == ["a", "c"]
    assert store.reviews([]) == []
    # An article may have more passages than a statement may have parameters.
    assert len(store.reviews([*(f"p{number}" for number in range(100_000)), "b"])) == 1


def test_times_are_kept_in_utc(store: Store) -> None:
    moscow = AT.astimezone(timezone(timedelta(hours=3)))
    store.put_review(TagReview("a", "empathy", False, "Анна", moscow))
    store.put_review(TagReview("b", "empathy", False, "Анна", AT - timedelta(minutes=1)))
    found = store.reviews()
    assert [review.passage for review in found] == ["b", "a"]
    assert found[1].at == AT
    assert found[1].at.utcoffset() == timedelta(0)


def test_long_and_odd_words(store: Store) -> None:
    review = TagReview("a", "p'); DROP TABLE tag_reviews; --", True, "Ж" * 300, AT, "вот\nтак" * 1000)
    store.put_review(review)
    assert store.reviews() == [review]


def test_readers_do_not_wait_for_a_writer(store: Store, place: Path) -> None:
    store.put_review(TagReview("a", "empathy", True, "Анна", AT))
    other = sqlite3.connect(place)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE tag_reviews SET accepted = 0")
    assert [review.accepted for review in store.reviews()] == [True]
    other.rollback()
    other.close()


PROCESSES, EACH = 4, 25


def _write(url: str, number: int) -> None:
    store = Store(url)
    for turn in range(EACH):
        store.put_review(TagReview(f"{number}-{turn}", "empathy", True, str(number), AT))
        store.put_review(TagReview("shared", "empathy", turn % 2 == 0, str(number), AT))
    store.close()


def test_several_processes_at_once_lose_nothing(place: Path) -> None:
    """They also make the database at once, as two fresh servers would."""
    url = f"sqlite:///{place}"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(url, number)) for number in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    store = Store(url)
    assert len(store.reviews()) == PROCESSES * EACH + 1
    store.close()
