"""Wrong Chinese characters: 服务标淮 is 服务标准, 满一度 is 满意度.

Input methods give a character of the same sound, hands and scanners one of the same shape. A stretch
is replaced by a known word when that makes the whole run much likelier: a noisy channel (Kernighan,
Church & Gale 1990) with single words as the language model, jieba's mixed with the index's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kb.languages.chinese_words import frequency, segment, share
from kb.models import Span
from kb.suggestions.pinyin import Sounds

_LONGEST_RUN = 40
_LONGEST_WORD = 6
_MOST_SLIPS = 2
# How much likelier (in nats) the run must become for each wrong character.
_SOUND_SLIP, _SHAPE_SLIP = 8.0, 9.0

# Characters that are taken for each other by their shape.
_SHAPES = """
准淮谁推 待侍恃持 己已巳 未末 士土 享亨 贷货 客容 质盾 情清请晴睛 意竟 没设 诉拆折析 评坪 价介 责贵
任仕 员贝 训川 培陪赔部 管菅 理埋 流硫 程呈 满瞒 忠思 诚城 体休本 验脸险检 移侈 感惑 授受 权杈 补朴
救求 偿尝 道遁 微徽 询洵 咨资 快块 速束 响向 可司 性姓 致至 保堡 证征 形型 有友 第弟 点占 调稠 查杳
测侧则 量童重 改攻 进迸 持特 续绩 沟构购 通痛 倾顷 听昕 尊遵 主住注往 动功 预顶项 期斯 化华 关夫天
怀坏 内肉 人入八 日曰目 干千于 大太犬 工土 力刀 万方 风凤 令今 午牛 问间闻 候侯 拔拨 辩辨辫 师帅
徒徙 场扬 处外 极级 赏尝 奖将
""".split()


@dataclass(frozen=True, slots=True)
class _Slip:
    """A stretch of a run that was probably meant to be another word."""

    start: int
    end: int
    meant: str
    gain: float


class Characters:
    """Puts wrong characters right by the known words."""

    def __init__(self, counts: Mapping[str, int], sounds: Sounds) -> None:
        """`counts` says of each known Han word how many passages hold it; `sounds` finds them by sound."""
        self._counts = counts
        self._sounds = sounds
        self._total = max(1, sum(counts.values()))

    def correct(self, run: str, stands: Callable[[str], bool]) -> dict[Span, str]:
        """The words of a folded Han run that have wrong characters, with what was probably meant.

        `stands` tells whether a text stands somewhere in the index: then it is right.
        """
        if not 2 <= len(run) <= _LONGEST_RUN:
            return {}
        corrected = run
        for _ in range(_MOST_SLIPS):
            slip = max(self._slips(corrected), key=lambda slip: (slip.gain, slip.meant), default=None)
            if slip is None or stands(corrected[slip.start : slip.end]):
                break
            corrected = corrected[: slip.start] + slip.meant + corrected[slip.end :]
        return self._changed_words(run, corrected)

    def _changed_words(self, run: str, corrected: str) -> dict[Span, str]:
        """The shortest known words around the characters that differ."""
        spans: list[Span] = []
        for place, (one, other) in enumerate(zip(run, corrected, strict=True)):
            if one != other:
                start, end = self._word_around(corrected, place)
                if spans and start < spans[-1][1]:
                    start, end = spans[-1][0], max(end, spans.pop()[1])
                spans.append((start, end))
        return {(start, end): corrected[start:end] for start, end in spans}

    def _word_around(self, run: str, place: int) -> Span:
        for length in range(2, _LONGEST_WORD + 1):
            for start in range(max(0, place - length + 1), min(place, len(run) - length) + 1):
                if run[start : start + length] in self._counts:
                    return start, start + length
        return place, place + 1

    def _slips(self, run: str) -> Iterator[_Slip]:
        """Replacements that make the run likelier by more than they cost."""
        before = self._cost(run)
        for start in range(len(run) - 1):
            for end in range(start + 2, min(len(run), start + _LONGEST_WORD) + 1):
                typed = run[start:end]
                if typed in self._counts or frequency(typed):
                    continue
                for meant, cost in self._candidates(typed).items():
                    after = self._cost(run[:start]) + self._word_cost(meant) + self._cost(run[end:])
                    if before - after > cost:
                        yield _Slip(start, end, meant, before - after - cost)

    def _candidates(self, typed: str) -> dict[str, float]:
        """Known words that a stretch may stand for, with what the slips cost."""
        found: dict[str, float] = {}
        for at, character in enumerate(typed):
            for other in _ALIKE.get(character, ""):
                word = typed[:at] + other + typed[at + 1 :]
                if word in self._counts:
                    found[word] = _SHAPE_SLIP
        for word in self._sounds.alike(typed):
            found[word] = _SOUND_SLIP * sum(one != other for one, other in zip(word, typed, strict=True))
        return found

    def _cost(self, run: str) -> float:
        """How unlikely a run is, in nats: the sum over its words."""
        return sum(self._word_cost(word) for word in segment(run)) if run else 0.0

    def _word_cost(self, word: str) -> float:
        own = (self._counts[word] + 1) / (2 * self._total) if word in self._counts else 0
        return -math.log(max(own, share(word)))


def _shape_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for group in _SHAPES:
        for character in group:
            table[character] = table.get(character, "") + group.replace(character, "")
    return table


_ALIKE = _shape_table()
