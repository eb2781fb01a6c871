"""Kept packs: who may what, nobody overwrites another, nothing is lost. On every database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.errors import InvalidRequest, NotFound, PackChanged
from kb.models import Account, Block, BlockKind, Excerpt, KeptPack, Pack, PackSection, Role, Source
from kb.packs.kept import LONGEST_TEXT, LONGEST_TITLE, Packs
from kb.packs.outlines import MOST_EXCERPTS
from kb.store import Store

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
EXCERPT = Excerpt(
    "3f2a",
    Source("zhaloba", "Жалоба", "ru", "ru", "v1", published=AT.date()),
    (Block(BlockKind.LIST_ITEM, "“责任” — ответственность", marker="•"),),
    AT,
    note="заметка",
    questions=("谁？",),
)
PACK = Pack(
    "Первая неделя",
    (PackSection("一", "введение", (EXCERPT, replace(EXCERPT, passage="5bab", counterpart=EXCERPT))),),
    "Читать.",
    "ru",
    "Анна",
)


class Clock:
    """A minute later each time it is looked at."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def packs(store: Store) -> Packs:
    return Packs(store.packs, Clock())


@pytest.fixture
def people(store: Store) -> dict[str, Account]:
    """An account of each role, and a second trainer."""
    for key, role in (
        ("reader", Role.READER),
        ("anna", Role.TRAINER),
        ("wang", Role.TRAINER),
        ("oleg", Role.EDITOR),
        ("root", Role.ADMINISTRATOR),
    ):
        store.accounts.add(key, key, role, None, AT)
    return {stored.name: stored for stored in store.accounts.all()}


@pytest.fixture
def kept(packs: Packs, people: dict[str, Account]) -> KeptPack:
    return packs.keep(PACK, people["anna"])


def test_a_pack_comes_back_as_it_was_kept(packs: Packs, kept: KeptPack) -> None:
    found = packs.find(kept.pack.id)
    assert found == kept
    assert replace(found.pack, id="") == PACK
    assert (found.owner, found.version, found.changed_by, found.link) == ("anna", 1, "anna", None)


# --- Who may what --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("reader", False), ("anna", True), ("wang", False), ("oleg", True), ("root", True), (None, False)],
)
def test_who_may_open_and_change_a_pack(
    packs: Packs, people: dict[str, Account], kept: KeptPack, who: str | None, allowed: bool
) -> None:
    account = people[who] if who else None
    if allowed:
        assert packs.open(kept.pack.id, account) == kept
    else:
        with pytest.raises(NotFound, match="no pack"):
            packs.open(kept.pack.id, account)
    if account:
        assert (kept in packs.all(account)) is allowed
        for change in (
            lambda: packs.change(kept.pack.id, PACK, 1, account),
            lambda: packs.undo(kept.pack.id, packs.find(kept.pack.id).version, account),
            lambda: packs.restore(kept.pack.id, 1, packs.find(kept.pack.id).version, account),
            lambda: packs.share(kept.pack.id, account),
            lambda: packs.withdraw(kept.pack.id, account),
            lambda: packs.delete(kept.pack.id, packs.find(kept.pack.id).version, account),
        ):
            if allowed:
                change()
            else:
                with pytest.raises(NotFound):
                    change()


def test_who_is_made_a_reader_again_keeps_nothing(
    packs: Packs, people: dict[str, Account], kept: KeptPack
) -> None:
    with pytest.raises(NotFound):
        packs.open(kept.pack.id, replace(people["anna"], role=Role.READER))


def test_a_link_can_be_withdrawn(packs: Packs, people: dict[str, Account], kept: KeptPack) -> None:
    link = packs.share(kept.pack.id, people["anna"]).link
    assert link and len(link) >= 32
    assert packs.shared(link).pack == kept.pack
    assert packs.share(kept.pack.id, people["anna"]).link == link, "sharing again does not break it"
    packs.withdraw(kept.pack.id, people["anna"])
    with pytest.raises(NotFound):
        packs.shared(link)
    assert packs.share(kept.pack.id, people["anna"]).link != link


def test_a_copy_is_ones_own(packs: Packs, people: dict[str, Account], kept: KeptPack) -> None:
    copy = packs.copy(kept, people["wang"], "Моя")
    assert copy.pack.id != kept.pack.id
    assert (copy.owner, copy.version, copy.link) == ("wang", 1, None)
    assert copy.pack == replace(kept.pack, id=copy.pack.id, title="Моя", author="wang")
    packs.change(copy.pack.id, replace(copy.pack, sections=()), 1, people["wang"])
    assert packs.find(kept.pack.id) == kept
    assert [one.pack.id for one in packs.all(people["anna"])] == [kept.pack.id]
    assert [one.pack.id for one in packs.all()] == [copy.pack.id, kept.pack.id], "the last changed first"


# --- Changes -------------------------------------------------------------------------------------


def test_nobody_overwrites_another(packs: Packs, people: dict[str, Account], kept: KeptPack) -> None:
    packs.change(kept.pack.id, replace(PACK, title="Анна"), 1, people["anna"])
    with pytest.raises(PackChanged, match="anna has changed “Анна”") as refused:
        packs.change(kept.pack.id, replace(PACK, title="Олег"), 1, people["oleg"])
    assert (refused.value.changed_by, refused.value.version) == ("anna", 2)
    assert packs.find(kept.pack.id).pack.title == "Анна"
    merged = packs.change(kept.pack.id, replace(PACK, title="Анна и Олег"), 2, people["oleg"])
    assert (merged.version, merged.changed_by, merged.owner) == (3, "oleg", "anna")
    with pytest.raises(PackChanged):
        packs.delete(kept.pack.id, 2, people["anna"])
    with pytest.raises(PackChanged):
        packs.change(kept.pack.id, PACK, 9, people["anna"])


def test_of_many_at_once_one_wins(packs: Packs, people: dict[str, Account], kept: KeptPack) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def change(number: int) -> None:
        start.wait()
        try:
            packs.change(kept.pack.id, replace(PACK, title=f"№ {number}"), 1, people["anna"])
            outcomes.append("kept")
        except PackChanged:
            outcomes.append("refused")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", *["refused"] * 5]
    assert packs.find(kept.pack.id).version == 2


def test_every_change_can_be_taken_back(packs: Packs, people: dict[str, Account], kept: KeptPack) -> None:
    anna, id = people["anna"], kept.pack.id

    def titles() -> str:
        return packs.find(id).pack.title

    for version, title in enumerate("БВ", 1):
        packs.change(id, replace(PACK, title=title), version, anna)
    assert packs.undo(id, 3, anna).pack.title == "Б"
    assert packs.undo(id, 4, anna).pack.title == "Первая неделя"
    with pytest.raises(InvalidRequest, match="no change left"):
        packs.undo(id, 5, anna)
    assert packs.restore(id, 3, 5, anna).pack.title == "В", "what was taken back is not lost"
    assert packs.undo(id, 6, anna).pack.title == "Б"
    packs.change(id, replace(PACK, title="Г"), 7, anna)
    assert packs.undo(id, 8, anna).pack.title == "Б"
    history = packs.history(id)
    assert [one.number for one in history] == list(range(9, 0, -1))
    assert [one.pack.title for one in history] == [
        "Б",
        "Г",
        "Б",
        "В",
        "Первая неделя",
        "Б",
        "В",
        "Б",
        "Первая неделя",
    ]
    with pytest.raises(PackChanged):
        packs.undo(id, 8, anna)
    with pytest.raises(NotFound, match="version"):
        packs.restore(id, 99, 9, anna)


def test_a_deleted_pack_is_gone_with_its_history(
    packs: Packs, people: dict[str, Account], kept: KeptPack
) -> None:
    packs.delete(kept.pack.id, 1, people["anna"])
    assert packs.all() == [] and packs.history(kept.pack.id) == []
    with pytest.raises(NotFound):
        packs.find(kept.pack.id)


@pytest.mark.parametrize(
    "pack",
    [
        replace(PACK, title=" \n "),
        replace(PACK, title="я" * (LONGEST_TITLE + 1)),
        replace(PACK, introduction="я" * (LONGEST_TEXT + 1)),
        replace(PACK, sections=(PackSection("", "", (replace(EXCERPT, note="я" * (LONGEST_TEXT + 1)),)),)),
        replace(PACK, sections=(PackSection("", "", (EXCERPT,) * (MOST_EXCERPTS + 1)),)),
    ],
)
def test_what_is_too_large_to_keep(packs: Packs, people: dict[str, Account], pack: Pack) -> None:
    with pytest.raises(InvalidRequest):
        packs.keep(pack, people["anna"])
    assert packs.all() == []


def test_what_no_database_takes_is_replaced(packs: Packs, people: dict[str, Account]) -> None:
    kept = packs.keep(replace(PACK, title="a\0b", introduction="\ud83d\r\nx"), people["anna"])
    assert (kept.pack.title, kept.pack.introduction) == ("a\ufffdb", "\ufffd\nx")
