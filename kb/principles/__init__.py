"""The principles: a SKOS vocabulary in several languages, and the tagger that finds them in passages."""

from __future__ import annotations

from kb.principles.mentions import Mention, Strength
from kb.principles.tagger import Explanation, Reason, Tagger, Verdict, Witness
from kb.principles.vocabulary import Vocabulary

__all__ = [
    "Explanation",
    "Mention",
    "Reason",
    "Strength",
    "Tagger",
    "Verdict",
    "Vocabulary",
    "Witness",
]
