"""Nouns as JSON: with the names of their fields, but for the underscore that only Python needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pytest

from kb.json import encoded, plain, to_json


@dataclass(frozen=True)
class Bridge:
    from_: str
    to: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    bridges: tuple[Bridge, ...] = ()
    at: date | None = None


@dataclass(frozen=True)
class Plain:
    name: str


BRIDGE = Bridge("эмпатия", {"zh": ("移情",)})
AS_JSON = {"from": "эмпатия", "to": {"zh": ["移情"]}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (BRIDGE, AS_JSON),
        (Answer((BRIDGE,), date(2026, 11, 22)), {"bridges": [AS_JSON], "at": "2026-11-22"}),
        ({"found": [Answer()], "total": 1}, {"found": [{"bridges": [], "at": None}], "total": 1}),
        ((Plain("a"), "b", None), [{"name": "a"}, "b", None]),
    ],
)
def test_nouns_have_the_names_of_their_fields(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_programs_get_one_line_and_people_several() -> None:
    assert encoded(Plain("жалоба")) == '{"name":"жалоба"}'.encode()
    assert to_json(Plain("жалоба"), indent=0) == '{"name": "жалоба"}'
    assert to_json(Plain("жалоба")) == '{\n  "name": "жалоба"\n}'
