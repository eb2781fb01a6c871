"""Articles and source files as every engine keeps them: under which id and key, and what of them."""

from __future__ import annotations

import hashlib
import os

from kb.errors import EngineError

# The longest id an article may have, in ASCII characters.
ARTICLE_ID_LENGTH = 72

# A record in memory takes about so many times the bytes of its JSON.
DECODED_SIZE = 4


def check_article_id(id: str) -> None:
    """Raise `EngineError` for an id that is longer than an article's may be."""
    if len(id.encode()) > ARTICLE_ID_LENGTH:
        raise EngineError(f"The article id “{id[:100]}” is too long; it may have {ARTICLE_ID_LENGTH} bytes.")


def article_key(article_id: str) -> str:
    """What the record of an article is kept under."""
    return f"article {article_id}"


def file_key(path: str) -> str:
    """What the record of a source file is kept under; its path may be longer than an index takes."""
    return f"file {hashlib.sha256(os.fsencode(path)).hexdigest()}"
