"""What is wrong with a SKOS scheme: the integrity conditions of SKOS, and what a tagger needs besides.

Errors break SKOS or make tags ambiguous; warnings are for an editor to judge. The conditions S9, S13
to S16, S27 and S46 are those of https://www.w3.org/TR/skos-reference/.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import VocabularyError
from kb.languages import fold
from kb.models import Problem
from kb.principles.labels import pieces
from kb.principles.skos import concept_id, concepts_of, literals, read_graph, sb
from kb.principles.vocabulary import PRINCIPLES, TRADE_TERMS

if TYPE_CHECKING:
    from rdflib import Graph, URIRef

# The kinds of labels that speak for a concept; a not-label speaks against it.
_SPEAKING = ("prefLabel", "altLabel", "hiddenLabel", "weakLabel")


def check(path: Path | None = None) -> list[Problem]:
    """What is wrong with the scheme at `path`, or with ours, both files together.

    An empty list means that nothing is. A file that cannot be read at all is one problem, too.
    """
    files = (path,) if path else (PRINCIPLES, TRADE_TERMS)
    try:
        schemes = [_Scheme(file, read_graph(file)) for file in files]
    except VocabularyError as error:
        return [_unreadable(error, files[0])]
    problems = [problem for scheme in schemes for condition in _CONDITIONS for problem in condition(scheme)]
    problems.extend(_shared_labels(schemes))
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.code))


@dataclass(frozen=True)
class _Label:
    """A label as it is compared: a concept's, of a kind, in a language."""

    scheme: _Scheme
    concept: URIRef
    kind: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The id of its concept."""
        return self.scheme.name(self.concept)

    @property
    def folded(self) -> str:
        """Without case, ё and Traditional characters."""
        return " ".join(fold(self.text).text.split())

    @property
    def lemmas(self) -> str:
        """What a matcher sees of it, in the likeliest reading of each word."""
        return " ".join(readings[0] for _, words in pieces(self.text) for readings in words)


@dataclass(frozen=True, eq=False)
class _Scheme:
    """A parsed file: its concepts, and where each stands."""

    path: Path
    graph: Graph

    @cached_property
    def concepts(self) -> list[URIRef]:
        return concepts_of(self.graph)[0]

    @cached_property
    def labels(self) -> list[_Label]:
        from rdflib.namespace import SKOS

        properties = {kind: SKOS[kind] for kind in _SPEAKING[:3]} | {"weakLabel": sb("weakLabel")}
        return [
            _Label(self, concept, kind, language, str(text).strip())
            for concept in self.concepts
            for kind, property in properties.items()
            for text, language in literals(self.graph, concept, property)
        ]

    def name(self, concept: URIRef) -> str:
        return concept_id(self.graph, concept)

    def problem(self, code: str, concept: URIRef, message: str, severity: str = "error") -> Problem:
        return Problem(str(self.path), self.line(concept), code, message, severity)

    def line(self, concept: URIRef) -> int | None:
        """The line where a concept's description seems to begin."""
        last = re.escape(re.split(r"[#/:]", str(concept))[-1])
        for number, text in enumerate(self._lines, 1):
            if re.match(rf"""\s*(<[^>]*|[\w.-]*:|.*(?:about|@id)\W.*){last}\W""", text + " "):
                return number
        return None

    @cached_property
    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8-sig").splitlines()


def _unreadable(error: VocabularyError, file: Path) -> Problem:
    found = re.match(re.escape(str(file)) + r":(\d+)", str(error))
    return Problem(str(file), int(found.group(1)) if found else None, "unreadable", str(error), "error")


# --- Conditions on one scheme --------------------------------------------------------------------


def _has_concepts(scheme: _Scheme) -> Iterator[Problem]:
    if not scheme.concepts:
        message = "Holds no skos:Concept. A vocabulary needs at least one with a label."
        yield Problem(str(scheme.path), None, "no-concepts", message, "error")


def _one_id_each(scheme: _Scheme) -> Iterator[Problem]:
    owners: defaultdict[str, list[URIRef]] = defaultdict(list)
    for concept in scheme.concepts:
        owners[scheme.name(concept)].append(concept)
    for id, (first, *others) in owners.items():
        for other in others:
            yield scheme.problem("duplicate-notation", other, f"The id “{id}” is that of <{first}>, too.")


def _one_pref_label(scheme: _Scheme) -> Iterator[Problem]:
    """S14: no more than one preferred label for each language tag."""
    from rdflib.namespace import SKOS

    for concept in scheme.concepts:
        name = scheme.name(concept)
        labels = literals(scheme.graph, concept, SKOS.prefLabel)
        tags = Counter((text.language or "").lower() for text, _ in labels)
        for tag, count in tags.items():
            if count > 1:
                message = f"“{name}” has {count} preferred labels in “{tag}”. Make all but one altLabel."
                yield scheme.problem("several-pref-labels", concept, message)
        if not tags:
            message = f"“{name}” has no preferred label. Give it one in each language."
            yield scheme.problem("no-label", concept, message)


def _every_language(scheme: _Scheme) -> Iterator[Problem]:
    """A preferred label in each language that any concept has one in."""
    spoken: defaultdict[URIRef, set[str]] = defaultdict(set)
    for label in scheme.labels:
        if label.kind == "prefLabel":
            spoken[label.concept].add(label.language)
    languages = set().union(*spoken.values())
    for concept, known in spoken.items():
        for language in sorted(languages - known):
            message = f"“{scheme.name(concept)}” has no preferred label in “{language}”."
            yield scheme.problem("missing-language", concept, message, "warning")


def _disjoint_labels(scheme: _Scheme) -> Iterator[Problem]:
    """S13: a label is preferred, alternative or hidden, in each language, not two of them."""
    kinds: defaultdict[tuple[URIRef, str, str], list[str]] = defaultdict(list)
    for label in scheme.labels:
        kinds[label.concept, label.language, label.folded].append(label.kind)
    for (concept, language, text), found in kinds.items():
        if len(set(found)) > 1:
            both = " and as ".join(dict.fromkeys(found))
            message = f"“{scheme.name(concept)}” has “{text}”@{language} as {both}. Keep the strongest."
            yield scheme.problem("overlapping-labels", concept, message)


def _known_targets(scheme: _Scheme) -> Iterator[Problem]:
    from rdflib.namespace import SKOS

    known = set(scheme.concepts)
    for concept in scheme.concepts:
        for property in (SKOS.broader, SKOS.narrower, SKOS.related):
            for other in scheme.graph.objects(concept, property):
                if other not in known:
                    name = scheme.name(concept)
                    message = f"“{name}” is linked to <{other}>, which is no concept of this scheme."
                    yield scheme.problem("unknown-concept", concept, message)


def _known_evidence(scheme: _Scheme) -> Iterator[Problem]:
    """The trade terms that are evidence for a principle are there."""
    named = [
        (concept, kind, term)
        for concept in scheme.concepts
        for kind in ("evidenceTerm", "weakTerm")
        for term in scheme.graph.objects(concept, sb(kind))
    ]
    known = {*scheme.concepts, *(concepts_of(read_graph(TRADE_TERMS))[0] if named else ())}
    for concept, kind, term in named:
        if term not in known:
            message = f"“{scheme.name(concept)}” has <{term}> as sb:{kind}, which is no term of the trade."
            yield scheme.problem("unknown-concept", concept, message)


def _no_cycles(scheme: _Scheme) -> Iterator[Problem]:
    """A concept must not be broader than itself, by however many steps."""
    reported: set[URIRef] = set()
    ancestors = _ancestors(scheme)
    for concept in scheme.concepts:
        if concept in ancestors[concept] and concept not in reported:
            cycle = [other for other in ancestors[concept] if concept in ancestors[other]]
            reported.update(cycle)
            names = ", ".join(f"“{scheme.name(other)}”" for other in sorted(cycle))
            message = f"These concepts are broader than themselves: {names}. Take out one skos:broader."
            yield scheme.problem("broader-cycle", concept, message)


def _related_apart_from_broader(scheme: _Scheme) -> Iterator[Problem]:
    """S27: what is broader, by however many steps, is not also related."""
    from rdflib.namespace import SKOS

    ancestors = _ancestors(scheme)
    for concept in scheme.concepts:
        for other in scheme.graph.objects(concept, SKOS.related):
            if other in ancestors[concept] or concept in ancestors.get(other, ()):  # type: ignore[call-overload]
                name = scheme.name(concept)
                message = f"“{name}” is related to <{other}>, which is broader or narrower already."
                yield scheme.problem("related-and-broader", concept, message)


def _symmetric_relations(scheme: _Scheme) -> Iterator[Problem]:
    from rdflib.namespace import SKOS

    graph = scheme.graph
    known = set(scheme.concepts)
    pairs = ((SKOS.related, SKOS.related), (SKOS.broader, SKOS.narrower), (SKOS.narrower, SKOS.broader))
    for there, back in pairs:
        if back is not there and not any(graph.triples((None, back, None))):
            continue  # a scheme that states only one direction does so throughout
        for concept in scheme.concepts:
            for other in graph.objects(concept, there):
                if other in known and (other, back, concept) not in graph:
                    names = f"“{scheme.name(concept)}” and “{scheme.name(other)}”"  # type: ignore[arg-type]
                    kind = str(there).rsplit("#")[-1]
                    message = f"{names} are linked by skos:{kind} in one direction only. State both."
                    yield scheme.problem("one-way-relation", concept, message, "warning")


def _ancestors(scheme: _Scheme) -> Mapping[URIRef, set[URIRef]]:
    """Each concept's broader ones, by however many steps (itself too, in a cycle)."""
    from rdflib.namespace import SKOS

    graph = scheme.graph
    parents = {
        concept: {*graph.objects(concept, SKOS.broader), *graph.subjects(SKOS.narrower, concept)}
        for concept in scheme.concepts
    }
    found: dict[URIRef, set[URIRef]] = {}
    for concept in scheme.concepts:
        reached: set[URIRef] = set()
        waiting = list(parents[concept])
        while waiting:
            parent = waiting.pop()
            if parent in parents and parent not in reached:
                reached.add(parent)  # type: ignore[arg-type]
                waiting.extend(parents[parent])  # type: ignore[index]
        found[concept] = reached
    return found


_CONDITIONS: tuple[Callable[[_Scheme], Iterator[Problem]], ...] = (
    _has_concepts,
    _one_id_each,
    _one_pref_label,
    _every_language,
    _disjoint_labels,
    _known_targets,
    _known_evidence,
    _no_cycles,
    _related_apart_from_broader,
    _symmetric_relations,
)


# --- A condition on all of them ------------------------------------------------------------------


def _shared_labels(schemes: Sequence[_Scheme]) -> Iterator[Problem]:
    """No label speaks for two concepts: the same text is an error, the same lemmas are a warning.

    A word that hints at a principle may name a term of the trade: «опоздать» is a delay.
    """
    labels = [label for scheme in schemes for label in scheme.labels]
    for one, other in _pairs(labels, lambda label: label.folded):
        if not _hints(one, other):
            yield _not_told_apart(one, other, "shared-label", "error")
    for one, other in _pairs(labels, lambda label: label.lemmas):
        if one.folded != other.folded and not _hints(one, other):
            yield _not_told_apart(one, other, "shared-lemmas", "warning")


def _hints(one: _Label, other: _Label) -> bool:
    """Whether one of two labels of different schemes is but a weak one."""
    return one.scheme is not other.scheme and "weakLabel" in (one.kind, other.kind)


def _pairs(labels: Sequence[_Label], key: Callable[[_Label], str]) -> Iterator[tuple[_Label, _Label]]:
    """The labels of different concepts that have the same key in the same language."""
    owners: defaultdict[tuple[str, str], dict[URIRef, _Label]] = defaultdict(dict)
    for label in labels:
        owners[label.language, key(label)].setdefault(label.concept, label)
    for by_concept in owners.values():
        yield from combinations(by_concept.values(), 2)


def _not_told_apart(one: _Label, other: _Label, code: str, severity: str) -> Problem:
    message = (
        f"“{other.text}”@{other.language} of “{other.name}” ({other.kind}) cannot be told from "
        f"“{one.text}” of “{one.name}” ({one.kind}). Leave it to the one it names best."
    )
    return other.scheme.problem(code, other.concept, message, severity)
