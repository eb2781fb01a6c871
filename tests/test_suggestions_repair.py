"""Repair of queries: what is put right, what is left alone, and when it is used in a search."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.knowledge_base import KnowledgeBase
from kb.languages import SCRIPTS
from kb.suggestions.keyboard import in_other_layout
from kb.suggestions.lexicon import LabelWords, Lexicon
from kb.suggestions.pinyin import merged, readings, spellings
from kb.suggestions.repair import unquoted
from kb.suggestions.spelling import NearWords, sound
from kb.suggestions.transliteration import romanise, skeleton
from tests.conftest import MakeBook

# What was typed → what was meant.
REPAIRED = [
    # Spelling
    ("эмпотия", "эмпатия"),
    ("Эмпотия", "Эмпатия"),
    ("ЭМПОТИЯ", "ЭМПАТИЯ"),
    ("песонализация", "персонализация"),
    ("жалаба", "жалоба"),
    ("жалабой", "жалобой"),
    ("пирсонал", "персонал"),
    ("стондарт", "стандарт"),
    ("лояльнасть", "лояльность"),
    ("ожыдание гостя", "ожидание гостя"),
    ("обратная свзяь", "обратная связь"),
    ("как отвечать на жалабу", "как отвечать на жалобу"),
    ("empahty", "empathy"),
    ("custmer feedback", "customer feedback"),
    # Wrong characters
    ("服务标淮", "服务标准"),
    ("服務標淮", "服務標準"),
    ("投述处理", "投诉处理"),
    ("客户满一度", "客户满意度"),
    ("首文负责制", "首问负责制"),
    ("顾客中诚", "顾客忠诚"),
    ("员工陪训怎么做", "员工培训怎么做"),
    # Keyboard layout
    ("'vgfnbz", "эмпатия"),
    ("эмпатия b rfxtcndj", "эмпатия и качество"),
    (";fkj,f", "жалоба"),
    ("J,hfnyfz cdzpm", "Обратная связь"),
    ("d cthdbct", "в сервисе"),
    ("NPS b kjzkmyjcnm", "NPS и лояльность"),
    ("руддщ", "hello"),
    ("цщкв", "word"),
    ("уьзферн", "empathy"),
    # Transliteration
    ("servis", "сервис"),
    ("zhaloba", "жалоба"),
    ("jaloba", "жалоба"),
    ("obratnaya svyaz", "обратная связь"),
    ("obratnaja svjaz'", "обратная связь"),
    ("kak rabotat s zhalobami", "как работать с жалобами"),
    ("loyalnost", "лояльность"),
    # Pinyin
    ("fuwu biaozhun", "服务标准"),
    ("fu wu biao zhun", "服务标准"),
    ("fuwubiaozhun", "服务标准"),
    ("Fuwu biaozun", "服务标准"),
    ("tousu", "投诉"),
    ("kehu manyidu", "客户满意度"),
]

LEFT_ALONE = [
    # Words of the corpus, in any form
    "эмпатия",
    "жалобою",
    "людей",
    "шёл навстречу",
    "ресепшн",
    "клиентоориентированность",
    "обратная связь",
    # Words of the language that no article holds
    "кенгуру",
    "птеродактилями",
    "давным-давно",
    "северо-западный",
    "how should the guests be greeted",
    "kilometers",
    "behaviour",
    "shouldn't",
    # New words and names
    "фидбек",
    "омниканальность",
    "чекин",
    "хюгге",
    "Цейтамль",
    "Мария Паничкина",
    "Zeithaml Parasuraman",
    "John Smith",
    "Toyota",
    # Codes, abbreviations, numbers, short words
    "ISO 10002",
    "GB/T 19012",
    "24/7",
    "B2B SLA",
    "КПЭ",
    "NPS",
    "iPhone",
    "wi-fi",
    "рзн",
    # Chinese in both scripts
    "服务标准",
    "服務標準",
    "他不吃鱼",
    "顾客说鱼不新鲜怎么办",
    "张伟先生",
    "張偉說服務很好",
    "诸葛亮",
    "怎麼處理客人的投訴",
    "红烧茄子",
    # Mixed text, syllables that are words
    "KANO模型 и NPS",
    "he can win",
    "fan man can",
    # What stands in quotes, filters and behind operators
    '"эмпотия"',
    "-эмпотия",
    "эмпоти*",
    "language:ruu",
    "principle:empaty",
    "эмпатия AND сервис",
    "",
    "   ",
    "?!…",
]


@pytest.mark.parametrize(("typed", "meant"), REPAIRED)
def test_what_is_put_right(starter: KnowledgeBase, typed: str, meant: str) -> None:
    repair = starter.suggestions.repair(typed)
    assert repair is not None
    assert repair.text == meant


@pytest.mark.parametrize("typed", LEFT_ALONE)
def test_what_is_left_alone(starter: KnowledgeBase, typed: str) -> None:
    assert starter.suggestions.repair(typed) is None


def test_only_the_doubtful_word_changes(starter: KnowledgeBase) -> None:
    repair = starter.suggestions.repair('"доброе утро"  эмпотия, language:ru -жалаба ISO')
    assert repair is not None
    assert repair.text == '"доброе утро"  эмпатия, language:ru -жалаба ISO'
    assert (repair.typed, repair.meant) == (("эмпотия",), ("эмпатия",))


# --- In a search ---------------------------------------------------------------------------------


def test_search_shows_what_it_repaired(starter: KnowledgeBase) -> None:
    found = starter.search("эмпотия")
    assert (found.query, found.interpreted.corrected_from) == ("эмпатия", "эмпотия")
    assert found.total == starter.search("эмпатия").total > 0


def test_search_as_typed_on_request(starter: KnowledgeBase) -> None:
    found = starter.search("эмпотия", correct=False)
    assert (found.query, found.interpreted.corrected_from, found.total) == ("эмпотия", None, 0)


def test_a_repair_that_finds_nothing_more_is_not_used(starter: KnowledgeBase) -> None:
    assert starter.suggestions.repair("интелект") is not None
    found = starter.search("интелект")
    assert (found.query, found.interpreted.corrected_from) == ("интелект", None)


def test_a_wrong_layout_is_told_even_when_nothing_is_found(starter: KnowledgeBase) -> None:
    found = starter.search("руддщ")
    assert (found.query, found.interpreted.corrected_from) == ("hello", "руддщ")


def test_a_repair_keeps_filters_and_finds_within_them(starter: KnowledgeBase) -> None:
    found = starter.search("эмпотия язык:zh")
    assert found.query == "эмпатия язык:zh"
    assert {hit.passage.language for hit in found.hits} == {"zh"}


def test_quotes_come_off_when_a_phrase_beside_words_finds_nothing(starter: KnowledgeBase) -> None:
    found = starter.search('"сервис эмпатия жалоба" гость')
    assert found.query == "сервис эмпатия жалоба гость"
    assert found.interpreted.corrected_from == '"сервис эмпатия жалоба" гость'
    assert found.total


def test_a_phrase_alone_stays_exact(starter: KnowledgeBase) -> None:
    found = starter.search('"сервис эмпатия жалоба"')
    assert (found.total, found.interpreted.corrected_from) == (0, None)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ('"а б" в', "а б в"),
        ("в “а б”", "в а б"),
        ('"а б"', None),
        ('-"а б" в', None),
        ("а б", None),
        ('"а б" language:ru', None),
        ('"а б" -"в г" д', 'а б -"в г" д'),
    ],
)
def test_unquoted(typed: str, plain: str | None) -> None:
    assert unquoted(typed) == plain


def test_repair_knows_what_was_indexed_since(make_book: MakeBook) -> None:
    book = make_book({"a.md": "# Один\n\nТут говорят о бламбуринге."})
    assert book.search("бламбуренг").interpreted.corrected_from == "бламбуренг"
    corpus = book.settings.corpus_path
    (corpus / "b.md").write_text("# Два\n\nА тут бламбуренг.", "utf-8")
    book.index()
    assert book.search("бламбуренг").interpreted.corrected_from is None


def test_what_takes_long_to_gather_rests_and_new_words_are_still_known(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.suggestions._CHEAP", 0)
    monkeypatch.setattr("kb.suggestions._REST", 1e9)
    book = make_book({"a.md": "# Смена\n\nЖалобой зовут подарок.\n\nВторой жалобой тоже."})
    assert book.search("жалабой").interpreted.corrected_from == "жалабой"
    (book.settings.corpus_path / "b.md").write_text("# Новое\n\nКомпания зовётся «Жалабой».", "utf-8")
    book.index()
    assert book.search("жалабой").interpreted.corrected_from is None
    assert book.search("жалобоы").interpreted.corrected_from == "жалобоы"


def test_an_empty_index_repairs_by_the_vocabulary(make_book: MakeBook) -> None:
    book = make_book({}, index=False)
    repair = book.suggestions.repair("эмпотия")
    assert repair is not None
    assert repair.text == "эмпатия"
    assert book.search("эмпотия").interpreted.corrected_from is None


# --- What is known ---------------------------------------------------------------------------------


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def lexicon(asked: list[str]) -> Lexicon:
    """Two words of each script, which writes down what scripts it was asked for."""
    known = {
        "cyrillic": {"жалоба": 3, "гость": 1},
        "latin": {"guest": 2, "nps": 0},
        "han": {"服务": 5, "标准": 2},
    }

    def gathered(script: str) -> dict[str, int]:
        asked.append(script)
        return known[script]

    return Lexicon({script: partial(gathered, script) for script in known})


def test_words_are_put_together_by_script_when_they_are_asked_for(lexicon: Lexicon, asked: list[str]) -> None:
    assert [lexicon.count(word) for word in ("жалоба", "гость", "медведь")] == [3, 1, 0]
    assert asked == ["cyrillic"]
    assert [lexicon.count(word) for word in ("服务", "nps", "guest")] == [5, 0, 2]
    assert asked == ["cyrillic", "han", "latin"]


def test_what_a_dictionary_knows_asks_for_no_words(lexicon: Lexicon, asked: list[str]) -> None:
    assert lexicon.knows("птеродактилями", "cyrillic")
    assert lexicon.knows("shouldn", "latin") is False
    assert asked == ["latin"]


def test_a_lexicon_makes_ready_what_another_was_asked_for(lexicon: Lexicon, asked: list[str]) -> None:
    before = Lexicon({"cyrillic": lambda: {"чеки": 1}, "han": dict})
    assert before.of("cyrillic").near.within("чека", 1)
    lexicon.prepare_like(before)
    assert asked == ["cyrillic"]
    assert "near" in vars(lexicon.of("cyrillic"))


def test_the_words_of_labels_are_remembered(tmp_path: Path, starter: KnowledgeBase) -> None:
    def words(script: str) -> list[str]:
        return LabelWords(starter.vocabulary, tmp_path).of(script)

    found = {script: words(script) for script in SCRIPTS}
    assert [word in found[script] for script, word in SOME_OF_LABELS] == [True] * len(SOME_OF_LABELS)
    assert {script: words(script) for script in SCRIPTS} == found
    assert sorted(file.stem for file in tmp_path.glob("*.json")) == [
        f"label-words-{s}" for s in sorted(SCRIPTS)
    ]


SOME_OF_LABELS = [("cyrillic", "эмпатия"), ("latin", "empathy"), ("latin", "nps"), ("han", "同理心")]


# --- Properties ----------------------------------------------------------------------------------


@given(data=st.data())
def test_words_of_the_index_are_never_repaired(starter: KnowledgeBase, data: st.DataObject) -> None:
    forms = [term[1:] for term, _ in starter.engine.words("f")]
    words = data.draw(st.lists(st.sampled_from(forms), min_size=1, max_size=6))
    assert starter.suggestions.repair(" ".join(words)) is None


@given(data=st.data())
def test_chinese_of_the_corpus_is_never_repaired(starter: KnowledgeBase, data: st.DataObject) -> None:
    found = starter.search("", language="zh", limit=200)
    text = data.draw(st.sampled_from([hit.passage.text for hit in found.hits]))
    start = data.draw(st.integers(0, max(0, len(text) - 2)))
    piece = text[start : start + data.draw(st.integers(1, 20))]
    assert starter.suggestions.repair(piece) is None


_LIVELY = st.text(
    st.sampled_from("эмпотияжалб servis fuwu 服务标淮無 \"'-:*[];,.\n\t0９ＡéЁё\u0301\u200b\ud800😀"),
    max_size=80,
)


@pytest.fixture(scope="module")
def prepared(starter: KnowledgeBase) -> KnowledgeBase:
    starter.suggestions.prepare()
    return starter


@pytest.mark.timeout(60)
@given(text=st.one_of(_LIVELY, st.text(max_size=200)))
def test_whatever_is_typed_ends_soon(prepared: KnowledgeBase, text: str) -> None:
    prepared.suggestions.repair(text)
    prepared.suggest(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "ж" * 1000,
        "хз " * 330,
        "淮" * 1000,
        "fu" * 500,
        "x" * 900,
        "j" * 250,
        "'" * 1000,
        '"а" ' * 200,
        "c" * 39,
    ],
)
def test_long_texts_end_soon(prepared: KnowledgeBase, text: str) -> None:
    prepared.search(text)
    prepared.suggest(text)


# --- The parts -----------------------------------------------------------------------------------


@given(st.text("абвгдежзийклмнопрстуфхцчшщъыьэюяё,.", max_size=20))
def test_layouts_are_each_others_inverse(text: str) -> None:
    russian = "я" + text.replace(",", "").replace(".", "")
    assert in_other_layout(in_other_layout(russian)) == russian


@pytest.mark.parametrize(
    ("russian", "spellings"),
    [
        ("обратная", "obratnaya obratnaja obratnaia"),
        ("связь", "svyaz svjaz svyaz' sviaz"),
        ("решение", "reshenie resheniye reshenije"),
        ("щедрый", "shchedryy schedryi shchedryj"),
        ("ещe", "eshche esche eshchyo yeshchyo"),
        ("цель", "tsel cel tsel'"),
        ("касса", "kassa kasa"),
        ("хорошо", "khorosho horosho"),
        ("семья", "semya semia sem'ya"),
    ],
)
def test_schemes_of_transliteration_agree(russian: str, spellings: str) -> None:
    folded = russian.replace("e", "е")
    assert {skeleton(spelling) for spelling in spellings.split()} == {skeleton(romanise(folded))}


def test_readings_of_characters() -> None:
    assert readings("行") == ("xing", "hang")
    assert readings("绿") == ("lv",)
    assert set(spellings("银行")) == {"yinxing", "yinhang"}
    assert merged("zhangshen") == merged("zansen")


def test_near_words() -> None:
    near = NearWords(["жалоба", "жаба", "жало", "сервис"])
    assert dict(near.within("жалаба", 1)) == {"жалоба": 1}
    assert dict(near.within("жлаоба", 1)) == {"жалоба": 1}
    assert dict(near.within("жалаба", 2)) == {"жалоба": 1, "жаба": 2}
    assert not near.within("", 1)
    assert not NearWords([]).within("жалоба", 2)


@pytest.mark.parametrize(
    ("one", "other"), [("жалаба", "жалоба"), ("нравиться", "нравится"), ("робот", "робат")]
)
def test_words_that_sound_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other)
