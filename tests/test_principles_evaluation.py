"""The measure of the tagger, and the tagger by that measure."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kb.errors import ReadingError
from kb.models import Tag
from kb.principles import Tagger
from kb.principles.evaluation import Example, evaluate, read_examples

DEVELOPMENT_SET = Path(__file__).parent / "files" / "principles" / "dev.jsonl"


class Parrot(Tagger):
    """Tags a passage with whatever words it holds."""

    def __init__(self) -> None:
        pass

    def tag(self, article, passages, mentions=None):
        return tuple(
            dataclasses.replace(one, tags=tuple(Tag(word, 1.0) for word in one.text.split()))
            for one in passages
        )


def example(text: str, must: str, may: str = "") -> Example:
    return Example(text, frozenset(must.split()), frozenset(may.split()))


def test_counts_measures_and_confusions():
    right, confused, silent, nothing = (
        example("empathy", "empathy"),
        example("loyalty", "empathy"),
        example("", "loyalty"),
        example("", ""),
    )
    result = evaluate([right, confused, silent, nothing], Parrot())
    empathy, loyalty = result.principles["empathy"], result.principles["loyalty"]
    assert (empathy.right, empathy.wrong, empathy.missing) == (1, 0, 1)
    assert (empathy.precision, empathy.recall, empathy.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (loyalty.right, loyalty.wrong, loyalty.missing) == (0, 1, 1)
    assert (result.micro.right, result.micro.wrong, result.micro.missing) == (1, 1, 2)
    assert result.macro == pytest.approx(1 / 3)
    assert result.confusions == {("empathy", "loyalty"): 1}
    assert [outcome.example for outcome in result.worst] == [confused, silent]


def test_a_tag_that_may_be_counts_neither_way():
    result = evaluate([example("empathy welcome", "empathy", "welcome")], Parrot())
    assert list(result.principles) == ["empathy"]
    assert result.micro.f1 == 1.0


def test_without_examples_nothing_is_wrong():
    result = evaluate([], Parrot())
    assert (result.micro.precision, result.micro.recall, result.micro.f1, result.macro) == (
        1.0,
        1.0,
        1.0,
        1.0,
    )


def test_examples_are_read_with_their_lines(tmp_path):
    path = tmp_path / "examples.jsonl"
    entry = {"text": "Слушайте.", "must": ["active-listening"], "headings": ["Разговор"], "title": "Книга"}
    path.write_text("\n" + json.dumps(entry) + "\n", encoding="utf-8")
    (read,) = read_examples(path)
    assert (read.text, read.headings, read.title, read.line) == ("Слушайте.", ("Разговор",), "Книга", 2)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "x"}', '{"text": 1, "must": []}', '{"text": "x", "must": "y"}']
)
def test_what_is_no_example_is_named_by_its_line(tmp_path, line):
    path = tmp_path / "examples.jsonl"
    path.write_text('{"text": "x", "must": []}\n' + line, encoding="utf-8")
    with pytest.raises(ReadingError, match=r"examples\.jsonl:2: no example") as caught:
        read_examples(path)
    assert caught.value.line == 2


def test_the_tagger_reaches_its_goal_on_the_development_set(vocabulary, shared_tagger):
    examples = read_examples(DEVELOPMENT_SET)
    assert len(examples) >= 150
    assert set().union(*(one.must | one.may for one in examples)) <= vocabulary.principles.keys()
    result = evaluate(examples, shared_tagger)
    assert result.micro.precision >= 0.90
    assert result.micro.f1 >= 0.90
