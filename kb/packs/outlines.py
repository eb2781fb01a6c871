"""A pack as somebody asks for it: what passages, in what order, with what words around them.

Forms of pages, programs and commands name passages by their ids; the words of a passage come from
the knowledge base, so that nobody can put any into an article's mouth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from kb.errors import InvalidRequest, NotFound
from kb.exporters import with_counterpart, words_in
from kb.models import Excerpt, Pack, PackSection

MOST_EXCERPTS = 500
"""How many passages a pack may have."""

Quote = Callable[[str], Excerpt]
"""Gives a passage as it is quoted now, by its id, or raises `NotFound`."""


@dataclass(frozen=True, slots=True)
class OutlinedExcerpt:
    """A passage, and what a trainer adds to it. With `counterpart` that passage stands beside it, with
    an empty one nothing does, and with None what has stood there."""

    passage: str
    note: str = ""
    questions: tuple[str, ...] = ()
    counterpart: str | None = None


@dataclass(frozen=True, slots=True)
class OutlinedSection:
    """Passages under a title, which may be empty."""

    title: str = ""
    introduction: str = ""
    excerpts: tuple[OutlinedExcerpt, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A pack without the words of its passages; `language` is that of the words around them."""

    title: str = ""
    sections: tuple[OutlinedSection, ...] = ()
    introduction: str = ""
    language: str = "en"


def outline_of(pack: Pack) -> Outline:
    """The outline that gives a pack."""
    sections = tuple(
        OutlinedSection(section.title, section.introduction, tuple(map(_outlined, section.excerpts)))
        for section in pack.sections
    )
    return Outline(pack.title, sections, pack.introduction, pack.language)


def _outlined(excerpt: Excerpt) -> OutlinedExcerpt:
    beside = excerpt.counterpart.passage if excerpt.counterpart else ""
    return OutlinedExcerpt(excerpt.passage, excerpt.note, excerpt.questions, beside)


def read_outline(content: bytes) -> Outline:
    """The outline in a JSON file: as programs send it, or of a pack that was exported as JSON.

    Words of passages in it are passed over. Raises `InvalidRequest` that says where it is wrong.
    """
    try:
        found = msgspec.json.decode(content)
        if not isinstance(found, dict) or "sections" not in found:
            raise InvalidRequest("A pack is an object with sections: export one as JSON to see.", "file")
        return msgspec.convert(_naming_counterparts(found), Outline)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"This is no pack: {error}.", "file") from error


def _naming_counterparts(value: Any) -> Any:
    """A pack in which counterparts are the ids of their passages, not excerpts themselves."""
    match value:
        case list():
            return [_naming_counterparts(one) for one in value]
        case {"passage": _, "counterpart": {"passage": beside}}:
            return {**value, "counterpart": beside}
        case {"passage": _}:
            return {**value, "counterpart": value.get("counterpart") or ""}
        case dict():
            return {name: _naming_counterparts(one) for name, one in value.items()}
    return value


def quoted_in(pack: Pack) -> dict[str, Excerpt]:
    """What a pack quotes, by the ids of the passages; counterparts too."""
    beside = [one for excerpt in pack.excerpts for one in with_counterpart(excerpt)]
    return {one.passage: one for one in (*beside, *pack.excerpts)}


def assemble(outline: Outline, quoted: Mapping[str, Excerpt], quote: Quote) -> tuple[Pack, tuple[str, ...]]:
    """The pack of an outline, and the ids of passages that there are no more. Each is in it once.

    What was `quoted` already, by these ids, stays as it was quoted; the others are quoted now. Raises
    `InvalidRequest` for an unknown language and for more passages than a pack may have.
    """
    if sum(len(section.excerpts) for section in outline.sections) > MOST_EXCERPTS:
        raise InvalidRequest(f"A pack has at most {MOST_EXCERPTS} excerpts.", "excerpts")
    untitled = words_in(outline.language).untitled
    seen: set[str] = set()
    lost: list[str] = []

    def excerpts(section: OutlinedSection) -> Iterable[Excerpt]:
        for asked in section.excerpts:
            if asked.passage not in seen:
                seen.add(asked.passage)
                try:
                    yield _excerpt(asked, quoted, quote)
                except NotFound as missing:
                    lost.append(missing.id)

    sections = tuple(
        PackSection(section.title, section.introduction, tuple(excerpts(section)))
        for section in outline.sections
    )
    title = " ".join(outline.title.split()) or untitled
    return Pack(title, sections, outline.introduction.strip(), outline.language), tuple(lost)


def _excerpt(asked: OutlinedExcerpt, quoted: Mapping[str, Excerpt], quote: Quote) -> Excerpt:
    excerpt = quoted.get(asked.passage) or quote(asked.passage)
    if asked.counterpart is not None:
        beside = (quoted.get(asked.counterpart) or quote(asked.counterpart)) if asked.counterpart else None
        excerpt = replace(excerpt, counterpart=beside and bare(beside))
    questions = tuple(question.strip() for question in asked.questions if question.strip())
    return replace(excerpt, note=asked.note.strip(), questions=questions)


def bare(excerpt: Excerpt) -> Excerpt:
    """An excerpt as one may stand beside another: without what was added to it."""
    return replace(excerpt, note="", questions=(), counterpart=None)
