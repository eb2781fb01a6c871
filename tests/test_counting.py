"""Numbers of things, as English has them."""

from __future__ import annotations

import pytest

from kb.counting import counted
from kb.errors import TooManyAttempts


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [
        (0, ("article",), "0 articles"),
        (1, ("article",), "1 article"),
        (2, ("article",), "2 articles"),
        (1, ("query", "queries"), "1 query"),
        (21, ("query", "queries"), "21 queries"),
        (2, ("review of a tag", "reviews of tags"), "2 reviews of tags"),
    ],
)
def test_a_number_with_its_noun(number: int, nouns: tuple[str, ...], said: str) -> None:
    assert counted(number, *nouns) == said


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 minute"), (60, "1 minute"), (61, "2 minutes")])
def test_how_long_one_has_to_wait(seconds: int, said: str) -> None:
    assert str(TooManyAttempts(seconds)).endswith(f" in {said}.")
