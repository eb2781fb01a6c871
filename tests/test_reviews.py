"""What people say of tags: it holds at once and for good, whatever the tagger says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kb.cli import main
from kb.errors import NotFound
from kb.knowledge_base import KnowledgeBase
from kb.models import Passage
from tests.conftest import MakeBook, write_files

ARTICLE = """---
principles: [training]
---

# Смена в кафе

## Эмпатия у стойки

Гость молчит и смотрит в пол. Поставьте себя на его место и спросите, что случилось.

## Как учим новичков

Обучение персонала длится десять дней, рядом всегда наставник.

Чек-лист открытия лежит у кассы, навык проверяют на третий день.

- Показать.
- Попробовать вместе.
"""
# The words of three passages: on empathy, on training, and on training by its heading alone.
EMPATHY, TRAINING, STEPS = "Гость молчит", "Обучение персонала", "Показать"


@pytest.fixture
def book(make_book: MakeBook) -> KnowledgeBase:
    return make_book({"cafe.md": ARTICLE, "other.md": "# Погода\n\nСегодня солнечно, завтра дождь.\n"})


def passage(book: KnowledgeBase, words: str) -> Passage:
    (found,) = [p for a in book.articles() for p in book.article(a.id)[1] if words in p.text]
    return found


def tags(book: KnowledgeBase, words: str) -> list[str]:
    return [tag.principle for tag in passage(book, words).tags]


def found_with(book: KnowledgeBase, principle: str) -> set[str]:
    return {hit.passage.id for hit in book.search(principle=principle, limit=100).hits}


def facet(book: KnowledgeBase, principle: str) -> int:
    facets = book.search(limit=0).facets["principle"]
    return next((one.count for one in facets if one.value == principle), 0)


def test_a_rejected_tag_is_gone_at_once(book: KnowledgeBase) -> None:
    rejected = passage(book, EMPATHY)
    count = facet(book, "empathy")
    assert "empathy" in tags(book, EMPATHY)
    returned = book.review(rejected.id, "empathy", False, "Анна", "ирония")
    assert "empathy" not in [tag.principle for tag in returned.tags]
    assert "empathy" not in tags(book, EMPATHY)
    assert rejected.id not in found_with(book, "empathy")
    assert facet(book, "empathy") == count - 1
    (hit,) = [hit for hit in book.search("гость молчит").hits if hit.passage.id == rejected.id]
    assert "empathy" not in [tag.id for tag in hit.passage.principles]


def test_an_accepted_tag_appears(book: KnowledgeBase) -> None:
    weather = passage(book, "солнечно")
    assert weather.tags == ()
    book.review(weather.id, "loyalty", True, "Анна")
    (tag,) = passage(book, "солнечно").tags
    assert (tag.principle, tag.weight, tag.evidence, tag.origin) == ("loyalty", 1.0, (), "review")
    assert found_with(book, "loyalty") == {weather.id}
    assert facet(book, "loyalty") == 1
    assert [hit.passage.id for hit in book.search("customer loyalty", language="ru").hits] == [weather.id]


def test_an_accepted_tag_keeps_its_evidence(book: KnowledgeBase) -> None:
    before = next(tag for tag in passage(book, TRAINING).tags if tag.principle == "training")
    book.review(passage(book, TRAINING).id, "training", True, "Анна")
    after = passage(book, TRAINING).tags[0]
    assert (after.principle, after.weight, after.evidence) == ("training", 1.0, before.evidence)


def reread(book: KnowledgeBase) -> None:
    """Every file is touched, so that it is read again."""
    folder = book.settings.corpus_path
    write_files(folder, {path.name: path.read_text() + "\n" for path in sorted(folder.iterdir())})
    assert book.index().changed == 2


def rebuild(book: KnowledgeBase) -> None:
    """The index is thrown away; only what people wrote stays."""
    book.close()
    for part in ("engine", "store"):
        book.__dict__.pop(part, None)
    shutil.rmtree(book.settings.home / "index")
    assert book.index().added == 2


def edit_elsewhere(book: KnowledgeBase) -> None:
    """A paragraph is added before what was reviewed."""
    changed = ARTICLE.replace("# Смена в кафе\n", "# Смена в кафе\n\nОткрываемся в восемь.\n")
    folder = book.settings.corpus_path
    write_files(folder, {"cafe.md": changed, "other.md": (folder / "other.md").read_text()})
    assert book.index().changed == 1


@pytest.mark.parametrize("change", [reread, rebuild, edit_elsewhere])
def test_reviews_outlive_the_index(book: KnowledgeBase, change: Callable[[KnowledgeBase], None]) -> None:
    book.review(passage(book, EMPATHY).id, "empathy", False, "Анна")
    book.review(passage(book, "солнечно").id, "loyalty", True, "Анна")
    change(book)
    assert "empathy" not in tags(book, EMPATHY)
    assert tags(book, "солнечно") == ["loyalty"]
    assert passage(book, EMPATHY).id not in found_with(book, "empathy")


def everything(book: KnowledgeBase) -> dict[str, object]:
    """All passages, and what searches find, with scores."""
    queries = ("эмпатия", "staff training", "наставник новичка", "")
    found = {
        query: [(hit.passage.id, hit.score, hit.highlights) for hit in book.search(query, limit=100).hits]
        for query in queries
    }
    return {"passages": [book.article(article.id) for article in book.articles()], "found": found}


def test_taken_back_all_is_as_before(book: KnowledgeBase) -> None:
    """Reviews re-tag from the index, whose sections have lost their blocks: nothing else may change."""
    before = everything(book)
    for words in (EMPATHY, TRAINING, STEPS):
        one = passage(book, words)
        for principle, accepted in (("empathy", False), ("training", False), ("loyalty", True)):
            book.review(one.id, principle, accepted, "Анна")
    assert everything(book) != before
    for words in (EMPATHY, TRAINING, STEPS):
        for principle in ("empathy", "training", "loyalty"):
            book.review(passage(book, words).id, principle, None, "Анна")
    assert everything(book) == before
    assert book.reviews() == []


def test_retagging_from_the_index_gives_the_tags_of_the_file(starter: KnowledgeBase) -> None:
    """On the whole starter corpus."""
    for article in starter.articles():
        record, passages = starter.article(article.id)
        assert starter.tagger.tag(record, passages) == tuple(passages), article.id


def test_the_last_word_counts_whoever_has_it(book: KnowledgeBase) -> None:
    one = passage(book, EMPATHY)
    book.review(one.id, "empathy", False, "Анна", "ирония")
    book.review(one.id, "empathy", True, "王芳", "说得对")
    assert "empathy" in tags(book, EMPATHY)
    (said,) = book.reviews()
    assert (said.reviewer, said.accepted, said.reason) == ("王芳", True, "说得对")
    book.review(one.id, "training", False, "Анна")
    assert [review.reviewer for review in book.reviews()] == ["王芳", "Анна"]


def test_what_is_not_there_cannot_be_reviewed(book: KnowledgeBase) -> None:
    one = passage(book, EMPATHY)
    with pytest.raises(NotFound):
        book.review("nowhere", "empathy", True, "Анна")
    with pytest.raises(NotFound):
        book.review(one.id, "kindness", True, "Анна")
    assert book.reviews() == []


def test_the_tagger_is_measured_against_reviews(book: KnowledgeBase) -> None:
    assert book.evaluate_tagger().micro.right == 0
    book.review(passage(book, TRAINING).id, "training", True, "Анна")  # it was right
    book.review(passage(book, EMPATHY).id, "empathy", False, "Анна")  # it was wrong
    book.review(passage(book, "солнечно").id, "loyalty", True, "Анна")  # it was missing
    score = book.evaluate_tagger().micro
    assert (score.right, score.wrong, score.missing) == (1, 1, 1)


# --- The commands --------------------------------------------------------------------------------

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`kb` with an index of its own."""
    write_files(tmp_path / "articles", {"cafe.md": ARTICLE})
    monkeypatch.setenv("KB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KB_CORPUS", str(tmp_path / "articles"))

    def run(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result

    return run


def first_hit(run: Run, *words: str) -> dict[str, object]:
    hits: Sequence[dict[str, dict[str, object]]] = json.loads(run("search", *words, "--json").stdout)["hits"]
    return hits[0]["passage"]


def test_review_and_reviews(run: Run) -> None:
    one = str(first_hit(run, "гость молчит")["id"])
    said = run("review", one, "empathy", "--reject", "--by", "Анна", "--why", "ирония", "--json").stdout
    assert json.loads(said)["passage"] == one
    assert "empathy" not in [tag["id"] for tag in json.loads(said)["principles"]]
    listed = run("reviews").stdout
    assert "empathy rejected by Анна" in listed
    assert "ирония" in listed
    (review,) = json.loads(run("reviews", "--json").stdout)["reviews"]
    assert (review["passage"], review["principle"], review["accepted"]) == (one, "empathy", False)
    assert review["at"].endswith(("Z", "+00:00"))
    assert json.loads(run("reviews", "show", str(review["number"]), "--json").stdout) == review
    assert "all (micro)" in run("principles", "evaluate", "--reviews").stdout
    assert "empathy" in run("review", one, "empathy", "--withdraw").stdout
    assert run("reviews").stdout == ""


def test_one_review_is_taken_back(run: Run) -> None:
    one = str(first_hit(run, "гость молчит")["id"])
    numbers = []
    for verdict, who in (("--reject", "Анна"), ("--accept", "王芳")):
        run("review", one, "empathy", verdict, "--by", who)
        numbers += [str(said["number"]) for said in json.loads(run("reviews", "--json").stdout)["reviews"]]
    first, last = numbers
    assert "stays" in run("reviews", "undo", first, status=1).stdout
    assert json.loads(run("reviews", "undo", last, "--json").stdout) == {"undone": True}
    assert "rejected by Анна" in run("reviews").stdout, "what was said before holds again"
    run("reviews", "undo", first)
    assert "empathy" in [tag["id"] for tag in first_hit(run, "гость молчит")["principles"]]
    assert "no review" in run("reviews", "undo", first, status=1).stderr


def test_wrong_usage_says_what_to_do(run: Run) -> None:
    one = str(first_hit(run, "гость молчит")["id"])
    assert "--accept" in run("review", one, "empathy", "--by", "Анна", status=2).stderr
    assert "--by" in run("review", one, "empathy", "--accept", status=2).stderr
    assert "nowhere" in run("review", "nowhere", "empathy", "--accept", "--by", "Анна", status=1).stderr
    assert "kindness" in run("review", one, "kindness", "--accept", "--by", "Анна", status=1).stderr
