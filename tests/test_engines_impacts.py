"""The arithmetic of impacts on numbers that can be done by hand, and the cache with its limit."""

from __future__ import annotations

import math
import random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.engines.cache import BoundedCache
from kb.engines.impacts import Collection, Impacts, Level, best
from kb.models import QueryTerm, TermKind
from kb.ranking import ARTICLE_WEIGHT, FIELD_WEIGHTS, K1, KIND_WEIGHTS, SECTION_WEIGHT, Field


def numbers(*values: int):
    return np.array(values, np.int32)


# Two articles: a of two sections with two passages and one, b of one.
COLLECTION = Collection(
    section=numbers(0, 0, 1, 2),
    article=numbers(0, 0, 0, 1),
    text_words=numbers(10, 20, 10, 40),
    heading_words=numbers(0, 0, 2, 0),
    asked_words=numbers(0, 0, 5, 0),
    title_words=numbers(3, 1),
)
POSTINGS = {
    (Field.TEXT, "wжалоба"): (numbers(0, 2), numbers(2, 1)),
    (Field.TEXT, "wподарок"): (numbers(0, 3), numbers(1, 5)),
    (Field.TITLE, "wжалоба"): (numbers(3), numbers(1)),
    (Field.HEADINGS, "wжалоба"): (numbers(2), numbers(1)),
    (Field.ASKED, "wжалоба"): (numbers(2), numbers(3)),
    (Field.ASKED, "wчек"): (numbers(2), numbers(2)),
}
NONE = (numbers(), numbers())
EVERY = numbers(0, 1, 2, 3)


@pytest.fixture
def impacts():
    return Impacts(COLLECTION, lambda field, term: POSTINGS.get((field, term), NONE), BoundedCache(10**6), 1)


def word(*synonyms: str, **options: object) -> QueryTerm:
    return QueryTerm(TermKind.WORD, synonyms, **options)


def hits_of(impacts: Impacts, terms):
    return impacts.hits(impacts.looked_up(terms))


def scores_of(impacts: Impacts, terms, numbers):
    return impacts.scores(impacts.looked_up(terms), numbers)


def bm25(count: int, holders: int, times: int, length: float, average: float, b: float) -> float:
    idf = math.log(1 + (count - holders + 0.5) / (holders + 0.5))
    return idf * times / (times + K1 * (1 - b + b * length / average))


def test_what_a_term_gives_by_hand(impacts):
    text, title = FIELD_WEIGHTS[Field.TEXT], FIELD_WEIGHTS[Field.TITLE]
    first = text.weight * (
        bm25(4, 2, 2, 10, 20, text.b)
        # The section of 30 words has the word two times; the article of 40, for whose last passage five
        # words more are asked, three times, and three times more in what is asked.
        + SECTION_WEIGHT * bm25(3, 2, 2, 30, 85 / 3, text.b)
        + ARTICLE_WEIGHT * bm25(2, 1, 6, 45, 85 / 2, text.b)
    )
    last = title.weight * bm25(2, 1, 1, 1, 2, title.b)
    scores = scores_of(impacts, [word("жалоба")], EVERY)
    assert scores[0] == pytest.approx(first * KIND_WEIGHTS[TermKind.WORD])
    assert scores[3] == pytest.approx(last * KIND_WEIGHTS[TermKind.WORD])


def test_what_is_asked_is_read_with_the_headings_and_lent_with_the_text(impacts):
    text, headings = FIELD_WEIGHTS[Field.TEXT], FIELD_WEIGHTS[Field.HEADINGS]
    lent_by_article = text.weight * ARTICLE_WEIGHT * bm25(2, 1, 2, 45, 85 / 2, text.b)
    lent_by_section = text.weight * SECTION_WEIGHT * bm25(3, 1, 2, 15, 85 / 3, text.b)
    own = headings.weight * bm25(4, 1, 2, 7, 7 / 4, headings.b)
    expected = [lent_by_article, lent_by_article, lent_by_article + lent_by_section + own, 0]
    assert scores_of(impacts, [word("чек")], EVERY) == pytest.approx(expected)
    assert list(hits_of(impacts, [word("чек")])) == [2]
    # Of a word that headings and questions have, the frequencies add up.
    both = next(s for s in impacts.shares(word("жалоба")) if s.field is Field.HEADINGS)
    assert list(both.values) == pytest.approx([headings.weight * bm25(4, 1, 4, 7, 7 / 4, headings.b)])


def test_synonyms_share_a_frequency(impacts):
    """The passage with both has the higher of the two, and counts as one that holds the term."""
    share = next(s for s in impacts.shares(word("жалоба", "подарок")) if s.level is Level.PASSAGE)
    text = FIELD_WEIGHTS[Field.TEXT]
    assert list(share.places) == [0, 2, 3]
    assert share.values[0] == pytest.approx(text.weight * bm25(4, 3, 2, 10, 20, text.b))


def test_explanations_say_where(impacts):
    given = [field for field, _ in impacts.given(word("жалоба"), 2)]
    assert sorted(given) == ["context", "context", "headings", "text"]
    assert [field for field, _ in impacts.given(word("жалоба"), 3)] == ["title"]
    assert list(impacts.given(word("зебра"), 0)) == []


def test_a_title_makes_a_hit_of_the_first_passage_only(impacts):
    assert list(hits_of(impacts, [word("жалоба")])) == [0, 2, 3]
    assert list(hits_of(impacts, [word("жалоба", matches=False)])) == []


def test_a_section_that_holds_enough_words_makes_hits_of_all_its_passages():
    """Three words stand in one section, though none of them in its second passage."""
    postings = {(Field.TEXT, f"w{word}"): (numbers(0), numbers(1)) for word in ("раз", "два", "три")}
    impacts = Impacts(
        COLLECTION, lambda field, term: postings.get((field, term), NONE), BoundedCache(10**6), 1
    )
    words = [word(one) for one in ("раз", "два", "три", "четыре", "пять", "шесть")]
    assert list(hits_of(impacts, words)) == [0, 1]
    assert list(hits_of(impacts, [*words, word("семь")])) == [0], "half of seven are four"
    assert list(hits_of(impacts, words[:2])) == [0], "two are too few"


def test_the_weight_in_the_query_multiplies(impacts):
    double = scores_of(impacts, [word("жалоба", weight=2.0)], EVERY)
    assert double == pytest.approx(2 * scores_of(impacts, [word("жалоба")], EVERY))
    assert scores_of(impacts, [], EVERY) == pytest.approx([0.0] * 4)


@given(st.lists(st.integers(0, 4), max_size=1000), st.integers(0, 40))
def test_the_best_are_those_of_a_sort(values, count):
    found = best(np.array(values, np.float64) / 3, count)
    assert list(found) == sorted(range(len(values)), key=lambda place: (-values[place], place))[:count]


@given(st.data())
def test_few_postings_and_many_are_alike(data):
    """Hits of terms in one of a thousand passages are joined by sorting, beside frequent ones by places."""
    size = 1000
    texts = {
        (Field.TEXT, f"w{name}"): (numbers(*sorted(held)), numbers(*([1] * len(held))))
        for name in ("a", "b", "c")
        for held in [data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=15))]
    }
    texts[Field.TEXT, "wall"] = (np.arange(size, dtype=np.int32), np.ones(size, np.int32))
    flat = Collection(
        section=np.arange(size, dtype=np.int32) // 7,
        article=np.arange(size, dtype=np.int32) // 70,
        text_words=np.full(size, 9, np.int32),
        heading_words=np.zeros(size, np.int32),
        asked_words=np.zeros(size, np.int32),
        title_words=np.zeros(15, np.int32),
    )
    impacts = Impacts(flat, lambda field, term: texts.get((field, term), NONE), BoundedCache(10**6), 1)
    asked = [word(name, weight=data.draw(st.sampled_from([1.0, 0.5]))) for name in ("a", "b", "c")]
    every = np.arange(size, dtype=np.int32)
    scores = scores_of(impacts, asked, every)
    assert list(scores_of(impacts, [*asked, word("all", weight=0.0)], every)) == list(scores)
    held = {int(number) for name in ("a", "b") for number in texts[Field.TEXT, f"w{name}"][0]}
    assert list(hits_of(impacts, asked[:2])) == sorted(held)
    assert list(hits_of(impacts, [*asked, word("all")])) == list(every)
    assert list(scores_of(impacts, asked, hits_of(impacts, asked))) == list(scores[hits_of(impacts, asked)])


def test_an_interrupted_sum_leaves_nothing_behind(impacts, monkeypatch):
    """What was given before an error must not count for the next query."""
    right = list(scores_of(impacts, [word("жалоба")], EVERY))
    with pytest.raises(IndexError):
        scores_of(impacts, [word("жалоба")], numbers(9))
    assert list(scores_of(impacts, [word("жалоба")], EVERY)) == right


# --- What is remembered ---------------------------------------------------------------------------


def test_what_is_remembered_is_not_made_again():
    cache = BoundedCache(10_000)
    made = []
    for _ in range(3):
        assert cache.get(("a", 1), lambda: made.append(1) or "value", lambda value: 100) == "value"
    assert made == [1]
    assert (cache.state.hits, cache.state.misses, cache.state.limit) == (2, 1, 10_000)


def test_the_least_recently_used_leaves_first():
    cache = BoundedCache(3_000)  # room for two: each entry takes some 600 bytes beside its own
    for name in ("a", "b"):
        cache.get((name,), lambda: 1, lambda value: 700)
    cache.get(("a",), lambda: pytest.fail("forgot too early"), lambda value: 700)
    cache.get(("c",), lambda: 1, lambda value: 700)
    cache.get(("a",), lambda: pytest.fail("forgot the wrong one"), lambda value: 700)
    again = []
    cache.get(("b",), lambda: again.append(1), lambda value: 700)
    assert again == [1]


def test_what_is_larger_than_the_limit_is_given_but_not_kept():
    cache = BoundedCache(1_000)
    assert cache.get(("a",), lambda: "large", lambda value: 5_000) == "large"
    assert cache.used == 0


def test_an_owner_is_forgotten_with_all_it_has():
    cache = BoundedCache(100_000)
    for owner in (1, 2):
        for key in "abc":
            cache.get((owner, key), lambda: 0, lambda value: 10)
    cache.forget(lambda owner: owner == 1)
    again = []
    for owner in (1, 2):
        cache.get((owner, "a"), lambda owner=owner: again.append(owner) or 0, lambda value: 10)
    assert again == [1]
    cache.forget(lambda owner: True)
    assert cache.used == 0


def test_a_look_counts_as_use_and_makes_nothing():
    cache = BoundedCache(3_000)
    for name in ("a", "b"):
        cache.get((name,), lambda name=name: name, lambda value: 700)
    assert [cache.peek((name,)) for name in ("a", "never")] == ["a", None]
    cache.get(("c",), lambda: "c", lambda value: 700)
    assert [cache.peek((name,)) for name in "abc"] == ["a", None, "c"]


def test_a_remembered_nothing_is_remembered():
    cache = BoundedCache(10_000)
    made = []
    for _ in range(2):
        cache.get(("a",), lambda: made.append(1), lambda value: 10)
    assert made == [1]


@given(st.integers(0, 20_000), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4_000)), max_size=60))
def test_the_limit_holds(limit, requests):
    cache = BoundedCache(limit)
    for key, size in requests:
        assert cache.get((key % 3, key, size), lambda key=key: key, lambda value, size=size: size) == key
        assert 0 <= cache.used <= limit


def test_threads_share_it():
    cache, wrong = BoundedCache(5_000), []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(500):
            key = rng.randrange(20)
            if cache.get((key % 4, key), lambda key=key: key, lambda value: 300) != key:
                wrong.append(key)
            if rng.random() < 0.02:
                cache.forget(lambda owner: owner == 1)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 0 <= cache.used <= 5_000
    cache.forget(lambda owner: True)
    assert cache.used == 0
