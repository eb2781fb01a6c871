"""Dates as editors write them → `datetime.date`."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = {  # the first letters that tell the month, in Russian and English
    1: ("янв", "jan"),
    2: ("фев", "feb"),
    3: ("мар", "mar"),
    4: ("апр", "apr"),
    5: ("мая", "май", "may"),
    6: ("июн", "jun"),
    7: ("июл", "jul"),
    8: ("авг", "aug"),
    9: ("сен", "sep"),
    10: ("окт", "oct"),
    11: ("ноя", "nov"),
    12: ("дек", "dec"),
}
_MONTH_NUMBERS = {name: number for number, names in _MONTHS.items() for name in names}

_TIME = r"(?:[T ,]\s*\d{1,2}:\d{2}\S*(?:\s*\S{1,6})?)?"
_FORMS = tuple(
    re.compile(form + _TIME)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",  # 2025-07-22T01:11:24.009Z
        r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})",  # 2025/07/22
        r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日?",  # 2025年7月22日
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",  # 22.07.2025
        # Tue, 22 July 2025;  22 июля 2025 г.
        r"(?:[A-Za-z]{3,9}, )?(?P<day>\d{1,2}) (?P<name>[А-Яа-яA-Za-z]{3,9})\.?,? (?P<year>\d{4})"
        r"(?: ?г(?:ода|\.)?)?",
        r"(?P<name>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})",  # July 22, 2025
    )
)


def parse_date(text: str) -> date | None:
    """The date that is the whole of `text`, a time of day after it allowed; None when there is none.

    An American 07/22/2025 is not read: 07/08/2025 would be another day in Europe.
    """
    for form in _FORMS:
        if match := form.fullmatch(text.strip()):
            return _date(match.groupdict())
    return None


def _date(parts: dict[str, str | None]) -> date | None:
    """The date of a match's named groups; None when there is no such day."""
    month = parts.get("month") or _MONTH_NUMBERS.get((parts.get("name") or "")[:3].lower(), 0)
    try:
        return date(int(parts["year"] or 0), int(month), int(parts["day"] or 0))
    except ValueError:
        return None
