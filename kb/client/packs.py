"""Packs that a Servicebook elsewhere keeps: the calls of `kb.packs.kept.Packs` over HTTP.

They are the packs of the account that the key acts for, so no call names one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from kb.client.calls import Calls, noun, path_segment, without_none
from kb.errors import NotFound
from kb.json import plain
from kb.models import ExcerptState, KeptPack, Pack, PackVersion, Question
from kb.packs.outlines import outline_of


class ClientPacks:
    """Packs that are kept there, for a key with the scope `packs`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    # --- Making and finding ---

    def keep(self, pack: Pack) -> KeptPack:
        """`Packs.keep`; passages are quoted there as they are now. Raises `NotFound` for one that is gone."""
        return self._send("POST", "packs", json=body_of(pack))

    def open(self, id: str) -> KeptPack:
        """`Packs.open`."""
        return self._send("GET", f"packs/{path_segment(id)}")

    def shared(self, link: str) -> Pack:
        """The pack that a link leads to; who keeps it is not told."""
        return noun(Pack, self._calls.get(f"shared-packs/{path_segment(link)}"))

    def all(self) -> Sequence[KeptPack]:
        """`Packs.all`."""
        found = []
        for id in [one["id"] for one in self._calls.items("packs", "packs", {"fields": "id"})]:
            with suppress(NotFound):  # deleted since
                found.append(self.open(id))
        return found

    def copy(self, kept: KeptPack, title: str = "") -> KeptPack:
        """`Packs.copy`."""
        return self._send("POST", f"packs/{path_segment(kept.pack.id)}/copy", json={"title": title})

    def copy_shared(self, link: str, title: str = "") -> KeptPack:
        """A pack of one's own with what the pack that a link leads to holds now."""
        return self._send("POST", f"shared-packs/{path_segment(link)}/copy", json={"title": title})

    # --- Changing ---

    def change(self, id: str, pack: Pack, based_on: int) -> KeptPack:
        """`Packs.change`; what the pack quotes there already stays as it was quoted."""
        return self._send(
            "PUT", f"packs/{path_segment(id)}", json=body_of(pack), headers=_made_from(based_on)
        )

    def restore(self, id: str, number: int, based_on: int) -> KeptPack:
        """`Packs.restore`."""
        path = f"packs/{path_segment(id)}/versions/{number}/restore"
        return self._send("POST", path, headers=_made_from(based_on))

    def undo(self, id: str, based_on: int) -> KeptPack:
        """`Packs.undo`."""
        return self._send("POST", f"packs/{path_segment(id)}/undo", headers=_made_from(based_on))

    def history(self, id: str) -> Sequence[PackVersion]:
        """`Packs.history`."""
        return noun(
            list[PackVersion], list(self._calls.items(f"packs/{path_segment(id)}/versions", "versions"))
        )

    def delete(self, id: str, based_on: int) -> None:
        """`Packs.delete`."""
        self._calls.send("DELETE", f"packs/{path_segment(id)}", headers=_made_from(based_on))

    # --- Changing one excerpt ---

    def add_excerpt(
        self,
        id: str,
        passage: str,
        section: int | None = None,
        place: int | None = None,
        based_on: int | None = None,
    ) -> KeptPack:
        """`Packs.add_excerpt` of a passage, by its id."""
        return self._send(
            "POST",
            f"packs/{path_segment(id)}/excerpts",
            json=without_none({"passage": passage, "section": section, "place": place}),
            headers=_made_from(based_on),
        )

    def move_excerpt(
        self,
        id: str,
        passage: str,
        section: int | None = None,
        place: int | None = None,
        based_on: int | None = None,
    ) -> KeptPack:
        """`Packs.move_excerpt`."""
        return self._send(
            "PATCH",
            f"packs/{path_segment(id)}/excerpts/{path_segment(passage)}",
            json=without_none({"section": section, "place": place}),
            headers=_made_from(based_on),
        )

    def remove_excerpt(self, id: str, passage: str, based_on: int | None = None) -> KeptPack:
        """`Packs.remove_excerpt`."""
        path = f"packs/{path_segment(id)}/excerpts/{path_segment(passage)}"
        return self._send("DELETE", path, headers=_made_from(based_on))

    def states(self, id: str) -> Mapping[str, ExcerptState]:
        """`KnowledgeBase.state_of` for each excerpt of a pack, by the id of its passage."""
        found = self._calls.get(f"packs/{path_segment(id)}/wording")["excerpts"]
        return {one["passage"]: noun(ExcerptState, one["state"]) for one in found}

    # --- Handing on ---

    def share(self, id: str) -> KeptPack:
        """`Packs.share`."""
        return self._send("PUT", f"packs/{path_segment(id)}/link")

    def withdraw(self, id: str) -> KeptPack:
        """`Packs.withdraw`."""
        return self._send("DELETE", f"packs/{path_segment(id)}/link")

    def export(self, id: str, form: str) -> bytes:
        """A kept pack as a file, with what it quotes as it was quoted."""
        return self._calls.fetch("GET", f"packs/{path_segment(id)}/export", params={"format": form})

    def quiz(self, id: str) -> tuple[Question, ...]:
        """The questions of a kept pack."""
        return noun(tuple[Question, ...], self._calls.get(f"packs/{path_segment(id)}/quiz")["questions"])

    def _send(self, method: str, path: str, **options: Any) -> KeptPack:
        return noun(KeptPack, self._calls.send(method, path, **options))


def body_of(pack: Pack) -> dict[str, Any]:
    """A pack as it is sent: passages by their ids, their words are there."""
    body: dict[str, Any] = plain(outline_of(pack))
    return body


def _made_from(version: int | None) -> dict[str, str]:
    """The header that refuses a change where somebody else has made another since."""
    return {} if version is None else {"If-Match": f'"{version}"'}
