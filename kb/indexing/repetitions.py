"""What stands in the files more than once, as notices for editors: articles and single passages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from kb.engines import Engine, Place
from kb.models import Problem

# A passage in two articles is a quotation; in three it should stand in one, with links to it.
_MANY = 3
# Of each kind, so many are told one by one.
_MOST = 20
_NAMED = 3
_Repeated = TypeVar("_Repeated")


def notices(engine: Engine, paths: Mapping[str, str]) -> list[Problem]:
    """What is there twice, the most often repeated first. `paths` are the files of the articles, by id."""
    families = sorted(_families(engine, paths), key=len, reverse=True)
    family = {article: number for number, of in enumerate(families) for article in of}
    copied = (
        places
        for places in engine.copied(_MANY)
        if all(article in paths for article, _ in places)
        and len({family.get(article, article) for article, _ in places}) >= _MANY
    )
    return [
        *_few(families, lambda articles: _versions(articles, paths)),
        *_few(copied, lambda places: _copies(places, engine, paths)),
    ]


def _families(engine: Engine, paths: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The articles that are versions of each other, where they are in several files."""
    seen: set[str] = set()
    for article in sorted({article for places in engine.copied(2) for article, _ in places} & paths.keys()):
        if article not in seen:
            family = (article, *(other for other in engine.versions(article) if other in paths))
            seen.update(family)
            if len({paths[one] for one in family}) > 1:
                yield family


def _versions(articles: Sequence[str], paths: Mapping[str, str]) -> Problem:
    first, *others = sorted({paths[article] for article in articles})
    message = f"The same article in nearly the same words is also in {_named(others)}. Keep one of them."
    return Problem(first, None, "near-duplicate", message, "notice")


def _copies(places: Sequence[Place], engine: Engine, paths: Mapping[str, str]) -> Problem:
    # One of each article, and a line for as many as are named.
    articles = list(dict(places).items())
    lines = {place: _line(engine, place) for place in articles[: _NAMED + 1]}
    (first, line), *others = ((paths[place[0]], lines.get(place)) for place in articles)
    said = _named([f"{path}:{number}" if number else path for path, number in others])
    message = f"This passage also stands in {said}. Keep it in one article and link to it."
    return Problem(first, line, "copied-passage", message, "notice")


def _line(engine: Engine, place: Place) -> int | None:
    article, position = place
    found = engine.article(article)
    return found[1][position].blocks[0].line if found else None


def _named(files: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(files[:_NAMED])
    return shown if len(files) <= _NAMED else f"{shown} and {len(files) - _NAMED} more"


def _few(repeated: Iterable[_Repeated], say: Callable[[_Repeated], Problem]) -> list[Problem]:
    """What is to be said of the first; the last says how many are not listed."""
    left = iter(repeated)  # there may be millions
    said = [say(one) for one in islice(left, _MOST)]
    if rest := sum(1 for _ in left):
        said[-1] = replace(said[-1], message=f"{said[-1].message} Not listed: {rest} more like this.")
    return said
