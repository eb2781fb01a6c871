"""What people write must outlive everything: on SQLite and PostgreSQL, from several writers at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import URL

from kb.errors import SettingsError, StoreUnavailable
from kb.models import Proposal, TagReview
from kb.store import Store, sqlite_url

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
TODAY = AT.date()
KEPT = timedelta(days=90)


# --- Reviews -------------------------------------------------------------------------------------


def test_what_was_put_is_there_for_the_next_process(store: Store, database_url: URL) -> None:
    review = TagReview("3f2a", "empathy", False, "Анна", AT, "ирония — не эмпатия 移情")
    store.reviews.put(review)
    store.close()
    later = Store(database_url)
    assert later.reviews.of() == [review]
    later.close()


def test_the_last_word_on_a_tag_holds(store: Store) -> None:
    store.reviews.put(TagReview("3f2a", "empathy", False, "Анна", AT))
    store.reviews.put(TagReview("3f2a", "empathy", True, "王芳", AT + timedelta(minutes=1)))
    store.reviews.put(TagReview("3f2a", "training", True, "Анна", AT))
    assert [(review.principle, review.reviewer) for review in store.reviews.of()] == [
        ("training", "Анна"),
        ("empathy", "王芳"),
    ]


def test_a_review_can_be_taken_back(store: Store) -> None:
    store.reviews.put(TagReview("3f2a", "empathy", False, "Анна", AT))
    assert store.reviews.drop("3f2a", "empathy")
    assert not store.reviews.drop("3f2a", "empathy")
    assert store.reviews.of() == []


def test_undoing_brings_back_what_was_said_before(store: Store) -> None:
    first = store.reviews.put(TagReview("3f2a", "empathy", False, "Анна", AT))
    second = store.reviews.put(TagReview("3f2a", "empathy", True, "王芳", AT))
    assert not store.reviews.undo(first), "another has overruled it"
    assert store.reviews.undo(second)
    assert [review.reviewer for review in store.reviews.of()] == ["Анна"]
    assert not store.reviews.undo(second), "it was undone"
    third = store.reviews.put(TagReview("3f2a", "empathy", True, "Олег", AT))
    assert third not in (first, second), "an old page must not undo it"
    assert store.reviews.one(second) is None
    assert store.reviews.undo(third) and store.reviews.undo(first)
    assert store.reviews.of() == []


def test_undoing_one_who_took_it_back(store: Store) -> None:
    store.reviews.put(TagReview("3f2a", "empathy", False, "Анна", AT))
    store.reviews.drop("3f2a", "empathy")
    again = store.reviews.put(TagReview("3f2a", "empathy", True, "Анна", AT))
    assert store.reviews.undo(again)
    assert store.reviews.of() == []


def test_only_those_of_some_passages(store: Store) -> None:
    for passage in ("a", "b", "c"):
        store.reviews.put(TagReview(passage, "empathy", False, "Анна", AT))
    assert [review.passage for review in store.reviews.of(["c", "a", "nowhere"])] == ["a", "c"]
    assert store.reviews.of([]) == []
    # An article may have more passages than a statement may have parameters.
    assert len(store.reviews.of([*(f"p{number}" for number in range(100_000)), "b"])) == 1


def test_times_are_kept_in_utc(store: Store) -> None:
    moscow = AT.astimezone(timezone(timedelta(hours=3)))
    store.reviews.put(TagReview("a", "empathy", False, "Анна", moscow))
    store.reviews.put(TagReview("b", "empathy", False, "Анна", AT - timedelta(minutes=1)))
    found = store.reviews.of()
    assert [review.passage for review in found] == ["b", "a"]
    assert found[1].at == AT
    assert found[1].at.utcoffset() == timedelta(0)


def test_long_and_odd_words(store: Store) -> None:
    review = TagReview("a", "p'); DROP TABLE reviews; --", True, "Ж" * 300, AT, "вот\nтак" * 1000)
    store.reviews.put(review)
    assert store.reviews.of() == [review]


def test_what_no_database_takes_is_left_out(store: Store) -> None:
    store.reviews.put(TagReview("a", "empathy", True, "Анна\0", AT, "полпары \ud83d и нуль \0"))
    (kept,) = store.reviews.of()
    assert (kept.reviewer, kept.reason) == ("Анна", "полпары ? и нуль ")


# --- The search log ------------------------------------------------------------------------------


def test_searches_are_counted_however_they_are_written(store: Store) -> None:
    for text, total in (("Эмпатия", 3), ("эмпатия ", 3), ("ЭМПАТИЯ", 4), ("移情", 2), ("zzqqx", 0)):
        store.searches.put(text, "ru", total, TODAY, KEPT)
    store.searches.put_opening(" эмпатия", "p1", TODAY, KEPT)
    store.searches.put_opening("Эмпатия", "p2", TODAY, KEPT)
    store.searches.put_opening("Эмпатия", "p2", TODAY, KEPT)
    first, *others = store.searches.most_frequent(10)
    assert (first.text, first.times, first.total, first.opened) == ("ЭМПАТИЯ", 3, 4, {"p2": 2, "p1": 1})
    assert list(first.opened) == ["p2", "p1"], "the one opened most comes first"
    assert {one.text for one in others} == {"移情", "zzqqx"}
    assert [one.text for one in store.searches.without_results(10)] == ["zzqqx"]
    assert len(store.searches.most_frequent(1)) == 1


def test_what_is_found_by_now_is_not_lost_any_more(store: Store) -> None:
    store.searches.put("тайный гость", "ru", 0, TODAY - timedelta(days=1), KEPT)
    store.searches.put("Тайный гость", "ru", 5, TODAY, KEPT)
    assert store.searches.without_results(10) == []


def test_searches_are_forgotten(store: Store) -> None:
    store.searches.put("old", "en", 1, TODAY - timedelta(days=91), KEPT)
    store.searches.put_opening("old", "p", TODAY - timedelta(days=91), KEPT)
    store.searches.put("recent", "en", 1, TODAY - timedelta(days=90), KEPT)
    store.searches.put("now", "en", 1, TODAY, KEPT)
    assert {one.text for one in store.searches.most_frequent(10)} == {"recent", "now"}
    store.searches.put("old", "en", 1, TODAY, KEPT)
    assert [one.opened for one in store.searches.most_frequent(10) if one.text == "old"] == [{}]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.org жалоба", "… жалоба"),
        ("+7 (912) 345-67-89 перезвонить", "… перезвонить"),
        ("карта 4276 1234 5678 9012", "карта …"),
        ("ISO 10002:2018", "ISO 10002:2018"),
        ("12 шагов", "12 шагов"),
        ("два  \n пробела", "два пробела"),
    ],
)
def test_what_tells_who_it_was_is_not_kept(store: Store, typed: str, kept: str) -> None:
    store.searches.put(typed, "ru", 0, TODAY, KEPT)
    assert [one.text for one in store.searches.most_frequent(10)] == [kept]


def test_a_term_is_proposed_once(store: Store) -> None:
    proposal = Proposal("Тайный гость", "ru", "Анна", AT)
    assert store.searches.propose(proposal)
    assert not store.searches.propose(Proposal("тайный гость", "ru", "Олег", AT))
    assert store.searches.proposals() == [proposal]
    assert store.searches.drop_proposal("тайный  гость")
    assert not store.searches.drop_proposal("тайный гость")


# --- The database --------------------------------------------------------------------------------


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    store.reviews.put(TagReview("a", "empathy", True, "Анна", AT))
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE reviews SET accepted = (1 = 0)")
        assert [review.accepted for review in store.reviews.of()] == [True]
    assert [review.accepted for review in store.reviews.of()] == [False]


def test_an_error_takes_all_of_a_change_back(store: Store) -> None:
    with pytest.raises(RuntimeError), store.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO proposals (key, text, language, proposer, at)"
            " VALUES ('a', 'a', 'en', 'a', '2026-01-01')"
        )
        raise RuntimeError
    assert store.searches.proposals() == []


@pytest.mark.parametrize("name", ["plain", "with space", "what? #1 100%41", "дом/服务"])
def test_a_file_of_any_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "servicebook.sqlite"
    file.parent.mkdir(parents=True)
    store = Store(sqlite_url(file))
    store.reviews.put(TagReview("a", "empathy", True, "Анна", AT))
    store.close()
    assert sqlite3.connect(file).execute("SELECT count(*) FROM reviews").fetchone() == (1,)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "it holds hashes of passwords"


@pytest.mark.parametrize("url", ["nonsense", "mysterious://host/db"])
def test_a_url_that_names_no_database(url: str) -> None:
    with pytest.raises(SettingsError, match="KB_DATABASE_URL"):
        Store(url).reviews.of()


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreUnavailable, match="folder"):
        Store(sqlite_url(tmp_path / "folder")).reviews.of()
    with pytest.raises(StoreUnavailable) as unavailable:
        Store("postgresql://kb:tiptop@127.0.0.1:1/kb").reviews.of()
    assert "tiptop" not in str(unavailable.value) and "127.0.0.1" in str(unavailable.value)


WRITERS, EACH = 4, 10


def _write(url: URL, number: int) -> None:
    store = Store(url)
    for turn in range(EACH):
        store.reviews.put(TagReview(f"{number}-{turn}", "empathy", True, str(number), AT))
        store.reviews.put(TagReview("shared", "empathy", turn % 2 == 0, str(number), AT))
    store.close()


def test_several_writers_at_once_lose_nothing(database_url: URL) -> None:
    """They also make the database at once, as two fresh servers would."""
    writers = [threading.Thread(target=_write, args=(database_url, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    store = Store(database_url)
    assert len(store.reviews.of()) == WRITERS * EACH + 1
    store.close()


def test_several_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "servicebook.sqlite")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(url, number)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    store = Store(url)
    assert len(store.reviews.of()) == 2 * EACH + 1
    store.close()


# --- Calls of the API ----------------------------------------------------------------------------


def test_calls_are_counted_until_their_window_ends(store: Store) -> None:
    minute = timedelta(minutes=1)
    later = AT + timedelta(seconds=59)
    assert [store.calls.count("a", minute, at) for at in (AT, AT, later)] == [1, 2, 3]
    assert store.calls.count("b", minute, later, 5) == 5
    assert store.calls.counted("a", later) == (3, AT + minute)
    assert store.calls.counted("a", AT + minute) == (0, AT + minute)
    assert store.calls.count("a", minute, AT + minute) == 1
    assert store.calls.counted("b", AT + minute) == (5, later + minute), "its own window goes on"


def test_windows_that_have_ended_are_cleared_away(store: Store) -> None:
    minute = timedelta(minutes=1)
    for caller in "abc":
        store.calls.count(caller, minute, AT)
    store.calls.count("d", minute, AT + 2 * minute)
    assert store.calls.forget() == 1


def test_calls_can_be_forgotten(store: Store) -> None:
    for caller in "abc":
        store.calls.count(caller, KEPT, AT)
    assert store.calls.forget("a") == 1
    assert store.calls.counted("a", AT) == (0, AT)
    assert store.calls.forget() == 2


def test_calls_at_once_are_all_counted(store: Store) -> None:
    counted: list[int] = []

    def call() -> None:
        for _ in range(5):
            counted.append(store.calls.count("a", KEPT, AT))  # noqa: PERF401

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted) == list(range(1, 21))
