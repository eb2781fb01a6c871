"""Chinese: jieba's words over Simplified characters, with bigrams and characters stacked on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kb.languages.chinese_words import frequency, segment
from kb.models import TermKind, Token

QUESTION_WORDS = frozenset(
    "什么 哪 哪个 哪些 哪里 哪儿 谁 怎么 怎样 如何 为什么 为何 多少 几 何时 吗 呢 么 的 了 是 在 有".split()
)
FUNCTION_WORDS = QUESTION_WORDS | frozenset(
    "和 与 及 或 而 且 但 就 都 也 还 又 被 把 让 给 对 对于 从 到 向 于 以 为 因为 所以 如果 这 那 这个 那个"
    " 我 你 他 她 它 我们 你们 他们 其 之 着 过 地 得 不 没 没有 要 会 能 可以 个 一个 上 下 中 里".split()
)


class Chinese:
    """Analyses Han runs."""

    code = "zh"
    script = "han"
    names = (
        "cn",
        "zho",
        "chi",
        "cmn",
        "chinese",
        "китайский",
        "中文",
        "汉语",
        "漢語",
        "简体中文",
        "繁體中文",
    )
    question_words = QUESTION_WORDS
    function_words = FUNCTION_WORDS

    def analyse(self, run: str, start: int, position: int) -> Sequence[Token]:
        """Words, each with its subwords, and below them every bigram and character of the run."""
        return list(_tokens(run, start, position))

    def words(self, run: str) -> Sequence[str]:
        """The words of the run, in order, without repetition."""
        return tuple(dict.fromkeys(segment(run)))

    def bases(self, form: str) -> Sequence[str]:
        """Chinese does not inflect."""
        return (form,)

    def knows(self, word: str) -> bool:
        """Whether jieba's dictionary has it."""
        return bool(frequency(word))


def _tokens(run: str, start: int, position: int) -> Iterator[Token]:
    offset = 0
    for word in segment(run):
        begin, end = start + offset, start + offset + len(word)
        yield Token(word, begin, end, position)
        yield from _subwords(word, begin, position)
        for place, character in enumerate(word, offset):
            at = start + place
            yield Token(character, at, at + 1, position, TermKind.CHAR)
            if place + 1 < len(run):
                yield Token(run[place : place + 2], at, at + 2, position, TermKind.BIGRAM)
        offset += len(word)
        position += 1


def _subwords(word: str, start: int, position: int) -> Iterator[Token]:
    """Dictionary words inside a long word: 服务行业 -> 服务, 行业."""
    for length in (2, 3):
        for offset in range(len(word) - length + 1 if len(word) > length else 0):
            if frequency(part := word[offset : offset + length]):
                yield Token(part, start + offset, start + offset + length, position)
