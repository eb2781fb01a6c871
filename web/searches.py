"""A search as its address has it, and what was found, arranged for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import g
from werkzeug.datastructures import MultiDict

from kb.errors import InvalidRequest
from kb.models import FoundArticle, Hit, Passage, SearchRequest, SearchResults, Sort
from web.addresses import asking, asking_with_another
from web.current import book

HITS_PER_PAGE = 10
# Deeper pages are for programs: nobody turns a hundred pages.
LAST_PAGE = 100
FACETS = ("language", "principle", "article", "date")


@dataclass(frozen=True, slots=True)
class Search:
    """Everything a search page's address says. Parameters with their usual value are left out."""

    q: str = ""
    language: tuple[str, ...] = ()
    principle: tuple[str, ...] = ()
    article: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    like: str = ""
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    bridge: bool = True
    correct: bool = True
    collapse: bool = True
    flat: bool = False

    @classmethod
    def of(cls, parameters: MultiDict[str, str]) -> Search:
        """The search that an address asks for. Raises `InvalidRequest`."""
        return cls(
            q=parameters.get("q", "").strip(),
            language=_several(parameters, "language"),
            principle=_several(parameters, "principle"),
            article=_several(parameters, "article"),
            date=_several(parameters, "date"),
            like=parameters.get("like", ""),
            sort=sort_of(parameters),
            page=whole_number(parameters, "page", 1, LAST_PAGE, default=1),
            bridge=parameters.get("bridge") != "0",
            correct=parameters.get("correct") != "0",
            collapse=parameters.get("copies") != "1",
            flat=parameters.get("view") == "flat",
        )

    @property
    def asks(self) -> bool:
        """Whether it looks for anything at all."""
        return bool(self.q or self.filters or self.like)

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The facet and value of each filter."""
        return [(facet, value) for facet in FACETS for value in getattr(self, facet)]

    @property
    def first(self) -> int:
        """The offset of its page's first hit."""
        return (self.page - 1) * HITS_PER_PAGE

    def request(self, **changes: Any) -> SearchRequest:
        """What to ask of the knowledge base."""
        asked = SearchRequest(
            text=self.q,
            languages=self.language,
            principles=self.principle,
            articles=self.article,
            dates=self.date,
            like=self.like,
            sort=self.sort,
            limit=HITS_PER_PAGE,
            offset=self.first,
            bridge=self.bridge,
            correct=self.correct,
            collapse=self.collapse,
        )
        return replace(asked, **changes)

    def parameters(self) -> dict[str, Any]:
        """What its address says, in order; () is said by leaving it out."""
        return {
            "q": self.q or (),
            "language": self.language,
            "principle": self.principle,
            "article": self.article,
            "date": self.date,
            "like": self.like or (),
            "sort": () if self.sort == Sort.RELEVANCE else str(self.sort),
            "page": self.page if self.page > 1 else (),
            "bridge": () if self.bridge else 0,
            "correct": () if self.correct else 0,
            "copies": () if self.collapse else 1,
            "view": "flat" if self.flat else (),
        }

    def url(self, **changes: Any) -> str:
        """The address of this search with changes; what is found changes, so it begins at page 1."""
        return asking("pages.search", self._changed(changes).parameters())

    def url_with(self, name: str, **changes: Any) -> Callable[[object], str]:
        """What gives that address with a value added to one parameter: of facets, pages and copies a page
        has fifty that differ in nothing else."""
        return asking_with_another("pages.search", self._changed(changes).parameters(), name)

    def _changed(self, changes: Mapping[str, Any]) -> Search:
        return replace(self, **{"page": 1, **changes}) if changes or self.page > 1 else self

    def toggled(self, facet: str, values: Iterable[str]) -> Iterator[str]:
        """For each value the address with it added as a filter, or taken off if it is on."""
        chosen: tuple[str, ...] = getattr(self, facet)
        url_with = self.url_with(facet)
        for value in values:
            if value in chosen:
                yield self.url(**{facet: tuple(one for one in chosen if one != value)})
            else:
                yield url_with(value)

    def without_filters(self) -> Search:
        """The same words everywhere."""
        return replace(self, language=(), principle=(), article=(), date=(), like="", page=1)

    def pages(self, total: int) -> list[int | None]:
        """The pages to offer: the first, the last, those around this one; None is a gap."""
        last = min(-(-total // HITS_PER_PAGE), LAST_PAGE)
        near = sorted({1, last, *range(self.page - 2, self.page + 3)} & set(range(1, last + 1)))
        offered: list[int | None] = []
        for page in near:
            if offered and offered[-1] is not None and page > offered[-1] + 1:
                offered.append(None)
            offered.append(page)
        return offered


def sort_of(parameters: MultiDict[str, str]) -> Sort:
    """What is to come first. Raises `InvalidRequest`."""
    text = parameters.get("sort") or Sort.RELEVANCE
    if text not in list(Sort):
        raise InvalidRequest(f"Results can be sorted by {' or '.join(Sort)}, not by “{text}”.", "sort")
    return Sort(text)


def answer_to(request: SearchRequest) -> tuple[SearchResults, tuple[Passage, ...]]:
    """What is found for somebody who asked for it, and the whole passages of the hits. Figures count these
    searches, and none that a page makes for what it shows around its answer."""
    found, g.search_trace = book.traced_search(request)
    return found, g.search_trace.passages


def _several(parameters: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in parameters.getlist(name) if value))


def whole_number(parameters: MultiDict[str, str], name: str, least: int, most: int, *, default: int) -> int:
    """A parameter that must be a whole number within bounds. Raises `InvalidRequest`."""
    text = parameters.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise InvalidRequest(f"“{name}” must be a whole number from {least} to {most}.", name)
    return int(text)


# --- What was found ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """A hit with its passage as it is in the article, and its number among all hits, from 1."""

    number: int
    hit: Hit
    passage: Passage


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one article on a page. `all` counts those on other pages too, if it is known.

    `url` leads to the article with what was searched for marked, `url_of_all` to all its results.
    """

    article: FoundArticle
    results: tuple[Result, ...]
    all: int
    url: str
    url_of_all: str


def results_of(search: Search, hits: Iterable[Hit], passages: Iterable[Passage]) -> list[Result]:
    """The hits of a page with their passages."""
    found = zip(hits, passages, strict=True)
    return [Result(number, hit, passage) for number, (hit, passage) in enumerate(found, search.first + 1)]


def by_article(search: Search, results: Sequence[Result], found: SearchResults) -> list[Group]:
    """Results gathered under their articles, in the order of each article's best."""
    counts = {facet.value: facet.count for facet in found.facets.get("article", ())}
    marking = {"q": search.q or ()}
    url_with = search.url_with("article")
    gathered: dict[str, list[Result]] = {}
    for result in results:
        gathered.setdefault(result.hit.article.id, []).append(result)
    return [
        Group(
            article=of[0].hit.article,
            results=tuple(of),
            all=max(counts.get(article, 0), len(of)),
            url=asking("pages.article", marking, article_id=article),
            url_of_all=url_with(article),
        )
        for article, of in gathered.items()
    ]


@dataclass(frozen=True, slots=True)
class Wider:
    """A search with a filter taken off, and how much it finds."""

    facet: str
    value: str
    url: str
    total: int


def wider(search: Search) -> list[Wider]:
    """Which filters to take off where nothing was found, those that help most first."""
    offers = []
    for facet, value in search.filters:
        values = tuple(v for v in getattr(search, facet) if v != value)
        changes: dict[str, Any] = {facet: values}
        looser = replace(search, page=1, **changes)
        if looser.asks and (total := book.search(looser.request(limit=0)).total):
            offers.append(Wider(facet, value, looser.url(), total))
    return sorted(offers, key=lambda offer: -offer.total)
