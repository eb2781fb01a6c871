"""What counts as a copy, in three languages, and what does not; groups beside a slow reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import sameness
from kb.engines.whoosh import mapped_files
from kb.engines.whoosh.mapped_files import passing_array
from kb.languages import analyse, detect, locale
from kb.ranking import index_text
from tests.reference import are_copies, groups

# Two texts, and whether one is a copy of the other.
RU = (
    "Гость жалуется не потому, что хочет ссоры: он ещё верит, что его услышат. Поблагодарите за рассказ,"
    " извинитесь без оговорок и скажите, что сделаете прямо сейчас."
)
ZH = "客人投诉不是来吵架的，他还相信有人会听。先谢谢他说出来，再道歉，然后说清楚现在马上要做什么。"
EN = (
    "A guest who complains still believes that somebody will listen. Thank them for telling you, apologise"
    " without excuses, and say what you will do right now."
)
EXAMPLES = {
    "ru: the same": (RU, RU, True),
    "ru: capitals, signs, ё": (RU, RU.upper().replace("Ё", "Е").replace(",", " —"), True),
    "ru: two words changed": (RU, RU.replace("ещё", "всё-таки").replace("прямо сейчас", "сегодня"), True),
    "ru: another number": (RU, RU.replace("Гость", "Гости").replace("жалуется", "жалуются"), True),
    "ru: a sentence added": (RU, RU + " Запишите это в журнал смены.", True),
    "ru: a sentence left out": (RU, RU.split(". ")[0] + ".", False),
    "ru: rewritten": (
        RU,
        "Тот, кто жалуется, готов вернуться. Сначала спасибо и извинение, потом ответ: что и когда исправят.",
        False,
    ),
    "ru: the same stock phrase": (
        "По стандарту компании ответ на обращение даёт тот, кто его принял. Срок ответа на жалобу — один"
        " рабочий день, и о задержке предупреждают заранее.",
        "По стандарту компании ответ на обращение даёт тот, кто его принял. Заявку на возврат денег передают"
        " в кассу, а чек подшивают к акту.",
        False,
    ),
    "ru: the same subject": (
        "Эмпатия — способность увидеть положение глазами другого человека и дать ему понять, что его услышали.",
        "Эмпатия начинается с паузы: дослушайте, назовите чувство человека и только потом предлагайте решение.",
        False,
    ),
    "ru: short, the same": ("Касса работает до девяти вечера.", "касса работает — до девяти вечера", True),
    "ru: a few words": ("Вежливость и терпение.", "Вежливость и терпение.", False),
    "ru: short, another word": (
        "Касса работает до девяти вечера.",
        "Касса работает до десяти вечера.",
        False,
    ),
    "ru: short, another order": ("Гость ждёт администратора.", "Администратора ждёт гость.", False),
    "ru: short, another form": ("Жалоба клиента.", "Жалобы клиентов.", False),
    "zh: the same": (ZH, ZH, True),
    "zh: in Traditional characters": (
        ZH,
        "客人投訴不是來吵架的，他還相信有人會聽。先謝謝他說出來，再道歉，然後說清楚現在馬上要做什麼。",
        False,
    ),
    "zh: two words changed": (ZH, ZH.replace("说出来", "告诉我们").replace("现在马上", "今天"), True),
    "zh: a sentence added": (ZH, ZH + "最后记到交接本里。", True),
    "zh: the same stock phrase": (
        "按照公司的服务标准，谁接待谁负责到底。投诉要在一个工作日内答复，来不及要提前告知客人。",
        "按照公司的服务标准，谁接待谁负责到底。退款申请交给收银台，小票附在单据后面存档备查。",
        False,
    ),
    "zh: the same subject": (
        "移情性是把顾客当作一个具体的人，先听他把话说完，再想办法解决眼前的问题。",
        "员工培训要讲移情性，也要讲服务标准，让每位员工都知道该怎样开口说话。",
        False,
    ),
    "zh: short, another number": ("营业到晚上九点。", "营业到晚上十点。", False),
    "en: the same": (EN, EN, True),
    "en: two words changed": (EN, EN.replace("somebody", "someone").replace("right now", "today"), True),
    "en: the same stock phrase": (
        "Under the company standard, whoever takes a request answers it. A complaint is answered within one"
        " working day, and delays are announced in advance.",
        "Under the company standard, whoever takes a request answers it. A refund form goes to the cash desk"
        " together with the receipt and the signed record.",
        False,
    ),
    "en: short, another word": ("The till is open until nine.", "The till is open until ten.", False),
    "a translation": (RU, EN, False),
    "signs alone": ("* * *", "—", False),
    "nothing": ("", "", False),
}


def sketch(text: str) -> bytes:
    return sameness.sketched(index_text(analyse(text)), locale(detect(text), text)).sketch


def rows(sketches: list[bytes]):
    whole = b"".join(one or bytes(sameness.SKETCH_LENGTH) for one in sketches)
    return np.frombuffer(whole, np.uint8).reshape(-1, sameness.SKETCH_LENGTH)


@pytest.mark.parametrize(("one", "other", "same"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_what_is_a_copy(one, other, same):
    assert sameness.groups(rows([sketch(one), sketch(other)])).tolist() == [0, 0 if same else 1]


def test_copies_of_copies_are_copies():
    """An edit of an edit may have little in common with the first."""
    words = RU.split()
    edits = [" ".join(words[n:] + [f"слово{k}" for k in range(n)]) for n in range(0, 13, 3)]
    assert not are_copies(sketch(edits[0]), sketch(edits[-1]))
    assert sameness.groups(rows([*map(sketch, edits), sketch(EN)])).tolist() == [0, 0, 0, 0, 0, 5]


def test_sketches_in_a_file_compared_a_few_at_a_time(tmp_path, monkeypatch):
    words = EN.split()
    edits = [" ".join([*words[:at], f"word{at}", *words[at + 1 :]]) for at in range(len(words))]
    sketches = rows([sketch(text) for text in [RU, "", *edits, ZH, *edits[::-1], RU]])
    whole = sameness.groups(sketches)
    mapped = passing_array(sketches.shape, np.uint8, tmp_path)
    monkeypatch.setattr(mapped_files, "_LARGE", 0)
    in_file = passing_array(sketches.shape, np.uint8, tmp_path)
    mapped[:] = in_file[:] = sketches
    monkeypatch.setattr(sameness, "_AT_ONCE", 3)
    assert isinstance(in_file, np.memmap)
    assert list(tmp_path.iterdir()) == []
    assert sameness.groups(in_file).tolist() == sameness.groups(mapped).tolist() == whole.tolist()
    assert len(set(whole.tolist())) == 4


def test_what_is_known_of_passages_may_lie_in_files(starter, open_book, monkeypatch):
    monkeypatch.setattr(mapped_files, "_LARGE", 0)
    with open_book(home=starter.settings.home, corpus=starter.settings.corpus) as again:
        for words in ("жалоба гостя", "服务标准 язык:zh", "a queue sort:date"):
            assert again.search(words).hits == starter.search(words).hits != ()
        assert list(again.engine.copied(2)) == list(starter.engine.copied(2))
        assert isinstance(again.engine._snapshot().table.facts, np.memmap)


def test_many_copies_of_many_kinds():
    """More in one band than each is compared with: identical ones, and edits of one word."""
    words = EN.split()
    edits = [" ".join([*words[:at], f"word{at}", *words[at + 1 :]]) for at in range(len(words))]
    found = sameness.groups(rows([sketch(text) for text in [*edits, *[RU] * 50, *edits]]))
    assert set(found[: len(edits)]) == set(found[-len(edits) :]) == {0}
    assert set(found[len(edits) : -len(edits)]) == {len(edits)}


# Sketches of a few bytes' difference to one of two, so that some are copies and some nearly.
_BASES = [sketch(RU), sketch(EN)]


@st.composite
def some_sketches(draw: st.DrawFn) -> list[bytes]:
    made = []
    for _ in range(draw(st.integers(0, 9))):
        base = bytearray(draw(st.sampled_from(_BASES)))
        changed = draw(st.integers(0, sameness.SKETCH_LENGTH))
        for place in draw(st.permutations(range(sameness.SKETCH_LENGTH)))[:changed]:
            base[place] ^= draw(st.integers(1, 3))
        made.append(draw(st.sampled_from([bytes(base), bytes(base), b""])))
    return made


@given(some_sketches(), st.randoms(use_true_random=False))
def test_groups_are_those_of_the_reference_in_any_order(sketches, chance):
    found = sameness.groups(rows(sketches)).tolist()
    assert found == groups(sketches)
    order = list(range(len(sketches)))
    chance.shuffle(order)
    shuffled = sameness.groups(rows([sketches[n] for n in order])).tolist()
    same = [[found[a] == found[b] for b in order] for a in order]
    assert same == [[one == other for other in shuffled] for one in shuffled]


# --- Traces --------------------------------------------------------------------------------------

PASSAGES = [
    RU,
    "Эмпатия начинается с паузы: дослушайте и назовите чувство.",
    "Касса открыта до девяти.",
    ZH,
]


@pytest.mark.parametrize(
    ("quoted", "found"),
    [
        (RU, 0),
        (RU.split(". ")[1], 0),  # half of it was put before
        ("Эмпатия всегда начинается с паузы: дослушайте, назовите чувство и помолчите.", 1),
        ("Касса открыта до десяти.", 2),
        (ZH[:24] + "然后看他怎么说。", 3),
        (EN, None),
        ("Совсем другое.", None),
        ("", None),
    ],
)
def test_the_nearest_passage_by_its_trace(quoted, found):
    traces = [sameness.trace(sketch(text)) for text in PASSAGES]
    assert all(len(trace) == 16 for trace in traces)
    assert sameness.nearest(sameness.trace(sketch(quoted)), traces) == found


@pytest.mark.parametrize("odd", ["", "=", "a", "\x00", "эмпатия", "a" * 10_000, "\ud800", "a-_=" * 4])
def test_an_address_may_hold_any_trace(odd):
    assert sameness.nearest(odd, [sameness.trace(sketch(text)) for text in PASSAGES]) is None
    assert sameness.nearest(odd, [odd, ""]) in (None, 0)
