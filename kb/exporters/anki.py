"""An Anki deck (.apkg), by genanki: a card for each excerpt and each question of the quiz.

Decks, note types and notes have ids that depend on the pack alone, so that importing the deck again
updates its cards and keeps what Anki knows of the learner. (Anki itself finds a deck by its name: one
that was given another title brings its new cards in a deck beside the old.)
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

import genanki

from kb.exporters.edition import Edition, heading, parts, path, with_counterpart
from kb.exporters.tables import Table, html_table
from kb.models import Excerpt, Question

_CSS = """
.card { max-width: 40em; margin: 0 auto; padding: 1em; font: 1.1em/1.6 sans-serif; text-align: left; }
blockquote { margin: 0 0 1em; padding-left: 1em; border-left: 4px solid #8fb8ca; }
table { border-collapse: collapse; margin-bottom: 1em; }
th, td { border: 1px solid #8fb8ca; padding: .3em .6em; text-align: left; vertical-align: top; }
.source { margin-top: 1.5em; color: #666; font-size: .75em; overflow-wrap: anywhere; }
.right { font-weight: bold; }
:lang(zh-Hans) { font-family: "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
:lang(zh-Hant) { font-family: "PingFang TC", "Microsoft JhengHei", "Noto Sans CJK TC", sans-serif; }
"""
_FIELDS = ("Question", "Answer", "Principles", "Note", "Source")
# The numbers are any, and stay for good: Anki knows a note type by them.
_NOTE_TYPE = 1_730_201_001
_BACK = """{{FrontSide}}<hr id=answer>{{Answer}}
{{#Principles}}<p>{{Principles}}</p>{{/Principles}}
{{#Note}}<p>{{Note}}</p>{{/Note}}
<div class=source>{{Source}}</div>"""


def export(edition: Edition) -> bytes:
    """The deck as an Anki package."""
    pack = edition.pack
    name = pack.id or "\n".join(excerpt.passage for excerpt in pack.excerpts)
    deck = genanki.Deck(
        _number(f"deck {name}"), " ".join(pack.title.replace("::", ": ").split()) or "Servicebook"
    )
    deck.description = escape(pack.introduction)
    note_type = genanki.Model(
        _NOTE_TYPE,
        "Servicebook",
        fields=[{"name": field} for field in _FIELDS],
        templates=[{"name": "Card", "qfmt": "{{Question}}", "afmt": _BACK}],
        css=_CSS,
    )
    for guid, fields, tags in _notes(edition, name):
        deck.add_note(genanki.Note(note_type, fields, guid=genanki.guid_for(guid), tags=tags))
    # genanki writes a database to a file of its own first; the package itself may go anywhere.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "deck.apkg")
        genanki.Package(deck).write_to_file(str(file))
        return file.read_bytes()


def _notes(edition: Edition, name: str) -> Iterator[tuple[str, list[str], list[str]]]:
    seen: set[str] = set()
    for excerpt in edition.pack.excerpts:
        if excerpt.passage not in seen:
            seen.add(excerpt.passage)
            yield f"{name} {excerpt.passage}", _excerpt_fields(edition, excerpt), list(excerpt.principles)
    for question in edition.quiz:
        yield f"{name} {question.id}", _question_fields(edition, question), [question.principle]


def _excerpt_fields(edition: Edition, excerpt: Excerpt) -> list[str]:
    asked = [escape(question) for question in excerpt.questions] or [escape(edition.words.unanswered)]
    about = _in_language(escape(heading(excerpt)), excerpt.source.locale)
    quotes = "".join(_quote(one) for one in with_counterpart(excerpt))
    sources = "<br>".join(_source(edition, one) for one in with_counterpart(excerpt))
    return [
        f"<p><b>{about}</b></p>" + "".join(f"<p>{question}</p>" for question in asked),
        quotes,
        escape(edition.principles_line(excerpt)),
        escape(excerpt.note).replace("\n", "<br>"),
        sources,
    ]


def _question_fields(edition: Edition, question: Question) -> list[str]:
    about = _in_language(_broken(question.about), question.locale)
    choices = "".join(f"<li>{_in_language(_broken(one.text), one.locale)}</li>" for one in question.choices)
    right = question.choices[question.right]
    letter = "ABCDEFGH"[question.right]
    source = _source(edition, question.excerpt) if question.excerpt else ""
    return [
        f"<p>{escape(question.prompt)}</p><blockquote>{about}</blockquote><ol type=A>{choices}</ol>",
        f"<p class=right>{letter}. {_in_language(_broken(right.text), right.locale)}</p>",
        "",
        "",
        source,
    ]


def _quote(excerpt: Excerpt) -> str:
    inside = "".join(
        html_table(part) if isinstance(part, Table) else f"<p>{_broken(part.marked)}</p>"
        for part in parts(excerpt)
    )
    return f'<blockquote lang="{escape(excerpt.source.locale)}">{inside}</blockquote>'


def _source(edition: Edition, excerpt: Excerpt) -> str:
    link = edition.link(excerpt)
    address = f'<a href="{escape(link)}">{escape(link)}</a>' if link else ""
    where, cited = escape(path(excerpt)), escape(edition.citation(excerpt.source))
    licence = escape(edition.licence(excerpt.source))
    return "<br>".join(filter(None, (where, cited, address, licence)))


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _in_language(html: str, locale: str) -> str:
    return f'<span lang="{escape(locale)}">{html}</span>'


def _number(name: str) -> int:
    """A number for a name that Anki takes as an id: below 2**53, as JavaScript has them."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") + 1
