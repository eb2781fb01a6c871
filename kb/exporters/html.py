"""One HTML file that needs nothing else: no scripts, no fonts, no pictures. Printed, it is the PDF."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from kb.exporters.edition import Edition, heading, parts, path, with_counterpart
from kb.exporters.tables import Table, has_table, html_table
from kb.models import Excerpt, PackSection

_CSS = Path(__file__).with_name("html.css")


def export(edition: Edition) -> bytes:
    """The page, in UTF-8."""
    return "\n".join((*_head(edition), *_body(edition), "</html>", "")).encode()


def _head(edition: Edition) -> Iterator[str]:
    pack = edition.pack
    yield f'<!doctype html>\n<html lang="{edition.words.tag}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    if pack.author:
        yield f'<meta name="author" content="{escape(pack.author)}">'
    yield f"<title>{escape(pack.title)}</title>"
    yield f"<style>\n{_CSS.read_text('utf-8')}</style>\n</head>"


def _body(edition: Edition) -> Iterator[str]:
    pack, words = edition.pack, edition.words
    yield f"<body>\n<header><h1>{escape(pack.title)}</h1>"
    if pack.author:
        yield _paragraph(words.by.format(author=pack.author), "about")
    yield f"{_paragraph(pack.introduction)}</header>"
    yield from _contents(edition)
    yield "<main>"
    for number, section in enumerate(pack.sections, 1):
        yield from _section(edition, section, number)
    yield "</main>"
    if edition.sources:
        yield f'<footer><h2>{words.sources}</h2>\n<ol class="sources">'
        yield from (_source(edition, one, number) for number, one in enumerate(edition.sources, 1))
        yield "</ol></footer>"
    yield "</body>"


def _contents(edition: Edition) -> Iterator[str]:
    titled = [(at, section.title) for at, section in enumerate(edition.pack.sections, 1) if section.title]
    if len(titled) > 1:
        yield f'<nav aria-labelledby="contents"><h2 id="contents">{edition.words.contents}</h2>\n<ol>'
        yield from (f'<li><a href="#section-{at}">{escape(title)}</a></li>' for at, title in titled)
        yield "</ol></nav>"


def _section(edition: Edition, section: PackSection, number: int) -> Iterator[str]:
    yield "<section>"
    if section.title:
        yield f'<h2 id="section-{number}">{escape(section.title)}</h2>'
    yield _paragraph(section.introduction)
    for excerpt in section.excerpts:
        yield from _excerpt(edition, excerpt)
    yield "</section>"


def _excerpt(edition: Edition, excerpt: Excerpt) -> Iterator[str]:
    words = edition.words
    yield f'<article><h3 lang="{escape(excerpt.source.locale)}">{escape(heading(excerpt))}</h3>'
    is_wide = any(map(has_table, with_counterpart(excerpt)))
    yield f'<div class="{"one-by-one" if is_wide else "beside"}">'
    for one in with_counterpart(excerpt):
        yield from _quote(edition, one)
    yield f"</div>{_paragraph(edition.principles_line(excerpt), 'about')}"
    if excerpt.note:
        yield f'<div class="note"><strong>{words.note}</strong>{_paragraph(excerpt.note)}</div>'
    if excerpt.questions:
        asked = "".join(f"<li>{escape(question)}</li>" for question in excerpt.questions)
        yield f'<div class="questions"><strong>{words.questions}</strong><ol>{asked}</ol></div>'
    yield "</article>"


def _quote(edition: Edition, excerpt: Excerpt) -> Iterator[str]:
    yield f'<figure lang="{escape(excerpt.source.locale)}"><blockquote>'
    for part in parts(excerpt):
        if isinstance(part, Table):
            yield html_table(part)
            continue
        indent = f' style="margin-left: {1.5 * part.depth}rem"' if part.depth else ""
        yield f'<p class="lines"{indent}>{escape(part.marked)}</p>'
    number = edition.number(excerpt)
    where = f'{escape(path(excerpt))} <a href="#source-{number}">[{number}]</a>'
    yield f'</blockquote><figcaption class="of">{where}</figcaption></figure>'


def _source(edition: Edition, excerpt: Excerpt, number: int) -> str:
    source, link = excerpt.source, escape(edition.link(excerpt))
    cited = f'<span lang="{escape(source.locale)}">{escape(edition.citation(source))}</span>'
    address = f'<a href="{link}">{link}</a>' if link else ""
    quoted = f'<span class="about">{escape(edition.quoted_on(excerpt))}</span>'
    licence = escape(edition.licence(source))
    return f'<li id="source-{number}">{" ".join(filter(None, (cited, address, licence, quoted)))}</li>'


def _paragraph(text: str, kind: str = "lines") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""
