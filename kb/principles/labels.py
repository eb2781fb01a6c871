"""A label → what its words may be read as: what a matcher looks for.

Labels are compared inflection aside: by any lemma of a Russian form, by what an English form may be
inflected from, and by Han characters one by one, so that a different segmentation hides nothing.
English stems would be too coarse: custom is the stem of customer and of customisation. A label may
leave a gap: «поставить себя … на место» allows up to three words where the ellipsis stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import msgspec

import kb.languages
from kb.languages import bases, fold, scripts
from kb.principles.cache import CacheFolder, Wanted, key_of

# Processes that begin at the same time share so many parts of the work.
_PARTS = 4
# How many words may stand where a label has an ellipsis.
_GAP = 3

_LIBRARIES = ("jieba", "pymorphy3", "pymorphy3_dicts_ru", "opencc")

_ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)\s*")
_COMMA = re.compile(r"[,，]\s*")

Readings = Sequence[str]
"""What one word may be read as."""

Piece = tuple[int, Sequence[Readings]]
"""Words side by side, and how many other words may stand before them (none before the first piece)."""


def read_labels(labels: Iterable[str], cache: Path | None = None) -> dict[str, list[Piece]]:
    """The pieces of each label; a label without words has none.

    `cache` is a folder to remember them in, as looking up thousands of words takes a second or two.
    """
    distinct = list(dict.fromkeys(labels))
    key = key_of(analysis(), msgspec.json.encode(distinct))
    parts = (distinct[first::_PARTS] for first in range(_PARTS))
    wanted = [Wanted(f"labels-{n}", key, partial(_pieces_of, part)) for n, part in enumerate(parts)]
    found = CacheFolder(cache).all_worked_out(dict[str, list[Piece]], wanted)
    return {label: pieces for part in found for label, pieces in part.items()}


def _pieces_of(labels: Iterable[str]) -> dict[str, list[Piece]]:
    return {label: pieces(label) for label in labels}


@cache
def analysis() -> str:
    """A key that changes when words may be read in another way than before."""
    sources = [*Path(kb.languages.__file__).parent.glob("*.py"), Path(__file__)]
    return key_of(*(path.read_bytes() for path in sorted(sources)), *sorted(_installed(*_LIBRARIES)))


def _installed(*libraries: str) -> Iterator[str]:
    """The versions of libraries, as what lies beside them is called: pymorphy3-2.0.6.dist-info.

    Asking importlib.metadata takes as long as all labels.
    """
    for library in libraries:
        package = find_spec(library)
        assert package and package.origin
        for place in Path(package.origin).parents[1].glob(f"{library}-*"):
            yield place.name


def pieces(label: str) -> list[Piece]:
    """The pieces of a label: «поставить себя … на место» has two."""
    found: list[Piece] = []
    for number, part in enumerate(_ELLIPSIS.split(label)):
        for place, phrase in enumerate(_COMMA.split(part)):
            words = list(readings(phrase))
            if words:
                found.append((_GAP if found and number and not place else 0, words))
    return found


def readings(phrase: str) -> Iterator[Readings]:
    """What each word of a phrase, and each Han character, may be read as.

    A label stands in dictionary form, so a Russian word that is a lemma of itself means just that one.
    """
    for run in scripts(fold(phrase).text):
        word = run.group()
        if run.lastgroup == "han":
            yield from ((character,) for character in word)
        else:
            found = bases(word, run.lastgroup or "")
            yield (word,) if word in found and run.lastgroup != "latin" else found
