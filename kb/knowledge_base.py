"""KnowledgeBase: the one place where the parts are joined. What it does is told here, how in the parts.

An article goes: read the file → split it into passages → tag them → hand them to the engine.
A search goes: parse and analyse the query → ask the engine → mark what was found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from kb import languages, lookup, query, sameness
from kb.concepts import Concepts
from kb.engines import ClusterOptions, Engine, EngineWriter, open_engine
from kb.errors import EngineError, IndexLocked, InvalidRequest, NotFound, StoreUnavailable, WriteRefused
from kb.indexing import pipeline
from kb.models import (
    Article,
    Excerpt,
    ExcerptState,
    Hit,
    LoggedSearch,
    Pack,
    Passage,
    Principle,
    PrincipleTag,
    Problem,
    Proposal,
    Query,
    Question,
    SearchRequest,
    SearchResults,
    Suggestion,
    TagReview,
    Token,
)
from kb.principles import Tagger, Vocabulary
from kb.searching import Searcher, SearchTrace
from kb.settings import STARTER, Settings, starter_corpus, without_password
from kb.suggestions import Suggestions

# What only indexing, checking and packs need is imported there: `kb search` starts the sooner.
if TYPE_CHECKING:
    from kb.accounts import Accounts
    from kb.backup import Contents
    from kb.corpus_folder import ArticleFile, FolderChanges, WrittenArticle
    from kb.indexing.changes import IndexReport
    from kb.indexing.checking import CheckReport
    from kb.indexing.indexer import Indexer, Progress
    from kb.indexing.preparing import Preparer
    from kb.keys import Keys
    from kb.packs.kept import Packs
    from kb.packs.making import PackMaker
    from kb.packs.outlines import Outline
    from kb.principles import Explanation
    from kb.principles.evaluation import TaggerEvaluation
    from kb.statistics import IndexStatus, Statistics
    from kb.store import Store

_LONGEST_TERM = 200
# Seconds that a short write waits for another process to be done.
PATIENCE = 2.0

R = TypeVar("R")


class KnowledgeBase:
    """Articles made findable. Use it as a context manager, or call `close`.

    Searching is safe from several threads; only one process can index at a time.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

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
        settings = self.settings
        cluster = ClusterOptions(settings.shards, settings.replicas, settings.engine_timeout)
        return open_engine(settings.engine_url, settings.memory * 1_000_000, cluster)

    @property
    def _cache(self) -> Path:
        return self.settings.home / "cache"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The principles and terms of the trade."""
        return Vocabulary.load(self.settings.vocabulary, cache=self._cache)

    @cached_property
    def tagger(self) -> Tagger:
        """Finds the vocabulary's concepts in texts."""
        return Tagger(self.vocabulary, cache=self._cache)

    @cached_property
    def store(self) -> Store:
        """What people write."""
        # SQLAlchemy takes a tenth of a second, and a search needs none.
        from kb.store import Store, sqlite_url

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
        from kb.packs.kept import Packs

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
        """Make the index match the files at and below `paths` (by default the configured corpus, which
        takes the place of the starter corpus).

        Files and sources below `forget` leave the index; other sources stay. Readers see all changes at once.
        Up to `jobs` processes read and analyse, if there is work for them; with one, this process does
        all of it but what foreign parsers read. When another process is indexing, wait for it or raise
        `IndexLocked`. An index that is damaged or was deleted is made anew, from all sources.
        """
        from kb import readers
        from kb.indexing import changes, preparing, repetitions

        is_starter = not (paths or forget or self.settings.corpus)
        sources, forget = (tuple(paths), forget) if paths or forget else self._configured()
        with self.engine.write(wait, repair=True) as writer:
            kept = (STARTER,) if is_starter else map(_absolute, sources)
            self.store.sources.put(kept, _forgotten(forget))
            sources, problems = self._completed(sources, writer.damage)
            known = {} if writer.damage else self.engine.files()
            # Where nothing is known, nothing is compared, and the vocabulary is read while workers start.
            made_by = self.pipeline if known else ""
            found = changes.survey(sources, forget, known, made_by, readers.find, readers.fingerprint_beside)
            stale = [file for file in found.files if file.stale]
            with preparing.preparing_files(
                stale, jobs, lambda: self._preparer, self.settings.vocabulary, self._cache
            ) as prepared:
                files = list(self._indexer(writer).bring_in(found, prepared, progress))
            for path in found.gone:
                writer.drop_file(path)
            for lost in changes.article_ids(known.values()) - changes.article_ids(files):
                writer.drop_article(lost)
        self.engine.tidy()  # what changed can be found already
        homes = {id: file.path for file in files for id in file.article_ids}
        repeated = repetitions.notices(self.engine, homes)
        return changes.report(known, files, (*problems, *found.problems, *repeated))

    def _configured(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """What is indexed when nobody says what, and what leaves the index for it: a configured corpus takes
        the place of the starter corpus, but for what of that was given by name."""
        starter, known = starter_corpus(), self.store.sources.all()
        if not self.settings.corpus or STARTER not in known:
            return (self.settings.corpus_path,), ()
        given = (Path(path) for path in known if path)
        stay = [one for one in given if one.is_relative_to(starter) or starter.is_relative_to(one)]
        return (self.settings.corpus, *stay), (starter,)

    def sources(self) -> Sequence[Path]:
        """The files and folders that an index made anew is made from."""
        kept = (Path(path) if path != STARTER else starter_corpus() for path in self.store.sources.all())
        return list(dict.fromkeys(kept))

    def _completed(
        self, sources: Sequence[Path], damage: str
    ) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
        """The sources to index: where the index is damaged or was deleted, with all that were given, were
        not forgotten and are still there; and what to tell of it."""
        given = set(map(_absolute, sources))
        others = [one for one in self.sources() if _absolute(one) not in given and one.exists()]
        if not damage and (self.engine.generation or not others):
            return tuple(sources), ()
        fault = f"was damaged ({damage})" if damage else "held nothing of what was indexed"
        message = f"The index {fault}; it was made anew from all its sources."
        told = Problem(without_password(self.settings.engine_url), None, "index-rebuilt", message)
        return (*sources, *others), (told,)

    @cached_property
    def pipeline(self) -> str:
        """The versions of all that shapes passages: what another one made is made again."""
        return pipeline.versions(self.vocabulary.digest)

    @cached_property
    def _preparer(self) -> Preparer:
        from kb.indexing.preparing import Preparer

        return Preparer(self.tagger, self.concepts)

    def _indexer(self, writer: EngineWriter) -> Indexer:
        from kb.indexing.indexer import Indexer

        # Dictionaries are loaded only when it turns out that this process needs them.
        return Indexer(
            writer, lambda: self._preparer, lambda: self.concepts, self.store.reviews.of(), self.pipeline
        )

    def add(self, articles: Iterable[tuple[Article, Sequence[Passage] | None]]) -> None:
        """Index articles that come from no file, with their ids; None splits them into passages."""
        with self.engine.write() as writer:
            indexer = self._indexer(writer)
            for article, units in articles:
                indexer.put_article(article, units)

    def check(self, paths: Sequence[Path] = ()) -> CheckReport:
        """Read files as `index` does, without indexing them, and say what an editor can mend.

        By default those of the configured corpus.
        """
        from kb.indexing import checking

        return checking.check(paths or (self.settings.corpus_path,), self.tagger)

    # --- Writing articles ---

    def write_articles(
        self,
        files: Sequence[ArticleFile] = (),
        remove: Sequence[str] = (),
        check: Callable[[], None] = lambda: None,
    ) -> tuple[WrittenArticle, ...]:
        """Write articles into the corpus folder, take others away, and index at once: all or nothing.

        `check` is called when nobody else can write any more and may raise what speaks against it.
        Raises `InvalidRequest` for an article that cannot be read, `NotFound` for one that is to go
        and is not there, `WriteRefused` where a file may not be changed, and `IndexLocked`.
        """
        from kb import corpus_folder

        checked = corpus_folder.checked(files, remove)
        if self.settings.corpus is None:
            raise WriteRefused("The starter corpus is not written to. Set KB_CORPUS to a folder of yours.")
        with self._alone_in_corpus():
            check()
            return corpus_folder.change(
                self.settings.corpus, checked, remove, self.engine.files, self._index_files
            )

    @contextmanager
    def _alone_in_corpus(self) -> Iterator[None]:
        """Keep other threads and processes of ours from writing into the corpus folder."""
        from filelock import FileLock  # only who writes needs it

        self.settings.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.settings.home / "writing.lock"):
            yield

    def _index_files(self, changed: FolderChanges) -> None:
        """Bring the index up to date with files that were changed."""
        there, gone = changed.touched()
        _when_unlocked(lambda: self.index(there, gone))

    # --- Reviews ---

    def review(
        self, passage_id: str, principle_id: str, accepted: bool | None, reviewer: str, reason: str = ""
    ) -> Passage:
        """Keep a person's word on a tag, or with None take it back; it holds at once and for good.

        Returns the passage with its tags as they are now. Raises `NotFound` for an unknown passage
        or principle, and `IndexLocked` while another process is indexing.
        """
        principle = self.principle(principle_id)
        with self._short_write() as writer:
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
        with self._short_write() as writer:
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
        indexer = self._indexer(writer)
        for article in {one[1].id: one[1] for one in found if one}.values():
            indexer.put_article(article, self.article(article.id)[1])

    @contextmanager
    def _short_write(self) -> Iterator[EngineWriter]:
        """A writer for a change that takes a moment."""
        with ExitStack() as stack:
            yield _when_unlocked(lambda: stack.enter_context(self.engine.write()))

    def explain_tags(self, path: Path) -> Sequence[Explanation]:
        """Why each passage of a file gets its tags, without indexing it. Raises `InvalidRequest` when
        the file cannot be read as an article."""
        from kb.indexing import checking

        return checking.explain(path, self.tagger)

    def evaluate_tagger(self, file: Path | None = None) -> TaggerEvaluation:
        """Measure the tagger on the labelled passages of a file, or on people's reviews of tags.

        Raises `InvalidRequest` that names the line which cannot be read.
        """
        from kb.principles.evaluation import evaluate, read_examples, reviewed_examples

        if file:
            return evaluate(read_examples(file), self.tagger)
        principles = [principle.id for principle in self.principles()]
        return evaluate(reviewed_examples(self.reviews(), self.engine.passage, principles), self.tagger)

    # --- Searching ---

    def search(self, text: str | SearchRequest = "", **options: object) -> SearchResults:
        """Find passages. `text` may use the query syntax; `options` are the fields of `SearchRequest`.

        Raises `InvalidRequest` that names the parameter at fault.
        """
        request = text if isinstance(text, SearchRequest) else query.request(text, options)
        return self.traced_search(request)[0]

    def traced_search(self, request: SearchRequest) -> tuple[SearchResults, SearchTrace]:
        """What `search` finds, and how it came about. Raises `InvalidRequest`."""
        return self.searcher.search(request)

    @cached_property
    def searcher(self) -> Searcher:
        """Searches the index."""
        return Searcher(self.engine, self.vocabulary, self.tagger, self.concepts, self.suggestions)

    def suggest(self, text: str, language: str | None = None, limit: int = 8) -> tuple[Suggestion, ...]:
        """What a text that is being typed may become: titles, principles, terms and frequent phrases.

        Best first, in one language or any. Raises `InvalidRequest` for an unknown language.
        """
        if language is not None:
            languages.check(language)
        return self.suggestions.complete(text, language, limit)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Completes and repairs what people type."""
        return Suggestions(self.engine, self.vocabulary, cache=self._cache)

    # --- Packs ---

    @cached_property
    def _pack_maker(self) -> PackMaker:
        from kb.packs.making import PackMaker

        return PackMaker(self.engine, self.searcher, self.vocabulary)

    def excerpt(self, passage_id: str) -> Excerpt:
        """A passage as it is quoted now. Raises `NotFound`."""
        return self._pack_maker.excerpt(passage_id)

    def pack_from(self, passage_ids: Iterable[str], title: str = "", language: str = "en") -> Pack:
        """A pack of passages in this order, each once; `language` is that of the words around them.

        Raises `NotFound` for an unknown passage and `InvalidRequest` for an unknown language.
        """
        return self._pack_maker.pack_from(passage_ids, title, language)

    def assemble(self, outline: Outline, before: Pack | None = None) -> tuple[Pack, tuple[str, ...]]:
        """The pack of an outline, and the ids of its passages that there are no more; what `before`
        quotes already stays as it is quoted there. Raises `InvalidRequest`."""
        from kb.packs.outlines import assemble, quoted_in

        return assemble(outline, quoted_in(before) if before else {}, self.excerpt)

    def ready_made(self, principle_id: str, language: str = "en") -> Pack:
        """The best passages on a principle from many articles and all languages, as one learns: what
        it is, why, how, examples, mistakes. Raises `NotFound` and `InvalidRequest`."""
        return self._pack_maker.ready_made(self.principle(principle_id), language)

    def with_counterparts(self, pack: Pack, language: str) -> Pack:
        """The pack with what says nearly the same in another language beside each excerpt that has
        nothing beside it. Raises `InvalidRequest` for an unknown language."""
        languages.check(language)
        return self._pack_maker.with_counterparts(pack, language)

    def state_of(self, excerpt: Excerpt) -> ExcerptState:
        """What has become of an excerpt: the same, moved, changed (and how it reads now) or gone."""
        return self._pack_maker.state_of(excerpt)

    def quiz(self, pack: Pack) -> tuple[Question, ...]:
        """Multiple-choice questions from the principles, definitions and passages of a pack; the same
        pack gives the same questions while the articles are the same."""
        return self._pack_maker.quiz(pack)

    def export(self, pack: Pack, form: str, base_url: str = "") -> bytes:
        """A pack as a file in one of `kb.exporters.EXPORTERS`.

        `base_url` is where the product is reached, else `KB_BASE_URL`, for links to articles that
        have no address. Raises `InvalidRequest` and `MissingExtra`.
        """
        return self._pack_maker.export(pack, form, base_url or self.settings.base_url)

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

    def backup(self, file: Path) -> Contents:
        """Write what people wrote, the settings and the vocabulary, all of one moment, to a ZIP file.

        The product may run meanwhile. Secrets are left out, passwords are hashes. Raises
        `BackupError` when the file cannot be written.
        """
        from kb import backup

        return backup.write(file, self.store.database, self.settings)

    def restore(self, file: Path, replace: bool = False) -> Contents:
        """Bring back what a backup holds; with `replace` in place of what is there.

        Everything is checked first and changed together or not at all. What was said of tags holds
        at once in the index there is. Raises `BackupError` that says why it cannot be restored, and
        `IndexLocked`.
        """
        from kb import backup

        with self._short_write() as writer:
            before = {review.passage for review in self.reviews()}
            contents = backup.restore(file, self.store.database, self.settings, replace)
            self._retag(before | {review.passage for review in self.reviews()}, writer)
        return contents

    # --- Looking things up ---

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
        """An article (its sections without their blocks) and its passages. Raises `NotFound`."""
        return lookup.article(self.engine, article_id)

    def versions(self, article_id: str) -> Sequence[Article]:
        """The other versions of an article: those read from the same file, which holds an unresolved
        merge conflict, and those that share most of their text with it. Raises `NotFound`."""
        return lookup.versions(self.engine, article_id)

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
        """What has changed since the index was made: "vocabulary" or "version" (of Servicebook), or
        nothing (""). `index` mends it."""
        return pipeline.made_with_another(self.engine.files().values(), self.pipeline)

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
        return lookup.passage(self.engine, passage_id)

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
        return self.searcher.similar(passage, language or passage.language, limit)

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
        codes = () if language is None else (language,)
        return self.searcher.naming(self.trade_term(term_id), codes, limit, offset)

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
        codes = [language] if language else languages.LANGUAGES
        return self.searcher.counterparts(passage, codes, limit)

    def principles(self) -> Sequence[Principle]:
        """The principles in the order of their scheme, without the groups they stand under."""
        return self.vocabulary.tagging()

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
        return self.searcher.best(principle_id, language, limit)

    def analyze(self, text: str) -> Sequence[Token]:
        """The tokens of a text: what it is searched for and found by."""
        return languages.analyse(text)

    def statistics(self) -> Statistics:
        """How much there is of what."""
        from kb.statistics import gather

        return gather(self.engine, self.vocabulary)

    def index_status(self) -> IndexStatus:
        """What the index was made from and when, and whether it is up to date with this version."""
        from kb.statistics import status

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
            id: datetime.fromtimestamp(file.modified / 1e9, UTC)
            for file in self.engine.files().values()
            for id in file.article_ids
        }

    def principle_tags(self, passage: Passage) -> tuple[PrincipleTag, ...]:
        """The tags of a passage with their labels in its language."""
        return self.searcher.principle_tags(passage)


def _when_unlocked(work: Callable[[], R]) -> R:
    """Do what needs the lock of the index, waiting `PATIENCE` for another's. Raises `IndexLocked`."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except IndexLocked:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _today() -> date:
    return datetime.now(UTC).date()


def _absolute(path: Path) -> str:
    """A path as the store keeps it."""
    return os.path.abspath(path)


def _forgotten(paths: Iterable[Path]) -> Iterator[str]:
    """What the store is to forget for what people do."""
    for path in map(_absolute, paths):
        yield path
        if starter_corpus().is_relative_to(path):
            yield STARTER
