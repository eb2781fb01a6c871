"""KnowledgeBase: the one place where the parts are joined.

An article goes: read the file → split it into passages → tag them → hand them to the engine.
A search goes: parse and analyse the query → ask the engine → mark what was found.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from kb import (
    changes,
    corpus_folder,
    excerpts,
    languages,
    passages,
    preparing,
    query,
    readers,
    repetitions,
    sameness,
    snippets,
)
from kb.concepts import Concepts
from kb.corpus_folder import Draft, FolderChanges
from kb.engines import Engine, EngineHit, EngineHits, EngineWriter, open_engine
from kb.errors import EngineError, IndexLocked, InvalidRequest, NotFound, StoreUnavailable, WriteRefused
from kb.exporters import WITH_QUIZ, Edition, export, exporter, with_counterpart, words_in
from kb.languages.interface import in_interface
from kb.models import (
    Article,
    BlockKind,
    Bridge,
    Excerpt,
    ExcerptState,
    Facet,
    FoundArticle,
    FoundPassage,
    Hit,
    Interpretation,
    LoggedSearch,
    Pack,
    PackSection,
    Passage,
    Principle,
    PrincipleTag,
    Problem,
    Proposal,
    Query,
    QueryTerm,
    Question,
    Repair,
    SearchRequest,
    SearchResults,
    SourceFile,
    Suggestion,
    Tag,
    TagReview,
    TermKind,
    Token,
    Wording,
)
from kb.preparing import Prepared, PreparedFile, Preparer, Row
from kb.principles import (
    Evaluation,
    Example,
    Explanation,
    Tagger,
    Vocabulary,
    evaluate,
    read_examples,
)
from kb.quiz import quiz
from kb.ready_made import ready_made
from kb.settings import Settings
from kb.statistics import IndexStatus, Statistics, gather, status
from kb.suggestions import Suggestions, unquoted

if TYPE_CHECKING:
    from kb import archive
    from kb.accounts import Accounts
    from kb.keys import Keys
    from kb.packs import Packs
    from kb.store import Store

# Raised when reading, splitting, tagging or analysing changes what they give: files are read again.
PIPELINE = 6

_LONGEST_TERM = 200
# Characters of a passage that are searched for what is similar to it.
_MOST_OF_PASSAGE = 600
# Seconds that a short write waits for another to be done.
PATIENCE = 2.0

P = ParamSpec("P")
R = TypeVar("R")
_Reviews = dict[str, list[TagReview]]
Progress = Callable[[int, int, int], None]
"""Told of the files done, the files in all, and the passages made so far."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of a file: "added", "changed", "moved" (to `path`) or "removed"."""

    path: str
    what: str
    passages: int
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What indexing did. Articles and passages count what is in the index afterwards."""

    articles: int
    passages: int
    added: int
    changed: int
    removed: int
    unchanged: int
    problems: tuple[Problem, ...]
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What reading found: the files and articles that were read, and their problems."""

    files: int
    articles: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """How long each phase of a search took ("understand", "find", "mark"), and how many hits it has."""

    seconds: Mapping[str, float]
    total: int


class _Phases:
    """Measures the phases of a search; one that comes again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, phase: str, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work of a phase."""
        started = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class WrittenArticle:
    """What became of an article that was written: "created", "replaced" or "deleted"."""

    id: str
    outcome: str
    passages: int
    problems: tuple[Problem, ...] = ()


class KnowledgeBase:
    """Articles made findable. Use it as a context manager, or call `close`.

    Searching is safe from several threads; only one process can index at a time.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.on_search: Callable[[SearchTrace], None] = lambda trace: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back files and memory."""
        for part in ("engine", "store"):
            if part in self.__dict__:
                getattr(self, part).close()

    @cached_property
    def engine(self) -> Engine:
        """The index that `KB_ENGINE` names."""
        return open_engine(self.settings.engine_url, self.settings.memory * 1_000_000)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The principles and terms of the trade."""
        return Vocabulary.load(self.settings.vocabulary, cache=self.settings.home / "cache")

    @cached_property
    def tagger(self) -> Tagger:
        """Finds the vocabulary's concepts in texts."""
        return Tagger(self.vocabulary, cache=self.settings.home / "cache")

    @cached_property
    def store(self) -> Store:
        """What people write."""
        from kb.store import (  # SQLAlchemy takes a tenth of a second, and a search needs none
            Store,
            sqlite_url,
        )

        self.settings.home.mkdir(parents=True, exist_ok=True)
        return Store(self.settings.database_url or sqlite_url(self.settings.home / "servicebook.sqlite"))

    @cached_property
    def accounts(self) -> Accounts:
        """Who may do what."""
        from kb.accounts import Accounts

        return Accounts(
            self.store.accounts,
            self.settings.signing_key,
            idle=timedelta(minutes=self.settings.session_idle),
            lasting=timedelta(hours=self.settings.session_hours),
        )

    @cached_property
    def keys(self) -> Keys:
        """Which programs may do what."""
        from kb.keys import Keys

        return Keys(self.store.keys)

    @cached_property
    def packs(self) -> Packs:
        """Packs that are kept."""
        from kb.packs import Packs

        return Packs(self.store.packs)

    @cached_property
    def concepts(self) -> Concepts:
        """The bridge between languages."""
        return Concepts(self.vocabulary, self.tagger)

    # --- Indexing ---

    def index(
        self,
        paths: Sequence[Path] = (),
        forget: Sequence[Path] = (),
        progress: Progress = lambda done, of, passages: None,
        jobs: int = 1,
        wait: bool = False,
    ) -> IndexReport:
        """Make the index match the files at and below `paths` (by default the configured corpus).

        Files below `forget` leave the index; other sources stay. Readers see all changes at once.
        `jobs` are the processes that read and analyse, if there is work for them: those beside this
        one import the main module, as Python's multiprocessing does. When another process is
        indexing, wait for it or raise `IndexLocked`. A damaged index is made anew, of all sources.
        """
        sources = tuple(paths) or (() if forget else (self.settings.corpus_path,))
        problems: tuple[Problem, ...] = ()
        with self.engine.write(wait, repair=True) as writer:
            self.store.sources.put(map(_written, sources), map(_written, forget))
            if writer.damage:
                sources, problems = self._repairing(sources, forget, writer.damage)
            known = {} if writer.damage else self.engine.files()
            found = changes.survey(sources, forget, known, self.pipeline, readers.find)
            found = changes.with_metadata_files(found, readers.fingerprint_beside)
            files = list(self._bring_in(found, writer, progress, jobs))
            for path in found.gone:
                writer.drop_file(path)
            for lost in _article_ids(known.values()) - _article_ids(files):
                writer.drop_article(lost)
        self.engine.tidy()  # what changed can be found already
        return _report(known, files, (*problems, *found.problems, *self._repetitions(files)))

    def _repairing(
        self, sources: Sequence[Path], forget: Sequence[Path], damage: str
    ) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
        """All sources that were ever given and are still there, and what to tell of it."""
        dropped = set(map(_written, forget))
        known = [Path(source) for source in self.store.sources.all() if source not in dropped]
        message = f"The index was damaged ({damage}); it was made anew from all its sources."
        told = Problem(self.settings.engine_url, None, "index-rebuilt", message)
        return tuple(dict.fromkeys((*sources, *filter(Path.exists, known)))), (told,)

    def _repetitions(self, files: Iterable[SourceFile]) -> Sequence[Problem]:
        paths = {given: file.path for file in files for _, given in file.articles}
        return repetitions.notices(self.engine, paths)

    @cached_property
    def pipeline(self) -> str:
        """The versions of all that shapes passages: what another one made is made again."""
        return f"{self._steps} {self.vocabulary.digest}"

    @cached_property
    def _steps(self) -> str:
        return f"{PIPELINE}.{preparing.version()}"

    @cached_property
    def _preparer(self) -> Preparer:
        return Preparer(self.tagger, self.concepts)

    def _bring_in(
        self, found: changes.Survey, writer: EngineWriter, progress: Progress, jobs: int
    ) -> Iterator[SourceFile]:
        """Bring the index up to date with each file, in the order of their paths."""
        ids = changes.IdGiver()
        stale = [file for file in found.files if file.stale]
        cache = self.settings.home / "cache"
        reading = preparing.read_files(stale, jobs, self.settings.vocabulary, cache)
        reviews = self._reviews_by_passage()
        count = 0
        for number, file in enumerate(found.files, 1):
            record = None if file.stale else self._kept(file, ids, writer)
            if record is None:
                read = next(reading) if file.stale else preparing.read_file(file.path)
                record = self._put_file(file, read, ids, writer, reviews)
            count += record.passages
            progress(number, len(found.files), count)
            yield record

    def _kept(self, file: changes.FoundFile, ids: changes.IdGiver, writer: EngineWriter) -> SourceFile | None:
        """The record of a file that need not be read, unless its articles must get other ids."""
        before = file.before
        assert before
        given = tuple((wanted, ids.give(wanted)) for wanted, _ in before.articles)
        if given != before.articles:
            ids.take_back(id for _, id in given)
            return None
        record = file.record()
        if record != before:
            writer.put_file(record)
        return record

    def _put_file(
        self,
        file: changes.FoundFile,
        read: PreparedFile,
        ids: changes.IdGiver,
        writer: EngineWriter,
        reviews: _Reviews,
    ) -> SourceFile:
        """Put a file that was read, and its articles, into the index."""
        if read.died:
            return self._put_dead(file, ids, writer)
        articles: list[tuple[str, str]] = []
        titles = [article.title for _, article in read.articles]
        count = 0
        for number, (asked, article) in enumerate(read.articles):
            wanted = changes.kept_id(file, number, titles) or asked
            articles.append((wanted, ids.give(wanted)))
            if read.packed and articles[-1][1] == asked:
                prepared = preparing.unpacked(read, number)
            else:
                prepared = self._preparer.prepare(replace(article, id=articles[-1][1]))
            count += self._put_article(prepared, writer, reviews)
        record = SourceFile(
            path=file.path,
            size=read.size,
            modified=read.modified if read.steady else changes.UNKNOWN,
            checked=read.checked,
            digest=read.digest,
            pipeline=self.pipeline,
            articles=tuple(articles),
            passages=count,
            problems=read.problems,
            named=Path(file.path).stem in titles,
            beside=read.beside,
        )
        writer.put_file(record)
        return record

    def _put_dead(self, file: changes.FoundFile, ids: changes.IdGiver, writer: EngineWriter) -> SourceFile:
        """Record that the process that read a file died of it; what is indexed of it stays."""
        message = (
            "The process that read this file was killed, perhaps for want of memory; what was indexed"
            " of it before stays. Split the file, or try again with --jobs 1."
        )
        problem = Problem(file.path, None, "reader-died", message, "error")
        before = file.before or SourceFile(file.path, 0, 0, 0, "", "")
        given = tuple((wanted, ids.give(wanted)) for wanted, _ in before.articles)
        if given != before.articles:  # others have taken its ids
            before = replace(before, articles=(), passages=0)
        record = replace(before, path=file.path, modified=changes.UNKNOWN, problems=(problem,))
        writer.put_file(record)
        return record

    def add(self, articles: Iterable[tuple[Article, Sequence[Passage] | None]]) -> None:
        """Index articles that come from no file, with their ids; None splits them into passages."""
        with self.engine.write() as writer:
            reviews = self._reviews_by_passage()
            for article, units in articles:
                self._put_article(self._preparer.prepare(article, units), writer, reviews)

    def _put_article(self, prepared: Prepared, writer: EngineWriter, reviews: _Reviews) -> int:
        """Hand one article over; returns the number of its passages."""
        count = 0

        def reviewed() -> Iterator[Row]:
            nonlocal count
            for passage, text, headings in prepared.rows:
                count += 1
                if said := reviews.get(passage.id):
                    passage = _with_reviews(passage, said)
                    headings = self.concepts.indexed_headings(passage)
                yield passage, text, headings

        for_records, for_terms = tee(reviewed())
        texts = ((text, headings) for _, text, headings in for_terms)
        writer.put_article(prepared.article, (row[0] for row in for_records), prepared.title, texts)
        return count

    def _reviews_by_passage(self) -> _Reviews:
        """What people said of tags; it goes over what the tagger says."""
        found: _Reviews = {}
        for review in self.store.reviews.of():
            found.setdefault(review.passage, []).append(review)
        return found

    def check(self, paths: Sequence[Path] = ()) -> CheckReport:
        """Read files as `index` does, without indexing them, and say what an editor can mend.

        By default those of the configured corpus.
        """
        problems: list[Problem] = []
        files = articles = 0
        for source in paths or (self.settings.corpus_path,):
            for found in readers.find(source):
                if isinstance(found, Problem):
                    problems.append(found)
                    continue
                reading = readers.read(found)
                files += 1
                articles += len(reading.articles)
                problems += reading.problems
                for article in reading.articles:
                    problems += self._unknown_principles(found, article)
        return CheckReport(files, articles, tuple(problems))

    def _unknown_principles(self, path: Path, article: Article) -> Iterator[Problem]:
        """The principles that an article states and the vocabulary does not have."""
        for stated in article.principles:
            if not self.tagger.meant(stated):
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                line = next((number for number, text in enumerate(lines, 1) if stated in text), None)
                message = f"There is no principle “{stated}”; kb principles lists those there are."
                yield Problem(str(path), line, "unknown-principle", message)

    # --- Writing articles ---

    def write_articles(
        self,
        drafts: Sequence[Draft] = (),
        remove: Sequence[str] = (),
        check: Callable[[], None] = lambda: None,
    ) -> tuple[WrittenArticle, ...]:
        """Write articles into the corpus folder, take others away, and index at once: all or nothing.

        `check` is called when nobody else can write any more and may raise what speaks against it.
        Raises `InvalidRequest` for an article that cannot be read, `NotFound` for one that is to go
        and is not there, `WriteRefused` where a file may not be changed, and `IndexLocked`.
        """
        drafts = [corpus_folder.checked(draft) for draft in drafts]
        _check_distinct([*(draft.id for draft in drafts), *remove])
        if self.settings.corpus is None:
            raise WriteRefused("The starter corpus is not written to. Set KB_CORPUS to a folder of yours.")
        with self._alone_in_corpus():
            check()
            known = self.engine.files()
            homes = {id: file for file in known.values() for _, id in file.articles}
            for id in remove:
                if id not in homes:
                    raise NotFound("article", id)
            changed: FolderChanges | None = None
            try:
                with corpus_folder.changing(self.settings.corpus) as changed:
                    paths = {draft.id: _put_file(draft, homes, known, changed) for draft in drafts}
                    for id in remove:
                        changed.remove(_only_file_of(id, homes))
                    self._index_files(changed)
                    records = self.engine.files()
                    written = [_outcome(id, records[str(path)], id in homes) for id, path in paths.items()]
            except Exception:
                if changed and self.engine.files() != known:
                    self._index_files(changed)
                raise
        return (*written, *(WrittenArticle(id, "deleted", 0) for id in remove))

    @contextmanager
    def _alone_in_corpus(self) -> Iterator[None]:
        """Keep other threads and processes of ours from writing into the corpus folder."""
        from filelock import FileLock  # only who writes needs it

        self.settings.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.settings.home / "writing.lock"):
            yield

    def _index_files(self, changed: FolderChanges) -> None:
        """Bring the index up to date with files that were changed; another's short write is waited for."""
        there, gone = changed.touched()
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.index(there, gone)
                return
            except IndexLocked:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    # --- Reviews ---

    def review(
        self, passage_id: str, principle_id: str, accepted: bool | None, reviewer: str, reason: str = ""
    ) -> Passage:
        """Keep a person's word on a tag, or with None take it back; it holds at once and for good.

        Returns the passage with its tags as they are now. Raises `NotFound` for an unknown passage
        or principle, and `IndexLocked` while another process is indexing.
        """
        principle = self.principle(principle_id)
        with self._soon_writing() as writer:
            # Read under the lock: an edit that came between would be lost.
            passage, _ = self.passage(passage_id)
            if accepted is None:
                self.store.reviews.drop(passage.id, principle.id, reviewer)
            else:
                at = datetime.now(UTC)
                self.store.reviews.put(TagReview(passage.id, principle.id, accepted, reviewer, at, reason))
            self._retag([passage.id], writer)
        return self.passage(passage_id)[0]

    def undo_review(self, number: int) -> bool:
        """Take back one review, so that what was said before holds again.

        Returns False where another has overruled it. Raises `NotFound` and `IndexLocked`.
        """
        review = self.review_by_number(number)
        with self._soon_writing() as writer:
            undone = self.store.reviews.undo(number)
            self._retag({review.passage}, writer)
        return undone

    def review_by_number(self, number: int) -> TagReview:
        """A review that may be undone. Raises `NotFound`."""
        review = self.store.reviews.one(number)
        if review is None:
            raise NotFound("review", str(number))
        return review

    def reviews(self, passages: Iterable[Passage] | None = None) -> Sequence[TagReview]:
        """The reviews of tags that hold, of these passages or of all, oldest first."""
        return self.store.reviews.of(None if passages is None else [passage.id for passage in passages])

    def _retag(self, passage_ids: Iterable[str], writer: EngineWriter) -> None:
        """Tag the articles of these passages anew; passages that are gone do nothing."""
        found = (self.engine.passage(passage_id) for passage_id in passage_ids)
        reviews = self._reviews_by_passage()
        for article in {one[1].id: one[1] for one in found if one}.values():
            prepared = self._preparer.prepare(article, self.article(article.id)[1])
            self._put_article(prepared, writer, reviews)

    @contextmanager
    def _soon_writing(self) -> Iterator[EngineWriter]:
        """A writer; another's short write is waited for. Raises `IndexLocked`."""
        until = time.monotonic() + PATIENCE
        with ExitStack() as stack:
            while True:
                try:
                    writer = stack.enter_context(self.engine.write())
                    break
                except IndexLocked:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.05)
            yield writer

    def explain_tags(self, path: Path) -> Sequence[Explanation]:
        """Why each passage of a file gets its tags, without indexing it. Raises `InvalidRequest` when
        the file cannot be read as an article."""
        reading = readers.read(path)
        if not reading.articles:
            raise InvalidRequest("; ".join(problem.message for problem in reading.problems))
        named = (
            preparing.with_language(replace(article, id=changes.stated_id(article, str(path))))
            for article in reading.articles
        )
        return [
            explanation
            for article in named
            for explanation in self.tagger.explain(article, passages.split(article))
        ]

    def evaluate_tagger(self, file: Path | None = None) -> Evaluation:
        """Measure the tagger on the labelled passages of a file, or on people's reviews of tags.

        Raises `InvalidRequest` that names the line which cannot be read.
        """
        return evaluate(read_examples(file) if file else self._reviewed_examples(), self.tagger)

    def _reviewed_examples(self) -> Iterator[Example]:
        """Each reviewed passage with what was accepted; what nobody reviewed counts neither way."""
        by_passage: dict[str, list[TagReview]] = {}
        for review in self.reviews():
            by_passage.setdefault(review.passage, []).append(review)
        everything = frozenset(principle.id for principle in self.principles())
        for passage_id, said in by_passage.items():
            if found := self.engine.passage(passage_id):
                passage, _ = found
                reviewed = frozenset(review.principle for review in said)
                yield Example(
                    text=passage.text,
                    must=frozenset(review.principle for review in said if review.accepted),
                    may=everything - reviewed,
                    language=passage.language,
                    headings=passage.headings,
                )

    # --- Searching ---

    def search(self, text: str | SearchRequest = "", **options: object) -> SearchResults:
        """Find passages. `text` may use the query syntax; `options` are the fields of `SearchRequest`.

        Raises `InvalidRequest` that names the parameter at fault.
        """
        request = text if isinstance(text, SearchRequest) else _request(text, options)
        phases = _Phases()
        asked, bridges = phases.time("understand", self._asked, request)
        found = phases.time("find", self.engine.search, asked, request.explain)
        typed = None
        if request.correct and (repaired := phases.time("understand", self._repaired, request, found.total)):
            typed, request = request.text, repaired
            asked, bridges = phases.time("understand", self._asked, request)
            found = phases.time("find", self.engine.search, asked, request.explain)
        hits, facets = phases.time("mark", self._marked, found, asked)
        self.on_search(SearchTrace(phases.seconds, found.total))
        return SearchResults(
            query=request.text,
            total=found.total,
            took_ms=round(sum(phases.seconds.values()) * 1000, 3),
            interpreted=Interpretation(typed, _shown_terms(asked.terms), bridges),
            hits=hits,
            facets=facets,
        )

    def _marked(
        self, found: EngineHits, asked: Query
    ) -> tuple[tuple[Hit, ...], dict[str, tuple[Facet, ...]]]:
        return tuple(self._hit(hit, asked) for hit in found.hits), self._facets(found)

    def _facets(self, found: EngineHits) -> dict[str, tuple[Facet, ...]]:
        return {
            name: tuple(
                Facet(value, count, self._facet_label(name, value, found.titles))
                for value, count in counts.items()
            )
            for name, counts in found.facets.items()
        }

    def _asked(self, request: SearchRequest) -> tuple[Query, tuple[Bridge, ...]]:
        """A request as the engine takes it, and the concepts it also finds in other languages."""
        parsed = query.parse(request.text, self._principle_id)
        asked = query.prepare(request, parsed)
        bridging = request.bridge and parsed.is_open
        bridges = dict(self.concepts.bridges(parsed.plain, asked.languages)) if bridging else {}
        return replace(asked, terms=(*asked.terms, *bridges)), tuple(bridges.values())

    def _repaired(self, request: SearchRequest, total: int) -> SearchRequest | None:
        """The request with its text as it was probably meant, if that finds more than `total`."""
        repair = self.suggestions.repair(request.text)
        if repair and self._finds_more(request, repair, total):
            return replace(request, text=repair.text)
        plain = None if total else unquoted(request.text)
        if plain and self._total(request, plain):
            return replace(request, text=plain)
        return None

    def _finds_more(self, request: SearchRequest, repair: Repair, total: int) -> bool:
        """Whether a repaired text, or its repaired words alone, find more than what was typed."""
        found = self._total(request, repair.text)
        if found > total or (repair.certain and not total):
            return True
        meant, typed = (" ".join(map(_exact, words)) for words in (repair.meant, repair.typed))
        return bool(found) and self._total(request, meant) > self._total(request, typed)

    def _total(self, request: SearchRequest, text: str) -> int:
        asked, _ = self._asked(replace(request, text=text, limit=0, offset=0))
        return self.engine.search(asked).total

    def suggest(self, text: str, language: str | None = None, limit: int = 8) -> tuple[Suggestion, ...]:
        """What a text that is being typed may become: titles, principles, terms and frequent phrases.

        Best first, in one language or any. Raises `InvalidRequest` for an unknown language.
        """
        if language is not None:
            _check_language(language)
        return self.suggestions.complete(text, language, limit)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Completes and repairs what people type."""
        return Suggestions(self.engine, self.vocabulary)

    def _principle_id(self, name: str) -> str | None:
        """The id of the principle that has this id or is called so in any language, or None."""
        if name in self.vocabulary.principles:
            return name
        return next(
            (
                mention.concept
                for mention in self.tagger.mentions(name)
                if not mention.term and mention.span == (0, len(name))
            ),
            None,
        )

    def _hit(self, hit: EngineHit, asked: Query) -> Hit:
        text = hit.passage.text
        via = [
            mention.span
            for mention in (self.concepts.mentions(text) if hit.via else ())
            if mention.concept in hit.via
        ]
        marks = snippets.highlights(text, asked.terms, asked.clauses, via)
        return Hit(
            score=round(hit.score, 6),
            passage=self._found_passage(hit.passage),
            article=_found_article(hit.article),
            highlights=marks,
            extract=snippets.extract(text, marks),
            via=hit.via,
            more=hit.more,
            explanation=hit.explanation,
        )

    def _found_passage(self, passage: Passage) -> FoundPassage:
        return FoundPassage(
            id=passage.id,
            text=passage.text,
            language=passage.language,
            locale=passage.locale,
            headings=passage.headings,
            position=passage.position,
            principles=self.principle_tags(passage),
            trace=passage.trace,
        )

    def _facet_label(self, facet: str, value: str, titles: Mapping[str, str]) -> str:
        if facet == "principle" and value in self.vocabulary.principles:
            return self.vocabulary.principles[value].label("en")
        return titles.get(value, value) if facet == "article" else value

    # --- Packs ---

    def excerpt(self, passage_id: str) -> Excerpt:
        """A passage as it is quoted now. Raises `NotFound`."""
        passage, article = self.passage(passage_id)
        return self._quoted(passage, article)

    def _quoted(self, passage: Passage, article: Article) -> Excerpt:
        return excerpts.quote(passage, article, self.article(article.id)[1], datetime.now(UTC))

    def pack_from(self, passage_ids: Iterable[str], title: str = "", language: str = "en") -> Pack:
        """A pack of passages in this order, each once; `language` is that of the words around them.

        Raises `NotFound` for an unknown passage and `InvalidRequest` for an unknown language.
        """
        title = " ".join(title.split()) or words_in(language).untitled
        quoted = [self.excerpt(passage_id) for passage_id in passage_ids]
        each = {one.passage: one for one in quoted}
        return Pack(title=title, sections=(PackSection(excerpts=tuple(each.values())),), language=language)

    def ready_made(self, principle_id: str, language: str = "en") -> Pack:
        """The best passages on a principle from many articles and all languages, as one learns: what
        it is, why, how, examples, mistakes. Raises `NotFound` and `InvalidRequest`."""
        principle = self.principle(principle_id)
        words_in(language)
        found = {
            code: self.best_passages(principle_id, code, query.MOST_HITS) for code in languages.LANGUAGES
        }
        articles = {article.id: article for pairs in found.values() for _, article in pairs}
        return ready_made(
            principle,
            language,
            {code: [passage for passage, _ in pairs] for code, pairs in found.items()},
            lambda passage: self._quoted(passage, articles[passage.article_id]),
        )

    def with_counterparts(self, pack: Pack, language: str) -> Pack:
        """The pack with what says nearly the same in another language beside each excerpt that has
        nothing beside it. A passage stands beside one excerpt only, and none that the pack quotes does;
        rows of a table say too little there.

        Raises `InvalidRequest` for an unknown language.
        """
        _check_language(language)
        used = {one.passage for excerpt in pack.excerpts for one in with_counterpart(excerpt)}

        def beside(excerpt: Excerpt) -> Excerpt:
            for hit in () if excerpt.counterpart else self._hits_beside(excerpt, language):
                found = self.excerpt(hit.passage.id)
                is_table = any(block.kind is BlockKind.TABLE_ROW for block in found.blocks)
                if found.passage not in used and not is_table:
                    used.add(found.passage)
                    return replace(excerpt, counterpart=found)
            return excerpt

        sections = (
            replace(section, excerpts=tuple(beside(excerpt) for excerpt in section.excerpts))
            for section in pack.sections
        )
        return replace(pack, sections=tuple(sections))

    def _hits_beside(self, excerpt: Excerpt, language: str) -> Sequence[Hit]:
        try:
            return self.counterparts(excerpt.passage, language).get(language, ())
        except NotFound:
            return ()

    def state_of(self, excerpt: Excerpt) -> ExcerptState:
        """What has become of an excerpt: the same, moved, changed (and how it reads now) or gone."""
        now = datetime.now(UTC)
        there = self.engine.article(excerpt.source.article)
        state = excerpts.state_among(excerpt, list(excerpts.quotes(*there, now)) if there else ())
        if state.wording is not Wording.GONE:
            return state
        elsewhere = excerpts.state_among(excerpt, self._quoted_like(excerpt))
        if elsewhere.wording is Wording.GONE:
            return state if state.now else elsewhere
        is_same = elsewhere.wording is Wording.SAME
        return ExcerptState(Wording.MOVED if is_same else elsewhere.wording, elsewhere.now)

    def _quoted_like(self, excerpt: Excerpt) -> Sequence[Excerpt]:
        """The passages of all articles whose words are most like those of an excerpt."""
        request = SearchRequest(languages=(excerpt.source.language,), limit=5)
        words = query.ParsedText(excerpt.text[: query.LONGEST_QUERY])
        hits = self.engine.search(query.prepare(request, words)).hits
        return [self._quoted(hit.passage, hit.article) for hit in hits]

    def quiz(self, pack: Pack) -> tuple[Question, ...]:
        """Multiple-choice questions from the principles, definitions and passages of a pack; the same
        pack gives the same questions while the articles are the same."""
        principles = {principle.id: principle for principle in self.principles()}
        return quiz(pack, principles, list(self._foils(pack)))

    def _foils(self, pack: Pack) -> Iterator[Excerpt]:
        """Passages on the neighbours of the principles of a pack: plausible and wrong."""
        codes = sorted({excerpt.source.language for excerpt in pack.excerpts})
        named = [id for excerpt in pack.excerpts for id in excerpt.principles[:1]]
        groups = {group for principle in self._known(named) for group in principle.broader}
        for principle in self.principles():
            if groups & set(principle.broader):
                for code in codes:
                    for passage, article in self.best_passages(principle.id, code, limit=3):
                        yield self._quoted(passage, article)

    def export(self, pack: Pack, form: str, base_url: str = "") -> bytes:
        """A pack as a file in one of `kb.exporters.EXPORTERS`.

        `base_url` is where the product is reached, else `KB_BASE_URL`, for links to articles that
        have no address. Raises `InvalidRequest` and `MissingExtra`.
        """
        exporter(form)
        used = {id for excerpt in pack.excerpts for id in excerpt.principles}
        edition = Edition(
            pack=pack,
            labels={one.id: in_interface(one.pref_labels, pack.language) for one in self._known(used)},
            quiz=self.quiz(pack) if form in WITH_QUIZ else (),
            base_url=base_url or self.settings.base_url,
        )
        return export(edition, form)

    def _known(self, principle_ids: Iterable[str]) -> Sequence[Principle]:
        known = self.vocabulary.principles
        return [known[id] for id in dict.fromkeys(principle_ids) if id in known]

    # --- What is searched ---

    def log_search(self, text: str, language: str, total: int) -> None:
        """Record a search where `KB_SEARCH_LOG` is on; `language` is that of the interface."""
        if self._logs and text.strip():
            self.store.searches.put(text, language, total, _today(), self._log_kept)

    def log_opening(self, text: str, passage_id: str) -> None:
        """Record that a passage was opened from the results of a search, where `KB_SEARCH_LOG` is on."""
        if self._logs and text.strip():
            self.store.searches.put_opening(text, passage_id, _today(), self._log_kept)

    @property
    def _logs(self) -> bool:
        return self.settings.search_log == "on"

    @property
    def _log_kept(self) -> timedelta:
        return timedelta(days=self.settings.search_log_days)

    def most_frequent_searches(self, limit: int = 50) -> Sequence[LoggedSearch]:
        """What people search most."""
        return self.store.searches.most_frequent(limit)

    def searches_without_results(self, limit: int = 50) -> Sequence[LoggedSearch]:
        """What people find nothing for, most frequent first."""
        return self.store.searches.without_results(limit)

    def propose_term(self, text: str, language: str, proposer: str) -> bool:
        """Put a term on the vocabulary's review list; returns False where it was there.

        Raises `InvalidRequest` for an empty or overlong term.
        """
        term = " ".join(text.split())
        if not 0 < len(term) <= _LONGEST_TERM:
            raise InvalidRequest(f"A term has 1 to {_LONGEST_TERM} characters.", "term")
        return self.store.searches.propose(Proposal(term, language, proposer, datetime.now(UTC)))

    def drop_proposal(self, text: str) -> bool:
        """Take a term off the review list; returns whether it was there."""
        return self.store.searches.drop_proposal(text)

    def proposals(self) -> Sequence[Proposal]:
        """The vocabulary's review list, oldest first."""
        return self.store.searches.proposals()

    # --- Backup ---

    def backup(self, file: Path) -> archive.Contents:
        """Write what people wrote, the settings and the vocabulary to one archive, of one moment.

        The product may run meanwhile. Secrets are left out, passwords are hashes. Raises
        `BackupError` when the file cannot be written.
        """
        from kb import archive

        return archive.write(file, self.store.database, self.settings)

    def restore(self, file: Path, replace: bool = False) -> archive.Contents:
        """Bring back what an archive holds; with `replace` in place of what is there.

        Everything is checked first and changed together or not at all. What was said of tags holds
        at once in the index there is. Raises `BackupError` that says why it cannot be restored, and
        `IndexLocked`.
        """
        from kb import archive

        with self._soon_writing() as writer:
            before = {review.passage for review in self.reviews()}
            contents = archive.restore(file, self.store.database, self.settings, replace)
            self._retag(before | {review.passage for review in self.reviews()}, writer)
        return contents

    # --- Looking things up ---

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
        """An article (its sections without their blocks) and its passages. Raises `NotFound`."""
        found = self.engine.article(article_id)
        if found is None:
            raise NotFound("article", article_id)
        return found

    def versions(self, article_id: str) -> Sequence[Article]:
        """The other versions of an article: those read from the same file, which holds an unresolved
        merge conflict, and those that share most of their text with it. Raises `NotFound`."""
        article, _ = self.article(article_id)
        siblings = next(
            (
                [given for _, given in file.articles]
                for file in (self.engine.files().values() if article.version else ())
                if any(given == article_id for _, given in file.articles)
            ),
            [],
        )
        ids = dict.fromkeys([*siblings, *self.engine.versions(article_id)])
        found = (self.engine.article(id) for id in ids if id != article_id)
        return [other for other, _ in filter(None, found)]

    def look_up(self, id: str) -> tuple[Article, tuple[Passage, ...]]:
        """An article with its passages, or a passage alone with its article, by id. Raises `NotFound`."""
        if found := self.engine.article(id):
            return found
        passage, article = self.passage(id)
        return article, (passage,)

    def size(self) -> int:
        """The number of passages in the index."""
        return self.engine.search(Query(limit=0)).total

    def is_empty(self) -> bool:
        """Whether nothing was ever indexed."""
        return not self.engine.files()

    def made_with_another(self) -> str:
        """What was another when the index was made: "vocabulary", "version" (of Servicebook), or
        nothing. `index` mends it."""
        for file in self.engine.files().values():
            if file.pipeline != self.pipeline and Path(file.path).exists():
                return "vocabulary" if file.pipeline.startswith(f"{self._steps} ") else "version"
        return ""

    def articles(self) -> Sequence[Article]:
        """All articles by id, without their texts."""
        return self.engine.articles()

    def articles_on(self, principle_id: str) -> Sequence[Article]:
        """The articles that teach a principle: their front matter states it, or their title names it.

        Those that state it come first. Raises `NotFound` for an unknown principle.
        """
        principle = self.principle(principle_id)
        weighed = [
            (tag.weight, article)
            for article in self.articles()
            for tag in self.tagger.article_principles(article)
            if tag.principle == principle.id
        ]
        return [article for _, article in sorted(weighed, key=lambda found: -found[0])]

    def passage(self, passage_id: str) -> tuple[Passage, Article]:
        """A passage, by its id or the anchor of any of its blocks, and its article. Raises `NotFound`."""
        for anchor in passages.fallbacks(passage_id):
            if found := self.engine.passage(anchor):
                return found
        raise NotFound("passage", passage_id)

    def passages(self, ids: Iterable[str]) -> dict[str, tuple[Passage, Article]]:
        """Those of these passages that are there, each with its article, by the id asked for."""
        found = {}
        for id in dict.fromkeys(ids):
            with suppress(NotFound):
                found[id] = self.passage(id)
        return found

    def similar(self, passage_id: str, language: str | None = None, limit: int = 5) -> tuple[Hit, ...]:
        """The passages closest to one by words, principles and trade terms, in its own language or another.

        The closest come first, itself left out. Raises `NotFound`.
        """
        passage, _ = self.passage(passage_id)
        words = query.terms(passage.text[:_MOST_OF_PASSAGE])
        concepts = tuple(self.concepts.terms_of(passage))
        codes = (language or passage.language,)
        asked = Query((*concepts, *words), languages=codes, limit=limit + 1)
        hits = self.engine.search(asked).hits
        return tuple(self._hit(hit, asked) for hit in hits if hit.passage.id != passage.id)[:limit]

    def passages_on(
        self, principle_id: str, language: str | None = None, limit: int = 10, offset: int = 0
    ) -> SearchResults:
        """The passages tagged with a principle, in the order of article and position. Raises `NotFound`."""
        principle = self.principle(principle_id)
        return self.search(
            principle=principle.id, language=language, limit=limit, offset=offset, collapse=False
        )

    def passages_naming(
        self, term_id: str, language: str | None = None, limit: int = 10, offset: int = 0
    ) -> SearchResults:
        """The passages that name a trade term in any language, best first. Raises `NotFound`."""
        started = time.perf_counter()
        asked = Query(
            (self.concepts.naming(self.trade_term(term_id)),),
            languages=_several(language),
            limit=limit,
            offset=offset,
        )
        found = self.engine.search(asked)
        return SearchResults(
            query="",
            total=found.total,
            took_ms=round((time.perf_counter() - started) * 1000, 3),
            interpreted=Interpretation(),
            hits=tuple(self._hit(hit, asked) for hit in found.hits),
            facets=self._facets(found),
        )

    def nearest(self, article_id: str, trace: str) -> Passage | None:
        """The passage of an article that is nearest to one it does not hold any more, by the trace
        that a link to it carries; None when none is near. Raises `NotFound` for an unknown article."""
        _, units = self.article(article_id)
        place = sameness.nearest(trace, [passage.trace for passage in units])
        return None if place is None else units[place]

    def counterparts(
        self, passage_id: str, language: str | None = None, limit: int = 3
    ) -> dict[str, tuple[Hit, ...]]:
        """For each other language, or one, the passages closest by principles and trade terms.

        The closest come first; a language without any is left out. Raises `NotFound`.
        """
        passage, _ = self.passage(passage_id)
        terms = tuple(self.concepts.terms_of(passage))
        if not any(term.matches for term in terms):
            return {}
        found = {}
        for code in [language] if language else languages.LANGUAGES:
            query = Query(terms, languages=(code,), limit=limit, collapse=True)
            if code != passage.language and (hits := self.engine.search(query).hits):
                found[code] = tuple(self._hit(hit, query) for hit in hits)
        return found

    def principles(self) -> Sequence[Principle]:
        """The principles in the order of their scheme, without the groups they stand under."""
        return [principle for principle in self.vocabulary.principles.values() if not principle.grouping]

    def principle(self, principle_id: str) -> Principle:
        """One principle. Raises `NotFound`."""
        if principle_id not in self.vocabulary.principles:
            raise NotFound("principle", principle_id)
        return self.vocabulary.principles[principle_id]

    def trade_terms(self) -> Sequence[Principle]:
        """The terms of the trade in the order of their scheme."""
        return tuple(self.vocabulary.terms.values())

    def trade_term(self, term_id: str) -> Principle:
        """One term of the trade. Raises `NotFound`."""
        if term_id not in self.vocabulary.terms:
            raise NotFound("trade term", term_id)
        return self.vocabulary.terms[term_id]

    def best_passages(
        self, principle_id: str, language: str, limit: int = 5
    ) -> Sequence[tuple[Passage, Article]]:
        """The passages in a language that speak most of a principle: the best of each article first."""
        found = self.engine.search(
            Query(languages=(language,), principles=(principle_id,), limit=query.MOST_HITS, collapse=True)
        )
        ranked = sorted(found.hits, key=lambda hit: _tag_strength(hit.passage, principle_id), reverse=True)
        taken: Counter[str] = Counter()
        turns = []
        for hit in ranked:
            turns.append((taken[hit.article.id], hit))
            taken[hit.article.id] += 1
        turns.sort(key=lambda turn: turn[0])
        return [(hit.passage, hit.article) for _, hit in turns[:limit]]

    def analyze(self, text: str) -> Sequence[Token]:
        """The tokens of a text: what it is searched for and found by."""
        return languages.analyse(text)

    def statistics(self) -> Statistics:
        """How much there is of what."""
        return gather(self.engine, self.vocabulary)

    def index_status(self) -> IndexStatus:
        """What the index was made from and when, and whether it is up to date with this version."""
        return status(self.engine, self.made_with_another())

    def faults(self) -> dict[str, str]:
        """What keeps it from answering as it should, by part: "index", "store", "vocabulary"."""
        found = {}
        try:
            if self.is_empty():
                found["index"] = "Nothing is indexed yet."
            elif other := self.made_with_another():
                found["vocabulary"] = f"The index was made with another {other}; run kb index."
        except EngineError:
            found["index"] = "The index does not answer."
        try:
            self.store.database.check()
        except StoreUnavailable:
            found["store"] = "The database does not answer."
        return found

    def modified(self) -> Mapping[str, datetime]:
        """When the file of each article was last changed, by the article's id."""
        return {
            article_id: datetime.fromtimestamp(file.modified / 1e9, UTC)
            for file in self.engine.files().values()
            for _, article_id in file.articles
        }

    def principle_tags(self, passage: Passage) -> tuple[PrincipleTag, ...]:
        """The tags of a passage with their labels in its language."""
        return tuple(
            PrincipleTag(
                tag.principle, self._label(tag.principle, passage.language), tag.weight, tag.evidence
            )
            for tag in passage.tags
        )

    def _label(self, principle_id: str, language: str) -> str:
        principle = self.vocabulary.principles.get(principle_id)
        return principle.label(language) if principle else principle_id


def _check_language(code: str) -> None:
    if code not in languages.LANGUAGES:
        known = ", ".join(languages.LANGUAGES)
        raise InvalidRequest(f"There is no language “{code}”; known are {known}.", "language")


def _today() -> date:
    return datetime.now(UTC).date()


def _request(text: str, options: dict[str, object]) -> SearchRequest:
    """A request from the keyword arguments of `search`; a single language and so on may be a string."""
    plural = {"language": "languages", "principle": "principles", "article": "articles", "date": "dates"}
    named = {plural.get(name, name): value for name, value in options.items() if value is not None}
    for name in plural.values():
        if isinstance(named.get(name), str):
            named[name] = (named[name],)
    known = {field.name for field in fields(SearchRequest)}
    for name in named:
        if name not in known:
            raise InvalidRequest(f"A search has no option “{name}”.", name)
    return SearchRequest(text, **named)  # type: ignore[arg-type]


def _several(language: str | None) -> tuple[str, ...]:
    return () if language is None else (language,)


def _check_distinct(ids: Sequence[str]) -> None:
    for id, times in Counter(ids).items():
        if times > 1:
            raise InvalidRequest(f"The article “{id}” is named {times} times.", "article_id")


def _put_file(
    draft: Draft, homes: Mapping[str, SourceFile], known: Mapping[str, SourceFile], changed: FolderChanges
) -> Path:
    """Write the file of an article: in place of the one it had, or a new one; returns its path."""
    before = _only_file_of(draft.id, homes) if draft.id in homes else None
    keeps = before is not None and before.suffix.lower() == draft.suffix
    path = before if before and keeps else changed.new_file(draft, known)
    changed.write(path, draft.content)
    if before and before != path:
        changed.remove(before)
    return path


def _only_file_of(id: str, homes: Mapping[str, SourceFile]) -> Path:
    """The file of an article that holds no other."""
    file = homes[id]
    if len(file.articles) > 1:
        raise WriteRefused(f"The file of “{id}” holds other articles too; change it in the corpus folder.")
    return Path(file.path)


def _outcome(id: str, file: SourceFile, was_there: bool) -> WrittenArticle:
    """What became of an article. Raises `InvalidRequest` when its file cannot be read as it."""
    given = [given for _, given in file.articles]
    if not given:
        said = "; ".join(problem.message for problem in file.problems)
        raise InvalidRequest(f"“{id}” cannot be read: {said}", "content")
    if given != [id]:
        names = " and ".join(f"“{name}”" for name in given)
        raise WriteRefused(f"What was sent as “{id}” is the article {names}; write it under that id.")
    return WrittenArticle(id, "replaced" if was_there else "created", file.passages, file.problems)


def _exact(word: str) -> str:
    """A Chinese word in quotes: its characters would be found one by one."""
    return f'"{word}"' if languages.detect(word) == "zh" else word


def _tag_strength(passage: Passage, principle_id: str) -> tuple[float, int]:
    """How much a passage speaks of a principle: the weight of its tag, then how often it does."""
    return max(
        ((tag.weight, len(tag.evidence)) for tag in passage.tags if tag.principle == principle_id),
        default=(0.0, 0),
    )


def _with_reviews(passage: Passage, reviews: Iterable[TagReview]) -> Passage:
    """The passage without the tags that people rejected and with those they gave it."""
    said = {review.principle: review.accepted for review in reviews if review.passage == passage.id}
    kept = [tag for tag in passage.tags if tag.principle not in said]
    found = {tag.principle: tag for tag in passage.tags}
    for principle in (principle for principle, accepted in said.items() if accepted):
        evidence = found[principle].evidence if principle in found else ()
        kept.insert(0, Tag(principle, 1.0, evidence, "review"))
    return replace(passage, tags=tuple(kept))


def _shown_terms(terms: Iterable[QueryTerm]) -> tuple[str, ...]:
    """The likeliest lemma of each word of a query, for people."""
    return tuple(dict.fromkeys(term.synonyms[0] for term in terms if term.kind is TermKind.WORD))


def _found_article(article: Article) -> FoundArticle:
    return FoundArticle(
        id=article.id,
        title=article.title,
        language=article.language,
        url=article.url,
        author=article.author,
        published=article.published,
    )


def _written(path: Path) -> str:
    """A path as it is kept; bytes that are no text stay as they are."""
    return os.path.abspath(path)


def _article_ids(files: Iterable[SourceFile]) -> set[str]:
    return {given for file in files for _, given in file.articles}


def _report(
    before: Mapping[str, SourceFile], after: Sequence[SourceFile], problems: Sequence[Problem]
) -> IndexReport:
    had = {given: file.digest for file in before.values() for _, given in file.articles}
    has = {given: file.digest for file in after for _, given in file.articles}
    changed = sum(1 for id in has if id in had and has[id] != had[id])
    added = len(has.keys() - had.keys())
    return IndexReport(
        articles=len(has),
        passages=sum(file.passages for file in after),
        added=added,
        changed=changed,
        removed=len(had.keys() - has.keys()),
        unchanged=len(has) - added - changed,
        # A problem of a metadata file is one of all files that it speaks for.
        problems=tuple(dict.fromkeys((*problems, *(problem for file in after for problem in file.problems)))),
        files=tuple(_file_changes(before, {file.path: file for file in after})),
    )


def _file_changes(before: Mapping[str, SourceFile], after: Mapping[str, SourceFile]) -> Iterator[FileChange]:
    gone = {file.digest: path for path, file in before.items() if path not in after}
    moved = set()
    for path, file in after.items():
        if path not in before and file.digest in gone:
            moved.add(gone[file.digest])
            yield FileChange(path, "moved", file.passages, gone.pop(file.digest))
        elif path not in before:
            yield FileChange(path, "added", file.passages)
        elif file.digest != before[path].digest:
            yield FileChange(path, "changed", file.passages)
    for path, file in before.items():
        if path not in after and path not in moved:
            yield FileChange(path, "removed", file.passages)
