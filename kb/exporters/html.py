"""One HTML file that needs nothing else: no scripts, no fonts, no pictures. Printed, it is the PDF."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from kb.exporters.edition import Edition, heading, lines, path, with_counterpart


def export(edition: Edition) -> bytes:
    """The page, in UTF-8."""
    page = _template().render(
        edition=edition,
        pack=edition.pack,
        words=edition.words,
        heading=heading,
        lines=lines,
        path=path,
        with_counterpart=with_counterpart,
    )
    return page.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("kb", "exporters"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("pack.html")
