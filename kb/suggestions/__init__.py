"""Help with what people type: completion as they type, and repair of what they typed.

`keyboard`, `transliteration`, `pinyin`, `characters` and `spelling` each know one kind of slip, and
`repair` applies them to a query; `completion` lists what a beginning may become. What both need of
the index is gathered once for each of its states.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from kb.engines import Engine
from kb.errors import ServicebookError
from kb.languages import fold
from kb.models import Clause, Phrase, Query, Repair, Suggestion, TermKind
from kb.principles import Vocabulary
from kb.suggestions.lexicon import LabelWords, Lexicon, read_lexicon
from kb.suggestions.repair import is_doubtful, repair, unquoted

if TYPE_CHECKING:
    from kb.suggestions.completion import Completer

__all__ = ["Suggestions", "unquoted"]

_Gathered = TypeVar("_Gathered")

_log = logging.getLogger(__name__)
# Seconds that a search after a commit may wait for the words of the new state.
_PATIENCE = 0.1
# What takes so many seconds of a processor is gathered after every commit. What takes longer rests so many
# times as long in between: where files change all the time, searches must not wait for it all the time.
_CHEAP, _REST = 0.1, 30


class Suggestions:
    """Repair and completion over one index and vocabulary. Safe for threads."""

    def __init__(self, engine: Engine, vocabulary: Vocabulary, cache: Path | None = None) -> None:
        """Nothing is read before the first call. `cache` is a folder for what takes long to work out."""
        self._engine = engine
        labels = LabelWords(vocabulary, cache)
        self._lexicon: _PerGeneration[Lexicon] = _PerGeneration(
            lambda before: _lexicon(engine, labels, before)
        )
        self._completer: _PerGeneration[Completer] = _PerGeneration(
            lambda _: _completer(engine, vocabulary, self._lexicon.at(engine.generation))
        )

    def repair(self, text: str) -> Repair | None:
        """The query that was probably meant, or None when nothing in it is doubtful."""
        if not is_doubtful(text):
            return None
        generation = self._engine.generation
        lexicon = self._lexicon.at(generation)
        found = repair(text, lexicon, self._stands)
        if found and not self._lexicon.is_of(generation) and any(map(self._is_indexed, found.typed)):
            return None  # a word that came in since the lexicon was gathered
        return found

    def complete(self, text: str, language: str | None = None, limit: int = 8) -> tuple[Suggestion, ...]:
        """What a text being typed may become, best first, in one language or any."""
        return self._completer.at(self._engine.generation).complete(text, language, limit)

    def prepare(self) -> None:
        """Gather everything now, so that the first reader does not wait for it."""
        for slip in ("servis", "эмпотиия", "服务标淮"):
            self.repair(slip)
        self.complete("a")

    def _stands(self, characters: str) -> bool:
        clause = Clause((Phrase((), characters),))
        return self._engine.search(Query(clauses=(clause,), limit=0)).total > 0

    def _is_indexed(self, word: str) -> bool:
        """Whether a word stands in the index as it is."""
        term = TermKind.FORM + fold(word).text
        return any(found == term for found, _ in self._engine.words(term))


def _lexicon(engine: Engine, labels: LabelWords, before: Lexicon | None) -> Lexicon:
    """The known words of now, ready for what was asked of those before."""
    lexicon = read_lexicon(engine, labels)
    if before:
        lexicon.prepare_like(before)
    return lexicon


def _completer(engine: Engine, vocabulary: Vocabulary, lexicon: Lexicon) -> Completer:
    from kb.suggestions.completion import Completer  # `kb search` completes nothing

    return Completer(engine, vocabulary, lexicon.count)


@dataclass(frozen=True, slots=True)
class _Gathering(Generic[_Gathered]):
    """What was gathered of a state; from `due` on (`time.monotonic`) another may be gathered."""

    generation: object
    found: _Gathered
    due: float


class _PerGeneration(Generic[_Gathered]):
    """Something gathered from an index, at most once for each of its states."""

    def __init__(self, gather: Callable[[_Gathered | None], _Gathered]) -> None:
        """`gather` is told what it gave the time before."""
        self._gather = gather
        self._gathering = threading.Lock()
        self._current: _Gathering[_Gathered] | None = None

    def at(self, generation: object) -> _Gathered:
        """What belongs to a state. Where gathering it takes long, what belonged to one before."""
        current = self._current
        if current is None:
            with self._gathering:
                current = self._current = self._current or self._gathered(generation)
        elif self._is_due(current, generation) and self._gathering.acquire(blocking=False):
            renewing = threading.Thread(target=self._renew, args=(generation,), daemon=True)
            renewing.start()
            renewing.join(_PATIENCE)
            current = self._current or current
        return current.found

    def is_of(self, generation: object) -> bool:
        """Whether what was gathered last belongs to a state."""
        return self._current is not None and self._current.generation == generation

    def _is_due(self, current: _Gathering[_Gathered], generation: object) -> bool:
        return current.generation != generation and time.monotonic() >= current.due

    def _gathered(self, generation: object) -> _Gathering[_Gathered]:
        begun = time.thread_time()
        found = self._gather(self._current.found if self._current else None)
        took = time.thread_time() - begun
        return _Gathering(generation, found, time.monotonic() + (took * _REST if took > _CHEAP else 0))

    def _renew(self, generation: object) -> None:
        try:
            if (current := self._current) and self._is_due(current, generation):  # nobody was faster
                self._current = self._gathered(generation)
        except ServicebookError as error:  # the index was closed or damaged meanwhile; searches say so
            _log.info("The words of the index could not be gathered: %s", error)
        finally:
            self._gathering.release()
