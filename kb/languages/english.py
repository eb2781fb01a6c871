"""English, and any other word in Latin letters or digits: Porter's Snowball stemmer (Porter 2001)."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from kb.languages.alphabetic import word_tokens
from kb.models import Token
from kb.word_lists import HashedWords

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer


# As stems, as all terms are.
QUESTION_WORDS = frozenset("what which who whom whose how when where whi do did doe".split())
FUNCTION_WORDS = QUESTION_WORDS | frozenset(
    "a an and are as at be been but by for from had has have he her his i if in into is it me my of"
    " on or our she so that the their them there these they this those to was we were will with would"
    " you your".split()
)


class English:
    """Analyses Latin runs."""

    code = "en"
    script = "latin"
    names = ("eng", "english", "английский", "英语", "英文")
    question_words = QUESTION_WORDS
    function_words = FUNCTION_WORDS

    def analyse(self, run: str, start: int, position: int) -> Sequence[Token]:
        """The stem of a word: promises -> promis."""
        return word_tokens(run, self.words(run), start, position)

    def words(self, run: str) -> Sequence[str]:
        """Its one stem."""
        return (stem(run),)

    def bases(self, form: str) -> Sequence[str]:
        """By its ending, without a dictionary: tried -> tried, tri, trie, try."""
        return uninflected(form)

    def knows(self, word: str) -> bool:
        """Whether SymSpell's list has it or what it is inflected from, in either spelling."""
        return any(base in _listed() or _british(base) in _listed() for base in uninflected(word))


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
_BRITISH = (
    (re.compile(r"ter$"), "tre"),
    (re.compile(r"([lbnv])or"), r"\1our"),
    (re.compile(r"iz(e|ing|ation)"), r"is\1"),
    (re.compile(r"emi"), "aemi"),
    (re.compile(r"og$"), "ogue"),
)
# SCOWL and Google Books: 82,765 words with their inflections, British spellings too, which
# pyspellchecker's list lacks.
_LIST = ("symspellpy", "frequency_dictionary_en_82_765.txt")
_FIRST_WORD = re.compile(r"^\S+", re.MULTILINE)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The Snowball stem of a folded word; numbers stay as they are."""
    with _STEMMING:
        stemmed: str = _stemmer().stemWord(word)
    return stemmed


# A stemmer in Python keeps the word it works on in itself, so threads must take turns.
_STEMMING = threading.Lock()


@cache
def _stemmer() -> BaseStemmer:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def uninflected(word: str) -> tuple[str, ...]:
    """What an English word may be an inflection of, itself first: tried -> tried, tri, trie, try."""
    found = [word]
    for ending, replacements in _ENGLISH_ENDINGS:
        rest = word.removesuffix(ending)
        if rest == word or len(rest) < _SHORTEST_STEM:
            continue
        if ending in _DOUBLING:
            if rest[-1] == rest[-2]:
                found.append(rest[:-1])  # planned -> plan
            if _SHORT_SYLLABLE.fullmatch(rest):
                found.append(rest + "e")  # caring -> care, not car
                continue
        found.extend(rest + replacement for replacement in replacements)
    return tuple(dict.fromkeys(found))


def _british(word: str) -> str:
    """The spelling that the list prefers: kilometer -> kilometre, septicemia -> septicaemia."""
    for ending, british in _BRITISH:
        word = ending.sub(british, word)
    return word


@cache
def _listed() -> HashedWords:
    package, file = _LIST
    return HashedWords(_FIRST_WORD.findall(resources.files(package).joinpath(file).read_text("utf-8-sig")))
