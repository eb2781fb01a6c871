"""The cluster itself: what the other tests stand on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster


def count(cluster) -> int:
    cluster.ask("POST", "/tea/_refresh")
    return cluster.ask("GET", "/tea/_count")["count"]


def test_documents_outlive_nodes_and_restarts(cluster):
    cluster.ask("PUT", "/tea", {"settings": {"number_of_shards": 2, "number_of_replicas": 1}})
    for cup in range(5):
        cluster.ask("PUT", f"/tea/_doc/{cup}", {"cup": cup})
    cluster.wait()

    cluster.stop(0)
    cluster.wait("yellow")
    assert count(cluster) == 5

    cluster.start(0)
    cluster.wait()
    cluster.restart()
    assert count(cluster) == 5


def test_each_test_begins_with_an_empty_cluster(cluster):
    assert cluster.ask("GET", "/_cat/indices?format=json&expand_wildcards=all") == []
