"""Help with what people type: completion as they type, and repair of what they typed.

`keyboard`, `transliteration`, `pinyin`, `characters` and `spelling` each know one kind of slip, and
`repair` applies them to a query; `completion` lists what a beginning may become. What both need of
the index is gathered once for each of its states.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kb.engines import Engine
from kb.errors import ServicebookError
from kb.models import Clause, Phrase, Query, Repair, Suggestion
from kb.principles import Vocabulary
from kb.suggestions.completion import Completer
from kb.suggestions.lexicon import Lexicon, read_lexicon
from kb.suggestions.repair import is_doubtful, repair, unquoted

__all__ = ["Suggestions", "unquoted"]

_Gathered = TypeVar("_Gathered")

_log = logging.getLogger(__name__)
_PATIENCE = 2.0  # seconds that one search after a commit may wait for the words of the new state


class Suggestions:
    """Repair and completion over one index and vocabulary. Safe for threads."""

    def __init__(self, engine: Engine, vocabulary: Vocabulary) -> None:
        """Nothing is read before the first call."""
        self._engine = engine
        self._lexicon: _PerGeneration[Lexicon] = _PerGeneration(lambda: read_lexicon(engine, vocabulary))
        self._completer: _PerGeneration[Completer] = _PerGeneration(
            lambda: Completer(engine, vocabulary, self._lexicon.at(engine.generation).counts)
        )

    def repair(self, text: str) -> Repair | None:
        """The query that was probably meant, or None when nothing in it is doubtful."""
        if not is_doubtful(text):
            return None
        return repair(text, self._lexicon.at(self._engine.generation), self._stands)

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


class _PerGeneration(Generic[_Gathered]):
    """Something gathered from an index, once for each of its states."""

    def __init__(self, gather: Callable[[], _Gathered]) -> None:
        self._gather = gather
        self._gathering = threading.Lock()
        self._current: tuple[object, _Gathered] | None = None

    def at(self, generation: object) -> _Gathered:
        """What belongs to a state. Where gathering it takes long, what belonged to the one before."""
        current = self._current
        if current is None:
            with self._gathering:
                current = self._current = self._current or (generation, self._gather())
        elif current[0] != generation and self._gathering.acquire(blocking=False):
            renewing = threading.Thread(target=self._renew, args=(generation,), daemon=True)
            renewing.start()
            renewing.join(_PATIENCE)
            current = self._current or current
        return current[1]

    def _renew(self, generation: object) -> None:
        try:
            self._current = (generation, self._gather())
        except ServicebookError as error:  # the index was closed or damaged meanwhile; searches say so
            _log.info("The words of the index could not be gathered: %s", error)
        finally:
            self._gathering.release()
