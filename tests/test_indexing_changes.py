"""What indexing does to the index when files come, change, move and go (DESIGN 4.4)."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import readers
from kb.errors import NotFound
from kb.indexing.changes import IdGiver, wanted_id
from kb.models import Article
from tests.conftest import write_files
from tests.samples import CONFLICT, GIFT, QUEUE, SERVICE, answers


def counts(report) -> dict[str, int]:
    names = ("added", "changed", "removed", "unchanged")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "articles"


@pytest.fixture
def book(tmp_path, open_book):
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as opened:
        yield opened


def test_what_each_change_is_counted_as(book, folder):
    write_files(folder, {"a.md": GIFT, "b.md": QUEUE})
    assert counts(book.index()) == {"added": 2}
    assert counts(book.index()) == {"unchanged": 2}
    write_files(folder, {"a.md": GIFT + "\nТретий.\n", "c.md": SERVICE})
    report = book.index()
    assert counts(report) == {"added": 1, "changed": 1, "removed": 1}
    assert (report.articles, report.passages) == (2, 5)


def test_indexing_again_changes_nothing(book, folder):
    write_files(folder, {"a.md": GIFT, "b.md": QUEUE, "c.md": SERVICE})
    book.index()
    before = answers(book)
    book.index()
    assert answers(book) == before


def test_an_edit_within_one_tick_of_the_clock_is_seen(book, folder):
    """A file may change twice without its time and size telling."""
    folder.mkdir()
    path = folder / "a.md"
    path.write_text("# А\n\nПервый текст.\n", encoding="utf-8")
    status = path.stat()
    book.index()
    path.write_text("# А\n\nДругой текст.\n", encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    book.index()
    assert book.search('"другой"').total == 1


def test_a_file_that_changes_keeps_the_ids_of_what_stays(book, folder):
    write_files(folder, {"a.md": GIFT})
    book.index()
    before = {p.text: p.id for p in book.article("zhaloba-kak-podarok")[1]}
    write_files(folder, {"a.md": GIFT.replace("Гость", "Покупатель") + "\nЕщё абзац.\n"})
    book.index()
    after = {p.text: p.id for p in book.article("zhaloba-kak-podarok")[1]}
    assert set(before) & set(after) == {"Шаг второй: исправить."}
    assert all(after[text] == id for text, id in before.items() if text in after)


@pytest.mark.parametrize("target", ["b.md", "deep/er/a.md", "a.markdown", "deep/a.md"])
def test_a_renamed_file_keeps_its_ids(book, folder, target):
    write_files(folder, {"a.md": GIFT})
    book.index()
    before = answers(book)
    (folder / target).parent.mkdir(parents=True, exist_ok=True)
    (folder / "a.md").rename(folder / target)
    assert counts(book.index()) == {"unchanged": 1}
    assert answers(book) == before
    assert [Path(path).name for path in book.engine.files()] == [Path(target).name]
    assert answers(book) == before


def test_a_file_renamed_to_another_format_is_read_as_a_fresh_build_reads_it(book, folder, make_book):
    write_files(folder, {"a.md": GIFT})
    book.index()
    (folder / "a.md").rename(folder / "a.txt")
    book.index()
    assert answers(book) == answers(make_book({"a.txt": GIFT}))


def test_an_article_called_like_its_file_keeps_its_id_when_that_is_renamed(book, folder):
    """… though its title changes: links to its passages must not break, nor at the next edit."""
    text = "Просто абзац без заголовка, довольно длинный для текста.\n"
    write_files(folder, {"старое.md": text})
    book.index()
    ((before,),) = [book.article(article.id)[1] for article in book.articles()]
    (folder / "старое.md").rename(folder / "новое.md")
    assert counts(book.index()) == {"unchanged": 1}
    ((article, (passage,)),) = [book.article(article.id) for article in book.articles()]
    assert (article.title, passage.id) == ("новое", before.id)
    write_files(folder, {"новое.md": text + "\nЕщё один абзац, тоже довольно длинный.\n"})
    book.index()
    ((_, (passage, _)),) = [book.article(article.id) for article in book.articles()]
    assert passage.id == before.id


@pytest.mark.parametrize(
    "renames",
    [
        {"a.md": "новое имя.md"},
        {"a.md": "b/x.md", "c.md": "c/b.md"},
        {"c.md": "d.md", "copy/c.md": "copy/d.md"},
    ],
)
def test_renamed_files_are_not_read_again(book, folder, renames, monkeypatch):
    write_files(folder, {"a.md": GIFT, "c.md": QUEUE, "copy/c.md": QUEUE})
    book.index()
    before = answers(book)
    for name, target in renames.items():
        (folder / target).parent.mkdir(exist_ok=True)
        (folder / name).rename(folder / target)
    read = []
    monkeypatch.setattr(readers, "read_in_parts", read.append)
    assert counts(book.index()) == {"unchanged": 3}
    assert not read
    assert answers(book) == before


def test_a_moved_file_s_problems_name_its_new_place(book, folder):
    broken = "---\ntitle: [\n---\n\nТекст статьи.\n"
    write_files(folder, {"one/a.md": broken})
    assert book.index().problems
    (folder / "two").mkdir()
    (folder / "one" / "a.md").rename(folder / "two" / "a.md")
    assert {problem.file for problem in book.index().problems} == {str(folder / "two" / "a.md")}


def test_removing_and_adding_again(book, folder):
    write_files(folder, {"a.md": GIFT, "b.md": QUEUE})
    book.index()
    before = answers(book)
    write_files(folder, {"b.md": QUEUE})
    assert counts(book.index()) == {"removed": 1, "unchanged": 1}
    with pytest.raises(NotFound):
        book.article("zhaloba-kak-podarok")
    assert book.search("благодарить").total == 0
    write_files(folder, {"a.md": GIFT, "b.md": QUEUE})
    book.index()
    assert answers(book) == before


# --- Ids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "path", "expected"),
    [
        ("Жалоба как подарок", "a.md", "zhaloba-kak-podarok"),
        ("服务标准", "a.md", "fu-wu-biao-zhun"),
        ("…", "письмо.md", "pismo"),
        ("", "!.md", "article"),
        ("слово " * 40, "a.md", "slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo-slovo"),
        ("d" * 500, "a.md", "d" * 60),
        ("../../etc/passwd", "a.md", "etc-passwd"),
    ],
)
def test_the_id_an_article_asks_for(title, path, expected):
    assert wanted_id(Article(title, "ru", "ru", ()), path) == expected


def test_ids_are_given_once():
    ids = IdGiver()
    assert [ids.give(wanted) for wanted in ("a", "a", "a-2", "a", "b")] == ["a", "a-2", "a-2-2", "a-3", "b"]
    ids.take_back(["a"])
    assert [ids.give("a"), ids.give("a")] == ["a", "a-4"]


def test_duplicate_titles_are_numbered_in_the_order_of_paths(book, folder):
    texts = {f"{name}.md": f"# Сервис\n\nТекст {name}.\n" for name in "abc"}
    for order in ("cba", "bac"):
        for name in order:
            write_files(folder / name, {f"{name}.md": texts[f"{name}.md"]})
            book.index([folder / name])
        ids = {a.id: book.article(a.id)[1][0].text for a in book.articles()}
        assert ids == {"servis": "Текст a.", "servis-2": "Текст b.", "servis-3": "Текст c."}
        book.index([], forget=[folder])


def test_two_articles_of_one_file_keep_apart_when_their_ids_change(book, folder, make_book):
    """A merge conflict gives two articles with one title; another file then takes the first id."""
    files = {"b.md": CONFLICT}
    write_files(folder, files)
    book.index()
    assert [article.id for article in book.articles()] == ["servis", "servis-2"]
    files["a.md"] = "# Сервис\n\nНичей вариант.\n"
    write_files(folder, files)
    book.index()
    assert answers(book) == answers(make_book(files))
    assert len(book.articles()) == 3


# --- Sources ------------------------------------------------------------------------------------


def test_sources_are_kept_apart(book, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_files(one, {"a.md": GIFT})
    write_files(two, {"b.md": QUEUE})
    book.index([one])
    assert counts(book.index([two])) == {"added": 1, "unchanged": 1}
    write_files(one, {})
    assert counts(book.index([two])) == {"unchanged": 2}
    assert counts(book.index([one])) == {"removed": 1, "unchanged": 1}


def test_a_source_that_is_away_stays_as_it_was(book, tmp_path):
    """As on a drive that is not mounted now: neither its files nor the metadata beside them are missed."""
    one, two = tmp_path / "one", tmp_path / "two"
    write_files(one, {"a.md": GIFT, "article.yml": "author: Анна\n"})
    write_files(two, {"b.md": QUEUE})
    book.index([one, two])
    one.rename(tmp_path / "away")
    report = book.index([two])
    assert (counts(report), report.problems) == ({"unchanged": 2}, ())
    assert book.article("zhaloba-kak-podarok")[0].author == "Анна"


def test_a_forgotten_source_leaves_and_nothing_else_is_touched(book, tmp_path):
    one, two = tmp_path / "one", tmp_path / "one-more"  # one begins like the other
    write_files(one, {"a.md": GIFT})
    write_files(two, {"b.md": QUEUE})
    book.index([one, two])
    assert counts(book.index(forget=[one])) == {"removed": 1, "unchanged": 1}
    assert [article.id for article in book.articles()] == ["ochered"]
    assert counts(book.index(forget=[tmp_path / "never"])) == {"unchanged": 1}


def test_with_a_forgotten_folder_go_the_sources_below_it(book, tmp_path):
    """An index that is made anew must not bring back what was forgotten."""
    write_files(tmp_path, {"letters/a.md": GIFT, "letters-more/b.md": QUEUE})
    book.index([tmp_path / "letters" / "a.md", tmp_path / "letters-more"])
    assert counts(book.index(forget=[tmp_path / "letters"])) == {"removed": 1, "unchanged": 1}
    assert book.store.sources.all() == [str(tmp_path / "letters-more")]


def test_a_single_file_is_a_source(book, folder):
    write_files(folder, {"a.md": GIFT, "b.md": QUEUE})
    book.index([folder / "a.md"])
    assert [article.id for article in book.articles()] == ["zhaloba-kak-podarok"]
    (folder / "a.md").unlink()
    report = book.index([folder / "a.md"])
    assert report.removed == 1
    assert book.search("жалоба").total == 0


def test_one_file_below_two_sources_is_one_article(book, folder):
    write_files(folder, {"deep/a.md": GIFT})
    report = book.index([folder, folder / "deep", folder / "deep" / ".." / "deep" / "a.md"])
    assert (report.articles, report.added) == (1, 1)


def test_an_unreadable_file_does_not_stop_the_others(book, folder):
    write_files(folder, {"a.md": GIFT, "b.md": "\x00\x01\x02\xff" * 100})
    report = book.index()
    assert report.articles == 1
    assert {problem.severity for problem in report.problems} == {"error"}
    assert book.search("жалоба").total == 1


# --- The order of things ------------------------------------------------------------------------

paragraphs = st.sampled_from(
    [
        "Гость жалуется, и мы благодарим.",
        "Жалобы — подарок для сервиса.",
        "Людям важна эмпатия.",
        "Человек шёл к стойке.",
        "客户投诉是礼物。",
        "服务标准与员工培训。",
        "NPS и KANO模型 в одной строке.",
        "The promise is kept.",
        "Тот, кто жалуется, ещё верит, что его услышат, поблагодарят и всё исправят в тот же день.",
        "Тот, кто жалуется, ещё верит, что его услышат, поблагодарят и всё исправят уже сегодня.",
        "- один\n- два",
        "## Глава\n\nПод главой.",
    ]
)
articles = st.builds(
    lambda title, body: f"# {title}\n\n" + "\n\n".join(body) + "\n",
    st.sampled_from(["Сервис", "Сервис", "服务", "Гость", "A book"]),
    st.lists(paragraphs, max_size=4),
)
corpora = st.dictionaries(st.sampled_from(["a.md", "b.md", "c.md", "d/a.md", "d/b.md"]), articles, max_size=5)


@settings(max_examples=20)
@given(st.lists(corpora, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_way_to_the_same_files_gives_the_same_index(open_book, make_book, states, random):
    """Some states are indexed as a whole, some file by file in any order; the last one is compared
    with a fresh build."""
    root = Path(tempfile.mkdtemp())
    try:
        with open_book(home=root / "home", corpus=root / "articles") as book:
            for state in states:
                write_files(root / "articles", state)
                names = list(state)
                random.shuffle(names)
                for name in names[: random.randint(0, len(names))]:
                    book.index([root / "articles" / name])
                book.index()
            grown = answers(book)
        with open_book(home=root / "fresh", corpus=root / "articles") as fresh:
            fresh.index()
            assert grown == answers(fresh)
    finally:
        shutil.rmtree(root)
