"""Frequent phrases of the corpus as they are written: обратная связь, 服务标准, point of contact.

They are counted in the passages' own text: the index's pairs of lemmas («обратный связь») cannot be
read by people, and a large index has millions. An evenly spaced sample of articles, bounded in
characters, holds what is frequent, and gives the same phrases every time. A phrase grows word by
word and only while it is frequent (Agrawal & Srikant 1994), so most are never looked at.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.engines import Engine
from kb.languages import detect, fold, function_words, readers_of, russian, scripts
from kb.languages.chinese_words import segment, share
from kb.models import Article

# About half a second of counting.
_SAMPLE = 300_000
_MOST_WORDS = {"cyrillic": 4, "latin": 4, "han": 2}
_LEAST_COUNT = 3
# A phrase of one article alone is its author's, not the corpus's.
_LEAST_ARTICLES = 2
_MOST_PHRASES = 5_000
_LEAST_LETTERS = 2
# A single Chinese word is worth suggesting when it is so many times as frequent as elsewhere.
_CHARACTERISTIC = 5

# What stands inside a sentence without a pause.
_CLAUSE = re.compile(r"[^.,!?…;:()«»\"“”„|\n。，！？；：、（）《》「」—–]+")

_Lemmas = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrequentPhrase:
    """A phrase as it is usually written, its language, and how often the sample holds it in any form."""

    text: str
    language: str
    count: int


@dataclass(frozen=True, slots=True)
class _Row:
    """Words of one script that stand side by side: their lemmas, and their spans in the clause."""

    article: int
    clause: str
    script: str
    lemmas: _Lemmas
    spans: tuple[tuple[int, int], ...]


def frequent_phrases(engine: Engine) -> list[FrequentPhrase]:
    """The most frequent phrases of two to four words (for Chinese of one or two), by frequency."""
    rows = [row for article, text in _sample(engine) for row in _rows(article, text)]
    found = [
        FrequentPhrase(_best_form(forms), detect(next(iter(forms))), forms.total())
        for forms in _forms(rows, _frequent(rows)).values()
    ]
    return sorted(_whole(found), key=lambda phrase: (-phrase.count, phrase.text))[:_MOST_PHRASES]


def _sample(engine: Engine) -> Iterator[tuple[int, str]]:
    """Texts of articles at even distances, with the article's number, up to the bound."""
    left = _SAMPLE
    for number, article in enumerate(_evenly(engine.articles())):
        found = engine.article(article.id)
        for passage in found[1] if found else ():
            yield number, passage.text
            left -= len(passage.text)
            if left < 0:
                return


def _evenly(articles: Sequence[Article]) -> Iterator[Article]:
    """Every seventh first, so that a sample is not the beginning of the alphabet."""
    for offset in range(7):
        yield from articles[offset::7]


def _rows(article: int, text: str) -> Iterator[_Row]:
    for clause in _CLAUSE.findall(text):
        folded = fold(clause)
        row: list[tuple[str, tuple[int, int]]] = []
        script = ""
        for run in scripts(folded.text):
            if run.lastgroup != script and row:
                yield _row(article, clause, script, row)
                row = []
            script = run.lastgroup or ""
            at = run.start()
            for word in segment(run.group()) if script == "han" else (run.group(),):
                row.append((word, folded.span(at, at + len(word))))
                at += len(word)
        if row:
            yield _row(article, clause, script, row)


def _row(article: int, clause: str, script: str, words: Sequence[tuple[str, tuple[int, int]]]) -> _Row:
    lemmas = tuple(_lemma(word, script) for word, _ in words)
    return _Row(article, clause, script, lemmas, tuple(span for _, span in words))


def _lemma(word: str, script: str) -> str:
    if script == "han":
        return word
    return readers_of(script)[0].words(word)[0]


@lru_cache(maxsize=50_000)
def _can_stand_outside(lemma: str) -> bool:
    """Whether a phrase may begin or end with a word: not with «и», 的 or a number."""
    return len(lemma) >= _LEAST_LETTERS and not lemma.isdigit() and lemma not in function_words()


def _frequent(rows: Sequence[_Row]) -> set[_Lemmas]:
    """The sequences of lemmas that are frequent enough, each found by growing a shorter one."""
    frequent: set[_Lemmas] = set()
    for length in range(1, max(_MOST_WORDS.values()) + 1):
        counts: Counter[_Lemmas] = Counter()
        articles: defaultdict[_Lemmas, set[int]] = defaultdict(set)
        for row in rows:
            for words in _sequences(row, length):
                if length == 1 or words[:-1] in frequent:
                    counts[words] += 1
                    articles[words].add(row.article)
        frequent |= {
            words
            for words, count in counts.items()
            if count >= _LEAST_COUNT and len(articles[words]) >= _LEAST_ARTICLES
        }
    return frequent


def _sequences(row: _Row, length: int) -> Iterator[_Lemmas]:
    if length > _MOST_WORDS[row.script]:
        return
    for first in range(len(row.lemmas) - length + 1):
        if _can_stand_outside(row.lemmas[first]):
            yield row.lemmas[first : first + length]


def _forms(rows: Iterable[_Row], frequent: set[_Lemmas]) -> dict[_Lemmas, Counter[str]]:
    """How frequent phrases are written, of those that say something."""
    total = sum(len(row.lemmas) for row in rows if row.script == "han")
    forms: defaultdict[_Lemmas, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for length in range(1 if row.script == "han" else 2, _MOST_WORDS[row.script] + 1):
            for first, words in enumerate(zip(*(row.lemmas[at:] for at in range(length)), strict=False)):
                if words in frequent and all(map(_can_stand_outside, (words[0], words[-1]))):
                    start, end = row.spans[first][0], row.spans[first + length - 1][1]
                    forms[words][row.clause[start:end]] += 1
    return {words: written for words, written in forms.items() if _is_telling(words, written.total(), total)}


def _is_telling(words: _Lemmas, count: int, total: int) -> bool:
    """Whether a phrase, or a Chinese word, belongs to this corpus more than to any text."""
    return len(words) > 1 or count / total > _CHARACTERISTIC * share(words[0])


def _best_form(forms: Counter[str]) -> str:
    """The form to show: in the nominative if there is one, frequent, without a sentence's capital."""
    best = max(forms, key=lambda form: (_nominative(form), not form[0].isupper(), forms[form], form))
    is_name = all(form[0].isupper() for form in forms)
    return best if is_name else best[0].lower() + best[1:]


def _nominative(form: str) -> int:
    """How many words of a phrase stand otherwise than in a dictionary, as a negative number."""
    words = [run.group() for run in scripts(fold(form).text) if run.lastgroup == "cyrillic"]
    return sum(russian.is_dictionary_form(word) for word in words) - len(words)


def _whole(phrases: Iterable[FrequentPhrase]) -> list[FrequentPhrase]:
    """Without the phrases that stand only inside a longer one that is as frequent."""
    kept = list(phrases)
    inner: dict[str, int] = {}
    for phrase in kept:
        words = phrase.text.split()
        for part in (" ".join(words[1:]), " ".join(words[:-1])):
            inner[part] = max(inner.get(part, 0), phrase.count)
    return [phrase for phrase in kept if inner.get(phrase.text, 0) < phrase.count]
