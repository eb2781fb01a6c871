"""The knowledge base of the application that is answering."""

from __future__ import annotations

from flask import current_app, has_request_context, request
from werkzeug.local import LocalProxy

from kb.knowledge_base import KnowledgeBase

EXTENSION = "servicebook"
API_KEY = "servicebook.api_key"
"""Where a request's environment has the API key that came with it, or None."""

WARM_UP = "servicebook.warm_up"
"""What the environment of a request has that the process itself makes before the first reader comes."""


def is_warm_up() -> bool:
    """Whether nobody asked: such a request is not logged, counted or recorded."""
    return has_request_context() and WARM_UP in request.environ


def _current() -> KnowledgeBase:
    found: KnowledgeBase = current_app.extensions[EXTENSION]
    return found


book: KnowledgeBase = LocalProxy(_current)  # type: ignore[assignment]
