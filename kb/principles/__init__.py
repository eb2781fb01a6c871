"""The principles: a SKOS vocabulary in several languages, and the tagger that finds them in passages."""

from __future__ import annotations

from kb.principles.evaluation import Example, TaggerEvaluation, evaluate, read_examples, reviewed_examples
from kb.principles.integrity import check
from kb.principles.mentions import Mention, Strength
from kb.principles.tagger import Explanation, Reason, Tagger, Verdict, Witness
from kb.principles.vocabulary import Vocabulary

__all__ = [
    "Example",
    "Explanation",
    "Mention",
    "Reason",
    "Strength",
    "Tagger",
    "TaggerEvaluation",
    "Verdict",
    "Vocabulary",
    "Witness",
    "check",
    "evaluate",
    "read_examples",
    "reviewed_examples",
]
