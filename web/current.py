"""The knowledge base of the application that is answering."""

from __future__ import annotations

from flask import current_app
from werkzeug.local import LocalProxy

from kb.knowledge_base import KnowledgeBase

EXTENSION = "servicebook"
API_KEY = "servicebook.api_key"
"""Where a request's environment has the API key that came with it, or None."""


def _current() -> KnowledgeBase:
    found: KnowledgeBase = current_app.extensions[EXTENSION]
    return found


book: KnowledgeBase = LocalProxy(_current)  # type: ignore[assignment]
