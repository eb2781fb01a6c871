"""Texts and queries to measure with: made from the starter corpus, or taken from a BEIR data set.

Sentences of the starter corpus are drawn anew, and a part of their words is replaced by draws from
a Zipf-Mandelbrot distribution (Mandelbrot 1953) over the corpus' own words, most frequent first,
and behind them coined ones. So a few words are in every third passage, most are rare, and the
vocabulary keeps growing with the number of passages, as in any large collection.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path

import numpy as np

from kb import evaluation, languages, passages, readers
from kb.languages.chinese_words import segment
from kb.models import Article, Block, BlockKind, Passage, Section
from kb.settings import load

SEED = 20261122
REPLACED = 0.35
VOCABULARY = 200_000
MOST_FILES = 100  # of each language, to draw sentences from
# Zipf-Mandelbrot: a word of rank r is drawn with a probability in proportion to 1 / (r + SHIFT) ** EXPONENT.
EXPONENT, SHIFT = 1.05, 2.7
PASSAGES_PER_ARTICLE, PASSAGES_PER_SECTION = 25, 5
LONG, LONGEST_SHORT = 9, 3

Indexed = tuple[Article, Sequence[Passage] | None]
_WORDS = {"ru": re.compile(r"([а-яёА-ЯЁ]+)"), "zh": re.compile(r"([\u4e00-\u9fff]+)")}
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；])|\n")


@dataclass(frozen=True, slots=True)
class AskedText:
    """A query: as typed, and as the finished terms of one kind (each word's likeliest lemma)."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """Articles to index, and queries that they can answer."""

    articles: Sequence[Indexed]
    long: Sequence[AskedText]
    short: Sequence[AskedText]

    def passages(self) -> Iterator[Passage]:
        """The passages of all articles, in order."""
        for article, units in self.articles:
            yield from passages.split(article) if units is None else units


def make(size: int, queries: int) -> Material:
    """A collection of `size` passages, half Russian and half Chinese, with its queries."""
    chance = random.Random(SEED)
    whole, rest = divmod(size, PASSAGES_PER_ARTICLE)
    counts = [PASSAGES_PER_ARTICLE] * whole + [rest] * bool(rest)
    articles = list(_articles(counts, chance))
    asked = list(_questions(articles, queries, chance))
    return Material(
        [(article, None) for article in articles], asked, [_shortened(question, chance) for question in asked]
    )


def articles() -> Iterator[Article]:
    """The articles of an endless collection, made as they are asked for."""
    return _articles(repeat(PASSAGES_PER_ARTICLE), random.Random(SEED))


def as_markdown(article: Article) -> str:
    """An article as its author would have written it."""
    parts = [f"# {article.title}"]
    for section in article.sections:
        parts += [f"## {section.heading}", *(block.text for block in section.blocks)]
    return "\n\n".join(parts) + "\n"


def from_data_set(folder: Path, size: int, queries: int) -> Material:
    """The first `size` lines and some queries of a data set in BEIR form."""
    data = evaluation.read(folder)
    articles = list(evaluation._articles(data.corpus[:size], {}))
    chance = random.Random(SEED)
    texts = chance.sample(list(data.queries.values()), min(queries, len(data.queries)))
    asked = [AskedText(text, tuple(dict.fromkeys(word_terms(text)))[:LONG]) for text in texts]
    asked = [question for question in asked if question.terms]
    return Material(articles, asked, [_shortened(question, chance) for question in asked])


def word_terms(text: str) -> list[str]:
    """The words of a text in order, as terms of one kind: the likeliest lemma of each."""
    found: list[str] = []
    for run in languages.scripts(languages.fold(text).text):
        if run.lastgroup == "han":
            found += segment(run.group())
        else:
            code = "ru" if run.lastgroup == "cyrillic" else "en"
            found.append(languages.language(code).words(run.group())[0])
    return found


# --- Making texts ---


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """What texts of a language are made of: sentences in pieces, and words, most frequent first."""

    sentences: Sequence[Sequence[str]]
    vocabulary: Sequence[str]


@cache
def _lexicon(code: str) -> _Lexicon:
    sentences = [_pieces(code, sentence) for sentence in _sentences(code)]
    frequencies = Counter(piece for pieces in sentences for piece in pieces[1::2])
    known = [word for word, _ in frequencies.most_common()]
    return _Lexicon(sentences, [*known, *_coined(known, frequencies, VOCABULARY - len(known))])


class _Words:
    """The sentences of one language, with other words each time."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._lexicon = _lexicon(code)
        self._draws = self._drawn_words()

    def _drawn_words(self) -> Iterator[str]:
        vocabulary = self._lexicon.vocabulary
        odds = 1 / (np.arange(len(vocabulary)) + SHIFT) ** EXPONENT
        chance = np.random.default_rng(SEED)
        while True:
            for rank in chance.choice(len(vocabulary), 100_000, p=odds / odds.sum()):
                yield vocabulary[rank]

    def sentence(self, chance: random.Random) -> str:
        """A sentence of the corpus with some of its words replaced."""
        pieces = list(chance.choice(self._lexicon.sentences))
        for place in range(1, len(pieces), 2):
            if chance.random() < REPLACED:
                pieces[place] = next(self._draws)
        return "".join(pieces)


def _sentences(code: str) -> tuple[str, ...]:
    files = sorted((load(corpus=None).corpus_path / code).glob("*.md"))[:MOST_FILES]
    texts = [
        block.text
        for file in files
        for article in readers.read(file).articles
        for section in article.sections
        for block in section.blocks
    ]
    return tuple(s for text in texts for part in _SENTENCE.split(text) if len(s := part.strip()) > 12)


def _pieces(code: str, sentence: str) -> list[str]:
    """A sentence as what stands between words (even places) and words (odd places)."""
    pieces = _WORDS[code].split(sentence)
    if code == "ru":
        return pieces
    found = [pieces[0]]
    for run, after in zip(pieces[1::2], pieces[2::2], strict=True):
        for word in segment(run):
            found += [word, ""]
        found[-1] = after
    return found


def _coined(known: Sequence[str], frequencies: Counter[str], count: int) -> Iterator[str]:
    """New words, each the beginning of one known word and the end of another."""
    chance = random.Random(SEED)
    weights = [frequencies[word] for word in known]
    seen = set(known)
    while len(seen) < len(known) + count:
        for one, other in zip(*(chance.choices(known, weights, k=count) for _ in range(2)), strict=True):
            word = one[: (len(one) + 1) // 2] + other[len(other) // 2 :]
            if word not in seen:
                seen.add(word)
                yield word


def _articles(counts: Iterable[int], chance: random.Random) -> Iterator[Article]:
    """Articles of so many passages, by turns in both languages."""
    words = [_Words("ru"), _Words("zh")]
    for number, passages_in_it in enumerate(counts):
        yield _article(words[number % 2], number, passages_in_it, chance)


def _article(words: _Words, number: int, count: int, chance: random.Random) -> Article:
    return Article(
        title=words.sentence(chance)[:60],
        language=words.code,
        locale=words.code,
        sections=tuple(
            Section(words.sentence(chance)[:40], 1, tuple(_block(words, chance) for _ in range(blocks)))
            for at in range(0, count, PASSAGES_PER_SECTION)
            if (blocks := min(PASSAGES_PER_SECTION, count - at))
        ),
        id=f"made-{number:06}",
    )


def _block(words: _Words, chance: random.Random) -> Block:
    text = " ".join(words.sentence(chance) for _ in range(chance.randint(1, 4)))
    # A block that ends in a colon would lead in to the next, and both would be one passage.
    return Block(BlockKind.PARAGRAPH, text.rstrip(" :：") + ".")


# --- Making queries ---


def _questions(articles: Sequence[Article], count: int, chance: random.Random) -> Iterator[AskedText]:
    """Nine words in a row of passages drawn at random, as a question holds nine."""
    while count:
        article = chance.choice(articles)
        text = chance.choice(chance.choice(article.sections).blocks).text
        words = list(_runs(article.language, text))
        if len(words) < LONG:
            continue
        at = chance.randint(0, len(words) - LONG)
        asked = ("" if article.language == "zh" else " ").join(words[at : at + LONG])
        if terms := word_terms(asked)[:LONG]:
            count -= 1
            yield AskedText(asked, tuple(dict.fromkeys(terms)))


def _runs(code: str, text: str) -> Iterator[str]:
    pieces = _pieces(code, text)
    return (word for word in pieces[1::2] if word)


def _shortened(question: AskedText, chance: random.Random) -> AskedText:
    """One to three of the words of a question that carry a meaning, as most searches are typed."""
    telling = [term for term in question.terms if term not in languages.function_words()] or question.terms
    kept = chance.sample(telling, min(chance.randint(1, LONGEST_SHORT), len(telling)))
    return AskedText(" ".join(kept), tuple(kept))
