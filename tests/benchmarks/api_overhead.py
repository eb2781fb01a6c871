"""What `GET /api/v1/search` costs beside the library's call: routing, checks, serialisation.

    python -m tests.benchmarks.api_overhead

Each search of ten hits is asked of both in turn, in processor time of this thread, so that what else
the machine does counts as little as may be. The goal is less than 1.5 ms at p50.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import click
from werkzeug.test import EnvironBuilder

from kb.knowledge_base import KnowledgeBase
from kb.models import SearchRequest
from kb.settings import load
from web import create_app

QUERIES = ("эмпатия", "жалоба как подарок", "服务标准", "NPS", "как встречать гостя", "培训新员工")


@click.command()
@click.option("--rounds", default=200, show_default=True, help="How often each search is asked of both.")
def main(rounds: int) -> None:
    """Time searches of the library and of the API, and the difference."""
    with tempfile.TemporaryDirectory() as home, KnowledgeBase(load(home=Path(home))) as book:
        book.index()
        app = create_app(book.settings, book)
        requests = {
            text: EnvironBuilder("/api/v1/search", query_string={"q": text}).get_environ() for text in QUERIES
        }
        library: list[float] = []
        api: list[float] = []
        for number in range(rounds + 1):
            for text, request in requests.items():
                started = time.thread_time()
                book.search(SearchRequest(text))
                between = time.thread_time()
                answer = app.wsgi_app(dict(request), lambda *_: lambda _: None)  # type: ignore[arg-type]
                b"".join(answer)
                answer.close()  # type: ignore[attr-defined]
                done = time.thread_time()
                if number:  # the first warms up
                    library.append(between - started)
                    api.append(done - between)
        more = [after - before for before, after in zip(library, api, strict=True)]
    for name, times in (("library", library), ("API", api), ("difference", more)):
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{name:12} p50 {1000 * statistics.median(times):6.3f} ms   p95 {1000 * p95:6.3f} ms")


if __name__ == "__main__":
    main()
