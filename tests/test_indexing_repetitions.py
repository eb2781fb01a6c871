"""What stands in the files more than once: versions of an article, and notices for editors."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kb.errors import NotFound
from tests.conftest import write_files

SEED = Path(__file__).parent.parent.parent / "shared" / "seeds" / "001_57331dec28006802.txt"

RULE = "Гость жалуется потому, что ещё верит: его услышат, поблагодарят и сделают обещанное в тот же день."
SYLLABLES = "ба ве ги до жу за ки ло му не пи ро са ту фе хо".split()


def own(number: int, place: str) -> str:
    """A paragraph of coined words, like no other."""
    chance = random.Random(f"{number} {place}")
    return " ".join("".join(chance.choices(SYLLABLES, k=4)) for _ in range(20)).capitalize() + "."


def article(number: int, *texts: str) -> str:
    return "\n\n".join([f"# Статья {number}", *texts, own(number, "конец")]) + "\n"


@pytest.fixture
def index(tmp_path, open_book):
    """Index exactly these files; the notices of repetitions by code, with the folder left out."""
    book = open_book(home=tmp_path / "home", corpus=tmp_path / "articles")

    def index(files: dict[str, str]) -> list[tuple[str, str, int | None, str]]:
        write_files(tmp_path / "articles", files)
        folder = f"{tmp_path}/articles/"
        return [
            (p.code, p.file.removeprefix(folder), p.line, p.message.replace(folder, ""))
            for p in book.index().problems
            if p.code in {"near-duplicate", "copied-passage"}
        ]

    index.book = book
    yield index
    book.close()


def test_different_articles_give_no_notice(index):
    assert index({f"{n}.md": article(n, own(n, "а"), own(n, "б")) for n in range(5)}) == []


def test_the_same_article_in_several_files(index):
    text = article(1, RULE, own(1, "а"))
    edited = text.replace("в тот же день", "сегодня же")
    names = ["a.md", "b.md", "c/d.md", "e.md", "f.md", "g.md"]
    told = index({name: edited if name == "b.md" else text for name in names} | {"z.md": article(9)})
    assert told == [
        (
            "near-duplicate",
            "a.md",
            None,
            "The same article in nearly the same words is also in b.md, c/d.md, e.md and 2 more."
            " Keep one of them.",
        )
    ]
    assert index({"a.md": text, "z.md": article(9)}) == []


def test_a_paragraph_copied_into_ten_articles(index):
    files = {f"{n}.md": article(n, own(n, "а"), RULE, own(n, "б")) for n in range(10)}
    assert index(files) == [
        (
            "copied-passage",
            "0.md",
            5,
            "This passage also stands in 1.md:5, 2.md:5, 3.md:5 and 6 more."
            " Keep it in one article and link to it.",
        )
    ]
    found = index.book.search("гость верит")
    assert (found.total, found.hits[0].more) == (1, 9)
    assert all(index.book.versions(f"statia-{n}") == [] for n in range(10))


def test_a_quotation_is_no_repetition(index):
    """… nor is what an article says twice, or what two versions of one article have in common."""
    text = article(1, RULE, own(1, "а"))
    assert index({"a.md": article(2, RULE, RULE, own(2, "а")), "b.md": article(3, own(3, "а"), RULE)}) == []
    both = {"a.md": text, "b.md": text, "c.md": article(3, own(3, "а"), RULE)}
    assert [code for code, *_ in index(both)] == ["near-duplicate"]


def test_many_repetitions_are_told_in_few_words(index):
    families = {f"{n}-{copy}.md": article(n, own(n, "а"), own(n, "б")) for n in range(23) for copy in "ab"}
    told = index(families)
    assert len(told) == 20
    assert told[-1][3].endswith(" Not listed: 3 more like this.")


def test_the_order_of_indexing_tells_nothing(index, tmp_path, open_book):
    files = {f"{n}.md": article(n, RULE, own(n % 3, "а"), own(n % 3, "б")) for n in range(7)}
    told = index(files)
    with open_book(home=tmp_path / "other", corpus=tmp_path / "articles") as other:
        for name in reversed(files):
            problems = other.index([tmp_path / "articles" / name]).problems
        assert [(p.code, Path(p.file).name) for p in problems] == [(code, name) for code, name, *_ in told]
        for number in range(7):
            versions, others = (book.versions(f"statia-{number}") for book in (index.book, other))
            assert [one.id for one in versions] == [one.id for one in others]


def test_versions_of_an_article(index):
    text = article(1, RULE, own(1, "а"))
    conflict = "# Спор\n\n<<<<<<< ours\nОчередь ждёт.\n=======\nЛюди злятся.\n>>>>>>> theirs\n"
    index({"a.md": text, "b.md": text + "\n\nЕщё абзац.\n", "c.md": article(2), "d.md": conflict})
    book = index.book
    assert [one.id for one in book.versions("statia-1")] == ["statia-1-2"]
    assert [one.version for one in book.versions("spor")] == ["theirs"]
    assert [one.version for one in book.versions("spor-2")] == ["ours"]
    assert book.versions("statia-2") == []
    with pytest.raises(NotFound):
        book.versions("never")


@pytest.mark.skipif(not SEED.exists(), reason="the seeds are not in the repository")
def test_the_conflict_of_the_seed_is_two_versions_of_one_article(make_book):
    book = make_book({"seed.txt": SEED.read_text(encoding="utf-8")})
    ours, theirs = book.articles()
    assert [one.id for one in book.versions(ours.id)] == [theirs.id]
    assert [one.id for one in book.versions(theirs.id)] == [ours.id]
    assert ours.version != theirs.version
