"""A file → what an engine takes in: its articles with their passages split, tagged and analysed.

The steps are the same here and in worker processes, and so is what comes of them. Memory stays
bounded: passages are analysed one by one as they are written, and what comes from a worker waits as
bytes.

What parsers of other people's making read (PDFium, lxml) is read in a process of its own even when
there is one job: a file that crashes it, or keeps it busy forever, is a problem of that file alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Self

import msgspec

from kb import languages, passages, readers, sameness
from kb.concepts import Concepts
from kb.indexing import changes
from kb.indexing.workers import Answer, WorkerDied, Workers
from kb.models import Article, Passage, Problem, Span
from kb.principles import Tagger, Vocabulary
from kb.ranking import IndexedText, PassageTexts

Row = tuple[Passage, PassageTexts]
"""A passage with the terms that it is found by."""

# A worker takes two seconds to load its dictionaries: as long as so many bytes take to analyse.
WORTH_A_WORKER = 500_000
# How often a file is read again that changes meanwhile.
_ATTEMPTS = 3
# Seconds of processor time after which reading a file is given up; a long article takes a few.
SECONDS = 180.0
# Bytes that tell the script of a text file.
_BEGINNING = 1_000
# Rows that a worker sends at once.
_ROWS = 32
# So many bytes of a file's articles wait in memory until they are prepared.
_IN_MEMORY = 1_000_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article for the index. `rows` can be gone through once."""

    article: Article
    title: IndexedText
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read: its articles with the ids they ask for, but without their text.

    `size`, `modified` and `digest` are those of the very content that was read, `beside` is the
    fingerprint of the metadata files; `steady` is false when the file kept changing meanwhile. `died` is
    true when the process that read it did.
    """

    path: str
    checked: int = 0
    size: int = 0
    modified: int = 0
    digest: str = ""
    beside: str = ""
    articles: tuple[tuple[str, Article], ...] = ()
    problems: tuple[Problem, ...] = ()
    steady: bool = True
    died: bool = False


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that was read, and each of its articles under the id it asks for, to be gone through once."""

    file: ReadFile
    articles: Iterator[Prepared]


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
        tag = self._tagger.for_article(article)
        for unit in units:
            text, mentions = self._concepts.read(unit.text)
            passage = tag(unit, mentions)
            text = sameness.sketched(text, passage.locale)
            passage = replace(passage, trace=sameness.trace(text.sketch))
            headings, asked = self._concepts.indexed_headings(passage), self._concepts.indexed_asked(passage)
            yield passage, PassageTexts(text, headings, asked)


def renamed(prepared: Prepared, id: str) -> Prepared:
    """An article under another id than it was prepared for, and so with other ids of its passages."""
    if id == prepared.article.id:
        return prepared
    seen: Counter[str] = Counter()

    def rows() -> Iterator[Row]:
        for passage, texts in prepared.rows:
            yield passages.renamed(passage, id, seen), texts

    return Prepared(replace(prepared.article, id=id), prepared.title, rows())


# --- Reading -------------------------------------------------------------------------------------


class _Texts:
    """Whole articles, as bytes; those of a large archive wait on disk."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self._sizes: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(self) -> None:
        """Forget what is there."""
        self._file.seek(0)
        self._file.truncate()
        self._sizes.clear()

    def put(self, article: Article) -> None:
        data = _encode(article)
        self._file.write(data)
        self._sizes.append(len(data))

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        return map(self._file.read, self._sizes)


_Reading = Generator[bytes, None, ReadFile]
"""Reading under way: it says nothing, b"", now and then, which tells that it goes on."""


def _read(path: str, texts: _Texts) -> _Reading:
    """Read a file, again if it changes meanwhile; its articles go into `texts`."""
    for _ in range(_ATTEMPTS):
        texts.begin()
        found = yield from _read_once(path, texts)
        if found.steady:
            return found
    message = "The file was being changed while it was read; it will be read again the next time."
    told = Problem(path, None, "file-changing", message)
    return replace(found, problems=(*found.problems, told))


def _read_once(path: str, texts: _Texts) -> _Reading:
    checked = changes.now()
    before = _stat(path)
    beside = readers.fingerprint_beside(Path(path))
    articles: list[tuple[str, Article]] = []
    problems: dict[Problem, None] = {}
    for part in readers.read_in_parts(Path(path)):
        for article in part.articles:
            id = changes.wanted_id(article, path)
            whole = with_language(replace(article, id=id))
            articles.append((id, whole.outlined()))
            texts.put(whole)
        problems.update(dict.fromkeys(part.problems))
        yield b""
    digest = changes.digest_of(path)
    is_steady = before == _stat(path)
    return ReadFile(path, checked, *before, digest, beside, tuple(articles), tuple(problems), is_steady)


def _stat(path: str) -> Span:
    """The size and the time of change of a file; zeros where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def read_apart(
    paths: Sequence[str], folder: Path | None = None
) -> Iterator[tuple[ReadFile, Iterator[Article]]]:
    """Read files in order, each with its whole articles, to be gone through before the next file.

    What only foreign parsers can read is read in a process of its own. What that says waits in `folder`
    when it is much, or where the system keeps what passes.
    """
    risky = [path for path in paths if not readers.is_plain(Path(path))]
    with Workers[str](risky, 1, folder, _reading_worker, seconds=SECONDS) as workers:
        answers = iter(workers)
        for path in paths:
            answer = _said(path) if readers.is_plain(Path(path)) else next(answers)
            yield _received(path, answer), map(_decode_article, answer)


def prepare_here(
    paths: Sequence[str], preparer: Callable[[], Preparer], folder: Path | None = None
) -> Iterator[PreparedFile]:
    """Read files in order, as `read_apart` does, and prepare them by what `preparer` gives."""
    for file, articles in read_apart(paths, folder):
        yield PreparedFile(file, (preparer().prepare(article) for article in articles))


@contextmanager
def preparing_files(
    files: Sequence[changes.FoundFile],
    jobs: int,
    preparer: Callable[[], Preparer],
    vocabulary: Path | None,
    cache: Path,
) -> Iterator[Iterator[PreparedFile]]:
    """Read and prepare files in order: in so many worker processes if there is work for them, else here.

    The processes are started at once, so that they load what they need while the caller does.
    """
    jobs = min(jobs, sum(file.size for file in files) // max(WORTH_A_WORKER, 1), len(files))
    paths = [file.path for file in files]
    if jobs < 2:
        yield prepare_here(paths, preparer, cache)
        return
    make = partial(_preparing_worker, vocabulary, cache)
    with Workers[str](paths, jobs, cache, make, seconds=SECONDS, kind=_script) as workers:
        yield (_received_file(path, answer) for path, answer in zip(paths, workers, strict=True))


def _script(path: str) -> str:
    """The script that a text file is mostly written in, by its first lines; of others, or none, nothing.

    A worker that keeps to one script need not look up what others have: the words of one language.
    """
    if not readers.is_plain(Path(path)):
        return ""
    with suppress(OSError), Path(path).open("rb") as file:
        beginning = file.read(_BEGINNING).decode(errors="ignore").lower()
        letters: Counter[str] = Counter()
        for run in languages.scripts(beginning):
            letters[run.lastgroup or ""] += len(run.group())
        # Front matter and addresses have Latin letters whatever the text has.
        return max(letters, key=lambda script: (script != "latin", letters[script]), default="")
    return ""


# --- In a worker, and what it says ----------------------------------------------------------------

_encode = msgspec.msgpack.encode
_decode_file = msgspec.msgpack.Decoder(ReadFile).decode
_decode_article = msgspec.msgpack.Decoder(Article).decode
_decode_text = msgspec.msgpack.Decoder(IndexedText).decode
_decode_rows = msgspec.msgpack.Decoder(list[Row]).decode


def _reading_worker() -> Callable[[str], Iterator[bytes]]:
    """What a worker does that only reads."""
    return _said


def _said(path: str) -> Iterator[bytes]:
    """The outline of a file, then each of its articles."""
    with _Texts() as texts:
        yield _encode((yield from _read(path, texts)))
        yield from texts


def _preparing_worker(vocabulary: Path | None, cache: Path) -> Callable[[str], Iterator[bytes]]:
    """What a worker does that also prepares: its own dictionaries are loaded once."""
    scheme = Vocabulary.load(vocabulary, cache=cache)
    tagger = Tagger(scheme, cache=cache)
    preparer = Preparer(tagger, Concepts(scheme, tagger))
    return partial(_packed, preparer)


def _packed(preparer: Preparer, path: str) -> Iterator[bytes]:
    """The outline of a file; then of each article the title and the rows, and nothing to end them."""
    with _Texts() as texts:
        yield _encode((yield from _read(path, texts)))
        for text in texts:
            prepared = preparer.prepare(_decode_article(text))
            yield _encode(prepared.title)
            rows = iter(prepared.rows)
            while some := tuple(islice(rows, _ROWS)):
                yield _encode(some)
            yield _encode(())


def _received_file(path: str, answer: Answer) -> PreparedFile:
    file = _received(path, answer)
    return PreparedFile(file, _unpacked(file, answer))


def _unpacked(file: ReadFile, answer: Answer) -> Iterator[Prepared]:
    for _, article in file.articles:
        title = _decode_text(next(answer))
        yield Prepared(article, title, _unpacked_rows(answer))


def _unpacked_rows(answer: Answer) -> Iterator[Row]:
    while rows := _decode_rows(next(answer)):
        yield from rows


def _received(path: str, answer: Answer) -> ReadFile:
    """What a worker says of a file first, or that it died of it."""
    try:
        return _decode_file(next(filter(None, answer)))
    except WorkerDied as death:
        if death.was_slow:
            code, what = "reader-too-slow", "Reading this file took far too long and was stopped"
        else:
            code, what = "reader-died", "The process that read this file crashed or ran out of memory"
        message = f"{what}; what was indexed of it before stays. Save it anew, or split it."
        return ReadFile(path, problems=(Problem(path, None, code, message, "error"),), died=True)


def with_language(article: Article) -> Article:
    """The article with the language its text is written in, where it does not state one."""
    if article.language != "und":
        return article
    text = "\n".join(
        [article.title, *(block.text for section in article.sections for block in section.blocks)]
    )
    code = languages.identify(text, article.likely_language)
    return replace(article, language=code, locale=languages.locale(code, text))
