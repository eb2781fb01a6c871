"""Passages → packs: quoted, put in order, with counterparts, a quiz, and as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kb import languages, lookup, query
from kb.engines import Engine
from kb.errors import NotFound
from kb.exporters import WITH_QUIZ, Edition, export, exporter, with_counterpart, words_in
from kb.languages.interface import in_interface
from kb.models import (
    Article,
    BlockKind,
    Excerpt,
    ExcerptState,
    Hit,
    Pack,
    PackSection,
    Passage,
    Principle,
    Question,
    SearchRequest,
    Wording,
)
from kb.packs import excerpts
from kb.packs.quiz import quiz
from kb.packs.ready_made import ready_made
from kb.principles import Vocabulary
from kb.searching import Searcher

# So many counterparts are tried, the closest first.
_BESIDE = 3


class PackMaker:
    """Makes packs of the passages of one index."""

    def __init__(self, engine: Engine, searcher: Searcher, vocabulary: Vocabulary) -> None:
        self._engine = engine
        self._searcher = searcher
        self._vocabulary = vocabulary

    def excerpt(self, passage_id: str) -> Excerpt:
        """A passage as it is quoted now. Raises `NotFound`."""
        passage, article = lookup.passage(self._engine, passage_id)
        return self._quoted(passage, article)

    def pack_from(self, passage_ids: Iterable[str], title: str, language: str) -> Pack:
        """A pack of passages in this order, each once; `language` is that of the words around them.

        Raises `NotFound` for an unknown passage and `InvalidRequest` for an unknown language.
        """
        title = " ".join(title.split()) or words_in(language).untitled
        quoted = [self.excerpt(passage_id) for passage_id in passage_ids]
        each = {one.passage: one for one in quoted}
        return Pack(title=title, sections=(PackSection(excerpts=tuple(each.values())),), language=language)

    def ready_made(self, principle: Principle, language: str) -> Pack:
        """The best passages on a principle from many articles and all languages, as one learns: what
        it is, why, how, examples, mistakes. Raises `NotFound` and `InvalidRequest`."""
        words_in(language)
        found = {
            code: self._searcher.best(principle.id, code, query.MOST_HITS) for code in languages.LANGUAGES
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
        rows of a table say too little there."""
        used = {one.passage for excerpt in pack.excerpts for one in with_counterpart(excerpt)}

        def beside(excerpt: Excerpt) -> Excerpt:
            for hit in () if excerpt.counterpart else self._hits_beside(excerpt, language):
                found = self.excerpt(hit.passage.id)
                is_table = any(block.kind is BlockKind.TABLE_ROW for block in found.blocks)
                if found.passage not in used and not is_table:
                    used.add(found.passage)
                    return replace(excerpt, counterpart=found)
            return excerpt

        return pack.with_each(beside)

    def state_of(self, excerpt: Excerpt) -> ExcerptState:
        """What has become of an excerpt: the same, moved, changed (and how it reads now) or gone."""
        now = datetime.now(UTC)
        there = self._engine.article(excerpt.source.article)
        state = excerpts.state_among(excerpt, list(excerpts.quotes(*there, now)) if there else ())
        if state.wording is not Wording.GONE:
            return state
        elsewhere = excerpts.state_among(excerpt, self._quoted_like(excerpt))
        if elsewhere.wording is Wording.GONE:
            return state if state.now else elsewhere
        is_same = elsewhere.wording is Wording.SAME
        return ExcerptState(Wording.MOVED if is_same else elsewhere.wording, elsewhere.now)

    def quiz(self, pack: Pack) -> tuple[Question, ...]:
        """Multiple-choice questions from the principles, definitions and passages of a pack; the same
        pack gives the same questions while the articles are the same."""
        principles = {principle.id: principle for principle in self._vocabulary.tagging()}
        return quiz(pack, principles, list(self._foils(pack)))

    def export(self, pack: Pack, form: str, base_url: str) -> bytes:
        """A pack as a file in one of `kb.exporters.EXPORTERS`.

        `base_url` is where the product is reached, for links to articles that have no address.
        Raises `InvalidRequest` and `MissingExtra`.
        """
        exporter(form)
        used = {id for excerpt in pack.excerpts for id in excerpt.principles}
        edition = Edition(
            pack=pack,
            labels={one.id: in_interface(one.pref_labels, pack.language) for one in self._known(used)},
            quiz=self.quiz(pack) if form in WITH_QUIZ else (),
            base_url=base_url,
        )
        return export(edition, form)

    def _quoted(self, passage: Passage, article: Article) -> Excerpt:
        return excerpts.quote(
            passage, article, lookup.article(self._engine, article.id)[1], datetime.now(UTC)
        )

    def _hits_beside(self, excerpt: Excerpt, language: str) -> Sequence[Hit]:
        try:
            passage, _ = lookup.passage(self._engine, excerpt.passage)
        except NotFound:
            return ()
        return self._searcher.counterparts(passage, [language], _BESIDE).get(language, ())

    def _quoted_like(self, excerpt: Excerpt) -> Sequence[Excerpt]:
        """The passages of all articles whose words are most like those of an excerpt."""
        request = SearchRequest(languages=(excerpt.source.language,), limit=5)
        words = query.ParsedText(excerpt.text[: query.LONGEST_QUERY])
        hits = self._engine.search(query.prepare(request, words)).hits
        return [self._quoted(hit.passage, hit.article) for hit in hits]

    def _foils(self, pack: Pack) -> Iterator[Excerpt]:
        """Passages on the neighbours of the principles of a pack: plausible and wrong."""
        codes = sorted({excerpt.source.language for excerpt in pack.excerpts})
        named = [id for excerpt in pack.excerpts for id in excerpt.principles[:1]]
        groups = {group for principle in self._known(named) for group in principle.broader}
        for principle in self._vocabulary.tagging():
            if groups & set(principle.broader):
                for code in codes:
                    for passage, article in self._searcher.best(principle.id, code, limit=3):
                        yield self._quoted(passage, article)

    def _known(self, principle_ids: Iterable[str]) -> Sequence[Principle]:
        known = self._vocabulary.principles
        return [known[id] for id in dict.fromkeys(principle_ids) if id in known]
