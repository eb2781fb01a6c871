"""Russian: every dictionary form a word may be, by pymorphy3 (Korobov 2015, arXiv:1503.07283)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kb.languages.alphabetic import word_tokens
from kb.models import Token

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer


QUESTION_WORDS = frozenset(
    "как какой каков который что кто где когда почему зачем сколько чей куда откуда отчего ли".split()
)
FUNCTION_WORDS = QUESTION_WORDS | frozenset(
    "а бы в во для до если же за и из или к ко либо между на над не ни но о об однако от перед по"
    " под при про с со так то тоже у чтобы это этот тот быть весь свой он она оно они мы вы я ты"
    " его ее их".split()
)

# Degrees that the dictionary knows under another word only: выше -> выше, not высокий.
_DEGREES = {"выше": "высокий", "раньше": "рано", "позже": "поздно", "больше": "много", "меньше": "мало"}


class Russian:
    """Analyses Cyrillic runs."""

    code = "ru"
    script = "cyrillic"
    names = ("rus", "russian", "русский", "俄语", "俄文")
    question_words = QUESTION_WORDS
    function_words = FUNCTION_WORDS

    def analyse(self, run: str, start: int, position: int) -> Sequence[Token]:
        """The lemmas of a word, likeliest first: стали -> стать, сталь."""
        return word_tokens(run, lemmas(run), start, position)

    def words(self, run: str) -> Sequence[str]:
        """The possible lemmas of a word."""
        return lemmas(run)

    def bases(self, form: str) -> Sequence[str]:
        """Its possible lemmas, as `words` gives them."""
        return lemmas(form)

    def knows(self, word: str) -> bool:
        """Whether pymorphy3 knows a form, with ё or е."""
        return bool(_morphology().word_is_known(word))


# A hundred thousand forms are 30 MB and cover the running text of any company's articles.
@lru_cache(maxsize=100_000)
def lemmas(word: str) -> tuple[str, ...]:
    """The possible lemmas of a folded word, likeliest first: людей -> человек."""
    scores: dict[str, float] = {}
    for parse in _morphology().parse(word):
        lemma = parse.normal_form.replace("ё", "е")
        scores[lemma] = scores.get(lemma, 0) + parse.score
    if word in _DEGREES:
        scores.setdefault(_DEGREES[word], 0)
    return tuple(sorted(scores, key=lambda lemma: -scores[lemma]))


def is_surname(word: str) -> bool:
    """Whether a word looks like a person's name, known or not: Паничкина."""
    tag = _morphology().parse(word)[0].tag
    return any(grammeme in tag for grammeme in ("Name", "Surn", "Patr"))


@lru_cache(maxsize=20_000)
def is_dictionary_form(word: str) -> bool:
    """Whether a word may stand in the nominative or the infinitive: связь, not связи."""
    parses = _morphology().parse(word)
    return any("nomn" in parse.tag or "INFN" in parse.tag or not parse.tag.case for parse in parses)


@cache
def _morphology() -> MorphAnalyzer:
    from pymorphy3 import MorphAnalyzer
    from pymorphy3_dicts_ru import get_path

    return MorphAnalyzer(get_path(), lang="ru")  # without them it asks every installed package for some
