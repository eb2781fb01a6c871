"""The connection to a cluster: its address, time-outs on every request, and errors a person can act on."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import msgspec

from kb.engines import ClusterOptions
from kb.errors import EngineError, EngineUnavailable, IndexDamaged, MissingExtra, SettingsError

if TYPE_CHECKING:
    from opensearchpy import OpenSearch
    from urllib3 import Timeout

Json = dict[str, Any]
_Value = TypeVar("_Value")

# How many documents and bytes go in one request when writing; the cluster takes up to 100 MB.
_BULK_DOCUMENTS = 1000
_BULK_BYTES = 5_000_000
# How long a writer waits for a cluster that is too busy or has lost a node, in seconds.
_PATIENCE = 60.0
# In so many seconds a host that is there is reached.
_REACHED = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 8.0
# Statuses of a request or document that may go through when it is tried again.
_BUSY = frozenset({429, 502, 503, 504})
# So much longer than a search may what prepares a commit take.
_PREPARING = 30
_ADDRESS = re.compile(r"opensearch\+(https?)://(?:([^@/]*)@)?([^@/?#]+)/([^/?#]+)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,199}")


class IndexGone(IndexDamaged):
    """The index that was asked is not there (any more)."""

    def __init__(self, address: Address) -> None:
        super().__init__(
            f"The index {address} is not in the cluster any more. Run `kb index`, which makes it anew."
        )


class ClusterBusy(EngineUnavailable):
    """The cluster cannot be reached or has too much to do, which often passes in seconds."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a cluster is and the name of an index in it; `hosts` are `https://host:9200`."""

    hosts: tuple[str, ...]
    name: str
    user: str = ""
    secret: str = ""

    def __str__(self) -> str:
        """Without the credentials."""
        return f"{', '.join(self.hosts)}, index “{self.name}”"


def parse(url: str) -> Address:
    """The address in `opensearch+https://user:secret@host:9200,host2:9200/name`.

    Raises `SettingsError`, which does not repeat the secret.
    """
    if not (found := _ADDRESS.fullmatch(url)):
        raise SettingsError(
            "KB_ENGINE: write opensearch+https://user:secret@host:9200/name; several hosts are separated"
            " by commas, and signs such as @ and / in the secret are written as %40 and %2F."
        )
    protocol, credentials, hosts, name = found.groups()
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"KB_ENGINE: “{name}” cannot name an index; use small Latin letters, digits, - and _."
        )
    user, _, secret = (credentials or "").partition(":")
    addresses = tuple(f"{protocol}://{host}" for host in hosts.split(",") if host)
    return Address(addresses, name, unquote(user), unquote(secret))


class Cluster:
    """A cluster that is asked over HTTP. Safe for threads.

    Whatever fails comes out as an `EngineError`: `ClusterBusy` when it may work in a moment,
    `EngineUnavailable` when somebody has to do something first, `IndexGone` when there is no such index.
    """

    def __init__(self, address: Address, options: ClusterOptions) -> None:
        if find_spec("opensearchpy") is None:
            raise MissingExtra("Keeping the index in OpenSearch", "opensearch")
        self.address = address
        self.options = options
        # Each node once, and one behind a load balancer twice.
        self._attempts = max(2, len(address.hosts))
        self._connected = (os.getpid(), self._connect())

    def _connect(self) -> OpenSearch:
        from opensearchpy import OpenSearch

        # Certificates are verified against the system's authorities, or those in SSL_CERT_FILE.
        return OpenSearch(
            list(self.address.hosts),
            http_auth=_credentials(self.address),
            timeout=self.options.timeout,
            pool_maxsize=32,
            http_compress=False,
            # A node that is slow is asked no more for a minute, as one that is down.
            retry_on_timeout=True,
            max_retries=self._attempts - 1,
            serializer=_Serializer(),
            serializers={"application/json": _Serializer()},
        )

    @property
    def _client(self) -> OpenSearch:
        """The client of this process: connections that were there when it was forked are its parent's."""
        if self._connected[0] != os.getpid():
            self._connected = (os.getpid(), self._connect())
        return self._connected[1]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    # --- One request ---

    def ask(self, method: str, path: str, body: object = None, slow: bool = False, **params: object) -> Json:
        """The answer to a request; `slow` ones, which prepare a commit, may take their time."""
        limit = self._limit(slow)
        with _errors(self):
            answer: Json = self._client.transport.perform_request(
                method, path, params={**params, "request_timeout": _timeout(limit)}, body=body
            )
        return answer

    def _limit(self, slow: bool = False) -> float:
        """How long each attempt may take, in seconds, so that all of them end in time."""
        return self.options.timeout * (_PREPARING if slow else 1 / self._attempts)

    def find(self, path: str) -> Json | None:
        """The document at a path, None when there is none. Raises `IndexGone` without its index."""
        with _errors(self):
            answer: Json = self._client.transport.perform_request(
                "GET", path, params={"request_timeout": _timeout(self._limit()), "ignore": 404}
            )
        if "error" in answer:
            raise IndexGone(self.address)
        return answer if answer.get("found") else None

    def exists(self, path: str) -> bool:
        """Whether there is an index, an alias or a document at a path."""
        with _errors(self):
            params = {"request_timeout": _timeout(self._limit())}
            return bool(self._client.transport.perform_request("HEAD", path, params=params))

    # --- Searches ---

    def search(self, index: str, body: Json, slow: bool = False) -> Json:
        """The answer to a search: of all shards, or an error."""
        limit = f"{round(self._limit(slow) * 1000)}ms"
        return self.ask(
            "POST",
            f"/{index}/_search",
            body,
            slow,
            allow_partial_search_results="false",
            cancel_after_time_interval=limit,
        )

    def searches(self, index: str, bodies: Sequence[Json]) -> list[Json]:
        """The answers to several small searches, in one request."""
        header = {"index": index, "allow_partial_search_results": False}
        lines = b"".join(_encode(line) + b"\n" for body in bodies for line in (header, body))
        answers: list[Json] = self.ask("POST", "/_msearch", lines)["responses"] if bodies else []
        for answer in answers:
            if "error" in answer:
                raise self._refused(answer["status"], answer["error"])
        return answers

    def scan(self, index: str, body: Json, page: int = 1000) -> Iterator[Json]:
        """All hits of a search within one commit, page by page; it has a `sort` by something unique."""
        asked = {**body, "size": page, "track_total_hits": False}
        hits = self.search(index, asked, slow=True)["hits"]["hits"]
        yield from hits
        if len(hits) < page:
            return
        # A long list is read from one moment, so that what the commit holds is not cleaned away meanwhile.
        opened = self.ask("POST", f"/{index}/_search/point_in_time", keep_alive="5m")["pit_id"]
        try:
            while len(hits) == page:
                asked |= {"search_after": hits[-1]["sort"], "pit": {"id": opened, "keep_alive": "5m"}}
                hits = self.ask("POST", "/_search", asked, slow=True)["hits"]["hits"]
                yield from hits
        finally:
            with suppress(EngineError):
                self.ask("DELETE", "/_search/point_in_time", {"pit_id": [opened]})

    # --- Writing many documents ---

    def bulk(self, index: str, documents: Sequence[Document], alive: Callable[[], None]) -> None:
        """Write documents, each under its id, so that writing one again does no harm.

        A cluster that is too busy is given time, in longer and longer pauses; `alive` is called
        before each attempt and may raise.
        """
        waiting, pause = list(documents), _FIRST_PAUSE
        until = time.monotonic() + _PATIENCE
        while waiting:
            alive()
            try:
                waiting = self._write(index, waiting)
                problem = "it is too busy"
            except ClusterBusy as error:
                problem = str(error)
            if waiting and time.monotonic() + pause > until:
                raise EngineUnavailable(f"Writing to {self.address} was given up: {problem}")
            if waiting:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _write(self, index: str, documents: Sequence[Document]) -> list[Document]:
        """Try to write documents; returns those that should be tried again."""
        body = b"".join(document.line for document in documents)
        answer = self.ask("POST", f"/{index}/_bulk", body, slow=True)
        again = []
        if answer["errors"]:
            for document, item in zip(documents, answer["items"], strict=True):
                (result,) = item.values()
                if "error" in result:
                    error = self._refused(result["status"], result["error"])
                    if not isinstance(error, ClusterBusy):
                        raise error
                    again.append(document)
        return again

    # --- Errors ---

    def _refused(self, status: int, error: object) -> EngineError:
        """What to tell of an answer with an error."""
        where = f"OpenSearch at {', '.join(self.address.hosts)}"
        kind, cause, reason = _told(error)
        if kind == "index_not_found_exception":
            return IndexGone(self.address)
        # A full disk has the status 403 or 429; that no node leads the cluster, which passes, has 503.
        if kind == "cluster_block_exception" and status != 503:
            return EngineUnavailable(
                f"{where} takes no writes now ({reason}). When its disk is full, make room; then run"
                " `kb index` again."
            )
        if status in (401, 403):
            return EngineUnavailable(
                f"{where} refuses the user “{self.address.user}” ({reason}). Check the name and the password"
                " in KB_ENGINE, and what this user may do."
            )
        if status in _BUSY or _is_of_nodes(kind) or _is_of_nodes(cause):
            return ClusterBusy(f"{where} is too busy or not well now ({reason}). Try again in a moment.")
        return EngineError(f"{where} refused a request ({status}, {kind}: {reason}).")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is sent: one line with its id, one with its content."""

    line: bytes

    @classmethod
    def of(cls, id: str, routing: str, content: Json) -> Document:
        """The document with this id and content, on the shard of `routing`."""
        head = _encode({"index": {"_id": id, "routing": routing}})
        return cls(head + b"\n" + _encode(content) + b"\n")


class Batch:
    """Documents that wait to be written; `full` when they are enough for one request."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._bytes = 0

    def add(self, document: Document) -> None:
        """Let one more wait."""
        self.documents.append(document)
        self._bytes += len(document.line)

    @property
    def full(self) -> bool:
        """Whether there are enough for one request."""
        return len(self.documents) >= _BULK_DOCUMENTS or self._bytes >= _BULK_BYTES


class _errors:  # noqa: N801
    """Turns the client's exceptions into `EngineError`s."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from opensearchpy import exceptions

        hosts = ", ".join(self._cluster.address.hosts)
        match error:
            case exceptions.ConnectionTimeout():
                raise ClusterBusy(
                    f"OpenSearch at {hosts} did not answer in time (KB_ENGINE_TIMEOUT)."
                    " Try again in a moment."
                ) from error
            case exceptions.SSLError():
                raise EngineUnavailable(
                    f"There is no trusted connection to OpenSearch at {hosts} ({error.info})."
                    " SSL_CERT_FILE names the authorities that sign certificates of your own."
                ) from error
            case exceptions.ConnectionError():
                raise ClusterBusy(
                    f"OpenSearch at {hosts} cannot be reached. Try again in a moment."
                ) from error
            case exceptions.TransportError() if isinstance(error.status_code, int):
                raise self._cluster._refused(error.status_code, error.info) from error
            case exceptions.OpenSearchException():
                raise EngineError(f"OpenSearch at {hosts} answered what cannot be read: {error}") from error


def batches(values: Sequence[_Value], size: int) -> Iterator[Sequence[_Value]]:
    """What is asked for in several requests, so many values in each."""
    for at in range(0, len(values), size):
        yield values[at : at + size]


def _timeout(limit: float) -> Timeout:
    """Time to answer, and a shorter one to be reached: a host that is away must not cost the others' time."""
    from urllib3 import Timeout

    return Timeout(connect=min(limit, _REACHED), read=limit)


def _credentials(address: Address) -> tuple[str, str] | None:
    """Name and secret in UTF-8, which the client would take for Latin-1."""
    if not address.user:
        return None
    return address.user.encode().decode("latin-1"), address.secret.encode().decode("latin-1")


class _Serializer:
    """JSON as the client wants it, ten times as fast as its own."""

    mimetype = "application/json"

    def loads(self, text: str) -> Any:
        return msgspec.json.decode(text)

    def dumps(self, data: object) -> object:
        return data if isinstance(data, str | bytes) else _encode(data).decode()


def _is_of_nodes(kind: str) -> bool:
    """Whether nodes have lost each other, which is told with the status 500 while one stops or starts."""
    return kind.startswith("node_") or kind.endswith("transport_exception")


def _told(error: object) -> tuple[str, str, str]:
    """The type of an error that OpenSearch tells, that of its deepest cause, and the reason, which the
    deepest cause tells best."""
    while isinstance(error, Mapping) and isinstance(error.get("error"), Mapping):
        error = error["error"]
    if not isinstance(error, Mapping):
        return "", "", str(error)[:300]
    causes = error.get("root_cause") or [error]
    deepest = causes[0]
    while isinstance(deepest.get("caused_by"), Mapping):
        deepest = deepest["caused_by"]
    reason = str(deepest.get("reason") or error.get("reason", ""))[:300]
    return str(error.get("type", "")), str(deepest.get("type", "")), reason


_encode = msgspec.json.encode
