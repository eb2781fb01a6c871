"""What is told of something that was left out."""

from __future__ import annotations

from kb.readers.draft import Element, Finding

_WHAT = {
    "left-out-advert": "An advertisement or call to action",
    "left-out-form": "A placeholder for a button or form",
    "left-out-read-also": "A list of other articles",
    "left-out-disclaimer": "A disclaimer",
    "left-out-author-box": "A note about the author",
}
_QUOTE = 60


def notice(code: str, element: Element, text: str | None = None) -> Finding:
    """The notice that an element, or `text` out of it, was left out."""
    quote = " ".join((element.text if text is None else text).split())
    quote = quote if len(quote) <= _QUOTE else quote[:_QUOTE].rstrip() + "…"
    return Finding(code, f"{_WHAT[code]} was left out: “{quote}”.", element.line, "notice")
