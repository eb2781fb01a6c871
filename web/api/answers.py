"""Answers to programs: JSON, some fields of it, pages of lists, and what lets a program ask again cheaply."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from flask import Response, request

from kb.errors import InvalidRequest
from kb.json import plain
from kb.models import Article, Passage
from web.current import book

# An index that was deleted and made anew counts from the start again; another process starts anew too.
_PROCESS = secrets.token_hex(4)

Item = TypeVar("Item")


def answer(value: object, status: int = 200) -> Response:
    """Any value of ours as JSON."""
    return Response(msgspec.json.encode(plain(value)), status, mimetype="application/json")


# --- The nouns -----------------------------------------------------------------------------------


def article_json(article: Article) -> dict[str, Any]:
    """An article without its passages."""
    described: dict[str, Any] = plain(article)
    return described


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage with its text and the labels of its principles."""
    described: dict[str, Any] = plain(passage)
    return {**described, "text": passage.text, "principles": plain(book.principle_tags(passage))}


# --- Some fields of it ---------------------------------------------------------------------------

_Tree = dict[str, "_Tree"]


def chosen(items: Sequence[dict[str, Any]], fields: str) -> list[dict[str, Any]]:
    """Items with these of their fields only: "id,passage.text". Raises `InvalidRequest`."""
    if not fields:
        return list(items)
    wanted: _Tree = {}
    for path in fields.split(","):
        inside = wanted
        for name in path.strip().split("."):
            inside = inside.setdefault(name, {})
    return [_only(item, wanted, "") for item in items]


def _only(item: dict[str, Any], wanted: _Tree, path: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, inside in wanted.items():
        if name not in item:
            known = ", ".join(path + field for field in item)
            raise InvalidRequest(f"There is no field “{path}{name}”; known are: {known}.", "fields")
        value = item[name]
        if inside and not isinstance(value, dict):
            raise InvalidRequest(f"“{path}{name}” has no fields of its own.", "fields")
        kept[name] = _only(value, inside, f"{path}{name}.") if inside else value
    return kept


# --- Pages of lists ------------------------------------------------------------------------------


def page(
    items: Sequence[Item], key: Callable[[Item], str], limit: int, cursor: str
) -> tuple[Sequence[Item], str | None]:
    """A page of items and the cursor of the next. An item that is gone leaves no gap if `items` are
    in the order of their keys; else it ends the list, which `InvalidRequest` says."""
    start = 0
    if cursor:
        after = _opened(cursor)
        keys = [key(item) for item in items]
        if after in keys:
            start = keys.index(after) + 1
        elif keys == sorted(keys):
            start = sum(1 for known in keys if known <= after)
        else:
            raise InvalidRequest("This cursor leads nowhere any more; begin with the first page.", "cursor")
    shown = items[start : start + limit]
    more = shown and start + limit < len(items)
    return shown, _closed(key(shown[-1])) if more else None


def offset_of(cursor: str) -> int:
    """The offset that a cursor of hits stands for."""
    after = _opened(cursor) if cursor else "0"
    if not (after.isascii() and after.isdigit() and len(after) < 8):
        raise InvalidRequest("This cursor belongs to another list.", "cursor")
    return int(after)


def cursor_of(offset: int, total: int) -> str | None:
    """The cursor of the hits that begin at an offset, if there are any."""
    return _closed(str(offset)) if offset < total else None


def _closed(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidRequest("This is no cursor of ours; take `next` of the page before.", "cursor") from None


# --- Asking again cheaply ------------------------------------------------------------------------


def state_tag() -> str:
    """What stays the same for an address as long as nothing was written: the weak ETag of its answer."""
    said = (_PROCESS, book.engine.generation, book.vocabulary.digest, request.full_path, request.accept_mimetypes)
    return digest(map(str, said))


def digest(parts: Iterable[str]) -> str:
    """A short fingerprint."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode(errors="replace") + b"\0")
    return found.hexdigest()[:20]
