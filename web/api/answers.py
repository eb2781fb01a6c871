"""Answers to programs: JSON, some fields of it, pages of lists, and what lets a program ask again cheaply."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar, get_origin, get_type_hints

from flask import Response, request
from pydantic import BaseModel

from kb.errors import InvalidRequest
from kb.json import encoded, plain
from kb.models import Article, Passage
from web.current import book

# An index that was deleted and made anew counts from the start again; another process starts anew too.
_PROCESS = secrets.token_hex(4)

Item = TypeVar("Item")


def answer(value: object, status: int = 200) -> Response:
    """Any value of ours as JSON."""
    return Response(encoded(value), status, mimetype="application/json")


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


class _Tree(dict[str, "_Tree"]):
    """Names of fields, each with those inside it. Inside an `open` one are keys that nobody knows yet."""

    open = False


def chosen(items: Sequence[dict[str, Any]], fields: str, shape: type) -> list[dict[str, Any]]:
    """Items of a shape with these of their fields only: "id,passage.text". Raises `InvalidRequest`."""
    if not fields:
        return list(items)
    wanted = _Tree()
    for path in fields.split(","):
        inside, known = wanted, _fields_of(shape)
        before: list[str] = []
        for name in path.strip().split("."):
            _check_field(name, known, before)
            inside, known = inside.setdefault(name, _Tree()), known.get(name, known)
            before.append(name)
    return [_only(item, wanted) for item in items]


def _check_field(name: str, known: _Tree, before: list[str]) -> None:
    if name in known or known.open:
        return
    path = ".".join([*before, name])
    names = ", ".join(".".join([*before, one]) for one in known)
    said = f"known are: {names}" if known else f"“{'.'.join(before)}” has no fields of its own"
    raise InvalidRequest(f"There is no field “{path}”; {said}.", "fields")


@cache
def _fields_of(shape: Any) -> _Tree:
    """The fields of a model or dataclass, as they are called in JSON."""
    tree = _Tree()
    if get_origin(shape) in (dict, Mapping):
        tree.open = True
    elif isinstance(shape, type) and (is_dataclass(shape) or issubclass(shape, BaseModel)):
        for name, annotation in get_type_hints(shape).items():
            if not name.startswith("model_") and get_origin(annotation) is not ClassVar:
                tree[name.removesuffix("_")] = _fields_of(annotation)
    return tree


def _only(item: dict[str, Any], wanted: _Tree) -> dict[str, Any]:
    return {
        name: _only(item[name], inside) if inside else item[name]
        for name, inside in wanted.items()
        if name in item
    }


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
    after = _opened(cursor)
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
    said = (
        _PROCESS,
        book.engine.generation,
        book.vocabulary.digest,
        request.full_path,
        request.accept_mimetypes,
    )
    return digest(map(str, said))


def digest(parts: Iterable[str]) -> str:
    """A short fingerprint."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode(errors="replace") + b"\0")
    return found.hexdigest()[:20]
