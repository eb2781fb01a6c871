"""A label → what its words may be read as: what a matcher looks for.

Labels are compared inflection aside: by any lemma of a Russian form, by what an English form may be
inflected from, and by Han characters one by one, so that a different segmentation hides nothing.
English stems would be too coarse: custom is the stem of customer and of customisation. A label may
leave a gap: «поставить себя … на место» allows up to three words where the ellipsis stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import kb.languages
from kb.languages import LANGUAGES, fold, language, scripts
from kb.models import TermKind
from kb.principles.cache import Cache, key_of

# How many words may stand where a label has an ellipsis.
GAP = 3

_ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)\s*")
_COMMA = re.compile(r"[,，]\s*")

# English inflection, without a dictionary: an ending, and what may have stood in its place.
_ENGLISH_ENDINGS = (
    ("s", ("",)),  # promises -> promise
    ("es", ("",)),  # wishes -> wish
    ("ies", ("y",)),  # queries -> query
    ("ed", ("", "e")),  # listened -> listen, promised -> promise
    ("ied", ("y",)),  # tried -> try
    ("ing", ("", "e")),  # listening -> listen, caring -> care
)
_SHORTEST_STEM = 2
_DOUBLING = ("ed", "ing")
# Such a stem would have doubled its last letter: car -> carring.
_SHORT_SYLLABLE = re.compile(r"[^aeiouy]*[aeiouy][^aeiouywx]")

Readings = Sequence[str]
"""What one word may be read as."""

Piece = tuple[int, Sequence[Readings]]
"""Words side by side, and how many other words may stand before them (none before the first piece)."""


def read_labels(labels: Iterable[str], cache: Path | None = None) -> dict[str, list[Piece]]:
    """The pieces of each label; a label without words has none.

    `cache` is a folder to remember them in, as looking up thousands of words takes a second or two.
    """
    distinct = sorted(set(labels))
    key = key_of(_analysis(), *distinct)
    remembered = Cache(cache).get("labels", key)
    if remembered is not None:
        return dict(remembered)
    read = {label: pieces(label) for label in distinct}
    Cache(cache).put("labels", key, read)
    return read


def _analysis() -> str:
    """Changes when words may be read in another way than before."""
    sources = [*Path(kb.languages.__file__).parent.glob("*.py"), Path(__file__)]
    libraries = ["pymorphy3", "pymorphy3-dicts-ru", "opencc"]
    return key_of(*(path.read_bytes() for path in sorted(sources)), *map(version, libraries))


def pieces(label: str) -> list[Piece]:
    """The pieces of a label: «поставить себя … на место» has two."""
    found: list[Piece] = []
    for number, part in enumerate(_ELLIPSIS.split(label)):
        for place, phrase in enumerate(_COMMA.split(part)):
            words = list(readings(phrase))
            if words:
                found.append((GAP if found and number and not place else 0, words))
    return found


def readings(phrase: str) -> Iterator[Readings]:
    """What each word of a phrase, and each Han character, may be read as.

    A label stands in dictionary form, so a Russian word that is a lemma of itself means just that one.
    """
    for run in scripts(fold(phrase).text):
        word = run.group()
        if run.lastgroup == "han":
            yield from ((character,) for character in word)
        elif run.lastgroup == "latin":
            yield uninflected(word)
        else:
            lemmas = _lemmas(word, run.lastgroup or "")
            yield (word,) if word in lemmas else lemmas


@lru_cache(maxsize=10_000)
def _lemmas(word: str, script: str) -> tuple[str, ...]:
    """What a word may stand for in any language of its script."""
    readers = [reader for reader in map(language, LANGUAGES) if reader.script == script]
    tokens = [token for reader in readers for token in reader.analyse(word, 0, 0)]
    return tuple(dict.fromkeys(token.term for token in tokens if token.kind is TermKind.WORD))


@lru_cache(maxsize=10_000)
def uninflected(word: str) -> tuple[str, ...]:
    """What an English word may be an inflection of, itself first: tried -> tried, tri, trie, try."""
    found = [word]
    for ending, replacements in _ENGLISH_ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST_STEM:
            continue
        if ending in _DOUBLING:
            if stem[-1] == stem[-2]:
                found.append(stem[:-1])  # planned -> plan
            if _SHORT_SYLLABLE.fullmatch(stem):
                found.append(stem + "e")  # caring -> care, not car
                continue
        found.extend(stem + replacement for replacement in replacements)
    return tuple(dict.fromkeys(found))
