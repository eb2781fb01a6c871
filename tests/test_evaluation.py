"""`kb evaluate` on data sets that can be judged by eye."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from kb.cli import main
from kb.errors import InvalidRequest
from kb.evaluation import evaluate, measure, read, write_run
from tests.conftest import write_files
from tests.samples import GIFT

CORPUS = [
    {"_id": "gift", "title": "Жалоба", "text": "Жалоба — это подарок.\nЕё ждут."},
    {"_id": "queue", "title": "Очередь", "text": "Люди стоят в очереди."},
    {"_id": "zh", "title": "", "text": "客户投诉是礼物。"},
]
QUERIES = [
    {"_id": "1", "text": "жалоба подарок"},
    {"_id": "2", "text": "человек в очереди"},
    {"_id": "3", "text": "顧客 投訴"},
    {"_id": "unjudged", "text": "очередь"},
]
QRELS = ["query-id\tcorpus-id\tscore", "1\tgift\t1", "2\tqueue\t1", "3\tzh\t1"]


def lines(records: list[dict]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture
def data_set(tmp_path):
    def make(corpus=CORPUS, queries=QUERIES, qrels=QRELS, name="data"):
        folder = tmp_path / name
        (folder / "qrels").mkdir(parents=True)
        if corpus is not None:
            (folder / "corpus.jsonl").write_text(lines(corpus), encoding="utf-8")
        (folder / "queries.jsonl").write_text(lines(queries), encoding="utf-8")
        (folder / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n", encoding="utf-8")
        return folder

    return make


@pytest.fixture
def book(tmp_path, open_book):
    with open_book(home=tmp_path / "home") as opened:
        yield opened


def test_a_ranking_without_a_fault(book, data_set):
    found = evaluate(book, data_set())
    assert found.measures == {"nDCG@10": 1.0, "RR@10": 1.0, "R@1": 1.0, "R@10": 1.0, "R@100": 1.0}
    assert (found.queries, found.documents, found.passages) == (3, 3, 4)
    assert set(found.run) == {"1", "2", "3"}
    assert next(iter(found.run["1"])) == "gift"


def test_what_is_wanted_but_not_found_counts(book, data_set):
    found = evaluate(book, data_set(qrels=[*QRELS, "1\tqueue\t1"]), worst=1)
    assert found.measures["R@100"] == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-4)
    ideal = 1 + 1 / math.log2(3)
    assert found.measures["nDCG@10"] == pytest.approx((1 / ideal + 2) / 3, abs=1e-4)
    (worst,) = found.worst
    assert (worst.id, set(worst.wanted), worst.found[0]) == ("1", {"gift", "queue"}, "gift")
    assert "queue" not in worst.found


def test_a_query_without_any_hit_counts_as_nothing(book, data_set):
    found = evaluate(book, data_set(queries=[{"_id": "1", "text": "зебра"}, *QUERIES[1:]]))
    assert found.measures["nDCG@10"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_document_of_many_passages_has_the_score_of_its_best(book, data_set):
    corpus = [
        {"_id": "many", "text": "\n".join(["Жалоба ждёт."] * 3 + ["Жалоба — подарок."])},
        {"_id": "one", "text": "Жалоба."},
    ]
    found = evaluate(book, data_set(corpus, QUERIES[:1], [QRELS[0], "1\tmany\t1"]))
    assert sorted(found.run["1"]) == ["many", "one"]
    assert found.passages == 5


def test_documents_that_say_the_same_are_all_ranked(book, data_set):
    """In search one copy stands for all; a data set judges each."""
    text = "Гость жалуется, а мы благодарим его за подарок и сразу исправляем ошибку."
    corpus = [{"_id": id, "text": text} for id in "abc"]
    qrels = [QRELS[0], *(f"1\t{id}\t1" for id in "abc")]
    found = evaluate(book, data_set(corpus, [{"_id": "1", "text": "жалуется"}], qrels))
    assert found.run["1"].keys() == {"a", "b", "c"}


def test_lines_of_one_article_are_its_passages(book, data_set):
    """… also when they do not stand together; qrels name the lines."""
    corpus = [
        {"_id": "a1", "article": "A", "title": "Т", "text": "Жалоба — подарок."},
        {"_id": "b1", "article": "B", "text": "Подарок."},
        {"_id": "a2", "article": "A", "text": "Очередь.\nДвумя строками."},
        {"_id": "c", "text": "Очередь ждёт."},
    ]
    found = evaluate(book, data_set(corpus, QUERIES[:2], [QRELS[0], "1\ta1\t1", "2\ta2\t1"]))
    assert set(found.run["1"]) >= {"a1", "b1"}
    assert set(found.run["2"]) == {"a2", "c"}
    assert (found.documents, found.passages) == (4, 4)
    articles = sorted(len(book.article(article.id)[1]) for article in book.articles())
    assert articles == [1, 1, 2]


def test_queries_of_another_set(book, data_set):
    chinese = data_set(queries=[{"_id": "1", "text": "投诉 礼物"}], name="zh")
    found = evaluate(book, data_set(), queries=chinese)
    assert list(found.run) == ["1"]
    assert "zh" in found.run["1"]


def test_other_qrels(book, data_set):
    folder = data_set()
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n2\tqueue\t1\n", encoding="utf-8")
    assert evaluate(book, folder, qrels="dev").queries == 1


def test_a_set_without_a_corpus_judges_the_articles_around_it(book, data_set, tmp_path):
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.md").write_text("# Т\n\nЖалоба — подарок.\n", encoding="utf-8")
    book.index([articles])
    (passage,) = book.article("t")[1]
    folder = data_set(None, QUERIES[:1], [QRELS[0], f"1\t{passage.id}\t1"], name="articles/relevance")
    assert evaluate(book, folder).measures["R@1"] == 1.0


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("corpus.jsonl", lines(CORPUS) + "{broken\n", r"corpus\.jsonl, line 4"),
        ("corpus.jsonl", lines(CORPUS) + "\n[1]\n", r"corpus\.jsonl, line 5"),
        ("corpus.jsonl", '{"_id": "a"}\n', r"corpus\.jsonl, line 1: .text. is missing"),
        ("corpus.jsonl", '{"_id": 5, "text": "a"}\n', r"corpus\.jsonl, line 1: ._id. is missing or no text"),
        ("queries.jsonl", "\n\n{}\n", r"queries\.jsonl, line 3"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\tgift\tmuch\n", r"test\.tsv, line 2"),
        ("qrels/test.tsv", "1 gift 1\n", r"test\.tsv, line 1"),
    ],
)
def test_a_broken_line_is_named(data_set, file, text, message):
    folder = data_set()
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=message):
        read(folder)


@pytest.mark.parametrize("file", ["queries.jsonl", "qrels/test.tsv"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(data_set, file, content):
    folder = data_set()
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(InvalidRequest, match=rf"{file}.* cannot be read"):
        read(folder)


def test_grades_count():
    measures, _ = measure({"1": {"a": 2, "b": 1}}, {"1": {"b": 2.0, "a": 1.0}})
    second = 1 / math.log2(3)
    assert measures["nDCG@10"] == pytest.approx((1 + 2 * second) / (2 + 1 * second), abs=1e-4)


def test_a_run_in_the_form_of_trec(tmp_path):
    write_run({"1": {"a": 2.5, "b": 1.0}, "2": {"c": 0.25}}, tmp_path / "run.trec")
    assert (tmp_path / "run.trec").read_text().splitlines() == [
        "1 Q0 a 1 2.500000 servicebook",
        "1 Q0 b 2 1.000000 servicebook",
        "2 Q0 c 1 0.250000 servicebook",
    ]


# --- The command ---------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run("evaluate", folder)`, with an article in the index."""
    write_files(tmp_path / "articles", {"a.md": GIFT})
    monkeypatch.setenv("KB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KB_CORPUS", str(tmp_path / "articles"))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_measures_and_leaves_the_index_alone(run, data_set, tmp_path):
    folder = data_set()
    found = json.loads(run("evaluate", folder, "--json", "--run", tmp_path / "out.trec").stdout)
    assert found["measures"]["nDCG@10"] == 1.0
    assert set(found) >= {"queries", "documents", "passages", "measures", "queries_per_second", "worst"}
    assert "run" not in found
    first = (tmp_path / "out.trec").read_text().splitlines()[0].split()
    assert first[:4] == ["1", "Q0", "gift", "1"]
    shown = run("evaluate", folder)
    assert "nDCG@10" in shown.stdout
    assert "100.00" in shown.stdout
    (article,) = json.loads(run("search", "жалоба", "--json").stdout)["facets"]["article"]
    assert article["value"] == "zhaloba-kak-podarok"


def test_the_command_names_a_broken_line(run, data_set):
    folder = data_set()
    (folder / "queries.jsonl").write_text("{}\n", encoding="utf-8")
    found = run("evaluate", folder)
    assert found.exit_code == 2
    (line,) = found.stderr.splitlines()
    assert "queries.jsonl, line 1" in line
