"""Words in little memory are found as in Python's own dictionaries and sets."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from kb.word_lists import HashedCounts, HashedWords, WordCounts, WordList, WordsByKey, WordSet

WORDS = st.text("абвab服务😀", max_size=5)
COUNTS = st.dictionaries(WORDS, st.integers(0, 2**32 - 1), max_size=60)


@given(st.lists(WORDS))
def test_a_list_keeps_its_order(words):
    found = WordList(words)
    assert [list(found), [found[number] for number in range(len(found))]] == [words, words]


@given(COUNTS, WORDS)
def test_counts_are_those_of_a_dictionary(counts, word):
    found = WordCounts(counts)
    assert dict(found) == counts
    assert (len(found), word in found, found.get(word)) == (len(counts), word in counts, counts.get(word))


@given(COUNTS, WORDS)
def test_counts_by_hash_are_those_of_a_dictionary(counts, word):
    found = HashedCounts(counts)
    assert {known: found.get(known) for known in counts} == counts
    assert found.get(word) == counts.get(word)


@given(st.sets(WORDS), WORDS)
def test_words_by_hash_are_those_of_a_set(words, word):
    found = HashedWords(list(words))
    assert all(known in found for known in words)
    assert (word in found) == (word in words)


@given(st.sets(WORDS), WORDS)
def test_a_set_is_a_set(words, word):
    found = WordSet(words)
    assert (set(found), len(found), word in found) == (words, len(words), word in words)


def test_words_of_equal_hashes_are_told_apart():
    class Alike(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 1

    found = WordSet([Alike("a"), Alike("b")])
    assert [Alike(letter) in found for letter in "abc"] == [True, True, False]


@given(st.lists(st.tuples(WORDS, WORDS)), WORDS)
def test_words_are_found_by_their_key(keyed, key):
    right = defaultdict(list)
    for each, word in keyed:
        right[each].append(word)
    found = WordsByKey(keyed)
    assert {each: found.get(each) for each in right} == right
    assert found.get(key) == right.get(key, [])
