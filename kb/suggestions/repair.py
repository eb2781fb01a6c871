"""A query as it was probably meant: layout, transliteration, pinyin and spelling put right.

Only words that neither the index nor the vocabulary nor a dictionary knows are doubted. Quotes,
filters, operators, codes (ISO 10002), abbreviations and short words stay as they are. The exact
readings are tried first (layout, transliteration, pinyin), the nearest word last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kb.languages import fold, knows, language, russian, scripts
from kb.languages.chinese_scripts import is_traditional, traditional
from kb.languages.chinese_words import segment
from kb.languages.letters import is_cyrillic, is_han
from kb.models import Repair, Span
from kb.query import FILTER_NAMES
from kb.suggestions import spelling
from kb.suggestions.keyboard import in_other_layout
from kb.suggestions.lexicon import SHORTEST, Lexicon
from kb.suggestions.pinyin import is_pinyin

# A pasted text is no query with a slip; looking at every word of it would take time.
LONGEST = 300
_LONGEST_ABBREVIATION = 5

_PIECE = re.compile(
    r"""
      -?["“”„][^"“”„]*["“”„](?!\S)
    | (?P<name>\w+):(?:"[^"]*"|[^\s"]+)
    | (?P<chunk>\S+)
    """,
    re.VERBOSE,
)
_CORE = re.compile(r"\w(?:.*[\w'’])?")
_OPERATORS = frozenset(("AND", "OR", "NOT"))
_FILTERS = frozenset(name for names in FILTER_NAMES.values() for name in names)

Changes = dict[Span, str]
"""What replaces which range of the text."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What stands between two spaces of a query, at `start`; its `runs` are folded (text, script)."""

    text: str
    start: int
    first: bool
    runs: tuple[tuple[str, str], ...] = field(compare=False)

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_short(self) -> bool:
        return len(self.text) < SHORTEST

    @property
    def core(self) -> tuple[int, str]:
        """The chunk without punctuation around it, and where that begins in it."""
        found = _CORE.search(self.text)
        return (found.start(), found.group()) if found else (0, "")

    def is_written_in(self, script: str) -> bool:
        """Whether all its letters are of one script."""
        return bool(self.runs) and all(name == script for _, name in self.runs)


def repair(text: str, lexicon: Lexicon, stands: Callable[[str], bool]) -> Repair | None:
    """The query that was probably meant, or None when nothing in it is doubtful or can be put right.

    `stands` tells whether the index holds a passage with a string of Han characters.
    """
    chunks = list(_chunks(text))
    changes: Changes = {}
    layout = _wrong_layout(chunks, lexicon)
    changes |= layout
    changes |= _transliterated(_untouched(chunks, changes), lexicon)
    changes |= _pinyin(_untouched(chunks, changes), text, lexicon)
    for chunk in _untouched(chunks, changes):
        changes |= _respelt(chunk, lexicon, stands)
    if not changes:
        return None
    return Repair(
        text=_changed(text, changes),
        typed=tuple(text[start:end] for start, end in sorted(changes)),
        meant=tuple(changes[span] for span in sorted(changes)),
        certain=len(layout) == len(changes),
    )


def is_doubtful(text: str) -> bool:
    """Whether a query has anything that the dictionaries do not explain; looks at no index."""
    return len(text) <= LONGEST and any(
        not _is_plain(run, script)
        for chunk in _chunks(text)
        if not _is_code(chunk.text)
        for run, script in chunk.runs
        if script == "han" or not chunk.is_short
    )


def _is_plain(run: str, script: str) -> bool:
    """Whether the dictionaries explain a run of letters wholly.

    Any Han character is a word, so a Chinese run is plain when only function words are that short.
    """
    if script != "han":
        return knows(run, script)
    functions = language("zh").function_words
    return all(len(word) > 1 or word in functions for word in segment(run))


def unquoted(text: str) -> str | None:
    """A query of phrases and other words with the quotes taken off, or None when it is no such query."""
    phrases = [p for p in _PIECE.finditer(text) if not p["chunk"] and not p["name"] and p.group()[0] != "-"]
    others = [chunk for chunk in _chunks(text) if chunk.runs]
    if not phrases or not others:
        return None
    return _changed(text, {piece.span(): piece.group().strip('"“”„') for piece in phrases})


def _chunks(text: str) -> Iterator[_Chunk]:
    """The parts of a query that may be repaired."""
    for piece in _PIECE.finditer(text):
        chunk, start = piece.group(), piece.start()
        is_filter = piece["name"] and piece["name"].lower() in _FILTERS
        is_phrase = not piece["name"] and not piece["chunk"]
        if is_filter or is_phrase:
            continue
        if chunk in _OPERATORS or chunk.startswith("-") or chunk.endswith("*"):
            continue
        runs = tuple((run.group(), run.lastgroup or "") for run in scripts(fold(chunk).text))
        yield _Chunk(chunk, start, not text[:start].strip(), runs)


def _untouched(chunks: Iterable[_Chunk], changes: Changes) -> list[_Chunk]:
    return [c for c in chunks if not any(s < c.end and c.start < e for s, e in changes)]


def _changed(text: str, changes: Mapping[Span, str]) -> str:
    for (start, end), meant in sorted(changes.items(), reverse=True):
        text = text[:start] + meant + text[end:]
    return text


# --- What is doubted -----------------------------------------------------------------------------


def _is_odd(chunk: _Chunk, lexicon: Lexicon) -> bool:
    """Whether nothing in a chunk is known, and it is no code, abbreviation or short word."""
    if _is_code(chunk.text) or chunk.is_short or not chunk.runs:
        return False
    return not any(len(run) >= 3 and lexicon.knows(run, script) for run, script in chunk.runs)


def _is_code(text: str) -> bool:
    """ISO9001, 24/7, B2B, NPS, iPhone: not written as words are."""
    letters = "".join(letter for letter in text if letter.isalpha())
    if any(letter.isdigit() for letter in text):
        return True
    if letters.isupper() and len(letters) <= _LONGEST_ABBREVIATION and not is_han(letters):
        return True
    return not letters.isupper() and any(letter.isupper() for letter in letters[1:])


def _is_name(chunk: _Chunk, run: str) -> bool:
    """Whether a word is written like a person's or a firm's name."""
    if not chunk.core[1][:1].isupper() or chunk.text.isupper():
        return False
    return not chunk.first or (is_cyrillic(run) and russian.is_surname(run))


# --- How it is put right -------------------------------------------------------------------------


def _convert(chunks: Sequence[_Chunk], lexicon: Lexicon, meant: Callable[[_Chunk], Changes]) -> Changes:
    """What a way to read makes of odd chunks, and of short ones beside them: «d cthdbct» is «в сервисе»."""
    changes: Changes = {}
    for chunk in chunks:
        if _is_odd(chunk, lexicon):
            changes |= meant(chunk)
    if changes:
        for chunk in _untouched(chunks, changes):
            if chunk.is_short and not _is_code(chunk.text):
                changes |= meant(chunk)
    return changes


def _wrong_layout(chunks: Sequence[_Chunk], lexicon: Lexicon) -> Changes:
    def meant(chunk: _Chunk) -> Changes:
        if not (chunk.is_written_in("cyrillic") or chunk.is_written_in("latin")):
            return {}
        offset, core = chunk.core
        for at, typed in ((0, chunk.text), (offset, core)):
            other = in_other_layout(typed)
            if _are_words(other, lexicon):
                start = chunk.start + at
                return {(start, start + len(typed)): other}
        return {}

    return _convert(chunks, lexicon, meant)


def _are_words(text: str, lexicon: Lexicon) -> bool:
    """Whether a text is one known word, or several joined by hyphens."""
    runs = list(scripts(fold(text).text))
    if "-".join(run.group() for run in runs) != fold(text).text or not runs:
        return False
    return all(not run.group().isdigit() and lexicon.knows(run.group(), run.lastgroup or "") for run in runs)


def _transliterated(chunks: Sequence[_Chunk], lexicon: Lexicon) -> Changes:
    def meant(chunk: _Chunk) -> Changes:
        offset, core = chunk.core
        if not chunk.is_written_in("latin") or _is_name(chunk, core):
            return {}
        cyrillic = lexicon.of("cyrillic")
        words = cyrillic.romanised.words(fold(core).text)
        if not words:
            return {}
        word = max(words, key=lambda word: (cyrillic.counts[word], word))
        start = chunk.start + offset
        return {(start, start + len(core)): _cased(word, core)}

    return _convert(chunks, lexicon, meant)


def _pinyin(chunks: Sequence[_Chunk], text: str, lexicon: Lexicon) -> Changes:
    """The longest rows of Latin chunks that spell known Chinese words."""
    changes: Changes = {}
    for row in _rows(chunks, text):
        first = 0
        while first < len(row):
            for last in range(len(row), first, -1):
                part = row[first:last]
                if read := _read_pinyin(part, lexicon):
                    changes[part[0].start, part[-1].end] = read
                    first = last
                    break
            else:
                first += 1
    return changes


def _rows(chunks: Sequence[_Chunk], text: str) -> Iterator[list[_Chunk]]:
    """Chunks of syllables that stand side by side."""
    row: list[_Chunk] = []
    for chunk in chunks:
        if row and text[row[-1].end : chunk.start].strip():
            yield row
            row = []
        is_syllables = chunk.is_written_in("latin") and is_pinyin(fold(chunk.text).text)
        if is_syllables and not _is_code(chunk.text) and not _is_name(chunk, chunk.text):
            row.append(chunk)
        elif row:
            yield row
            row = []
    if row:
        yield row


def _read_pinyin(row: Sequence[_Chunk], lexicon: Lexicon) -> str | None:
    letters = " ".join(fold(chunk.text).text for chunk in row)
    unknown = [chunk for chunk in row if not all(lexicon.knows(*run) for run in chunk.runs)]
    if not unknown or len(letters) < SHORTEST:
        return None
    return lexicon.of("han").sounds.read(letters)


def _respelt(chunk: _Chunk, lexicon: Lexicon, stands: Callable[[str], bool]) -> Changes:
    """The doubtful words of a chunk as the known ones that they are nearest to."""
    folded = fold(chunk.text)
    if _is_code(chunk.text) or _is_compound(fold(chunk.core[1]).text):
        return {}
    changes: Changes = {}
    for run in scripts(folded.text):
        for (first, last), meant in _nearest(chunk, run, lexicon, stands).items():
            start, end = folded.span(run.start() + first, run.start() + last)
            changes[chunk.start + start, chunk.start + end] = _cased(meant, chunk.text[start:end], chunk.text)
    return changes


def _nearest(
    chunk: _Chunk, run: re.Match[str], lexicon: Lexicon, stands: Callable[[str], bool]
) -> Mapping[Span, str]:
    """What the doubtful words of a run were probably meant to be, by their place in it."""
    word, script = run.group(), run.lastgroup or ""
    if script == "han":
        return lexicon.of(script).characters.correct(word, stands)
    if len(word) < SHORTEST or lexicon.knows(word, script) or _is_name(chunk, word):
        return {}
    known = lexicon.of(script)
    meant = spelling.correct(word, known.near, known.counts)
    return {(0, len(word)): meant} if meant else {}


def _is_compound(core: str) -> bool:
    """Whether a chunk is right as a whole, or its parts are no words: давным-давно, shouldn't."""
    return bool(re.search(r"\w['’]\w", core)) or ("-" in core and knows(core, "cyrillic"))


def _cased(word: str, typed: str, around: str = "") -> str:
    """A word with the capitals of what was typed, and Han characters in the script of what is around."""
    if is_han(word):
        return traditional(word) if is_traditional(around) else word  # 服務標淮 -> 服務標準
    if typed.isupper() and len(typed) > 1:
        return word.upper()
    return word.capitalize() if typed[:1].isupper() else word
