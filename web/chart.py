"""The map of principles: a ring of names, each joined by arcs to those it is related to.

The names are in the list beside it too; the map only shows what belongs together.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.models import Principle

_RADIUS = 165.0
# The room a letter takes, and a Han character; and that between the ring and a name.
_LETTER, _HAN, _SPACE = 8.6, 15.0, 18.0
# Degrees between the groups of the ring.
_GAP = 7.0


@dataclass(frozen=True, slots=True)
class Node:
    """A name on the ring: where it stands, and how its text is turned so as to be read from outside."""

    id: str
    label: str
    hue: int
    x: float
    y: float
    turn: float
    flipped: bool


@dataclass(frozen=True, slots=True)
class Arc:
    """A line between two related principles, as an SVG path, in the colour of the first."""

    ends: tuple[str, str]
    hue: int
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The map, centred on 0, 0."""

    nodes: tuple[Node, ...]
    arcs: tuple[Arc, ...]
    size: int


def draw(
    tree: Sequence[tuple[Principle, Sequence[Principle]]],
    label: Callable[[str], str],
    hue: Callable[[str], int],
) -> Chart:
    """Place the principles of each top concept side by side, and join what is related."""
    groups = [below or [top] for top, below in tree]
    places = sum(map(len, groups))
    step = (360 - _GAP * len(groups)) / max(places, 1)
    nodes: dict[str, Node] = {}
    angle = -90.0
    for group in groups:
        for principle in group:
            nodes[principle.id] = _node(principle.id, label, hue, angle + step / 2)
            angle += step
        angle += _GAP
    pairs = {
        tuple(sorted((principle.id, other)))
        for group in groups
        for principle in group
        for other in principle.related
        if other in nodes
    }
    arcs = tuple(_arc(nodes[one], nodes[other]) for one, other in sorted(pairs))
    reach = _RADIUS + _SPACE + max((_width(node.label) for node in nodes.values()), default=0)
    return Chart(tuple(nodes.values()), arcs, size=2 * math.ceil(reach))


def _width(label: str) -> float:
    return sum(_HAN if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in label)


def _node(id: str, label: Callable[[str], str], hue: Callable[[str], int], angle: float) -> Node:
    x, y = _RADIUS * math.cos(math.radians(angle)), _RADIUS * math.sin(math.radians(angle))
    flipped = x < 0
    return Node(id, label(id), hue(id), round(x, 1), round(y, 1), round(angle + 180 * flipped, 1), flipped)


def _arc(one: Node, other: Node) -> Arc:
    """A curve that bends towards the middle, the more the further its ends are apart."""
    bend = 0.35
    path = (
        f"M{one.x} {one.y}C{one.x * bend:.1f} {one.y * bend:.1f} "
        f"{other.x * bend:.1f} {other.y * bend:.1f} {other.x} {other.y}"
    )
    return Arc((one.id, other.id), one.hue, path)
