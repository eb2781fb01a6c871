"""The steps that all formats written as text share: decode, tell versions apart, read the front matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.readers import front_matter
from kb.readers.conflicts import versions
from kb.readers.decoding import decode
from kb.readers.draft import Draft, Element, NumberedText, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def drafts(source: Source, parse: Callable[[NumberedText, bool], Sequence[Element]]) -> list[Draft]:
    """The drafts in a file: one, or two when it holds an unresolved merge conflict.

    `parse` makes elements of the text below the front matter; it is told whether there was any.
    Raises ReadingError when the file is no text that can be decoded.
    """
    texts, conflicts = versions(decode(source))
    found = []
    for version in texts:
        metadata, body, findings = front_matter.split(version.text)
        elements = parse(body, body is not version.text)
        found.append(Draft(metadata, tuple(elements), (*conflicts, *findings), version.label))
    return found
