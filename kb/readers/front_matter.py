"""The YAML block at the head of a text → Metadata.

The block is only composed into YAML's node tree, never constructed into Python objects: every
value stays the string that the editor wrote (`no` is no boolean, `2025-13-45` no crash), every
value knows its line, and no tag in it can do anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml
from rapidfuzz import process

from kb import languages
from kb.language_codes import ISO_639_1
from kb.readers.dates import parse_date
from kb.readers.draft import UNSTATED, Finding, Metadata, NumberedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

MAX_FRONT_MATTER = 32_768
"""Characters. YAML is read at about 100 KB a second."""

_MAX_DEPTH = 50

FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "name", "headline", "schema.headline", "schema.name"),
    "summary": ("summary", "description", "excerpt", "abstract", "schema.description"),
    "author": ("author", "authors", "byline", "schema.author"),
    "publisher": ("publisher", "schema.publisher", "site_name", "site"),
    "published": (
        "published", "pubDate", "datePublished", "publishDate", "publish_date", "date", "created",
        "schema.datePublished", "updated", "modified", "lastmod", "dateModified",
    ),
    "url": (
        "canonical", "canonical_url", "canonicalUrl", "canonicalURL", "url", "link", "permalink",
        "schema.mainEntityOfPage", "schema.url",
    ),
    "licence": ("licence", "license", "schema.license"),
    "keywords": ("keywords", "tags", "schema.keywords"),
    "principles": ("principles",),
    "sources": ("sources", "references"),
    "language": ("language", "lang", "locale", "schema.inLanguage"),
    "stated_id": ("id",),
}  # fmt: skip
"""Which keys state which field of the metadata, the likeliest first; a dot goes into a mapping."""

_KNOWN_KEYS = frozenset(path.split(".")[0] for paths in FIELDS.values() for path in paths)
_FENCE = re.compile(r"---\s*$")
_END = re.compile(r"(?:---|\.\.\.)\s*$")
_ENTRY = re.compile(r"[\"']?(?P<key>[A-Za-z_@][\w@.-]*)[\"']?\s*:(?:\s+(?P<value>.*))?$")
_EMPTY = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class _Stated:
    """A value of the block, made of strings, lists and dicts only, and the file's line it is on."""

    value: Any
    line: int


def split(text: NumberedText) -> tuple[Metadata, NumberedText, list[Finding]]:
    """What the block at the head of `text` states, the text after it, and what is wrong with it."""
    start = next((index for index, line in enumerate(text.lines) if line.strip()), 0) + 1
    if not text.lines or not _FENCE.match(text.lines[start - 1]) or not _entry_key(text, start):
        return UNSTATED, text, []
    lines = range(start, len(text.lines))
    if closing := next((index for index in lines if _END.match(text.lines[index])), None):
        metadata, findings = _read(text.part(start, closing))
        return metadata, text.part(closing + 1), findings
    if _entry_key(text, start) not in _KNOWN_KEYS:  # a rule above a paragraph that has a colon
        return UNSTATED, text, []
    blank = next((index for index in lines if not text.lines[index].strip()), len(text.lines))
    metadata, findings = _read(text.part(start, blank))
    message = "The front matter is never closed: put a line --- below its last entry."
    unclosed = Finding("broken-front-matter", message, text.number(start - 1))
    return metadata, text.part(blank), [unclosed, *findings]


def whole(text: NumberedText) -> tuple[Metadata, list[Finding]]:
    """What a file states that is nothing but such a block, and what is wrong with it.

    Front matter may hold what other programs want to know; such a file is written for this one, so
    a key that means nothing here is a mistake.
    """
    entries, broken = _entries(text)
    metadata, mistakes = _metadata(entries)
    unknown = [_unknown(key, stated.line) for key, stated in entries.items() if key not in _KNOWN_KEYS]
    return metadata, [*broken, *mistakes, *unknown]


def _unknown(key: str, line: int) -> Finding:
    likely = process.extractOne(key.lower(), _KNOWN_KEYS, score_cutoff=60)
    hint = f"did you mean “{likely[0]}”?" if likely else f"known are {', '.join(FIELDS)}."
    return Finding("unknown-key", f"“{key[:40]}” means nothing here: {hint}", line)


def _entry_key(text: NumberedText, start: int) -> str:
    """The key of the entry that the block begins with; empty when it begins with something else."""
    first = next((line for line in text.lines[start:] if line.strip() and not line.startswith("#")), "")
    match = _ENTRY.match(first)
    return match["key"] if match else ""


def _read(block: NumberedText) -> tuple[Metadata, list[Finding]]:
    """The metadata that a block states, and what is wrong with it."""
    entries, broken = _entries(block)
    metadata, bad_dates = _metadata(entries)
    return metadata, broken + bad_dates


# --- YAML ---------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Composes a tree of bearable size: nine lines of aliases can stand for a billion strings."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node of the tree; YAMLError for an alias, or when it is nested too deeply."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read", problem_mark=mark)
        if self.depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _entries(block: NumberedText) -> tuple[dict[str, _Stated], list[Finding]]:
    """The entries of the block; when it is broken, those that can be salvaged one by one."""
    if sum(map(len, block.lines)) > MAX_FRONT_MATTER:
        message = f"The metadata is longer than {MAX_FRONT_MATTER:,} characters and was not read."
        return {}, [Finding("broken-front-matter", message, block.number(0))]
    try:
        return _composed(block), []
    except (yaml.YAMLError, ValueError) as error:
        return _salvaged(block), [_broken(error, block)]


def _composed(block: NumberedText) -> dict[str, _Stated]:
    """The entries of a block that is sound YAML; raises YAMLError for another."""
    node = yaml.compose(block.text, Loader=_Loader)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise yaml.MarkedYAMLError(problem="it is not a list of `key: value`", problem_mark=node.start_mark)
    return {
        str(key.value): _Stated(_plain(value), block.number(key.start_mark.line)) for key, value in node.value
    }


def _plain(node: yaml.Node) -> Any:
    """A node as a string, list or dict."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return "" if node.value in _EMPTY else str(node.value)


def _salvaged(block: NumberedText) -> dict[str, _Stated]:
    """The entries of a broken block that are sound alone; of a broken line, what stands after the colon.

    title: Сервис: как начать   is no YAML, but what it says is clear
    """
    entries: dict[str, _Stated] = {}
    for part in _chunks(block):
        try:
            entries |= _composed(part)
        except (yaml.YAMLError, ValueError):
            match = _ENTRY.match(part.lines[0])
            if match and (match["value"] or "").strip() and len(part.lines) == 1:
                entries[match["key"]] = _Stated(match["value"].strip().strip("\"'"), part.number(0))
    return entries


def _chunks(block: NumberedText) -> Iterator[NumberedText]:
    """The block cut before each `key:` that is not indented."""
    starts = [index for index, line in enumerate(block.lines) if _ENTRY.match(line)]
    for start, stop in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        yield block.part(start, stop)


def _broken(error: Exception, block: NumberedText) -> Finding:
    """What is wrong with the block and where, in words for the editor."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return Finding(
        "broken-front-matter",
        f"The metadata cannot be read as YAML here: {problem}. Put the value in quotes, perhaps; "
        "the entries that could be understood were kept.",
        block.number(mark.line if mark else 0),
    )


# --- Fields -------------------------------------------------------------------------------------


def _metadata(entries: dict[str, _Stated]) -> tuple[Metadata, list[Finding]]:
    """The metadata that the entries state, and the dates and languages that are none."""
    published, findings = _published(entries)
    language, locale = language_of(_first(entries, "language", _text))
    if language == "und" and (stated := next(_stated(entries, "language"), None)):
        said = str(stated.value)[:40]
        message = f"“{said}” is no language that is known: write it as ru, zh, en, uk or the like."
        findings.append(Finding("unknown-language", message, stated.line))
    return Metadata(
        title=_first(entries, "title", _text),
        language=language,
        locale=locale,
        summary=_first(entries, "summary", _text),
        author=_first(entries, "author", _names),
        publisher=_first(entries, "publisher", _names),
        published=published,
        url=_first(entries, "url", web_address),
        licence=_first(entries, "licence", _text),
        keywords=_each(entries, "keywords", split_at_commas=True),
        principles=_each(entries, "principles", split_at_commas=True),
        sources=_each(entries, "sources", split_at_commas=False),
        stated_id=_first(entries, "stated_id", _text),
    ), findings


def _lookup(entries: dict[str, _Stated], path: str) -> _Stated | None:
    """The value at `schema.publisher` or the like; None when it is not there or says nothing."""
    key, *rest = path.split(".")
    if key not in entries:
        return None
    value = entries[key].value
    for step in rest:
        value = value.get(step) if isinstance(value, dict) else None
    return _Stated(value, entries[key].line) if value else None


def _stated(entries: dict[str, _Stated], field: str) -> Iterator[_Stated]:
    """Everything that the entries state for a field, the likeliest first."""
    return (stated for path in FIELDS[field] if (stated := _lookup(entries, path)))


def _first(entries: dict[str, _Stated], field: str, read: Callable[[Any], str]) -> str:
    """The first value for a field that `read` can make something of."""
    return next((text for stated in _stated(entries, field) if (text := read(stated.value))), "")


def _text(value: Any) -> str:
    """A string with its white space collapsed; nothing for a list or mapping."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _names(value: Any) -> str:
    """One or several names: a string, a mapping with `name`, or a list of these."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_names, value)))
    return _text(value.get("name", "")) if isinstance(value, dict) else _text(value)


def web_address(value: Any) -> str:
    """An absolute http or https address: a string, or a mapping with `@id` or `url`."""
    if isinstance(value, dict):
        return web_address(value.get("@id", "")) or web_address(value.get("url", ""))
    text = _text(value)
    try:
        parts = urlsplit(text)
    except ValueError:  # http://[oops
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""


def _each(entries: dict[str, _Stated], field: str, *, split_at_commas: bool) -> tuple[str, ...]:
    """The items of a list, or of a string with commas; each once, in order."""
    stated = next(_stated(entries, field), None)
    value: Any = stated.value if stated else ()
    if isinstance(value, str):
        value = separated(value) if split_at_commas else [value]
    texts = (_text(item) or _names(item) for item in value)
    return tuple(dict.fromkeys(filter(None, texts)))


def separated(text: str) -> list[str]:
    """The items of a list that is written in one line: сервис, NPS，жалоба、 投诉"""
    return re.split(r"[,;，；、]", text)


def _published(entries: dict[str, _Stated]) -> tuple[date | None, list[Finding]]:
    """The first date that is one, and a finding for each before it that is not."""
    findings: list[Finding] = []
    for stated in _stated(entries, "published"):
        text = _text(stated.value)
        if found := parse_date(text):
            return found, findings
        message = f"“{text[:40] or stated.value}” is no date that is understood: write it as 2026-03-31."
        findings.append(Finding("bad-date", message, stated.line))
    return None, findings


_HANT = ("hant", "tw", "hk", "mo", "繁體中文")
_HANS = ("hans", "cn", "sg", "简体中文")


def language_of(stated: str) -> tuple[str, str]:
    """The language and locale of a stated language; "und" for what is not stated or not known.

    zh-CN -> ("zh", "zh-Hans"); zh -> ("zh", "und"), since the script is not stated
    """
    subtags = stated.lower().replace("_", "-").split("-")
    language = languages.named(subtags[0]) or subtags[0]
    if language != "zh":
        return (language, language) if language in ISO_639_1 else ("und", "und")
    if any(subtag in _HANT for subtag in subtags):
        return language, "zh-Hant"
    return language, "zh-Hans" if any(subtag in _HANS for subtag in subtags) else "und"
