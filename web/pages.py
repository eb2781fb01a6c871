"""The pages for people. Each view reads its address, asks the knowledge base and fills a template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from babel.dates import format_skeleton
from flask import Blueprint, current_app, redirect, render_template, request
from flask_babel import format_date, get_locale, gettext
from werkzeug.wrappers import Response as Redirect

from kb import languages
from kb.errors import InvalidRequest, NotFound
from kb.models import Article, FoundArticle, FoundPassage, Passage, Principle, SearchResults, Span
from web import chart, interface, rendering
from web.addresses import asking, url_for
from web.current import book
from web.labels import hue, label, labelling
from web.reviews import said_of
from web.search_log import log_opening, log_search
from web.searches import (
    FACETS,
    HITS_PER_PAGE,
    LAST_PAGE,
    Search,
    answer_to,
    by_article,
    results_of,
    whole_number,
    wider,
)

blueprint = Blueprint("pages", __name__)

_NEWEST = 6
# Searches to begin with, each in the language of its words.
_EXAMPLES = (
    *(("ru", "жалоба как подарок"), ("zh-Hans", "首问负责"), ("en", "empathy")),
    *(("ru", "первая минута"), ("zh-Hant", "標桿企業"), ("en", "NPS")),
)
_FRUITFUL = "servicebook.examples"  # those that find something in a state of the index
_MOST_VERSIONS = 5


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    return {
        "runs": rendering.runs,
        "evidence": rendering.evidence,
        "weightiest": rendering.weightiest,
        "citation": _citation,
        "searching": Search(),
    }


def _citation(article: Article | FoundArticle) -> str:
    """How a reader quotes an article: Анна Ли. Жалоба как подарок. Журнал, 6 апреля 2026 г."""
    author = f"{article.author}. " if article.author else ""
    publisher = article.publisher if isinstance(article, Article) else ""
    where = f" {publisher}," if publisher and publisher != article.author else ""
    when = f" {interface.written_out(article.published)}." if article.published else ""
    return f"{author}{article.title}.{where}{when}"


# --- Search --------------------------------------------------------------------------------------


@blueprint.get("/")
def home() -> str:
    """What there is, before anything was asked."""
    if Search.of(request.args).asks:
        return search()
    articles = book.articles()
    everything = book.search(limit=0)
    return render_template(
        "home.html",
        search=Search(),
        passages=book.size(),
        today=_passage_of_the_day([facet.value for facet in everything.facets.get("language", ())]),
        articles=articles,
        newest=_newest_first(articles)[:_NEWEST],
        tops=_tree(),
        examples=_examples(),
    )


def _examples() -> Sequence[tuple[str, str]]:
    """The searches to begin with that find something: a handbook of one's own may not have them all."""
    found: Sequence[tuple[str, str]]
    state, found = current_app.extensions.get(_FRUITFUL, (None, ()))
    if state != book.engine.generation:
        state = book.engine.generation
        found = [one for one in _EXAMPLES if book.search(one[1], limit=0, correct=False).total]
        current_app.extensions[_FRUITFUL] = state, found
    return found


def _passage_of_the_day(there: Sequence[str]) -> tuple[Principle, Passage, Article] | None:
    """Something to begin a shift with: a principle in turn, and one of the passages that say it best."""
    own = interface.content_language()
    code = own if own in there else next(iter(there), "")
    day = date.today().toordinal()
    principles = book.principles()
    for turn in range(len(principles)):
        principle = principles[(day + turn) % len(principles)]
        if best := book.best_passages(principle.id, code):
            return principle, *best[day // len(principles) % len(best)]
    return None


@blueprint.get("/search")
def search() -> str:
    """Search results; without anything to look for, the home page."""
    asked = Search.of(request.args)
    if not asked.asks:
        return home()
    found, passages = answer_to(asked.request())
    results = results_of(asked, found.hits, passages)
    if asked.page == 1:
        log_search(asked.q, found.total)
    return render_template(
        "search.html",
        search=asked,
        found=found,
        results=results,
        url_of=result_url(asked),
        groups=by_article(asked, results, found),
        facets={facet: _choices(asked, found, facet) for facet in FACETS},
        pages=asked.pages(found.total),
        wider=wider(asked) if not found.total else (),
        tops=_tree() if not found.total else (),
        said=said_of(passages),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: how many passages have it, the address with it as a filter or without, and the
    language of its name where that is not the interface's."""

    value: str
    name: str
    count: int | None
    chosen: bool
    url: str
    locale: str = ""


def _choices(asked: Search, found: SearchResults, facet: str) -> list[Choice]:
    """The values of a facet with counts; those chosen come first and are never missing."""
    there = {one.value: one for one in found.facets.get(facet, ())}
    chosen: tuple[str, ...] = getattr(asked, facet)
    others = [value for value in there if value not in chosen]
    if facet == "date":
        others.sort(reverse=True)
    values = [*chosen, *others]
    missing = None if facet == "date" else 0  # of dates, only years are counted
    name_of = _naming(facet)
    choices = []
    for value, address in zip(values, asked.toggled(facet, values), strict=True):
        known = there.get(value)
        name = (facet == "article" and known and known.label) or name_of(value)
        locale = _locale(name) if facet == "article" else ""
        count = known.count if known else missing
        choices.append(Choice(value, name, count, value in chosen, address, locale))
    return choices


def _naming(facet: str) -> Callable[[str], str]:
    """What tells what people call a value of a facet."""
    match facet:
        case "language":
            return interface.name_of
        case "principle":
            return labelling()
        case "date":
            return _date_name
    return _title


def _date_name(value: str) -> str:
    """A year, month or day as readers write it."""
    year, month, day = (int(part) for part in f"{value}-01-01".split("-")[:3])
    match value.count("-"):
        case 0:
            return value
        case 1:
            return _month(date(year, month, day))
    return str(format_date(date(year, month, day), "long"))


@lru_cache(maxsize=10_000)
def _locale(title: str) -> str:
    """The language to read a title aloud in."""
    return languages.locale(languages.detect(title), title)


def _title(article_id: str) -> str:
    """An article's title; an address may ask for one that is gone."""
    try:
        return book.article(article_id)[0].title
    except NotFound:
        return article_id


# --- Articles ------------------------------------------------------------------------------------


@blueprint.get("/articles")
def articles() -> str:
    """All articles, by date, title, language or source."""
    language = request.args.get("language", "")
    order = request.args.get("by", "date")
    orders: dict[str, tuple[Callable[[Article], str], bool]] = {
        "date": (lambda article: _month(article.published), True),
        "title": (lambda article: article.title[:1].upper(), False),
        "source": (lambda article: article.publisher or article.author, False),
        "language": (lambda article: interface.name_of(article.language), False),
    }
    if order not in orders:
        raise InvalidRequest(f"Articles cannot be ordered by “{order}”.", "by")
    everything = book.articles()
    shown = [article for article in everything if language in ("", article.language)]
    heading, newest_first = orders[order]
    shown = _newest_first(shown) if newest_first else sorted(shown, key=lambda a: (heading(a), a.title))
    return render_template(
        "articles.html",
        groups=_grouped(shown, heading),
        total=len(shown),
        languages_there=Counter(article.language for article in everything).most_common(),
        chosen=language,
        order=order,
    )


def _month(day: date | None) -> str:
    return format_skeleton("yMMMM", day, locale=get_locale()) if day else ""


def _newest_first(found: Iterable[Article]) -> list[Article]:
    return sorted(found, key=lambda article: (article.published or date.min, article.id), reverse=True)


def _grouped(found: Sequence[Article], heading: Callable[[Article], str]) -> dict[str, list[Article]]:
    groups: dict[str, list[Article]] = {}
    for article in found:
        groups.setdefault(heading(article), []).append(article)
    return groups


@blueprint.get("/articles/<article_id>")
def article(article_id: str) -> str:
    """An article with an anchor for every block; with `q`, what was searched for stays marked."""
    found, passages = book.article(article_id)
    asked = Search.of(request.args)
    anchor = request.args.get("passage", "")
    target = next((passage for passage in passages if anchor in passage.anchors), None)
    nearest = target or _nearest(article_id, passages)
    return render_template(
        "article.html",
        article=found,
        search=replace(asked, page=1),
        parts=rendering.parts(found, passages),
        minutes=rendering.reading_minutes(passages),
        marks=_marks(asked, article_id),
        target=(target or nearest) if anchor else None,
        nearest=nearest,
        lost=bool(anchor) and not target,
        principles=_principles_of(passages),
        versions=book.versions(article_id)[:_MOST_VERSIONS],
        modified=book.modified().get(article_id),
        way=_way(asked),
        said=said_of(passages),
        url_here=interface.absolute(url_for("pages.article", article_id=article_id, lang=None)),
    )


def _marks(asked: Search, article_id: str) -> dict[str, tuple[Span, ...]]:
    """What was searched for, in all passages of an article that hold it."""
    if not asked.q:
        return {}
    everywhere = asked.without_filters().request(articles=(article_id,), limit=1000, offset=0)
    inside = replace(everywhere, collapse=False)
    return {hit.passage.id: hit.highlights for hit in book.search(inside).hits}


def _nearest(article_id: str, passages: Sequence[Passage]) -> Passage | None:
    """What is nearest to a passage that is gone: by the trace its link carries, else what stands at its
    old place."""
    if found := book.nearest(article_id, request.args.get("near", "")):
        return found
    place = whole_number(request.args, "at", 0, 10**6, default=0)
    return passages[min(place, len(passages)) - 1] if place and passages else None


def _principles_of(passages: Sequence[Passage]) -> list[tuple[str, int]]:
    """The principles of an article, with the number of passages that speak of each."""
    return Counter(tag.principle for passage in passages for tag in passage.tags).most_common(8)


def _way(asked: Search) -> dict[str, Any] | None:
    """The way back to a search and on to its previous and next result, if `hit` says which this is."""
    number = whole_number(request.args, "hit", 0, LAST_PAGE * HITS_PER_PAGE, default=0)
    if not number or not asked.asks:
        return None
    before = max(number - 2, 0)
    found = book.search(asked.request(offset=before, limit=number - before + 1))
    numbered = dict(enumerate(found.hits, before + 1))
    if number in numbered:
        log_opening(asked.q, numbered[number].passage.id)

    url_of = result_url(asked)

    def address(to: int) -> str | None:
        hit = numbered.get(to)
        return url_of(to, hit.article.id, hit.passage) if hit else None

    return {
        "number": number,
        "total": found.total,
        "back": asked.url(page=(number - 1) // HITS_PER_PAGE + 1),
        "previous": address(number - 1),
        "next": address(number + 1),
    }


def result_url(asked: Search) -> Callable[[int, str, Passage | FoundPassage], str]:
    """What gives the address of a result: its article at its passage, the way back, and the trace by
    which the passage is found again when it was edited."""
    parameters = replace(asked, page=1, flat=False).parameters()
    said = {name: value for name, value in parameters.items() if value != ()}

    def address(number: int, article_id: str, passage: Passage | FoundPassage) -> str:
        near = {"near": passage.trace} if passage.trace else {}
        way = {**said, "hit": number, **near}
        return asking("pages.article", way, anchor=passage.id, article_id=article_id)

    return address


@blueprint.get("/passages/<anchor>")
def passage(anchor: str) -> Redirect:
    """The lasting address of a passage: its place in its article."""
    try:
        _, where = book.passage(anchor)
    except NotFound:
        if "article" not in request.args:
            raise
        where, _ = book.article(request.args["article"])
        way: dict[str, Any] = {name: request.args.get(name) or None for name in ("at", "near")}
        return redirect(url_for("pages.article", article_id=where.id, passage=anchor, **way))
    q = request.args.get("q") or None
    return redirect(url_for("pages.article", article_id=where.id, q=q, _anchor=anchor))


@blueprint.get("/passages/<anchor>/counterparts")
def counterparts(anchor: str) -> str:
    """The passages in the other languages that say nearly the same."""
    found, where = book.passage(anchor)
    closest = book.counterparts(found.id)
    columns = {
        code: results_of(Search(), hits, [book.passage(hit.passage.id)[0] for hit in hits])
        for code, hits in closest.items()
    }
    return render_template(
        "counterparts.html",
        passage=found,
        article=where,
        columns=columns,
        said=said_of([found, *(result.passage for results in columns.values() for result in results)]),
    )


# --- Principles ----------------------------------------------------------------------------------


def _tree() -> list[tuple[Principle, list[Principle]]]:
    """The top principles, each with those below it in the order of the scheme."""
    principles = book.vocabulary.principles
    return [
        (top, [principles[below] for below in top.narrower if below in principles])
        for top in book.vocabulary.tops()
    ]


@blueprint.get("/principles")
def principles() -> str:
    """All principles as a map that can be read as a list."""
    counts = {facet.value: facet.count for facet in book.search(limit=0).facets.get("principle", ())}
    tree = _tree()
    return render_template(
        "principles.html",
        tree=tree,
        counts=counts,
        most=max(counts.values(), default=1),
        title=interface.in_language(book.vocabulary.titles) or gettext("Principles"),
        chart=chart.draw(tree, label, hue),
    )


@blueprint.get("/principles/<principle_id>")
def principle(principle_id: str) -> str:
    """One principle: what it means, what it is called, and what the articles say of it."""
    found = book.principle(principle_id)
    there = {facet.value for facet in book.search(limit=0).facets.get("language", ())}
    left, right = _columns(_in_order(there))
    facets = book.search(principle=principle_id, limit=0).facets
    columns = [(code, book.best_passages(principle_id, code)) for code in (left, right) if code]
    return render_template(
        "principle.html",
        principle=found,
        names=_names(found),
        above=_known(found.broader),
        below=_known(found.narrower),
        related=_known(found.related),
        models=[book.vocabulary.models[iri] for iri in found.matches if iri in book.vocabulary.models],
        columns=columns,
        said=said_of(passage for _, column in columns for passage, _ in column),
        choices=_in_order(there),
        counts={facet.value: facet.count for facet in facets.get("language", ())},
        teaching=_newest_first(book.articles_on(principle_id)),
        speaking=facets.get("article", ())[:8],
        search=Search(principle=(principle_id,)),
    )


def _in_order(there: Iterable[str]) -> list[str]:
    """Languages of content: ours first, then any other that an article is in."""
    ours = [code for code in languages.LANGUAGES if code in there]
    return [*ours, *sorted(code for code in there if code not in ours)]


def _columns(there: Sequence[str]) -> tuple[str, str]:
    """The two languages whose passages stand side by side: chosen, else one's own and another."""
    own = interface.content_language()
    usual = [*(code for code in there if code == own), *(code for code in there if code != own), "", ""]
    chosen = [request.args.get(side, usual[place]) for place, side in enumerate(("left", "right"))]
    for side, code in zip(("left", "right"), chosen, strict=True):
        if code and code not in there:
            raise InvalidRequest(f"There are no passages in the language “{code}”.", side)
    return chosen[0], chosen[1] if chosen[1] != chosen[0] else ""


def _names(found: Principle) -> list[tuple[str, str, list[str]]]:
    """What a principle is called in each language, one's own first: the code, the name, other names."""
    own = interface.content_language()
    return [
        (
            code,
            interface.in_script(found.pref_labels[code], code),
            [interface.in_script(label, code) for label in found.alt_labels.get(code, ())],
        )
        for code in sorted(found.pref_labels, key=lambda code: code != own)
    ]


def _known(ids: Iterable[str]) -> list[Principle]:
    return [book.vocabulary.principles[id] for id in ids if id in book.vocabulary.principles]
