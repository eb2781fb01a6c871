"""What programs may send and what they get: parameters and answers, as pydantic describes them.

Answers are the nouns of `kb.models`, so their schema cannot say anything else than what is sent.
They are not validated while answering (that would cost more than the search); tests validate them
against the published document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from apiflask.schema_adapters.pydantic import PydanticAdapter
from apiflask.schema_adapters.registry import registry
from flask import Request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from kb.corpus_folder import WrittenArticle
from kb.errors import InvalidRequest
from kb.language_codes import ISO_639_1
from kb.languages import LANGUAGES
from kb.models import (
    Block,
    Facet,
    Hit,
    Principle,
    PrincipleTag,
    Scope,
    SearchResults,
    Section,
    Sort,
    Suggestion,
    Tag,
    TermKind,
)
from kb.query import LONGEST_QUERY, MOST_HITS, PERIOD
from kb.statistics import IndexStatus, Statistics
from web.api.faults import fault_of, json_of

_MOST_ITEMS = 100  # on a page of a list
_MOST_IDS = 100  # asked for at once
_MOST_IN_BATCH = 100
_LONGEST_ANALYSED = 100_000  # characters that are analysed at once
_FURTHEST = 1_000_000
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

# --- Parameters ----------------------------------------------------------------------------------


def _digits(value: Any) -> Any:
    """Whole numbers as they are meant: not 1e3, not ², not 1.0."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("must be a whole number")
    return value


def _switch(value: Any) -> Any:
    if isinstance(value, str):
        if value not in ("0", "1", "false", "true"):
            raise ValueError("must be 0 or 1")
        return value in ("1", "true")
    return value


def _moment(value: Any) -> Any:
    """Moments as RFC 3339 writes them; a bare number could be anything."""
    if isinstance(value, str) and not _RFC_3339.match(value):
        raise ValueError("must be a moment with its time zone, such as 2026-11-01T00:00:00Z")
    return value


def _period(value: str) -> str:
    if not PERIOD.fullmatch(value):
        raise ValueError("must be a year, month or day, such as 2026, 2026-03 or 2026-03-15")
    return value


Number = BeforeValidator(_digits)
Period = Annotated[
    str, AfterValidator(_period), WithJsonSchema({"type": "string", "pattern": f"^{PERIOD.pattern}$"})
]
Switch = Annotated[
    bool,
    BeforeValidator(_switch),
    WithJsonSchema({"type": "string", "enum": ["0", "1", "false", "true"]}),
]


def one_of(names: Collection[str], noun: str, told: Collection[str] = ()) -> Any:
    """One of these names of a noun; `told` are those that an error lists, by default all."""

    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"must be a known {noun}, one of {', '.join(told or names)}, not “{name}”")
        return name

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "enum": sorted(names)})]


if TYPE_CHECKING:
    Language = str
    AnyLanguage = str
else:
    Language = one_of(LANGUAGES, "language")
    # Articles may be in others too, where words are found only as far as ours reach.
    AnyLanguage = one_of({*LANGUAGES, *ISO_639_1}, "language", LANGUAGES)
Id = Annotated[str, Field(min_length=1, max_length=200)]


def _parameters(title: str = "") -> ConfigDict:
    return ConfigDict(extra="forbid", title=title or None, frozen=True)


class Parameters(BaseModel):
    """What an address may ask for. Anything else in it is an error."""

    model_config = _parameters()


_Fields = Annotated[
    str,
    Field(
        default="",
        max_length=1000,
        description="Only these fields of each item, separated by commas; dots go inside:"
        " `passage.text,article.title`. The others are then absent, whatever the schema requires.",
    ),
]
_Limit = Annotated[
    int, Field(default=50, ge=1, le=_MOST_ITEMS, description="How many items on a page."), Number
]
_Cursor = Annotated[
    str, Field(default="", max_length=300, description="`next` of the page before; without it, the first.")
]
_OneLanguage = Annotated[
    Language | None, Field(default=None, description=f"Only this language: {', '.join(LANGUAGES)}.")
]
_OneOfAll = Annotated[
    AnyLanguage | None, Field(default=None, description="Only this language, by its ISO 639-1 code.")
]


class Choosing(Parameters):
    """One thing, or some fields of it."""

    fields: _Fields


class Paging(Choosing):
    """A page of a list."""

    limit: _Limit
    cursor: _Cursor


class LanguagePaging(Paging):
    """A page of a list in one language or all."""

    language: _OneOfAll


class HitPaging(LanguagePaging):
    """A page of hits in one language or all."""

    offset: Annotated[int, Number] = Field(
        0, ge=0, le=_FURTHEST, description="How many hits to leave out first, where there is no cursor."
    )


class SearchParameters(Choosing):
    """A search, in the names of `kb search`."""

    q: str = Field(
        "",
        max_length=LONGEST_QUERY,
        description="What to search for; quotes, `-word`, `OR`, `довер*`, `principle:empathy` are understood."
        " Without it, everything that passes the filters.",
    )
    language: list[AnyLanguage] = Field([], max_length=10, description="Any of these languages.")
    principle: list[Id] = Field([], max_length=50, description="All of these principles, by id.")
    article: list[Id] = Field([], max_length=_MOST_IDS, description="Any of these articles, by id.")
    date: list[Period] = Field(
        [],
        max_length=50,
        description="Published in any of these years, months or days: 2026, 2026-03, 2026-03-15.",
    )
    like: str = Field("", max_length=200, description="Only copies of the passage with this id.")
    sort: Sort = Field(
        Sort.RELEVANCE, description="What comes first: what answers best, or the newest article."
    )
    limit: Annotated[int, Number] = Field(10, ge=0, le=MOST_HITS, description="How many hits.")
    offset: Annotated[int, Number] = Field(
        0, ge=0, le=_FURTHEST, description="How many hits to leave out first."
    )
    bridge: Switch = Field(True, description="Find other words and languages for the same concept too.")
    correct: Switch = Field(True, description="Repair a query that finds little.")
    collapse: Switch = Field(True, description="Show one of several copies of a passage.")
    explain: Switch = Field(False, description="Say what each term gave to each score.")


class SuggestParameters(Choosing):
    """A text that is being typed."""

    q: str = Field("", max_length=LONGEST_QUERY, description="What is typed so far.")
    language: _OneLanguage
    limit: Annotated[int, Number] = Field(6, ge=1, le=20, description="How many suggestions.")


class AnalyzeParameters(Parameters):
    """A text to take apart."""

    text: str = Field(max_length=_LONGEST_ANALYSED, description="The text.")


class PassagesParameters(Choosing):
    """Passages by their ids."""

    id: list[Id] = Field(min_length=1, max_length=_MOST_IDS, description="Ids or anchors of passages.")


class CounterpartParameters(Parameters):
    """How many counterparts, in which language."""

    language: _OneLanguage
    limit: Annotated[int, Number] = Field(3, ge=1, le=20, description="How many in each language.")


class SimilarParameters(Choosing):
    """How many similar passages, in which language."""

    language: _OneLanguage
    limit: Annotated[int, Number] = Field(5, ge=1, le=20, description="How many.")


class StreamParameters(Parameters):
    """What goes into a stream."""

    since: Annotated[AwareDatetime | None, BeforeValidator(_moment)] = Field(
        None,
        description="Only articles whose file was changed at or after this moment, with its time zone:"
        " `2026-11-01T00:00:00Z`.",
    )
    language: _OneOfAll


# --- Bodies --------------------------------------------------------------------------------------

Format = Literal["markdown", "text", "html"]
SUFFIXES: Mapping[str, str] = {"markdown": ".md", "text": ".txt", "html": ".html"}


class Body(BaseModel):
    """What the body of a call may hold. Anything else in it is an error."""

    model_config = ConfigDict(extra="forbid")


def example(**body: Any) -> ConfigDict:
    """The settings of a body with an example of it."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


class ArticleToPut(Body):
    """An article of a batch."""

    id: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="Its id, also its file's name."
    )
    format: Format = Field("markdown", description="How it is written.")
    content: str = Field(min_length=1, max_length=5_000_000, description="The whole article.")


class Batch(Body):
    """Articles to write and to take away, all or nothing."""

    model_config = example(
        put=[{"id": "first-minute", "content": "# The first minute\n\nStand up and smile.\n"}], delete=[]
    )

    put: list[ArticleToPut] = Field([], max_length=_MOST_IN_BATCH)
    delete: list[Id] = Field([], max_length=_MOST_IN_BATCH, description="Ids of articles.")


# --- Answers -------------------------------------------------------------------------------------


class ArticleRecord(BaseModel):
    """An article without its text. `sections` are its headings in order."""

    id: str
    title: str
    language: str
    locale: str
    summary: str
    author: str
    publisher: str
    published: date | None
    url: str
    licence: str
    keywords: list[str]
    principles: list[str]
    sources: list[str]
    version: str
    stated_id: str
    likely_language: str
    sections: list[Section]


class PassageRecord(BaseModel):
    """A passage with its blocks. Spans are half-open code-point offsets into `text`."""

    id: str
    article_id: str
    position: int
    section: int
    language: str
    locale: str
    headings: list[str]
    text: str
    blocks: list[Block]
    anchors: list[str]
    tags: list[Tag]
    trace: str
    principles: list[PrincipleTag]


class FullArticle(ArticleRecord):
    """An article with all its passages; `versions` are the ids of its other versions."""

    versions: list[str]
    passages: list[PassageRecord]


class ArticleLine(ArticleRecord):
    """A line of the stream of articles; `modified` is when its file was changed."""

    passages: list[PassageRecord]
    modified: datetime | None


class PassageLine(PassageRecord):
    """A line of the stream of passages; `modified` is when its file was changed."""

    modified: datetime | None


class PassageInArticle(BaseModel):
    """A passage and its article."""

    passage: PassageRecord
    article: ArticleRecord


class ArticleList(BaseModel):
    """A page of articles by id; `next` is the cursor of the page after, null on the last."""

    total: int
    articles: list[ArticleRecord]
    next: str | None


class PassageList(BaseModel):
    """A page of an article's passages in order."""

    total: int
    passages: list[PassageRecord]
    next: str | None


class PassagesById(BaseModel):
    """The passages that were asked for; `missing` are ids that are not there."""

    passages: list[PassageInArticle]
    missing: list[str]


class HitList(BaseModel):
    """A page of hits; the facets count all. `took_ms` is in milliseconds."""

    total: int
    took_ms: float
    hits: list[Hit]
    facets: dict[str, list[Facet]]
    next: str | None


class Hits(BaseModel):
    """The closest first."""

    hits: list[Hit]


class Counterparts(BaseModel):
    """The closest passages of each other language; a language without any is left out."""

    counterparts: dict[str, list[Hit]]


class PrincipleList(BaseModel):
    """Principles, in the order of their scheme."""

    total: int
    principles: list[Principle]
    next: str | None


class TermList(BaseModel):
    """Terms of the trade, in the order of their scheme."""

    total: int
    terms: list[Principle]
    next: str | None


class Branch(BaseModel):
    """A concept and those below it."""

    id: str
    labels: dict[str, str]
    grouping: bool
    narrower: list[Branch]


class Tree(BaseModel):
    """The whole scheme from its top concepts down."""

    titles: dict[str, str]
    tree: list[Branch]


class Suggestions(BaseModel):
    """What a text may become, the best first."""

    query: str
    suggestions: list[Suggestion]


class TokenRecord(BaseModel):
    """A term at its place in a text; all lemmas of a form share a position."""

    term: str
    start: int
    end: int
    position: int
    kind: TermKind


class Analysis(BaseModel):
    """A text and its tokens."""

    text: str
    tokens: list[TokenRecord]


class SearchAnswer(RootModel[SearchResults]):
    """What `kb search --json` prints."""


class Concept(RootModel[Principle]):
    """A principle or term of the trade in all its languages."""


class StatisticsAnswer(RootModel[Statistics]):
    """How much there is of what."""


class IndexStatusAnswer(RootModel[IndexStatus]):
    """What the index was made from."""


class Written(RootModel[WrittenArticle]):
    """What became of an article."""


class BatchAnswer(BaseModel):
    """What became of each article, in the order of the batch."""

    articles: list[WrittenArticle]


class Whoami(BaseModel):
    """The key that was shown: its name, what it may be used for and until when, and for whom it acts."""

    name: str
    scopes: list[Scope]
    expires: datetime | None
    account: str | None


class Missing(BaseModel):
    """What is not there: "article", "passage", "principle", …, and its id."""

    kind: str = Field(examples=["passage"])
    id: str = Field(examples=["cdc1836e4b8e"])


class ChangedMeanwhile(BaseModel):
    """What somebody else has changed since the caller looked, and the version it has now."""

    title: str
    version: int
    by: str


class ProblemDetails(BaseModel):
    """RFC 9457. `type` is stable; `detail` says what to do; `parameter` is what was at fault."""

    type: str = Field(examples=["urn:servicebook:problem:bad-request"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["“limit” must be a whole number from 0 to 1000."])
    parameter: str | None = Field(None, examples=["limit"])
    missing: Missing | None = None
    changed: ChangedMeanwhile | None = None
    request_id: str | None = Field(None, examples=["b7e23ec29af22b0b"])


# --- How APIFlask uses them ----------------------------------------------------------------------


class _Schemas(GenerateJsonSchema):
    """Everything that an answer has is always there, and there is nothing else."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Defaults are written out in answers."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """The names of JSON: `from_` is "from"."""
        described = super().dataclass_schema(schema)
        if "properties" in described:
            properties = described["properties"]
            described["properties"] = {name.removesuffix("_"): of for name, of in properties.items()}
            described["required"] = [name.removesuffix("_") for name in described.get("required", ())]
        return described


_Model = TypeVar("_Model", bound=BaseModel)


class _Adapter(PydanticAdapter):
    """APIFlask's, with repeated parameters, errors of ours, and answers described as they are sent."""

    def validate_input(self, request: Request, location: str, **_: Any) -> BaseModel:
        """The parameters or body of a request. Raises `InvalidRequest`."""
        if location == "query":
            return from_query(self.model_class, request.args.to_dict(flat=False))
        if location == "json":
            return checked(self.model_class, json_of(request))
        raise ValueError(location)

    def get_openapi_schema(self, **_: Any) -> dict[str, Any]:
        """The schema of a model, as it is sent or as it is asked for."""
        asked = issubclass(self.model_class, (Parameters, Body, ProblemDetails))
        return self.model_class.model_json_schema(
            ref_template=f"#/components/schemas/{self.get_schema_name()}.{{model}}",
            mode="validation" if asked else "serialization",
            schema_generator=_Schemas,
        )


registry.register("pydantic", _Adapter)


def from_query(model: type[_Model], given: Mapping[str, list[str]]) -> _Model:
    """The parameters of an address. Raises `InvalidRequest` that names the one at fault."""
    data: dict[str, Any] = {}
    for name, values in given.items():
        field = model.model_fields.get(name)
        if field is None:
            names = ", ".join(sorted(model.model_fields)) or "none"
            raise InvalidRequest(f"There is no parameter “{name}” here; known are: {names}.", name)
        several = str(field.annotation).startswith("list[")
        if len(values) > 1 and not several:
            raise InvalidRequest(f"“{name}” may be given once, not {len(values)} times.", name)
        data[name] = values if several else values[0]
    try:
        return checked(model, data)
    except InvalidRequest as error:  # of a repeated parameter, pydantic names the place: language.0
        raise InvalidRequest(str(error), (error.parameter or "").partition(".")[0] or None) from None


def checked(model: type[_Model], data: object) -> _Model:
    """Data as a model. Raises `InvalidRequest` that names the first part at fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise fault_of(error) from None
