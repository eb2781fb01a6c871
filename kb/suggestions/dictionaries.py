"""What the dictionaries of each language know, whether or not the index holds it.

Russian is pymorphy3's (5 million forms), Chinese jieba's (350,000 words), English the list that
comes with SymSpell (SCOWL and Google Books: 82,765 words with their inflections, British spellings
too; pyspellchecker's list lacks those).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources

from kb.languages import chinese_words, language, russian
from kb.principles.labels import uninflected

_BRITISH = (
    (re.compile(r"ter$"), "tre"),
    (re.compile(r"([lbnv])or"), r"\1our"),
    (re.compile(r"iz(e|ing|ation)"), r"is\1"),
    (re.compile(r"emi"), "aemi"),
    (re.compile(r"og$"), "ogue"),
)
_ENGLISH = ("symspellpy", "frequency_dictionary_en_82_765.txt")


def is_word(word: str, script: str) -> bool:
    """Whether a folded word of a script ("cyrillic", "latin", "han") is in its language's dictionary."""
    if script == "cyrillic":
        return is_russian(word)
    return is_english(word) if script == "latin" else bool(chinese_words.frequency(word))


def is_plain(run: str, script: str) -> bool:
    """Whether the dictionary explains a run of letters wholly.

    Any Han character is a word, so a Chinese run is plain when only function words are that short.
    """
    if script != "han":
        return is_word(run, script)
    functions = language("zh").function_words
    return all(len(word) > 1 or word in functions for word in chinese_words.segment(run))


def is_russian(word: str) -> bool:
    """Whether pymorphy3 knows a form, with ё or е."""
    return bool(russian._morphology().word_is_known(word))


def is_english(word: str) -> bool:
    """Whether an English word or what it is inflected from is listed, in either spelling."""
    return any(base in _english() or _british(base) in _english() for base in uninflected(word))


def _british(word: str) -> str:
    """The spelling that the list prefers: kilometer -> kilometre, septicemia -> septicaemia."""
    for ending, british in _BRITISH:
        word = ending.sub(british, word)
    return word


def is_surname(word: str) -> bool:
    """Whether a Russian word looks like a person's name, known or not: Паничкина."""
    tag = russian._morphology().parse(word)[0].tag
    return any(grammeme in tag for grammeme in ("Name", "Surn", "Patr"))


@lru_cache(maxsize=20_000)
def is_dictionary_form(word: str) -> bool:
    """Whether a Russian word may stand in the nominative or the infinitive: связь, not связи."""
    parses = russian._morphology().parse(word)
    return any("nomn" in parse.tag or "INFN" in parse.tag or not parse.tag.case for parse in parses)


def chinese_share(word: str) -> float:
    """The share of a folded word in Chinese texts, by jieba's dictionary; never 0."""
    return max(1, chinese_words.frequency(word)) / chinese_words.TOTAL


@cache
def _english() -> frozenset[str]:
    package, file = _ENGLISH
    lines = resources.files(package).joinpath(file).read_text("utf-8-sig").splitlines()
    return frozenset(line.partition(" ")[0] for line in lines)
