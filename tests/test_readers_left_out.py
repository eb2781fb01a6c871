"""What is not the article is left out, and nothing else: both sides, with sentences made up here.

The long tables are in files/readers: adverts.tsv (left out) and substance.txt (kept).
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.models import BlockKind
from kb.readers.draft import Element, Hyperlink, Metadata
from kb.readers.left_out import evidence, leave_out
from kb.readers.left_out.chinese import CHINESE
from kb.readers.left_out.english import ENGLISH
from kb.readers.left_out.evidence import brand_pattern, pattern, unquoted
from kb.readers.left_out.hints import hints, unspaced_hints
from kb.readers.left_out.russian import RUSSIAN

FILES = Path(__file__).parent / "files" / "readers"
LADYA = Metadata(
    publisher="Журнал «ЛадьяСервис»", author="Команда ЛадьяСервис", url="https://ladya-service.example/a"
)
ARTICLES = {
    "ru": [
        "Гость замечает мелочи раньше, чем меню.",
        "Поэтому смену начинают с обхода зала. Он занимает семь минут.",
    ],
    "zh": ["顾客记住的往往是细节。", "所以每天开门前要巡场一遍。巡场用不了十分钟。"],
    "en": ["Guests notice small things first.", "So a shift begins with a walk through the hall."],
}
BODY = [Element(text, line) for line, text in enumerate(ARTICLES["ru"], 2)]


def rows(name: str) -> list[str]:
    lines = (FILES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def language(text: str) -> str:
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        return "zh"
    return "ru" if any("а" <= character <= "я" for character in text.lower()) else "en"


def left(*elements: Element, metadata: Metadata = LADYA) -> tuple[list[str], list[tuple[str, int | None]]]:
    """The texts that are kept, and the codes and lines of the notices."""
    _, kept, notices = leave_out(metadata, elements)
    return [element.text for element in kept], [(notice.code, notice.line) for notice in notices]


def around(place: str, sentence: str) -> tuple[list[Element], Element]:
    """An article with a paragraph in the middle of it or at its end."""
    paragraph = Element(sentence, 9)
    first, *others = [Element(text, line) for line, text in enumerate(ARTICLES[language(sentence)], 2)]
    title = Element("Введение", 1, level=1)
    if place == "middle":
        return [title, first, paragraph, *others], paragraph
    return [title, first, *others, paragraph], paragraph


# --- Advertisements, calls, placeholders --------------------------------------------------------


@pytest.mark.parametrize("row", rows("adverts.tsv"))
def test_adverts_are_left_out(row: str) -> None:
    place, sentence = row.split("\t")
    elements, advert = around(place, sentence)
    texts, notices = left(*elements)
    assert texts == [element.text for element in elements if element is not advert]
    assert {code for code, _ in notices} <= {"left-out-advert", "left-out-form"}
    assert {line for _, line in notices} == {9}


@pytest.mark.parametrize("place", ["middle", "end"])
@pytest.mark.parametrize("sentence", rows("substance.txt"))
def test_substance_is_kept(sentence: str, place: str) -> None:
    elements, _ = around(place, sentence)
    assert left(*elements) == ([element.text for element in elements], [])


def test_of_a_paragraph_only_the_offer_goes() -> None:
    text = (
        "Обучить администратора дорого. Зато обученный служит годами. ЛадьяСервис предлагает вам курс для "
        "администраторов. Начните с правил приветствия."
    )
    texts, notices = left(Element(text, 1), *BODY)
    assert texts[0] == (
        "Обучить администратора дорого. Зато обученный служит годами. Начните с правил приветствия."
    )
    assert notices == [("left-out-advert", 1)]


def test_a_heading_goes_with_everything_below_it() -> None:
    closing = Element("Готовы начать?", 8, level=2)
    offer = Element("Свяжитесь с нами, и мы подберём программу для вашей команды.", 9)
    texts, _ = left(*BODY, closing, offer)
    assert texts == [element.text for element in BODY]


def test_a_heading_stays_with_what_is_left_below_it() -> None:
    closing = Element("Что дальше", 8, level=2)
    mixed = Element("Выберите одно правило на неделю. Подпишитесь на наш канал!", 9)
    texts, _ = left(*BODY, closing, mixed)
    assert texts[-2:] == ["Что дальше", "Выберите одно правило на неделю."]


def test_a_block_of_lines_beside_a_form() -> None:
    lines = ["Консультация", "添加企业微信", "课程名称：", "扫码联系，我们竭诚为您服务"]
    texts, notices = left(*BODY, *(Element(text, 10 + number) for number, text in enumerate(lines)))
    assert texts == [*(element.text for element in BODY), "Консультация"]
    assert [line for _, line in notices] == [11, 12, 13]


@pytest.mark.parametrize("kind", [BlockKind.QUOTE, BlockKind.TABLE_ROW, BlockKind.CODE])
def test_quotes_tables_and_code_are_never_touched(kind: BlockKind) -> None:
    element = Element("Подпишитесь на нашу рассылку прямо сейчас!", 9, kind)
    assert left(*BODY, element)[1] == []


def test_list_items_only_go_at_the_end() -> None:
    item = Element("Скачайте наш бесплатный чек-лист прямо сейчас!", 9, BlockKind.LIST_ITEM)
    assert left(item, *BODY)[1] == []
    assert left(*BODY, item)[1] == [("left-out-advert", 9)]


def test_dialogue_and_quoted_phrases_are_never_evidence() -> None:
    dialogue = Element("— Оставьте нам свой номер, и мы вам бесплатно перезвоним!", 9)
    quoted = Element("Скажите: «Позвоните нам, и мы бесплатно поможем вам прямо сейчас!» Так честнее.", 10)
    assert left(*BODY, dialogue, quoted)[1] == []


def test_a_page_of_phrases_loses_none() -> None:
    phrases = [
        "Чем я могу вам помочь?",
        "Позвоните нам, когда будете готовы.",
        "Мы перезвоним вам до шести.",
        "Оставьте, пожалуйста, номер телефона.",
    ]
    items = [Element(text, line, BlockKind.LIST_ITEM) for line, text in enumerate(phrases, 10)]
    assert left(*items, *BODY)[1] == []


def test_a_notice_quotes_what_it_is_about() -> None:
    _, _, (notice,) = leave_out(
        LADYA, (*BODY, Element("Подпишитесь на нашу рассылку, " + "и " * 99 + "всё.", 9))
    )
    assert notice.severity == "notice"
    assert notice.message.startswith("An advertisement or call to action was left out: “Подпишитесь на")
    assert notice.message.endswith("…”.")
    assert len(notice.message) < 140


# --- Names of the publisher ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "matched", "unmatched"),
    [
        (Metadata(publisher="Блог Ладья"), "В Ладья знают", "в лодке знают"),
        (Metadata(author="Команда Ладья"), "ладья", "команда"),
        (Metadata(author="Анна Ким"), "", "Анна Ким говорит"),  # a person is no brand
        (Metadata(url="https://www.blog-servis.example/a"), "Servis", "блог"),
        (Metadata(url="https://servis-pro-blog.hosting.example/a"), "servis pro", "hosting"),
        (Metadata(publisher="Редакция"), "", "редакция"),
        (Metadata(), "", "что угодно"),
    ],
)
def test_names_of_the_publisher(metadata: Metadata, matched: str, unmatched: str) -> None:
    brand = brand_pattern(metadata)
    assert not matched or re.search(brand, matched, re.IGNORECASE)
    assert not re.search(brand, unmatched, re.IGNORECASE)


def test_what_the_publisher_does_is_told_what_it_sells_is_not() -> None:
    told = Element("В ЛадьяСервис каждую жалобу читают вслух, и это меняет вашу смену.", 8)
    sold = Element("ЛадьяСервис предоставляет вам обученных администраторов.", 9)
    assert left(told, sold, *BODY)[0][0] == told.text
    assert left(told, sold, *BODY)[1] == [("left-out-advert", 9)]
    assert left(told, sold, *BODY, metadata=Metadata())[1] == []  # anybody may be told of


# --- Paid links ---------------------------------------------------------------------------------


def linked(
    text: str, level: int = 0, nofollow: bool = True, url: str = "https://ladya-service.example"
) -> Element:
    """An element whose text has the link between the brackets."""
    start, end = text.index("["), text.index("]") - 1
    return Element(
        text.replace("[", "").replace("]", ""), 9, level=level, links=(Hyperlink(start, end, url, nofollow),)
    )


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        (
            linked("Что такое эмпатия узнайте больше о нас на [сайте ЛадьяСервис]", level=2),
            "Что такое эмпатия",
        ),
        (linked("Гость это заметит. подробнее о ценах на [нашем сайте]"), "Гость это заметит."),
        (linked("--- аренда залов - [лучший выбор]", url="https://other.example"), None),
        (
            linked("Гость заметит. узнайте больше на [сайте ЛадьяСервис] И вернётся снова."),
            "Гость заметит. И вернётся снова.",
        ),
    ],
)
def test_what_came_with_a_paid_link_is_cut_out(element: Element, kept: str | None) -> None:
    texts, notices = left(element, *BODY)
    assert texts == [*([kept] if kept else []), *(body.text for body in BODY)]
    assert notices == [("left-out-advert", 9)]


@pytest.mark.parametrize(
    "element",
    [
        linked("По данным [Росстата], сервис растёт.", url="https://rosstat.example"),
        linked("Подробнее об этом пишет [Харт].", url="https://hart.example"),
        linked("Сервис растёт (см. [отчёт]).", url="https://rosstat.example"),
        linked("Источник: [Росстат]", url="https://rosstat.example"),
        linked("По данным [Росстата] сервис растёт. Гостям это нравится.", url="https://rosstat.example"),
    ],
)
def test_sources_stay(element: Element) -> None:
    assert left(element, *BODY)[0][0] == element.text


# --- Lists of other articles --------------------------------------------------------------------


def item(text: str, link: bool, line: int = 20) -> Element:
    links = (Hyperlink(0, len(text), "/blog/a"),) if link else ()
    return Element(text, line, BlockKind.LIST_ITEM, links=links)


@pytest.mark.parametrize(
    "title",
    ["Читайте также", "Читайте также:", "Похожие статьи", "Статьи по теме", "Вам может быть интересно",
     "相关阅读", "推荐阅读：", "猜你喜欢", "Read also", "You may also like", "Related posts:"],
)  # fmt: skip
@pytest.mark.parametrize("level", [0, 2])
def test_lists_of_other_articles(title: str, level: int) -> None:
    head = Element(title, 19, level=level)
    listed = (head, item("Как принять жалобу", True), item("Как проводить гостя", True))
    expected = [element.text for element in BODY]
    assert left(*BODY, *listed) == (expected, [("left-out-read-also", 19)])
    after = Element("После списка", 30, level=2)
    assert left(*BODY, *listed, after, BODY[0])[0] == [*expected, after.text, BODY[0].text]


def test_at_the_end_titles_without_links_are_enough() -> None:
    listed = (Element("Лучшие статьи", 19), item("Как принять жалобу", False))
    assert left(*BODY, *listed)[1] == [("left-out-read-also", 19)]
    assert left(*BODY, Element("Лучшие статьи", 19))[1] == [("left-out-read-also", 19)]


def test_a_section_of_that_name_with_text_is_a_section() -> None:
    head = Element("Рекомендуем", 19, level=2)
    text = Element("Начинайте смену с обхода зала, а не с планёрки: так видно больше.", 20)
    assert left(*BODY, head, text)[1] == []
    assert left(head, item("меню", False), *BODY)[1] == []


@pytest.mark.parametrize(
    "line", ["上一篇：如何开晨会", "下一篇：如何写手册", "Читайте также: Как принять жалобу"]
)
def test_lines_that_lead_to_other_articles(line: str) -> None:
    assert left(*BODY, Element(line, 19))[1] == [("left-out-read-also", 19)]


def test_a_line_in_the_middle_must_be_a_link() -> None:
    text = "Читайте также: Как принять жалобу"
    link = (Hyperlink(15, len(text), "/blog/a"),)
    assert left(Element(text, 1, links=link), *BODY * 3)[1] == [("left-out-read-also", 1)]
    assert left(Element(text, 1), *BODY * 3)[1] == []


# --- Disclaimers, notes about the author, courses -----------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "免责声明：本文内容仅供参考，如有侵权请告知。",
        "版权声明：未经许可不得转载。",
        "Копирование материалов сайта возможно только с письменного разрешения редакции.",
        "Материал носит информационный характер и не является публичной офертой.",
        "Disclaimer: this article is for informational purposes only.",
        "© Ладья, 2025. Все права защищены.",
    ],
)
def test_disclaimers_at_the_end(text: str) -> None:
    assert left(*BODY * 3, Element(text, 19))[1] == [("left-out-disclaimer", 19)]


@pytest.mark.parametrize(
    "text",
    [
        "Гарантия не является индульгенцией: за ошибку отвечает тот, кто её сделал.",
        "Отказ от ответственности начинается со слов «это не ко мне».",
        "责任不能推给下一班，谁接的投诉谁跟到底。",
        "声明自己没错之前，先听顾客把话说完。",
    ],
)
def test_talk_of_responsibility_is_no_disclaimer(text: str) -> None:
    assert left(*BODY * 3, Element(text, 19))[1] == []


def test_a_note_about_the_author_becomes_metadata() -> None:
    head, text = Element("Об авторе", 19, level=2), Element("Анна Ким — управляющая отелем, тренер.", 20)
    metadata, kept, (notice,) = leave_out(Metadata(), (*BODY, head, text))
    assert (metadata.author, list(kept), notice.code) == ("Анна Ким", BODY, "left-out-author-box")
    assert leave_out(Metadata(author="Ли Вэй"), (*BODY, head, text))[0].author == "Ли Вэй"


def test_a_section_about_the_author_in_the_middle_stays() -> None:
    head, text = Element("О компании", 1, level=2), Element("Новичку рассказывают, как всё начиналось.", 2)
    assert left(head, text, Element("Зал", 3, level=2), *BODY * 8)[1] == []


@pytest.mark.parametrize(
    "line", ["责任编辑：李明", "校对：王芳", "Редактор: Анна Ким", "Фото: Ли Вэй", "Editor: A. Kim"]
)
def test_credits(line: str) -> None:
    metadata, kept, notices = leave_out(Metadata(), (*BODY, Element(line, 19)))
    assert (metadata.author, list(kept)) == ("", BODY)
    assert [notice.code for notice in notices] == ["left-out-author-box"]


def test_an_advert_for_a_course_that_was_cut_off() -> None:
    advert = Element(
        "《前台礼仪》课程从第一印象讲起，助力企业打造服务团队。通过实战演练，学员将掌握接待的每一个细节，并",
        1,
    )
    contact = Element("wang 王老师 课程咨询", 2)
    heading = Element("一、第一印象", 3, level=2)
    assert left(advert, contact, heading, *BODY)[0] == [heading.text, *(body.text for body in BODY)]
    assert left(advert, heading, *BODY)[1] == [("left-out-advert", 1)]


def test_an_article_may_tell_of_a_course() -> None:
    text = Element("我们给新员工开了《电话礼仪》课程，学员将在第二周上岗，之后再回炉一次。", 1)
    assert left(text, Element("电话铃响三声之内接起", 2), *BODY)[1] == []


# --- Parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Скажите: «Да»", "Скажите: «··»"),
        ("说“你好”，再问", "说“··”，再问"),
        ('"a" и "b"', '"·" и "·"'),
        ("«не закрыта", "«не закрыта"),
    ],
)
def test_what_is_quoted_is_dotted_out(text: str, expected: str) -> None:
    assert unquoted(text) == expected
    assert len(unquoted(text)) == len(text)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("calls", "Подпишитесь сейчас", True),
        ("calls", "неподпишитесь", False),
        ("calls", "закажите, пожалуйста", True),
        ("strong_calls", "свяжитесь с нашей командой", True),
        ("strong_calls", "ждём вас", True),  # е stands for ё too
        ("strong_calls", "свяжитесь с клиентом", False),
        ("offers", "мы с радостью поможем", True),
        ("offers", "мы. Вы сами им поможем", False),  # not across sentences
        ("read_also", "вам может быть интересно", True),
        ("read_also", "вам также может быть интересно", True),
        ("channels", "扫码", True),
    ],
)
def test_phrases(kind: str, text: str, expected: bool) -> None:
    assert bool(pattern(kind).search(text)) is expected


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("попробуйте бесплатно", {"попробуйте"}),
        ("запись на", {"запись"}),
        ("наш* (эксперт*|консультант*)", {"эксперт*", "консультант*"}),
        ("(*йте|*ите) наш*", {"наш*"}),
        ("за* о", {"о"}),  # too short a beginning
        ("вам (также)? (может|будет) интересно", {"интересно"}),
        ("мы (помо(жем|гаем)|рады) … вам", {"поможем", "помогаем", "рады"}),
        ("¤ … (поможет|готов)", {"готов", "поможет"}),
    ],
)
def test_hints_of_phrases(phrase: str, expected: set[str]) -> None:
    assert hints(phrase) == expected


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("扫一扫", {"扫一扫"}),
        (
            "(请|可)?(联系|咨询)我们",
            {"请联系我们", "可联系我们", "联系我们", "请咨询我们", "可咨询我们", "咨询我们"},
        ),
        ("现在就?(买|订)", {"现在买", "现在就买", "现在订", "现在就订"}),
        ("请…(了解|知道)", {"了解", "知道"}),
        ("(说|问)[:“]", {"说:", "说“", "问:", "问“"}),
    ],
)
def test_hints_of_chinese_phrases(phrase: str, expected: set[str]) -> None:
    assert unspaced_hints(phrase) == expected


@pytest.mark.parametrize("phrase", ["*йте", "(также)?", "«…»"])
def test_a_phrase_without_any_sure_word_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="certain"):
        hints(phrase)


def test_whatever_a_phrase_stands_for_has_its_hints() -> None:
    chance = random.Random(1)
    for words in (RUSSIAN, ENGLISH, CHINESE):
        for kind in (*evidence._KINDS, "lures"):
            for phrase in getattr(words, kind):
                for text in (_meant(phrase, words is CHINESE, chance) for _ in range(3)):
                    assert pattern(kind).search(text), (phrase, text)
                    assert kind in evidence._hints().kinds(text), (phrase, text)


def _meant(phrase: str, is_chinese: bool, chance: random.Random) -> str:
    """Something that a phrase stands for, in capital letters and with ё wherever it may be."""
    form = re.sub(r"\[(.*?)\]", lambda match: f"({'|'.join(match[1])})", phrase)
    form = re.sub(r"([^)])\?", r"(\1)?", form)
    while group := re.search(r"\(([^()]*)\)(\??) ?", form):
        choice = chance.choice([*group[1].split("|"), *([""] if group[2] else [])])
        space = " " if choice and group[0].endswith(" ") else ""
        form = form[: group.start()] + choice + space + form[group.end() :]
    if is_chinese:
        return f"好{form.replace('…', '一下').replace('brand', '¤')}的"
    form = form.replace(" … ", " или два ").replace("…", "имя").replace("*", "ый").replace("brand", "¤")
    return f"и {form.upper().replace('Е', 'Ё')}, так"


@given(st.data())
def test_cutting_keeps_links_on_their_words(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["раз", "два", "字", "три-четыре"]), min_size=1, max_size=8))
    text = " ".join(words)
    starts = [sum(len(word) + 1 for word in words[:index]) for index in range(len(words))]
    spans = [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]
    out = data.draw(st.sets(st.sampled_from(spans)))
    element = Element(text, 1, links=tuple(Hyperlink(start, end, text[start:end]) for start, end in spans))
    rest = element.without(sorted(out))
    assert rest.text == " ".join(text[start:end] for start, end in spans if (start, end) not in out)
    assert [rest.text[link.start : link.end] for link in rest.links] == [link.url for link in rest.links]
    assert len(rest.links) == len(spans) - len(out)
