"""What people see, and what is kept, when OpenSearch is in trouble: the table of faults, played out.

What must be there is told by the embedded engine, which is given the same files.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe, get_context

import pytest
from trustme import CA

from kb.engines.opensearch import cluster as opensearch
from kb.errors import EngineError, EngineUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.models import Role
from tests.cluster import Cluster
from tests.cluster.faults import (
    CUT_AFTER,
    CUT_BEFORE,
    DISK_FULL,
    FLOOD_STAGE,
    GATEWAY,
    NODE_LOST,
    OVERLOADED,
    TOO_MANY,
    Answer,
    FaultyProxy,
    slow,
)
from tests.conftest import MakeBook, app_of, signed_in, write_files
from web import warm_up

pytestmark = pytest.mark.cluster

# Seconds in which everybody gets an answer, be it that there is none: what the engine grants itself,
# and as much again for a machine that runs three nodes beside the tests.
LIMIT = 20.0
QUESTIONS = ("жалоба подарок", "客户投诉", "service standard 12", '"жалоба номер"', "довер*")
BULK, SEARCH = "POST /.*_bulk", "(GET|POST) /.*_search"

State = dict[str, list[tuple[str, str]]]


def files(count: int, said: str = "подарок") -> dict[str, str]:
    """Articles in three languages with three passages each."""
    return {
        f"a{number:03}.md": (
            f"# Статья {number}\n\n## Раздел\n\nЖалоба номер {number} — это {said}, который доверяют нам.\n\n"
            f"客户投诉 {number} 是礼物，服务标准说明了这一点，请认真对待每一位客户的意见。\n\n"
            f"The service standard {number} speaks of ownership and of answers within a day.\n"
        )
        for number in range(count)
    }


def state(book: KnowledgeBase) -> State:
    """All that is in an index: each article's passages, and what questions find, however often."""
    found = {
        article.id: [(passage.id, passage.text) for passage in book.article(article.id)[1]]
        for article in book.articles()
    }
    for question in QUESTIONS:
        hits = book.search(question, limit=100, collapse=False, correct=False).hits
        found[question] = sorted((hit.passage.id, hit.article.id) for hit in hits)
    return found


def count(book: KnowledgeBase) -> int:
    """How many articles of `files` there are: each says this once."""
    return book.search('"доверяют нам"', collapse=False, correct=False).total


@pytest.fixture
def embedded(make_book: MakeBook) -> Callable[[Mapping[str, str]], State]:
    """What an index of some files holds, as the embedded engine has it."""
    return lambda texts: state(make_book(texts))


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultyProxy]:
    with FaultyProxy(cluster.nodes[0]) as proxy:
        yield proxy


def over(make_book: MakeBook, cluster: Cluster, *nodes: str) -> Callable[..., KnowledgeBase]:
    """Makes books on an index of their own on these nodes, by default on all."""
    url = cluster.engine_url(f"kb-{secrets.token_hex(4)}", nodes)
    return lambda texts, **options: make_book(texts, engine=url, **options)


@contextmanager
def asking(ask: Callable[[], object], least: int = 10) -> Iterator[list[object]]:
    """What is answered again and again meanwhile, errors too, and after it at least so often."""
    answers: list[object] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            try:
                answers.append(ask())
            except Exception as error:
                answers.append(error)

    asker = threading.Thread(target=keep_asking)
    asker.start()
    try:
        yield answers
        enough = len(answers) + least
        until = time.monotonic() + LIMIT
        while len(answers) < enough and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        done.set()
        asker.join()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


# --- A node goes away ----------------------------------------------------------------------------


@pytest.mark.parametrize("node", [0, 1])
def test_a_node_that_stops_while_indexing_loses_and_doubles_nothing(
    make_book, cluster, embedded, node, monkeypatch
):
    monkeypatch.setattr(opensearch, "_BULK_DOCUMENTS", 20)  # so that some are sent before, and some after
    book = over(make_book, cluster)(files(30), index=False)

    def stop(done: int, of: int, passages: int) -> None:
        if done == 15:
            cluster.stop(node)

    book.index(progress=stop)
    expected = embedded(files(30))
    assert state(book) == expected
    cluster.start(node)
    cluster.wait()
    assert state(book) == expected
    assert book.index().unchanged == 30


def test_searches_go_on_while_a_node_stops_and_comes_back(make_book, cluster):
    book = over(make_book, cluster)(files(10))
    cluster.wait()
    with asking(lambda: count(book)) as totals:
        for node in (0, 1):
            cluster.stop(node)
            cluster.wait("yellow")
            cluster.start(node)
            cluster.wait()
    assert set(totals) == {10}


def test_the_whole_cluster_restarts(make_book, cluster):
    book = over(make_book, cluster)(files(10))
    before = state(book)
    with asking(lambda: count(book), least=1) as answers:
        cluster.restart()
    assert {answer for answer in answers if not isinstance(answer, EngineUnavailable)} == {10}
    assert state(book) == before
    assert book.index().unchanged == 10


# --- Writing is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [TOO_MANY, OVERLOADED, GATEWAY, CUT_BEFORE, CUT_AFTER],
    ids=lambda fault: fault.error or fault.cut,
)
def test_what_is_refused_for_a_moment_is_tried_again(make_book, cluster, proxy, embedded, fault: Answer):
    book = over(make_book, cluster, proxy.address)(files(3))
    write_files(book.settings.corpus, files(30))
    proxy.fail(BULK, fault, times=2)
    book.index()
    assert sum(asked.endswith("_bulk") or "_bulk?" in asked for asked in proxy.asked) >= 3
    assert state(book) == embedded(files(30))


@pytest.mark.parametrize("fault", [CUT_AFTER, OVERLOADED], ids=["its answer is lost", "it is refused"])
def test_whichever_request_of_a_write_fails_nothing_is_lost_or_doubled(
    make_book, cluster, proxy, embedded, fault
):
    """Once each; what fails for it says so, and the next write finds all in order."""
    kinds = ("подарок", "урок")
    expected = {said: embedded(files(3, said)) for said in kinds}
    book = over(make_book, cluster, proxy.address)(files(3))

    def rewrite(said: str) -> None:
        write_files(book.settings.corpus, files(3, said))
        book.index()

    rewrite("урок")
    proxy.asked.clear()
    rewrite("подарок")
    for number, request in enumerate(dict.fromkeys(map(kind_of, proxy.asked)), 1):
        said = kinds[number % 2]
        proxy.fail(request, fault, times=1)
        try:
            rewrite(said)
        except EngineUnavailable:
            assert state(book) in expected.values(), request
            rewrite(said)
        proxy.heal()
        assert state(book) == expected[said], request


def kind_of(asked: str) -> str:
    """A pattern for requests like one: for the same thing, whatever the index and the parameters."""
    method, _, address = asked.partition(" ")
    parts = address.partition("?")[0].split("/")
    index = r"kb-[^/?]*\.lock" if parts[1].endswith(".lock") else r"(?!kb-[^/?]*\.lock)[^/?]*"
    return rf"{method} /{index}" + "".join(f"/{re.escape(part)}" for part in parts[2:]) + r"(\?|$)"


def test_what_is_refused_for_good_changes_nothing(make_book, cluster, proxy, monkeypatch):
    book = over(make_book, cluster, proxy.address)(files(3))
    before = state(book)
    write_files(book.settings.corpus, files(30))
    monkeypatch.setattr(opensearch, "_PATIENCE", 3.0)
    proxy.fail(BULK, OVERLOADED)
    with within(LIMIT), pytest.raises(EngineUnavailable):
        book.index()
    proxy.heal()
    assert state(book) == before
    assert book.index().added == 27


@pytest.mark.parametrize("fault", [None, DISK_FULL, FLOOD_STAGE], ids=["the index is blocked", "403", "429"])
def test_a_full_disk_is_named_and_nothing_changes(make_book, cluster, proxy, embedded, fault):
    book = over(make_book, cluster, proxy.address)(files(3))
    before = state(book)
    write_files(book.settings.corpus, files(5, said="урок"))
    if fault:
        proxy.fail(BULK, fault)
    else:
        block(cluster, True)
    with within(LIMIT), pytest.raises(EngineError, match="disk"):
        book.index()
    assert state(book) == before
    proxy.heal()
    block(cluster, None)
    book.index()
    assert state(book) == embedded(files(5, said="урок"))


def block(cluster: Cluster, on: bool | None) -> None:
    """What OpenSearch itself does to every index when a disk is full."""
    cluster.ask("PUT", "/kb-*/_settings", {"index.blocks.read_only_allow_delete": on})


# --- It answers late, or not at all --------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [slow(LIMIT), OVERLOADED, GATEWAY, TOO_MANY, NODE_LOST], ids=["slow", "503", "502", "429", "500"]
)
def test_searches_end_in_time_and_recover(make_book, cluster, proxy, fault: Answer):
    book = over(make_book, cluster, proxy.address)(files(3))
    proxy.fail(SEARCH, fault)
    with within(LIMIT), pytest.raises(EngineUnavailable):
        book.search("жалоба")
    proxy.heal()
    assert count(book) == 3


def test_one_slow_node_does_not_stop_searches(make_book, cluster, proxy):
    others = cluster.nodes[1:]
    book = over(make_book, cluster, proxy.address, *others)(files(3))
    proxy.fail(SEARCH, slow(LIMIT))
    for _ in range(4):
        with within(LIMIT):
            assert count(book) == 3


PAGES = ("/", "/search?q=жалоба", "/articles", "/api/v1/search?q=жалоба", "/api/v1/articles", "/readyz")


def test_while_it_is_down_everybody_hears_so_in_time_and_then_it_works(make_book, cluster, proxy):
    book = over(make_book, cluster, proxy.address)(files(3))
    client = app_of(book).test_client()
    client.get("/")
    proxy.fail(".", CUT_BEFORE)
    for page in PAGES[1:]:
        with within(LIMIT):
            answer = client.get(page)
        assert answer.status_code == 503, page
        if page != "/readyz":
            assert answer.headers["Retry-After"] == "5"
    problem = client.get("/api/v1/search?q=жалоба")
    assert problem.mimetype == "application/problem+json"
    assert "OpenSearch" in problem.json["detail"]
    assert client.get("/healthz").status_code == 200, "the process is well"
    assert "не отвечает" in client.get("/search?q=жалоба", headers={"Accept-Language": "ru"}).text
    proxy.heal()
    for page in PAGES:
        assert client.get(page).status_code == 200, page


def test_a_node_that_starts_while_it_is_down_works_once_it_is_up(make_book, open_book, cluster, proxy):
    first = over(make_book, cluster, proxy.address)(files(3))
    proxy.fail(".", CUT_BEFORE)
    with open_book(home=first.settings.home / "other", engine=first.settings.engine) as second:
        app = app_of(second)
        warm_up(app)
        client = app.test_client()
        assert client.get("/search?q=жалоба").status_code == 503
        proxy.heal()
        assert client.get("/search?q=жалоба").status_code == 200


# --- Who may not, and what is gone ---------------------------------------------------------------


def test_a_wrong_password_is_named_and_not_shown(make_book, cluster):
    with FaultyProxy(cluster.nodes[0], password="right") as proxy:
        right = proxy.address.replace("http://", "opensearch+http://kb:right@") + "/kb-password"
        wrong = right.replace("right", "wr0ng-secret")
        assert count(make_book(files(1), engine=right)) == 1
        book = make_book(files(1), engine=wrong, index=False)
        for attempt in (book.index, lambda: book.search("жалоба")):
            with within(LIMIT), pytest.raises(EngineError, match="password") as refused:
                attempt()
            assert "wr0ng-secret" not in str(refused.value)
        answer = app_of(book).test_client().get("/api/v1/search?q=жалоба")
        assert answer.status_code == 503
        assert "wr0ng-secret" not in answer.text


def test_only_a_certificate_that_is_known_is_trusted(make_book, cluster, tmp_path, monkeypatch):
    authority = CA()
    with FaultyProxy(cluster.nodes[0], certificate=authority.issue_cert("127.0.0.1")) as proxy:
        url = proxy.address.replace("https://", "opensearch+https://") + "/kb-tls"
        book = make_book(files(1), engine=url, index=False)
        with within(LIMIT), pytest.raises(EngineError, match="certificate"):
            book.index()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert count(make_book(files(1), engine=url)) == 1


def test_an_index_that_was_deleted_is_said_and_made_anew(make_book, cluster, embedded):
    book = over(make_book, cluster)(files(5))
    assert count(book) == 5
    for index in cluster.ask("GET", "/_cat/indices/kb-*?format=json&expand_wildcards=all&h=index"):
        cluster.ask("DELETE", f"/{index['index']}")
    with pytest.raises(EngineError, match="kb index"):
        book.search("жалоба")
    book.index()
    assert state(book) == embedded(files(5))


def test_an_index_that_was_deleted_is_made_anew_from_all_its_sources(make_book, open_book, cluster, tmp_path):
    """… by a process that never saw it, and is given one of them; the store knows the others."""
    book = over(make_book, cluster)(files(5))
    write_files(tmp_path / "more", {"more.md": "# Ещё\n\nЖалоба номер шесть — подарок."})
    book.index([tmp_path / "more"])
    before = state(book)
    cluster.clear()
    with open_book(home=book.settings.home, engine=book.settings.engine, replicas=0) as another:
        report = another.index([tmp_path / "more"])
        assert "index-rebuilt" in {problem.code for problem in report.problems}
        assert state(another) == before


# --- Several nodes of ours -----------------------------------------------------------------------


def test_readers_on_another_node_see_the_old_state_or_the_new(make_book, open_book, cluster):
    writer = over(make_book, cluster)(files(20))
    with open_book(home=writer.settings.home / "other", engine=writer.settings.engine) as reader:

        def seen() -> tuple[int, int]:
            hits = reader.search("жалоба номер", limit=100, collapse=False, correct=False).hits
            return (
                sum("подарок" in hit.passage.text for hit in hits),
                sum("урок" in hit.passage.text for hit in hits),
            )

        with asking(seen) as answers:
            write_files(writer.settings.corpus, files(20, said="урок"))
            writer.index()
        assert set(answers) <= {(20, 0), (0, 20)}
        assert answers[-1] == (0, 20)


def test_a_process_that_was_forked_asks_by_itself(make_book, cluster):
    book = over(make_book, cluster)(files(3))
    assert count(book) == 3
    receiving, sending = Pipe(duplex=False)
    with receiving, sending:
        child = get_context("fork").Process(target=lambda: sending.send([count(book) for _ in range(10)]))
        child.start()
        assert [count(book) for _ in range(10)] == [3] * 10
        assert receiving.poll(LIMIT) and receiving.recv() == [3] * 10
        child.join()


def test_nodes_share_everything_but_their_disks(open_book, make_book, cluster, new_database):
    shared = {
        "engine": cluster.engine_url(f"kb-{secrets.token_hex(4)}"),
        "database_url": new_database("postgresql").render_as_string(hide_password=False),
        "secret_key": "the same on all nodes",
        "search_log": "on",
    }
    one, other = (make_book(files(3), index=False, **shared) for _ in range(2))
    one.index([one.settings.corpus])
    one.accounts.add("anna", Role.EDITOR, "лошадь батарея скрепка")
    browser = signed_in(app_of(one), "anna")
    cookie = browser.get_cookie("servicebook")
    assert cookie

    elsewhere = app_of(other).test_client()
    elsewhere.set_cookie("servicebook", cookie.value)
    assert "anna" in elsewhere.get("/").text
    with elsewhere.get("/search?q=жалоба") as found:  # it is logged once the answer is out
        assert found.status_code == 200
    assert "жалоба" in browser.get("/searches").text, "what was searched there is logged for all"
