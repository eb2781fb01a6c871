"""The JSON of the contract: dataclasses as objects with the names of their fields."""

from __future__ import annotations

from typing import Any

import msgspec


def to_json(value: Any) -> str:
    """A noun of `kb.models`, or lists and mappings of them, as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(plain(value)), indent=2).decode()


def plain(value: Any) -> Any:
    """The same as dictionaries, lists, strings and numbers. A name that Python keeps for itself
    loses its underscore: `from_` is "from"."""
    built = msgspec.to_builtins(value)
    return _renamed(built) if isinstance(built, _NESTED) else built


def _renamed(value: Any) -> Any:
    # Numbers and strings are by far the most, so nothing is called for them.
    if isinstance(value, dict):
        return {
            key.removesuffix("_"): _renamed(item) if isinstance(item, _NESTED) else item
            for key, item in value.items()
        }
    return [_renamed(item) if isinstance(item, _NESTED) else item for item in value]


_NESTED = (dict, list, tuple)
