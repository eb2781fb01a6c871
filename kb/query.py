"""What a person typed → a `Query` of finished terms.

The syntax, all of it optional: ``"a phrase"``, ``-word`` or ``NOT word``, ``a OR b``, ``a AND b``,
``довер*``, and filters such as ``principle:empathy``, ``язык:ru`` or ``语言:zh``. Anything that is
not well formed is searched as plain words, and so is what a whole question quotes: «Кто снял фильм
"Доктор Кто"?» names the film as somebody calls it, and the answer may call it otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import groupby

from kb.errors import InvalidRequest
from kb.language_codes import ISO_639_1
from kb.languages import LANGUAGES, analyse, detect, fold, function_words, named, question_words, scripts
from kb.models import Clause, Phrase, Prefix, Query, QueryTerm, SearchRequest, Sort, TermKind, Token
from kb.phrases import is_han

# Longer texts take time and are no searches; a page of text is about 2,000 characters.
LONGEST_QUERY = 1000
# More hits on one page are for programs, and these can turn pages.
MOST_HITS = 1000
# Each of these may mean looking at many passages one by one.
_MOST_WANTED = 50
# Two letters begin too many words to mean anything.
_SHORTEST_PREFIX = 2

FILTER_NAMES = {
    "principle": ("principle", "principles", "принцип", "принципы", "原则", "原則"),
    "language": ("language", "lang", "язык", "语言", "語言"),
    "article": ("article", "статья", "文章"),
    "date": ("date", "year", "дата", "год", "日期", "年份"),
}

PLURALS = {"language": "languages", "principle": "principles", "article": "articles", "date": "dates"}
"""The fields of a `SearchRequest` that filter, by the names they have in commands and addresses."""

_YEAR = r"(\d{3}[1-9]|\d\d[1-9]0|\d[1-9]00|[1-9]000)"  # 0001 to 9999
_FOURTH = r"(0[48]|[2468][048]|[13579][26])"
_LEAP_YEAR = rf"(\d\d{_FOURTH}|{_FOURTH}00)"
PERIOD = re.compile(
    rf"({_YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|1\d|2[0-8]))?|-(0[13-9]|1[0-2])-(29|30)|-(0[13578]|1[02])-31)?"
    rf"|{_LEAP_YEAR}-02-29)",
    re.ASCII,
)
"""A year, a month or a day that there is: 2026, 2026-03 or 2026-03-15. The API's contract has it, too."""

_PIECE = re.compile(
    r"""
    (?P<sign>(?<!\S)-)?
    (?:
        # Straight quotes may hold the curly ones of a text.
        (?:(?P<straight>")|[“”„])(?P<phrase>(?(straight)[^"]|[^"“”„])*)(?(straight)"|[“”„])
      | (?P<name>\w+):(?P<value>"[^"]*"|[^\s"]+)
      | (?P<word>[^\s"“”„]+)
    )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class ParsedText:
    """The pieces of what was typed. `plain` is the text whose words are searched for and ranked by;
    the filters are those typed as `name:value`."""

    plain: str
    clauses: tuple[Clause, ...] = ()
    languages: tuple[str, ...] = ()
    principles: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing must stand in a passage as it was typed: only then can it be in another
        language, and one of several copies stands for all."""
        return all(clause.negated for clause in self.clauses)


def request(text: str, options: dict[str, object]) -> SearchRequest:
    """A request from the keyword arguments of `search`; a single language and so on may be a string.

    Raises `InvalidRequest` for an option that there is not.
    """
    given = {PLURALS.get(name, name): value for name, value in options.items() if value is not None}
    for name in PLURALS.values():
        if isinstance(given.get(name), str):
            given[name] = (given[name],)
    known = {field.name for field in fields(SearchRequest)}
    for name in given:
        if name not in known:
            raise InvalidRequest(f"A search has no option “{name}”.", name)
    return SearchRequest(text, **given)  # type: ignore[arg-type]


def parse(text: str, principle_id: Callable[[str], str | None]) -> ParsedText:
    """Take a typed text apart. `principle_id` finds a principle by its id or any label, or None.

    Raises `InvalidRequest` for a text longer than `LONGEST_QUERY` characters, or with more phrases,
    beginnings and operators than can be verified in bounded time.
    """
    text = unicodedata.normalize("NFC", text)
    if len(text) > LONGEST_QUERY:
        raise InvalidRequest(
            f"The text to search for has {len(text)} characters; at most {LONGEST_QUERY} can be searched.",
            "q",
        )
    filters: dict[str, list[str]] = {name: [] for name in FILTER_NAMES}
    pieces = [piece for piece in _PIECE.finditer(text) if not _is_filter(piece, filters, principle_id)]
    plain, clauses = _words_and_clauses(pieces, quotes_demand=not _is_question(text, pieces))
    if len({wanted for clause in clauses for wanted in clause.alternatives}) > _MOST_WANTED:
        raise InvalidRequest(
            f"At most {_MOST_WANTED} phrases, beginnings and words beside OR, AND and - can be searched for.",
            "q",
        )
    return ParsedText(
        plain=" ".join(plain),
        clauses=tuple(clauses),
        languages=tuple(filters["language"]),
        principles=tuple(filters["principle"]),
        articles=tuple(filters["article"]),
        dates=tuple(filters["date"]),
    )


def _is_filter(
    piece: re.Match[str], filters: Mapping[str, list[str]], principle_id: Callable[[str], str | None]
) -> bool:
    """Whether a piece is a filter with a known name and value, which is then added to `filters`."""
    if not piece["name"] or piece["sign"]:
        return False
    value = piece["value"].strip('"')
    finders: dict[str, Callable[[str], str | None]] = {
        "principle": principle_id,
        "language": named,
        "article": lambda article: article,
        "date": lambda text: text if days(text) else None,
    }
    for name, names in FILTER_NAMES.items():
        if piece["name"].lower() in names and (found := finders[name](value)):
            filters[name].append(found)
            return True
    return False


def _is_question(text: str, pieces: Sequence[re.Match[str]]) -> bool:
    """Whether a text is a sentence with a question mark, and not only something quoted."""
    asks = text.rstrip("\"“”„»' \t\n").endswith(("?", "？"))
    return asks and any(piece["word"] and analyse(piece["word"]) for piece in pieces)


def days(text: str) -> tuple[date, date] | None:
    """The first and the last day of a `PERIOD`, or None for any other text."""
    if not PERIOD.fullmatch(text):
        return None
    year, *rest = map(int, text.split("-"))
    if len(rest) == 2:
        day = date(year, *rest)
        return day, day
    first, last = rest * 2 or (1, 12)
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _words_and_clauses(
    pieces: Sequence[re.Match[str]], quotes_demand: bool
) -> tuple[list[str], list[Clause]]:
    """The words to rank by, and what a passage must or must not hold."""
    plain: list[str] = []
    clauses: list[Clause] = []
    joint = ""  # "OR" or "AND" between the piece before and this one
    negated = False
    before: re.Match[str] | None = None
    for place, piece in enumerate(pieces):
        operator = piece["word"] if not piece["sign"] else None
        is_last = place + 1 == len(pieces)
        if operator == "NOT" and not is_last:
            negated = True
            continue
        if operator in {"OR", "AND"} and before is not None and not is_last:
            joint = operator
            continue
        if (negated or piece["sign"]) and (unwanted := _wanted(piece)):
            clauses.append(Clause((unwanted,), negated=True))
        else:
            plain.append(_spoken(piece))
            demanding = _prefix(piece) is not None or (quotes_demand and piece["phrase"] is not None)
            _join(clauses, before, joint, piece, demanding)
            before = piece
        joint, negated = "", False
    return plain, clauses


def _join(
    clauses: list[Clause],
    before: re.Match[str] | None,
    joint: str,
    piece: re.Match[str],
    demanding: bool,
) -> None:
    """Add what a piece demands, by itself or beside OR and AND."""
    if not (joint or demanding) or (wanted := _wanted(piece)) is None:  # to analyse it takes long
        return
    if joint and before is not None and (left := _wanted(before)):
        last = (
            clauses[-1] if clauses and not clauses[-1].negated and left in clauses[-1].alternatives else None
        )
        if last is None:
            last = Clause((left,))
            clauses.append(last)
        if joint == "OR":
            clauses[clauses.index(last)] = replace(last, alternatives=(*last.alternatives, wanted))
        else:
            clauses.append(Clause((wanted,)))
    elif demanding:
        clauses.append(Clause((wanted,)))


def _spoken(piece: re.Match[str]) -> str:
    """The words of a piece, to rank by; those of a prefix are found by the engine."""
    if _prefix(piece) is not None:
        return ""
    return piece["phrase"] if piece["phrase"] is not None else piece.group()


def _wanted(piece: re.Match[str]) -> Phrase | Prefix | None:
    """What a passage must hold to fulfil a piece, or None where it has no letters."""
    prefix = _prefix(piece)
    if prefix is not None:
        return prefix
    return phrase(piece["phrase"] if piece["phrase"] is not None else piece.group().lstrip("-"))


def _prefix(piece: re.Match[str]) -> Phrase | Prefix | None:
    word = piece["word"] or ""
    if not word.endswith("*"):
        return None
    letters = fold(word.rstrip("*")).text
    runs = list(scripts(letters))
    if len(runs) != 1 or runs[0].group() != letters:
        return None
    if is_han(letters):
        return phrase(letters)  # a Chinese word is found wherever its characters stand
    return Prefix(letters) if len(letters) >= _SHORTEST_PREFIX else None


def phrase(text: str) -> Phrase | None:
    """What stands between quotes: a sequence of words, or, when it holds Chinese characters or signs
    or no word at all, a plain substring."""
    words = tuple(_synonyms(stack) for stack in _stacks(analyse(text), TermKind.WORD))
    if words and not any(unicodedata.east_asian_width(character) in "WF" for character in text):
        return Phrase(words)
    folded = fold(text).text
    return Phrase((), folded) if folded.strip() else None


def terms(text: str) -> tuple[QueryTerm, ...]:
    """The terms of a plain text, ready to be looked for and ranked by."""
    tokens = analyse(text)
    silent = _positions(tokens, function_words())
    if len(silent) == len({token.position for token in tokens}):
        silent = frozenset()  # «Что есть что?» has nothing else to go by
    unasked = silent and _positions(tokens, question_words())
    alone = _lone_characters(text)
    found: list[QueryTerm] = []
    for kind in TermKind:
        for stack in _stacks(tokens, kind):
            position = stack[0].position
            if kind in {TermKind.WORD, TermKind.FORM, TermKind.GRAM} and position in unasked:
                continue
            matches = kind in {TermKind.WORD, TermKind.BIGRAM} and position not in silent
            if kind is TermKind.CHAR or (kind is TermKind.WORD and is_han(stack[0].term)):
                matches = (matches and len(stack[0].term) > 1) or stack[0].start in alone
            found.append(QueryTerm(kind, _synonyms(stack), matches=matches))
    return tuple(found)


def _stacks(tokens: Iterable[Token], kind: TermKind) -> Iterator[list[Token]]:
    """The tokens of one kind, those that stand for the same letters together."""
    chosen = sorted((t for t in tokens if t.kind is kind), key=lambda t: (t.position, t.start, t.end))
    if kind is TermKind.GRAM:  # the n-grams of a word share its letters but are no synonyms
        yield from ([token] for token in chosen)
        return
    for _, stack in groupby(chosen, key=lambda t: (t.position, t.start, t.end)):
        yield list(stack)


def _synonyms(stack: Sequence[Token]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token.term for token in stack))


def _positions(tokens: Iterable[Token], words: frozenset[str]) -> frozenset[int]:
    """The positions of tokens whose likeliest word is one of `words`."""
    first: dict[int, str] = {}
    for token in tokens:
        if token.kind is TermKind.WORD:
            first.setdefault(token.position, token.term)
    return frozenset(position for position, word in first.items() if word in words)


def _lone_characters(text: str) -> frozenset[int]:
    """Where a single Han character stands that is a word of its own in the query."""
    folded = fold(text)
    return frozenset(
        folded.span(run.start(), run.end())[0]
        for run in scripts(folded.text)
        if run.lastgroup == "han" and len(run.group()) == 1
    )


def prepare(request: SearchRequest, parsed: ParsedText) -> Query:
    """A request with its parsed text as a query; filters of both hold together.

    Raises `InvalidRequest` for an unknown language, date or order, or a limit or offset out of bounds.
    """
    _check(request)
    languages = (*request.languages, *parsed.languages)
    return Query(
        terms=terms(parsed.plain),
        clauses=parsed.clauses,
        languages=languages,
        principles=tuple(dict.fromkeys((*request.principles, *parsed.principles))),
        articles=(*request.articles, *parsed.articles),
        dates=tuple(_period(text) for text in (*request.dates, *parsed.dates)),
        foreign=() if languages else _foreign(parsed.plain),
        like=request.like,
        sort=Sort(request.sort),
        collapse=request.collapse and not request.like and parsed.is_open,
        limit=request.limit,
        offset=request.offset,
    )


def _foreign(text: str) -> tuple[str, ...]:
    """The languages that a text is not typed in; none when that cannot be told.

    Latin letters are typed in every language (NPS, ISO 9001, "KANO 问卷"): that a text is English, only its
    function words say.
    """
    others = " ".join(run.group() for run in scripts(fold(text).text) if run.lastgroup != "latin")
    own = detect(others or text)
    if own == "und" or (own == "en" and not _positions(analyse(text), function_words())):
        return ()
    return tuple(code for code in LANGUAGES if code != own)


def _check(request: SearchRequest) -> None:
    for code in request.languages:
        if code not in LANGUAGES and code not in ISO_639_1:
            known = ", ".join(LANGUAGES)
            raise InvalidRequest(f"There is no language “{code}”; known are {known}.", "language")
    if not 0 <= request.limit <= MOST_HITS:
        raise InvalidRequest(f"The limit must be between 0 and {MOST_HITS}, not {request.limit}.", "limit")
    if request.offset < 0:
        raise InvalidRequest(f"The offset must be 0 or more, not {request.offset}.", "offset")
    if request.sort not in list(Sort):
        orders = " or ".join(Sort)
        raise InvalidRequest(f"Results can be sorted by {orders}, not by “{request.sort}”.", "sort")


def _period(text: str) -> tuple[date, date]:
    if period := days(text):
        return period
    raise InvalidRequest(
        f"A date is a year, a month or a day, 2026, 2026-03 or 2026-03-15, not “{text}”.", "date"
    )
