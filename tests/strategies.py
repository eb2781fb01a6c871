"""Texts for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

RUSSIAN = (
    "жалоба жалобы клиент клиентов людей человек шёл идти стали сталь ещё ребёнок дети лучше хороший"
    " сервис служба стандарт эмпатия обратная связь подарок очередь доверие мы что как не и"
).split()
CHINESE = (
    "服务 标准 服务标准 客户 顧客 滿意 标杆 標桿企業 投诉 礼物 员工 移情性 培训 的 了 是 务 准 乾隆 看著"
).split()
LATIN = "NPS KANO service standards promise promises café B2B 24 9001 the and".split()
GLUE = [" ", " ", " ", ", ", "，", "。", " — ", "-", "\n", ": ", "«", "»", "“", "”", "!", "/", "ﬁ", "\u00ad"]


def mixed_text(max_size: int = 12) -> st.SearchStrategy[str]:
    """Russian, Chinese and Latin words with what stands between words."""
    word = st.sampled_from([*RUSSIAN, *CHINESE, *LATIN])
    return st.lists(st.one_of(word, st.sampled_from(GLUE)), max_size=max_size).map("".join)


def any_text() -> st.SearchStrategy[str]:
    """Whatever a program may be given: also NUL, lone surrogates, marks and rare scripts."""
    odd = st.sampled_from(
        [*"\x00\ud800\udfff\u0301\u0306\ufeff\u200d½ﷺßẞİıﬃ𠮷㐀〇㍿Ⅷ①", "標桿", "й", "и\u0306"]
    )
    character = st.one_of(st.characters(exclude_categories=()), odd)
    return st.one_of(st.lists(character, max_size=30).map("".join), mixed_text())
