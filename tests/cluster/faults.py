"""A proxy before a node that answers as clusters in trouble do: `FaultyProxy`.

with FaultyProxy(cluster.nodes[0]) as proxy:
    proxy.fail("POST .*/_bulk", TOO_MANY, times=3)
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from trustme import LeafCert

# Not passed on: they are about one connection.
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Answer:
    """What is answered instead of what the node says; `seconds` is how long that takes.

    Without a status the node answers, or, when `cut` is set, nobody: the connection ends "before" the
    node hears of the request, or "after" it has done what was asked.
    """

    status: int = 0
    error: str = ""
    reason: str = ""
    cause: str = ""
    seconds: float = 0.0
    cut: str = ""
    headers: Mapping[str, str] | None = None

    @property
    def body(self) -> bytes:
        error = {"type": self.error, "reason": self.reason}
        causes = {"caused_by": {"type": self.cause, "reason": self.reason}} if self.cause else {}
        root = [] if self.cause else [error]
        return json.dumps({"error": {"root_cause": root, **error, **causes}, "status": self.status}).encode()


TOO_MANY = Answer(429, "rejected_execution_exception", "rejected execution of coordinating operation")
OVERLOADED = Answer(503, "cluster_manager_not_discovered_exception", "no cluster manager")
DISK_FULL = Answer(
    403,
    "cluster_block_exception",
    "index [kb] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];",
)
FLOOD_STAGE = Answer(
    429,
    "cluster_block_exception",
    "index [kb] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark,"
    " index has read-only-allow-delete block];",
)
UNAUTHORISED = Answer(401, "security_exception", "missing authentication credentials for REST request")
NODE_LOST = Answer(
    500, "search_phase_execution_exception", "[Node 2] Node not connected", "node_not_connected_exception"
)
GATEWAY = Answer(502)  # what a load balancer says of a node that is gone, in words of its own
CUT_BEFORE = Answer(cut="before")
CUT_AFTER = Answer(cut="after")


def slow(seconds: float) -> Answer:
    """The node's own answer, late."""
    return Answer(seconds=seconds)


@dataclass
class _Fault:
    pattern: re.Pattern[str]
    answer: Answer
    times: float


class FaultyProxy:
    """Passes requests on to a node, except those that are to fail. `asked` lists all, "METHOD /path?query".

    With `password`, everybody but its user `kb` gets 401, as where OpenSearch's security is on; with a
    `certificate` it speaks TLS.
    """

    def __init__(self, node: str, password: str = "", certificate: LeafCert | None = None) -> None:
        self.asked: list[str] = []
        self._node = node.removeprefix("http://")
        self._secret = f"Basic {base64.b64encode(f'kb:{password}'.encode()).decode()}" if password else ""
        self._faults: list[_Fault] = []
        self._changing = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                proxy._pass(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Clients that went away while a slow answer was under way are what the tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._scheme = "https" if certificate else "http"
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(tls)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """http://127.0.0.1:…, or https"""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def fail(self, pattern: str, answer: Answer, times: float = float("inf")) -> None:
        """Answer the next requests that match, as "METHOD /path?query", so; the last word counts."""
        with self._changing:
            self._faults.insert(0, _Fault(re.compile(pattern), answer, times))

    def heal(self) -> None:
        """No more faults."""
        with self._changing:
            self._faults.clear()

    def _fault(self, asked: str) -> Answer | None:
        with self._changing:
            self.asked.append(asked)
            for fault in self._faults:
                if fault.times > 0 and fault.pattern.match(asked):
                    fault.times -= 1
                    return fault.answer
        return None

    def _pass(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        fault = self._fault(f"{request.command} {request.path}")
        if self._secret and request.headers.get("Authorization") != self._secret:
            fault = UNAUTHORISED
        if fault:
            time.sleep(fault.seconds)
            if fault.cut == "before":
                request.close_connection = True
                return
            if fault.status:
                _respond(
                    request, fault.status, fault.body, fault.headers or {"Content-Type": "application/json"}
                )
                return
        status, answer, headers = self._forward(request, body)
        if fault and fault.cut:
            request.close_connection = True
            return
        _respond(request, status, answer, headers)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        node = HTTPConnection(self._node, timeout=60)
        try:
            node.request(request.command, request.path, body or None, headers)
            answer = node.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
            return answer.status, answer.read(), kept
        except (OSError, HTTPException):
            return GATEWAY.status, b"", {}
        finally:
            node.close()


def _respond(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    request.send_response_only(status)
    for name, value in headers.items():
        request.send_header(name, value)
    if request.command != "HEAD":
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
