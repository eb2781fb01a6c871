"""What gives away that a sentence is not the article but something put around it: words, by language.

The tables are in `russian`, `chinese` and `english`. A phrase is written in small letters, one a
line or several with `;` between. In it, `*` stands for the rest of a word, ` … ` for up to four
words (in Chinese `…` for up to eight characters), `(a|b)` for either, `(a)?` for perhaps, `е` for ё
too, and `brand` for a name of the publisher.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Phrases = tuple[str, ...]


def phrases(table: str) -> Phrases:
    """The phrases of a table."""
    return tuple(phrase for phrase in re.split(r"\s*[;\n]\s*", table.strip()) if phrase)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Evidence in a sentence, which `kb.readers.left_out.calls` weighs:

    strong_calls   ask the reader to turn to the publisher, and can hardly mean anything else
    calls          ask for an order, a subscription or the like; an article about service may, too
    weak_calls     ask to call, write or come, which is what articles about service are about
    brand_offers   a publisher, by name, praises what it does for its customers
    offers         "we" will do something; an offer if it is for "you"
    weak_offers    "we offer": an offer if it stands beside another
    pitches        questions and conditions that open an offer
    publisher      the publisher speaks of itself
    reader         the reader is addressed
    lures          what is promised, and the hurry it is promised in
    channels       where to turn: a link, a channel, a code to scan
    mentions       words or deeds of others are told of: this speaks against an advertisement

    Whole lines and boxes, see `kb.readers.left_out.boxes`:

    buttons        what a placeholder in square brackets stands for
    courses        what an advertisement for a course says of it
    contacts       what a line of contacts below an advertisement has
    read_also      headings of lists of other articles
    disclaimers    how a disclaimer or copyright notice begins
    disclaiming    what it says
    about_author   headings of notes about the author
    credits        who else worked on the article: what stands before the name
    organisations  nouns that make an author or publisher an organisation and are not its name
    """

    strong_calls: Phrases
    calls: Phrases
    weak_calls: Phrases
    brand_offers: Phrases
    offers: Phrases
    weak_offers: Phrases
    pitches: Phrases
    publisher: Phrases
    reader: Phrases
    lures: Phrases
    channels: Phrases
    mentions: Phrases
    buttons: Phrases
    courses: Phrases
    contacts: Phrases
    read_also: Phrases
    disclaimers: Phrases
    disclaiming: Phrases
    about_author: Phrases
    credits: Phrases
    organisations: Phrases
