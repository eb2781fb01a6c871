"""The vocabulary in use: the principles that tag, and the terms of the trade that bridge languages.

Both are SKOS files that lie beside this one. Another SKOS scheme can take the principles' place.
Parsing them takes about two seconds, so what was read is remembered in a cache, and what has the same
bytes is never parsed twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from kb.errors import InvalidRequest, VocabularyError
from kb.models import Principle
from kb.principles.cache import CacheFolder, Wanted, key_of
from kb.principles.skos import Scheme, read_graph, read_scheme, said_of

if TYPE_CHECKING:
    from rdflib import Graph

PRINCIPLES = Path(__file__).with_name("principles.ttl")
TRADE_TERMS = Path(__file__).with_name("trade_terms.ttl")

# Names the form of the cached data: another number makes old caches unreadable.
_CACHE_FORM = "1"


@dataclass(frozen=True)
class Vocabulary:
    """Principles and trade terms by id, in their schemes' order.

    `titles` are the principles' scheme's, by language. `models` are concepts of well-known models
    by IRI, which a principle's `matches` point to. `files` are what it was read from.
    """

    principles: Mapping[str, Principle]
    terms: Mapping[str, Principle]
    titles: Mapping[str, str]
    models: Mapping[str, Principle]
    files: tuple[Path, ...]

    @classmethod
    def load(cls, path: Path | None = None, cache: Path | None = None) -> Vocabulary:
        """Read our vocabulary, or the SKOS scheme at `path` with our trade terms.

        `cache` is a folder for what was parsed; it is made when it is not there. Raises
        VocabularyError, with file and line, when a scheme cannot be used.
        """
        files = (path or PRINCIPLES, TRADE_TERMS)
        scheme, trade = CacheFolder(cache).all_worked_out(Scheme, [_wanted(file) for file in files])
        return cls(
            principles=_by_id(scheme.concepts),
            terms=_by_id(trade.concepts),
            titles=MappingProxyType(scheme.titles),
            models=MappingProxyType({concept.iri: concept for concept in scheme.models}),
            files=files,
        )

    @property
    def title(self) -> str:
        """The scheme's title: in English, else in any language, else the file's name."""
        return self.titles.get("en") or next(iter(self.titles.values()), self.files[0].stem)

    @cached_property
    def digest(self) -> str:
        """A hash of everything read: it changes when the data does, not with comments or layout."""
        concepts = (self.principles, self.models, self.terms)
        return key_of(msgspec.json.encode([dict(self.titles), *map(dict, concepts)]))[:16]

    @cached_property
    def _graph(self) -> Graph:
        graph = read_graph(self.files[0])
        for file in self.files[1:]:
            graph += read_graph(file)
        return graph

    def tops(self) -> tuple[Principle, ...]:
        """The principles with nothing broader: where a page or a list begins."""
        return tuple(principle for principle in self.principles.values() if not principle.broader)

    def tagging(self) -> tuple[Principle, ...]:
        """The principles that tag passages, in the order of their scheme: groups do not."""
        return tuple(principle for principle in self.principles.values() if not principle.grouping)

    def export(self, form: str, concept: str | None = None) -> str:
        """Everything as "turtle", "jsonld" (both with all that the files say) or "csv"; of a
        `concept`, by its IRI, what is said of it, as one of the first two.

        CSV has one line per label, note and relation: id, type (principle, grouping or term),
        language, kind (a SKOS property), value. Raises `InvalidRequest` for another form.
        """
        if form == "csv":
            return _csv(self)
        if form not in ("turtle", "jsonld"):
            raise InvalidRequest(
                f"There is no export as “{form}”. Ask for turtle, jsonld or csv.", parameter="format"
            )
        graph = self._graph if concept is None else said_of(self._graph, concept)
        return graph.serialize(format="turtle" if form == "turtle" else "json-ld")


def _by_id(concepts: Iterable[Principle]) -> Mapping[str, Principle]:
    return MappingProxyType({concept.id: concept for concept in concepts})


# --- The cache -----------------------------------------------------------------------------------


def _wanted(path: Path) -> Wanted[Scheme]:
    """The scheme of a file, which need not be parsed when these very bytes were parsed before."""
    key = key_of(_CACHE_FORM, path.suffix, _content(path))
    return Wanted(f"vocabulary-{path.stem}", key, lambda: read_scheme(path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VocabularyError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a SKOS file."
        ) from error


# --- CSV -----------------------------------------------------------------------------------------


def _csv(vocabulary: Vocabulary) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["id", "type", "language", "kind", "value"])
    for concept in vocabulary.principles.values():
        writer.writerows(_rows(concept, "grouping" if concept.grouping else "principle"))
    for term in vocabulary.terms.values():
        writer.writerows(_rows(term, "term"))
    return file.getvalue()


def _rows(concept: Principle, type: str) -> Iterator[tuple[str, str, str, str, str]]:
    for language, label in concept.pref_labels.items():
        yield concept.id, type, language, "prefLabel", label
    several = {
        "altLabel": concept.alt_labels,
        "hiddenLabel": concept.hidden_labels,
        "weakLabel": concept.weak_labels,
        "notLabel": concept.not_labels,
    }
    for kind, labels in several.items():
        for language, texts in labels.items():
            yield from ((concept.id, type, language, kind, text) for text in texts)
    single = {
        "definition": concept.definitions,
        "scopeNote": concept.scope_notes,
        "example": concept.examples,
    }
    for kind, texts_by_language in single.items():
        for language, text in texts_by_language.items():
            yield concept.id, type, language, kind, text
    for kind, ids in {"broader": concept.broader, "related": concept.related}.items():
        yield from ((concept.id, type, "", kind, id) for id in ids)
