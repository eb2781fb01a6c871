"""Text that every document and database can hold."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# What no XML document may hold (XML 1.0, 2.2) and no UTF-8 can.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x84\x86-\x9f]")
_LINE_END = re.compile("\r\n?")


def printable(value: T, kind: Any) -> T:
    """A dataclass of type `kind` in whose texts � stands for what cannot be printed, and line ends
    are those of Unix."""
    return msgspec.convert(_cleaned(msgspec.to_builtins(value)), kind)  # type: ignore[no-any-return]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", _LINE_END.sub("\n", value))
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
