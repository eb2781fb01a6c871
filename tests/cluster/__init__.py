"""A real OpenSearch cluster of three nodes, for tests: `Cluster`. By hand: `python -m tests.cluster`.

Maven fetches OpenSearch as `pom.xml` names it; `Nodes.java` runs the nodes in one JVM on loopback ports.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
NODES = 3
HEAP = "-Xmx768m"
CLASSPATH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
# Seconds in which a cluster must be well; it takes ten.
PATIENCE = 120


class ClusterMissing(Exception):
    """There is no cluster to be had on this machine; the message says what to install."""


class Cluster:
    """Nodes that run until the context is left; `nodes` are their addresses, http://127.0.0.1:…

    A node is named by its place in `nodes`. What it keeps stays when it is stopped, until the end.
    """

    def __init__(self, count: int = NODES) -> None:
        ports = _free_ports(2 * count)
        self.nodes = tuple(f"http://127.0.0.1:{port}" for port in ports[:count])
        self._pairs = [
            f"{http}:{transport}" for http, transport in zip(ports[:count], ports[count:], strict=True)
        ]
        self._running = set(range(count))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            folder = opened.enter_context(
                tempfile.TemporaryDirectory(prefix="cluster", ignore_cleanup_errors=True)
            )
            self.log = Path(folder, "log")
            command = [
                "java",
                HEAP,
                "-cp",
                classpath(),
                str(HERE / "Nodes.java"),
                f"{folder}/nodes",
                "servicebook",
            ]
            log = opened.enter_context(self.log.open("wb"))
            pipe = subprocess.PIPE
            self._java = subprocess.Popen(
                [*command, *self._pairs], stdin=pipe, stdout=pipe, stderr=log, text=True, cwd=folder
            )
            opened.callback(self._end)
            self._answer("ready")
            self.wait()
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def stop(self, node: int) -> None:
        """Stop a node; the others notice within two seconds."""
        self._order(f"stop {node}")
        self._running.discard(node)

    def start(self, node: int) -> None:
        """Start a node that was stopped, without waiting until it has joined: see `wait`."""
        self._order(f"start {node}")
        self._running.add(node)

    def restart(self) -> None:
        """Stop all nodes, then start them all, and wait until they are well."""
        for act in (self.stop, self.start):
            for node in range(len(self.nodes)):
                act(node)
        self.wait()

    def wait(self, status: str = "green") -> None:
        """Wait until the running nodes have found each other and the cluster is "green" or "yellow"."""
        wish = f"/_cluster/health?wait_for_status={status}&wait_for_nodes={len(self._running)}&timeout=1s"
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("GET", wish)
                return
            except OSError as error:
                if time.monotonic() > until:
                    raise TimeoutError(
                        f"The cluster is not {status}: {error}. It says:\n{self._said()}"
                    ) from None
                time.sleep(0.1)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What a running node answers, as JSON; raises `urllib.error.HTTPError` at an error's status."""
        node = self.nodes[min(self._running)]
        data = None if body is None else json.dumps(body).encode()
        request = Request(node + path, data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def processor_time(self) -> float:
        """The seconds of the processor that the nodes have worked, without those in which the JVM compiled
        what it runs often, as it does in its first minutes. Linux only."""
        ticks = 0
        for thread in Path(f"/proc/{self._java.pid}/task").iterdir():
            with suppress(FileNotFoundError):  # it has ended
                name, _, figures = (thread / "stat").read_text().partition(") ")
                user, system = figures.split()[11:13]
                ticks += 0 if "Compiler" in name else int(user) + int(system)
        return ticks / os.sysconf("SC_CLK_TCK")

    def clear(self) -> None:
        """Delete all indexes, and start the nodes that are stopped."""
        for node in set(range(len(self.nodes))) - self._running:
            self.start(node)
        self.wait("yellow")
        for index in self.ask("GET", "/_cat/indices?format=json&expand_wildcards=all&h=index"):
            self.ask("DELETE", f"/{index['index']}")
        self.ask("PUT", "/_cluster/settings", {"persistent": {"*": None}, "transient": {"*": None}})
        self.wait()

    def drop(self, name: str) -> None:
        """Delete all that an engine keeps under a name."""
        for index in self.ask("GET", "/_cat/indices?format=json&h=index"):
            if index["index"].startswith(f"{name}."):
                self.ask("DELETE", f"/{index['index']}")

    def engine_url(self, name: str, nodes: Sequence[str] = ()) -> str:
        """`KB_ENGINE` for an index on these nodes, by default on all."""
        hosts = ",".join(address.removeprefix("http://") for address in nodes or self.nodes)
        return f"opensearch+http://{hosts}/{name}"

    def _order(self, order: str) -> None:
        assert self._java.stdin
        print(order, file=self._java.stdin, flush=True)
        self._answer("done")

    def _answer(self, expected: str) -> None:
        assert self._java.stdout
        answer = self._java.stdout.readline().strip()
        if answer != expected:
            raise RuntimeError(f"The nodes ended ({answer!r}, not {expected!r}). They say:\n{self._said()}")

    def _said(self) -> str:
        return self.log.read_text("utf-8", "replace")[-4000:]

    def _end(self) -> None:
        assert self._java.stdin and self._java.stdout
        self._java.stdin.close()  # at the end of its input it stops
        try:
            self._java.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._java.kill()
            self._java.wait()
        self._java.stdout.close()


def classpath() -> str:
    """The JARs of OpenSearch, which Maven fetches at the first time (77 MB)."""
    if missing := [name for name in ("mvn", "javac") if not shutil.which(name)]:
        raise ClusterMissing(
            f"there is no {' and no '.join(missing)}: apt-get install maven default-jdk-headless"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "classpath")
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), CLASSPATH, f"-Dmdep.outputFile={file}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise ClusterMissing(f"Maven could not fetch OpenSearch: {done.stdout[-1000:]}")
        return file.read_text("utf-8")


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback address that are free at this moment, each once."""
    with ExitStack() as sockets:
        held = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
