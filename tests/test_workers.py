"""Processes that work for this one (`kb.workers`)."""

from __future__ import annotations

import os
import signal

import pytest

from kb.workers import WorkerDied, Workers


def worker(factor):
    """Answers with the number so many times larger; zero kills it, −1 is an error, and one takes long."""

    def work(item: int) -> bytes:
        if item == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if item < 0:
            raise ValueError("below zero")
        return b"%d" % (factor * item) + b" " * item * 100_000

    return work


@pytest.fixture(scope="module")
def workers():
    with Workers[int](2, worker, 10) as started:
        yield started


def numbers(results):
    return [result if isinstance(result, WorkerDied) else int(result) for result in results]


@pytest.mark.parametrize("most", [1, 20, 10_000])
def test_results_come_in_the_order_of_the_items(workers, most):
    items = [30, 1, 1, 2, 3, 9, 1, 1, 1, 7]
    assert numbers(workers.results(items, lambda item: item, most)) == [10 * item for item in items]


def test_no_items_give_no_results(workers):
    assert numbers(workers.results([], int, 1)) == []


def test_a_worker_that_is_killed_takes_only_its_item_along(workers):
    results = numbers(workers.results([5, 0, 6, 7, 0, 8], lambda item: 1, 100))
    assert [result for result in results if not isinstance(result, WorkerDied)] == [50, 60, 70, 80]
    assert isinstance(results[1], WorkerDied)
    assert isinstance(results[4], WorkerDied)
    assert results[1].args == (-signal.SIGKILL,)
    assert numbers(workers.results([1], lambda item: 1, 100)) == [10]


def test_an_error_in_a_worker_is_raised_here():
    with Workers[int](1, worker, 10) as started, pytest.raises(ValueError, match="below zero"):
        numbers(started.results([1, -1, 1], lambda item: 1, 100))


def test_no_more_is_under_way_than_memory_wants(workers):
    asked = []

    def items():
        for item in range(1, 12):
            asked.append(item)
            yield item

    for number, _ in enumerate(workers.results(items(), lambda item: 10, 30)):
        assert len(asked) <= number + 4
