"""Another SKOS scheme in place of ours, and an index that knows which one it was made with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import kb
from kb.cli import main
from kb.knowledge_base import KnowledgeBase
from tests.conftest import write_files

# A library's own scheme: ids by notation and by IRI, two languages, a group by skos:broader alone.
SCHEME = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix l: <https://library.example/values/> .

l:scheme a skos:ConceptScheme ; dcterms:title "Ценности библиотеки"@ru , "Values of the library"@en .
l:reader a skos:Concept ; skos:inScheme l:scheme ; skos:prefLabel "Читатель"@ru , "The reader"@en .
l:17 a skos:Concept ; skos:inScheme l:scheme ; skos:notation "silence" ; skos:broader l:reader ;
    skos:prefLabel "тишина"@ru , "silence"@en ; skos:altLabel "тихий зал"@ru , "quiet room"@en .
l:lending a skos:Concept ; skos:inScheme l:scheme ; skos:broader l:reader ; skos:related l:17 ;
    skos:prefLabel "выдача книг"@ru , "lending"@en ; skos:altLabel "книговыдача"@ru , "book loans"@en .
"""
ARTICLES = {
    "zal.md": "# Читальный зал\n\nТишина в зале держится на коврах, а не на табличках.\n",
    "vydacha.md": "---\nprinciples: [lending]\n---\n\n# Абонемент\n\nУтром очередь.\n\nКниговыдача растёт.\n",
    "room.md": "# The reading room\n\nSilence is kept by carpets, not by signs. Empathy helps.\n",
    "desk.md": "# The desk\n\nBook loans double in September, and the queue with them.\n",
    "zh.md": "# 阅览室\n\n安静靠地毯，不靠牌子。同理心有用。\n",
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, vocabulary_cache: Path) -> Path:
    """The articles, indexed with the scheme."""
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(vocabulary_cache, folder / "home" / "cache")
    (folder / "library.ttl").write_text(SCHEME, encoding="utf-8")
    write_files(folder / "articles", ARTICLES)
    with open_at(folder, "library.ttl") as book:
        book.index()
    return folder


@pytest.fixture
def home(tmp_path: Path, ready: Path) -> Path:
    """The same before it is indexed."""
    shutil.copytree(ready, tmp_path, ignore=shutil.ignore_patterns("index", "*.sqlite*"), dirs_exist_ok=True)
    return tmp_path


def open_at(home: Path, vocabulary: str | None) -> KnowledgeBase:
    scheme = home / vocabulary if vocabulary else None
    return kb.open(home=home / "home", corpus=home / "articles", vocabulary=scheme)


@pytest.fixture(scope="module")
def book(ready: Path) -> Iterator[KnowledgeBase]:
    """For reading only."""
    with open_at(ready, "library.ttl") as book:
        yield book


def test_it_tags_and_is_listed(book: KnowledgeBase) -> None:
    assert [principle.id for principle in book.principles()] == ["reader", "silence", "lending"]
    assert book.vocabulary.title == "Values of the library"
    assert [top.id for top in book.vocabulary.tops()] == ["reader"]
    facets = {facet.value: (facet.count, facet.label) for facet in book.search(limit=0).facets["principle"]}
    assert facets == {"silence": (2, "silence"), "lending": (2, "lending")}
    found = book.search("principle:тишина").hits
    assert {hit.passage.principles[0].label for hit in found} == {"тишина", "silence"}


def test_it_bridges_between_its_languages(book: KnowledgeBase) -> None:
    found = book.search("тишина", language="en")
    assert [(hit.article.title, hit.via) for hit in found.hits] == [("The reading room", ("silence",))]
    assert found.interpreted.bridges[0].to == {"en": ("silence", "quiet room")}
    found = book.search("quiet rooms", language="ru")
    assert [hit.article.title for hit in found.hits] == ["Читальный зал"]
    assert book.search("тишина", language="zh").total == 0
    assert book.search("эмпатия", language="zh").total == 0  # ours is no principle of theirs


def test_trade_terms_still_bridge(book: KnowledgeBase) -> None:
    assert [hit.article.title for hit in book.search("очередь", language="en").hits] == ["The desk"]


def test_front_matter_states_its_principles(book: KnowledgeBase) -> None:
    assert [article.title for article in book.articles_on("lending")] == ["Абонемент"]
    assert book.articles_on("silence") == []


def test_counterparts_by_it(book: KnowledgeBase) -> None:
    (hit,) = book.search("книговыдача", language="ru", bridge=False).hits
    assert {
        code: [h.article.title for h in hits] for code, hits in book.counterparts(hit.passage.id).items()
    } == {"en": ["The desk"]}


# --- The index and another vocabulary ------------------------------------------------------------


def test_the_index_says_when_it_is_of_another(home: Path) -> None:
    with open_at(home, None) as book:
        assert book.made_with_another() == ""  # an empty index is of none
        book.index()
        assert book.made_with_another() == ""
        assert "empathy" in {tag.id for hit in book.search("Empathy").hits for tag in hit.passage.principles}
    with open_at(home, "library.ttl") as book:
        assert book.made_with_another() == "vocabulary"
        assert book.search("тишина").total  # it goes on with what there is
        report = book.index()
        assert (report.added, report.removed, report.unchanged) == (0, 0, 5)
        assert book.made_with_another() == ""
        assert "silence" in {tag.id for hit in book.search("Тишина").hits for tag in hit.passage.principles}


def test_comments_make_no_other_vocabulary(home: Path) -> None:
    with open_at(home, "library.ttl") as book:
        book.index()
    (home / "library.ttl").write_text("# Edited by Anna\n" + SCHEME, encoding="utf-8")
    with open_at(home, "library.ttl") as book:
        assert book.made_with_another() == ""


def test_files_of_other_sources_are_read_again_too(home: Path) -> None:
    write_files(
        home / "letters", {"a.md": "# A letter\n\nSilence, please.\n", "gone.md": "# Gone\n\nNot here.\n"}
    )
    with open_at(home, None) as book:
        book.index([home / "articles", home / "letters"])
    (home / "letters" / "gone.md").unlink()
    with open_at(home, "library.ttl") as book:
        book.index()
        assert book.made_with_another() == ""
        assert "A letter" in {hit.article.title for hit in book.search(principle="silence").hits}
        assert "Gone" in {article.title for article in book.articles()}  # no one said to forget it


Run = Callable[..., Result]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("KB_HOME", str(home / "home"))
    monkeypatch.setenv("KB_CORPUS", str(home / "articles"))

    def run(*words: str) -> Result:
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return run


def test_commands_say_so_in_one_line(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("index")
    first = run("search", "Empathy", "--json")
    assert first.stderr == ""
    passage = json.loads(first.stdout)["hits"][0]["passage"]["id"]
    monkeypatch.setenv("KB_VOCABULARY", str(home / "library.ttl"))
    for words in (["search", "Empathy", "--json"], ["show", passage, "--json"]):
        told = run(*words)
        assert told.stderr == "kb: the index was made with another vocabulary; run kb index\n"
        json.loads(told.stdout)
    run("index")
    assert run("search", "Empathy", "--json").stderr == ""
    assert "silence" in run("principles").stdout
