"""A search in one commit: which passages are hits, in which order, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import NamedTuple

import numpy as np

from kb import ranking
from kb.engines import NO_HITS, EngineHit, EngineHits
from kb.engines.impacts import Floats, LookedUp, Mask, Numbers, Places, best
from kb.engines.passage_table import passing
from kb.engines.prefixes import PREFIX_WORDS, prefix_terms
from kb.engines.whoosh.snapshot import Snapshot
from kb.errors import EngineError
from kb.languages import fold
from kb.models import Clause, Phrase, Prefix, Query, QueryTerm, Sort, TermKind, TermScore
from kb.phrases import is_certain, occurrences, phrase_terms
from kb.ranking import Field


class _Ranked(NamedTuple):
    """A hit on the page: its number, its score, and how many copies it outdoes."""

    number: int
    score: float
    more: int


class _Page(NamedTuple):
    """How many hits there are, and those on the page."""

    total: int
    hits: tuple[_Ranked, ...]


def search(snapshot: Snapshot, query: Query, explain: bool) -> EngineHits:
    """The passages that answer a query, best first; see `kb.engines.Engine`."""
    if not len(snapshot.table):
        return NO_HITS
    terms = (*query.terms, *prefix_terms(query.clauses, partial(_beginning, snapshot)))
    looked_up = snapshot.impacts.looked_up(terms)
    matched = _matching(snapshot, looked_up, query.clauses)
    filters = snapshot.table.filters(query, snapshot.number_of(query.like) if query.like else None)
    numbers = passing(matched, filters)
    page = _page(snapshot, looked_up, numbers, query)
    facets = snapshot.table.facets(matched, filters, query.collapse)
    bridges = [term for term in terms if term.via]
    direct = snapshot.impacts.hits([one for one in looked_up if not one[0].via]) if bridges else numbers
    bridged = np.ones(len(snapshot.table), np.bool_)
    bridged[direct] = False
    return EngineHits(
        total=page.total,
        hits=tuple(
            _hit(snapshot, query, ranked, bridges if bridged[ranked.number] else (), terms if explain else ())
            for ranked in page.hits
        ),
        facets=facets,
        titles={id: article.title for id in facets["article"] if (article := snapshot.article(id))},
    )


# --- Which passages are hits ----------------------------------------------------------------------


def _matching(snapshot: Snapshot, terms: LookedUp, clauses: Sequence[Clause]) -> Places:
    """The passages that are hits: all that fulfil the clauses, or else hold a matching term."""
    if terms and all(clause.negated for clause in clauses):
        matched = snapshot.impacts.hits(terms)
    else:
        matched = np.arange(len(snapshot.table))
    wanted = {one for clause in clauses for one in clause.alternatives}
    masks = {one: _mask(snapshot, one) for one in wanted}
    for clause in clauses:
        fulfilled = np.logical_or.reduce([masks[one] for one in clause.alternatives])[matched]
        matched = matched[~fulfilled if clause.negated else fulfilled]
    return matched


def _mask(snapshot: Snapshot, wanted: Phrase | Prefix) -> Mask:
    """Which passages hold a phrase or a prefix."""
    mask = np.zeros(len(snapshot.table), np.bool_)
    if isinstance(wanted, Phrase):
        mask[_holding(snapshot, wanted)] = True
    else:
        words = QueryTerm(TermKind.FORM, _beginning(snapshot, wanted))
        mask[snapshot.impacts.text_holders(words)] = True
    return mask


def _holding(snapshot: Snapshot, phrase: Phrase) -> list[int]:
    """The passages where a phrase stands: those that hold its terms, looked at one by one."""
    candidates = [snapshot.impacts.text_holders(term) for term in phrase_terms(phrase)]
    found = reduce(np.intersect1d, candidates) if candidates else np.arange(len(snapshot.table))
    numbers: list[int] = found.tolist()
    if is_certain(phrase):
        return numbers
    if phrase.literal:
        return [number for number in numbers if phrase.literal in _folded(snapshot, number)]
    return [number for number in numbers if occurrences(phrase, snapshot.passage_numbered(number).text)]


def _folded(snapshot: Snapshot, number: int) -> str:
    """The text of a passage as literal phrases are looked for in; remembered."""
    return snapshot.remembered(
        ("folded", number),
        lambda: fold(snapshot.passage_numbered(number).text).text,
        lambda text: 2 * len(text),
    )


def _beginning(snapshot: Snapshot, prefix: Prefix) -> tuple[str, ...]:
    """The words that begin so: the most frequent, without those that only deleted passages hold."""

    def find() -> tuple[str, ...]:
        found = sorted(snapshot.words(TermKind.FORM + prefix.letters), key=lambda word: (-word[1], word[0]))
        most = sorted(word for word, _ in found[:PREFIX_WORDS])
        return tuple(word[1:] for word in most if len(snapshot.postings(Field.TEXT, word)[0]))

    key = ("prefix", prefix.letters)
    return snapshot.remembered(key, find, lambda words: sum(map(len, words)) * 2)


# --- In which order -------------------------------------------------------------------------------


def _page(snapshot: Snapshot, terms: LookedUp, numbers: Places, query: Query) -> _Page:
    """The hits of the page that is asked for among all, which rise."""
    scores = _scores(snapshot, terms, numbers, query) if query.limit else np.zeros(len(numbers))
    more = np.zeros(len(numbers), np.int32)
    merits: list[Floats | Numbers] = [scores]
    if query.sort is Sort.DATE:
        merits.insert(0, snapshot.table.facts["published"][numbers])
    if query.collapse:
        shown, more = snapshot.table.copies.collapsed(numbers, *merits)
        numbers, more = numbers[shown], more[shown]
        merits = [merit[shown] for merit in merits]
    if not query.limit:
        return _Page(len(numbers), ())
    page = best(merits[0], query.offset + query.limit, *merits[1:])[query.offset :]
    hits = zip(numbers[page].tolist(), merits[-1][page].tolist(), more[page].tolist(), strict=True)
    return _Page(len(numbers), tuple(_Ranked(*hit) for hit in hits))


def _scores(snapshot: Snapshot, terms: LookedUp, numbers: Places, query: Query) -> Floats:
    """The scores of some passages, whose numbers rise."""
    scores = snapshot.impacts.scores(terms, numbers)
    if query.foreign:
        scores *= snapshot.table.language_weights(query, numbers)
    return scores


# --- What is told of them -------------------------------------------------------------------------


def _hit(
    snapshot: Snapshot,
    query: Query,
    ranked: _Ranked,
    bridges: Sequence[QueryTerm],
    explained: Sequence[QueryTerm],
) -> EngineHit:
    passage = snapshot.passage_numbered(ranked.number)
    counted = ranking.language_weight(passage.language, query)
    article = snapshot.article(passage.article_id)
    if article is None:
        raise EngineError(f"The index lost the article of passage {passage.id}; run `kb index` again.")
    return EngineHit(
        passage=passage,
        article=article,
        score=ranked.score,
        more=ranked.more,
        via=tuple(
            dict.fromkeys(
                term.via
                for term in bridges
                if any(field != "context" for field, _ in snapshot.impacts.given(term, ranked.number))
            )
        ),
        explanation=tuple(
            TermScore("|".join(term.synonyms), term.kind.name.lower(), field, value * counted)
            for term in explained
            for field, value in snapshot.impacts.given(term, ranked.number)
        ),
    )
