"""The embedded engine: Whoosh keeps the postings and commits them, `kb.engines.impacts` ranks.

The parts: `layout` says what an index holds, `writing` turns articles into documents, `segments` writes
and merges them in bulk by `term_writing`, `commits` says which segments count and tells damaged ones,
`snapshot` reads one commit through `mapped_files` and `term_reading`, and `searching` answers queries
from it.

Readers keep a `Snapshot` of one commit; a search first looks whether a newer one is there (11 µs)
and then opens it beside the old, which lives on until its last search is done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kb.engines import DEFAULTS, ClusterOptions, EngineHits, EngineWriter, Place, Remembered
from kb.engines.cache import BoundedCache
from kb.engines.whoosh import commits
from kb.engines.whoosh.commits import Commit, Damaged
from kb.engines.whoosh.layout import ARTICLE, FILE, FORMAT, SCHEMA
from kb.engines.whoosh.searching import search
from kb.engines.whoosh.segments import BulkWriter, worth_merging
from kb.engines.whoosh.snapshot import Snapshot
from kb.engines.whoosh.term_reading import open_segments
from kb.engines.whoosh.writing import Writer
from kb.errors import EngineError, IndexDamaged, IndexLocked, ServicebookError, SettingsError
from kb.models import Article, Passage, Query, SourceFile

_log = logging.getLogger(__name__)

# A commit may remove the files of the one that is being opened; then there is a newer one to open.
_ATTEMPTS = 10
# Nanoseconds in which a file system may give two changes the same time (FAT: two seconds).
_TICK = 2_500_000_000


class WhooshEngine:
    """An index in a folder of this machine: `whoosh:///path/to/folder`."""

    def __init__(self, url: str, memory: int, cluster: ClusterOptions = DEFAULTS) -> None:
        address = urlsplit(url)
        if address.netloc or not address.path.startswith("/"):
            raise SettingsError(
                f"KB_ENGINE: “{url}” names no folder; write whoosh:// and its full path, whoosh:///path/to/index."
            )
        self._folder = Path(unquote(address.path)) / f"format-{FORMAT}"
        self._cache = BoundedCache(memory)
        self._opening = threading.Lock()
        self._current: Snapshot | None = None
        self._listed: tuple[object, int] = (None, 0)  # what the folder was when its newest commit was so
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not commits.generations(self._folder):
                with self._lock(wait=True):
                    if not commits.generations(self._folder):
                        commits.write(self._folder, 0, (), SCHEMA)
        except OSError as error:
            raise EngineError(f"The index folder {self._folder} cannot be made: {error.strerror}.") from error

    @contextmanager
    def _lock(self, wait: bool) -> Iterator[None]:
        """Keep other writers out, in this process and in others."""
        from filelock import FileLock, Timeout  # only who writes needs it

        lock = FileLock(self._folder / f"{commits.NAME}_WRITELOCK", timeout=-1 if wait else 0)
        try:
            lock.acquire()
        except Timeout:
            raise IndexLocked(
                f"Another process is writing to the index in {self._folder};"
                " try again when it is done, or wait for it with kb index --wait."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Turns whatever damaged files make of an index into one clear error."""
        try:
            yield
        except (ServicebookError, MemoryError):
            raise
        except Exception as error:
            raise IndexDamaged(
                f"The index in {self._folder} is damaged ({type(error).__name__}: {error})."
                " Run `kb index`, which makes it anew."
            ) from error

    def write(self, wait: bool = False, repair: bool = False) -> AbstractContextManager[EngineWriter]:
        """Begin to write; see `kb.engines.Engine`."""
        return self._write(wait, repair)

    @contextmanager
    def _write(self, wait: bool, repair: bool) -> Iterator[EngineWriter]:
        try:
            with self._lock(wait):
                damage = self.damage() if repair else ""
                base = Commit(max(commits.generations(self._folder), default=0))
                before = None
                if not damage:
                    before = self._snapshot()
                    base = before.commit
                with BulkWriter(self._folder, base, SCHEMA) as writer:
                    yield Writer(writer, before, damage)
                    if damage:
                        writer.has_changes = True
        except OSError as error:
            raise EngineError(f"The index in {self._folder} cannot be written: {error.strerror}.") from error

    def tidy(self) -> None:
        """Make one of many small segments; see `kb.engines.Engine`."""
        with suppress(IndexLocked), self._lock(wait=False):  # who writes now will tidy
            base = self._snapshot().commit
            if worth_merging(base.segments):
                with BulkWriter(self._folder, base, SCHEMA) as writer:
                    writer.absorb(worth_merging(writer.segments))

    def damage(self) -> str:
        """What is wrong with the files of the newest commit, or nothing; reads all of them."""
        try:
            newest = max(commits.generations(self._folder), default=None)
            if newest is None:
                return "it has lost its table of contents"
            commits.verify(self._folder, commits.read(self._folder, newest, SCHEMA))
        except Damaged as error:
            return str(error)
        return ""

    def files(self) -> dict[str, SourceFile]:
        """What is recorded of all source files, by path."""
        with self._undamaged():
            return {file.path: file for file in self._snapshot().records(FILE, SourceFile)}

    def articles(self) -> Sequence[Article]:
        """All articles, by id."""
        with self._undamaged():
            return sorted(self._snapshot().records(ARTICLE, Article), key=lambda article: article.id)

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]] | None:
        """An article and its passages, or None."""
        with self._undamaged():
            snapshot = self._snapshot()
            article = snapshot.article(article_id)
            return (article, snapshot.passages_of(article_id)) if article else None

    def passage(self, anchor: str) -> tuple[Passage, Article] | None:
        """The passage that has or holds an anchor, and its article, or None."""
        with self._undamaged():
            return self._snapshot().passage(anchor)

    def words(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of texts that begin with a prefix, and how many passages hold each."""
        with self._undamaged():
            return self._snapshot().words(prefix)

    def search(self, query: Query, explain: bool = False) -> EngineHits:
        """The passages that answer a query, best first."""
        with self._undamaged():
            return search(self._snapshot(), query, explain)

    def versions(self, article_id: str) -> Sequence[str]:
        """The articles that share most of their text with one."""
        with self._undamaged():
            return self._snapshot().table.versions(article_id)

    def copied(self, least: int) -> Iterator[Sequence[Place]]:
        """Where each passage stands that stands in so many articles."""
        with self._undamaged():
            return self._snapshot().table.copied(least)

    @property
    def generation(self) -> int:
        """The number of the newest commit."""
        # A commit changes the folder; one look at that spares listing it, which takes ten times as long.
        folder = self._folder.stat()
        state = (folder.st_dev, folder.st_ino, folder.st_mtime_ns)
        if state == self._listed[0]:
            return self._listed[1]
        is_settled = time.time_ns() - folder.st_mtime_ns > _TICK
        newest = max(commits.generations(self._folder), default=0)
        if is_settled:
            self._listed = (state, newest)
        return newest

    @property
    def remembered(self) -> Remembered:
        """How much of its memory is used."""
        return self._cache.state

    def close(self) -> None:
        """Give back files and memory."""
        with self._opening:
            if self._current:
                self._current.close()
            self._current = None
        self._cache.forget(lambda owner: True)

    def _snapshot(self) -> Snapshot:
        """The newest commit."""
        current = self._current
        if current and current.generation == self.generation:
            return current
        with self._opening:
            # Asked before opening: a commit in between makes the next search look again.
            generation = self.generation
            if not self._current or self._current.generation != generation:
                with self._undamaged():
                    self._current = self._opened(generation)
                kept = self._current.owners
                self._cache.forget(lambda owner: owner not in kept)
            return self._current

    def _opened(self, generation: int) -> Snapshot:
        """The newest commit that can be read. Damage to it leads back to the one before."""
        damage: Exception = Damaged("it has lost its table of contents")
        for _ in range(_ATTEMPTS):
            for number in commits.generations(self._folder):
                try:
                    commit = commits.read(self._folder, number, SCHEMA)
                    segments = open_segments(self._folder, commit.segments)
                except Exception as error:  # a file is damaged, or a newer commit has removed it
                    damage = error
                    continue
                if number == generation:
                    return Snapshot(self._folder, segments, generation, self._cache, commit)
                if commit.segments and generation == self.generation:
                    _log.warning(
                        "The index in %s is damaged (%s); searches are answered as before the last change."
                        " Run kb index, which makes it anew.",
                        self._folder,
                        damage,
                    )
                    return Snapshot(self._folder, segments, generation, self._cache, commit)
                break
            generation = self.generation
            time.sleep(0.01)
        raise damage
