"""The starter corpus: every article reads well, covers its part, repeats nobody, and is found.

The relevance judgements were made by reading, by the rule in corpus/relevance/README: from the need of a
receptionist, courier, trainer or owner to the passages that answer it. The goals were 0.85 in one language
and 0.70 across languages; FLOORS is what was reached, less a point of noise: no change may fall below.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from kb.evaluation import Evaluation, evaluate, read
from kb.knowledge_base import KnowledgeBase
from kb.models import Article, Passage
from kb.principles import Vocabulary
from kb.readers import Reading
from kb.readers import read as read_afresh
from tests.conftest import CORPUS

FILES = sorted(CORPUS.glob("*/*.md"))
RELEVANCE = CORPUS / "relevance"
SEEDS = CORPUS.parent.parent / "shared" / "seeds"
WORDS = Path(__file__).parent / "files" / "corpus_words.txt"

FIELDS = ["title", "summary", "language", "date", "author", "licence", "principles", "sources"]
LENGTHS = {"ru": (700, 1500), "zh": (1200, 2500)}  # words, Han characters
KINDS = {"keyword", "question", "inflected", "typo", "cross", "principle"}

SAME_LANGUAGE_GOAL = 0.85
FLOORS = {"same": 0.77, "cross": 0.73}

# Two texts share a shingle by chance or when one quotes the other; half of all they have is neither.
SHINGLE = 5
NEARLY_EQUAL = 0.5
LONGEST_SHARED_RUN = 40

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")


@cache
def read_file(path: Path) -> Reading:
    """What is read of an article, once for all tests of it."""
    return read_afresh(path)


def body(path: Path) -> str:
    """The text without front matter, and without the comments that say what is asked."""
    return re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8").split("---", 2)[2], flags=re.DOTALL)


def russian_words(text: str) -> list[str]:
    return re.findall(r"[а-яё]+(?:-[а-яё]+)*", text.lower())


# --- Each article ---


@each_file
def test_reads_without_a_problem(path: Path) -> None:
    reading = read_file(path)
    assert reading.problems == ()
    assert len(reading.articles) == 1


@each_file
def test_front_matter_is_complete(path: Path, vocabulary: Vocabulary) -> None:
    keys = re.findall(r"^(\w+):", path.read_text(encoding="utf-8").split("---", 2)[1], re.MULTILINE)
    assert keys == FIELDS
    article = read_file(path).articles[0]
    assert article.title and article.title == re.findall(r"^# (.+)$", body(path), re.MULTILINE)[0]
    assert 20 <= len(article.summary) <= 400
    assert article.language == path.parent.name
    assert article.locale in {"ru": {"ru"}, "zh": {"zh-Hans", "zh-Hant"}}[article.language]
    assert article.published is not None
    assert date(2026, 1, 1) <= article.published <= date(2026, 12, 31)
    assert (article.author, article.licence) == ("Servicebook", "CC BY 4.0")
    assert 1 <= len(article.principles) <= 5
    assert set(article.principles) <= set(vocabulary.principles)


@each_file
def test_sources_are_well_formed(path: Path) -> None:
    sources = read_file(path).articles[0].sources
    assert len(sources) >= 2
    assert len(set(sources)) == len(sources)
    for source in sources:
        dated = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", source)
        numbered = re.search(r"\b(GB/T|ГОСТ Р|ISO|TSG) |第.+条|第\s?\d+\s?條|статья|ст\. ", source)
        assert len(source) >= 12 and (dated or numbered), source
        assert source.count("«") == source.count("»") and source.count("《") == source.count("》"), source


def length(path: Path) -> int:
    """In words or Han characters."""
    return len(russian_words(body(path)) if path.parent.name == "ru" else re.findall(r"[一-鿿]", body(path)))


@each_file
def test_length(path: Path) -> None:
    least, most = LENGTHS[path.parent.name]
    assert least <= length(path) <= most


def table_row(path: Path) -> tuple[str, ...]:
    article = read_file(path).articles[0]
    name = f"{path.parent.name}/{path.name}"
    return name, str(length(path)), ", ".join(article.principles), str(len(article.sources))


def test_the_table_of_articles_is_true() -> None:
    lines = (CORPUS / "README").read_text(encoding="utf-8").split("\n")
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if "|" in line]
    assert cells[2:] == [table_row(path) for path in FILES]


def test_spelling() -> None:
    """A word that the dictionary does not know has been looked at, and each looked at is still used."""
    from pymorphy3 import MorphAnalyzer

    known = MorphAnalyzer().word_is_known
    reviewed = {word for word in WORDS.read_text(encoding="utf-8").split("\n") if word and word[0] != "#"}
    used = {word for path in FILES if path.parent.name == "ru" for word in russian_words(body(path))}
    unknown = {word for word in used if not known(word)}
    assert unknown - reviewed == set(), "typos, or words for tests/files/corpus_words.txt"
    assert reviewed - unknown == set(), "no longer needed in tests/files/corpus_words.txt"


@each_file
def test_what_is_asked_is_said_in_three_languages(path: Path) -> None:
    blocks = [block for section in read_file(path).articles[0].sections for block in section.blocks]
    asked = [question for block in blocks for question in block.asked]
    assert len(asked) > 100
    for question in asked:
        assert 2 <= len(question) <= 90, question
    said = " ".join(asked)
    for script in ("[а-я]", "[一-鿿]", "[a-z]"):
        assert len(re.findall(script, said)) > 300


# --- All together ---


def test_enough_articles() -> None:
    articles = [read_file(path).articles[0] for path in FILES]
    assert Counter(article.language for article in articles) >= Counter(ru=20, zh=20)
    assert any(article.locale == "zh-Hant" for article in articles)


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_every_principle_is_taught_and_touched(
    language: str, starter: KnowledgeBase, starter_passages: list[Passage]
) -> None:
    articles = [article for article in starter.articles() if article.language == language]
    taught = {principle for article in articles for principle in article.principles}
    touched: dict[str, set[str]] = defaultdict(set)
    for passage in starter_passages:
        for tag in passage.tags:
            touched[tag.principle].add(passage.article_id)
    of_language = {article.id for article in articles}
    wanted = {principle.id for principle in starter.principles()}
    assert wanted - taught == set()
    assert {id for id in wanted if len(touched[id] & of_language) < 3} == set()


def test_no_two_passages_are_nearly_equal(starter_passages: list[Passage]) -> None:
    shingles = {passage.id: set(_shingles(passage.text)) for passage in starter_passages}
    holders: dict[str, list[str]] = defaultdict(list)
    for id, own in shingles.items():
        for shingle in own:
            holders[shingle].append(id)
    shared = Counter(pair for ids in holders.values() for pair in itertools.combinations(sorted(ids), 2))
    texts = {passage.id: passage.text for passage in starter_passages}
    nearly_equal = [
        (texts[one], texts[other])
        for (one, other), count in shared.items()
        if count / len(shingles[one] | shingles[other]) >= NEARLY_EQUAL
    ]
    assert [pair for pair in nearly_equal if not _is_one_question_twice(*pair)] == []


def _shingles(text: str) -> Iterator[str]:
    """Runs of words or Han characters. A text that is shorter has none: «— Нет совсем.» may recur."""
    words = re.findall(r"[一-鿿]|[^\W_一-鿿]+", text.lower())
    for start in range(len(words) - SHINGLE + 1):
        yield " ".join(words[start : start + SHINGLE])


def _is_one_question_twice(one: str, other: str) -> bool:
    """Whether these are what the same guest says in two dialogues that end differently, on purpose."""
    return one == other and one.startswith("— ")


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed articles are not here")
def test_nothing_is_taken_from_the_seeds() -> None:
    runs = {
        run
        for seed in SEEDS.iterdir()
        if seed.is_file()
        for run in _runs(seed.read_text(encoding="utf-8", errors="ignore"))
    }
    for path in FILES:
        assert [run for run in _runs(path.read_text(encoding="utf-8")) if run in runs] == [], path


def _runs(text: str) -> Iterator[str]:
    """All runs of characters that are too long to be shared, whatever the white space."""
    text = " ".join(text.split())
    for start in range(len(text) - LONGEST_SHARED_RUN + 1):
        yield text[start : start + LONGEST_SHARED_RUN]


def test_articles_in_a_language_are_of_that_language(starter: KnowledgeBase) -> None:
    def han(article: Article) -> int:
        passages = starter.article(article.id)[1]
        return len(re.findall(r"[一-鿿]", " ".join(passage.text for passage in passages)))

    for article in starter.articles():
        assert (han(article) > 1000) == (article.language == "zh"), article.title


# --- The relevance judgements ---


def test_judgements_are_of_passages_that_exist(starter_passages: list[Passage]) -> None:
    data = read(RELEVANCE)
    judged = {id for judgements in data.qrels.values() for id in judgements}
    assert judged - {passage.id for passage in starter_passages} == set()
    assert {grade for judgements in data.qrels.values() for grade in judgements.values()} == {1, 2}


def test_every_query_is_judged() -> None:
    data = read(RELEVANCE)
    assert len(data.queries) >= 400
    assert set(data.queries) == set(data.qrels)
    assert [id for id, judgements in data.qrels.items() if 2 not in judgements.values()] == []


def test_queries_are_described_and_varied() -> None:
    lines = [json.loads(line) for line in (RELEVANCE / "queries.jsonl").read_text("utf-8").splitlines()]
    assert {line["kind"] for line in lines} == KINDS
    counts = Counter(line["kind"] for line in lines)
    assert counts["cross"] >= 60 and counts["principle"] >= 30 and counts["typo"] >= 20
    assert max(Counter((line["text"], line["group"]) for line in lines).values()) == 1
    for line in lines:
        asked, wanted = line["group"].split("→")
        assert (line["language"], line["about"] != "") == (asked, True)
        assert line.get("languages") == (None if asked == wanted else [wanted])
        assert (line["kind"] == "cross") == (asked != wanted)


@pytest.fixture(scope="module")
def evaluation(starter: KnowledgeBase) -> Evaluation:
    return evaluate(starter, RELEVANCE)


def reached(evaluation: Evaluation, which: str) -> float:
    """nDCG@10 over the queries asked in the language of the passages ("same"), or not ("cross")."""
    groups = [
        group
        for name, group in evaluation.groups.items()
        if (len(set(name.split("→"))) == 1) == (which == "same")
    ]
    queries = sum(group.queries for group in groups)
    return sum(group.measures["nDCG@10"] * group.queries for group in groups) / queries


@pytest.mark.parametrize("which", FLOORS)
def test_ranking_is_no_worse(which: str, evaluation: Evaluation) -> None:
    assert reached(evaluation, which) >= FLOORS[which]


@pytest.mark.xfail(reason="not reached: questions that share no word with their answer", strict=True)
def test_ranking_in_one_language_reaches_its_goal(evaluation: Evaluation) -> None:
    assert reached(evaluation, "same") >= SAME_LANGUAGE_GOAL
