"""Packs that are kept: who may see and change them, their history, their links.

A pack belongs to who made it. They and editors change it; whoever has its link reads it, until the
link is withdrawn. A change says which version it was made from, so that nobody overwrites another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kb.accounts import Action, may
from kb.errors import InvalidRequest, NotFound, PackChanged
from kb.models import Account, Excerpt, KeptPack, Pack, PackSection, PackVersion
from kb.packs.outlines import MOST_EXCERPTS
from kb.printable import printable
from kb.store import PackRows

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
_TRIES = 3  # to add to a pack that somebody else is changing


def _now() -> datetime:
    return datetime.now(UTC)


class Packs:
    """The packs in a store."""

    def __init__(self, rows: PackRows, clock: Callable[[], datetime] = _now) -> None:
        self._rows = rows
        self._clock = clock

    # --- Making and finding ---

    def keep(self, pack: Pack, owner: Account) -> KeptPack:
        """Keep a pack as its first version. Raises `InvalidRequest` for one that is too large."""
        # The address tells nothing: it is neither a number to count up nor the way to a shared pack.
        id = secrets.token_hex(6)
        self._rows.add(_checked(replace(pack, id=id)), owner, self._clock())
        return self.find(id)

    def find(self, id: str) -> KeptPack:
        """A pack, whoever asks: for the command line. Raises `NotFound`."""
        return self._found(self._rows.find(id), id)

    def open(self, id: str, account: Account | None) -> KeptPack:
        """A pack that this account may change. Raises `NotFound` also where it may not: whether there
        is such a pack is nobody else's business."""
        kept = self._rows.find(id)
        return self._found(kept if kept and _may_change(kept, account) else None, id)

    def shared(self, link: str) -> KeptPack:
        """The pack that a link leads to. Raises `NotFound`, also once the link was withdrawn."""
        return self._found(self._rows.find_by_link(link), link)

    def all(self, account: Account | None = None) -> Sequence[KeptPack]:
        """The packs that this account may change, or with None all of them; the last changed first."""
        everything = account is None or may(account, Action.CHANGE_OTHERS_PACKS)
        return self._rows.all(None if everything or account is None else account.id)

    def copy(self, kept: KeptPack, owner: Account, title: str = "") -> KeptPack:
        """A pack of one's own with what another holds now, under its title or another."""
        return self.keep(replace(kept.pack, title=title or kept.pack.title, author=owner.name), owner)

    # --- Changing ---

    def change(self, id: str, pack: Pack, based_on: int, account: Account) -> KeptPack:
        """Keep another version of a pack, made from version `based_on`.

        Raises `PackChanged` with the newest version when somebody has changed it since, `NotFound`
        and `InvalidRequest`.
        """
        self.open(id, account)
        return self._put(_checked(replace(pack, id=id)), based_on, account)

    def restore(self, id: str, number: int, based_on: int, account: Account) -> KeptPack:
        """Make the pack what it was in an earlier version; that is a new version, nothing is lost."""
        self.open(id, account)
        earlier = next((one for one in self.history(id) if one.number == number), None)
        if earlier is None:
            raise NotFound("version", str(number))
        return self._put(earlier.pack, based_on, account, restores=earlier.restores or number)

    def undo(self, id: str, based_on: int, account: Account) -> KeptPack:
        """Take the last change back; again, and the one before it goes too.

        Raises `InvalidRequest` when there is none left to take back.
        """
        self.open(id, account)
        versions = {one.number: one for one in self.history(id)}
        newest = versions.get(based_on)
        before = ((newest.restores or based_on) if newest else 1) - 1
        if before < 1:
            raise InvalidRequest("There is no change left to take back.", "version")
        return self.restore(id, before, based_on, account)

    def history(self, id: str) -> Sequence[PackVersion]:
        """All versions of a pack, the newest first."""
        return self._rows.versions(id)

    def delete(self, id: str, based_on: int, account: Account) -> None:
        """Delete a pack with its history. Raises `PackChanged` and `NotFound`."""
        self.open(id, account)
        if not self._rows.delete(id, based_on):
            raise self._changed(id)

    # --- Changing one excerpt ---

    def add_excerpt(
        self,
        id: str,
        excerpt: Excerpt,
        account: Account,
        section: int | None = None,
        place: int | None = None,
        based_on: int | None = None,
    ) -> KeptPack:
        """Put an excerpt into a section, by default the last, before the one at a place, by default at
        its end; both count from 0. One that is in the pack moves there and is quoted anew.

        This and the next two change the newest version, or `based_on` and nothing else: then they raise
        `PackChanged` when somebody has changed it since.
        """
        return self._revise(id, account, based_on, lambda pack: _placed(pack, excerpt, section, place))

    def move_excerpt(
        self,
        id: str,
        passage: str,
        account: Account,
        section: int | None = None,
        place: int | None = None,
        based_on: int | None = None,
    ) -> KeptPack:
        """Move an excerpt, by default within its section. Raises `NotFound` where it is not there."""

        def revised(pack: Pack) -> Pack:
            at, excerpt = _find(pack, passage)
            return _placed(pack, excerpt, at if section is None else section, place)

        return self._revise(id, account, based_on, revised)

    def remove_excerpt(
        self, id: str, passage: str, account: Account, based_on: int | None = None
    ) -> KeptPack:
        """Take an excerpt out of a pack. Raises `NotFound` where it is not there."""

        def revised(pack: Pack) -> Pack:
            _find(pack, passage)
            return _without(pack, passage)

        return self._revise(id, account, based_on, revised)

    def _revise(
        self, id: str, account: Account, based_on: int | None, revised: Callable[[Pack], Pack]
    ) -> KeptPack:
        for left in reversed(range(_TRIES)):
            kept = self.open(id, account)
            try:
                return self.change(id, revised(kept.pack), based_on or kept.version, account)
            except PackChanged:
                if based_on or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _put(self, pack: Pack, based_on: int, account: Account, restores: int | None = None) -> KeptPack:
        if not self._rows.put(pack, based_on, account.name, self._clock(), restores):
            raise self._changed(pack.id)
        return self.find(pack.id)

    def _changed(self, id: str) -> PackChanged:
        newest = self.find(id)
        return PackChanged(newest.pack.title, newest.version, newest.changed_by)

    # --- Sharing ---

    def share(self, id: str, account: Account) -> KeptPack:
        """Give a pack a link that cannot be guessed; one it has stays."""
        if not self.open(id, account).link:
            self._rows.set_link(id, secrets.token_urlsafe(24))
        return self.find(id)

    def withdraw(self, id: str, account: Account) -> KeptPack:
        """Let the link of a pack lead nowhere for good; sharing it again gives another."""
        self.open(id, account)
        self._rows.set_link(id, None)
        return self.find(id)

    def _found(self, kept: KeptPack | None, id: str) -> KeptPack:
        if kept is None:
            raise NotFound("pack", id)
        return kept


def _may_change(kept: KeptPack, account: Account | None) -> bool:
    """Whether an account may see and change a pack without its link."""
    is_own = account is not None and kept.owner_id == account.id and may(account, Action.KEEP_PACKS)
    return is_own or may(account, Action.CHANGE_OTHERS_PACKS)


def _find(pack: Pack, passage: str) -> tuple[int, Excerpt]:
    """The excerpt of a passage and the number of its section. Raises `NotFound`."""
    for number, section in enumerate(pack.sections):
        for excerpt in section.excerpts:
            if excerpt.passage == passage:
                return number, excerpt
    raise NotFound("excerpt", passage)


def _without(pack: Pack, passage: str) -> Pack:
    """A pack without the excerpt of a passage; sections stay, also empty ones."""
    return pack.with_each(lambda one: None if one.passage == passage else one)


def _placed(pack: Pack, excerpt: Excerpt, section: int | None, place: int | None) -> Pack:
    """A pack in which an excerpt stands at this place, and nowhere else. Raises `InvalidRequest`."""
    sections = list(_without(pack, excerpt.passage).sections) or [PackSection()]
    number = len(sections) - 1 if section is None else section
    if not 0 <= number < len(sections):
        raise InvalidRequest(f"The pack has the sections 0 to {len(sections) - 1}.", "section")
    excerpts = list(sections[number].excerpts)
    at = len(excerpts) if place is None else place
    if not 0 <= at <= len(excerpts):
        raise InvalidRequest(f"The section has the places 0 to {len(excerpts)}.", "place")
    excerpts.insert(at, excerpt)
    sections[number] = replace(sections[number], excerpts=tuple(excerpts))
    return replace(pack, sections=tuple(sections))


def _checked(pack: Pack) -> Pack:
    """The pack as it can be kept. Raises `InvalidRequest`."""
    pack = printable(pack, Pack)
    title = " ".join(pack.title.split())
    if not 0 < len(title) <= LONGEST_TITLE:
        raise InvalidRequest(f"The title of a pack has 1 to {LONGEST_TITLE} characters.", "title")
    if len(pack.excerpts) > MOST_EXCERPTS:
        raise InvalidRequest(f"A pack has at most {MOST_EXCERPTS} excerpts.", "excerpts")
    written = [pack.introduction]
    written += [text for section in pack.sections for text in (section.title, section.introduction)]
    written += [text for excerpt in pack.excerpts for text in (excerpt.note, *excerpt.questions)]
    if any(len(text) > LONGEST_TEXT for text in written):
        raise InvalidRequest(f"A text in a pack has at most {LONGEST_TEXT} characters.", "text")
    return replace(pack, title=title)
