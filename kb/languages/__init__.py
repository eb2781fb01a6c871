"""Text → tokens. Script decides who reads what: each run of letters goes to every language that is
written in its script, so mixed text (NPS in a Russian sentence, KANO in a Chinese one) just works.

A new language is one new file with a class like `Russian`, and one line in `LANGUAGES`.
Where several languages share a script, a word is indexed by what each of them makes of it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import Protocol

from kb.errors import InvalidRequest
from kb.languages import identification
from kb.languages.chinese_scripts import is_traditional
from kb.languages.folding import Folded, fold
from kb.models import TermKind, Token

__all__ = [
    "LANGUAGES",
    "SCRIPTS",
    "Folded",
    "Language",
    "analyse",
    "bases",
    "check",
    "detect",
    "fold",
    "function_words",
    "identify",
    "knows",
    "language",
    "locale",
    "named",
    "question_words",
    "readers_of",
    "scripts",
    "words",
]

LANGUAGES: dict[str, str] = {
    "ru": "kb.languages.russian:Russian",
    "zh": "kb.languages.chinese:Chinese",
    "en": "kb.languages.english:English",
}


# Digits belong to the Latin run: "24/7", "ISO 9001" and "B2B" are typed in any language.
SCRIPTS: dict[str, str] = {
    "cyrillic": r"[\u0400-\u052f]",
    "han": r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]",
    "latin": r"[0-9a-z\u00df-\u00f6\u00f8-\u024f]",
}
"""The writing systems, and the characters of their folded words as regular expressions."""

_RUN = re.compile("|".join(f"(?P<{script}>{letters}+)" for script, letters in SCRIPTS.items()))
_GRAM_LENGTH = 4


class Language(Protocol):
    """How one language turns a run of its script into tokens."""

    code: str
    script: str
    # What people call it, in small letters: «язык:русский», `language: russian`.
    names: tuple[str, ...]
    # Words a question is asked with: they say nothing of what the answer holds.
    question_words: frozenset[str]
    # Words that carry no meaning alone: a passage is no hit because it holds one.
    function_words: frozenset[str]

    def analyse(self, run: str, start: int, position: int) -> Sequence[Token]:
        """The words of a folded run of letters, and the forms they stand as.

        `start` is the offset of the run in the folded text, `position` the ordinal of its first
        word. Tokens that stand for the same word share its position.
        """
        ...

    def words(self, run: str) -> Sequence[str]:
        """The distinct words that a run may stand for, likeliest first."""
        ...

    def bases(self, form: str) -> Sequence[str]:
        """What a form may be an inflection of, as a dictionary has it: there the vocabulary's labels
        are looked up, for which a stem would be too coarse."""
        ...

    def knows(self, word: str) -> bool:
        """Whether a dictionary has a form; what none knows may be a slip."""
        ...


@cache
def language(code: str) -> Language:
    """The analyser of a language in `LANGUAGES`; its dictionaries load on the first analysis."""
    module, _, name = LANGUAGES[code].partition(":")
    found: Language = getattr(importlib.import_module(module), name)()
    return found


def check(code: str) -> None:
    """Raises `InvalidRequest` for what is no code in `LANGUAGES`."""
    if code not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise InvalidRequest(f"There is no language “{code}”; known are {known}.", "language")


@cache
def readers_of(script: str) -> tuple[Language, ...]:
    """The languages written in a script, in the order of `LANGUAGES`."""
    return tuple(found for found in map(language, LANGUAGES) if found.script == script)


def named(name: str) -> str | None:
    """The code of the language with this code or name, in small or capital letters: русский -> ru."""
    name = name.lower()
    return next((code for code in LANGUAGES if name == code or name in language(code).names), None)


@lru_cache(maxsize=10_000)
def bases(form: str, script: str) -> tuple[str, ...]:
    """What a folded form may be an inflection of, in any language of its script."""
    return tuple(dict.fromkeys(base for reader in readers_of(script) for base in reader.bases(form)))


@lru_cache(maxsize=10_000)
def knows(word: str, script: str) -> bool:
    """Whether a folded word is in a dictionary of a language of its script."""
    return any(reader.knows(word) for reader in readers_of(script))


def analyse(text: str) -> list[Token]:
    """All tokens of a text with offsets into it: its words in reading order, then the n-grams and
    pairs that are made of them."""
    tokens = words(text)
    return [*tokens, *_grams(tokens), *_pairs(tokens)]


def words(text: str) -> list[Token]:
    """The words of a text in reading order, with their forms and Han characters."""
    folded = fold(text)
    tokens: list[Token] = []
    position = 0
    for run in scripts(folded.text):
        found = _analyse_run(run, position)
        position = found[-1].position + 1 if found else position
        tokens.extend(found)
    if folded.origins is None:
        return tokens
    return [Token(t.term, *folded.span(t.start, t.end), t.position, t.kind) for t in tokens]


def _grams(tokens: Iterable[Token]) -> Iterator[Token]:
    """The 4-grams of each form with its beginning marked: жалоба -> ^жал, жало, алоб, лоба."""
    for token in tokens:
        if token.kind is TermKind.FORM:
            marked = "^" + token.term
            for at in range(max(1, len(marked) - _GRAM_LENGTH + 1)):
                gram = marked[at : at + _GRAM_LENGTH]
                yield Token(gram, token.start, token.end, token.position, TermKind.GRAM)


def _pairs(tokens: Sequence[Token]) -> list[Token]:
    """Words that stand side by side, in all their possible lemmas: обратная связь, 服务 标准."""
    pairs: list[Token] = []
    before: list[Token] = []
    for _, stacked in groupby(tokens, key=lambda token: token.position):
        lemmas = [token for token in stacked if token.kind is TermKind.WORD]
        # Subwords of a Chinese word share its position but not its span, and make no pairs.
        lemmas = [word for word in lemmas if (word.start, word.end) == (lemmas[0].start, lemmas[0].end)]
        pairs.extend(
            Token(f"{left.term} {right.term}", left.start, right.end, left.position, TermKind.PAIR)
            for left in before
            for right in lemmas
        )
        before = lemmas
    return pairs


def scripts(folded: str) -> Iterator[re.Match[str]]:
    """The runs of one script in a folded text; a match's `lastgroup` names the script."""
    return _RUN.finditer(folded)


def _analyse_run(run: re.Match[str], position: int) -> Sequence[Token]:
    readers = readers_of(run.lastgroup or "")
    if len(readers) == 1:
        return readers[0].analyse(run.group(), run.start(), position)
    stacked = {token for reader in readers for token in reader.analyse(run.group(), run.start(), position)}
    return sorted(stacked, key=lambda token: (token.position, token.start, token.end, token.kind, token.term))


@cache
def question_words() -> frozenset[str]:
    """The question words of all languages, as terms."""
    return frozenset().union(*(language(code).question_words for code in LANGUAGES))


@cache
def function_words() -> frozenset[str]:
    """The function words of all languages, as terms."""
    return frozenset().union(*(language(code).function_words for code in LANGUAGES))


def locale(code: str, text: str) -> str:
    """The BCP 47 tag for a page's `lang`: that of the language, and for Chinese of its characters."""
    if code != "zh":
        return code
    return "zh-Hant" if is_traditional(text) else "zh-Hans"


def detect(text: str) -> str:
    """The code of the language most of a text's letters are written in, or "und" without letters.

    A Han character counts for two letters, as Chinese needs about half as many.
    """
    letters: dict[str, int] = {}
    for run in scripts(text.lower()):
        if run.lastgroup and not run.group().isdigit():
            counted = len(run.group()) * (2 if run.lastgroup == "han" else 1)
            letters[run.lastgroup] = letters.get(run.lastgroup, 0) + counted
    if not letters:
        return "und"
    readers = readers_of(max(letters, key=letters.__getitem__))
    return readers[0].code if readers else "und"


def identify(text: str, likely: str = "") -> str:
    """The ISO 639-1 code of the language that an article is written in, or "und".

    The script decides first, as everywhere. Where it leaves a doubt (Ukrainian in Cyrillic, German in
    Latin letters), py3langid does, if there is enough text; then `likely`, if it has that script.
    """
    code = detect(text)
    if code == "und" and not identification.has_letters(text):
        return "und"
    return identification.among(text, code, likely)
