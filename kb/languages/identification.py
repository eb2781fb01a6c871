"""Which of the languages of a script a text is written in.

py3langid (naive Bayes over byte n-grams: Lui & Baldwin 2012) knows 140 languages and tells well how
sure it is. It is asked only in doubt, since its model takes a second to load.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any

from kb.language_codes import ISO_639_1

# Characters that are looked at.
_SAMPLE = 20_000
# Fewer letters tell nothing but the script.
_ENOUGH = 60
# The probability from which a language is believed.
_SURE = 0.6
# The languages of a script that are told apart, by the one that stands for the script.
_ALIKE: dict[str, tuple[str, ...]] = {
    "ru": ("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba"),
    "en": (
        "en", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sk", "sl", "hr", "bs", "ro", "hu", "fi", "sv",
        "da", "no", "nn", "is", "et", "lv", "lt", "tr", "az", "uz", "tk", "vi", "id", "ms", "tl", "sq",
        "ca", "gl", "eu", "ga", "mt", "af", "sw",
    ),
    "zh": ("zh", "ja"),
}  # fmt: skip

_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_ONLY_RUSSIAN = frozenset("ыэё")
_FOREIGN_SHARE = 0.01
_KANA = re.compile(r"[\u3041-\u30ff]")
# Japanese is more than a third kana; a Chinese text may name a の or two.
_KANA_SHARE = 0.2


def has_letters(text: str) -> bool:
    """Whether there is a letter of any script in the beginning of a text."""
    return any(map(str.isalpha, text[:_SAMPLE]))


def among(text: str, code: str, likely: str = "") -> str:
    """The language of a text, most of which is in the script of `code`; "und" is any other script."""
    sample = text[:_SAMPLE]
    letters = [letter for letter in sample.lower() if letter.isalpha()]
    if code == "und" or _is_foreign(letters):
        return _guess(sample, tuple(ISO_639_1)) or "und"
    if code == "zh":
        return "ja" if len(_KANA.findall(sample)) > _KANA_SHARE * len(letters) else "zh"
    if code == "ru" and not _is_doubtful(letters):
        return "ru"
    alike = _ALIKE.get(code, (code,))
    fallback = likely if likely in alike else code
    return (_guess(sample, alike) if len(letters) >= _ENOUGH else "") or fallback


def _is_doubtful(letters: list[str]) -> bool:
    """Whether a Cyrillic text has letters that Russian has not, or lacks those that only Russian has."""
    cyrillic = [letter for letter in letters if "\u0400" <= letter <= "\u052f"]
    foreign = sum(letter not in _RUSSIAN for letter in cyrillic)
    return foreign > _FOREIGN_SHARE * len(cyrillic) or not _ONLY_RUSSIAN.intersection(cyrillic)


def _is_foreign(letters: list[str]) -> bool:
    """Whether most letters are of a script that no language of ours is written in: Arabic, Greek."""
    names = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in letters[:2_000])
    ours = sum(names[script] for script in ("CYRILLIC", "LATIN", "CJK", "HIRAGANA", "KATAKANA"))
    return 2 * ours < names.total()


def _guess(sample: str, codes: tuple[str, ...]) -> str:
    """The one of some languages that a text is in; empty when that is not sure."""
    ranked = [(code, float(share)) for code, share in _identifier().rank(sample) if code in codes]
    total = sum(share for _, share in ranked)
    return ranked[0][0] if ranked and total > 0 and ranked[0][1] >= _SURE * total else ""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
