"""A write: articles and files become Whoosh documents, and those of before are marked as gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from kb.engines.records import article_key, check_article_id, file_key
from kb.engines.whoosh.layout import ARTICLE, FILE, PASSAGE, ROW
from kb.engines.whoosh.segments import BulkWriter
from kb.engines.whoosh.snapshot import Snapshot
from kb.errors import EngineError
from kb.models import Article, Passage, SourceFile
from kb.ranking import Field, IndexedText, PassageTexts
from kb.sameness import SKETCH_LENGTH

_NO_SKETCH = bytes(SKETCH_LENGTH)
_encode = msgspec.json.encode


class Writer:
    """Turns articles and files into Whoosh documents; see `kb.engines.EngineWriter`."""

    def __init__(self, writer: BulkWriter, before: Snapshot | None, damage: str) -> None:
        """`before` is the commit that is changed, None where nothing of it is kept."""
        self.damage = damage
        self._writer = writer
        self._before = before
        self._put: set[str] = set()

    def put_article(
        self,
        article: Article,
        passages: Iterable[Passage],
        title: IndexedText,
        texts: Iterable[PassageTexts],
    ) -> None:
        """Add or replace an article."""
        check_article_id(article.id)
        self.drop_article(article.id)
        key = {article_key(article.id): 1}
        for passage, own in zip(passages, texts, strict=True):
            terms: dict[str, Mapping[str, int]] = {
                "key": key,
                "anchor": dict.fromkeys(passage.anchors, 1),
                "principle": {tag.principle: 1 for tag in passage.tags},
                Field.TEXT: own.text.terms,
                Field.HEADINGS: own.headings.terms,
                Field.ASKED: own.asked.terms,
                # Once for an article: its title is the same for all its passages.
                Field.TITLE: title.terms if passage.position == 0 else {},
            }
            row = _row(article, passage, own, title)
            columns = {"facts": row, "sketch": own.text.sketch or _NO_SKETCH}
            self._writer.add(terms, columns, _encode(passage))
            self._writer.pause()
        self._add_record(ARTICLE, article_key(article.id), article.outlined(), article.id)

    def drop_article(self, article_id: str) -> None:
        """Take an article and its passages out."""
        self._drop(article_key(article_id))

    def put_file(self, file: SourceFile) -> None:
        """Record a source file."""
        self.drop_file(file.path)
        self._add_record(FILE, file_key(file.path), file)

    def drop_file(self, path: str) -> None:
        """Forget a source file."""
        self._drop(file_key(path))

    def _add_record(self, kind: int, key: str, record: Article | SourceFile, article_id: str = "") -> None:
        row = np.zeros((), ROW)
        row["type"] = kind
        row["article"] = article_id
        self._put.add(key)
        self._writer.add({"key": {key: 1}}, {"facts": row.tobytes()}, _encode(record))
        self._writer.pause()

    def _drop(self, key: str) -> None:
        if key in self._put:
            raise EngineError(f"The {key} was written twice at once; nothing was changed.")
        for number in self._before.documents("key", key) if self._before else ():
            self._writer.delete_document(int(number))


def _row(article: Article, passage: Passage, own: PassageTexts, title: IndexedText) -> bytes:
    row = np.zeros((), ROW)
    row["type"] = PASSAGE
    row["language"] = passage.language
    row["article"] = passage.article_id
    row["position"] = passage.position
    row["section"] = passage.section
    row["published"] = article.published.toordinal() if article.published else 0
    row["text_words"] = own.text.length
    row["heading_words"] = own.headings.length
    row["asked_words"] = own.asked.length
    row["title_words"] = title.length
    return row.tobytes()
