"""A write: articles become documents that nobody sees until the commit."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress

import msgspec

from kb.engines.opensearch import index
from kb.engines.opensearch.cluster import Batch, Cluster, Document, Json, batches
from kb.engines.opensearch.columns import ColumnsWriter
from kb.engines.opensearch.index import LISTED, LONGEST_TERM, NO_LENGTHS, TIMES, Commit, Opened, often
from kb.engines.opensearch.lock import Turn
from kb.engines.records import article_key, check_article_id, file_key
from kb.errors import EngineError, EngineUnavailable
from kb.models import Article, Passage, SourceFile
from kb.ranking import IndexedText, PassageTexts

# What is dead is kept for so many seconds, for searches that began before.
_GRACE = 60.0
_ASKED_AT_ONCE = 5000
# A writer that lost its turn so many turns ago writes no more.
_GAPS = 1000


class Writer:
    """Puts the documents of one turn into an index; see `kb.engines.EngineWriter`."""

    def __init__(
        self,
        cluster: Cluster,
        turn: Turn,
        sender: Executor,
        name: str,
        before: Opened | None,
        damage: str = "",
    ) -> None:
        """`before` is the commit that is changed, None in a new index, `name`. `sender` has one thread."""
        self.damage = damage
        self._cluster = cluster
        self._turn = turn
        self._index = name
        self._before = before
        self._base = before.commit if before else Commit()
        self._still_dead = _clean(cluster, before, turn.number) if before else []
        self._numbers = self._base.numbers
        self._batch = Batch()
        self._sender = sender
        self._sending: Future[None] | None = None
        self._put: set[str] = set()
        self._dropped: set[str] = set()

    def put_article(
        self,
        article: Article,
        passages: Iterable[Passage],
        title: IndexedText,
        texts: Iterable[PassageTexts],
    ) -> None:
        """Add or replace an article."""
        check_article_id(article.id)
        key = article_key(article.id)
        self._drop(key)
        self._put.add(key)
        version = f"{self._turn.number} {article.id}"
        published = article.published.toordinal() if article.published else 0
        columns = ColumnsWriter(published, title.length)
        whole, section = _Sum(), _Sum()
        for passage, own in zip(passages, texts, strict=True):
            if passage.section != section.number:
                self._add_section(version, section)
                section = _Sum(passage.section)
            whole.add(own.text, own.asked)
            section.add(own.text, own.asked)
            columns.add(passage, own, self._numbers)
            self._add_passage(version, passage, published, title, own)
        self._add_section(version, section)
        self._add_article(version, key, article, title, whole, columns)

    def drop_article(self, article_id: str) -> None:
        """Take an article and its passages out."""
        self._drop(article_key(article_id))

    def put_file(self, file: SourceFile) -> None:
        """Record a source file."""
        key = file_key(file.path)
        self._drop(key)
        self._put.add(key)
        version = f"{self._turn.number} {key}"
        self._add(version, version, {"type": "file", "key": key, "record": _record(file)})

    def drop_file(self, path: str) -> None:
        """Forget a source file."""
        self._drop(file_key(path))

    def _drop(self, key: str) -> None:
        if key in self._put:
            raise EngineError(f"The {key} was written twice at once; nothing was changed.")
        self._dropped.add(key)

    # --- Documents ---

    def _add_passage(
        self,
        version: str,
        passage: Passage,
        published: int,
        title: IndexedText,
        own: PassageTexts,
    ) -> None:
        listed = {
            field: [term for term in own.text.terms if term[0] == kind] for kind, field in LISTED.items()
        }
        headings = _Sum()
        headings.add(own.headings, own.asked)
        document: Json = {
            "type": "passage",
            "place": {"name": "passage", "parent": section_id(version, passage.section)},
            "record": _record(passage),
            "number": self._numbers,
            "article": passage.article_id,
            "position": passage.position,
            "language": passage.language,
            "published": published,
            "principle": [tag.principle for tag in passage.tags],
            "anchor": passage.anchors,
            **_terms("text", own.text.terms),
            **_terms("headings", headings.terms),
            "text_length": own.text.length,
            "heading_length": headings.words,
            **listed,
        }
        if passage.position == 0:
            document["first_title"] = _standing(title.terms)
        self._numbers += 1
        self._add(passage_id(version, passage.position), version, document)

    def _add_section(self, version: str, section: _Sum) -> None:
        if section.passages:
            document = {
                "type": "section",
                "place": {"name": "section", "parent": version},
                **_terms("section_text", section.terms),
                "text_length": section.words,
            }
            self._add(section_id(version, section.number), version, document)

    def _add_article(
        self,
        version: str,
        key: str,
        article: Article,
        title: IndexedText,
        whole: _Sum,
        columns: ColumnsWriter,
    ) -> None:
        document: Json = {"type": "article", "key": key, "record": _record(article.outlined())}
        if len(columns):
            document |= {
                "place": "article",
                "table": columns.packed(),
                **_terms("article_text", whole.terms),
                "text_length": whole.words,
                **_terms("title", title.terms),
                "heading_length": title.length,
            }
        self._add(version, version, document)

    def _add(self, id: str, version: str, document: Json) -> None:
        document = NO_LENGTHS | document | {"born": self._turn.number, "version": version}
        self._batch.add(Document.of(id, routing(version), document))
        if self._batch.full:
            self._send()

    def _send(self) -> None:
        """Send what waits, while the next documents are made. The one before must have gone through,
        which holds back a writer that is faster than the cluster."""
        batch, self._batch = self._batch, Batch()
        self._sent()
        self._sending = self._sender.submit(
            self._cluster.bulk, self._index, batch.documents, self._turn.check
        )

    def _sent(self) -> None:
        """Wait until everything has gone through; raises what went wrong."""
        if self._sending:
            self._sending.result()

    # --- The end of a write ---

    def commit(self) -> None:
        """Let everybody see it: all of it, or nothing when this raises."""
        if self._before and not (self._put or self._dropped):
            self._turn.unused = True
            return
        dead = [*self._still_dead, *self._replaced()]
        gone = range(self._base.generation + 1, self._turn.number) if self._before else ()
        now = msgspec.structs.replace(
            self._base,
            generation=self._turn.number,
            gaps=(*self._base.gaps, *gone)[-_GAPS:],
            dead=len(dead),
            numbers=self._numbers,
            at=time.time(),
        )
        if dead:
            listed = NO_LENGTHS | {"type": "dead", "born": self._turn.number, "versions": dead}
            # Where the id leads to: searches look it up by that.
            id = index.dead_id(now.generation)
            self._batch.add(Document.of(id, id, listed))
        self._send()
        self._sent()
        if not self._before:
            index.merge(self._cluster, self._index)
        index.refresh(self._cluster, self._index)
        self._turn.check()
        self._write_commit(index.measured(self._cluster, Opened(self._index, now, (0, 0))))

    def _replaced(self) -> Iterator[str]:
        """The versions that are put again or dropped."""
        if not self._before:
            return
        for keys in batches(sorted(self._dropped), _ASKED_AT_ONCE):
            query = {"bool": {"filter": [index.live(self._before), {"terms": {"key": keys}}]}}
            body: Json = {"query": query, "sort": ["version"], "_source": False}
            for hit in self._cluster.scan(self._index, body, _ASKED_AT_ONCE):
                yield hit["sort"][0]

    def _write_commit(self, commit: Commit) -> None:
        condition: dict[str, object] = {"op_type": "create"}
        if self._before:
            number, term = self._before.revision
            condition = {"if_seq_no": number, "if_primary_term": term}
        document = NO_LENGTHS | {"format": index.FORMAT, "commit": commit}
        path = f"/{self._index}/_doc/commit"
        try:
            answer = self._cluster.ask("PUT", path, document, slow=True, ignore=409, **condition)
        except EngineUnavailable:
            # The answer was lost on its way, perhaps; what the commit says decides.
            if not self._is_committed(path, commit):
                raise
            return
        if "error" in answer and not self._is_committed(path, commit):
            raise EngineUnavailable(
                f"Another process has changed the index {self._cluster.address} meanwhile."
                " Run `kb index` again."
            )

    def _is_committed(self, path: str, commit: Commit) -> bool:
        found = self._cluster.find(path)
        return bool(found and found["_source"]["commit"]["generation"] == commit.generation)


class _Sum:
    """The terms and words of several texts as one: of a section's or an article's passages, say."""

    def __init__(self, number: int = -1) -> None:
        self.number = number
        self.terms: Counter[str] = Counter()
        self.words = 0
        self.passages = 0

    def add(self, *texts: IndexedText) -> None:
        """Take in texts of one more passage."""
        for text in texts:
            for term, times in text.terms.items():
                self.terms[term] += times
            self.words += text.length
        self.passages += 1


def _clean(cluster: Cluster, opened: Opened, turn: int) -> Sequence[str]:
    """Delete what belongs to no commit: of writers that died, and what has been dead for a while.

    Returns the versions that are dead and still there.
    """
    commit = opened.commit
    if commit.gaps or turn > commit.generation + 1:
        unborn = {"range": {"born": {"gt": commit.generation}}}
        _delete(cluster, opened.index, {"bool": {"should": [unborn, {"terms": {"born": commit.gaps}}]}})
    dead = index.dead(cluster, opened)
    if time.time() - commit.at < _GRACE:
        return dead
    for versions in batches(dead, _ASKED_AT_ONCE):
        _delete(cluster, opened.index, {"terms": {"version": versions}})
    older = {"range": {"born": {"lt": commit.generation}}}
    _delete(cluster, opened.index, {"bool": {"filter": [{"term": {"type": "dead"}}, older]}})
    return []


def _delete(cluster: Cluster, name: str, query: Json) -> None:
    path = f"/{name}/_delete_by_query"
    cluster.ask("POST", path, {"query": query}, slow=True, conflicts="proceed", refresh="true")


@contextmanager
def new_index(cluster: Cluster) -> Iterator[str]:
    """A new index beside what there is; it is deleted again when it does not get ready."""
    name = index.create(cluster)
    try:
        yield name
    except BaseException:
        with suppress(EngineError):
            cluster.ask("DELETE", f"/{name}", slow=True)
        raise


def section_id(version: str, section: int) -> str:
    """The id of the document of a section."""
    return f"{version} s{section}"


def passage_id(version: str, position: int) -> str:
    """The id of the document of a passage."""
    return f"{version} p{position}"


def routing(version: str) -> str:
    """What decides the shard: the same for an article, its sections and its passages. A digest, as
    commas in it would mean several."""
    return hashlib.sha256(version.encode()).hexdigest()[:16]


def _record(record: Article | Passage | SourceFile) -> str:
    """A record as it is kept: JSON that the cluster does not look into."""
    return msgspec.json.encode(record).decode()


def _terms(field: str, terms: Mapping[str, int]) -> Json:
    """The terms of a text as the cluster takes them in."""
    repeated = [f"{term}{TIMES}{terms[term]}" for term in _standing(terms) if terms[term] > 1]
    return {field: _standing(terms), often(field): repeated}


def _standing(terms: Iterable[str]) -> list[str]:
    """Those of the terms that the cluster can hold."""
    return [term for term in terms if len(term) <= LONGEST_TERM and TIMES not in term]
