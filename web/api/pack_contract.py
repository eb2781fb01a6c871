"""What programs may say of packs and of tags, and what they get: parameters, bodies, answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, RootModel

from kb.exporters import EXPORTERS
from kb.exporters.words import WORDS
from kb.models import ExcerptState, KeptPack, Pack, PackVersion, Question, TagReview
from kb.packs.kept import LONGEST_TEXT, LONGEST_TITLE
from kb.packs.outlines import MOST_EXCERPTS, Outline, OutlinedExcerpt, OutlinedSection
from web.api.contract import Body, Id, Language, Paging, Parameters, example, one_of

_MOST_QUESTIONS = 50  # of one excerpt
_LONGEST_REASON = 500

if TYPE_CHECKING:
    InterfaceLanguage = str
    Form = str
else:
    InterfaceLanguage = one_of(WORDS, "language")
    Form = one_of(EXPORTERS, "format")

# --- Parameters ----------------------------------------------------------------------------------

_BESIDE = "Put what says nearly the same in this language beside each passage that has nothing beside it."
_Place = Annotated[int | None, Field(None, ge=0, le=MOST_EXCERPTS)]


class DraftParameters(Parameters):
    """What shall stand beside the passages of a pack."""

    counterparts: Language | None = Field(None, description=_BESIDE)


class ReadyMadeParameters(DraftParameters):
    """In which language, and what beside it."""

    language: InterfaceLanguage = Field("en", description="Of the words around the passages.")


class ExportParameters(Parameters):
    """As which file."""

    format: Form = Field(description="The format of the file.", examples=["docx"])


class DraftExportParameters(ExportParameters, DraftParameters):
    """As which file, and what beside the passages."""


class ReviewsParameters(Paging):
    """A page of what was said of tags."""

    passage: str = Field("", max_length=200, description="Only of this passage.")
    principle: str = Field("", max_length=200, description="Only of this principle.")


_PASSAGE = "cdc1836e4b8e"

# --- Bodies --------------------------------------------------------------------------------------


class ExcerptBody(Body):
    """A passage, and what a trainer adds to it. `counterpart` is the id of the passage beside it."""

    passage: Id
    note: str = Field("", max_length=LONGEST_TEXT)
    questions: list[Annotated[str, Field(max_length=LONGEST_TEXT)]] = Field([], max_length=_MOST_QUESTIONS)
    counterpart: str = Field("", max_length=200)

    def outlined(self) -> OutlinedExcerpt:
        """As the library takes it."""
        return OutlinedExcerpt(self.passage, self.note, tuple(self.questions), self.counterpart)


class SectionBody(Body):
    """Passages under a title, which may be empty."""

    title: str = Field("", max_length=LONGEST_TITLE)
    introduction: str = Field("", max_length=LONGEST_TEXT)
    excerpts: list[ExcerptBody] = Field([], max_length=MOST_EXCERPTS)


class PackBody(Body):
    """A pack as it shall be. Passages are named by their ids; their words come from the articles."""

    model_config = example(
        title="The first week",
        language="en",
        sections=[
            {
                "title": "What it is",
                "excerpts": [{"passage": _PASSAGE, "note": "Read it aloud.", "questions": ["Who is asked?"]}],
            }
        ],
    )

    title: str = Field("", max_length=LONGEST_TITLE)
    introduction: str = Field("", max_length=LONGEST_TEXT)
    language: InterfaceLanguage = Field("en", description="Of the words around the passages.")
    sections: list[SectionBody] = Field([], max_length=MOST_EXCERPTS)

    def outline(self) -> Outline:
        """As the library takes it."""
        sections = tuple(
            OutlinedSection(
                one.title, one.introduction, tuple(excerpt.outlined() for excerpt in one.excerpts)
            )
            for one in self.sections
        )
        return Outline(self.title, sections, self.introduction, self.language)


class DraftBody(PackBody):
    """A pack that is not kept there. `id` is what it is told by: an Anki deck with the same one is
    updated, not doubled, and the same quiz is asked again."""

    id: str = Field("", max_length=100)


class PlacedExcerptBody(ExcerptBody):
    """An excerpt and where it goes: by default at the end of the last section. Both count from 0."""

    model_config = example(passage=_PASSAGE, note="Read it aloud.", section=0, place=0)

    section: _Place
    place: _Place


class PlaceBody(Body):
    """Where an excerpt goes: by default to the end of its section. Both count from 0."""

    model_config = example(section=0, place=0)

    section: _Place
    place: _Place


class CopyBody(Body):
    """What a copy is called; by default as the pack itself."""

    model_config = example(title="The second week")

    title: str = Field("", max_length=LONGEST_TITLE)


class ReviewBody(Body):
    """A word on a tag: the passage speaks of the principle (`accepted`) or does not."""

    model_config = example(passage=_PASSAGE, principle="empathy", accepted=True, reason="It defines it.")

    passage: Id
    principle: Id
    accepted: bool
    reason: str = Field("", max_length=_LONGEST_REASON)


# --- Answers -------------------------------------------------------------------------------------


class PackAnswer(RootModel[Pack]):
    """A pack with its passages as they are quoted."""


class KeptPackAnswer(RootModel[KeptPack]):
    """A pack that is kept, in its newest version."""


class PackRecord(BaseModel):
    """A pack without its contents. `excerpts` counts its passages; `link` is the secret part of the
    address for readers while it is shared."""

    id: str
    title: str
    language: str
    author: str
    excerpts: int
    owner: str
    version: int
    changed: datetime
    changed_by: str
    link: str | None


class PackList(BaseModel):
    """A page of packs, the last changed first; editors see everybody's."""

    total: int
    packs: list[PackRecord]
    next: str | None


class VersionList(BaseModel):
    """A page of the versions of a pack, the newest first. `restores` is the number of the one that it
    brought back."""

    total: int
    versions: list[PackVersion]
    next: str | None


class ExcerptWording(BaseModel):
    """How an excerpt stands to its article now. `now` is how it would be quoted today."""

    passage: str
    state: ExcerptState


class Wordings(BaseModel):
    """What has become of the words of each excerpt, in the order of the pack."""

    excerpts: list[ExcerptWording]


class Quiz(BaseModel):
    """Multiple-choice questions; `right` is the number of the right choice, from 0."""

    questions: list[Question]


class Deleted(BaseModel):
    """The id of what was deleted."""

    deleted: str


class ReviewAnswer(RootModel[TagReview]):
    """What somebody said of a tag."""


class ReviewList(BaseModel):
    """A page of reviews that hold, the oldest first."""

    total: int
    reviews: list[TagReview]
    next: str | None


class Undone(BaseModel):
    """Whether the review still held; one that another has overruled stays as it is."""

    undone: bool
