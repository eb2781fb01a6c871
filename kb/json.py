"""The JSON of the contract: dataclasses as objects with the names of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec


def to_json(value: Any, indent: int = 2) -> str:
    """A noun of `kb.models`, or lists and mappings of them, as JSON for people; on one line with indent 0."""
    return msgspec.json.format(encoded(value), indent=indent).decode()


def encoded(value: Any) -> bytes:
    """Nouns as JSON without a space. `from_` is "from": the underscore is only for Python."""
    return msgspec.json.encode(_renamed(value))


def plain(value: Any) -> Any:
    """Nouns as dictionaries, lists, strings and numbers, named as in JSON."""
    return msgspec.to_builtins(_renamed(value))


def _renamed(value: Any) -> Any:
    """A value in which dataclasses with such a name are dictionaries; msgspec does the others faster."""
    if isinstance(value, dict):
        return {key: _renamed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item) for item in value]
    if _keeps_its_names(value.__class__):
        return value
    return {one.name.removesuffix("_"): _renamed(getattr(value, one.name)) for one in fields(value)}


@cache
def _keeps_its_names(kind: type) -> bool:
    """Whether no dataclass among a type and those of its fields has a name to change."""
    return not any(one.name.endswith("_") for found in _dataclasses(kind, set()) for one in fields(found))


def _dataclasses(kind: Any, seen: set[Any]) -> Iterator[Any]:
    if kind in seen:
        return
    seen.add(kind)
    inside: Iterable[Any] = get_args(kind)  # of tuple[Bridge, ...]
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        inside = get_type_hints(kind).values()
    for one in inside:
        yield from _dataclasses(one, seen)
