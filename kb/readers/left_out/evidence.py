"""A sentence → what in it speaks for its being an advertisement.

The phrases of the tables become one pattern for each kind of evidence, all languages together:
their scripts keep them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kb.readers.left_out.chinese import CHINESE
from kb.readers.left_out.english import ENGLISH
from kb.readers.left_out.hints import Hints
from kb.readers.left_out.russian import RUSSIAN

if TYPE_CHECKING:
    from kb.readers.draft import Metadata

_NOTHING = r"(?!)"  # matches nowhere
_NAME = "¤"  # stands for a name of the publisher, `brand` in the tables

_QUOTED = re.compile(
    r"«[^«»]{1,300}»|“[^“”]{1,300}”|„[^„“”]{1,300}[“”]|「[^「」]{1,300}」|『[^『』]{1,300}』|\"[^\"]{1,300}\""
)

_NUMBER = re.compile(
    r"(?:\+7|8)[\s(-]{0,2}\d{3}[\s)-]{0,2}\d{3}[\s-]?\d\d[\s-]?\d\d"
    r"|\b400[-\s]?\d{3}[-\s]?\d{3,4}\b|\b1[3-9]\d{9}\b|\b0\d{2,3}-\d{7,8}\b"
    r"|[\w.+-]{1,64}@[\w-]{1,64}\.\w{2,}|\b(?:t\.me|wa\.me|vk\.com|bit\.ly)/\S+"
)
"""A telephone number, e-mail address or messenger link."""

_NUMBER_HINT = re.compile(r"[\d@/]")

_KINDS = (
    "strong_calls", "calls", "weak_calls", "brand_offers", "offers", "weak_offers", "pitches",
    "publisher", "reader", "channels", "mentions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sentence holds.

    `kinds` are the fields of `Words` of which it has a phrase, "brand" when it names the publisher
    and "number" when it has a telephone number or address; `lures` counts different lures.
    """

    kinds: frozenset[str]
    lures: int
    is_question: bool

    @property
    def is_any(self) -> bool:
        """Whether it holds anything that speaks for an advertisement."""
        return bool(self.kinds - {"mentions"}) or self.lures > 0 or self.is_question

    def has(self, *kinds: str) -> bool:
        """Whether it holds evidence of one of these kinds."""
        return not self.kinds.isdisjoint(kinds)


def evidence(sentence: str, brand: str) -> Evidence:
    """The evidence in a sentence, what it quotes left aside.

    `brand` is the pattern for the publisher's names, as `brand_pattern` makes it.
    """
    named = re.sub(brand, _NAME, sentence, flags=re.IGNORECASE)
    text = unquoted(named)
    likely = _hints().kinds(text)
    kinds = {kind for kind in _KINDS if kind in likely and pattern(kind).search(text)}
    if _NUMBER_HINT.search(text) and _NUMBER.search(text):
        kinds.add("number")
    if _NAME in named:
        kinds.add("brand")
    lures = _lures(text) if "lures" in likely else ()
    return Evidence(frozenset(kinds), len(lures), text.rstrip("\"'»”)* ").endswith(("?", "？")))


def _lures(text: str) -> set[str]:
    """The different lures in a text."""
    beside_call = pattern("calls").sub(" ", text)  # оставьте заявку: the call itself is no lure
    return {match.group().lower() for match in pattern("lures").finditer(beside_call)}


@cache
def _hints() -> Hints:
    """What tells the kinds of evidence that a sentence may hold."""
    kinds = (*_KINDS, "lures")
    return Hints(
        {
            kind: [_named(phrase) for words in (RUSSIAN, ENGLISH) for phrase in getattr(words, kind)]
            for kind in kinds
        },
        {kind: [_named(phrase) for phrase in getattr(CHINESE, kind)] for kind in kinds},
    )


def _named(form: str) -> str:
    return form.replace("brand", _NAME)


def unquoted(text: str) -> str:
    """`text` with what is quoted in it dotted out, every offset kept.

    An article that teaches what to say quotes it: Скажите: «Пишите нам» -> Скажите: «··········»
    """
    return _QUOTED.sub(lambda match: match[0][0] + "·" * (len(match[0]) - 2) + match[0][-1], text)


@cache
def pattern(kind: str) -> re.Pattern[str]:
    """The pattern for a kind of evidence, a field of `Words`, in all languages."""
    spaced = "|".join(_spaced(phrase) for words in (RUSSIAN, ENGLISH) for phrase in getattr(words, kind))
    unspaced = "|".join(phrase.replace("…", r"[^。！？\n]{0,8}?") for phrase in getattr(CHINESE, kind))
    form = rf"(?<!\w)(?:{spaced})(?!\w)|{unspaced}"
    return re.compile(_named(form), re.IGNORECASE)


def _spaced(phrase: str) -> str:
    """A phrase of a language that puts spaces between its words, as a regular expression."""
    form = phrase
    for written, meant in (
        (".", r"\."),
        ("(", "(?:"),
        (")? ", r"[\s,]+)?"),  # вам (также)? может
        ("*", r"\w*"),
        ("е", "[её]"),
        (" … ", r"[\s,]+(?:[^\s.!?]+\s+){0,4}?"),
        ("…", "[^«»“”]{1,120}"),
        (" ", r"[\s,]+"),
    ):
        form = form.replace(written, meant)
    return form


# --- The publisher's names ----------------------------------------------------------------------


def brand_pattern(metadata: Metadata) -> str:
    """A pattern for the names of the publisher, as told by the metadata.

    publisher "Блог ButlerSPB", author "Эксперт ButlerSPB" -> ButlerSPB
    """
    author = metadata.author if pattern("organisations").search(metadata.author) else ""  # no person
    names = {_proper_name(metadata.publisher), _proper_name(author), _domain_name(metadata.url)}
    patterns = sorted(re.escape(name).replace(r"\-", "[- ]?") for name in names if len(name) >= 3)
    return f"(?:{'|'.join(patterns)})" if patterns else _NOTHING


def _proper_name(name: str) -> str:
    """A name without the words that say what it is the name of: Блог ButlerSPB -> ButlerSPB."""
    return " ".join(pattern("organisations").sub(" ", name).split()).strip(" \"'«»“”,.|-–—")


def _domain_name(url: str) -> str:
    """The part of a site's address that is its own name: butlerspb-blog.netlify.app -> butlerspb."""
    labels = [label for label in (urlsplit(url).hostname or "").split(".") if label != "www"]
    is_subdomain = len(labels) > 2 and labels[0] not in ("blog", "news", "m")
    own = labels[0] if is_subdomain else "".join(labels[-2:-1])
    name = pattern("organisations").sub("", own).strip("-")
    return name if len(name) >= 5 else ""
