"""Log lines as JSON, one object each, with the id of the request they belong to.

What people search for is nobody's business: addresses are logged without their parameters, unless
`KB_LOG_QUERIES` is on.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

from kb.settings import Settings
from web.current import API_KEY, is_warm_up
from web.request_ids import request_id

_REQUESTS = logging.getLogger("servicebook.requests")
_FIELDS = "fields"  # what a record of ours brings along


def configure(settings: Settings) -> None:
    """Write this process's log to stderr, in the form that `KB_LOG` names."""
    if settings.log == "json":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
        # Dictionaries tell of their loading.
        for name in ("pymorphy3", "jieba"):
            logging.getLogger(name).setLevel(logging.WARNING)


def set_up(app: Flask, settings: Settings) -> None:
    """Log every request that an application answers."""
    with_queries = settings.log_queries == "on"

    def begin() -> None:
        g.log_began = time.perf_counter()

    def log(response: Response) -> Response:
        if _REQUESTS.isEnabledFor(logging.INFO) and not is_warm_up():
            said: dict[str, Any] = {
                "method": request.method,
                "path": request.full_path.rstrip("?") if with_queries else request.path,
                "status": response.status_code,
                "ms": round((time.perf_counter() - g.get("log_began", time.perf_counter())) * 1000, 1),
            }
            if key := request.environ.get(API_KEY):
                said["key"] = key.id
            _REQUESTS.info("%s %s", said["method"], said["path"], extra={_FIELDS: said})
        return response

    app.before_request(begin)
    app.after_request(log)


class JsonLines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id():
            said["request_id"] = request_id()
        said |= getattr(record, _FIELDS, {})
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)
