"""Calls over HTTP: tried again as long as it makes sense, answered in the library's nouns and errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from kb.errors import (
    EngineUnavailable,
    InvalidRequest,
    KeyRefused,
    MissingExtra,
    NotFound,
    Outdated,
    PackChanged,
    ServicebookError,
    WriteRefused,
)

if TYPE_CHECKING:
    from httpx import BaseTransport, Response

_TRIES = 4
_LONGEST_PAUSE = 30.0  # seconds
PAGE = 100
_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)

T = TypeVar("T")


class Calls:
    """Calls of `/api/v1` at a URL."""

    def __init__(
        self,
        url: str,
        key: str | None,
        timeout: float,
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

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The JSON that a path answers; parameters that are None are left out."""
        return self.send("GET", path, params=without_none(parameters or {}))

    def items(self, path: str, name: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The items of all pages of a list."""
        cursor = ""
        while True:
            found = self.get(path, {**(parameters or {}), "limit": PAGE, "cursor": cursor or None})
            yield from found[name]
            cursor = found["next"]
            if not cursor:
                return

    def lines(self, path: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        """The JSON of each line of a stream, as it comes."""
        import httpx

        try:
            with self._http.stream("GET", path, params=without_none(parameters)) as response:
                if response.status_code != HTTPStatus.OK:
                    response.read()
                    raise _error_of(response)
                for line in response.iter_lines():
                    yield _decoded(line, response)
        except httpx.TransportError as error:
            raise self._unavailable(error) from error

    def send(self, method: str, path: str, **options: Any) -> Any:
        """The JSON that a call answers."""
        response = self._response(method, path, **options)
        return _decoded(response.content, response)

    def fetch(self, method: str, path: str, **options: Any) -> bytes:
        """The file that a call answers."""
        return self._response(method, path, **options).content

    def _response(self, method: str, path: str, **options: Any) -> Response:
        """What a call answers; one that fails for the moment is tried again."""
        import httpx

        for left in reversed(range(_TRIES)):
            pause = 0.5 * 2 ** (_TRIES - left - 1)
            try:
                # With the slash, or "articles:batch" would be a URL of its own.
                response = self._http.request(method, f"/{path}", **options)
            except httpx.TransportError as error:
                # It may have arrived: only what does no harm twice is sent twice.
                if left and (method not in ("POST", "PATCH") or isinstance(error, httpx.ConnectError)):
                    self._pause(pause)
                    continue
                raise self._unavailable(error) from error
            if response.is_success:
                return response
            if response.status_code not in _AGAIN or not left:
                raise _error_of(response)
            after = response.headers.get("Retry-After", "")
            self._pause(min(float(after) if after.isdigit() else pause, _LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")

    def _unavailable(self, error: Exception) -> EngineUnavailable:
        return EngineUnavailable(f"{self._http.base_url} does not answer: {error}")


def _decoded(content: bytes | str, response: Response) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise _no_servicebook(response) from error


def _no_servicebook(response: Response) -> EngineUnavailable:
    """What is told of an answer of something else: a proxy, another product, a sign-in page."""
    return EngineUnavailable(
        f"{response.url} answers {response.status_code}, and not as a Servicebook does. Is its address right?"
    )


def _error_of(response: Response) -> ServicebookError:
    """The library's error for a problem that a server told of."""
    try:
        problem = msgspec.json.decode(response.content)
        detail = problem["detail"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return _no_servicebook(response)
    if changed := problem.get("changed"):
        return PackChanged(changed["title"], changed["version"], changed["by"])
    if missing := problem.get("missing"):
        return NotFound(missing["kind"], missing["id"])
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return KeyRefused(detail)
        case HTTPStatus.CONFLICT:
            return WriteRefused(detail)
        case HTTPStatus.PRECONDITION_FAILED:
            return Outdated(detail)
        case HTTPStatus.NOT_IMPLEMENTED:
            return ServicebookError(detail)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _AGAIN:
            return EngineUnavailable(detail)
        case _:
            return InvalidRequest(detail, problem.get("parameter"))


def without_none(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without those that are not given."""
    return {name: value for name, value in parameters.items() if value is not None}


def path_segment(id: str) -> str:
    """An id as one segment of a URL's path, whatever characters it has."""
    return quote(id, safe="")


def noun(type: type[T], value: Any) -> T:
    """JSON as a noun of `kb.models`, or several. A bridge's "from" is `from_` in Python."""
    if isinstance(value, dict) and (interpreted := value.get("interpreted")):
        for bridge in interpreted["bridges"]:
            bridge["from_"] = bridge.pop("from")
    return msgspec.convert(value, type)
