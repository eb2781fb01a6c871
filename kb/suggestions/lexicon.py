"""The words that are known: those of the index, and those of the vocabulary's labels.

Who mistyped a Russian word waits for Russian words only: each script's are put together when they are
first asked for, and what labels are made of is remembered in the cache.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path

import msgspec

from kb.engines import Engine
from kb.languages import SCRIPTS, fold, knows, language, readers_of, scripts
from kb.languages.letters import script_of
from kb.models import Principle, TermKind
from kb.principles import Vocabulary
from kb.principles.cache import CacheFolder, key_of
from kb.principles.labels import analysis
from kb.suggestions.characters import Characters
from kb.suggestions.pinyin import Sounds
from kb.suggestions.spelling import NearWords
from kb.suggestions.transliteration import Romanised
from kb.word_lists import WordCounts

# A word of two or three letters may mean anything.
SHORTEST = 4


class Words:
    """Known words of one script, folded."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """`counts` tells how many passages hold each word (0: only a label does)."""
        self.counts = WordCounts(counts)

    @cached_property
    def near(self) -> NearWords:
        """Words of an alphabet by their spelling."""
        return NearWords(word for word in self.counts if len(word) >= SHORTEST)

    @cached_property
    def romanised(self) -> Romanised:
        """Russian words by their spelling in Latin letters."""
        return Romanised(self.counts)

    @cached_property
    def sounds(self) -> Sounds:
        """Chinese words by their pinyin."""
        return Sounds(self.counts)

    @cached_property
    def characters(self) -> Characters:
        """Chinese words by what may be mistaken for them."""
        return Characters(self.counts, self.sounds)

    def prepare_like(self, others: Words) -> None:
        """Make what was made of others."""
        for name in tuple(vars(others)):
            getattr(self, name)


class Lexicon:
    """Known words by script. Safe for threads."""

    def __init__(self, counts: Mapping[str, Callable[[], Mapping[str, int]]]) -> None:
        """`counts` gives the known words of each script; each is asked until it has given them once."""
        self._unasked = dict(counts)
        self._words: dict[str, Words] = {}
        self._asking = threading.Lock()

    def of(self, script: str) -> Words:
        """The known words of a script."""
        with self._asking:
            if script not in self._words:
                self._words[script] = Words(self._unasked[script]())
                del self._unasked[script]  # not after an error: it is asked again then
            return self._words[script]

    def knows(self, run: str, script: str) -> bool:
        """Whether a folded run of a script is a word of the index, the vocabulary or a dictionary.

        A form counts as known when the index holds another form of the same word.
        """
        if knows(run, script):
            return True
        counts = self.of(script).counts
        readers = readers_of(script) if script != "han" else ()
        return run in counts or any(word in counts for reader in readers for word in reader.words(run))

    def count(self, word: str) -> int:
        """How many passages hold a folded word; 0 for one that is not known, too."""
        return self.of(script_of(word)).counts.get(word, 0)

    def prepare_like(self, other: Lexicon) -> None:
        """Put together what was asked of another lexicon."""
        for script, words in tuple(other._words.items()):
            self.of(script).prepare_like(words)


def read_lexicon(engine: Engine, labels: LabelWords) -> Lexicon:
    """Gather the known words of an index, and of a vocabulary those that are asked for."""
    indexed: dict[str, dict[str, int]] = {script: {} for script in SCRIPTS}
    for term, passages in engine.words(TermKind.FORM):
        indexed[script_of(term[1:])][term[1:]] = passages
    for term, passages in engine.words(TermKind.WORD):
        word = term[1:]
        # Stems are no words: promis.
        if (script := script_of(word)) != "latin":
            indexed[script][word] = max(passages, indexed[script].get(word, 0))
    headlines = _runs(_headlines(engine))
    return Lexicon(
        {script: partial(_counts, indexed[script], headlines[script], labels, script) for script in SCRIPTS}
    )


def _counts(
    indexed: dict[str, int], headlines: Iterable[str], labels: LabelWords, script: str
) -> Mapping[str, int]:
    for word in _words(headlines, script):
        indexed[word] = max(1, indexed.get(word, 0))
    for word in labels.of(script):
        indexed.setdefault(word, 0)
    return indexed


class LabelWords:
    """The words of a vocabulary's labels by script."""

    def __init__(self, vocabulary: Vocabulary, cache: Path | None = None) -> None:
        """`cache` is a folder to remember them in: finding those of one script takes a tenth of a second."""
        self._vocabulary = vocabulary
        self._cache = CacheFolder(cache)

    def of(self, script: str) -> list[str]:
        """Those of a script."""
        labels = list(_labels(self._vocabulary))
        key = key_of(analysis(), msgspec.json.encode(labels))
        return self._cache.worked_out(
            f"label-words-{script}", key, list[str], lambda: list(_words(_runs(labels)[script], script))
        )


def _headlines(engine: Engine) -> Iterator[str]:
    for article in engine.articles():
        yield article.title
        yield from (section.heading for section in article.sections)


def _labels(vocabulary: Vocabulary) -> Iterator[str]:
    for concept in (*vocabulary.principles.values(), *vocabulary.terms.values()):
        yield from labels(concept)
        for hidden in concept.hidden_labels.values():
            yield from hidden


def labels(concept: Principle) -> Iterator[str]:
    """What a concept is called in any language."""
    yield from concept.pref_labels.values()
    for others in concept.alt_labels.values():
        yield from others


def _runs(texts: Iterable[str]) -> Mapping[str, set[str]]:
    """The folded runs of each script in texts."""
    runs: dict[str, set[str]] = {script: set() for script in SCRIPTS}
    for text in texts:
        for run in scripts(fold(text).text):
            runs[run.lastgroup or ""].add(run.group())
    return runs


def _words(runs: Iterable[str], script: str) -> Iterator[str]:
    """The words of runs as they stand, Chinese ones as jieba divides them and as whole runs."""
    for run in runs:
        if script == "han":
            yield from language("zh").words(run)
        yield run
