"""The ranking of `kb.ranking` and the copies of `kb.sameness`, written down a second time: slow, with
dictionaries, without numpy.

It reads the passages of an index (not its postings), analyses them again, and scores every one.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date

from kb import ranking, sameness
from kb.languages import fold, words
from kb.models import Clause, Passage, Phrase, Prefix, Query, QueryTerm, Sort, TermKind
from kb.ranking import FIELD_WEIGHTS, K1, KIND_WEIGHTS, Field, IndexedText


@dataclass
class Document:
    """A passage with what was indexed of it; `title` is empty for all but an article's first."""

    passage: Passage
    text: IndexedText
    headings: IndexedText
    asked: IndexedText
    title: IndexedText
    tags: frozenset[str]
    published: date | None = None


def groups(sketches: list[bytes]) -> list[int]:
    """For each sketch, the first that it hangs together with, pair by pair."""
    found = list(range(len(sketches)))
    for one in range(len(sketches)):
        for other in range(one):
            if found[one] != found[other] and are_copies(sketches[one], sketches[other]):
                first, second = sorted((found[one], found[other]))
                found = [first if group == second else group for group in found]
    return found


def are_copies(one: bytes, other: bytes) -> bool:
    """Whether two sketches share a band and enough of their bytes."""
    if not one or not other:
        return False
    bands = [one[at : at + 4] == other[at : at + 4] for at in range(0, len(one), 4)]
    equal = sum(left == right for left, right in zip(one, other, strict=True)) / len(one)
    return any(bands) and (equal - 1 / 256) / (1 - 1 / 256) >= sameness.COPY


@dataclass
class Place:
    """A passage, section or article as one text: its terms and its length."""

    terms: Counter[str]
    length: int


def together(*texts: IndexedText) -> Place:
    """Several texts as one."""
    return Place(sum((Counter(text.terms) for text in texts), Counter()), sum(text.length for text in texts))


class Reference:
    """Scores, hits, totals and facets of a small collection."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = sorted(documents, key=lambda d: (d.passage.article_id, d.passage.position))
        self.sections = [(d.passage.article_id, d.passage.section) for d in self.documents]
        self.articles = [d.passage.article_id for d in self.documents]
        self.texts = {n: Place(Counter(d.text.terms), d.text.length) for n, d in enumerate(self.documents)}
        self.headings = {n: together(d.headings, d.asked) for n, d in enumerate(self.documents)}
        self.lent = {n: together(d.text, d.asked) for n, d in enumerate(self.documents)}
        self.titles = {
            d.passage.article_id: Place(Counter(d.title.terms), d.title.length)
            for d in reversed(self.documents)  # the first passage of an article has its title
        }
        self.section_texts = self._joined(self.sections)
        self.article_texts = self._joined(self.articles)
        self.groups = groups([d.text.sketch for d in self.documents])
        self._remembered: dict = {}

    def _joined(self, owners: list) -> dict:
        joined: dict = {}
        for number, owner in enumerate(owners):
            place = joined.setdefault(owner, Place(Counter(), 0))
            place.terms.update(self.lent[number].terms)
            place.length += self.lent[number].length
        return joined

    # --- The formula ---

    def score(self, terms: tuple[QueryTerm, ...], number: int) -> float:
        """The score of a passage."""
        return sum(value for term in terms for _, value in self.given(term, number))

    def given(self, term: QueryTerm, number: int):
        """What a term gives to a passage, by field."""
        section, article = self.sections[number], self.articles[number]
        levels = [
            ("text", Field.TEXT, ranking.own_weight(term.kind), self.texts, number),
            ("context", Field.TEXT, ranking.SECTION_WEIGHT, self.section_texts, section),
            ("context", Field.TEXT, ranking.ARTICLE_WEIGHT, self.article_texts, article),
            ("headings", Field.HEADINGS, 1.0, self.headings, number),
            ("title", Field.TITLE, 1.0, self.titles, article),
        ]
        for name, field, lent, places, place in levels:
            # Synonyms share a frequency: the highest, of a passage, or a section or article as one text.
            if times := self._times(term, places, place):
                weight = term.weight * KIND_WEIGHTS[term.kind] * FIELD_WEIGHTS[field].weight * lent
                yield name, weight * self._bm25(term, field, places, place, times)

    def _language_weight(self, query: Query, number: int) -> float:
        """What a passage's score counts: less in a language that the query was not asked in."""
        return ranking.FOREIGN_WEIGHT if self.documents[number].passage.language in query.foreign else 1.0

    def _times(self, term: QueryTerm, places: dict, place) -> int:
        return self._all_times(term, places).get(place, 0)

    def _all_times(self, term: QueryTerm, places: dict) -> dict:
        """How often each place holds a term, where it does."""
        key = (term.kind, term.synonyms, id(places))
        if key not in self._remembered:
            found = {
                place: max((one.terms[term.kind + s] for s in term.synonyms), default=0)
                for place, one in places.items()
            }
            self._remembered[key] = {place: times for place, times in found.items() if times}
        return self._remembered[key]

    def _bm25(self, term: QueryTerm, field: Field, places: dict, place, times: int) -> float:
        holders = len(self._all_times(term, places))
        idf = math.log(1 + (len(places) - holders + 0.5) / (holders + 0.5))
        average = sum(one.length for one in places.values()) / len(places)
        b = FIELD_WEIGHTS[field].b
        return idf * times / (times + K1 * (1 - b + b * places[place].length / max(average, 1e-9)))

    # --- What is a hit ---

    def copies(self, id: str, query: Query) -> int:
        """How many hits of a query stand behind a passage in the list: itself and what gave way to it."""
        if not query.collapse:
            return 1
        group = next(self.groups[n] for n, d in enumerate(self.documents) if d.passage.id == id)
        return sum(self.groups[n] == group for n in set.intersection(*self._passing(query).values()))

    def _passing(self, query: Query) -> dict[str, set[int]]:
        """What passes each filter among the passages that match."""
        terms = (*query.terms, *self._prefix_terms(query.clauses))
        matched = {n for n in range(len(self.documents)) if self._matches(terms, query.clauses, n)}
        return {
            "language": {n for n in matched if self._in_language(query, n)},
            "article": {n for n in matched if not query.articles or self.articles[n] in query.articles},
            "principle": {n for n in matched if set(query.principles) <= self.documents[n].tags},
            "date": {n for n in matched if self._on_a_day(query, n)},
            "like": {n for n in matched if not query.like or self._is_like(query.like, n)},
        }

    def search(self, query: Query):
        """The total, the ranked (passage id, score), and the facets."""
        terms = (*query.terms, *self._prefix_terms(query.clauses))
        passing = self._passing(query)
        hits = set.intersection(*passing.values())

        def counts(facet: str, values, but_its_own: bool = True) -> dict[str, int]:
            among = [found for name, found in passing.items() if name != facet] if but_its_own else [hits]
            return self._counts(set.intersection(*among), values, query.collapse)

        facets = {
            "language": counts("language", lambda d: [d.passage.language]),
            "article": dict(list(counts("article", lambda d: [d.passage.article_id]).items())[:20]),
            "date": counts("date", lambda d: [str(d.published.year)] if d.published else []),
            "principle": counts("principle", lambda d: d.tags, but_its_own=False),
        }
        scores = {n: self._language_weight(query, n) * self.score(terms, n) for n in hits}
        ranked = sorted(hits, key=lambda n: (self._day(query, n), -scores[n], n))
        shown = self._first_of_each(ranked) if query.collapse else ranked
        page = shown[query.offset : query.offset + query.limit]
        return len(shown), [(self.documents[n].passage.id, scores[n]) for n in page], facets

    def _first_of_each(self, ranked: list[int]) -> list[int]:
        shown: dict[int, int] = {}
        for number in ranked:
            shown.setdefault(self.groups[number], number)
        return list(shown.values())

    def _day(self, query: Query, number: int) -> int:
        """What comes first when sorted by date: the newest."""
        day = self.documents[number].published
        return -day.toordinal() if query.sort is Sort.DATE and day else 0

    def _on_a_day(self, query: Query, number: int) -> bool:
        day = self.documents[number].published
        return not query.dates or any(day and first <= day <= last for first, last in query.dates)

    def _is_like(self, anchor: str, number: int) -> bool:
        liked = [n for n, d in enumerate(self.documents) if anchor in d.passage.anchors]
        return any(self.groups[n] == self.groups[number] for n in liked)

    def _in_language(self, query: Query, number: int) -> bool:
        return not query.languages or self.documents[number].passage.language in query.languages

    def _counts(self, numbers, values, collapse: bool) -> dict[str, int]:
        """How many there are with each value; when collapsed, copies with the same value are one."""
        owners = {
            (value, self.groups[n] if collapse else n) for n in numbers for value in values(self.documents[n])
        }
        counts = Counter(value for value, _ in owners)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def _matches(self, terms, clauses: tuple[Clause, ...], number: int) -> bool:
        wanted = [clause for clause in clauses if not clause.negated]
        if wanted:
            found = all(self._fulfils(clause, number) for clause in wanted)
        else:
            found = not terms or self._is_hit(terms, number)
        return found and not any(self._fulfils(clause, number) for clause in clauses if clause.negated)

    def _is_hit(self, terms, number: int) -> bool:
        section = self.sections[number]
        words = held = 0
        is_first = number == 0 or self.articles[number - 1] != self.articles[number]
        for term in (term for term in terms if term.matches):
            own = [self.texts[number], self.headings[number]]
            own += [self.titles[self.articles[number]]] if is_first else []
            if any(place.terms[term.kind + synonym] for place in own for synonym in term.synonyms):
                return True
            if ranking.counts_for_section(term):
                words += 1
                held += self._times(term, self.section_texts, section) > 0
        # The words that come after the first own one were not counted, but then it is a hit anyway.
        return held >= ranking.section_quorum(words)

    def _fulfils(self, clause: Clause, number: int) -> bool:
        text = self.documents[number].passage.text
        return any(self._holds(one, text) for one in clause.alternatives)

    def _holds(self, wanted: Phrase | Prefix, text: str) -> bool:
        if isinstance(wanted, Phrase) and wanted.literal:
            return wanted.literal in fold(text).text
        stacks: dict[int, set[str]] = {}
        forms: set[str] = set()
        for token in words(text):
            if token.kind in {TermKind.WORD, TermKind.FORM}:
                stacks.setdefault(token.position, set()).add(token.term)
            if token.kind is TermKind.FORM:
                forms.add(token.term)
        if isinstance(wanted, Prefix):
            return any(form.startswith(wanted.letters) for form in forms)
        row = [stacks[position] for position in sorted(stacks)]
        return any(
            all(row[at + place] & set(word) for place, word in enumerate(wanted.words))
            for at in range(len(row) - len(wanted.words) + 1)
        )

    def _prefix_terms(self, clauses: tuple[Clause, ...]):
        for clause in clauses:
            for wanted in clause.alternatives:
                if isinstance(wanted, Prefix) and not clause.negated:
                    letters = TermKind.FORM + wanted.letters
                    forms = {t for p in self.texts.values() for t in p.terms if t.startswith(letters)}
                    if forms:
                        words = tuple(sorted(form[1:] for form in forms))
                        weight = KIND_WEIGHTS[TermKind.WORD] / KIND_WEIGHTS[TermKind.FORM]
                        yield QueryTerm(TermKind.FORM, words, weight)
