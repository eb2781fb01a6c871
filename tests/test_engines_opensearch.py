"""What is OpenSearch's own: addresses, commits, turns, rebuilding. What every engine does is in `test_engines`."""

from __future__ import annotations

import random
import ssl
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from urllib.parse import quote

import pytest
import trustme

import kb.engines.opensearch.lock
import kb.engines.opensearch.searching
import kb.engines.opensearch.snapshot
import kb.engines.opensearch.writing
from kb import evaluation
from kb.engines import ClusterOptions, open_engine
from kb.engines.opensearch import OpenSearchEngine, index, queries
from kb.engines.opensearch.cluster import Cluster, parse
from kb.engines.opensearch.lock import turn
from kb.errors import EngineUnavailable, IndexDamaged, IndexLocked, SettingsError
from kb.models import Query, QueryTerm, SearchRequest, TermKind
from tests.test_engines import CHINA, GIFT, MEMORY, QUEUE, article, ask, put, texts

CORPUS = Path(__file__).parent.parent / "corpus"
NOBODY = "opensearch+http://127.0.0.1:9/kb"  # the port where nothing listens

# --- Addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "hosts", "name", "user", "secret"),
    [
        ("opensearch+https://host:9200/kb", ("https://host:9200",), "kb", "", ""),
        ("opensearch+http://a:1,b:2/kb_2-x", ("http://a:1", "http://b:2"), "kb_2-x", "", ""),
        ("opensearch+https://me:s%40e%2Fcret@host/kb", ("https://host",), "kb", "me", "s@e/cret"),
        ("opensearch+https://me:a:b@host/kb", ("https://host",), "kb", "me", "a:b"),
        ("opensearch+https://[::1]:9200/kb", ("https://[::1]:9200",), "kb", "", ""),
    ],
)
def test_addresses(url, hosts, name, user, secret):
    found = parse(url)
    assert (found.hosts, found.name, found.user, found.secret) == (hosts, name, user, secret)
    assert not secret or secret not in str(found)


@pytest.mark.parametrize(
    "url",
    [
        "opensearch://host/kb",
        "opensearch+ftp://host/kb",
        "opensearch+https://host:9200",
        "opensearch+https://me:hush@host:9200/",
        "opensearch+https://me:hush@host:9200/a/b",
        "opensearch+https://me:hush@host:9200/Книга",
        "opensearch+https://me:hush@host:9200/kb?verify=no",
    ],
)
def test_addresses_that_cannot_be(url):
    with pytest.raises(SettingsError, match=r"KB_ENGINE: ") as caught:
        open_engine(url, MEMORY)
    assert "hush" not in str(caught.value)


@pytest.mark.timeout(60)
def test_a_cluster_that_is_away_is_told_soon_and_clearly():
    engine = open_engine(NOBODY, MEMORY, ClusterOptions(timeout=2))
    for act in (
        lambda: engine.search(Query()),
        lambda: engine.generation,
        lambda: engine.write().__enter__(),
    ):
        with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:9 cannot be reached\. Try again"):
            act()
    engine.close()


@pytest.fixture
def https_server(tmp_path):
    """A server that says nothing is there, with a certificate of an authority that nobody knows."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))

    class Nothing(BaseHTTPRequestHandler):
        seen: ClassVar[list[str | None]] = []

        def do_GET(self):
            self.seen.append(self.headers["Authorization"])
            body = b'{"error": {"type": "index_not_found_exception", "reason": "-"}, "status": 404}'
            self.send_response(404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SimpleNamespace(
            port=server.server_port, authority=tmp_path / "authority.pem", seen=Nothing.seen
        )
        server.shutdown()


def test_certificates_are_verified_and_credentials_sent(https_server, monkeypatch):
    url = f"opensearch+https://kb:{quote('слово')}@localhost:{https_server.port}/kb"
    engine = open_engine(url, MEMORY)
    with pytest.raises(EngineUnavailable, match="no trusted connection.*SSL_CERT_FILE"):
        engine.search(Query())
    assert https_server.seen == []
    engine.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(https_server.authority))
    engine = open_engine(url, MEMORY)
    assert engine.search(Query()).total == 0
    (sent,) = https_server.seen
    assert b64decode(sent.removeprefix("Basic ")).decode() == "kb:слово"
    engine.close()


# --- What is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "can"),
    [
        ("жалоба", True),
        ("", False),
        ("\ud800", False),
        ("a" * 5000, False),
        ("a\x1f3", False),
        ("\x00", True),
    ],
)
def test_what_can_stand_in_an_index(value, can):
    assert queries.can_stand(value) is can


def test_of_too_many_terms_the_heaviest_are_kept():
    """… of all that may be added to a passage's score; a heading weighs twice what the text does."""
    terms = [QueryTerm(TermKind.WORD, (f"слово{number}",), weight=number) for number in range(1, 3000)]

    def holders(level, term):
        is_held = level is queries.OWN or (level is queries.HEADINGS and term.weight % 10 == 0)
        return queries.Held(2, 1) if is_held else queries.Held(0, 0)

    found = queries.scores(terms, index.Commit(1, passages=9, sections=9, articles=9), holders)
    together = [clause["script_score"]["query"]["bool"] for clause in found if "bool" in str(clause)]
    held = [one["term"] for clause in together for one in clause["should"]]
    assert len(held) == 400, "the other half of the clauses is for how often they stand there"
    headings = {word["headings"]["value"] for word in held if "headings" in word}
    assert headings == {f"wслово{number}" for number in range(1390, 3000, 10)}
    own = {word["text"]["value"] for word in held if "text" in word}
    assert own == {f"wслово{number}" for number in range(3000 - (400 - len(headings)), 3000)}


# --- Commits --------------------------------------------------------------------------------------


@pytest.fixture
def url(cluster_url):
    return cluster_url


@pytest.fixture
def engine(url):
    engine = open_engine(url, MEMORY, ClusterOptions(replicas=0))
    assert isinstance(engine, OpenSearchEngine)
    yield engine
    engine.close()


@pytest.fixture
def asked(url):
    """The cluster itself, to look at what is stored, and to spoil it."""
    cluster = Cluster(parse(url), ClusterOptions(replicas=0))
    yield cluster
    cluster.close()


def count(asked: Cluster, query: dict) -> int:
    asked.ask("POST", f"/{asked.address.name}/_refresh")
    return asked.search(asked.address.name, {"query": query, "track_total_hits": True})["hits"]["total"][
        "value"
    ]


def failing_write(engine) -> None:
    with pytest.raises(RuntimeError), engine.write() as writer:
        writer.put_article(QUEUE.record, QUEUE.passages, QUEUE.title, QUEUE.texts)
        writer._send()
        raise RuntimeError


@pytest.mark.cluster
def test_what_a_writer_left_behind_is_never_seen_and_soon_gone(engine, asked):
    put(engine, GIFT)
    failing_write(engine)
    assert count(asked, {"term": {"born": 2}}) == 5  # two passages, their sections, the article
    assert engine.search(Query()).total == 2
    put(engine, CHINA)
    assert [one.id for one in engine.articles()] == ["gift", "zh"]
    assert count(asked, {"term": {"born": 2}}) == 0


@pytest.mark.cluster
def test_documents_that_come_after_their_writer_was_given_up_are_not_seen(engine, asked):
    put(engine, GIFT)
    failing_write(engine)
    put(engine, CHINA)
    late = {"type": "article", "key": "article late", "version": "2 late", "born": 2, "record": "{}"}
    asked.ask("PUT", f"/{asked.address.name}/_doc/late", late, refresh="true")
    assert [one.id for one in engine.articles()] == ["gift", "zh"]


@pytest.mark.cluster
def test_the_dead_are_cleaned_away_when_nobody_reads_them(engine, asked, monkeypatch):
    put(engine, GIFT, QUEUE)
    put(engine, article("gift", "Новый текст."))
    put(engine, CHINA)
    assert count(asked, {"term": {"version": "1 gift"}}) == 4
    monkeypatch.setattr(kb.engines.opensearch.writing, "_GRACE", 0)
    with engine.write() as writer:
        writer.drop_article("zh")
    assert count(asked, {"term": {"version": "1 gift"}}) == 0
    assert texts(engine.search(ask("новый"))) == ["Новый текст."]
    assert engine.search(Query()).total == 3


@pytest.mark.cluster
def test_a_write_that_changes_nothing_leaves_no_trace(engine):
    put(engine, GIFT)
    before = engine.generation
    for _ in range(3):
        with engine.write():
            pass
    assert engine.generation == before
    put(engine, QUEUE)
    assert engine._opened().commit.gaps == ()


# --- Turns ----------------------------------------------------------------------------------------


@pytest.mark.cluster
def test_the_turn_of_a_writer_that_died_runs_out(engine, asked, monkeypatch):
    put(engine, GIFT)
    died = kb.engines.opensearch.lock.Turn(asked)
    with monkeypatch.context() as patched:  # who writes below may take its time
        patched.setattr(kb.engines.opensearch.lock, "LEASE", 1.0)
        assert died.take()
    with pytest.raises(IndexLocked), engine.write():
        pass
    time.sleep(1.1)
    put(engine, QUEUE)
    assert engine.search(Query()).total == 4
    assert not died.renew()
    with pytest.raises(EngineUnavailable, match="nothing of this write is seen"):
        died.check()


@pytest.mark.cluster
def test_a_writer_that_was_overtaken_commits_nothing(engine, url, monkeypatch):
    put(engine, GIFT)
    slow = open_engine(url, MEMORY, ClusterOptions(replicas=0))
    with pytest.raises(EngineUnavailable, match="Another process has changed"), slow.write() as writer:
        writer.put_article(CHINA.record, CHINA.passages, CHINA.title, CHINA.texts)
        writer._turn.give_back()  # as if its lease had run out without its knowing
        put(engine, QUEUE)
        writer._turn._until += 60
    assert [one.id for one in engine.articles()] == ["gift", "queue"]
    slow.close()


@pytest.mark.cluster
def test_turns_rise_and_are_renewed(asked):
    with turn(asked, wait=False) as first:
        assert first.renew()
    with turn(asked, wait=False) as second:
        assert second.number == first.number + 1
        second._revision = (second._revision[0] - 1, second._revision[1])  # an answer was lost
        assert second.renew()


# --- Rebuilding -----------------------------------------------------------------------------------


def indexes(asked: Cluster) -> list[str]:
    return [
        name for name in asked.ask("GET", f"/{asked.address.name}.*/_alias") if not name.endswith(".lock")
    ]


def spoil(asked: Cluster, what: str) -> ClusterOptions:
    """Spoil an index in one of several ways; the options to open it with afterwards."""
    (physical,) = indexes(asked)
    if what == "older format":
        asked.ask("PUT", f"/{physical}/_doc/commit", {"format": 0, "commit": {}})
    elif what == "no commit":
        asked.ask("DELETE", f"/{physical}/_doc/commit")
    elif what == "passages lost":
        query = {"query": {"term": {"type": "passage"}}, "max_docs": 1}
        asked.ask("POST", f"/{physical}/_delete_by_query", query, refresh="true")
    elif what == "deleted":
        asked.ask("DELETE", f"/{physical}")
    return ClusterOptions(shards=2 if what == "more shards" else 1, replicas=0)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("older format", "is of format 0, and this version reads format"),
        ("no commit", "has lost its commit"),
        ("passages lost", "has 1 passages, and 2 were written"),
        ("deleted", "is not in the cluster any more"),
        ("more shards", "has 1 shards, and KB_SHARDS asks for 2"),
    ],
)
def test_an_index_that_is_no_good_is_made_anew_beside(engine, url, asked, what, damage):
    put(engine, GIFT)
    assert engine.search(Query()).total == 2
    assert engine.damage() == ""
    before = indexes(asked)
    options = spoil(asked, what)
    engine._cluster.options = options
    assert damage in engine.damage()
    with engine.write(repair=True) as writer:
        assert damage in writer.damage
        writer.put_article(QUEUE.record, QUEUE.passages, QUEUE.title, QUEUE.texts)
        if what in ("passages lost", "more shards"):  # whoever searches meanwhile
            assert [one.id for one in engine.articles()] == ["gift"]
    assert engine.damage() == ""
    assert [one.id for one in engine.articles()] == ["queue"]
    assert texts(engine.search(ask("стойка"))) == ["Стойка пуста."]
    assert len(indexes(asked)) == 1 and indexes(asked) != before


@pytest.mark.cluster
@pytest.mark.parametrize(("what", "told"), [("older format", "kb index"), ("deleted", "kb index")])
def test_reading_an_index_that_is_no_good_says_what_to_do(engine, asked, what, told):
    put(engine, GIFT)
    engine.search(Query())
    spoil(asked, what)
    with pytest.raises(IndexDamaged, match=told):
        engine.search(Query())


@pytest.mark.cluster
def test_an_index_that_does_not_get_ready_is_deleted(engine, asked):
    put(engine, GIFT)
    spoil(asked, "older format")
    with pytest.raises(RuntimeError), engine.write(repair=True):
        assert len(indexes(asked)) == 2
        raise RuntimeError
    assert len(indexes(asked)) == 1


@pytest.mark.cluster
def test_an_index_that_is_deleted_while_it_is_written_is_not_made_of_what_is_left(engine, asked):
    put(engine, GIFT)
    with pytest.raises(IndexDamaged, match="not in the cluster"), engine.write() as writer:
        spoil(asked, "deleted")
        writer.put_article(QUEUE.record, QUEUE.passages, QUEUE.title, QUEUE.texts)
    assert indexes(asked) == []


@pytest.mark.cluster
def test_replicas_follow_the_setting(engine, asked):
    put(engine, GIFT)
    engine._cluster.options = ClusterOptions(replicas=2)
    put(engine, QUEUE)
    (physical,) = indexes(asked)
    assert index._settings(asked, physical)["number_of_replicas"] == "2"


# --- Searching ------------------------------------------------------------------------------------


@pytest.mark.cluster
def test_pages_far_down_come_in_the_same_order(url, monkeypatch):
    monkeypatch.setattr(kb.engines.opensearch.searching, "_FIRST_HITS", 5)
    monkeypatch.setattr(kb.engines.opensearch.snapshot, "_FETCHED_AT_ONCE", 5)
    engine = open_engine(url, MEMORY, ClusterOptions(shards=2, replicas=0))
    rng = random.Random(3)
    words = "жалоба очередь подарок гость".split()
    made = [
        article(f"a{number:02}", *(" ".join(rng.choices(words, k=rng.randint(1, 9))) + "." for _ in range(6)))
        for number in range(20)
    ]
    put(engine, *made)
    for collapse in (False, True):
        whole = engine.search(ask("жалоба гость", limit=1000, collapse=collapse))
        pages = [
            engine.search(ask("жалоба гость", limit=7, offset=at, collapse=collapse))
            for at in range(0, whole.total, 7)
        ]
        assert whole.total > 90
        assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    engine.close()


@pytest.mark.cluster
def test_more_words_and_terms_than_the_cluster_takes_clauses(engine):
    letters = "абвгдежзик"
    ends = ["".join(letters[int(digit)] for digit in f"{number:04}") for number in range(1100)]
    put(engine, article("a", *(f"слово{end} ещё." for end in ends), heading=" ".join(ends[:200])))
    found = engine.search(ask("слово* ещё"))
    assert found.total == 1000  # with one of the most frequent words
    assert found.hits[0].score > 0
    long = " ".join(f"слово{end}" for end in ends[:95])
    assert engine.search(ask(long, limit=1000)).total >= 95


@pytest.mark.cluster
def test_both_engines_find_the_same_for_the_golden_queries(open_book, starter, url, tmp_path):
    """Property 6, and more: the same ten in the same order, and the same facets."""
    data = evaluation.read(CORPUS / "relevance")
    golden = random.Random(6).sample(sorted(data.queries), 25)
    with open_book(home=tmp_path, corpus=CORPUS, engine=url, replicas=0) as book:
        book.index()
        for id in golden:
            asked = SearchRequest(data.queries[id], data.languages.get(id, ()))
            ours, theirs = starter.search(asked), book.search(asked)
            assert [hit.passage.id for hit in theirs.hits] == [hit.passage.id for hit in ours.hits], asked
            assert (theirs.total, theirs.facets) == (ours.total, ours.facets), asked
            assert [hit.via for hit in theirs.hits] == [hit.via for hit in ours.hits], asked
            assert theirs.interpreted == ours.interpreted
