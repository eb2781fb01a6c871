"""Segments of a Whoosh index: written in bulk, several when they are many, and merged in quiet moments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Self, cast

import numpy as np
from whoosh.codec.whoosh3 import W3Segment
from whoosh.fields import Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from kb.engines.whoosh import commits
from kb.engines.whoosh.commits import Commit
from kb.engines.whoosh.term_reading import OpenSegment, open_segments
from kb.engines.whoosh.term_writing import BulkCodec, FieldWriter

# What the postings that are gathered for a segment may take, in bytes, whatever the corpus.
MOST_BYTES = 200_000_000
# Whoosh keeps the stored records of a segment below 2 GB.
_MOST_RECORDS = 1_000_000_000
# So many segments of about the same size are made one, until they are full; all with few documents
# count as one size.
_MANY = 4
_SMALL, _FULL = 256, 8192


class BulkWriter(SegmentWriter):
    """Writes to an index: documents of finished terms, several segments when they are many."""

    def __init__(self, folder: Path, commit: Commit, schema: Schema, most_bytes: int = MOST_BYTES) -> None:
        """Begin to write what is to come after a commit. The caller must hold the writers' lock."""
        self._folder, self._before, self._most_bytes = folder, commit, most_bytes
        self._finished: list[W3Segment] = []
        self.has_changes = False
        super().__init__(_Base(folder, commit, schema), codec=BulkCodec(), _lk=False)  # type: ignore[no-untyped-call]
        self._begin()

    def _begin(self) -> None:
        self.postings = cast(FieldWriter, self.fieldwriter).postings
        self._record_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Make all visible at once, or on an error leave everything as it was."""
        try:
            if error is None and self.has_changes:
                self.finish()
            else:
                self.cancel()  # type: ignore[no-untyped-call]
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Close and remove what was begun, as after a full disk."""
        for part in (self.perdocwriter._cols._temp, *cast(FieldWriter, self.fieldwriter).files):
            with suppress(Exception):  # Whoosh has no other for a file that is closed already
                part.close()
        self._cleanup_on_error()  # type: ignore[no-untyped-call]
        commits.clean(self._folder, commits.newest(self._folder, self.schema))

    def add(
        self, terms: Mapping[str, Mapping[str, int]], columns: Mapping[str, bytes], record: bytes
    ) -> None:
        """Add a document: by field its terms with their frequencies, its columns and its stored record."""
        number = self.docnum
        document = self.perdocwriter
        document.start_doc(number)
        document.add_field("record", self.schema["record"], record, 0)
        for name, value in columns.items():
            document.add_column_value(name, self.schema[name].column_type, value)
        document.finish_doc()
        for field, found in terms.items():
            if found:
                self.postings[field].add(number, found)
        self._record_bytes += len(record)
        self._added = self.has_changes = True
        self.docnum += 1

    def pause(self) -> None:
        """Write a segment if so much was gathered that memory wants it."""
        gathered = sum(field.size() for field in self.postings.values())
        if gathered < self._most_bytes and self._record_bytes < _MOST_RECORDS:
            return
        self._finished.append(self._finalize_segment())  # type: ignore[no-untyped-call]
        self.docnum, self._added = 0, False
        self.newsegment = self.codec.new_segment(self.storage, self.indexname)
        self.perdocwriter = self.codec.per_document_writer(self.storage, self.newsegment)
        self.fieldwriter = self.codec.field_writer(self.storage, self.newsegment)
        self._begin()

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        """Mark a document of an earlier commit as gone."""
        self.has_changes = True
        super().delete_document(docnum, delete)  # type: ignore[no-untyped-call]

    def absorb(self, segments: Sequence[W3Segment]) -> None:
        """Take the documents of earlier segments over, without those that were deleted."""
        self.has_changes |= bool(segments)
        for segment in segments:
            (opened,) = open_segments(self._folder, [segment])
            try:
                self._take_over(opened)
            finally:
                opened.reader.close()
            self.segments.remove(segment)
            self.pause()

    def _take_over(self, segment: OpenSegment) -> None:
        first, kept = self.docnum, self._take_documents(segment.reader)
        self._added |= bool(kept)
        numbers = np.full(segment.reader.doc_count_all(), -1, np.int64)
        numbers[kept] = np.arange(first, first + len(kept))
        for field in segment.terms.fields:
            self.postings[field].take_over(segment.terms.all_blocks(field), numbers)

    def _take_documents(self, reader: SegmentReader) -> list[int]:
        """Copy the columns and records of live documents; returns their numbers of before."""
        columns = {
            name: reader.column_reader(name, translate=False)
            for name, field in self.schema.items()
            if field.column_type
        }
        kept = []
        for number, stored in reader.iter_docs():
            self.add({}, {name: column[number] for name, column in columns.items()}, stored["record"])
            kept.append(number)
        return kept

    def finish(self) -> None:
        """Make everything visible at once. Segments are left as they are: `absorb` is for quiet moments."""
        self.segments = [one for one in self.segments if one.deleted_count() < one.doc_count_all()]
        self.segments += self._finished
        self.commit(merge=False)  # type: ignore[no-untyped-call]

    def _commit_toc(self, segments: Sequence[W3Segment]) -> None:
        written = commits.write(self._folder, self.generation, segments, self.schema)
        commits.clean(self._folder, (self._before, written))

    def _flush_segment(self) -> None:
        self.perdocwriter.close()
        self.fieldwriter.close()


def worth_merging(segments: Iterable[W3Segment]) -> list[W3Segment]:
    """The segments to be made one: those of about the same size when they are many, and those with
    more deleted documents than live ones.

    So a document is copied once for each fourfold of the index (log-structured merging: O'Neil et
    al. 1996).
    """
    hollow: list[W3Segment] = []
    alike: defaultdict[int, list[W3Segment]] = defaultdict(list)
    for segment in segments:
        live = segment.doc_count_all() - segment.deleted_count()
        if segment.deleted_count() > max(live, _SMALL):
            hollow.append(segment)
        elif live < _FULL:
            alike[max(live, _SMALL).bit_length() // 2].append(segment)
    return [*hollow, *(one for group in alike.values() if len(group) >= _MANY for one in group)]


class _Base:
    """What Whoosh's writer asks of an index."""

    indexname = commits.NAME

    def __init__(self, folder: Path, commit: Commit, schema: Schema) -> None:
        self.storage = FileStorage(str(folder))
        # A writer marks documents as deleted in the segments themselves; those of a reader stay.
        self._toc = TOC(schema, deepcopy(list(commit.segments)), commit.generation)

    def _read_toc(self) -> TOC:
        return self._toc
