"""The tagger, as tables a linguist can read. ‹› mark the evidence in a text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.languages import analyse
from kb.languages.english import uninflected
from kb.models import Article, Block, BlockKind, Passage
from kb.principles import Tagger, Vocabulary, Witness

# A small scheme, so that these tables hold whatever becomes of ours.
SCHEME = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sb: <urn:servicebook:terms:> .
@prefix v: <urn:v:> .
@prefix t: <urn:servicebook:trade-terms:> .

v:people a skos:Concept ; sb:grouping true ; skos:prefLabel "персонал"@ru .
v:feedback a skos:Concept ;
    skos:prefLabel "обратная связь"@ru , "客户反馈"@zh , "customer feedback"@en ;
    skos:altLabel "反馈"@zh ;
    skos:hiddenLabel "спросить мнение"@ru ;
    sb:weakLabel "отзыв"@ru , "мнение гостя"@ru , "意见"@zh , "opinion"@en ;
    sb:evidenceTerm t:survey ; sb:weakTerm t:nps .
v:training a skos:Concept ;
    skos:prefLabel "обучение"@ru , "培训"@zh , "training"@en ;
    skos:altLabel "обучить"@ru , "обучать"@ru , "员工培训"@zh ;
    sb:weakLabel "навык"@ru , "урок"@ru , "技能"@zh ;
    sb:notLabel "машинное обучение"@ru , "training wheels"@en .
v:empathy a skos:Concept ;
    skos:prefLabel "эмпатия"@ru , "移情"@zh , "empathy"@en ;
    skos:hiddenLabel "поставить себя … на место"@ru , "站在 … 角度"@zh , "put yourself in … shoes"@en .
v:standards a skos:Concept ;
    skos:prefLabel "стандарт сервиса"@ru , "服务标准"@zh , "service standards"@en ;
    sb:weakLabel "стандарт"@ru , "标准"@zh ;
    sb:notLabel "стандартный"@ru , "标准间"@zh .
v:motivation a skos:Concept ; skos:prefLabel "мотивация"@ru , "激励"@zh , "motivation"@en .
v:loyalty a skos:Concept ; skos:prefLabel "лояльность"@ru , "忠诚"@zh , "loyalty"@en ;
    skos:altLabel "лояльность гостя"@ru , "忠诚度"@zh .
"""


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory, vocabulary_cache: Path) -> Tagger:
    path = tmp_path_factory.mktemp("scheme") / "small.ttl"
    path.write_text(SCHEME, encoding="utf-8")
    return Tagger(Vocabulary.load(path, vocabulary_cache))


def article(title: str = "", principles: tuple[str, ...] = ()) -> Article:
    return Article(title, "ru", "ru", (), principles=principles)


def passage(text: str, *headings: str) -> Passage:
    blocks = tuple(Block(BlockKind.PARAGRAPH, line) for line in text.split("\n"))
    return Passage("p", "a", 0, 0, "ru", "ru", headings, blocks, ("p",))


def tags(
    tagger: Tagger, text: str, *headings: str, title: str = "", stated: tuple[str, ...] = ()
) -> set[str]:
    (tagged,) = tagger.tag(article(title, stated), [passage(text, *headings)])
    return {tag.principle for tag in tagged.tags}


def marked(tagger: Tagger, text: str) -> str:
    """The text with all that is mentioned of principles in ‹›."""
    spans = sorted({mention.span for mention in tagger.mentions(text) if not mention.is_term}, reverse=True)
    for start, end in spans:
        text = f"{text[:start]}‹{text[start:end]}›{text[end:]}"
    return text


# --- Mentions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "О ‹ОБРАТНОЙ СВЯЗИ› и ‹обучении›",
        "без ‹обратных связей›",
        "‹обучили› всех, ‹обучаем› каждого",
        "обратная дорога, связь",  # the words apart are not the label
        "обратная, связь",
        "обратная. Связь",
        "‹Поставьте себя на место› гостя",
        "‹поставь себя хоть раз на место› гостя",
        "поставь себя в раз и другой и третий на место",  # four words are too many
        "поставь себя. На место!",
        "‹поставьте себя (хотя бы мысленно) на место›",
        "машинное обучение",
        "машинное обучение и ‹обучение› людей",
        "стандартное меню, стандартный номер",
        "Гость ценит ‹customer feedback› и ‹培训›",
    ],
)
def test_mentions_in_russian(tagger, text):
    assert marked(tagger, re.sub("[‹›]", "", text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "我们重视‹客户反馈›。",
        "我們重視‹客戶反饋›。",
        "‹员工培训›与‹激励›",
        "岗前‹培训›",
        "‹站在客户的角度›想",
        "站在客户和员工和老板的角度想",  # more than three words
        "站在门口。角度不对",
        "普通标准间一晚",
        "满意见面",  # 意见 across two words
        "‹忠诚度›",
        "KANO与‹服务标准›优化",
        "服务，‹标准›",
    ],
)
def test_mentions_in_chinese(tagger, text):
    assert marked(tagger, re.sub("[‹›]", "", text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "‹Customer feedback› matters",
        "‹customer-feedback›",
        "‹training›, ‹trained›, ‹trains›",
        "trainee",
        "training wheels",
        "‹Put yourself in the guest's shoes›",
        "‹service standards›, a ‹service standard›",
        "customers feed back",
    ],
)
def test_mentions_in_english(tagger, text):
    assert marked(tagger, re.sub("[‹›]", "", text)) == text


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("promises", "promise"),
        ("queries", "query"),
        ("tried", "try"),
        ("planned", "plan"),
        ("caring", "care"),
        ("listening", "listen"),
        ("wishes", "wish"),
    ],
)
def test_english_inflections(word, base):
    assert base in uninflected(word)


@pytest.mark.parametrize(
    ("word", "base"), [("caring", "car"), ("customer", "custom"), ("hospitality", "hospital")]
)
def test_english_derivations_are_other_words(word, base):
    assert base not in uninflected(word)


def test_a_mention_says_which_label_in_which_language_how_plainly(tagger):
    (mention,) = tagger.mentions("Их отзывы")
    assert (mention.concept, mention.language, mention.label, mention.strength) == (
        "feedback",
        "ru",
        "отзыв",
        "weak",
    )


def test_a_longer_label_beats_the_shorter_ones_it_contains(tagger):
    labels = [mention.label for mention in tagger.mentions("лояльность гостя") if not mention.is_term]
    assert labels == ["лояльность гостя"]


def test_trade_terms_are_mentioned_and_do_not_tag(tagger):
    assert {mention.concept for mention in tagger.mentions("чек-лист смены") if mention.is_term} >= {
        "checklist"
    }
    assert tags(tagger, "чек-лист смены") == set()


# Words of one language for the same thing, as staff type them and as handbooks write them.
SAME = [
    ("newcomer", "новичка практиканты новый_сотрудник", "新人 新员工 新手", "newcomer new_hires trainees"),
    ("email", "письмом почта e-mail электронной_почтой", "邮件 來信 電子郵件", "emails letter mail"),
    ("phone-call", "звонки звонила телефонный_разговор", "来电 打電話", "phone_calls telephone"),
    ("reception", "стойкой ресепшн регистратуры", "前台 櫃檯 总台", "front_desk reception"),
    ("closing-time", "закрытии закрываемся", "打烊 关店 收尾", "closing_time last_orders"),
    ("refund", "возврате_денег вернули_средства", "退款 退钱", "refunded money_back"),
    ("delay", "опоздал задержки просрочка", "迟到 晚到 延误", "delayed running_late"),
    ("anger", "злится разгневанный сердитому", "生气 发火 火大", "angry furious"),
    ("shift-leader", "старшему_смены супервайзера", "班长 值班经理 领班", "shift_leader supervisors"),
    ("shift-handover", "пересменку сдать_смену", "交接班 交班", "shift_handovers"),
    ("out-of-stock", "нет_в_наличии стоп-листе", "缺货 售罄 賣完", "out_of_stock sold_out"),
    ("overcharge", "обсчитали лишняя_позиция_в_счёте", "多收 亂收費", "overcharged charged_twice"),
    ("overbooking", "двойная_бронь овербукинга", "超售 重复订房", "overbooked double_booking"),
    ("drunk", "пьяного нетрезвый", "醉酒 喝多了", "drunk intoxicated"),
    ("elderly", "пожилым пенсионерке", "老人 長者 老年人", "elderly pensioners"),
    ("variation", "разброс вариации отклонением", "波动 偏差", "variation scatter"),
    ("lost-and-found", "потеряла_чемодан забытые_вещи пропажу", "失物 弄丢 遗失", "lost_property"),
    ("staff-turnover", "текучка увольняются", "离职率 留不住人", "staff_turnover"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("concept", "word"),
    [
        (concept, word.replace("_", " "))
        for concept, *words in SAME
        for text in words
        for word in text.split()
    ],
)
def test_everyday_words_name_the_same_term(shared_tagger, concept, word):
    assert concept in {mention.concept for mention in shared_tagger.mentions(word) if mention.is_term}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("помните об этом", "damage"),  # not помять
        ("признание вины", "drink"),  # not вино
        ("управлять очередью", "manager"),  # not управляющий
        ("来信箱里找", "email"),  # a chance pair across two words
        ("good practice for training", "airport-and-station"),
    ],
)
def test_everyday_words_do_not_mislead(shared_tagger, text, concept):
    assert concept not in {mention.concept for mention in shared_tagger.mentions(text)}


def test_what_is_remembered_of_the_labels_gives_the_same_mentions(vocabulary, tmp_path, monkeypatch):
    text = "Эмпатия, обратная связь, 换位思考 and courtesy."
    first = Tagger(vocabulary, tmp_path).mentions(text)
    monkeypatch.setattr("kb.principles.labels.pieces", lambda label: pytest.fail("looked up again"))
    assert Tagger(vocabulary, tmp_path).mentions(text) == first != []


def test_a_query_that_names_nothing_mentions_nothing(tagger):
    assert tagger.mentions("") == []
    assert tagger.mentions("?!") == []


# --- What tags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Обучение начинается в понедельник.", {"training"}),
        ("Спросите мнение каждого.", {"feedback"}),
        ("Проведём опрос клиентов.", {"feedback"}),  # a trade term that is evidence
        ("Урок окончен.", set()),  # weak evidence alone
        ("Урок окончен, урок удался.", set()),  # the same twice
        ("Урок дал новый навык.", {"training"}),  # two different pieces
        ("NPS вырос.", set()),  # a trade term that is weak evidence
        ("NPS и отзывы.", {"feedback"}),
        ("Персонал отеля.", set()),  # a grouping concept
    ],
)
def test_names_and_phrases_tag_alone_and_weak_evidence_in_company(tagger, text, expected):
    assert tags(tagger, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Гостю нужно не обучение, а эмпатия.", {"empathy"}),
        ("Нужна эмпатия, а не обучение.", {"empathy"}),
        ("Не обучение и не мотивация, а эмпатия.", {"empathy"}),
        ("Не столько обучение, сколько мотивация.", {"motivation"}),
        ("Вместо обучения — мотивация.", {"motivation"}),
        ("Дело не в обучении: дело в мотивации.", {"motivation"}),
        ("Не только обучение, но и мотивация.", {"training", "motivation"}),
        ("Это не просто обучение, а и мотивация.", {"training", "motivation"}),
        ("Не обучение, а эмпатия. Хотя обучение тоже важно.", {"training", "empathy"}),
        ("Not training but empathy.", {"empathy"}),
        ("Empathy rather than training.", {"empathy"}),
        ("Not only training but also empathy.", {"training", "empathy"}),
        ("要的不是培训，而是激励。", {"motivation"}),
        ("靠激励而不是培训。", {"motivation"}),
        ("与其培训，不如激励。", {"motivation"}),
        ("问题不在培训，在激励。", {"motivation"}),
        ("不仅是培训，而且是激励。", {"training", "motivation"}),
    ],
)
def test_the_denied_side_of_a_contrast_does_not_tag(tagger, text, expected):
    assert tags(tagger, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Важны обучение, мотивация, эмпатия, лояльность, обратная связь.", set()),
        ("В книге: обучение, мотивация, эмпатия, отзывы и лояльность. Начнём с эмпатии.", {"empathy"}),
        ("1. Обучение. 2. Мотивация. 3. Эмпатия. 4. Лояльность. 5. Обратная связь.", set()),
        ("Обучение\nМотивация\nЭмпатия\nЛояльность\nОбратная связь", set()),
        ("培训、激励、移情、忠诚、客户反馈", set()),
        ("《员工培训》《激励》《移情》《忠诚度》", set()),
        ("In this book: training, motivation, empathy, loyalty and customer feedback.", set()),
        ("Хороший отель держат обучение, мотивация и эмпатия.", {"training", "motivation", "empathy"}),
        ("Обучение и мотивация.", {"training", "motivation"}),
        ("Обучение: новичок две недели стоит рядом с наставником и учится у него.", {"training"}),
        # What begins the clause that a list ends is no item of it.
        (
            "Мотивация растёт с первого же дня там где рядом с гостем есть обучение, эмпатия, лояльность, обратная связь.",
            {"motivation", "training", "empathy", "loyalty", "feedback"},
        ),
    ],
)
def test_a_list_of_everything_tags_only_what_is_spoken_of_elsewhere(tagger, text, expected):
    assert tags(tagger, text) == expected


# --- Headings, title, front matter ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("headings", "text", "expected"),
    [
        (["Обратная связь"], "Карточка лежит у выхода.", {"feedback"}),
        (["Обратная связь", "Карточка"], "Она лежит у выхода.", {"feedback"}),
        (["Обратная связь", "Карточка", "Место"], "Она лежит у выхода.", set()),
        (["Обратная связь", "Карточка", "Место"], "Мнение гостя важно.", {"feedback"}),
        (["Обратная связь: не обучение, а диалог"], "Карточка лежит у выхода.", {"feedback"}),
        (["Обратная связь: путь к лояльности"], "Карточка лежит у выхода.", {"feedback"}),
        (["Обучение, мотивация и лояльность"], "Карточка лежит у выхода.", set()),
        (["Обратная связь"], "Адрес: Садовая, 5. Телефон: 000-00-00.", set()),
    ],
)
def test_headings_lend_to_what_is_under_them(tagger, headings, text, expected):
    assert tags(tagger, text, *headings) == expected


def test_a_heading_gives_no_evidence_and_less_weight_than_the_text(tagger):
    (under, saying) = tagger.tag(
        article(), [passage("Карточка у выхода.", "Обратная связь"), passage("Обратная связь", "Мелочи")]
    )
    assert [(tag.origin, tag.evidence) for tag in under.tags] == [("heading", ())]
    assert [(tag.origin, tag.evidence) for tag in saying.tags] == [("text", ((0, 14),))]
    assert under.tags[0].weight < saying.tags[0].weight


@pytest.mark.parametrize(
    "about", [{"title": "Обучение в отеле"}, {"stated": ("training",)}, {"stated": ("Обучение",)}]
)
def test_the_articles_theme_raises_weak_evidence_and_tags_nothing_alone(tagger, about):
    assert tags(tagger, "Урок окончен.", **about) == {"training"}
    assert tags(tagger, "Ключи сданы.", **about) == set()


def test_an_article_as_a_whole_carries_what_it_states_and_what_its_title_names(tagger):
    found = tagger.article_principles(article("Эмпатия у стойки", ("training", "unknown")))
    assert [(tag.principle, tag.weight, tag.origin) for tag in found] == [
        ("training", 1.0, "stated"),
        ("empathy", 0.6, "heading"),
    ]


# --- Weights and reasons -------------------------------------------------------------------------


def test_tags_are_sorted_by_weight_and_more_evidence_weighs_more(tagger):
    text = "Обучение даёт навык, а обучать — труд. Спросите мнение."
    (tagged,) = tagger.tag(article(), [passage(text)])
    assert [tag.principle for tag in tagged.tags] == ["training", "feedback"]
    assert tagged.tags[0].weight > tagged.tags[1].weight


def test_explain_shows_what_was_weighed_and_what_was_dropped(tagger):
    (explained,) = tagger.explain(article(), [passage("Не обучение, а эмпатия. Отзыв.")])
    verdicts = {verdict.principle: verdict for verdict in explained.verdicts}
    assert verdicts["empathy"].tagged
    assert [reason.witness for reason in verdicts["training"].reasons] == [Witness.DENIED]
    assert (verdicts["feedback"].tagged, verdicts["feedback"].weight) == (False, 0.3)
    assert verdicts["feedback"].reasons[0].source == "Отзыв"


def test_mentions_at_hand_give_the_same_tags(tagger):
    passages = [passage("Обучение и 培训 with empathy"), passage("Отзыв")]
    mentions = [tagger.mentions(one.text, analyse(one.text)) for one in passages]
    tag = tagger.for_article(article())
    assert tuple(map(tag, passages, mentions)) == tagger.tag(article(), passages)


# --- What must hold for any text -----------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("обучение", "обратной связью", "Отзывы", "навык", "урок", "лояльности", "эмпатия"),
        *("поставь себя", "на место", "не", "а", "вместо", "培训", "客戶反饋", "站在", "角度", "标准间"),
        *("意见", "training", "empathy", "½", "ё", "🙂", ", ", ". ", "\n", "、", " — "),
    ]
)
TEXTS = st.lists(WORDS, max_size=30).map(" ".join) | st.text()


@given(text=TEXTS)
def test_evidence_lies_in_the_text_and_is_found_again(shared_tagger, text):
    (tagged,) = shared_tagger.tag(article(), [passage(text)])
    assert tagged.text == text
    for tag in tagged.tags:
        assert 0 < tag.weight <= 1
        assert tag.evidence
        for start, end in tag.evidence:
            assert 0 <= start < end <= len(text)
            assert shared_tagger.mentions(text[start:end])


@given(text=TEXTS.filter(lambda text: text.upper().lower() == text.lower()))
def test_mentions_do_not_depend_on_case(shared_tagger, text):
    assert shared_tagger.mentions(text.upper()) == shared_tagger.mentions(text.lower())


@given(text=TEXTS)
def test_mentions_do_not_depend_on_yo(shared_tagger, text):
    assert shared_tagger.mentions(text) == shared_tagger.mentions(text.replace("ё", "е").replace("Ё", "Е"))


def test_mentions_do_not_depend_on_traditional_characters(shared_tagger):
    simplified, traditional = "标杆企业重视员工仪容仪表与客户忠诚度", "標桿企業重視員工儀容儀表與客戶忠誠度"
    assert shared_tagger.mentions(simplified) == shared_tagger.mentions(traditional) != []
