"""Simplified and Traditional Chinese characters: OpenCC turns one into the other."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from kb.languages.letters import is_han

if TYPE_CHECKING:
    from opencc import OpenCC

# OpenCC cannot read these; no text should hold them.
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


def simplified(text: str) -> str:
    """Traditional characters as Simplified ones, one for one (tw2sp would change lengths)."""
    return _one_for_one(text, "t2s") if is_han(max(text, default="")) else text


def traditional(text: str) -> str:
    """Simplified characters as Traditional ones, one for one."""
    return _one_for_one(text, "s2t")


def in_taiwan(text: str) -> str:
    """A text in Simplified characters as it is written, and with the words that are used, in Taiwan."""
    return _converted(text, "s2twp")


def is_traditional(text: str) -> bool:
    """Whether a Chinese text is written in Traditional characters (a few may be quoted)."""
    sample = text[:5000]
    differing = sum(1 for one, other in zip(sample, simplified(sample), strict=True) if one != other)
    return differing > 0.05 * sum(map(is_han, sample))


def _one_for_one(text: str, configuration: str) -> str:
    converted = _converted(_UNREADABLE.sub("\ufffd", text), configuration)
    return converted if len(converted) == len(text) else text


def _converted(text: str, configuration: str) -> str:
    converted: str = _converter(configuration).convert(text)
    return converted


@cache
def _converter(configuration: str) -> OpenCC:
    from opencc import OpenCC

    return OpenCC(configuration)
