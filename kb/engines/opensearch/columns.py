"""The columns of an article's passages, as they are kept beside it and as a node reads them.

A node holds those of all passages, some 120 bytes for each: with them it filters, counts and collapses
what the cluster found exactly as the embedded engine does (`kb.engines.passage_table`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.engines.opensearch.cluster import Json
from kb.engines.passage_table import FACTS
from kb.models import Passage
from kb.ranking import PassageTexts
from kb.sameness import SKETCH_LENGTH, Sketches

# What is known of each passage, and the number by which the cluster names it.
ROW = np.dtype([(name, FACTS[name]) for name in FACTS.names or ()] + [("number", "i4")])


@dataclass(frozen=True, slots=True)
class ArticleColumns:
    """The passages of one version of an article, in order; `tagged` are positions by principle."""

    version: str
    rows: npt.NDArray[np.void]
    sketches: Sketches
    tagged: Mapping[str, Sequence[int]]


class ColumnsWriter:
    """Collects the columns of an article while its passages go by."""

    def __init__(self, published: int, title_words: int) -> None:
        self._published = published
        self._title_words = title_words
        self._rows: list[tuple[object, ...]] = []
        self._sketches: list[bytes] = []
        self._tagged: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, passage: Passage, own: PassageTexts, number: int) -> None:
        """Take in one more passage."""
        for principle in {tag.principle: None for tag in passage.tags}:
            self._tagged.setdefault(principle, []).append(len(self._rows))
        self._rows.append(
            (
                *(passage.language, 0, passage.position, passage.section, self._published),
                *(own.text.length, own.headings.length, own.asked.length, self._title_words, number),
            )
        )
        self._sketches.append(own.text.sketch or bytes(SKETCH_LENGTH))

    def packed(self) -> Json:
        """As it is kept."""
        return {
            "rows": b64encode(np.array(self._rows, ROW).tobytes()).decode(),
            "sketches": b64encode(b"".join(self._sketches)).decode(),
            "tagged": self._tagged,
        }


def unpacked(version: str, table: Json) -> ArticleColumns:
    """As a node reads it."""
    rows = np.frombuffer(b64decode(table["rows"]), ROW)
    sketches = np.frombuffer(b64decode(table["sketches"]), np.uint8).reshape(len(rows), SKETCH_LENGTH)
    return ArticleColumns(version, rows, sketches, table["tagged"])
