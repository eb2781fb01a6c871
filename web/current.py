"""The knowledge base of the application that is answering."""

from __future__ import annotations

from flask import current_app
from werkzeug.local import LocalProxy

from kb.knowledge_base import KnowledgeBase

EXTENSION = "servicebook"


def _current() -> KnowledgeBase:
    found: KnowledgeBase = current_app.extensions[EXTENSION]
    return found


book: KnowledgeBase = LocalProxy(_current)  # type: ignore[assignment]
