"""The words that are known: those of the index, and those of the vocabulary's labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from kb.engines import Engine
from kb.languages import fold, knows, language, readers_of, scripts
from kb.languages.letters import is_cyrillic, is_han
from kb.models import Principle, TermKind
from kb.principles import Vocabulary
from kb.suggestions.characters import Characters
from kb.suggestions.pinyin import Sounds
from kb.suggestions.spelling import NearWords
from kb.suggestions.transliteration import Romanised
from kb.word_lists import WordCounts

# A word of two or three letters may mean anything.
SHORTEST = 4


class Lexicon:
    """Known words, folded, with the number of passages that hold each (0: only a label does)."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = WordCounts(counts)

    def knows(self, run: str, script: str) -> bool:
        """Whether a folded run of a script is a word of the index, the vocabulary or a dictionary.

        A form counts as known when the index holds another form of the same word.
        """
        if run in self.counts or knows(run, script):
            return True
        readers = readers_of(script) if script != "han" else ()
        return any(word in self.counts for reader in readers for word in reader.words(run))

    @cached_property
    def near(self) -> NearWords:
        """Words of alphabets by their spelling."""
        return NearWords(word for word in self.counts if len(word) >= SHORTEST and not is_han(word))

    @cached_property
    def romanised(self) -> Romanised:
        """Russian words by their spelling in Latin letters."""
        return Romanised(word for word in self.counts if is_cyrillic(word))

    @cached_property
    def sounds(self) -> Sounds:
        """Chinese words by their pinyin."""
        return Sounds(self._chinese)

    @cached_property
    def characters(self) -> Characters:
        """Chinese words by what may be mistaken for them."""
        return Characters(self._chinese, self.sounds)

    @cached_property
    def _chinese(self) -> Mapping[str, int]:
        return WordCounts({word: count for word, count in self.counts.items() if is_han(word)})


def read_lexicon(engine: Engine, vocabulary: Vocabulary) -> Lexicon:
    """Gather the known words of an index and a vocabulary."""
    counts: dict[str, int] = {}
    for term, passages in engine.words(TermKind.FORM):
        counts[term[1:]] = passages
    for term, passages in engine.words(TermKind.WORD):
        word = term[1:]
        # Stems are no words: promis.
        if is_cyrillic(word) or is_han(word):
            counts[word] = max(passages, counts.get(word, 0))
    for word in _words(_headlines(engine)):
        counts[word] = max(1, counts.get(word, 0))
    for word in _words(_labels(vocabulary)):
        counts.setdefault(word, 0)
    return Lexicon(counts)


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


def _words(texts: Iterable[str]) -> Iterator[str]:
    """The words of texts as they stand, Chinese ones as jieba divides them and as whole runs."""
    for text in texts:
        for run in scripts(fold(text).text):
            if run.lastgroup == "han":
                yield from language("zh").words(run.group())
            yield run.group()
