"""Collapsing and versions as numbers, beside a slow reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.engines.copies import VERSION, Copies


@st.composite
def collections(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """The group, the article and the length of each passage."""
    counts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    article = [number for number, count in enumerate(counts) for _ in range(count)]
    kinds = draw(st.lists(st.integers(0, 6), min_size=len(article), max_size=len(article)))
    groups = [kinds.index(kind) for kind in kinds]
    words = draw(st.lists(st.integers(0, 9), min_size=len(article), max_size=len(article)))
    return groups, article, words


def made(groups: list[int], article: list[int], words: list[int]) -> Copies:
    return Copies(*(np.array(values, np.int32) for values in (groups, article, words)))


@given(collections(), st.data())
def test_the_best_of_each_group_is_shown(collection, data):
    groups = collection[0]
    numbers = sorted(data.draw(st.sets(st.integers(0, len(groups) - 1))))
    first, then = (
        data.draw(st.lists(st.integers(0, 2), min_size=len(numbers), max_size=len(numbers))) for _ in range(2)
    )
    shown, more = made(*collection).collapsed(np.array(numbers, np.int32), np.array(first), np.array(then))
    best: dict[int, int] = {}
    for place in sorted(range(len(numbers)), key=lambda n: (-first[n], -then[n], n)):
        best.setdefault(groups[numbers[place]], place)
    assert np.flatnonzero(shown).tolist() == sorted(best.values())
    of_group = [groups[number] for number in numbers]
    assert [int(more[place]) for place in best.values()] == [of_group.count(group) - 1 for group in best]


@given(collections(), st.data())
def test_copies_with_the_same_value_count_once(collection, data):
    groups = collection[0]
    numbers = data.draw(st.lists(st.integers(0, len(groups) - 1)))
    values = data.draw(st.lists(st.integers(0, 2), min_size=len(numbers), max_size=len(numbers)))
    once = made(*collection).once(np.array(numbers, np.int32), np.array(values, np.int32))
    copied = {group for group in groups if groups.count(group) > 1}
    pairs = [(groups[n], value) for n, value in zip(numbers, values, strict=True)]
    assert once.tolist() == [
        group not in copied or (group, value) not in pairs[:place]
        for place, (group, value) in enumerate(pairs)
    ]


@given(collections())
def test_versions_are_those_of_the_definition(collection):
    groups, article, words = collection
    copies = made(*collection)
    passages = list(zip(groups, article, words, strict=True))

    def shared(one: int, other: int) -> int:
        there = {group for group, owner, _ in passages if owner == other}
        return sum(length for group, owner, length in passages if owner == one and group in there)

    def common(one: int, other: int) -> int:
        return shared(one, other) + shared(other, one)

    def size(one: int) -> int:
        return sum(length for _, owner, length in passages if owner == one)

    for one in range(max(article) + 1):
        expected = [
            other
            for other in range(max(article) + 1)
            if other != one and common(one, other) >= max(1, VERSION * (size(one) + size(other)))
        ]
        assert copies.versions(one).tolist() == expected


@given(collections(), st.integers(1, 4))
def test_what_stands_in_many_articles(collection, least):
    groups, article, _ = collection
    members = {group: [n for n, one in enumerate(groups) if one == group] for group in groups}
    wide = [
        (-len({article[n] for n in numbers}), numbers[0], numbers)
        for numbers in members.values()
        if len(numbers) > 1 and len({article[n] for n in numbers}) >= least
    ]
    found = [numbers.tolist() for numbers in made(*collection).spread(least)]
    assert found == [numbers for *_, numbers in sorted(wide)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_little_or_nothing(count):
    copies = made(list(range(count)), list(range(count)), [1] * count)
    numbers = np.arange(count, dtype=np.int32)
    shown, more = copies.collapsed(numbers, numbers)
    assert shown.all() and not more.any()
    assert copies.once(numbers, numbers).all()
    assert list(copies.spread(1)) == []
