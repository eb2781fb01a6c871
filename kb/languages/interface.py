"""The languages that people read the product in, which distinguish the two ways to write Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from kb.languages.chinese_scripts import in_taiwan

INTERFACE_LANGUAGES = ("ru", "zh-Hans", "zh-Hant", "en")


def content_language(tag: str) -> str:
    """The language that articles have: zh-Hant -> zh."""
    return tag.partition("-")[0]


def in_interface(texts: Mapping[str, str], tag: str) -> str:
    """A text of the vocabulary, which has them by language and writes Chinese in Simplified
    characters, as readers of an interface read it; in English or any language where it lacks theirs."""
    code = next((code for code in (content_language(tag), "en", *texts) if code in texts), None)
    if code is None:
        return ""
    return in_script(texts[code], code, tag)


def in_script(text: str, code: str, tag: str) -> str:
    """A text of the vocabulary in a language, with the characters that readers of an interface read."""
    return in_taiwan(text) if code == "zh" and tag == "zh-Hant" else text
