"""Text → tokens, in tables a linguist can read, and what must hold for any text at all."""

from __future__ import annotations

import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from opencc import OpenCC

from kb import languages
from kb.languages import analyse, chinese_words, detect, english, fold, locale, words
from kb.models import TermKind
from tests.conftest import in_hurried_threads
from tests.strategies import any_text, mixed_text

FORMS = Path(__file__).parent / "files" / "russian_forms.tsv"
PAIRS = [
    tuple(line.split("\t"))
    for line in FORMS.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def terms(text: str, kind: TermKind) -> list[str]:
    return [token.term for token in analyse(text) if token.kind is kind]


def folded(text: str) -> str:
    return fold(text).text


# --- Folding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ёлка", "елка"),
        ("ЕЩЁ", "еще"),
        ("ЖАЛОБА", "жалоба"),
        ("за\u0301мок", "замок"),  # a stress mark
        ("и\u0306од", "йод"),  # й in two code points, as macOS writes file names
        ("Мои\u0306", "мой"),
        ("е\u0308ж", "еж"),
        ("украi\u0308нська", "украi\u0308нська"),
        ("слу\u00adжба", "служба"),  # a soft hyphen
        ("слу\u200bжба", "служба"),  # a space without width
        ("Café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("ＮＰＳ", "nps"),
        ("２４小时", "24小时"),
        ("ﬁrst", "first"),
        ("標桿企業", "标杆企业"),
        ("顧客滿意", "顾客满意"),
        ("服務標準", "服务标准"),
        ("，", ","),
        ("½", "1⁄2"),
    ],
)
def test_spellings_that_no_search_should_see(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("мой", "мои"), ("стой", "стои"), ("кот", "код"), ("标准", "标志"), ("cat", "car")]
)
def test_letters_that_are_different_stay_different(one, other):
    assert folded(one) != folded(other)


@given(any_text())
@example("İstanbul")
@example("标\x00標")
@example("\ud800標")
def test_each_folded_character_knows_where_it_came_from(text):
    found = fold(text)
    if found.origins is None:
        assert len(found.text) == len(text)
        return
    assert len(found.origins) == len(found.text) + 1
    assert list(found.origins) == sorted(found.origins)
    assert found.origins[-1] == len(text)
    spans = [found.span(at, at + 1) for at in range(len(found.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize(
    ("text", "letters", "expected"),
    [
        ("еда\u0301 и вода\u0301", "еда", "еда\u0301"),
        ("Мои\u0306 дом", "мой", "Мои\u0306"),
        ("½ дня", "2", "½"),
        ("слу\u00adжба", "служба", "слу\u00adжба"),
    ],
)
def test_a_span_takes_the_marks_with_it(text, letters, expected):
    found = fold(text)
    at = found.text.index(letters)
    start, end = found.span(at, at + len(letters))
    assert text[start:end] == expected


@given(mixed_text())
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)


@given(mixed_text())
def test_composed_and_decomposed_text_fold_alike(text):
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("text", ["標桿\x00企業", "\x00標桿", "標桿\ud800企業"])
def test_traditional_is_folded_beside_what_no_text_should_hold(text):
    assert "标杆" in folded(text)


# --- Tokens -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("жалобы клиентов", ["жалоба", "клиент"]),
        ("Шёл человек", ["идти", "человек"]),
        ("promises kept", ["promis", "kept"]),
        ("服务标准", ["服务", "标准"]),
        ("标杆企业", ["标杆", "企业"]),
        ("опрос NPS показал", ["опрос", "nps", "показать"]),
        ("KANO模型", ["kano", "模型"]),
        ("ISO 9001", ["iso", "9001"]),
        ("24/7", ["24", "7"]),
        ("чек-лист", ["чек", "лист"]),
        ("10÷20", ["10", "20"]),
        ("", []),
        ("!? … —", []),
    ],
)
def test_the_likeliest_words(text, expected):
    first: dict[int, str] = {}
    for token in analyse(text):
        if token.kind is TermKind.WORD:
            first.setdefault(token.position, token.term)
    assert list(first.values()) == expected


@pytest.mark.parametrize(
    ("form", "lemmas"),
    [
        ("стали", {"стать", "сталь"}),
        ("людей", {"человек"}),
        ("белка", {"белка", "белок"}),
        ("мыла", {"мыло", "мыть"}),
        ("выше", {"высокий"}),
    ],
)
def test_all_that_a_form_may_be(form, lemmas):
    assert lemmas <= set(terms(form, TermKind.WORD))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("жалоба", TermKind.GRAM, ["^жал", "жало", "алоб", "лоба"]),
        ("я", TermKind.GRAM, ["^я"]),
        ("Жалобы", TermKind.FORM, ["жалобы"]),
        ("обратная связь", TermKind.PAIR, ["обратный связь"]),
        ("服务标准", TermKind.PAIR, ["服务 标准"]),
        ("服务标准", TermKind.BIGRAM, ["服务", "务标", "标准"]),
        ("服务，标准", TermKind.BIGRAM, ["服务", "标准"]),
        ("服务标准", TermKind.CHAR, ["服", "务", "标", "准"]),
        ("жалоба", TermKind.CHAR, []),
        ("礼", TermKind.BIGRAM, []),
    ],
)
def test_terms_of_a_kind(text, kind, expected):
    assert terms(text, kind) == expected


def test_subwords_and_characters_stand_at_the_position_of_their_word():
    text = "服务行业 标准"
    positions = {(text[t.start : t.end], t.position) for t in words(text) if t.kind is TermKind.WORD}
    assert {("服务行业", 0), ("服务", 0), ("行业", 0), ("标准", 1)} <= positions
    assert {t.position for t in words(text) if t.kind is TermKind.CHAR and t.start < 4} == {0}


def test_positions_are_ordinals_of_words_not_offsets():
    positions = [t.position for t in words("опрос NPS показал 服务标准") if t.kind is TermKind.WORD]
    assert sorted(set(positions)) == [0, 1, 2, 3, 4]


@given(mixed_text())
def test_a_token_is_a_form_of_the_letters_it_spans(text):
    for token in words(text):
        assert 0 <= token.start < token.end <= len(text)
        surface = folded(text[token.start : token.end])
        if "乾" in text or "著" in text:
            # A character alone may be simplified otherwise than in its word: 乾 -> 干, 乾隆 -> 乾隆.
            assert token.kind is TermKind.WORD or token.term in folded(text)
        elif token.kind in {TermKind.FORM, TermKind.CHAR, TermKind.BIGRAM}:
            assert token.term in surface
        else:
            again = {t.term for t in words(text[token.start : token.end]) if t.kind is TermKind.WORD}
            assert token.term in again | {surface}


@given(mixed_text(), mixed_text())
def test_words_do_not_know_their_neighbours(left, right):
    joined = [(t.term, t.start, t.end, t.kind) for t in words(left + "\n" + right)]
    shift = len(left) + 1
    assert joined == [(t.term, t.start, t.end, t.kind) for t in words(left)] + [
        (t.term, t.start + shift, t.end + shift, t.kind) for t in words(right)
    ]


@given(any_text())
def test_any_text_has_tokens_with_true_offsets(text):
    for token in analyse(text):
        assert 0 <= token.start < token.end <= len(text)
    assert detect(text) in {*languages.LANGUAGES, "und"}


@pytest.mark.parametrize("code", languages.LANGUAGES)
@given(mixed_text())
def test_every_language_reads_its_script_as_the_others_do(code, text):
    language = languages.language(code)
    for run in languages.scripts(folded(text)):
        if run.lastgroup != language.script:
            continue
        form = run.group()
        tokens = language.analyse(form, 7, 3)
        assert {7 <= token.start < token.end <= 7 + len(form) for token in tokens} == {True}
        assert min(token.position for token in tokens) == 3
        lemmas = {token.term for token in tokens if token.kind is TermKind.WORD}
        assert lemmas
        assert set(language.words(form)) <= lemmas
        assert language.bases(form)
        assert language.knows(form) in (True, False)


@pytest.mark.parametrize("code", languages.LANGUAGES)
def test_every_language_says_what_it_is(code):
    language = languages.language(code)
    assert (language.code, language.script in languages.SCRIPTS) == (code, True)
    assert language.question_words <= language.function_words
    for name in (code, code.upper(), *language.names):
        assert languages.named(name) == code
    assert languages.named("elvish") is None


def test_threads_take_turns_with_a_stemmer_that_has_a_state(monkeypatch):
    """snowballstemmer without PyStemmer works on attributes of the stemmer."""
    from snowballstemmer.english_stemmer import EnglishStemmer

    forms = [f"{a}{b}{c}" for a in ("nation", "gener", "relat") for b in ("al", "iz", "ous", "ation") for c in
             ("ity", "ness", "ing", "ed", "s", "ly")]  # fmt: skip
    alone = EnglishStemmer()
    expected = {form: alone.stemWord(form) for form in forms}
    shared = EnglishStemmer()
    monkeypatch.setattr(english, "_stemmer", lambda: shared)
    wrong = []

    def work(at: int) -> None:
        for form in (forms[at:] + forms[:at]) * 3:
            try:
                if (found := english.stem.__wrapped__(form)) != expected[form]:
                    wrong.append((form, found))
            except Exception as error:
                wrong.append(error)

    in_hurried_threads(work, range(0, 60, 15))
    assert wrong == []


# --- Forms of one word --------------------------------------------------------------------------


def test_the_table_of_forms_is_long_enough():
    assert len(set(PAIRS)) >= 200


def test_two_forms_of_a_russian_word_share_a_lemma():
    apart = [
        (one, other)
        for one, other in PAIRS
        if not set(terms(one, TermKind.WORD)) & set(terms(other, TermKind.WORD))
    ]
    assert apart == []


# --- Chinese scripts ----------------------------------------------------------------------------


def test_traditional_and_simplified_text_have_the_same_words(starter_passages):
    to_traditional = OpenCC("s2t")
    chinese = [p.text for p in starter_passages if p.language == "zh"][::7]
    assert len(chinese) > 50
    for text in chinese:
        again = [t.term for t in words(to_traditional.convert(text)) if t.kind is TermKind.WORD]
        assert again == [t.term for t in words(text) if t.kind is TermKind.WORD]


def test_chinese_words_are_those_of_jieba(tmp_path):
    """On words of its dictionary joined and cut at random, and on characters it does not know."""
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel("WARNING")
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path)  # its cache in the shared temporary folder is anybody's
    tokenizer.initialize()
    assert tokenizer.total == chinese_words.TOTAL
    chance = random.Random(1)
    words = [word for word in tokenizer.FREQ if word[0] > "一"]
    rare = "〇㐀㒟龥鿕鿖𠀀𠮷龢的服务"
    for _ in range(2_000):
        text = "".join(chance.choices(words, k=5))[chance.randrange(3) :]
        run = "".join(run.group() for run in languages.scripts(text) if run.lastgroup == "han")
        for one in (run, "".join(chance.choices(rare, k=6))):
            assert chinese_words.segment(one) == list(tokenizer.cut(one, HMM=False))
    for word in chance.sample(words, 2_000):
        assert chinese_words.frequency(word) == tokenizer.FREQ[word]


# --- Which language a text is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Жалоба — это подарок", "ru"),
        ("Опрос NPS: 24 ответа", "ru"),
        ("客户投诉是礼物", "zh"),
        ("KANO模型与客户需求分析", "zh"),
        ("A complaint is a gift", "en"),
        ("12 345", "und"),
        ("", "und"),
        ("***", "und"),
        ("カタカナ", "und"),
    ],
)
def test_the_language_most_letters_are_written_in(text, code):
    assert detect(text) == code


@pytest.mark.parametrize(
    ("code", "text", "tag"),
    [
        ("ru", "標桿企業", "ru"),
        ("zh", "标杆企业的服务标准", "zh-Hans"),
        ("zh", "標桿企業的服務標準", "zh-Hant"),
        ("zh", "", "zh-Hans"),
        ("und", "12", "und"),
    ],
)
def test_locale(code, text, tag):
    assert locale(code, text) == tag


# --- Which language an article is in --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "likely", "code"),
    [
        ("Очередь портит настроение не длиной, а несправедливостью. Человек готов постоять.", "en", "ru"),
        ("Хорошо", "uk", "uk"),  # too short to tell: then what the document says counts
        ("Хорошо", "en", "ru"),  # unless it cannot be
        ("Черга псує настрій не довжиною, а несправедливістю. Людина готова постояти.", "", "uk"),
        (
            "Опашката разваля настроението не с дължината си, а с несправедливостта. Човек е готов.",
            "ru",
            "bg",
        ),
        ("Чарга псуе настрой не даўжынёй, а несправядлівасцю. Чалавек гатовы пачакаць трохі.", "", "be"),
        ("Ред квари расположење не дужином, него неправдом. Човек је спреман да сачека.", "", "sr"),
        ("A queue spoils the mood not by its length but by unfairness, and people will wait.", "", "en"),
        ("Eine Schlange verdirbt die Laune nicht durch ihre Länge, sondern durch Unrecht.", "en", "de"),
        ("NPS, KPI, SLA", "", "en"),
        ("排队伤人的不是长，而是不公平。", "ja", "zh"),
        ("行列は長さではなく不公平さで気分を損ねます。人は十分間待つ用意があります。", "", "ja"),
        ("الطابور يفسد المزاج ليس بطوله بل بعدم العدالة", "", "ar"),
        ("123 — 456", "", "und"),
        ("", "", "und"),
    ],
)
def test_the_language_of_an_article(text: str, likely: str, code: str) -> None:
    assert languages.identify(text, likely) == code


def test_russian_and_chinese_need_no_model() -> None:
    code = (
        "import sys; from kb import languages;"
        "print(languages.identify('Мы слышали'), languages.identify('服务'), 'py3langid' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ru", "zh", "False"]
