"""KnowledgeBase: the one place where the parts are joined.

An article goes: read the file → split it into passages → tag them → hand them to the engine.
A search goes: parse and analyse the query → ask the engine → mark what was found.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from kb import changes, languages, passages, query, readers, snippets
from kb.concepts import Concepts
from kb.engines import Engine, EngineHit, EngineWriter, open_engine
from kb.errors import InvalidRequest, NotFound
from kb.models import (
    Article,
    Bridge,
    Facet,
    FoundArticle,
    FoundPassage,
    Hit,
    Interpretation,
    Passage,
    Principle,
    PrincipleTag,
    Problem,
    Query,
    QueryTerm,
    Repair,
    SearchRequest,
    SearchResults,
    SourceFile,
    Suggestion,
    Tag,
    TagReview,
    TermKind,
)
from kb.principles import (
    Evaluation,
    Example,
    Explanation,
    Tagger,
    Vocabulary,
    evaluate,
    read_examples,
)
from kb.settings import Settings
from kb.store import Store
from kb.suggestions import Suggestions, unquoted

# Raised when reading, splitting, tagging or analysing changes what they give: files are read again.
PIPELINE = 5

Progress = Callable[[int, int, int], None]
"""Told of the files done, the files in all, and the passages made so far."""


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
        self.settings.home.mkdir(parents=True, exist_ok=True)
        return Store(self.settings.database)

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
    ) -> IndexReport:
        """Make the index match the files at and below `paths` (by default the configured corpus).

        Files below `forget` leave the index; other sources stay. Readers see all changes at once.
        Raises `IndexLocked` when another process is indexing.
        """
        sources = paths or (() if forget else (self.settings.corpus_path,))
        with self.engine.write() as writer:
            known = self.engine.files()
            found = changes.survey(sources, forget, known, self._pipeline, readers.find)
            ids = changes.IdGiver()
            files: list[SourceFile] = []
            present = changes.with_metadata_files(found.files, readers.fingerprint_beside)
            for number, file in enumerate(present):
                files.append(self._index_file(file, ids, writer))
                progress(number + 1, len(found.files), sum(done.passages for done in files))
            for path in found.gone:
                writer.drop_file(path)
            for lost in _article_ids(known.values()) - _article_ids(files):
                writer.drop_article(lost)
        return _report(known, files, found.problems)

    @cached_property
    def _pipeline(self) -> str:
        return f"{PIPELINE} {self.vocabulary.digest}"

    def _index_file(self, file: changes.FoundFile, ids: changes.IdGiver, writer: EngineWriter) -> SourceFile:
        """Bring the index up to date with one file."""
        if file.before and not file.stale:
            given = tuple((wanted, ids.give(wanted)) for wanted, _ in file.before.articles)
            if given == file.before.articles:
                if file.path != file.before.path:  # it was moved
                    problems = tuple(replace(problem, file=file.path) for problem in file.before.problems)
                    moved = replace(file.before, path=file.path, modified=file.modified, problems=problems)
                    writer.put_file(moved)
                    return moved
                return file.before
            ids.take_back(id for _, id in given)
        return self._read_file(file, ids.give, writer)

    def _read_file(
        self, file: changes.FoundFile, give: Callable[[str], str], writer: EngineWriter
    ) -> SourceFile:
        checked = changes.now()
        beside = readers.fingerprint_beside(Path(file.path))
        reading = readers.read(Path(file.path))
        articles: list[tuple[str, str]] = []
        count = 0
        for article in reading.articles:
            wanted = changes.stated_id(article, file.path)
            articles.append((wanted, give(wanted)))
            count += self._put_article(_with_language(replace(article, id=articles[-1][1])), writer)
        record = SourceFile(
            path=file.path,
            size=file.size,
            modified=file.modified,
            checked=checked,
            digest=changes.digest_of(file.path),
            pipeline=self._pipeline,
            articles=tuple(articles),
            passages=count,
            problems=reading.problems,
            beside=beside,
        )
        writer.put_file(record)
        return record

    def add(self, articles: Iterable[tuple[Article, Sequence[Passage] | None]]) -> None:
        """Index articles that come from no file, with their ids; None splits them into passages."""
        with self.engine.write() as writer:
            for article, units in articles:
                self._put_article(_with_language(article), writer, units)

    def _put_article(
        self, article: Article, writer: EngineWriter, units: Sequence[Passage] | None = None
    ) -> int:
        """Split, tag, analyse and hand over one article; returns the number of its passages."""
        tagged = self._tagged(article, passages.split(article) if units is None else units)
        title = self.concepts.indexed_title(article)
        texts = [
            (self.concepts.indexed(passage.text), self.concepts.indexed_headings(passage))
            for passage in tagged
        ]
        writer.put_article(article, tagged, title, texts)
        return len(tagged)

    def _tagged(self, article: Article, units: Sequence[Passage]) -> Sequence[Passage]:
        """The passages with the tagger's tags, and over them what people said of tags."""
        tagged = self.tagger.tag(article, units)
        reviews = self.store.reviews(passage.id for passage in tagged)
        return [_with_reviews(passage, reviews) for passage in tagged] if reviews else tagged

    # --- Reviews ---

    def review(
        self, passage_id: str, principle_id: str, accepted: bool | None, reviewer: str, reason: str = ""
    ) -> Passage:
        """Keep a person's word on a tag, or with None take it back; it holds at once and for good.

        Returns the passage with its tags as they are now. Raises `NotFound` for an unknown passage
        or principle, and `IndexLocked` while another process is indexing.
        """
        principle = self.principle(principle_id)
        passage, article = self.passage(passage_id)
        with self.engine.write() as writer:
            if accepted is None:
                self.store.drop_review(passage.id, principle.id)
            else:
                at = datetime.now(UTC)
                self.store.put_review(TagReview(passage.id, principle.id, accepted, reviewer, at, reason))
            self._put_article(article, writer, self.article(article.id)[1])
        return self.passage(passage_id)[0]

    def reviews(self) -> Sequence[TagReview]:
        """All reviews of tags, oldest first."""
        return self.store.reviews()

    def explain_tags(self, path: Path) -> Sequence[Explanation]:
        """Why each passage of a file gets its tags, without indexing it. Raises `InvalidRequest` when
        the file cannot be read as an article."""
        reading = readers.read(path)
        if not reading.articles:
            raise InvalidRequest("; ".join(problem.message for problem in reading.problems))
        named = (
            _with_language(replace(article, id=changes.stated_id(article, str(path))))
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
        started = time.perf_counter()
        asked, bridges = self._asked(request)
        found = self.engine.search(asked, request.explain)
        typed = None
        if request.correct and (repaired := self._repaired(request, found.total)):
            typed, request = request.text, repaired
            asked, bridges = self._asked(request)
            found = self.engine.search(asked, request.explain)
        hits = tuple(self._hit(hit, asked) for hit in found.hits)
        facets = {
            name: tuple(
                Facet(value, count, self._facet_label(name, value, found.titles))
                for value, count in counts.items()
            )
            for name, counts in found.facets.items()
        }
        return SearchResults(
            query=request.text,
            total=found.total,
            took_ms=round((time.perf_counter() - started) * 1000, 3),
            interpreted=Interpretation(typed, _shown_terms(asked.terms), bridges),
            hits=hits,
            facets=facets,
        )

    def _asked(self, request: SearchRequest) -> tuple[Query, tuple[Bridge, ...]]:
        """A request as the engine takes it, and the concepts it also finds in other languages."""
        parsed = query.parse(request.text, self._principle_id)
        asked = query.prepare(request, parsed)
        # What must be in a passage as it was typed cannot be there in another language.
        is_open = all(clause.negated for clause in parsed.clauses)
        bridging = request.bridge and is_open
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
        if language is not None and language not in languages.LANGUAGES:
            known = ", ".join(languages.LANGUAGES)
            raise InvalidRequest(f"There is no language “{language}”; known are {known}.", "language")
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
        )

    def _facet_label(self, facet: str, value: str, titles: Mapping[str, str]) -> str:
        if facet == "principle" and value in self.vocabulary.principles:
            return self.vocabulary.principles[value].label("en")
        return titles.get(value, value) if facet == "article" else value

    # --- Looking things up ---

    def article(self, article_id: str) -> tuple[Article, tuple[Passage, ...]]:
        """An article (its sections without their blocks) and its passages. Raises `NotFound`."""
        found = self.engine.article(article_id)
        if found is None:
            raise NotFound("article", article_id)
        return found

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
            if file.pipeline != self._pipeline and Path(file.path).exists():
                return "vocabulary" if file.pipeline.startswith(f"{PIPELINE} ") else "version"
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
            query = Query(terms, languages=(code,), limit=limit)
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

    def best_passages(
        self, principle_id: str, language: str, limit: int = 5
    ) -> Sequence[tuple[Passage, Article]]:
        """The passages in a language that speak most of a principle: the best of each article first."""
        found = self.engine.search(
            Query(languages=(language,), principles=(principle_id,), limit=query.MOST_HITS)
        )
        ranked = sorted(found.hits, key=lambda hit: _tag_strength(hit.passage, principle_id), reverse=True)
        taken: Counter[str] = Counter()
        turns = []
        for hit in ranked:
            turns.append((taken[hit.article.id], hit))
            taken[hit.article.id] += 1
        turns.sort(key=lambda turn: turn[0])
        return [(hit.passage, hit.article) for _, hit in turns[:limit]]

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


def _request(text: str, options: dict[str, object]) -> SearchRequest:
    """A request from the keyword arguments of `search`; a single language and so on may be a string."""
    plural = {"language": "languages", "principle": "principles", "article": "articles"}
    named = {plural.get(name, name): value for name, value in options.items()}
    for name in plural.values():
        if isinstance(named.get(name), str):
            named[name] = (named[name],)
    known = {field.name for field in fields(SearchRequest)}
    for name in named:
        if name not in known:
            raise InvalidRequest(f"A search has no option “{name}”.", name)
    return SearchRequest(text, **named)  # type: ignore[arg-type]


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


def _with_language(article: Article) -> Article:
    """The article with the language its text is written in, where it does not state one."""
    if article.language != "und":
        return article
    text = "\n".join(
        [article.title, *(block.text for section in article.sections for block in section.blocks)]
    )
    code = languages.identify(text, article.likely_language)
    return replace(article, language=code, locale=languages.locale(code, text))


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
    )
