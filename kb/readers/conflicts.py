"""A text with git conflict markers → the complete versions that it holds.

Git writes both sides of a conflict into the file::

    shared
    <<<<<<< Updated upstream
    ours
    ||||||| merged common ancestors     (only with merge.conflictStyle = diff3)
    what both started from
    =======
    theirs
    >>>>>>> Stashed changes
    shared

Each version is the shared lines with one side of every conflict. All lines keep their numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.readers.draft import Finding, NumberedText

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER = re.compile(r"^(?P<sign><{7}|\|{7}|={7}|>{7})(?: (?P<label>.*))?$")


@dataclass(frozen=True, slots=True)
class Version:
    """One complete version of a text; `label` is empty when there is only one."""

    text: NumberedText
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Marker:
    """A line that may be a conflict marker: `sign` is its character, `index` the line's index."""

    sign: str
    label: str
    index: int


@dataclass(frozen=True, slots=True)
class _Conflict:
    """A well-formed conflict: its markers in order, `<`, perhaps `|`, `=` and `>`."""

    markers: tuple[_Marker, ...]

    @property
    def sides(self) -> tuple[range, range]:
        """The indices of the lines of our side and of theirs."""
        ours = range(self.markers[0].index + 1, self.markers[1].index)
        theirs = range(self.markers[-2].index + 1, self.markers[-1].index)
        return ours, theirs

    @property
    def whole(self) -> range:
        """The indices of all its lines, the markers included."""
        return range(self.markers[0].index, self.markers[-1].index + 1)


def versions(text: NumberedText) -> tuple[list[Version], list[Finding]]:
    """The versions that `text` holds, one when there is no conflict, and a finding for each marker."""
    markers = list(_markers(text))
    if not any(marker.sign == "<" for marker in markers):
        return [Version(text)], []  # a line of equal signs alone underlines a heading
    conflicts = list(_conflicts(markers))
    stray = _stray(markers, conflicts)
    findings = sorted(_findings(text, conflicts, stray), key=lambda finding: finding.line or 0)
    if not conflicts:
        return [Version(_without(text, {marker.index for marker in stray}))], findings
    first = conflicts[0].markers
    labels = (first[0].label or "ours", first[-1].label or "theirs")
    return [
        Version(_without(text, _all_but(side, conflicts) | {marker.index for marker in stray}), label)
        for side, label in enumerate(labels)
    ], findings


def _markers(text: NumberedText) -> Iterator[_Marker]:
    """Every line that has the form of a marker."""
    for index, line in enumerate(text.lines):
        if line[:7] in ("<<<<<<<", "|||||||", "=======", ">>>>>>>") and (
            match := _MARKER.match(line.rstrip())
        ):
            yield _Marker(match["sign"][0], (match["label"] or "").strip(), index)


def _conflicts(markers: list[_Marker]) -> Iterator[_Conflict]:
    """The well-formed conflicts among `markers`; whatever else is there is skipped."""
    start = 0
    while start < len(markers):
        for signs in ("<=>", "<|=>"):
            group = markers[start : start + len(signs)]
            if "".join(marker.sign for marker in group) == signs:
                yield _Conflict(tuple(group))
                start += len(signs)
                break
        else:
            start += 1


def _stray(markers: list[_Marker], conflicts: list[_Conflict]) -> list[_Marker]:
    """The markers outside every conflict; `=======` there is a heading's underline, not a marker."""
    used = {marker.index for conflict in conflicts for marker in conflict.markers}
    return [marker for marker in markers if marker.index not in used and marker.sign != "="]


def _all_but(side: int, conflicts: list[_Conflict]) -> set[int]:
    """The indices of the lines of all conflicts except those of one side, 0 or 1."""
    whole = {index for conflict in conflicts for index in conflict.whole}
    kept = {index for conflict in conflicts for index in conflict.sides[side]}
    return whole - kept


def _without(text: NumberedText, indices: set[int]) -> NumberedText:
    """`text` without the lines at `indices`."""
    kept = [index for index in range(len(text.lines)) if index not in indices]
    return NumberedText([text.lines[index] for index in kept], [text.numbers[index] for index in kept])


def _findings(text: NumberedText, conflicts: list[_Conflict], stray: list[_Marker]) -> Iterator[Finding]:
    """A finding at the line of each marker."""
    for conflict in conflicts:
        for marker in conflict.markers:
            yield Finding(
                "merge-conflict",
                f"An unresolved merge conflict ({marker.sign * 7}{' ' * bool(marker.label)}{marker.label}): "
                "both versions were read. Keep one and delete the markers.",
                text.number(marker.index),
            )
    for marker in stray:
        yield Finding(
            "broken-merge-conflict",
            f"A conflict marker ({marker.sign * 7}) without its counterparts: the text around it was kept. "
            "Delete the marker.",
            text.number(marker.index),
        )
