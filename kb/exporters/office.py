"""What Word and PowerPoint must both be told: a document's properties, a script's fonts and language tag."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kb.models import Pack

# Both libraries refuse longer ones.
_LONGEST_PROPERTY = 255
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


def set_properties(properties: Any, pack: Pack) -> None:
    """Fill the core properties that python-docx or python-pptx gives of a document: what their templates
    say of themselves (who made them in 2013, and how) is not of this one."""
    author = (pack.author or "Servicebook")[:_LONGEST_PROPERTY]
    properties.title = pack.title[:_LONGEST_PROPERTY]
    properties.author = properties.last_modified_by = author
    properties.language = office_tag(pack.language)
    properties.comments = ""
    made = max((excerpt.quoted for excerpt in pack.excerpts), default=datetime.now(UTC))
    properties.created = properties.modified = made.replace(tzinfo=None)
