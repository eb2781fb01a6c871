"""How long a repair takes, and how many slips are put right.

    python -m tests.benchmarks.repair_speed

Times are of the processor, as what else the machine does would count otherwise.
"""

from __future__ import annotations

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import islice
from types import ModuleType
from typing import Any

import click

from kb.languages import SCRIPTS
from kb.languages.letters import script_of
from kb.suggestions.lexicon import Lexicon
from kb.suggestions.repair import is_doubtful, repair

_BEGINNINGS = "бе бо ве во го де до жа за ин ка ко кр ли ма не об от пе по пр ра св ст".split()
# What is made of the words of a script for look-ups.
_PARTS = (("cyrillic", "near"), ("cyrillic", "romanised"), ("han", "sounds"), ("han", "characters"))
_SLIPS = ("swapped", "left out", "doubled", "replaced")


def _beginning(russian: ModuleType, start: str) -> Iterator[Any]:
    found: Iterator[Any] = russian._morphology().iter_known_word_parses(start)
    return found


@cache
def large_lexicon(forms: int) -> Lexicon:
    """A lexicon of so many forms from pymorphy3's and jieba's dictionaries."""
    from kb.languages import chinese_words, russian

    chance = random.Random(1)
    parses = [
        p for start in _BEGINNINGS for p in islice(_beginning(russian, start), forms // len(_BEGINNINGS))
    ]
    words = sorted({parse.word.replace("ё", "е") for parse in parses})
    lines = chinese_words._dictionary()[:].decode().splitlines()
    frequencies = {word: int(times) for word, times, _ in (line.split(" ") for line in lines)}
    han = [word for word, times in frequencies.items() if times > 20 and word[0] >= "一"]
    chosen = words + chance.sample(han, min(len(han), forms - len(words)))
    counts = {word: chance.randint(1, 50) for word in chosen}
    return Lexicon({script: partial(_of_script, counts, script) for script in SCRIPTS})


def _of_script(counts: Mapping[str, int], script: str) -> Mapping[str, int]:
    return {word: count for word, count in counts.items() if script_of(word) == script}


def misspelt(word: str, chance: random.Random) -> str:
    """A word with one slip of a usual kind."""
    at = chance.randrange(1, len(word) - 1)
    slip = chance.choice(_SLIPS)
    if slip == "swapped":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if slip == "left out":
        return word[:at] + word[at + 1 :]
    if slip == "doubled":
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice("оаеитнсрвл") + word[at + 1 :]


def milliseconds(call: Callable[[str], object], texts: Iterable[str]) -> list[float]:
    """What each call takes, from the quickest to the slowest."""
    taken = []
    for text in texts:
        started = time.thread_time()
        call(text)
        taken.append(1000 * (time.thread_time() - started))
    return sorted(taken)


def _slips(lexicon: Lexicon, number: int) -> list[tuple[str, str]]:
    chance = random.Random(2)
    words = sorted(word for word in lexicon.of("cyrillic").counts if "а" <= word[0] <= "я" and len(word) > 6)
    pairs = [(word, misspelt(word, chance)) for word in chance.sample(words, number)]
    return [(word, typed) for word, typed in pairs if typed != word]


def _report(name: str, taken: list[float]) -> None:
    at = [statistics.median(taken), taken[int(0.95 * len(taken))], taken[-1]]
    print(f"{name:46} p50 {at[0]:7.2f}  p95 {at[1]:7.2f}  max {at[2]:7.2f} ms")


@click.command()
@click.option("--forms", default=100_000, show_default=True, help="How many word forms the index has.")
def main(forms: int) -> None:
    """Time the repair of what was mistyped, and count the slips that are put right."""
    lexicon = large_lexicon(forms)
    print(f"{sum(len(lexicon.of(script).counts) for script in SCRIPTS)} forms")
    is_doubtful("эмпатия empathy 标")
    for script, part in _PARTS:
        words = lexicon.of(script)
        tracemalloc.start()
        getattr(words, part)
        kept = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        vars(words).pop(part)
        started = time.thread_time()
        getattr(words, part)
        print(f"{part:12} {time.thread_time() - started:.2f} s, {kept:.1f} MB")
    slips = _slips(lexicon, 500)

    def one(text: str) -> object:
        return repair(text, lexicon, lambda _: False)

    _report("an unknown Russian word", milliseconds(one, [typed for _, typed in slips]))
    _report("known words, four", milliseconds(is_doubtful, ["стандарты сервиса для гостей"] * 300))
    _report("an unknown Latin word", milliseconds(one, ["empahty", "servis", "obratnaya svyaz"] * 50))
    _report("pinyin", milliseconds(one, ["fuwu biaozhun", "fu wu biao zhun"] * 50))
    _report("wrong characters", milliseconds(one, ["服务标淮", "投述处理", "员工陪训怎么做"] * 50))
    _report("a wrong layout", milliseconds(one, ["'vgfnbz", "d cthdbct"] * 50))
    right = sum(
        (found := repair(typed, lexicon, lambda _: False)) is not None and found.text == word
        for word, typed in slips
    )
    print(f"slips put right: {right} of {len(slips)}")


if __name__ == "__main__":
    main()
