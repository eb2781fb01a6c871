"""English, and any other word in Latin letters or digits: Porter's Snowball stemmer (Porter 2001)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kb.languages.alphabetic import word_tokens
from kb.models import Token

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
    question_words = QUESTION_WORDS
    function_words = FUNCTION_WORDS

    def analyse(self, run: str, start: int, position: int) -> Sequence[Token]:
        """The stem of a word: promises -> promis."""
        return word_tokens(run, self.words(run), start, position)

    def words(self, run: str) -> Sequence[str]:
        """Its one stem."""
        return (stem(run),)


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
