"""The map of principles: each name once on the ring, apart from the next, and each relation once."""

from __future__ import annotations

import math
import re

from kb.models import Principle
from web.chart import Chart, draw


def principle(id: str, *related: str) -> Principle:
    return Principle(id, f"urn:{id}", {"en": id}, related=related)


# Two groups of two and one, and a top concept with nothing below it.
TREE = [
    (principle("top"), [principle("a", "b", "d"), principle("b", "a")]),
    (principle("other"), [principle("c", "nowhere")]),
    (principle("d", "a"), []),
]


def chart() -> Chart:
    return draw(TREE, label=str.upper, hue=ord)


def test_each_principle_has_a_place_on_the_ring() -> None:
    nodes = chart().nodes
    assert [(node.id, node.label, node.hue) for node in nodes] == [(id, id.upper(), ord(id)) for id in "abcd"]
    assert {round(math.hypot(node.x, node.y)) for node in nodes} == {165}
    angles = [math.degrees(math.atan2(node.y, node.x)) % 360 for node in nodes]
    # A quarter of what three gaps of seven degrees leave, beginning at the top, in the order of the clock.
    step = (360 - 3 * 7) / 4
    first = 270 + step / 2
    expected = [first, first + step, first + 2 * step + 7, first + 3 * step + 14]
    assert [round(angle) for angle in angles] == [round(angle % 360) for angle in expected]


def test_names_are_read_from_outside() -> None:
    for node in chart().nodes:
        assert node.flipped is (node.x < 0)
        assert -90 <= (node.turn + 90) % 360 - 90 <= 90


def test_each_relation_is_an_arc_between_its_names() -> None:
    drawn = chart()
    places = {node.id: (node.x, node.y) for node in drawn.nodes}
    assert [(arc.ends, arc.hue) for arc in drawn.arcs] == [(("a", "b"), ord("a")), (("a", "d"), ord("a"))]
    for arc in drawn.arcs:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arc.path)]
        assert (tuple(numbers[:2]), tuple(numbers[-2:])) == tuple(places[end] for end in arc.ends)


def test_it_is_large_enough_for_the_longest_name() -> None:
    assert (
        draw(TREE, label=lambda id: "服务" * 4, hue=ord).size
        > draw(TREE, label=lambda id: "name" * 2, hue=ord).size
    )
    assert draw([], str, ord) == Chart((), (), 366)
