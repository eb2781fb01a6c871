"""How a Whoosh index is laid out: one document for each passage, article and source file.

They are told apart by `type`. Terms come finished, so no field has an analyser. Records are stored as
JSON, and what the formula needs of every passage in one column of fixed width, a `ROW`.
"""

from __future__ import annotations

import numpy as np
from whoosh import columns, fields, formats

from kb.engines.passage_table import FACTS
from kb.engines.records import ARTICLE_ID_LENGTH
from kb.ranking import Field
from kb.sameness import SKETCH_LENGTH

# Raised when what is stored changes its form; an index of another format is rebuilt.
FORMAT = 4

PASSAGE, ARTICLE, FILE = 1, 2, 3

# A row in memory, where articles are numbered in the order of their ids, which are slow to compare.
NUMBERED = np.dtype([("type", "u1"), *((name, FACTS[name]) for name in FACTS.names or ())])
# The same as it is stored.
ROW = np.dtype(
    [
        (name, f"S{ARTICLE_ID_LENGTH}" if name == "article" else NUMBERED[name])
        for name in NUMBERED.names or ()
    ]
)


class _Terms(fields.FieldType):
    """A field of finished terms: a mapping of each to its frequency."""

    scorable = stored = unique = False
    analyzer = vector = column_type = None
    format = formats.Existence()

    def __init__(self) -> None:
        pass


class _Bytes(fields.FieldType):
    """A column of fixed width; what is not given is zero."""

    indexed = stored = scorable = unique = False
    analyzer = format = vector = None

    def __init__(self, width: int) -> None:
        self.column_type = columns.FixedBytesColumn(width)


SCHEMA = fields.Schema(
    **{field.value: _Terms() for field in Field},
    key=_Terms(),
    anchor=_Terms(),
    principle=_Terms(),
    facts=_Bytes(ROW.itemsize),
    sketch=_Bytes(SKETCH_LENGTH),
    record=fields.STORED(),
)
