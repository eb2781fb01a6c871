"""A SKOS file → its concepts, as `Principle`s. Tolerant: whatever can be used of a scheme is used.

Any SKOS does (https://www.w3.org/TR/skos-reference/). Beyond it, the vocabulary's own properties
say how strong a label is as evidence:

    sb:weakLabel      supports other evidence, does not tag alone
    sb:notLabel       contains a label but means something else («машинное обучение»)
    sb:evidenceTerm   a concept of another scheme whose mention is evidence as good as a hidden label
    sb:weakTerm       … as a weak label
    sb:grouping       the concept only arranges those below it and never tags
"""

from __future__ import annotations

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kb.errors import VocabularyError
from kb.languages import detect
from kb.models import Principle

if TYPE_CHECKING:
    from rdflib import Graph, Literal, URIRef
    from rdflib.term import Node

_SB = "urn:servicebook:terms:"
FORMATS = {
    ".ttl": "turtle",
    ".turtle": "turtle",
    ".nt": "nt",
    ".jsonld": "json-ld",
    ".json": "json-ld",
    ".rdf": "xml",
    ".xml": "xml",
    ".owl": "xml",
}

Labels = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The vocabulary in a SKOS file: its titles by language, and its concepts in the file's order.

    A file may hold several concept schemes: the largest is the vocabulary, and `models` are the
    concepts of the others, which its matches point to.
    """

    titles: dict[str, str]
    concepts: tuple[Principle, ...]
    models: tuple[Principle, ...] = ()


def read_scheme(path: Path) -> Scheme:
    """Read the concept scheme of a Turtle, N-Triples, JSON-LD or RDF/XML file.

    Raises `VocabularyError`, with file and line, when it cannot be read, holds no concept, or gives
    one id to two concepts.
    """
    return _scheme_of(read_graph(path), path)


def read_graph(path: Path) -> Graph:
    """Parse a file as RDF, by its suffix. Raises `VocabularyError` with file and line."""
    from rdflib import Graph

    form = FORMATS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(FORMATS)
        raise VocabularyError(
            f"{path}: “{path.suffix}” is no form a vocabulary can be read from. Use one of {known}."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    if form == "json-ld":
        _refuse_remote_contexts(text, path)
    try:
        with warnings.catch_warnings():  # rdflib's JSON-LD parser uses a class rdflib has deprecated
            warnings.simplefilter("ignore", DeprecationWarning)
            return Graph().parse(data=text, format=form, publicID=path.resolve().as_uri())
    except Exception as error:  # each of rdflib's parsers has exceptions of its own
        line = _line_of(error)
        place = f"{path}:{line}" if line else str(path)
        raise VocabularyError(
            f"{place}: this is not well-formed {form}: {_first_line(error)}. Mend it there and try again."
        ) from error


def _scheme_of(graph: Graph, path: Path) -> Scheme:
    """The concept scheme in a graph; `path` is named in errors (see `read_scheme`)."""
    inside, outside = concepts_of(graph)
    if not inside:
        raise VocabularyError(f"{path}: holds no skos:Concept. A vocabulary needs at least one with a label.")
    ids = _distinct_ids(graph, inside, path)
    others = {iri: concept_id(graph, iri) for iri in outside}
    concepts = tuple(_concept(graph, iri, ids) for iri in inside)
    models = tuple(_concept(graph, iri, others) for iri in outside)
    scheme = _main_scheme(graph)
    return Scheme(_titles(graph, scheme) if scheme else {}, concepts, models)


def concepts_of(graph: Graph) -> tuple[list[URIRef], list[URIRef]]:
    """The concepts of the vocabulary, and those of other schemes in the same file, in its order."""
    homes = {iri: _homes(graph, iri) for iri in _concepts(graph)}
    main = _main_scheme(graph)
    inside = [iri for iri, schemes in homes.items() if not schemes or main is None or main in schemes]
    return inside, [iri for iri in homes if iri not in inside]


def said_of(graph: Graph, iri: str) -> Graph:
    """The part of a graph that speaks of one concept: its Concise Bounded Description (Stickler 2005)."""
    from rdflib import Graph, URIRef

    part = Graph(namespace_manager=graph.namespace_manager)
    return graph.cbd(URIRef(iri), target_graph=part)


def concept_id(graph: Graph, iri: URIRef) -> str:
    """A concept's id: its notation, or the last part of its IRI."""
    from rdflib.namespace import SKOS

    notations = sorted(str(notation).strip() for notation in graph.objects(iri, SKOS.notation))
    return notations[0] if notations else unquote(re.split(r"[#/:]", str(iri).rstrip("#/:"))[-1])


def literals(graph: Graph, iri: Node, predicate: URIRef) -> Iterator[tuple[Literal, str]]:
    """The texts of a property, each with its language: its tag, or by its script without one."""
    from rdflib import Literal

    for value in graph.objects(iri, predicate):
        if isinstance(value, Literal) and str(value).strip():
            yield value, _language(value)


def sb(name: str) -> URIRef:
    """The IRI of a property of ours."""
    from rdflib import URIRef

    return URIRef(_SB + name)


# --- From the graph ------------------------------------------------------------------------------


def _main_scheme(graph: Graph) -> Node | None:
    """The scheme with the most concepts, which is the vocabulary; the first of several as large."""
    from rdflib.namespace import RDF, SKOS

    sizes = dict.fromkeys(graph.subjects(RDF.type, SKOS.ConceptScheme), 0)
    for concept in _concepts(graph):
        for scheme in _homes(graph, concept) & sizes.keys():
            sizes[scheme] += 1
    return max(sizes, key=lambda scheme: sizes[scheme], default=None)


def _homes(graph: Graph, concept: URIRef) -> set[Node]:
    """The schemes a concept is in."""
    from rdflib.namespace import SKOS

    stated = {*graph.objects(concept, SKOS.inScheme), *graph.objects(concept, SKOS.topConceptOf)}
    return stated | {*graph.subjects(SKOS.hasTopConcept, concept)}


def _concepts(graph: Graph) -> list[URIRef]:
    """Whatever is a concept by its type or by having a preferred label, in the file's order."""
    from rdflib import URIRef
    from rdflib.namespace import RDF, SKOS

    typed = graph.subjects(RDF.type, SKOS.Concept)
    labelled = graph.subjects(SKOS.prefLabel, None)
    schemes = {*graph.subjects(RDF.type, SKOS.ConceptScheme)}
    found = dict.fromkeys([*typed, *labelled])
    return [iri for iri in found if isinstance(iri, URIRef) and iri not in schemes]


def _distinct_ids(graph: Graph, concepts: Iterable[URIRef], path: Path) -> dict[URIRef, str]:
    ids = {iri: concept_id(graph, iri) for iri in concepts}
    owners: dict[str, URIRef] = {}
    for iri, id in ids.items():
        if owners.setdefault(id, iri) != iri:
            raise VocabularyError(
                f"{path}: the id “{id}” belongs to <{owners[id]}> and to <{iri}>. "
                "Give each concept a skos:notation of its own."
            )
    return ids


def _titles(graph: Graph, scheme: Node) -> dict[str, str]:
    from rdflib.namespace import DC, DCTERMS, RDFS, SKOS

    titles: dict[str, str] = {}
    for predicate in (DCTERMS.title, SKOS.prefLabel, DC.title, RDFS.label):
        for text, language in literals(graph, scheme, predicate):
            titles.setdefault(language, str(text).strip())
    return titles


def _concept(graph: Graph, iri: URIRef, ids: dict[URIRef, str]) -> Principle:
    from rdflib.namespace import DCTERMS, SKOS

    names = _labels(graph, iri, SKOS.prefLabel)
    spare = {language: labels[1:] for language, labels in names.items()}
    return Principle(
        id=ids[iri],
        iri=str(iri),
        pref_labels={language: labels[0] for language, labels in names.items()},
        alt_labels=_joined(spare, _labels(graph, iri, SKOS.altLabel)),
        hidden_labels=_labels(graph, iri, SKOS.hiddenLabel),
        weak_labels=_labels(graph, iri, sb("weakLabel")),
        not_labels=_labels(graph, iri, sb("notLabel")),
        definitions=_texts(graph, iri, SKOS.definition),
        scope_notes=_texts(graph, iri, SKOS.scopeNote),
        examples=_texts(graph, iri, SKOS.example),
        broader=_neighbours(graph, iri, SKOS.broader, SKOS.narrower, ids),
        narrower=_neighbours(graph, iri, SKOS.narrower, SKOS.broader, ids),
        related=_neighbours(graph, iri, SKOS.related, SKOS.related, ids),
        matches=_iris(graph, iri, SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch,
                      SKOS.relatedMatch),
        sources=tuple(dict.fromkeys(map(str, graph.objects(iri, DCTERMS.source)))),
        evidence_terms=_iris(graph, iri, sb("evidenceTerm")),
        weak_terms=_iris(graph, iri, sb("weakTerm")),
        grouping=any(bool(value.toPython()) for value, _ in literals(graph, iri, sb("grouping"))),
    )  # fmt: skip


def _labels(graph: Graph, iri: URIRef, predicate: URIRef) -> Labels:
    """The labels by language. Of several tags of one language the plainest goes first (zh, zh-Hant)."""
    found: defaultdict[str, list[Literal]] = defaultdict(list)
    for value, language in literals(graph, iri, predicate):
        found[language].append(value)
    return {
        language: tuple(dict.fromkeys(str(value).strip() for value in sorted(values, key=_plainness)))
        for language, values in found.items()
    }


def _plainness(label: Literal) -> tuple[bool, int]:
    tag = (label.language or "").lower()
    return "hant" in tag or tag.endswith(("-tw", "-hk")), len(tag)


def _joined(*maps: Labels) -> Labels:
    joined: Labels = {}
    for labels in maps:
        for language, texts in labels.items():
            if texts:
                joined[language] = joined.get(language, ()) + texts
    return joined


def _texts(graph: Graph, iri: URIRef, predicate: URIRef) -> dict[str, str]:
    return {language: texts[0] for language, texts in _labels(graph, iri, predicate).items()}


def _neighbours(
    graph: Graph, iri: URIRef, ahead: URIRef, back: URIRef, ids: dict[URIRef, str]
) -> tuple[str, ...]:
    """The ids a relation leads to, whichever of the two concepts states it."""
    found = [*graph.objects(iri, ahead), *graph.subjects(back, iri)]
    return tuple(dict.fromkeys(ids[other] for other in found if other in ids and other != iri))  # type: ignore[index]


def _iris(graph: Graph, iri: URIRef, *predicates: URIRef) -> tuple[str, ...]:
    found = [str(other) for predicate in predicates for other in graph.objects(iri, predicate)]
    return tuple(dict.fromkeys(found))


def _language(text: Literal) -> str:
    """zh-Hans -> zh; a label without a tag goes by its script."""
    return text.language.split("-")[0].lower() if text.language else detect(str(text))


# --- When it cannot be read ----------------------------------------------------------------------


def _refuse_remote_contexts(text: str, path: Path) -> None:
    """A JSON-LD context on the web would be fetched while reading: a file must stand alone."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise VocabularyError(f"{path}:{error.lineno}: this is not well-formed JSON: {error.msg}.") from error
    for context in _contexts(data):
        if isinstance(context, str):
            raise VocabularyError(
                f"{path}: its @context is on the web ({context}), and nothing is fetched while a vocabulary "
                "is read. Write the context into the file."
            )


def _contexts(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("@context", "@import"):
                yield from value if isinstance(value, list) else [value]
            yield from _contexts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _contexts(value)


def _line_of(error: Exception) -> int | None:
    """The line that a parser of rdflib stumbled over, counted from 1."""
    lines = getattr(error, "lines", None)  # Turtle counts from 0
    if isinstance(lines, int):
        return lines + 1
    number = getattr(error, "getLineNumber", None)  # XML
    if number is not None:
        return int(number())
    found = re.search(r"line (\d+)", str(error))
    return int(found.group(1)) if found else None


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = [line for line in str(getattr(error, "_why", error)).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
