"""Figures for Prometheus, counted by every process of the server and shown as one.

This module is imported only where figures are wanted: `prometheus_client` looks when it is imported
whether they are to be shared (`web.shared_figures`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from kb.errors import ServicebookError
from kb.knowledge_base import KnowledgeBase
from kb.searching import SearchTrace
from web.current import EXTENSION, is_warm_up
from web.shared_figures import SHARED

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


def shown(registry: CollectorRegistry) -> Response:
    """The figures in Prometheus' form."""
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def measured(app: Flask) -> CollectorRegistry:
    """The figures of an application, which counts them from now on."""
    book: KnowledgeBase = app.extensions[EXTENSION]
    registry = CollectorRegistry()
    _count_requests(app, registry)
    _count_searches(app, book, registry)
    if SHARED in os.environ:  # shown is what all processes have counted
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Index(book))
    return registry


def _count_requests(app: Flask, registry: CollectorRegistry) -> None:
    """Count what is answered, and how long it takes, by endpoint."""
    requests = Counter(
        "servicebook_requests", "Answered requests.", ["endpoint", "status"], registry=registry
    )
    latency = Histogram(
        "servicebook_request_seconds", "Time to answer.", ["endpoint"], buckets=_SECONDS, registry=registry
    )

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        if is_warm_up():
            return response
        endpoint = request.endpoint or "none"  # never the path: anybody can invent paths
        requests.labels(endpoint, str(response.status_code)).inc()
        if "began" in g:
            latency.labels(endpoint).observe(time.perf_counter() - g.began)
        return response

    app.before_request(begin)
    app.after_request(end)


def _count_searches(app: Flask, book: KnowledgeBase, registry: CollectorRegistry) -> None:
    """Count searches that somebody asked for, how long each of their phases takes, and what the index
    remembered meanwhile."""
    searches = Counter("servicebook_searches", "Searches, by what they found.", ["found"], registry=registry)
    phases = Histogram(
        "servicebook_search_seconds", "Time of a search, by phase.", ["phase"], buckets=_SECONDS,
        registry=registry,
    )  # fmt: skip
    for found in ("something", "nothing"):
        searches.labels(found)
    count_lookups = _counting_lookups(book, registry)

    def count(response: Response) -> Response:
        trace: SearchTrace | None = g.get("search_trace")
        if trace and not is_warm_up():
            searches.labels("something" if trace.total else "nothing").inc()
            for phase, seconds in trace.seconds.items():
                phases.labels(phase).observe(seconds)
            count_lookups()
        return response

    app.after_request(count)


def _counting_lookups(book: KnowledgeBase, registry: CollectorRegistry) -> Callable[[], None]:
    """What counts how often the index remembered what searches needed since it was last called."""
    lookups = Counter(
        "servicebook_index_lookups",
        "What was needed of the index, by whether it was remembered.",
        ["remembered"],
        registry=registry,
    )
    lock = threading.Lock()
    hits = misses = 0

    def count() -> None:
        nonlocal hits, misses
        with lock:
            now = book.engine.remembered
            lookups.labels("yes").inc(now.hits - hits)
            lookups.labels("no").inc(now.misses - misses)
            hits, misses = now.hits, now.misses

    return count


class _Index(Collector):
    """The size of the index, looked up when it is asked for."""

    def __init__(self, book: KnowledgeBase) -> None:
        self._book = book

    def collect(self) -> Iterator[Metric]:
        """The gauges; none while the index does not answer."""
        try:
            found = self._book.index_status()
        except ServicebookError:
            return
        gauges = {
            "servicebook_index_passages": ("Passages in the index.", found.passages),
            "servicebook_index_articles": ("Articles in the index.", found.articles),
            "servicebook_index_memory_bytes": (
                "What the process that answers remembers of the index.",
                self._book.engine.remembered.used,
            ),
            "servicebook_index_read_seconds": (
                "When a file was last read, in seconds since 1970.",
                found.checked.timestamp() if found.checked else 0,
            ),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value)
