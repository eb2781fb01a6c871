"""What the tests share: the starter corpus, indexed once, and small books made of strings."""

from __future__ import annotations

import gc
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from filelock import FileLock
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, create_engine

import kb
from kb.knowledge_base import KnowledgeBase
from kb.models import Account, Passage, Role
from kb.principles import Tagger, Vocabulary
from kb.settings import load
from kb.store import Store, sqlite_url
from tests.cluster import Cluster, ClusterMissing
from web import create_app
from web.current import EXTENSION

CORPUS = Path(__file__).parent.parent / "corpus"
ENGLISH = Path(__file__).parent / "files" / "bridge"

# Files that take long, some of them with few tests: were they not the first, one worker would be left
# with one of them at the end.
LONG = {
    f"test_{name}"
    for name in (
        "contract",
        "crash",
        "knowledge_base",
        "corpus",
        "api",
        "indexing_preparing",
        "benchmarks",
        "ranking",
    )
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: no garbage needs to be looked for there."""
    gc.collect()
    gc.freeze()


# What a developer has set for themselves must not decide whether tests pass.
for name in [name for name in os.environ if name.startswith("KB_")]:
    del os.environ[name]

# Examples may take a second when dictionaries load, and fixtures are shared by all of them.
settings.register_profile(
    "servicebook",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("servicebook")

# Real hashes take a quarter of a second, on purpose.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

MakeBook = Callable[..., KnowledgeBase]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the first worker makes for all."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def vocabulary_cache(shared: Path) -> Path:
    """A folder with the parsed vocabulary and the tagger's look-ups: making them takes seconds."""
    folder = shared / "vocabulary-cache"
    folder.mkdir(exist_ok=True)
    with FileLock(shared / "vocabulary-cache.lock"):
        Tagger(Vocabulary.load(cache=folder), cache=folder)
    return folder


@pytest.fixture(scope="session")
def vocabulary(vocabulary_cache: Path) -> Vocabulary:
    return Vocabulary.load(cache=vocabulary_cache)


@pytest.fixture(scope="session")
def shared_tagger(vocabulary: Vocabulary, vocabulary_cache: Path) -> Tagger:
    tagger = Tagger(vocabulary, cache=vocabulary_cache)
    gc.collect()
    gc.freeze()  # a million objects that stay: looking through them for garbage takes a second each time
    return tagger


@pytest.fixture(scope="session", autouse=True)
def _vocabulary_read_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """All books of this process that use our vocabulary share it: reading it takes half a second each."""
    with pytest.MonkeyPatch.context() as patch:
        for name, fixture in (("vocabulary", "vocabulary"), ("tagger", "shared_tagger")):
            patch.setattr(KnowledgeBase, name, _read_once(request, name, fixture))
        yield


def _read_once(request: pytest.FixtureRequest, name: str, fixture: str) -> cached_property[Any]:
    read = KnowledgeBase.__dict__[name].func
    once = cached_property(
        lambda book: read(book) if book.settings.vocabulary else request.getfixturevalue(fixture)
    )
    once.__set_name__(KnowledgeBase, name)
    return once


@pytest.fixture(scope="session")
def open_book() -> MakeBook:
    """`kb.open`."""
    return kb.open


def new_home(folder: Path, vocabulary_cache: Path) -> Path:
    """An empty KB_HOME with the vocabulary parsed: processes that use it need not."""
    home = folder / "home"
    home.mkdir(parents=True)
    (home / "cache").symlink_to(vocabulary_cache)
    return home


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """On a busy machine too, what is suggested is of the newest commit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.suggestions._PATIENCE", 60.0)
        patch.setattr("kb.suggestions._CHEAP", 60.0)
        yield


@pytest.fixture(scope="session")
def make_book(
    vocabulary_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., KnowledgeBase]]:
    """A book of Markdown strings: `make_book({"a.md": "# Один\\n\\nТекст."})`. All are closed at the end."""
    made: list[KnowledgeBase] = []

    def make(files: Mapping[str, str], index: bool = True, **options: object) -> KnowledgeBase:
        folder = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
        write_files(folder / "articles", files)
        home = new_home(folder, vocabulary_cache)
        book = kb.open(home=home, corpus=folder / "articles", **options)
        made.append(book)
        if index:
            book.index()
        return book

    yield make
    for book in made:
        book.close()


def account_of(book: KnowledgeBase, name: str, role: Role) -> Account:
    """A new account, its password hashed in a moment."""
    book.accounts._hasher = QUICK_HASHER  # type: ignore[misc]
    return book.accounts.add(name, role, PASSWORD)


def app_of(book: KnowledgeBase) -> Flask:
    """The web application over a book that is there already."""
    return create_app(book.settings, book)


def book_of(app: Flask) -> KnowledgeBase:
    """The book that a web application shows."""
    book: KnowledgeBase = app.extensions[EXTENSION]
    return book


def free_port() -> int:
    """A port of the loopback address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Make `folder` hold exactly these files. Their times are long past, so that none is read twice."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, text in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() == text.encode():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        # Each content has its own time, whatever the tick of the file system's clock.
        changed = 1_500_000_000 + hash(text) % 1_000_000
        os.utime(path, (changed, changed))


@pytest.fixture(scope="session")
def starter(shared: Path) -> Iterator[KnowledgeBase]:
    """The starter corpus, indexed. It is for reading only."""
    with kb.open(home=shared / "starter", corpus=CORPUS) as book:
        book.index(wait=True)
        yield book


@pytest.fixture(scope="session")
def trilingual(shared: Path) -> Iterator[KnowledgeBase]:
    """The starter corpus with a few articles in English, without what is asked for passages: that is in
    all languages, and leads over no bridge. It is for reading only."""
    folder = shared / "trilingual"
    with kb.open(home=folder / "home", corpus=folder / "articles") as book:
        with FileLock(shared / "trilingual.lock"):
            if book.is_empty():
                write_files(
                    folder / "articles",
                    {
                        f"{path.parent.name}-{path.name}": _without_questions(path)
                        for path in CORPUS.glob("*/*.md")
                    },
                )
                book.index([folder / "articles", ENGLISH])
        yield book


def _without_questions(path: Path) -> str:
    return re.sub(r"^.*<!-- asked: .*-->\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def copy_of(starter: KnowledgeBase, folder: Path, vocabulary_cache: Path) -> Path:
    """A new KB_HOME with the index of the starter corpus."""
    home = new_home(folder, vocabulary_cache)
    shutil.copytree(starter.settings.home / "index", home / "index")
    return home


@pytest.fixture(scope="session")
def starter_passages(starter: KnowledgeBase) -> list[Passage]:
    """All passages of the starter corpus, by article and position."""
    return [passage for article in starter.articles() for passage in starter.article(article.id)[1]]


def in_hurried_threads(work: Callable[[int], None], seeds: Iterable[int]) -> None:
    """Do `work(seed)` for each in a thread of its own, with thread switches at almost every instruction."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


# --- Databases -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """A PostgreSQL server of our own on a free port of the loopback address, thrown away afterwards.

    Without PostgreSQL on the machine these tests are skipped, but never in CI.
    """
    folders = [*map(str, Path("/usr/lib/postgresql").glob("*/bin")), *os.environ["PATH"].split(os.pathsep)]
    initdb, pg_ctl = (shutil.which(name, path=os.pathsep.join(folders)) for name in ("initdb", "pg_ctl"))
    if not initdb or not pg_ctl:
        reason = "there is no PostgreSQL: apt-get install postgresql"
        pytest.fail(reason) if "CI" in os.environ else pytest.skip(reason)
    # It refuses to run as root, and must be able to enter its folder.
    who: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as place:
        if who:
            shutil.chown(place, *who.values())
        data, password, log = f"{place}/data", f"{place}/password", f"{place}/log"
        Path(password).write_text(secrets.token_hex(), "ascii")
        Path(password).chmod(0o644 if who else 0o600)
        port = free_port()
        made = [
            initdb, "-D", data, "-U", "kb", "-A", "scram-sha-256", "--pwfile", password, "--no-sync", "-E", "UTF8",
        ]  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        at = {"cwd": place, "check": True, "stdout": subprocess.DEVNULL, **who}
        subprocess.run([*made, "--locale=C.UTF-8"], **at)
        subprocess.run([pg_ctl, "-D", data, "-l", log, "-o", options, "-w", "start"], **at)
        try:
            secret = Path(password).read_text("ascii")
            yield URL.create("postgresql", "kb", secret, "127.0.0.1", port, "postgres")
        finally:
            subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "stop"], **at)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], URL]:
    """Makes empty databases: `new_database("sqlite")`, `new_database("postgresql")`."""

    def make(kind: str) -> URL:
        name = f"kb_{secrets.token_hex(6)}"
        if kind == "sqlite":
            return URL.create("sqlite", database=str(tmp_path / f"{name}.sqlite"))
        # A schema of its own is as good as a database, and made in a moment.
        server: URL = request.getfixturevalue("postgresql")
        engine = create_engine(server)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        engine.dispose()
        return server.set(query={"options": f"-csearch_path={name}"})

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], URL]) -> URL:
    """An empty database of each kind."""
    return new_database(request.param)


@pytest.fixture(scope="session")
def brought_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our tables: the migrations take a tenth of a second."""
    file = tmp_path_factory.mktemp("store") / "servicebook.sqlite"
    store = Store(sqlite_url(file))
    store.reviews.of()
    store.close()
    return file


@pytest.fixture
def store(database_url: URL, brought_up: Path) -> Iterator[Store]:
    """A store in an empty database of each kind."""
    if database_url.database and database_url.get_backend_name() == "sqlite":
        shutil.copy(brought_up, database_url.database)
    store = Store(database_url)
    yield store
    store.close()


# --- A cluster -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    """Three nodes of OpenSearch. Where they cannot be had these tests are skipped, but never in CI."""
    with ExitStack() as opened:
        try:
            cluster = opened.enter_context(Cluster())
        except ClusterMissing as missing:
            pytest.fail(str(missing)) if "CI" in os.environ else pytest.skip(str(missing))
        yield cluster


@pytest.fixture
def cluster_url(running_cluster: Cluster) -> Iterator[str]:
    """The URL of a new index on the cluster."""
    name = f"t-{secrets.token_hex(6)}"
    yield running_cluster.engine_url(name)
    running_cluster.drop(name)


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """All nodes running and well, and no index on them."""
    running_cluster.clear()
    return running_cluster


# --- The web -------------------------------------------------------------------------------------

PASSWORD = "лошадь батарея скрепка"
MakeApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def make_app(brought_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeApp]:
    """An application on a book of Markdown strings, with an account for each role, named after it:
    `make_app({"a.md": "…"}, reading="members")`. All are closed at the end."""
    made: list[KnowledgeBase] = []

    def make(files: Mapping[str, str], **options: object) -> Flask:
        folder = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
        write_files(folder / "articles", files)
        app = create_app(load(home=folder / "home", corpus=folder / "articles", **options))
        book = book_of(app)
        made.append(book)
        shutil.copy(brought_up, folder / "home" / "servicebook.sqlite")
        book.accounts._hasher = QUICK_HASHER  # type: ignore[misc]
        for role in Role:
            book.accounts.add(role.value, role, PASSWORD)
        book.index()
        return app

    yield make
    for book in made:
        book.close()


def csrf_of(client: FlaskClient, page: str = "/sign-in") -> str:
    """The token of the first form of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found, f"{page} has no form"
    return found[1]


def signed_in(app: Flask, name: str | None, password: str = PASSWORD) -> FlaskClient:
    """A browser in which somebody has signed in; None is nobody."""
    client = app.test_client()
    if name:
        form = {"name": name, "password": password, "csrf_token": csrf_of(client)}
        assert client.post("/sign-in", data=form).status_code == 303
    return client
