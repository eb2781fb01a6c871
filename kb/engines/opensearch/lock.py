"""One writer at a time, on whatever machine: a document in the cluster that says whose turn it is.

The turn is a lease: its holder renews it while it lives, and when it has died others take over after
`LEASE` seconds. A holder that could not renew in time is told so and writes no more; what it had sent
belongs to a turn that came to nothing (see `kb.engines.opensearch.index`). The clocks of machines that
write must agree within seconds.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kb.engines.opensearch.cluster import Cluster, Json
from kb.errors import EngineError, EngineUnavailable, IndexLocked

LEASE = 60.0
_RENEWED_EVERY = 5.0
_LOOKED_EVERY = 0.2


class Turn:
    """A writer's turn; `number` rises from turn to turn."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._index = f"/{cluster.address.name}.lock"
        self._path = f"{self._index}/_doc/writer"
        self._owner = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"
        self._revision = (0, 0)
        self._until = 0.0
        self.number = 0
        self.unused = False  # nothing was sent: the next writer may have the same number

    def check(self) -> None:
        """Raises `EngineUnavailable` when the turn is lost, as the cluster was away for too long."""
        if time.monotonic() > self._until:
            raise EngineUnavailable(
                f"The cluster did not answer for {LEASE:g} seconds while the index was written; nothing of"
                " this write is seen. Run `kb index` again."
            )

    def take(self) -> bool:
        """Try to take the turn: whether nobody else has it."""
        found = self._found()
        if not found:
            if self._put(1, LEASE, op_type="create"):
                return True
            if not (found := self._found()):
                return False
        held: Json = found["_source"]
        if held["until"] > time.time() and held["owner"] != self._owner:
            return False
        revision = (found["_seq_no"], found["_primary_term"])
        return self._put(held["turn"] + 1, LEASE, if_seq_no=revision[0], if_primary_term=revision[1])

    def renew(self) -> bool:
        """Keep the turn for another while: whether it is still ours."""
        return self._replace(LEASE, self.number)

    def give_back(self) -> None:
        """Let others have it. When the cluster is away, the lease runs out by itself."""
        with suppress(EngineError):
            self._replace(0.0, self.number - self.unused)

    def _found(self) -> Json | None:
        """Whose turn it is, None when it was never anybody's."""
        if not self._cluster.exists(self._index):
            settings = {"number_of_shards": 1, "auto_expand_replicas": "0-2"}
            self._cluster.ask("PUT", self._index, {"settings": settings}, slow=True, ignore=400)
        return self._cluster.find(self._path)

    def _replace(self, lease: float, number: int) -> bool:
        condition = {"if_seq_no": self._revision[0], "if_primary_term": self._revision[1]}
        if self._put(number, lease, **condition):
            return True
        # It may be ours in a newer revision, when the answer to an earlier request was lost.
        found = self._found()
        if not found or found["_source"]["owner"] != self._owner:
            return False
        return self._put(number, lease, if_seq_no=found["_seq_no"], if_primary_term=found["_primary_term"])

    def _put(self, number: int, lease: float, **condition: Any) -> bool:
        begun = time.monotonic()
        document = {"turn": number, "owner": self._owner, "until": time.time() + lease}
        answer = self._cluster.ask("PUT", self._path, document, ignore=409, **condition)
        if "error" in answer:
            # It may stand there all the same: when the answer was lost, the client asked again.
            answer = self._cluster.find(self._path) or {}
            if answer.get("_source") != document:
                return False
        self.number = number
        self._revision = (answer["_seq_no"], answer["_primary_term"])
        self._until = begun + lease
        return True


@contextmanager
def turn(cluster: Cluster, wait: bool) -> Iterator[Turn]:
    """Have the turn to write. When another has it, wait for it or raise `IndexLocked`."""
    mine = Turn(cluster)
    while not mine.take():
        if not wait:
            raise IndexLocked(
                f"Another process is writing to the index {cluster.address}; try again when it is done, or"
                f" wait for it with kb index --wait. If it has died, its turn ends within {LEASE:g} seconds."
            )
        time.sleep(_LOOKED_EVERY)
    done = threading.Event()
    renewing = threading.Thread(target=_keep, args=(mine, done), name="index-lease", daemon=True)
    renewing.start()
    try:
        yield mine
    finally:
        done.set()
        renewing.join()
        mine.give_back()


def _keep(mine: Turn, done: threading.Event) -> None:
    """Renew a turn until it is done with, or another has taken it."""
    while not done.wait(_RENEWED_EVERY):
        with suppress(EngineError):
            if not mine.renew():
                return
