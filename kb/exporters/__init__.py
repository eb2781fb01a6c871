"""A pack → bytes in the formats that trainers hand over. One file a format, one line in the table.

Each module has `export(edition) -> bytes`; `edition` says what every format says of a pack.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from importlib import import_module

from kb.errors import InvalidRequest, MissingExtra
from kb.exporters.edition import Edition, parts, with_counterpart
from kb.exporters.words import WORDS, Words
from kb.models import Pack

__all__ = [
    "EXPORTERS",
    "WITH_QUIZ",
    "Edition",
    "Exporter",
    "Words",
    "export",
    "exporter",
    "file_name",
    "parts",
    "with_counterpart",
    "words_in",
]


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format: what it is called, the module that writes it, and what browsers and disks call it."""

    name: str
    module: str
    media_type: str
    suffix: str


_OFFICE = "application/vnd.openxmlformats-officedocument"

EXPORTERS: dict[str, Exporter] = {
    "docx": Exporter("Word", "docx", f"{_OFFICE}.wordprocessingml.document", ".docx"),
    "pptx": Exporter("PowerPoint", "pptx", f"{_OFFICE}.presentationml.presentation", ".pptx"),
    "html": Exporter("HTML", "html", "text/html", ".html"),
    "markdown": Exporter("Markdown", "markdown", "text/markdown", ".md"),
    "anki": Exporter("Anki", "anki", "application/octet-stream", ".apkg"),
    "csv": Exporter("CSV", "csv", "text/csv", ".csv"),
    "json": Exporter("JSON", "json", "application/json", ".json"),
}

# The formats that ask the learner something.
WITH_QUIZ = frozenset({"anki", "json"})

# Windows keeps these for devices, whatever follows the first dot.
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")
# What file systems and shells take for something else.
_UNSAFE = re.compile(r'[\\/:*?"<>|%~$`!#&;\s]+')
# File systems take 255 bytes, and some of them are the browser's " (1)" and ".part".
_LONGEST_NAME = 150


def exporter(form: str) -> Exporter:
    """The format of this name. Raises `InvalidRequest`."""
    if form not in EXPORTERS:
        known = ", ".join(EXPORTERS)
        raise InvalidRequest(f"A pack cannot be written as “{form}”; it can be as {known}.", "format")
    return EXPORTERS[form]


def words_in(language: str) -> Words:
    """The words around excerpts in a language of the interface. Raises `InvalidRequest`."""
    if language not in WORDS:
        known = ", ".join(WORDS)
        raise InvalidRequest(f"A pack cannot be in “{language}”; it can be in {known}.", "language")
    return WORDS[language]


def export(edition: Edition, form: str) -> bytes:
    """A pack in a format. Raises `InvalidRequest` for an unknown one, and `MissingExtra` when the
    library that writes it is not installed."""
    chosen = exporter(form)
    try:
        module = import_module(f"kb.exporters.{chosen.module}")
    except ModuleNotFoundError as error:
        raise MissingExtra(f"A pack as {chosen.name}", "exports") from error
    written: bytes = module.export(edition)
    return written


def file_name(pack: Pack, form: str) -> str:
    """A name that every file system takes: the title in its own script, and the format's suffix."""
    title = unicodedata.normalize("NFC", pack.title)
    # Controls, half surrogate pairs, what has no meaning yet, and what turns the direction of text.
    title = "".join(
        " " if unicodedata.category(sign)[0] in "CZ" and sign != "\u200d" else sign for sign in title
    )
    stem = _UNSAFE.sub(" ", title)
    stem = _DEVICES.sub(r"\1_", stem.strip(" .-"))
    while len(stem.encode()) > _LONGEST_NAME:
        stem = stem[:-1]
    stem = stem.rstrip(" .-\u200d")
    return f"{stem or 'pack'}{exporter(form).suffix}"
