"""The parts joined: what a person can rely on when searching (DESIGN 4.2, 4.3, 4.7 and 4.8)."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from kb.errors import EngineError, IndexDamaged, InvalidRequest, NotFound, SettingsError
from kb.models import SearchRequest, SearchResults
from tests.conftest import CORPUS, new_home, write_files
from tests.samples import GIFT, QUEUE, SERVICE
from tests.strategies import any_text, mixed_text
from tests.test_languages import PAIRS

# --- Russian: any form finds any other (4.2) -----------------------------------------------------


@pytest.fixture(scope="module")
def forms_book(make_book):
    """A passage for every form of the table, and nothing else in it."""
    forms = dict.fromkeys(form for pair in PAIRS for form in pair)
    return make_book({"forms.md": "# Table\n\n" + "\n\n".join(f"{form}." for form in forms) + "\n"})


def found_texts(book, typed: str, **options: object) -> list[str]:
    results = book.search(typed, bridge=False, correct=False, limit=1000, **options)
    return [hit.passage.text for hit in results.hits]


def test_any_form_of_a_word_finds_any_other(forms_book):
    lost = [
        (one, other)
        for pair in PAIRS
        for one, other in (pair, pair[::-1])
        if f"{other}." not in found_texts(forms_book, one)
    ]
    assert lost == []


def test_e_and_yo_are_one_letter(forms_book):
    with_yo = [form for pair in PAIRS for form in pair if "ё" in form]
    assert len(with_yo) > 50
    for form in with_yo:
        assert found_texts(forms_book, form) == found_texts(forms_book, form.replace("ё", "е"))


@pytest.mark.parametrize(
    ("typed", "exact", "possible"),
    [
        ("стали", "Мы стали внимательнее.", "Каркас из стали."),  # the form itself, whatever it is of
        ("сталь", "Нужна сталь.", "Мы стали внимательнее."),
        ("стать", "Хотим стать лучше.", "Каркас из стали."),
        ("белка", "Пришла белка.", "Много белков."),
        ("жалоба", "Есть жалоба.", "Нет жалоб."),
        ("людей", "Нет людей.", "Есть человек."),
        ("нести", "Надо нести.", "Он нёс."),
    ],
)
def test_an_exact_form_ranks_above_a_possible_one(make_book, typed, exact, possible):
    book = make_book({"a.md": f"# Т\n\n{possible}\n\n{exact}\n", "b.md": "# Т\n\nДругое.\n"})
    found = found_texts(book, typed)
    assert found[0] == exact or ({exact, possible} == {*found} and typed in possible)
    assert exact in found


def test_the_lemma_ranks_above_another_word_with_the_same_form(make_book):
    """«сталь» is only one reading of «стали»; a text about steel comes first."""
    book = make_book({"a.md": "# Т\n\nСотрудники стали вежливы.\n\nСталь прочна и вежлива.\n"})
    assert found_texts(book, "сталь") == ["Сталь прочна и вежлива.", "Сотрудники стали вежливы."]


# --- Chinese: what is quoted is found exactly (4.3) ------------------------------------------------

_T2S, _S2T = OpenCC("t2s"), OpenCC("s2t")


def plain(text: str) -> str:
    """NFKC and Traditional to Simplified of a whole text; case is no difference to a search."""
    return _T2S.convert(unicodedata.normalize("NFKC", text)).lower()


@pytest.fixture(scope="module")
def scanned(starter_passages):
    """Every passage as a plain text to be scanned."""
    return {passage.id: plain(passage.text) for passage in starter_passages}


@pytest.fixture(scope="module")
def traditional_book(make_book, starter_passages):
    """Chinese articles of the corpus in Traditional characters, beside the first ones in Simplified."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted((CORPUS / "zh").glob("*.md"))[:6]}
    both = {f"t-{name}": _S2T.convert(text) for name, text in list(files.items())[:3]} | files
    return make_book(both)


def is_chinese(text: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def check_exact(book, scan: dict[str, str], typed: str) -> None:
    wanted = plain(typed)
    expected = {id for id, text in scan.items() if wanted in text}
    hits = []
    for offset in range(0, max(len(expected), 1), 1000):
        results = book.search(f'"{typed}"', limit=1000, offset=offset, bridge=False, correct=False)
        hits += results.hits
        assert results.total == len(expected), typed
    assert {hit.passage.id for hit in hits} == expected, typed
    for hit in hits[:50]:
        text = hit.passage.text
        # What stands around a character may decide how it is simplified: 反覆 is 反复, 覆 alone stays.
        whole = scan[hit.passage.id] if len(scan[hit.passage.id]) == len(text) else ""
        marked = [whole[start:end] or plain(text[start:end]) for start, end in hit.highlights]
        assert any(wanted in part for part in marked), typed


# Which passage, where in it, and how much of it.
parts = st.tuples(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.one_of(st.just(1), st.integers(1, 8), st.integers(1, 800)),
)


def substring(texts: list[str], part: tuple[int, int, int]) -> str:
    number, start, length = part
    text = texts[number % len(texts)]
    start %= len(text)
    return text[start : start + length]


@settings(max_examples=50)
@given(parts, st.booleans())
def test_a_quoted_chinese_string_finds_exactly_what_contains_it(
    starter, starter_passages, scanned, part, traditional
):
    """Also with punctuation, Latin letters, digits, spaces and line breaks; in either script."""
    typed = substring([passage.text for passage in starter_passages if passage.language == "zh"], part)
    if traditional:
        typed = _S2T.convert(typed)
    if is_chinese(typed) and '"' not in typed and len(typed) < 900:
        check_exact(starter, scanned, typed)


@pytest.fixture(scope="module")
def traditional_passages(traditional_book):
    return [p for a in traditional_book.articles() for p in traditional_book.article(a.id)[1]]


@pytest.fixture(scope="module")
def traditional_scanned(traditional_passages):
    return {passage.id: plain(passage.text) for passage in traditional_passages}


@settings(max_examples=25)
@given(parts)
def test_in_traditional_texts_too(traditional_book, traditional_passages, traditional_scanned, part):
    typed = substring([passage.text for passage in traditional_passages], part)
    if is_chinese(typed) and '"' not in typed and len(typed) < 900:
        check_exact(traditional_book, traditional_scanned, typed)
        check_exact(traditional_book, traditional_scanned, plain(typed))


@pytest.mark.parametrize(
    "typed", ["的", "，", "。", "“", "服务", "KANO", "不在任何地方", "務", "PDCA，", "1。", "：\n"]
)
def test_a_few_strings_that_are_easily_wrong(starter, scanned, typed):
    if is_chinese(typed):
        check_exact(starter, scanned, typed)
    else:
        assert starter.search(f'"{typed}"').total > 0


# --- Whatever is typed (4.7) ----------------------------------------------------------------------

signs = st.text('"“”„-*:ORAND NOTжалоба服务标准principle\n\t', max_size=80)
typed_texts = st.one_of(any_text(), mixed_text(max_size=40), signs, st.text())


@settings(max_examples=100)
@given(typed_texts)
@example("\x00")
@example("\ud800服務")
@example('"')
@example('"标\x00准"')
@example("article:\ud800")
@example("principle:\x00")
def test_whatever_is_typed_has_an_answer(starter, text):
    results = starter.search(text, limit=3)
    assert isinstance(results, SearchResults)
    assert len(results.hits) <= 3
    assert results.total >= len(results.hits)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ж" * 100_000, id="one long word"),
        pytest.param("жалоба " * 15_000, id="many words"),
        pytest.param('"' * 100_000, id="quotes"),
        pytest.param("服" * 100_000, id="Chinese"),
        pytest.param(" OR ".join(f"a{n}" for n in range(60)), id="many alternatives"),
        pytest.param(" ".join(f"-a{n}" for n in range(60)), id="many exclusions"),
    ],
)
def test_what_is_too_long_is_refused(starter, text):
    with pytest.raises(InvalidRequest, match=r"[Aa]t most"):
        starter.search(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("жалоба " * 142, id="a word over and over"),
        pytest.param("服" * 1000, id="a character over and over"),
        pytest.param(" OR ".join("абвгд" * 40), id="OR over and over"),
        pytest.param(" ".join(f'"{a}{b}"' for a in "，。！？；：" for b in "，。！？；："), id="only signs"),
        pytest.param(" ".join(f"{a}{b}*" for a in "пнрсв" for b in "оаеиуырл"), id="many prefixes"),
        pytest.param("-жалоба " * 120, id="minus over and over"),
        pytest.param('"服务" ' * 190, id="phrases over and over"),
        pytest.param("по* " * 250, id="prefixes over and over"),
        pytest.param('"' * 1000, id="only quotes"),
        pytest.param('"," ' * 250, id="signs over and over"),
        pytest.param("язык:ru " * 120, id="filters over and over"),
        pytest.param("ﷺ" * 1000, id="what grows when it is folded"),
        pytest.param("\u0301" * 1000, id="only marks"),
        pytest.param("a:" * 500, id="colons"),
    ],
)
def test_the_longest_texts_have_an_answer(starter, text):
    starter.search(text, limit=3)


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"language": "xx"}, "language"),
        ({"limit": -1}, "limit"),
        ({"limit": 10**9}, "limit"),
        ({"offset": -1}, "offset"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_asked_names_the_parameter(starter, options, parameter):
    with pytest.raises(InvalidRequest) as caught:
        starter.search("жалоба", **options)
    assert caught.value.parameter == parameter


# --- The answer ------------------------------------------------------------------------------------


def test_filters_leave_only_what_they_name(starter):
    for hit in starter.search("服务 сервис", language="zh", limit=50).hits:
        assert hit.passage.language == "zh"
    for hit in starter.search("", principle=("empathy", "training"), limit=50).hits:
        assert {"empathy", "training"} <= {tag.id for tag in hit.passage.principles}
    article = starter.articles()[3]
    found = starter.search("", article=article.id, limit=1000)
    assert {hit.article.id for hit in found.hits} == {article.id}
    assert found.total == len(starter.article(article.id)[1])


def test_facets_count_what_choosing_them_would_find(starter):
    found = starter.search("обслуживание клиентов", bridge=False, correct=False)
    for facet in found.facets["language"]:
        chosen = starter.search("обслуживание клиентов", language=facet.value, bridge=False, correct=False)
        assert chosen.total == facet.count
    for facet in found.facets["principle"][:4]:
        chosen = starter.search("обслуживание клиентов", principle=facet.value, bridge=False, correct=False)
        assert chosen.total == facet.count
        assert facet.label == starter.principle(facet.value).label("en")
    for facet in found.facets["article"][:4]:
        chosen = starter.search("обслуживание клиентов", article=facet.value, bridge=False, correct=False)
        assert chosen.total == facet.count
        assert facet.label == starter.article(facet.value)[0].title


def test_explanations_add_up_to_the_score(starter):
    found = starter.search("жалоба как подарок NPS 服务", explain=True)
    assert found.hits
    for hit in found.hits:
        assert sum(part.score for part in hit.explanation) == pytest.approx(hit.score, abs=1e-5)
        assert {part.field for part in hit.explanation} <= {"text", "headings", "title", "context"}


def test_a_request_and_its_options_are_the_same(starter):
    one = starter.search(SearchRequest("жалоба", languages=("ru",), limit=3))
    other = starter.search("жалоба", language="ru", limit=3)
    assert (one.hits, one.total, one.facets) == (other.hits, other.total, other.facets)


def test_evidence_of_tags_is_within_the_text(starter_passages):
    for passage in starter_passages:
        for tag in passage.tags:
            for start, end in tag.evidence:
                assert 0 <= start < end <= len(passage.text)


def test_everything_can_be_looked_up(starter, starter_passages):
    assert starter.size() == len(starter_passages)
    for passage in starter_passages[::20]:
        for anchor in passage.anchors:
            assert starter.passage(anchor)[0] == passage
        assert starter.look_up(passage.id)[1] == (passage,)
        assert passage in starter.look_up(passage.article_id)[1]


@pytest.mark.parametrize("id", ["", "never", "\x00", "\ud800", "a" * 100_000, "-2", "never-2"])
def test_what_is_not_there(starter, id):
    for look in (starter.article, starter.passage, starter.principle, starter.look_up):
        with pytest.raises(NotFound):
            look(id)


def test_an_edited_repeated_text_leads_to_the_first(make_book):
    files = {"a.md": "# А\n\nДа, конечно.\n\nДа, конечно.\n"}
    book = make_book(files)
    second = book.article("a")[1][1]
    write_files(book.settings.corpus, {"a.md": "# А\n\nСовсем нет.\n\nДа, конечно.\n"})
    book.index()
    assert book.passage(second.id)[0].text == "Да, конечно."


# --- Odd books -------------------------------------------------------------------------------------


def test_an_empty_corpus(make_book):
    book = make_book({"readme.rst": "not read"})
    found = book.search("жалоба")
    assert (found.total, found.hits) == (0, ())
    assert found.facets == {"language": (), "principle": (), "article": (), "date": ()}
    assert book.is_empty()
    assert book.size() == 0


def test_a_corpus_that_is_not_there(tmp_path, open_book):
    with open_book(home=tmp_path / "home", corpus=tmp_path / "never") as book:
        report = book.index()
    assert [problem.code for problem in report.problems] == ["missing"]
    assert report.problems[0].severity == "error"


def test_a_handbook_of_one_s_own_takes_the_place_of_the_starter_corpus(
    tmp_path, vocabulary_cache, open_book, monkeypatch
):
    """… when it is configured; a folder that is only given to be indexed comes beside it."""
    write_files(tmp_path, {"starter/a.md": GIFT, "own/b.md": QUEUE, "letters/c.md": SERVICE})
    for module in ("settings", "knowledge_base"):
        monkeypatch.setattr(f"kb.{module}.starter_corpus", lambda: tmp_path / "starter")
    home = new_home(tmp_path, vocabulary_cache)

    def indexed(paths=(), **settings):
        with open_book(home=home, **settings) as book:
            book.index(paths)
            return sorted(Path(file).name for file in book.engine.files())

    assert indexed() == ["a.md"]
    assert indexed([tmp_path / "letters"]) == ["a.md", "c.md"]
    assert indexed(corpus=tmp_path / "own") == ["b.md", "c.md"]
    assert indexed([tmp_path / "starter"], corpus=tmp_path / "own") == ["a.md", "b.md", "c.md"]
    assert indexed(corpus=tmp_path / "own") == ["a.md", "b.md", "c.md"]  # it was asked for by name


def test_an_article_with_a_title_only(make_book):
    book = make_book({"a.md": "# Жалоба\n", "b.md": GIFT})
    assert {hit.article.id for hit in book.search("жалоба").hits} == {"zhaloba-kak-podarok"}


def test_articles_in_no_known_language(make_book):
    book = make_book(
        {"a.md": "# 12\n\n12 345 678.\n", "b.md": "# カナ\n\nひらがなとカタカナ。\n", "c.md": GIFT}
    )
    assert book.search("345").hits[0].passage.language == "und"
    assert "und" in {facet.value for facet in book.search("").facets["language"]}
    assert book.search('"タカ"').total == 1


def test_a_title_that_never_ends(make_book):
    book = make_book({"a.md": f"# {'жалоба ' * 500}\n\nТекст.\n"})
    (article,) = book.articles()
    assert len(article.id) <= 72
    assert book.search("жалоба", article=article.id).total == 1


def test_nothing_is_lost_in_a_huge_passage(make_book):
    text = " ".join(f"слово{n}" for n in range(1500))
    book = make_book({"a.md": f"# Т\n\n{text} жалоба\n"})
    (hit,) = book.search("жалоба").hits
    assert hit.passage.text[slice(*hit.highlights[0])] == "жалоба"
    assert hit.extract[0] <= hit.highlights[0][0] < hit.extract[1]


@pytest.mark.parametrize("name", ["50% #1?", "дом ёж", "a b", "服务", "it's;"])
def test_a_home_of_any_name(tmp_path, open_book, name):
    home = tmp_path / name
    write_files(tmp_path / "articles", {"a.md": GIFT})
    with open_book(home=home, corpus=tmp_path / "articles") as book:
        book.index()
        assert book.search("жалоба").total == 1
    assert list((home / "index").rglob("*.toc"))


# --- What can be wrong with an index ---------------------------------------------------------------


@pytest.mark.parametrize("engine", ["lucene:///tmp/x", "index", "whoosh://folder/index"])
def test_an_engine_that_cannot_be(tmp_path, open_book, engine):
    with pytest.raises(SettingsError, match="KB_ENGINE"), open_book(home=tmp_path, engine=engine) as book:
        book.search("жалоба")


def test_a_folder_that_cannot_be_made(tmp_path, open_book):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(EngineError, match="cannot be made"):
        open_book(home=tmp_path / "file" / "home").search("жалоба")


def test_a_folder_that_cannot_be_written(tmp_path, open_book, monkeypatch):
    """Root may write anywhere, so what the system would answer to others is put in its place."""
    write_files(tmp_path / "articles", {"a.md": GIFT})
    book = open_book(home=tmp_path / "home", corpus=tmp_path / "articles")
    book.index()
    (index,) = (tmp_path / "home" / "index").iterdir()
    lock = next(index.glob("*LOCK*"))
    lock.unlink()
    lock.mkdir()
    with pytest.raises(EngineError, match="cannot be written"):
        book.index()
    assert book.search("жалоба").total == 1
    book.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("pattern", ["*.toc", "*.seg"])
@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_index_says_so(tmp_path, open_book, pattern, damage):
    """… in one clear error that says what to do, not as whatever was stumbled over, when there is no
    state of before to answer from."""
    write_files(tmp_path / "articles", {"a.md": GIFT, "b.md": QUEUE})
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        book.index()
    files = list((tmp_path / "home" / "index").rglob(pattern))
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    with (
        pytest.raises(IndexDamaged, match=r"damaged.*kb index"),
        open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book,
    ):
        book.search("жалоба")
    gc.collect()  # Whoosh leaves the file open, and its warning belongs here


def test_two_processes_cannot_index_at_once(tmp_path, open_book, vocabulary_cache):
    new_home(tmp_path, vocabulary_cache)
    write_files(tmp_path / "articles", {"a.md": GIFT})
    with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
        book.index()
        with book.engine.write():
            done = run_kb(tmp_path, "index")
        assert done.returncode == 1
        assert "Another process is writing" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def run_kb(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KB_HOME": str(folder / "home"), "KB_CORPUS": str(folder / "articles")}
    return subprocess.run(
        [sys.executable, "-m", "kb", *words],
        env={**environment, "PYTHONPATH": str(CORPUS.parent)},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_a_book_is_given_up_in_order(tmp_path, open_book):
    write_files(tmp_path / "articles", {"a.md": GIFT})
    gc.collect()
    before = descriptors()
    for _ in range(3):
        with open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book:
            book.index()
            book.search("жалоба")
    gc.collect()
    assert descriptors() <= before


# --- Readers during writes (4.8) --------------------------------------------------------------------

STATES = [
    {"a.md": GIFT, "b.md": QUEUE},
    {"a.md": GIFT.replace("Жалоба как подарок", "Жалоба").replace("Гость", "Клиент"), "c.md": SERVICE},
]
ASKED = ["жалоба", "гость OR клиент", '"客户投诉"', "жал*", ""]


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def seen(book) -> tuple:
    """What one search shows, for each of the questions."""
    found = []
    for text in ASKED:
        results = book.search(text, limit=50, explain=True, bridge=False, correct=False)
        found.append((text, results.total, results.hits, results.facets))
    return tuple(found)


def state_answers(make_book) -> list[tuple]:
    return [seen(make_book(state)) for state in STATES]


def search_on(book, expected: list[tuple], stop: threading.Event, wrong: list, counted: list) -> None:
    """Search until told to stop; every single answer must be that of one state."""
    while not stop.is_set():
        time.sleep(0.0001)
        for number, text in enumerate(ASKED):
            try:
                results = book.search(text, limit=50, explain=True, bridge=False, correct=False)
                answer = (text, results.total, results.hits, results.facets)
                states = [state for state in (0, 1) if answer == expected[state][number]]
                counted.append(states)
                if not states:
                    wrong.append((answer, expected[0][number], expected[1][number]))
            except Exception as error:
                wrong.append(error)
                return


@pytest.mark.parametrize("writer", ["thread", "process"])
def test_readers_see_the_old_state_or_the_new(tmp_path, open_book, make_book, vocabulary_cache, writer):
    expected = state_answers(make_book)
    articles, home = tmp_path / "articles", new_home(tmp_path, vocabulary_cache)
    write_files(articles, STATES[0])
    book = open_book(home=home, corpus=articles)
    book.index()
    stop, wrong, counted = threading.Event(), [], []
    threads = [
        threading.Thread(target=search_on, args=(book, expected, stop, wrong, counted)) for _ in range(3)
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6 if writer == "thread" else 1e-3)

    def start() -> None:
        for thread in threads:
            thread.start()

    try:
        if writer == "thread":
            start()
            for turn in range(1, 11):
                write_files(articles, STATES[turn % 2])
                book.index()
        else:
            index_back_and_forth(home, articles, 12, start)
    finally:
        stop.set()
        for thread in filter(threading.Thread.is_alive, threads):
            thread.join()
        sys.setswitchinterval(interval)
    book.close()
    assert wrong == []
    assert [0] in counted
    assert [1] in counted


def index_back_and_forth(home: Path, articles: Path, times: int, start: Callable[[], None]) -> None:
    """Index the two states by turns in a process of its own; `start` is called when it is about to."""
    code = textwrap.dedent(
        """
        import sys, kb
        from pathlib import Path
        with kb.open(home=Path(sys.argv[1]), corpus=Path(sys.argv[2])) as book:
            book.tagger
            print("ready", flush=True)
            for _ in sys.stdin:
                book.index()
                print("indexed", flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home), str(articles)],
        cwd=CORPUS.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            start()
            for turn in range(1, times + 1):
                write_files(articles, STATES[turn % 2])
                process.stdin.write(b"\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"indexed\n"
            process.stdin.close()
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_readers_leak_no_descriptors(tmp_path, open_book):
    write_files(tmp_path / "articles", STATES[0])
    with (
        open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as book,
        open_book(home=tmp_path / "home", corpus=tmp_path / "articles") as reader,
    ):
        book.index()
        records = list(book.engine.files().values())
        counted = []
        for turn in range(61):
            with book.engine.write() as writer:
                for record in records:
                    writer.put_file(replace(record, checked=turn))
            assert reader.search("жалоба").total
            if turn % 10 == 0:
                gc.collect()
            counted.append(descriptors())
    collected = counted[10::10]  # the first commits fill what is remembered
    assert max(collected[1:]) <= collected[0] + 3
    assert max(counted) <= collected[0] + 60  # nor too many before Python collects its garbage
    assert len(list((tmp_path / "home").rglob("*.toc"))) == 2  # this commit, and the one to go back to


def test_the_memory_limit_is_respected(tmp_path, open_book):
    with open_book(home=tmp_path / "home", memory=1) as book:
        book.index([CORPUS / "ru" / "kano-model.md", CORPUS / "zh" / "kano-needs.md"])
        words = [word[1:] for word, _ in book.engine.words("w")]
        random.Random(1).shuffle(words)
        unlimited = open_book(home=tmp_path / "home")
        largest = 0
        for at in range(0, 300, 6):
            text = " ".join(words[at : at + 6])
            one = book.search(text, bridge=False, correct=False)
            other = unlimited.search(text, bridge=False, correct=False)
            assert (one.hits, one.total, one.facets) == (other.hits, other.total, other.facets)
            remembered = book.engine.remembered
            assert remembered.used <= remembered.limit == 1_000_000
            largest = max(largest, remembered.used)
        assert largest > 500_000  # it was full
        assert unlimited.engine.remembered.used > 1_000_000  # and there would have been more
        unlimited.close()
