"""A passage → an excerpt that stays true: as it was quoted, and what has become of it since."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from kb.models import Article, Excerpt, ExcerptState, Passage, Source, Wording

# How many characters around a quote are kept to find it again; Hypothesis keeps as many.
_CONTEXT = 32
# A passage this like the quoted one is its new wording. Two paragraphs on one subject have some 0.4.
_LIKE_ENOUGH = 0.6
# What it is worth that the words on one side are the same as they were: a paragraph that was
# rewritten between two paragraphs that were not is still the same paragraph.
_SAME_NEIGHBOUR = 0.15


def quote(passage: Passage, article: Article, passages: Sequence[Passage], at: datetime) -> Excerpt:
    """The excerpt of a passage. `passages` are all of its article; `at` is now, in UTC."""
    return next(excerpt for excerpt in quotes(article, passages, at) if excerpt.passage == passage.id)


def quotes(article: Article, passages: Sequence[Passage], at: datetime) -> Iterator[Excerpt]:
    """The excerpts of all passages of an article."""
    text = "\n".join(passage.text for passage in passages)
    source = _source(article, text)
    start = 0
    for passage in passages:
        end = start + len(passage.text)
        yield Excerpt(
            passage=passage.id,
            source=source,
            blocks=passage.blocks,
            quoted=at,
            headings=passage.headings,
            prefix=text[max(start - _CONTEXT, 0) : start],
            suffix=text[end : end + _CONTEXT],
            start=start,
            principles=tuple(tag.principle for tag in sorted(passage.tags, key=lambda tag: -tag.weight)),
        )
        start = end + 1


def state_among(excerpt: Excerpt, candidates: Sequence[Excerpt]) -> ExcerptState:
    """What has become of an excerpt, when these are all excerpts of its article now."""
    same = [now for now in candidates if now.text == excerpt.text]
    if same:
        return ExcerptState(Wording.SAME, max(same, key=lambda now: _kinship(excerpt, now)))
    others = [now for now in candidates if not _stood_beside(excerpt, now)]
    if not others:
        return ExcerptState(Wording.GONE)
    nearest = max(others, key=lambda now: _kinship(excerpt, now))
    is_it = _kinship(excerpt, nearest) >= _LIKE_ENOUGH
    return ExcerptState(Wording.CHANGED if is_it else Wording.GONE, nearest)


def _likeness(one: str, other: str) -> float:
    """How like two texts are, from 0 to 1: the share of their characters that an edit would leave."""
    from rapidfuzz.fuzz import ratio

    return ratio(one, other) / 100


def _kinship(excerpt: Excerpt, now: Excerpt) -> float:
    neighbours = (excerpt.prefix == now.prefix) + (excerpt.suffix == now.suffix)
    return _likeness(excerpt.text, now.text) + _SAME_NEIGHBOUR * neighbours


def _stood_beside(excerpt: Excerpt, now: Excerpt) -> bool:
    """Whether a passage is one that stood before or after the quote, and so is not its new wording."""
    line = f"\n{now.text}\n"
    before = excerpt.prefix and (line.endswith(excerpt.prefix) or excerpt.prefix.endswith(line))
    after = excerpt.suffix and (line.startswith(excerpt.suffix) or excerpt.suffix.startswith(line))
    return bool(before or after)


def _source(article: Article, text: str) -> Source:
    return Source(
        article=article.id,
        title=article.title,
        language=article.language,
        locale=article.locale,
        version=hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12],
        url=article.url,
        author=article.author,
        publisher=article.publisher,
        published=article.published,
        licence=article.licence,
    )
