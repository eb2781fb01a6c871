"""What an editor says people ask when a passage is what they need: a comment below it.

    Возврат оформляет старший смены.
    <!-- asked: кто может вернуть деньги; верните деньги; 谁能退款; who can refund -->

Staff do not type the words of the handbook. Their own words, written beside the passage once, find
it from then on: document expansion (Nogueira et al. 2019), by people who know the questions.
"""

from __future__ import annotations

import re

from kb.readers.raw_html import comments

MOST = 50
"""How many questions one block may have; what is beyond is not taken in."""

_BEGINNING = re.compile(r"\s*(?:asked|спрашивают|常问|常問)\s*[:：]", re.IGNORECASE)
_BETWEEN = re.compile(r"[;；\n]")


def questions(html: str) -> tuple[str, ...]:
    """The questions in the comments of some HTML, in order; most comments have none."""
    found = (
        question
        for start, end in comments(html)
        if (beginning := _BEGINNING.match(html, start + 4, end - 3))
        for question in _BETWEEN.split(html[beginning.end() : end - 3])
    )
    return tuple(" ".join(question.split()) for question in found if question.strip())
