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
>>> book.article("nowhere")
Traceback (most recent call last):
kb.errors.NotFound: There is no article with the id “nowhere”.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from kb.corpus_folder import Draft, WrittenArticle
from kb.errors import (
    EngineUnavailable,
    InvalidRequest,
    KeyRefused,
    MissingExtra,
    NotFound,
    Outdated,
    ServicebookError,
    WriteRefused,
)
from kb.models import Article, Hit, Passage, Principle, SearchRequest, SearchResults, Suggestion, Token
from kb.statistics import IndexStatus, Statistics

if TYPE_CHECKING:
    from httpx import BaseTransport, Response

_TRIES = 4
_LONGEST_PAUSE = 30.0  # seconds
_PAGE = 100
_FORMATS = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".html": "html", ".htm": "html"}
_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)

T = TypeVar("T")


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
        try:
            import httpx
        except ModuleNotFoundError as error:
            raise MissingExtra("The client", "client") from error

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        base = f"{url.rstrip('/')}/api/v1/"
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout, transport=transport)
        self._pause = pause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    # --- Searching ---

    def search(self, text: str | SearchRequest = "", **options: Any) -> SearchResults:
        """`KnowledgeBase.search`."""
        return _as(SearchResults, self._get("search", _parameters(text, options)))

    def suggest(self, text: str, language: str | None = None, limit: int = 6) -> tuple[Suggestion, ...]:
        """`KnowledgeBase.suggest`."""
        found = self._get("suggest", {"q": text, "language": language, "limit": limit})
        return _as(tuple[Suggestion, ...], found["suggestions"])

    def analyze(self, text: str) -> Sequence[Token]:
        """`KnowledgeBase.analyze`."""
        return _as(list[Token], self._get("analyze", {"text": text})["tokens"])

    # --- Articles and passages ---

    def articles(self) -> Sequence[Article]:
        """`KnowledgeBase.articles`."""
        return _as(list[Article], list(self._items("articles", "articles")))

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
        """`KnowledgeBase.article`."""
        found = self._get(f"articles/{_part(article_id)}", missing=NotFound("article", article_id))
        return _as(Article, found), _as(tuple[Passage, ...], found["passages"])

    def passage(self, passage_id: str) -> tuple[Passage, Article]:
        """`KnowledgeBase.passage`."""
        found = self._get(f"passages/{_part(passage_id)}", missing=NotFound("passage", passage_id))
        return _as(Passage, found["passage"]), _as(Article, found["article"])

    def passages(self, ids: Iterable[str]) -> dict[str, tuple[Passage, Article]]:
        """`KnowledgeBase.passages`."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, tuple[Passage, Article]] = {}
        for start in range(0, len(wanted), _PAGE):
            asked = wanted[start : start + _PAGE]
            given = self._get("passages", {"id": asked})
            there = [id for id in asked if id not in given["missing"]]
            for id, one in zip(there, given["passages"], strict=True):
                found[id] = _as(Passage, one["passage"]), _as(Article, one["article"])
        return found

    def counterparts(
        self, passage_id: str, language: str | None = None, limit: int = 3
    ) -> dict[str, tuple[Hit, ...]]:
        """`KnowledgeBase.counterparts`."""
        found = self._get(
            f"passages/{_part(passage_id)}/counterparts",
            {"language": language, "limit": limit},
            NotFound("passage", passage_id),
        )
        return _as(dict[str, tuple[Hit, ...]], found["counterparts"])

    def similar(self, passage_id: str, language: str | None = None, limit: int = 5) -> tuple[Hit, ...]:
        """`KnowledgeBase.similar`."""
        found = self._get(
            f"passages/{_part(passage_id)}/similar",
            {"language": language, "limit": limit},
            NotFound("passage", passage_id),
        )
        return _as(tuple[Hit, ...], found["hits"])

    def stream(self, since: datetime | None = None) -> Iterator[tuple[Article, tuple[Passage, ...]]]:
        """All articles with their passages, or those whose file was changed at or after a moment."""
        asked = {"since": since.isoformat()} if since else {}
        with self._http.stream("GET", "streams/articles", params=asked) as response:
            if response.status_code != HTTPStatus.OK:
                response.read()
                raise _error_of(response, None)
            for line in response.iter_lines():
                one = msgspec.json.decode(line)
                yield _as(Article, one), _as(tuple[Passage, ...], one["passages"])

    # --- Principles and terms of the trade ---

    def principles(self) -> Sequence[Principle]:
        """`KnowledgeBase.principles`."""
        return _as(tuple[Principle, ...], list(self._items("principles", "principles")))

    def principle(self, principle_id: str) -> Principle:
        """`KnowledgeBase.principle`."""
        missing = NotFound("principle", principle_id)
        return _as(Principle, self._get(f"principles/{_part(principle_id)}", missing=missing))

    def trade_terms(self) -> Sequence[Principle]:
        """`KnowledgeBase.trade_terms`."""
        return _as(tuple[Principle, ...], list(self._items("terms", "terms")))

    def trade_term(self, term_id: str) -> Principle:
        """`KnowledgeBase.trade_term`."""
        missing = NotFound("trade term", term_id)
        return _as(Principle, self._get(f"terms/{_part(term_id)}", missing=missing))

    # --- Figures ---

    def statistics(self) -> Statistics:
        """`KnowledgeBase.statistics`."""
        return _as(Statistics, self._get("statistics"))

    def index_status(self) -> IndexStatus:
        """`KnowledgeBase.index_status`."""
        return _as(IndexStatus, self._get("index"))

    # --- Writing ---

    def write_articles(
        self, drafts: Sequence[Draft] = (), remove: Sequence[str] = ()
    ) -> tuple[WrittenArticle, ...]:
        """`KnowledgeBase.write_articles`, of texts, Markdown and HTML; other files go with `put_file`."""
        for draft in drafts:
            if draft.suffix not in _FORMATS:
                raise InvalidRequest(f"Send the {draft.suffix} file of “{draft.id}” with put_file.", "format")
        put = [
            {"id": draft.id, "format": _FORMATS[draft.suffix], "content": draft.content.decode()}
            for draft in drafts
        ]
        found = self._send("POST", "articles:batch", json={"put": put, "delete": list(remove)})
        return _as(tuple[WrittenArticle, ...], found["articles"])

    def put_file(self, article_id: str, file: Path) -> WrittenArticle:
        """Write a file of any format that is read there as an article, new or in its place."""
        parts = {"file": (file.name, file.read_bytes())}
        return _as(WrittenArticle, self._send("PUT", f"articles/{_part(article_id)}", files=parts))

    # --- Over HTTP ---

    def _get(
        self, path: str, parameters: Mapping[str, Any] | None = None, missing: NotFound | None = None
    ) -> Any:
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return self._send("GET", path, missing, params=given)

    def _items(self, path: str, name: str) -> Iterator[Any]:
        cursor = ""
        while True:
            found = self._get(path, {"limit": _PAGE, "cursor": cursor or None})
            yield from found[name]
            cursor = found["next"]
            if not cursor:
                return

    def _send(self, method: str, path: str, missing: NotFound | None = None, **options: Any) -> Any:
        """One call, tried again as long as it makes sense; returns the JSON of the answer."""
        import httpx

        for left in reversed(range(_TRIES)):
            pause = 0.5 * 2 ** (_TRIES - left - 1)
            try:
                # With the slash, or "articles:batch" would be a URL of its own.
                response = self._http.request(method, f"/{path}", **options)
            except httpx.TransportError as error:
                # It may have arrived: only what does no harm twice is sent twice.
                if left and (method != "POST" or isinstance(error, httpx.ConnectError)):
                    self._pause(pause)
                    continue
                raise EngineUnavailable(f"{self._http.base_url} does not answer: {error}") from error
            if response.is_success:
                return msgspec.json.decode(response.content)
            if response.status_code not in _AGAIN or not left:
                raise _error_of(response, missing)
            said = response.headers.get("Retry-After", "")
            self._pause(min(float(said) if said.isdigit() else pause, _LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")


def _error_of(response: Response, missing: NotFound | None) -> ServicebookError:
    """The library's error for a problem that a server told of."""
    try:
        problem = msgspec.json.decode(response.content)
        said, parameter = problem["detail"], problem.get("parameter")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        said, parameter = f"The server answered {response.status_code}.", None
    match response.status_code:
        case HTTPStatus.NOT_FOUND if missing:
            return missing
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return KeyRefused(said)
        case HTTPStatus.CONFLICT:
            return WriteRefused(said)
        case HTTPStatus.PRECONDITION_FAILED:
            return Outdated(said)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _AGAIN:
            return EngineUnavailable(said)
        case _:
            return InvalidRequest(said, parameter)


_NAMES = {
    "text": "q",
    "languages": "language",
    "principles": "principle",
    "articles": "article",
    "dates": "date",
}


def _parameters(text: str | SearchRequest, options: Mapping[str, Any]) -> dict[str, Any]:
    """A search as an address has it."""
    if isinstance(text, SearchRequest):
        given = {field.name: getattr(text, field.name) for field in fields(text)}
    else:
        given = {"text": text, **options}
    named = {_NAMES.get(name, name): value for name, value in given.items()}
    return {name: int(value) if isinstance(value, bool) else value for name, value in named.items()}


def _part(id: str) -> str:
    """An id as a part of an address, whatever it holds."""
    return quote(id, safe="")


def _as(type: type[T], value: Any) -> T:
    """JSON as nouns of ours. "from", which Python keeps for itself, is `from_`."""
    if isinstance(value, dict) and (interpreted := value.get("interpreted")):
        for bridge in interpreted["bridges"]:
            bridge["from_"] = bridge.pop("from")
    return msgspec.convert(value, type)
