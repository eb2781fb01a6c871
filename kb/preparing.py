"""A file → what an engine takes in: its articles with their passages split, tagged and analysed.

The steps are the same here and in worker processes, and so is what comes of them. Memory stays
bounded: passages are analysed one by one as they are written, and what comes from a worker waits as
bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from kb import changes, languages, passages, readers, sameness
from kb.concepts import Concepts
from kb.models import Article, Passage, Problem, Span
from kb.principles import Tagger, Vocabulary
from kb.ranking import IndexedText
from kb.workers import WorkerDied, Workers

Row = tuple[Passage, IndexedText, IndexedText]
"""A passage with the terms of its text and of its headings."""

# A worker takes two seconds to load its dictionaries: as long as so many bytes take to analyse.
WORTH_A_WORKER = 500_000
# Files under way in workers have at most so many bytes in all; a larger one is prepared here, passage
# by passage.
_MOST_UNDER_WAY = 4_000_000
_LARGE = 1_000_000
# How often a file is read again that changes meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article for the index. `rows` can be gone through once."""

    article: Article
    title: IndexedText
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class PackedArticle:
    """An article that a worker prepared under the id it asks for, its rows as MessagePack."""

    title: IndexedText
    rows: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that was read: its articles with the ids they ask for, and what a worker made of them.

    `size`, `modified` and `digest` are those of the very content that was read, `beside` is the
    fingerprint of the metadata files; `steady` is false
    when the file kept changing meanwhile. `died` is true when the process that read it did.
    """

    path: str
    checked: int = 0
    size: int = 0
    modified: int = 0
    digest: str = ""
    beside: str = ""
    articles: tuple[tuple[str, Article], ...] = ()
    problems: tuple[Problem, ...] = ()
    packed: tuple[PackedArticle, ...] = ()
    steady: bool = True
    died: bool = False


class Preparer:
    """Splits, tags and analyses articles."""

    def __init__(self, tagger: Tagger, concepts: Concepts) -> None:
        self._tagger, self._concepts = tagger, concepts

    def prepare(self, article: Article, units: Sequence[Passage] | None = None) -> Prepared:
        """What an engine takes in of an article that has its id; None splits it into passages."""
        article = with_language(article)
        chosen = passages.split(article) if units is None else units
        return Prepared(article, self._concepts.indexed_title(article), self._rows(article, chosen))

    def _rows(self, article: Article, units: Iterable[Passage]) -> Iterator[Row]:
        tag = self._tagger.tagging(article)
        for unit in units:
            text, mentions = self._concepts.read(unit.text)
            passage = tag(unit, mentions)
            text = sameness.sketched(text, passage.locale)
            passage = replace(passage, trace=sameness.trace(text.sketch))
            yield passage, text, self._concepts.indexed_headings(passage)

    def pack(self, file: PreparedFile) -> PreparedFile:
        """The file with its articles prepared."""
        return replace(file, packed=tuple(self._packed(replace(a, id=id)) for id, a in file.articles))

    def _packed(self, article: Article) -> PackedArticle:
        prepared = self.prepare(article)
        return PackedArticle(prepared.title, tuple(map(_encode, prepared.rows)))


_encode = msgspec.msgpack.encode
_decode_row = msgspec.msgpack.Decoder(Row).decode
_decode_file = msgspec.msgpack.Decoder(PreparedFile).decode


def unpacked(file: PreparedFile, number: int) -> Prepared:
    """What a worker made of an article of the file."""
    wanted, article = file.articles[number]
    packed = file.packed[number]
    return Prepared(with_language(replace(article, id=wanted)), packed.title, map(_decode_row, packed.rows))


def read_file(path: str) -> PreparedFile:
    """Read a file, again if it changes meanwhile."""
    found = _read_once(path)
    for _ in range(_ATTEMPTS - 1):
        if found.steady:
            break
        found = _read_once(path)
    if found.steady:
        return found
    message = "The file was being changed while it was read; it will be read again the next time."
    return replace(found, problems=(*found.problems, Problem(path, None, "file-changing", message)))


def _read_once(path: str) -> PreparedFile:
    checked = changes.now()
    before = _stat(path)
    beside = readers.fingerprint_beside(Path(path))
    reading = readers.read(Path(path))
    digest = changes.digest_of(path)
    after = _stat(path)
    articles = tuple((changes.stated_id(article, path), article) for article in reading.articles)
    return PreparedFile(
        path, checked, *before, digest, beside, articles, reading.problems, steady=before == after
    )


def _stat(path: str) -> Span:
    """The size and the time of change of a file; zeros where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def read_files(
    files: Sequence[changes.FoundFile], jobs: int, vocabulary: Path | None, cache: Path
) -> Iterator[PreparedFile]:
    """Read files in order; in so many worker processes, if there is work for them, also prepare them."""
    jobs = min(jobs, sum(file.size for file in files) // max(WORTH_A_WORKER, 1), len(files))
    if jobs < 2:
        yield from (read_file(file.path) for file in files)
        return
    shared = [file for file in files if file.size < _LARGE]
    with Workers[changes.FoundFile](jobs, _worker, vocabulary, cache) as workers:
        results = workers.results(shared, lambda file: file.size, _MOST_UNDER_WAY)
        for file in files:
            if file.size >= _LARGE:
                yield read_file(file.path)
                continue
            result = next(results)
            if isinstance(result, WorkerDied):
                yield PreparedFile(file.path, died=True)
            else:
                yield _decode_file(result)


def _worker(vocabulary: Path | None, cache: Path) -> Callable[[changes.FoundFile], bytes]:
    """What a worker process does: its own dictionaries are loaded once."""
    scheme = Vocabulary.load(vocabulary, cache=cache)
    tagger = Tagger(scheme, cache=cache)
    preparer = Preparer(tagger, Concepts(scheme, tagger))
    return lambda file: _encode(preparer.pack(read_file(file.path)))


def version() -> int:
    """The version of what is prepared beside terms and tags: it changes with a library's."""
    return sameness.version()


def with_language(article: Article) -> Article:
    """The article with the language its text is written in, where it does not state one."""
    if article.language != "und":
        return article
    text = "\n".join(
        [article.title, *(block.text for section in article.sections for block in section.blocks)]
    )
    code = languages.identify(text, article.likely_language)
    return replace(article, language=code, locale=languages.locale(code, text))
