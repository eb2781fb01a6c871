"""A pack made ready to be written: what every format says of it, said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from urllib.parse import quote, urlsplit

from kb.exporters.tables import Table, table_of
from kb.exporters.words import WORDS, Words
from kb.models import BlockKind, Excerpt, Pack, Question, Source
from kb.printable import printable

# Around a title, and around what is quoted within one.
_QUOTATION_MARKS = {"ru": ("«»", "„“"), "zh": ("《》", "〈〉"), "en": ("“”", "‘’")}


@dataclass(frozen=True)
class Edition:
    """A pack with all that is printed around it.

    `labels` are the names of principles in the pack's language, by id; `quiz` the questions that
    formats for learning add. `base_url` is where the product is reached, for links to articles that
    have no address of their own; without it they have none.
    """

    pack: Pack
    labels: Mapping[str, str] = field(default_factory=dict)
    quiz: Sequence[Question] = ()
    base_url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pack", printable(self.pack, Pack))
        object.__setattr__(self, "quiz", printable(tuple(self.quiz), tuple[Question, ...]))

    @property
    def words(self) -> Words:
        """The words around the excerpts."""
        return WORDS[self.pack.language]

    @cached_property
    def sources(self) -> tuple[Excerpt, ...]:
        """The first excerpt from each source, in the order of the pack: they are numbered from 1."""
        quoted = [one for excerpt in self.pack.excerpts for one in with_counterpart(excerpt)]
        first: dict[Source, Excerpt] = {}
        for excerpt in quoted:
            first.setdefault(excerpt.source, excerpt)
        return tuple(first.values())

    def number(self, excerpt: Excerpt) -> int:
        """The number of an excerpt's source."""
        return next(at for at, one in enumerate(self.sources, 1) if one.source == excerpt.source)

    def citation(self, source: Source) -> str:
        """Who wrote what, where and when: Анна Ли. «Жалоба как подарок». Журнал, 6 апреля 2026 г."""
        title = _in_quotation_marks(source.title, source.language)
        author = f"{source.author}{self.words.after_author}" if source.author else ""
        where = (source.publisher, source.published and self.words.date(source.published))
        rest = ", ".join(part for part in where if part)
        cited = f"{author}{title}" + (f"{self.words.between}{rest}" if rest else "")
        return cited if cited.endswith(self.words.stop) else f"{cited}{self.words.stop}"

    def licence(self, source: Source) -> str:
        """Under which terms it may be used: «Лицензия: CC BY 4.0»; nothing where it is not stated."""
        return f"{self.words.licence}{self.words.colon}{source.licence}" if source.licence else ""

    def quoted_on(self, excerpt: Excerpt) -> str:
        """When it was quoted, and from which version."""
        day = self.words.date(excerpt.quoted.date())
        return self.words.quoted_on.format(date=day, version=excerpt.source.version)

    def link(self, excerpt: Excerpt) -> str:
        """Where the article can be read, or nothing."""
        address = excerpt.source.url
        if urlsplit(address).scheme in ("http", "https"):
            return address
        if not self.base_url:
            return ""
        return (
            f"{self.base_url.rstrip('/')}/articles/{quote(excerpt.source.article)}#{quote(excerpt.passage)}"
        )

    def principles(self, excerpt: Excerpt) -> str:
        """The names of the principles it was tagged with: «эмпатия, доверие»."""
        return self.words.comma.join(self.labels.get(id, id) for id in excerpt.principles)

    def principles_line(self, excerpt: Excerpt) -> str:
        """The same as a line of its own: «Принципы: эмпатия, доверие»; nothing without any."""
        names = self.principles(excerpt)
        return f"{self.words.principles}{self.words.colon}{names}" if names else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an excerpt: what stands before a list item, how deep it stands, its text."""

    marker: str
    depth: int
    text: str

    @property
    def marked(self) -> str:
        """The text with what stands before it."""
        return f"{self.marker} {self.text}" if self.marker else self.text


def parts(excerpt: Excerpt) -> Iterator[Line | Table]:
    """The blocks of an excerpt as lines, and rows that follow each other as tables."""
    for is_row, blocks in groupby(excerpt.blocks, key=lambda block: block.kind is BlockKind.TABLE_ROW):
        if is_row:
            yield table_of(list(blocks))
            continue
        for block in blocks:
            is_item = block.kind is BlockKind.LIST_ITEM
            yield Line(block.marker if is_item else "", block.depth if is_item else 0, block.text)


def heading(excerpt: Excerpt) -> str:
    """What an excerpt is called: the innermost heading it stands under, else the article's title."""
    return next((text for text in reversed(excerpt.headings) if text.strip()), excerpt.source.title)


def path(excerpt: Excerpt) -> str:
    """Where it stands: article › chapter › section."""
    return " › ".join((excerpt.source.title, *excerpt.headings))


def with_counterpart(excerpt: Excerpt) -> Iterator[Excerpt]:
    """An excerpt, and what stands beside it."""
    yield excerpt
    if excerpt.counterpart:
        yield excerpt.counterpart


def _in_quotation_marks(title: str, language: str) -> str:
    """A title as its language quotes it: «„Это мой вопрос“: как довести обращение до конца»."""
    outer, inner = _QUOTATION_MARKS.get(language, _QUOTATION_MARKS["en"])
    return f"{outer[0]}{title.translate(str.maketrans(outer, inner))}{outer[1]}"
