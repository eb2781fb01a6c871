"""Every noun of Servicebook, as frozen dataclasses that know nothing of files, engines or the web.

All offsets are code-point offsets, half-open: `text[start:end]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

import msgspec

Span = tuple[int, int]
"""A half-open range of code points in a text: `text[start:end]`."""


# --- What is read -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, or was left out, while a file was read.

    `code` is stable and kebab-case. `line` counts from 1 and is None when the whole file is meant; in
    a format without lines it counts the paragraphs, list items and rows, the slides or the pages.
    `severity` is "error" when the file could not be read, "warning" when an editor should look,
    and "notice" when something was rightly left out (an advertisement, a list of links).
    """

    file: str
    line: int | None
    code: str
    message: str
    severity: str = "warning"

    @property
    def is_error(self) -> bool:
        """Whether it is an error, neither a warning nor a notice."""
        return self.severity == "error"


@dataclass(frozen=True, slots=True)
class Link:
    """A hyperlink on part of a block's text. `url` is http, https, mailto or a relative path."""

    start: int
    end: int
    url: str


CELL_SEPARATOR = " | "
"""What stands between the cells of a table row."""

HEADER_ROW = "header"
"""The marker of the row that heads a table."""


class BlockKind(StrEnum):
    """What a block is on the page; decides how it is shown, not how it is searched."""

    PARAGRAPH = "paragraph"
    LIST_ITEM = "list-item"
    QUOTE = "quote"
    TABLE_ROW = "table-row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list item, quote or table row: plain text without markup.

    `marker` is what stands before a list item ("•", "1.") and empty in its further paragraphs; the
    row that heads a table has "header". `depth` is the nesting of lists or quotes, counted from 0.
    The cells of a table row are separated by " | ". `line` is the line of the file it begins on.
    `asked` is what people type when this is what they need, in any language: its editor says so, and
    it is found by that as by its headings, and its neighbours as by text of their section.
    """

    kind: BlockKind
    text: str
    line: int | None = None
    links: tuple[Link, ...] = ()
    marker: str = ""
    depth: int = 0
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the blocks below it, up to the next heading.

    `level` is 1 for the article's main headings, 2 for those below, and so on; the text before the
    first heading is a section with level 0 and an empty heading.
    """

    heading: str
    level: int
    blocks: tuple[Block, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """An article as a reader found it: metadata and sections in reading order.

    `language` is a code of ISO 639-1 or "und": "ru", "zh", "en" (the keys of `kb.languages.LANGUAGES`)
    or another, in which words are found only as far as these reach. `locale` is the
    BCP 47 tag for a page's `lang` ("ru", "zh-Hans", "zh-Hant", "en"). `likely_language` is what the
    page or document itself calls its language, which only counts when the text bears it out. `id` is
    empty until the knowledge base has given one, `stated_id` what its front matter asks for.
    `principles` are those its front matter states, by id or by label. `version` labels one of several
    versions found in one file.
    """

    title: str
    language: str
    locale: str
    sections: tuple[Section, ...]
    id: str = ""
    summary: str = ""
    author: str = ""
    publisher: str = ""
    published: date | None = None
    url: str = ""
    licence: str = ""
    keywords: tuple[str, ...] = ()
    principles: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    version: str = ""
    stated_id: str = ""
    likely_language: str = ""

    def outlined(self) -> Article:
        """The article without the blocks of its sections: its passages have their text."""
        return replace(self, sections=tuple(replace(section, blocks=()) for section in self.sections))


# --- What is searched ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tag:
    """A principle that a passage speaks of.

    `weight` is in (0, 1]; `evidence` are the spans of the passage's text that speak of it, empty
    when a heading or the article's front matter does. `origin` is "text", "heading", "stated" (in
    front matter) or "review" (a person said so).
    """

    principle: str
    weight: float
    evidence: tuple[Span, ...] = ()
    origin: str = "text"


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is found, quoted and tagged: a few blocks under one heading path.

    `id` is stable under edits elsewhere in the article. `anchors` are the stable ids of its blocks,
    one per block in order; the first is the passage's own id, and each leads to the passage.
    `headings` is the path of headings it stands under, outermost first, without the title.
    `section` numbers the article's sections, so passages with the same number are neighbours.
    `trace` is what a link carries to find it again when it was edited; see `kb.sameness`.
    """

    id: str
    article_id: str
    position: int
    section: int
    language: str
    locale: str
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]
    anchors: tuple[str, ...]
    tags: tuple[Tag, ...] = ()
    trace: str = ""

    @property
    def text(self) -> str:
        """The text of its blocks, one block a line. All spans are offsets into this."""
        return "\n".join(block.text for block in self.blocks)

    @property
    def asked(self) -> tuple[str, ...]:
        """What people type when one of its blocks is what they need."""
        return tuple(dict.fromkeys(question for block in self.blocks for question in block.asked))


class TermKind(StrEnum):
    """What a term is; `kb.ranking` says what each kind weighs."""

    WORD = "w"  # a lemma, stem or segmented word
    FORM = "f"  # the word as it stands, folded
    GRAM = "g"  # a character n-gram of a word: ^обр, обра, брат
    PAIR = "p"  # two words that stand side by side
    BIGRAM = "b"  # two Han characters that stand side by side
    CHAR = "c"  # one Han character
    CONCEPT = "k"  # a principle or trade term, with the language it was named in: empathy@zh

    # Enum's own is ten times slower, and tokens are looked up by their kinds by the thousand.
    __hash__ = str.__hash__


class Token(msgspec.Struct, frozen=True, gc=False):
    """A term at its place in a text. Several tokens may share a position (all lemmas of a form).

    A struct, as a text has many: five times as quick to make as a frozen dataclass.
    """

    term: str
    start: int
    end: int
    position: int
    kind: TermKind = TermKind.WORD


@dataclass(frozen=True, slots=True)
class Principle:
    """A concept of a SKOS scheme in all its languages: a principle, or a term of the trade.

    The label maps are keyed by language code. `hidden_labels` are turns of phrase that give the
    principle away, `weak_labels` support other evidence but do not tag alone, `not_labels` contain
    a label but mean something else. `matches` are IRIs of the same idea in other models.
    `evidence_terms` and `weak_terms` are IRIs of trade terms whose mention is evidence for it, as
    good as a hidden or a weak label. A `grouping` concept only arranges those below it, and tags nothing.
    """

    id: str
    iri: str
    pref_labels: dict[str, str]
    alt_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hidden_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    weak_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    scope_notes: dict[str, str] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    broader: tuple[str, ...] = ()
    narrower: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    evidence_terms: tuple[str, ...] = ()
    weak_terms: tuple[str, ...] = ()
    grouping: bool = False

    def label(self, language: str) -> str:
        """Its name in `language`, else in English, else in any language, else its id."""
        for code in (language, "en", *self.pref_labels):
            if code in self.pref_labels:
                return self.pref_labels[code]
        return self.id


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the index knows of a file it was made from.

    `size` and `modified` (nanoseconds since 1970) tell whether it may have changed, `digest`
    whether it did; `pipeline` names the versions of all that made its passages. `articles` are
    pairs of the id an article asks for and the id it got; `checked` is when it was read (ns);
    `named` tells that an article has its title from the name of the file. `beside` is the fingerprint
    of the metadata files beside it.
    """

    path: str
    size: int
    modified: int
    checked: int
    digest: str
    pipeline: str
    articles: tuple[tuple[str, str], ...] = ()
    passages: int = 0
    problems: tuple[Problem, ...] = ()
    named: bool = False
    beside: str = ""

    @property
    def article_ids(self) -> tuple[str, ...]:
        """The ids of its articles, in their order in the file."""
        return tuple(given for _, given in self.articles)


# --- What people write --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TagReview:
    """A person's word on a tag: the passage speaks of the principle (`accepted`) or does not.

    It holds for the passage with this id, whatever the tagger says. `at` is in UTC. `number` names
    it once it is kept.
    """

    passage: str
    principle: str
    accepted: bool
    reviewer: str
    at: datetime
    reason: str = ""
    number: int = field(default=0, compare=False)


class Role(StrEnum):
    """What an account may do, which includes what the roles before it may. See `kb.accounts.LEAST_ROLE`."""

    READER = "reader"
    TRAINER = "trainer"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signs in. `by_provider` when an OpenID provider vouches for them; `created` in UTC."""

    id: int
    name: str
    role: Role
    enabled: bool
    created: datetime
    by_provider: bool = False


class Scope(StrEnum):
    """What an API key may be used for. Each of the others includes reading; `ADMIN` includes all."""

    READ = "read"
    WRITE = "write"  # articles
    PACKS = "packs"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for programs, without its secret; all moments are in UTC. `id` begins the key itself.

    `account` is whom it acts for: what it keeps is theirs, and it may do no more than they.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None = None
    used: datetime | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class LoggedSearch:
    """A text that was searched: how often, when last (`day`), and what it found then (`total`).

    `language` is that of the interface; `opened` are ids of passages that were opened from its
    results, with how often.
    """

    text: str
    language: str
    times: int
    total: int
    day: date
    opened: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A term that an editor put on the vocabulary's review list; `at` is in UTC."""

    text: str
    language: str
    proposer: str
    at: datetime


# --- Packs --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """The article an excerpt is quoted from, as it was at that time.

    `version` is a digest of its text: two excerpts with the same one are quoted from the same wording.
    """

    article: str
    title: str
    language: str
    locale: str
    version: str
    url: str = ""
    author: str = ""
    publisher: str = ""
    published: date | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class TextQuoteSelector:
    """A quote with what stands around it, as the W3C Web Annotation Data Model (4.2.4) has it."""

    exact: str
    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class TextPositionSelector:
    """Where a quote stands in its article's text (Web Annotation Data Model, 4.2.5), whose passages
    are one a line."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage as it was quoted, and what a trainer adds to it.

    `passage` is the passage's id, `principles` the ids of those it was tagged with, the strongest
    first; `prefix`, `suffix` and `start` place it in the article as it was. `quoted` is in UTC.
    `note` and `questions` are the trainer's. `counterpart` says nearly the same in another language;
    it has none of its own.
    """

    passage: str
    source: Source
    blocks: tuple[Block, ...]
    quoted: datetime
    headings: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    start: int = 0
    principles: tuple[str, ...] = ()
    note: str = ""
    questions: tuple[str, ...] = ()
    counterpart: Excerpt | None = None

    @property
    def text(self) -> str:
        """The text of its blocks, one block a line."""
        return "\n".join(block.text for block in self.blocks)

    @property
    def quote_selector(self) -> TextQuoteSelector:
        """Finds the quote again by its words."""
        return TextQuoteSelector(self.text, self.prefix, self.suffix)

    @property
    def position_selector(self) -> TextPositionSelector:
        """Finds the quote again by its place."""
        return TextPositionSelector(self.start, self.start + len(self.text))


@dataclass(frozen=True, slots=True)
class PackSection:
    """Excerpts under a title, which may be empty."""

    title: str = ""
    introduction: str = ""
    excerpts: tuple[Excerpt, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """Excerpts that a trainer hands to a colleague.

    `language` is that of the words around them ("Sources", "Notes"): "ru", "zh-Hans", "zh-Hant" or
    "en". `id` names it in exports for good, so that an Anki deck is updated and not doubled; it is
    empty for a draft.
    """

    title: str
    sections: tuple[PackSection, ...] = ()
    introduction: str = ""
    language: str = "en"
    author: str = ""
    id: str = ""

    @property
    def excerpts(self) -> tuple[Excerpt, ...]:
        """The excerpts of all sections, without their counterparts."""
        return tuple(excerpt for section in self.sections for excerpt in section.excerpts)

    def with_each(self, change: Callable[[Excerpt], Excerpt | None]) -> Pack:
        """The pack with every excerpt as `change` gives it, or without it for None; sections stay, also
        empty ones."""
        sections = (
            replace(section, excerpts=tuple(filter(None, map(change, section.excerpts))))
            for section in self.sections
        )
        return replace(self, sections=tuple(sections))


@dataclass(frozen=True, slots=True)
class KeptPack:
    """A pack in the store: its newest version, when that was made (UTC) and by whom.

    `link` is the part of its address that cannot be guessed, while it is shared.
    """

    pack: Pack
    owner_id: int
    owner: str
    version: int
    changed: datetime
    changed_by: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PackVersion:
    """A version of a kept pack. `restores` is the number of the one it brought back, if it did."""

    number: int
    pack: Pack
    author: str
    at: datetime
    restores: int | None = None


class Wording(StrEnum):
    """What has become of the words of an excerpt."""

    SAME = "same"
    MOVED = "moved"  # the same words, in another article: a file was renamed
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ExcerptState:
    """How an excerpt stands to its article now.

    `now` is the excerpt as it would be quoted today; of one that is gone, the nearest there is, or None.
    """

    wording: Wording
    now: Excerpt | None = None


class QuestionKind(StrEnum):
    """What a multiple-choice question asks."""

    PRINCIPLE_OF_PASSAGE = "principle-of-passage"
    PASSAGE_OF_PRINCIPLE = "passage-of-principle"
    PRINCIPLE_OF_DEFINITION = "principle-of-definition"


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to choose: a principle's name or a passage, with its BCP 47 tag. `excerpt` is the
    passage it is quoted from."""

    text: str
    locale: str
    excerpt: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A multiple-choice question. `about` is what it asks of: a passage, a definition or a
    principle's name. `right` is the number of the right choice, from 0; `id` is stable for a pack.
    `excerpt` is the passage that is asked of, or that is the answer.
    """

    id: str
    kind: QuestionKind
    prompt: str
    about: str
    locale: str
    choices: tuple[Choice, ...]
    right: int
    principle: str
    excerpt: Excerpt | None = None


# --- What is asked ------------------------------------------------------------------------------


class Sort(StrEnum):
    """What comes first: what answers best, or the newest article and then what answers best."""

    RELEVANCE = "relevance"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search as a person or a program asks for it, in the names of the contract.

    `text` may use the query syntax (quotes, -word, OR, `principle:empathy`, `довер*`). Several
    languages, articles or dates mean any of them; several principles mean all of them. A date is a
    year, month or day of publication (2026, 2026-03, 2026-03-15). `like` is the id of a passage:
    only its copies, itself among them. `bridge` also finds passages that name what the query
    names in other words or languages; `correct` may repair a query that finds little; `collapse`
    shows one of several copies, unless the text says what must stand in a passage (then every place
    counts); `explain` adds to each hit what gave it its score.
    """

    text: str = ""
    languages: tuple[str, ...] = ()
    principles: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    like: str = ""
    sort: Sort = Sort.RELEVANCE
    limit: int = 10
    offset: int = 0
    bridge: bool = True
    correct: bool = True
    collapse: bool = True
    explain: bool = False


class QueryTerm(msgspec.Struct, frozen=True):
    """A term to look for. `synonyms` share one frequency, as all lemmas of a form do.

    `weight` multiplies that of the kind. A passage is a hit when it holds a term that `matches`;
    other terms only add to the score. `via` is the principle that brought a term in.
    """

    kind: TermKind
    synonyms: tuple[str, ...]
    weight: float = 1.0
    matches: bool = True
    via: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand side by side: `words` are the possible terms of each.

    With Han characters the phrase is a plain substring of the folded text, `literal`.
    """

    words: tuple[tuple[str, ...], ...]
    literal: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a word, folded: `довер*`."""

    letters: str


@dataclass(frozen=True, slots=True)
class Clause:
    """What a passage must hold one of (or, `negated`, none of)."""

    alternatives: tuple[Phrase | Prefix, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A request made ready for an engine: finished terms, clauses and filters.

    Without terms and clauses it asks for every passage that passes the filters. `dates` are first
    and last days. When it is to `collapse`, of several copies only the first in order is a hit.
    Passages in a `foreign` language, in which it was not asked, score less.
    """

    terms: tuple[QueryTerm, ...] = ()
    clauses: tuple[Clause, ...] = ()
    languages: tuple[str, ...] = ()
    principles: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    dates: tuple[tuple[date, date], ...] = ()
    foreign: tuple[str, ...] = ()
    like: str = ""
    sort: Sort = Sort.RELEVANCE
    collapse: bool = False
    limit: int = 10
    offset: int = 0


# --- What is found ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrincipleTag:
    """A tag as a reader sees it: the principle with its label in the passage's language."""

    id: str
    label: str
    weight: float
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage in a list of hits."""

    id: str
    text: str
    language: str
    locale: str
    headings: tuple[str, ...]
    position: int
    principles: tuple[PrincipleTag, ...]
    trace: str = ""


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """The article of a hit."""

    id: str
    title: str
    language: str
    url: str = ""
    author: str = ""
    published: date | None = None


@dataclass(frozen=True, slots=True)
class TermScore:
    """What one term gave to a hit's score, and where: "text", "headings", "title" or "context"."""

    term: str
    kind: str
    field: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. `extract` is the best part of a long text, as offsets into it.

    `highlights` are the forms that were searched for; `via` the principles that led here from
    another language; `more` is how many copies of it were found and are not shown (a search `like`
    it lists them); `explanation` is filled on request.
    """

    score: float
    passage: FoundPassage
    article: FoundArticle
    highlights: tuple[Span, ...] = ()
    extract: Span = (0, 0)
    via: tuple[str, ...] = ()
    more: int = 0
    explanation: tuple[TermScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Facet:
    """How many hits choosing a value would give, and the value's name for people."""

    value: str
    count: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A principle named in the query, by `from_`, and the labels it was searched by elsewhere."""

    principle: str
    from_: str
    to: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Repair:
    """A query as it was probably meant, and the stretches of it that were changed.

    `certain` tells that it was only typed in another keyboard layout: then nothing was guessed.
    """

    text: str
    typed: tuple[str, ...]
    meant: tuple[str, ...]
    certain: bool = False


class SuggestionKind(StrEnum):
    """What a suggestion names, in the order of preference."""

    PRINCIPLE = "principle"
    TITLE = "title"
    TERM = "term"
    PHRASE = "phrase"  # frequent words of the articles


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a text that is being typed may become. `id` is that of the principle or article it names."""

    text: str
    kind: SuggestionKind
    language: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the query was understood as. `corrected_from` is the text as typed, if it was repaired."""

    corrected_from: str | None = None
    terms: tuple[str, ...] = ()
    bridges: tuple[Bridge, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The answer to a search; `total` counts all hits, copies that are not shown left out, so it is
    what one can page through. `took_ms` is wall time in milliseconds."""

    query: str
    total: int
    took_ms: float
    interpreted: Interpretation
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[Facet, ...]]
