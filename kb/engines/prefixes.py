"""What a wanted prefix stands for: the words of the index that begin so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kb.models import Clause, Prefix, QueryTerm, TermKind
from kb.ranking import KIND_WEIGHTS

# A prefix stands for at most this many words: more would be slow and tell a reader nothing.
PREFIX_WORDS = 1000


def prefix_terms(
    clauses: Sequence[Clause], beginning: Callable[[Prefix], tuple[str, ...]]
) -> Iterator[QueryTerm]:
    """The words that wanted prefixes stand for, as terms that weigh like a word.

    `beginning` gives the most frequent words of the index that begin so, `PREFIX_WORDS` at most.
    """
    for clause in clauses:
        for wanted in clause.alternatives:
            if isinstance(wanted, Prefix) and not clause.negated and (words := beginning(wanted)):
                weight = KIND_WEIGHTS[TermKind.WORD] / KIND_WEIGHTS[TermKind.FORM]
                yield QueryTerm(TermKind.FORM, words, weight)
