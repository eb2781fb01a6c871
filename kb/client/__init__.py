"""The calls of the library over HTTP: the same names, the same results, from a Servicebook elsewhere.

>>> from kb.client import Client
>>> with Client("https://handbook.example.com") as book:  # doctest: +SKIP
...     for hit in book.search("эмпатия", language="zh").hits:
...         print(hit.article.title, hit.passage.text)

In what follows `book` is such a client; `kb.open()` answers the same.

>>> found = book.search("эмпатия", limit=3)
>>> found.hits[0].passage.language
'ru'
>>> passage, article = book.passage(found.hits[0].passage.id)
>>> passage.text == found.hits[0].passage.text
True
>>> [suggestion.text for suggestion in book.suggest("эмпат", limit=1)]
['Эмпатия']
>>> book.principle("empathy").label("zh")
'同理心'
>>> pack = book.ready_made("empathy", language="ru")
>>> pack.title
'Подборка: Эмпатия'
>>> book.export(pack, "markdown").decode().splitlines()[0]
'# Подборка: Эмпатия'
>>> book.article("nowhere")
Traceback (most recent call last):
kb.errors.NotFound: There is no article with the id “nowhere”.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kb.client.calls import PAGE, Calls, noun, path_segment
from kb.client.packs import ClientPacks, body_of
from kb.corpus_folder import ArticleFile, WrittenArticle
from kb.errors import InvalidRequest
from kb.json import plain
from kb.models import (
    Article,
    Excerpt,
    Facet,
    Hit,
    Interpretation,
    Pack,
    Passage,
    Principle,
    Question,
    SearchRequest,
    SearchResults,
    Suggestion,
    TagReview,
    Token,
)
from kb.packs.outlines import Outline, OutlinedExcerpt, OutlinedSection
from kb.query import PLURALS
from kb.statistics import IndexStatus, Statistics

if TYPE_CHECKING:
    from httpx import BaseTransport

__all__ = ["Client"]

_FORMATS = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".html": "html", ".htm": "html"}


class Client:
    """A Servicebook at a URL such as "https://handbook.example.com", as a context manager.

    `key` is an API key, where one is needed; `timeout` is in seconds. What fails for the moment is
    tried again, as late as the server says. Raises the errors of the library, `KeyRefused` for a key
    that may not do this, `EngineUnavailable` when nothing answers, and without the extra `client`
    `MissingExtra`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        transport: BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = Calls(url, key, timeout, transport, pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections."""
        self._calls.close()

    # --- Searching ---

    def search(self, text: str | SearchRequest = "", **options: Any) -> SearchResults:
        """`KnowledgeBase.search`."""
        return noun(SearchResults, self._calls.get("search", _parameters(text, options)))

    def suggest(self, text: str, language: str | None = None, limit: int = 8) -> tuple[Suggestion, ...]:
        """`KnowledgeBase.suggest`."""
        found = self._calls.get("suggest", {"q": text, "language": language, "limit": limit})
        return noun(tuple[Suggestion, ...], found["suggestions"])

    def analyze(self, text: str) -> Sequence[Token]:
        """`KnowledgeBase.analyze`."""
        return noun(list[Token], self._calls.get("analyze", {"text": text})["tokens"])

    # --- Articles and passages ---

    def articles(self) -> Sequence[Article]:
        """`KnowledgeBase.articles`."""
        return noun(list[Article], list(self._calls.items("articles", "articles")))

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
        """`KnowledgeBase.article`."""
        found = self._calls.get(f"articles/{path_segment(article_id)}")
        return noun(Article, found), noun(tuple[Passage, ...], found["passages"])

    def passage(self, passage_id: str) -> tuple[Passage, Article]:
        """`KnowledgeBase.passage`."""
        found = self._calls.get(f"passages/{path_segment(passage_id)}")
        return noun(Passage, found["passage"]), noun(Article, found["article"])

    def passages(self, ids: Iterable[str]) -> dict[str, tuple[Passage, Article]]:
        """`KnowledgeBase.passages`."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, tuple[Passage, Article]] = {}
        for start in range(0, len(wanted), PAGE):
            asked = wanted[start : start + PAGE]
            given = self._calls.get("passages", {"id": asked})
            there = [id for id in asked if id not in given["missing"]]
            for id, one in zip(there, given["passages"], strict=True):
                found[id] = noun(Passage, one["passage"]), noun(Article, one["article"])
        return found

    def counterparts(
        self, passage_id: str, language: str | None = None, limit: int = 3
    ) -> dict[str, tuple[Hit, ...]]:
        """`KnowledgeBase.counterparts`."""
        found = self._calls.get(
            f"passages/{path_segment(passage_id)}/counterparts",
            {"language": language, "limit": limit},
        )
        return noun(dict[str, tuple[Hit, ...]], found["counterparts"])

    def similar(self, passage_id: str, language: str | None = None, limit: int = 5) -> tuple[Hit, ...]:
        """`KnowledgeBase.similar`."""
        found = self._calls.get(
            f"passages/{path_segment(passage_id)}/similar",
            {"language": language, "limit": limit},
        )
        return noun(tuple[Hit, ...], found["hits"])

    def passages_on(
        self, principle_id: str, language: str | None = None, limit: int = 10, offset: int = 0
    ) -> SearchResults:
        """`KnowledgeBase.passages_on`."""
        return self._hits(f"principles/{path_segment(principle_id)}/passages", language, limit, offset)

    def passages_naming(
        self, term_id: str, language: str | None = None, limit: int = 10, offset: int = 0
    ) -> SearchResults:
        """`KnowledgeBase.passages_naming`."""
        return self._hits(f"terms/{path_segment(term_id)}/passages", language, limit, offset)

    def _hits(self, path: str, language: str | None, limit: int, offset: int) -> SearchResults:
        found = self._calls.get(path, {"language": language, "limit": limit, "offset": offset})
        return SearchResults(
            query="",
            total=found["total"],
            took_ms=found["took_ms"],
            interpreted=Interpretation(),
            hits=noun(tuple[Hit, ...], found["hits"]),
            facets=noun(dict[str, tuple[Facet, ...]], found["facets"]),
        )

    def stream(self, since: datetime | None = None) -> Iterator[tuple[Article, tuple[Passage, ...]]]:
        """All articles with their passages, or those whose file was changed at or after a moment."""
        asked = {"since": since.isoformat()} if since else {}
        for one in self._calls.lines("streams/articles", asked):
            yield noun(Article, one), noun(tuple[Passage, ...], one["passages"])

    # --- Principles and terms of the trade ---

    def principles(self) -> Sequence[Principle]:
        """`KnowledgeBase.principles`."""
        return noun(tuple[Principle, ...], list(self._calls.items("principles", "principles")))

    def principle(self, principle_id: str) -> Principle:
        """`KnowledgeBase.principle`."""
        return noun(Principle, self._calls.get(f"principles/{path_segment(principle_id)}"))

    def trade_terms(self) -> Sequence[Principle]:
        """`KnowledgeBase.trade_terms`."""
        return noun(tuple[Principle, ...], list(self._calls.items("terms", "terms")))

    def trade_term(self, term_id: str) -> Principle:
        """`KnowledgeBase.trade_term`."""
        return noun(Principle, self._calls.get(f"terms/{path_segment(term_id)}"))

    # --- Figures ---

    def statistics(self) -> Statistics:
        """`KnowledgeBase.statistics`."""
        return noun(Statistics, self._calls.get("statistics"))

    def index_status(self) -> IndexStatus:
        """`KnowledgeBase.index_status`."""
        return noun(IndexStatus, self._calls.get("index"))

    # --- Packs ---

    @cached_property
    def packs(self) -> ClientPacks:
        """Packs that are kept there: `KnowledgeBase.packs`."""
        return ClientPacks(self._calls)

    def excerpt(self, passage_id: str) -> Excerpt:
        """`KnowledgeBase.excerpt`."""
        (excerpt,) = self.pack_from([passage_id]).excerpts
        return excerpt

    def pack_from(self, passage_ids: Iterable[str], title: str = "", language: str = "en") -> Pack:
        """`KnowledgeBase.pack_from`."""
        excerpts = tuple(OutlinedExcerpt(id, counterpart="") for id in passage_ids)
        outline = Outline(title, (OutlinedSection(excerpts=excerpts),), language=language)
        return noun(Pack, self._calls.send("POST", "packs:draft", json=plain(outline)))

    def ready_made(self, principle_id: str, language: str = "en") -> Pack:
        """`KnowledgeBase.ready_made`."""
        return noun(
            Pack, self._calls.get(f"principles/{path_segment(principle_id)}/pack", {"language": language})
        )

    def with_counterparts(self, pack: Pack, language: str) -> Pack:
        """`KnowledgeBase.with_counterparts`; what the pack quotes stays as it was quoted."""
        asked = {"counterparts": language}
        drafted = noun(Pack, self._calls.send("POST", "packs:draft", params=asked, json=body_of(pack)))
        beside = {one.passage: one.counterpart for one in drafted.excerpts}

        return pack.with_each(lambda one: replace(one, counterpart=one.counterpart or beside[one.passage]))

    def quiz(self, pack: Pack) -> tuple[Question, ...]:
        """`KnowledgeBase.quiz`, of the passages as they are there now."""
        found = self._calls.send("POST", "packs:quiz", json={**body_of(pack), "id": pack.id})
        return noun(tuple[Question, ...], found["questions"])

    def export(self, pack: Pack, form: str) -> bytes:
        """`KnowledgeBase.export`, of the passages as they are there now; `packs.export` gives a kept
        pack as it was quoted."""
        body = {**body_of(pack), "id": pack.id}
        return self._calls.fetch("POST", "packs:export", params={"format": form}, json=body)

    # --- Reviews of tags ---

    def review(self, passage_id: str, principle_id: str, accepted: bool, reason: str = "") -> Passage:
        """`KnowledgeBase.review`, by whom the key acts for; `undo_review` takes it back."""
        said = {"passage": passage_id, "principle": principle_id, "accepted": accepted, "reason": reason}
        self._calls.send("POST", "reviews", json=said)
        return self.passage(passage_id)[0]

    def undo_review(self, number: int) -> bool:
        """`KnowledgeBase.undo_review`."""
        undone: bool = self._calls.send("DELETE", f"reviews/{number}")["undone"]
        return undone

    def review_by_number(self, number: int) -> TagReview:
        """`KnowledgeBase.review_by_number`."""
        return noun(TagReview, self._calls.get(f"reviews/{number}"))

    def reviews(self, passages: Iterable[Passage] | None = None) -> Sequence[TagReview]:
        """`KnowledgeBase.reviews`."""
        found = noun(list[TagReview], list(self._calls.items("reviews", "reviews")))
        wanted = None if passages is None else {passage.id for passage in passages}
        return [one for one in found if wanted is None or one.passage in wanted]

    # --- Writing ---

    def write_articles(
        self, files: Sequence[ArticleFile] = (), remove: Sequence[str] = ()
    ) -> tuple[WrittenArticle, ...]:
        """`KnowledgeBase.write_articles`, of texts, Markdown and HTML; other files go with `put_file`."""
        put = [{"id": one.id, "format": _format(one), "content": _text(one)} for one in files]
        found = self._calls.send("POST", "articles:batch", json={"put": put, "delete": list(remove)})
        return noun(tuple[WrittenArticle, ...], found["articles"])

    def put_file(self, article_id: str, file: Path) -> WrittenArticle:
        """Write a file of any format that is read there as an article, new or in its place."""
        parts = {"file": (file.name, file.read_bytes())}
        return noun(
            WrittenArticle, self._calls.send("PUT", f"articles/{path_segment(article_id)}", files=parts)
        )


def _format(file: ArticleFile) -> str:
    """The format of a text as the API names it."""
    if file.suffix not in _FORMATS:
        raise InvalidRequest(f"Send the {file.suffix} file of “{file.id}” with put_file.", "format")
    return _FORMATS[file.suffix]


def _text(file: ArticleFile) -> str:
    """The text of a file: JSON has no bytes, so other encodings than UTF-8 are read there only in files."""
    try:
        return file.content.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"“{file.id}” is not in UTF-8; send it as a file with put_file.", "content"
        ) from error


# The fields of a `SearchRequest` as an address names them.
_NAMES = {"text": "q", **{plural: name for name, plural in PLURALS.items()}}


def _parameters(text: str | SearchRequest, options: Mapping[str, Any]) -> dict[str, Any]:
    """A search as an address has it."""
    if isinstance(text, SearchRequest):
        given = {field.name: getattr(text, field.name) for field in fields(text)}
    else:
        given = {"text": text, **options}
    named = {_NAMES.get(name, name): value for name, value in given.items()}
    return {name: int(value) if isinstance(value, bool) else value for name, value in named.items()}
