"""What Word and PowerPoint must be told of a script: its fonts and its language tag."""

from __future__ import annotations

LATIN_FONT = "Calibri"
# By the BCP 47 tag of the text. Han characters of other texts are set as Simplified.
_EAST_ASIAN_FONTS = {"zh-Hans": "Microsoft YaHei", "zh-Hant": "Microsoft JhengHei"}
_TAGS = {"ru": "ru-RU", "en": "en-GB", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}


def east_asian_font(locale: str) -> str:
    """The font of its Han characters."""
    return _EAST_ASIAN_FONTS.get(locale, _EAST_ASIAN_FONTS["zh-Hans"])


def is_chinese(locale: str) -> bool:
    """Whether its quotation marks and dashes are Chinese too."""
    return locale.startswith("zh")


def office_tag(locale: str) -> str:
    """The tag that Microsoft's programs know the language by."""
    return _TAGS.get(locale, locale)
