"""What can be asked: searches, articles, passages, principles, terms, figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from kb.json import plain
from kb.models import Article, Hit, Passage, Principle, Scope, SearchRequest, SearchResults, Suggestion
from web.api import contract
from web.api.access import key_shown
from web.api.answers import answer, article_json, chosen, cursor_of, digest, offset_of, page, passage_json
from web.api.calls import read
from web.api.contract import Choosing, HitPaging, LanguagePaging, Paging, Parameters
from web.current import book
from web.searches import answer_to

_SKOS = {"text/turtle": "turtle", "application/ld+json": "jsonld"}
FORMS = ("application/json", *_SKOS)

# --- Searching -----------------------------------------------------------------------------------


@read("/search", contract.SearchParameters, contract.SearchAnswer, "Search", "Find passages")
def search(asked: contract.SearchParameters) -> Response:
    """The passages that answer a query, best first: what `kb search --json` prints."""
    found, _ = answer_to(
        SearchRequest(
            text=asked.q,
            languages=tuple(asked.language),
            principles=tuple(asked.principle),
            articles=tuple(asked.article),
            dates=tuple(asked.date),
            like=asked.like,
            sort=asked.sort,
            limit=asked.limit,
            offset=asked.offset,
            bridge=asked.bridge,
            correct=asked.correct,
            collapse=asked.collapse,
            explain=asked.explain,
        )
    )
    if not asked.fields:
        return answer(found)
    told = plain(found)
    return answer({**told, "hits": chosen(told["hits"], asked.fields, Hit)})


@read("/suggest", contract.SuggestParameters, contract.Suggestions, "Search", "Complete what is typed")
def suggest(asked: contract.SuggestParameters) -> Response:
    """Titles, principles, terms and frequent phrases that a text may become, best first."""
    found = plain(book.suggest(asked.q, asked.language, asked.limit))
    return answer({"query": asked.q, "suggestions": chosen(found, asked.fields, Suggestion)})


@read("/analyze", contract.AnalyzeParameters, contract.Analysis, "Search", "Take a text apart")
def analyze(asked: contract.AnalyzeParameters) -> Response:
    """The tokens of a text: what it is searched for and found by."""
    return answer({"text": asked.text, "tokens": book.analyze(asked.text)})


# --- Articles ------------------------------------------------------------------------------------


@read("/articles", LanguagePaging, contract.ArticleList, "Articles", "List articles")
def articles(asked: LanguagePaging) -> Response:
    """Articles by id, without their texts."""
    found = [one for one in book.articles() if asked.language in (None, one.language)]
    shown, further = page(found, lambda one: one.id, asked.limit, asked.cursor)
    items = chosen([article_json(one) for one in shown], asked.fields, contract.ArticleRecord)
    return answer({"total": len(found), "articles": items, "next": further})


@read("/articles/<article_id>", Choosing, contract.FullArticle, "Articles", "One article")
def article(asked: Choosing, article_id: str) -> Response:
    """An article with all its passages. Its ETag is what `If-Match` takes when it is written."""
    found, passages = book.article(article_id)
    whole = full_article(found, passages)
    response = answer(chosen([whole], asked.fields, contract.FullArticle)[0])
    response.set_etag(article_tag(whole))
    response.make_conditional(request)
    return response


def full_article(found: Article, passages: Iterable[Passage]) -> dict[str, Any]:
    """An article with all its passages, as JSON."""
    versions = [other.id for other in book.versions(found.id)]
    return {
        **article_json(found),
        "versions": versions,
        "passages": [passage_json(passage) for passage in passages],
    }


def article_tag(whole: dict[str, Any]) -> str:
    """The ETag of an article: another as soon as anything in it is another."""
    return digest([repr(whole)])


@read("/articles/<article_id>/passages", Paging, contract.PassageList, "Articles", "An article's passages")
def article_passages(asked: Paging, article_id: str) -> Response:
    """The passages of an article in reading order."""
    _, passages = book.article(article_id)
    shown, further = page(passages, lambda one: one.id, asked.limit, asked.cursor)
    items = chosen([passage_json(passage) for passage in shown], asked.fields, contract.PassageRecord)
    return answer({"total": len(passages), "passages": items, "next": further})


# --- Passages ------------------------------------------------------------------------------------


@read("/passages", contract.PassagesParameters, contract.PassagesById, "Passages", "Many passages by ids")
def passages(asked: contract.PassagesParameters) -> Response:
    """Passages by their ids or the anchors of their blocks, each with its article."""
    found = book.passages(asked.id)
    items = [_in_article(*one) for one in found.values()]
    missing = [id for id in dict.fromkeys(asked.id) if id not in found]
    return answer({"passages": chosen(items, asked.fields, contract.PassageInArticle), "missing": missing})


@read("/passages/<passage_id>", Choosing, contract.PassageInArticle, "Passages", "One passage")
def passage(asked: Choosing, passage_id: str) -> Response:
    """A passage, by its id or the anchor of any of its blocks, and its article."""
    return answer(
        chosen([_in_article(*book.passage(passage_id))], asked.fields, contract.PassageInArticle)[0]
    )


def _in_article(found: Passage, where: Article) -> dict[str, Any]:
    return {"passage": passage_json(found), "article": article_json(where)}


@read(
    "/passages/<passage_id>/counterparts",
    contract.CounterpartParameters,
    contract.Counterparts,
    "Passages",
    "The same in other languages",
)
def counterparts(asked: contract.CounterpartParameters, passage_id: str) -> Response:
    """For each other language, or one, the passages closest by principles and trade terms."""
    return answer({"counterparts": book.counterparts(passage_id, asked.language, asked.limit)})


@read(
    "/passages/<passage_id>/similar",
    contract.SimilarParameters,
    contract.Hits,
    "Passages",
    "Similar passages",
)
def similar(asked: contract.SimilarParameters, passage_id: str) -> Response:
    """The passages closest by words, principles and trade terms, in the same language or another."""
    found = plain(book.similar(passage_id, asked.language, asked.limit))
    return answer({"hits": chosen(found, asked.fields, Hit)})


# --- Principles and terms of the trade -----------------------------------------------------------


@read("/principles", Paging, contract.PrincipleList, "Principles", "List principles", 406, forms=FORMS)
def principles(asked: Paging) -> Response:
    """The principles in the order of their scheme, without the groups they stand under. The whole
    vocabulary as SKOS with `Accept: text/turtle` or `application/ld+json`."""
    return _as_skos() or _concepts("principles", book.principles(), asked)


@read("/principles/tree", Parameters, contract.Tree, "Principles", "The tree of principles")
def principle_tree(asked: Parameters) -> Response:
    """The scheme from its top concepts down, groups included."""
    tops = [_branch(top, ()) for top in book.vocabulary.tops()]
    return answer({"titles": dict(book.vocabulary.titles), "tree": tops})


def _branch(concept: Principle, above: tuple[str, ...]) -> dict[str, Any]:
    known = book.vocabulary.principles
    path = (*above, concept.id)
    below = [_branch(known[id], path) for id in concept.narrower if id in known and id not in path]
    labels = concept.pref_labels
    return {"id": concept.id, "labels": labels, "grouping": concept.grouping, "narrower": below}


@read(
    "/principles/<principle_id>", Choosing, contract.Concept, "Principles", "One principle", 406, forms=FORMS
)
def principle(asked: Choosing, principle_id: str) -> Response:
    """A principle or group, in JSON, Turtle or JSON-LD."""
    found = book.principle(principle_id)
    return _as_skos(found) or answer(chosen([plain(found)], asked.fields, Principle)[0])


@read(
    "/principles/<principle_id>/passages",
    HitPaging,
    contract.HitList,
    "Principles",
    "Passages on a principle",
)
def principle_passages(asked: HitPaging, principle_id: str) -> Response:
    """The passages tagged with a principle, in the order of article and position."""
    offset = offset_of(asked.cursor) if asked.cursor else asked.offset
    return _hits(book.passages_on(principle_id, asked.language, asked.limit, offset), offset, asked)


@read("/terms", Paging, contract.TermList, "Terms", "List terms of the trade", 406, forms=FORMS)
def terms(asked: Paging) -> Response:
    """The terms of the trade in the order of their scheme, or the whole vocabulary as SKOS."""
    return _as_skos() or _concepts("terms", book.trade_terms(), asked)


@read("/terms/<term_id>", Choosing, contract.Concept, "Terms", "One term", 406, forms=FORMS)
def term(asked: Choosing, term_id: str) -> Response:
    """A term of the trade, in JSON, Turtle or JSON-LD."""
    found = book.trade_term(term_id)
    return _as_skos(found) or answer(chosen([plain(found)], asked.fields, Principle)[0])


@read("/terms/<term_id>/passages", HitPaging, contract.HitList, "Terms", "Passages that name a term")
def term_passages(asked: HitPaging, term_id: str) -> Response:
    """The passages that name a term of the trade in any of its languages, best first."""
    offset = offset_of(asked.cursor) if asked.cursor else asked.offset
    return _hits(book.passages_naming(term_id, asked.language, asked.limit, offset), offset, asked)


def _concepts(name: str, found: Sequence[Principle], asked: Paging) -> Response:
    shown, further = page(found, lambda one: one.id, asked.limit, asked.cursor)
    return answer(
        {"total": len(found), name: chosen(plain(list(shown)), asked.fields, Principle), "next": further}
    )


def _hits(found: SearchResults, offset: int, asked: HitPaging) -> Response:
    hits: tuple[Hit, ...] = found.hits
    return answer(
        {
            "total": found.total,
            "took_ms": found.took_ms,
            "hits": chosen(plain(list(hits)), asked.fields, Hit),
            "facets": found.facets,
            "next": cursor_of(offset + len(hits), found.total) if hits else None,
        }
    )


def _as_skos(concept: Principle | None = None) -> Response | None:
    """A concept, or the vocabulary, as SKOS, where the caller prefers that to JSON."""
    best = request.accept_mimetypes.best_match(FORMS)
    if best is None and request.accept_mimetypes:
        raise NotAcceptable(f"This can be had as {', '.join(FORMS)}.")
    if best not in _SKOS:
        return None
    text = book.vocabulary.export(_SKOS[best], None if concept is None else concept.iri)
    return Response(text, mimetype=best)


# --- Figures -------------------------------------------------------------------------------------


@read("/statistics", Parameters, contract.StatisticsAnswer, "Index", "How much there is")
def statistics(asked: Parameters) -> Response:
    """Counts of articles and passages by language and principle."""
    return answer(book.statistics())


@read("/index", Parameters, contract.IndexStatusAnswer, "Index", "The state of the index")
def index_status(asked: Parameters) -> Response:
    """What the index was made from and when, and whether it is up to date."""
    return answer(book.index_status())


@read("/key", Parameters, contract.Whoami, "Index", "The key that was shown", of_the_store=True)
def key(asked: Parameters) -> Response:
    """Its name and scopes; without a key, what everybody may do."""
    shown = key_shown()
    if shown is None:
        return answer({"name": "", "scopes": [Scope.READ], "expires": None, "account": None})
    account = shown.account and shown.account.name
    told = {"name": shown.name, "scopes": shown.scopes, "expires": shown.expires, "account": account}
    return answer(told)
