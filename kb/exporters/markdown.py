"""Markdown (CommonMark): excerpts as block quotes, their sources numbered at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.exporters.edition import Edition, Line, heading, parts, path, with_counterpart
from kb.exporters.tables import Table
from kb.models import Excerpt

# What CommonMark takes for markup within a line, and at the beginning of one.
_INLINE = re.compile(r"[\\`*_\[\]<>&~|]|!(?=\[)")
_AT_BEGINNING = re.compile(r"^(?:(#{1,6}|[-+=]|\d{1,9}(?=[.)])))")
_SPACES = re.compile(r"[ \t\u00a0\u3000]*\n[ \t\u00a0\u3000]*")


def export(edition: Edition) -> bytes:
    """The pack as UTF-8 text."""
    return ("\n\n".join(filter(None, _parts(edition))) + "\n").encode()


def _parts(edition: Edition) -> Iterator[str]:
    pack, words = edition.pack, edition.words
    yield f"# {_one_line(pack.title)}"
    yield _escaped(words.by.format(author=pack.author)) if pack.author else ""
    yield _paragraphs(pack.introduction)
    for section in pack.sections:
        yield f"## {_one_line(section.title)}" if section.title else ""
        yield _paragraphs(section.introduction)
        for excerpt in section.excerpts:
            yield from _excerpt(edition, excerpt)
    if edition.sources:
        yield f"## {words.sources}"
        yield "\n".join(_source(edition, number, one) for number, one in enumerate(edition.sources, 1))


def _excerpt(edition: Edition, excerpt: Excerpt) -> Iterator[str]:
    words = edition.words
    yield f"### {_one_line(heading(excerpt))}"
    for one in with_counterpart(excerpt):
        yield "\n>\n".join(_table(part) if isinstance(part, Table) else _quoted(part) for part in parts(one))
        yield f"— {_one_line(path(one))} \\[{edition.number(one)}\\]"
    yield _one_line(edition.principles_line(excerpt))
    if excerpt.note:
        yield f"**{words.note}**"
        yield _paragraphs(excerpt.note)
    if excerpt.questions:
        yield f"**{words.questions}**"
        yield "\n".join(f"{number}. {_one_line(asked)}" for number, asked in enumerate(excerpt.questions, 1))


def _quoted(line: Line) -> str:
    return "\n".join(f"> {part}" for part in _escaped(line.marked).split("\n"))


def _table(table: Table) -> str:
    """A table as GitHub's Markdown has it, in the quote; one without a head gets an empty one."""
    width = len(table.rows[0])
    rows = table.rows if table.has_head else ((("",) * width), *table.rows)
    head, *rest = (f"> | {' | '.join(map(_one_line, row))} |" for row in rows)
    return "\n".join((head, f"> |{' --- |' * width}", *rest))


def _source(edition: Edition, number: int, excerpt: Excerpt) -> str:
    source, link = excerpt.source, edition.link(excerpt)
    address = f"<{link.translate(_ADDRESS)}>" if link else ""
    cited, licence = _one_line(edition.citation(source)), _one_line(edition.licence(source))
    quoted = _one_line(edition.quoted_on(excerpt))
    return f"{number}. " + " ".join(filter(None, (cited, address, licence, quoted)))


_ADDRESS = {ord("<"): "%3C", ord(">"): "%3E", ord(" "): "%20", ord("\n"): "%0A", ord("\t"): "%09"}


def _one_line(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _paragraphs(text: str) -> str:
    return "\n\n".join(_escaped(line) for line in text.split("\n") if line.strip())


def _escaped(text: str) -> str:
    """A text that Markdown shows as it stands; its line ends are hard breaks."""
    trimmed = _SPACES.sub("\n", text).strip(" \t\n")
    shown = [_AT_BEGINNING.sub(_before_last, _INLINE.sub(r"\\\g<0>", line)) for line in trimmed.split("\n")]
    return "\\\n".join(line for line in shown if line)


def _before_last(match: re.Match[str]) -> str:
    r"""A marker that marks nothing: \#, \-, 1\."""
    found = match[0]
    return f"{found}\\" if found[0].isdigit() else f"\\{found}"
