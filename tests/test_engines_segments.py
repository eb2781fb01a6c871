"""What is written in bulk is what Whoosh itself reads, and what is read in place is the same
(`kb.engines.whoosh.segments`, `term_writing`, `term_reading`)."""

from __future__ import annotations

import pickle
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex, open_dir
from whoosh.reading import SegmentReader

from kb.engines.whoosh import commits
from kb.engines.whoosh.layout import ROW, SCHEMA
from kb.engines.whoosh.mapped_files import mapped_storage
from kb.engines.whoosh.segments import _FULL, _MANY, BulkWriter, worth_merging
from kb.engines.whoosh.term_reading import joined, open_segments

documents = st.lists(
    st.dictionaries(
        st.text("абвгд服务abz\U00020000", min_size=1, max_size=4), st.integers(1, 300), max_size=6
    ),
    min_size=1,
    max_size=12,
)


def written(folder: Path, texts, most_bytes: int = 10**9) -> commits.Commit:
    """The commit after documents whose text and headings hold these terms."""
    newest = commits.generations(folder)
    base = commits.read(folder, newest[0], SCHEMA) if newest else commits.Commit(0)
    writer = BulkWriter(folder, base, SCHEMA, most_bytes)
    for number, terms in enumerate(texts):
        record = f"{base.generation} {number} {terms}".encode()
        facts = bytes([number % 256]) * ROW.itemsize
        writer.add({"text": terms, "headings": dict(list(terms.items())[:2])}, {"facts": facts}, record)
        writer.pause()
    writer.finish()
    return commits.read(folder, commits.generations(folder)[0], SCHEMA)


def read(folder: Path):
    """All terms with their documents' records and frequencies, as Whoosh tells them in its own words."""
    index = open_dir(str(folder), schema=SCHEMA)
    assert isinstance(index, FileIndex)
    with index.reader() as reader:
        found: dict = defaultdict(set)
        for field, term in reader.all_terms():
            matcher = reader.postings(field, term)
            while matcher.is_active():
                record = reader.stored_fields(matcher.id())["record"]
                found[field, term.decode()].add((record.decode(), matcher.weight()))
                matcher.next()
            assert (field, term) in reader  # by its hash, too
            if not reader.has_deletions():
                postings = found[field, term.decode()]
                assert reader.doc_frequency(field, term) == len(postings)
                assert reader.frequency(field, term) == sum(weight for _, weight in postings)
        return dict(found)


def read_in_place(folder: Path):
    """The same as we read it."""
    segments = open_segments(folder, commits.newest(folder, SCHEMA)[0].segments)
    records = [stored["record"].decode() for one in segments for _, stored in one.reader.iter_docs()]
    keys = {
        (field, term)
        for one in segments
        for field in one.terms.fields
        for term, _ in one.terms.beginning(field)
    }
    found = {}
    for field, term in keys:
        documents, times = joined(segments, field, term)
        held = [records[document] for document in documents.tolist()]
        found[field, term.decode()] = set(zip(held, map(float, times.tolist()), strict=True))
    for absent in ("text", "title", "no such field"):
        assert [part.tolist() for part in joined(segments, absent, "не было".encode())] == [[], []]
    for one in segments:
        one.reader.close()
    return found


def expected(texts):
    found: dict = defaultdict(set)
    for number, terms in enumerate(texts):
        for place, (term, times) in enumerate(terms.items()):
            for field in ("text", "headings")[: 2 if place < 2 else 1]:
                found[field, term].add((f"0 {number} {terms}", float(times)))
    return dict(found)


@settings(max_examples=30)
@given(documents, st.sampled_from([1, 2000, 10**9]))
def test_whoosh_reads_what_is_written(texts, most_bytes):
    with tempfile.TemporaryDirectory() as folder:
        commit = written(Path(folder), texts, most_bytes)
        assert len(commit.segments) == 1 or most_bytes < 10**9
        assert read(Path(folder)) == read_in_place(Path(folder)) == expected(texts)


@settings(max_examples=20)
@given(st.lists(documents, min_size=2, max_size=4), st.sets(st.integers(0, 40), max_size=10))
def test_merging_changes_nothing_but_what_was_deleted(commits_of_texts, deleted):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for texts in commits_of_texts:
            base = written(folder, texts)
        writer = BulkWriter(folder, base, SCHEMA)
        for number in deleted & set(range(sum(map(len, commits_of_texts)))):
            writer.delete_document(number)
        writer.finish()
        before = {term: postings for term, postings in read(folder).items() if postings}
        writer = BulkWriter(folder, commits.newest(folder, SCHEMA)[0], SCHEMA)
        writer.absorb(list(writer.segments))
        writer.finish()
        assert read(folder) == before
        assert len(commits.read(folder, commits.generations(folder)[0], SCHEMA).segments) <= 1


@settings(max_examples=20)
@given(documents, st.sampled_from(["", "а", "аб", "服", "z", "\U00020000"]))
def test_documents_are_counted_as_whoosh_counts_them(texts, prefix):
    with tempfile.TemporaryDirectory() as folder:
        (segment,) = written(Path(folder), texts).segments
        plain = SegmentReader(FileStorage(folder), SCHEMA, segment)
        (opened,) = open_segments(Path(folder), [segment])
        for field in ("text", "headings", "title"):
            found = list(opened.terms.beginning(field, prefix.encode()))
            expanded = plain.expand_prefix(field, prefix.encode()) if field != "title" else []
            assert found == [(term, plain.doc_frequency(field, term)) for term in expanded]
        plain.close()
        opened.reader.close()


@pytest.mark.parametrize("protocol", [0, 2, 5])  # in lines, as Whoosh has it, and as Python has it
def test_a_mapped_file_holds_pickles(tmp_path, protocol):
    kept = {"fieldmap": {"text": 1}, "of": date(2026, 3, 15)}
    (tmp_path / "kept").write_bytes(b"before" + pickle.dumps(kept, protocol) + b"behind")
    file = mapped_storage(tmp_path).open_file("kept")
    file.seek(6)
    assert file.read_pickle() == kept
    assert file.read(6) == b"behind"


def test_a_term_of_many_blocks(tmp_path):
    texts = [{"слово": 1 + number % 3, f"редкое{number}": 1} for number in range(9000)]
    written(tmp_path, texts)
    assert read(tmp_path) == read_in_place(tmp_path) == expected(texts)


def test_postings_that_are_not_where_they_should_be(tmp_path):
    (opened,) = open_segments(tmp_path, written(tmp_path, [{"слово": 1}, {"слово": 2}]).segments)
    opened.terms._postings = opened.terms._postings[2:]
    with pytest.raises(commits.Damaged, match="not where they should be"):
        list(opened.terms.blocks("text", "слово".encode()))


class Segment:
    def __init__(self, live: int, deleted: int = 0) -> None:
        self._live, self._deleted = live, deleted

    def doc_count_all(self) -> int:
        return self._live + self._deleted

    def deleted_count(self) -> int:
        return self._deleted


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        ([10] * (_MANY - 1), 0),
        ([10] * _MANY, _MANY),
        ([10, 20, 200, 1], 4),
        ([1000] * 3 + [10] * 3, 0),
        ([1000] * _MANY + [10], _MANY),
        ([_FULL] * 50, 0),
    ],
)
def test_segments_of_one_size_are_merged_when_there_are_many(sizes, merged):
    assert len(worth_merging(map(Segment, sizes))) == merged


def test_a_segment_of_deleted_documents_is_worth_merging():
    assert worth_merging([Segment(1000, 300)]) == []
    assert len(worth_merging([Segment(1000, 1001)])) == 1
