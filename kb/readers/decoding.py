"""Bytes → clean text: the encoding is recognised, never guessed.

UTF-8 and anything with a byte order mark say themselves what they are. The older encodings do not:
almost any bytes are "valid" Windows-1251, and much Windows-1251 is valid GB18030. They are taken
only when the text that comes out is written as people write, that is, when a large share of its
letters are the commonest letters of the language, and no other encoding comes near.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kb.errors import ReadingError
from kb.readers.draft import NumberedText, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARACTERS = 2_000_000
"""War and Peace, two thirds of it. A longer text is no article, and would hold up everybody else."""

MAX_LINES = 100_000

_BYTE_ORDER_MARKS = (  # the longer first: UTF-32-LE begins like UTF-16-LE
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class _Legacy:
    """An encoding from before Unicode, and what a text in it looks like when it is decoded right.

    `share` of the letters beyond ASCII must be among `frequent`, the language's commonest, and 99 of
    100 in its `alphabet`, where it has one.
    """

    name: str
    codec: str
    frequent: frozenset[str]
    share: float
    alphabet: frozenset[str] | None = None


# Two thirds of the letters of running Russian are these thirteen, in lower case: KOI8-R read as
# Windows-1251 gives capitals and rare letters instead, MacCyrillic letters of other languages.
_RUSSIAN = frozenset("оеаинтсрвлкмд")
_ALPHABET = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")

# A third of running Chinese are these hundred characters (counts differ little between corpora).
_SIMPLIFIED = frozenset(
    "的一是不了在有人这上大来和我个中地为以时要就到他会可你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因"
    "只从想实务服客员户质"
)
_TRADITIONAL = frozenset(
    "的一是不了在有人這上大來和我個中地為以時要就到他會可你對生能而子那得於著下自之年過發後作裡"
    "用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因"
    "只從想實務服客員戶質"
)

_LEGACY = (
    _Legacy("Windows-1251", "cp1251", _RUSSIAN, share=0.5, alphabet=_ALPHABET),
    _Legacy("GB18030", "gb18030", _SIMPLIFIED, share=0.12),
    _Legacy("Big5", "cp950", _TRADITIONAL, share=0.12),
)

_MIN_LETTERS = 20
"""Below this many letters beyond ASCII nothing is unmistakable."""

_MAX_LETTERS = 10_000
"""More of them would not make it clearer."""

_LEAD = 2.0
"""The best encoding must come this many times nearer to its language than the second best."""


def decode(source: Source) -> NumberedText:
    """The clean text of a file: NFC, lines ended by one newline, nothing invisible in it.

    Raises ReadingError `empty-file`, `binary-file`, `unknown-encoding` or `file-too-large`.
    """
    _refuse_more_than(MAX_CHARACTERS, len(source.data) // 4, "characters")  # no encoding takes more bytes
    text = clean(_decoded(source.data))
    if not text.strip():
        raise ReadingError("empty-file", "The file is empty: there is nothing to read.")
    _refuse_more_than(MAX_CHARACTERS, len(text), "characters")
    _refuse_more_than(MAX_LINES, text.count("\n") + 1, "lines")
    return NumberedText.of(text)


def _decoded(data: bytes) -> str:
    """`data` as text, in the encoding that it states or that is unmistakable."""
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strictly(data, codec)
    if b"\0" in data:
        raise ReadingError("binary-file", "This is not text: it contains zero bytes. Save it as UTF-8 text.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _decoded_as_legacy(data, error)


def _strictly(data: bytes, codec: str) -> str:
    """`data` in the encoding that its byte order mark states."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise ReadingError(
            "unknown-encoding",
            f"The file begins as {codec.removesuffix('-sig').upper()} but is damaged further on: "
            f"{error.reason}. Save it again as UTF-8.",
        ) from error


def _decoded_as_legacy(data: bytes, utf8_error: UnicodeDecodeError) -> str:
    """`data` in the one older encoding in which it reads as a language."""
    ranked = sorted(((_likeness(data, legacy), legacy) for legacy in _LEGACY), key=lambda pair: -pair[0])
    (best, legacy), (second, _) = ranked[:2]
    if best < 1 or best < _LEAD * second:
        line = data.count(b"\n", 0, utf8_error.start) + 1
        raise ReadingError(
            "unknown-encoding",
            f"Byte 0x{data[utf8_error.start]:02x} is not UTF-8, and the text is not unmistakably "
            "Windows-1251, GB18030 or Big5. Save the file as UTF-8.",
            line,
        )
    return data.decode(legacy.codec)


def _likeness(data: bytes, legacy: _Legacy) -> float:
    """How much `data` reads like the language of an encoding: 1 is just enough, 0 not at all."""
    try:
        text = data.decode(legacy.codec)
    except UnicodeDecodeError:
        return 0.0
    foreign = (character for character in text if character > "\x7f" and character.isalpha())
    letters = list(islice(foreign, _MAX_LETTERS))
    if len(letters) < _MIN_LETTERS or not _is_in_alphabet(letters, legacy.alphabet):
        return 0.0
    return sum(letter in legacy.frequent for letter in letters) / len(letters) / legacy.share


def _is_in_alphabet(letters: Sequence[str], alphabet: frozenset[str] | None) -> bool:
    """Whether all letters but for a quotation here and there are in the alphabet, if there is one."""
    return alphabet is None or sum(letter.lower() in alphabet for letter in letters) >= 0.99 * len(letters)


# --- Cleaning -----------------------------------------------------------------------------------

# Line and paragraph separators, vertical tab, form feed: spaces, since editors count only newlines.
_SPACES = dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), " ")

_MARKS = re.compile(r"[^\w\s\x00-\x7f]{31,}")
"""Where a pile of more than thirty combining marks may be."""


def clean(text: str) -> str:
    """`text` in NFC with unified newlines, without control, zero-width and bidi characters.

    The number of lines as an editor counts them stays the same.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SPACES)
    text = "".join(filter(_is_visible, text)) if _has_invisible(text) else text
    return unicodedata.normalize("NFC", _MARKS.sub(_shortened_pile, text))


def _has_invisible(text: str) -> bool:
    """Whether `clean` has anything to take out; looks at each different character once."""
    return not all(map(_is_visible, set(text)))


def _is_visible(character: str) -> bool:
    """False for control and format characters: zero-width spaces, bidi marks, soft hyphens."""
    return character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def _shortened_pile(match: re.Match[str]) -> str:
    """At most thirty marks of a pile, as Unicode's stream-safe text has it (UAX 15).

    Normalising takes time quadratic in the length of a pile: half a minute for 200,000 marks.
    """
    pile = 0
    kept = []
    for character in match.group():
        pile = pile + 1 if unicodedata.combining(character) else 0
        if pile <= 30:
            kept.append(character)
    return "".join(kept)


def _refuse_more_than(limit: int, size: int, what: str) -> None:
    """Raise ReadingError `file-too-large` for what is no article any more."""
    if size > limit:
        message = f"The text has {size:,} {what}; at most {limit:,} are read. Split it into articles."
        raise ReadingError("file-too-large", message)
