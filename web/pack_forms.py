"""A pack as a form has it: rows of sections and excerpts, in order. The same for a draft, whose form
is its address, and for a pack that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from kb.errors import InvalidRequest
from kb.exporters import words_in
from kb.models import Pack
from kb.packs.outlines import MOST_EXCERPTS, Outline, OutlinedExcerpt, OutlinedSection

SECTION = "section"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the form: a section with its title (`extra`) and introduction (`text`), or an excerpt,
    by its passage's id, with the questions to ask (`extra`, one a line) and a note (`text`)."""

    item: str
    extra: str = ""
    text: str = ""

    @property
    def is_section(self) -> bool:
        """Whether it begins a section."""
        return self.item == SECTION


@dataclass(frozen=True, slots=True)
class PackForm:
    """What a form says of a pack. `beside` is the language of counterparts, or empty."""

    title: str = ""
    introduction: str = ""
    language: str = "en"
    beside: str = ""
    rows: tuple[Row, ...] = ()

    @classmethod
    def of(cls, sent: MultiDict[str, str], language: str) -> PackForm:
        """What was sent. Raises `InvalidRequest` for more rows than a pack may have."""
        items, extras, texts = (sent.getlist(name) for name in ("item", "extra", "text"))
        if len(items) > 2 * MOST_EXCERPTS:
            raise InvalidRequest(f"A pack has at most {MOST_EXCERPTS} excerpts.", "item")
        if not len(items) == len(extras) == len(texts):  # a short address names only the passages
            extras = texts = [""] * len(items)
        asked = sent.get("language", language)
        return cls(
            title=sent.get("title", ""),
            introduction=sent.get("introduction", ""),
            language=words_in(asked).tag,
            beside=sent.get("beside", ""),
            rows=tuple(map(Row, items, extras, texts)),
        )

    @classmethod
    def of_pack(cls, pack: Pack) -> PackForm:
        """The form that gives a pack."""
        rows: list[Row] = []
        for number, section in enumerate(pack.sections):
            if number or section.title or section.introduction:
                rows.append(Row(SECTION, section.title, section.introduction))
            rows += [Row(one.passage, "\n".join(one.questions), one.note) for one in section.excerpts]
        return cls(pack.title, pack.introduction, pack.language, rows=tuple(rows))

    @property
    def passages(self) -> tuple[str, ...]:
        """The ids of the passages, in order."""
        return tuple(row.item for row in self.rows if not row.is_section)

    def arranged(self, order: str) -> PackForm:
        """The form after a button was pressed: "up 3", "down 3", "remove 3" or "section 3", where rows
        count from 0. Anything else leaves it as it is."""
        verb, _, place = order.partition(" ")
        rows = list(self.rows)
        at = int(place) if place.isdecimal() and len(place) < 6 else -1
        if not 0 <= at < len(rows):
            return self
        match verb:
            case "up" if at:
                rows[at - 1 : at + 1] = rows[at], rows[at - 1]
            case "down":
                rows[at : at + 2] = reversed(rows[at : at + 2])
            case "remove":
                del rows[at]
            case "section":
                rows.insert(at, Row(SECTION))
        return replace(self, rows=tuple(rows))

    def with_passages(self, ids: Iterable[str]) -> PackForm:
        """The form with these passages at its end, those it has left out."""
        new = [Row(id) for id in dict.fromkeys(ids) if id not in self.passages]
        return replace(self, rows=(*self.rows, *new))

    def parameters(self) -> dict[str, Any]:
        """What an address needs to say to give the same form; nothing that is empty."""
        said: dict[str, Any] = {"title": self.title, "introduction": self.introduction, "beside": self.beside}
        said = {name: value for name, value in said.items() if value}
        if self.rows:
            said["item"] = [row.item for row in self.rows]
        if any(row.extra or row.text for row in self.rows):
            said["extra"] = [row.extra for row in self.rows]
            said["text"] = [row.text for row in self.rows]
        return said | {"language": self.language}

    def outline(self) -> Outline:
        """What pack the form asks for; what stands beside an excerpt stays."""
        sections: list[OutlinedSection] = []
        for row in self.rows:
            if row.is_section:
                sections.append(OutlinedSection(row.extra, row.text))
                continue
            excerpt = OutlinedExcerpt(row.item, row.text, tuple(row.extra.splitlines()))
            before = sections.pop() if sections else OutlinedSection()
            sections.append(replace(before, excerpts=(*before.excerpts, excerpt)))
        return Outline(self.title, tuple(sections), self.introduction, self.language)
