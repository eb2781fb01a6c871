"""Articles → the index: what changed is read and handed over, with the ids and tags that stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import tee
from pathlib import Path

from kb.concepts import Concepts
from kb.engines import EngineWriter
from kb.indexing import changes, preparing
from kb.indexing.preparing import Prepared, PreparedFile, Preparer, ReadFile, Row
from kb.models import Article, Passage, SourceFile, Tag, TagReview

Progress = Callable[[int, int, int], None]
"""Told of the files done, the files in all, and the passages made so far."""


class Indexer:
    """Hands articles to one writer. `reviews` are what people said of tags: they go over the tagger's."""

    def __init__(
        self,
        writer: EngineWriter,
        preparer: Callable[[], Preparer],
        concepts: Callable[[], Concepts],
        reviews: Iterable[TagReview],
        pipeline: str,
    ) -> None:
        self._writer = writer
        self._preparer = preparer
        self._concepts = concepts
        self._pipeline = pipeline
        self._ids = changes.IdGiver()
        self._reviews: dict[str, list[TagReview]] = {}
        for review in reviews:
            self._reviews.setdefault(review.passage, []).append(review)

    def bring_in(
        self, found: changes.Survey, prepared: Iterator[PreparedFile], progress: Progress
    ) -> Iterator[SourceFile]:
        """Bring the index up to date with each file, in the order of their paths.

        `prepared` gives the stale ones in that order.
        """
        count = 0
        for number, file in enumerate(found.files, 1):
            record = None if file.stale else self._kept(file)
            if record is None:
                here = preparing.prepare_here([file.path], self._preparer)
                record = self._put_file(file, next(prepared if file.stale else here))
            count += record.passages
            progress(number, len(found.files), count)
            yield record

    def put_article(self, article: Article, units: Sequence[Passage] | None = None) -> int:
        """Hand over an article that has its id; None splits it into passages. Returns their number."""
        return self._put(self._preparer().prepare(article, units))

    def _kept(self, file: changes.FoundFile) -> SourceFile | None:
        """The record of a file that need not be read, unless its articles must get other ids."""
        before = file.before
        assert before
        given = tuple((wanted, self._ids.give(wanted)) for wanted, _ in before.articles)
        if given != before.articles:
            self._ids.take_back(id for _, id in given)
            return None
        record = file.record()
        if record != before:
            self._writer.put_file(record)
        return record

    def _put_file(self, file: changes.FoundFile, prepared: PreparedFile) -> SourceFile:
        """Put a file that was read, and its articles, into the index."""
        read = prepared.file
        if read.died:
            return self._put_dead(file, read)
        articles: list[tuple[str, str]] = []
        titles = [article.title for _, article in read.articles]
        count = 0
        for number, article in enumerate(prepared.articles):
            wanted = changes.kept_id(file, number, titles) or article.article.id
            articles.append((wanted, self._ids.give(wanted)))
            count += self._put(preparing.renamed(article, articles[-1][1]))
        record = SourceFile(
            path=file.path,
            size=read.size,
            modified=read.modified if read.steady else changes.UNKNOWN,
            checked=read.checked,
            digest=read.digest,
            pipeline=self._pipeline,
            articles=tuple(articles),
            passages=count,
            problems=read.problems,
            named=Path(file.path).stem in titles,
            beside=read.beside,
        )
        self._writer.put_file(record)
        return record

    def _put_dead(self, file: changes.FoundFile, read: ReadFile) -> SourceFile:
        """Record that the process that read a file died of it; what is indexed of it stays."""
        before = file.before or SourceFile(file.path, 0, 0, 0, "", "")
        given = tuple((wanted, self._ids.give(wanted)) for wanted, _ in before.articles)
        if given != before.articles:  # others have taken its ids
            before = replace(before, articles=(), passages=0)
        record = replace(before, path=file.path, modified=changes.UNKNOWN, problems=read.problems)
        self._writer.put_file(record)
        return record

    def _put(self, prepared: Prepared) -> int:
        """Hand one article over; returns the number of its passages."""
        count = 0

        def reviewed() -> Iterator[Row]:
            nonlocal count
            for passage, texts in prepared.rows:
                count += 1
                if said := self._reviews.get(passage.id):
                    passage = _with_reviews(passage, said)
                    texts = texts._replace(headings=self._concepts().indexed_headings(passage))
                yield passage, texts

        for_records, for_terms = tee(reviewed())
        passages, texts = (passage for passage, _ in for_records), (texts for _, texts in for_terms)
        self._writer.put_article(prepared.article, passages, prepared.title, texts)
        return count


def _with_reviews(passage: Passage, reviews: Iterable[TagReview]) -> Passage:
    """The passage without the tags that people rejected and with those they gave it."""
    said = {review.principle: review.accepted for review in reviews if review.passage == passage.id}
    kept = [tag for tag in passage.tags if tag.principle not in said]
    found = {tag.principle: tag for tag in passage.tags}
    for principle in (principle for principle, accepted in said.items() if accepted):
        evidence = found[principle].evidence if principle in found else ()
        kept.insert(0, Tag(principle, 1.0, evidence, "review"))
    return replace(passage, tags=tuple(kept))
