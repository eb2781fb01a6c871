"""Reading articles in: each becomes a file of the corpus folder and is indexed at once."""

from __future__ import annotations

from pathlib import PurePath

from flask import Response, request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from kb.corpus_folder import ArticleFile
from kb.errors import InvalidRequest, NotFound, Outdated
from kb.readers import READERS
from web.api import contract
from web.api.answers import answer
from web.api.calls import write
from web.api.contract import Parameters
from web.api.reading import article_tag, full_article
from web.current import book

_SUFFIXES = {
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_KNOWN = {media: suffix for media, suffix in _SUFFIXES.items() if suffix in READERS}
_EXAMPLE = "# A complaint is a gift\n\nThank the guest, apologise, put it right, tell the others.\n"
_BODY = {
    "required": True,
    "content": {
        **{
            media: {"schema": {"type": "string", "minLength": 1}, "example": _EXAMPLE}
            if media.startswith("text/")
            else {"schema": {}}
            for media in _KNOWN
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                "required": ["file"],
                "additionalProperties": False,
            }
        },
    },
}


@write("PUT", "/articles/<article_id>", contract.Written, "Writing", "Write an article", 409, 412, body=_BODY)
def put_article(asked: Parameters, article_id: str) -> Response:
    """Write an article, new or in place of the one with this id, as text, Markdown, HTML or a file.

    With `If-Match` only if it is still as it was read; with `If-None-Match: *` only if there is none.
    Markdown states its id in its front matter from then on, for others `ID.yml` beside the file does.
    """
    (written,) = book.write_articles([_sent(article_id)], check=lambda: _check_conditions(article_id))
    response = answer(written, 201 if written.outcome == "created" else 200)
    response.headers["Location"] = url_for("api.article", article_id=article_id)
    response.set_etag(_tag_of(article_id) or "")
    return response


@write("DELETE", "/articles/<article_id>", contract.Written, "Writing", "Delete an article", 409, 412)
def delete_article(asked: Parameters, article_id: str) -> Response:
    """Take an article's file out of the corpus folder, and the article out of the index."""
    (written,) = book.write_articles(remove=[article_id], check=lambda: _check_conditions(article_id))
    return answer(written)


def _sent(article_id: str) -> ArticleFile:
    """What the body holds, by its media type or the name of the file in it."""
    if request.mimetype == "multipart/form-data":
        unknown = {*request.form, *request.files} - {"file"}
        file = request.files.get("file")
        if file is None or unknown:
            raise InvalidRequest("Send one file, in the field “file”.", "file")
        return ArticleFile(article_id, PurePath(file.filename or "").suffix.lower(), file.read())
    if request.mimetype not in _KNOWN:
        raise UnsupportedMediaType(f"Send one of {', '.join(_KNOWN)}, or a file as multipart/form-data.")
    return ArticleFile(article_id, _KNOWN[request.mimetype], _utf8(request.get_data()))


def _utf8(content: bytes) -> bytes:
    """Text as files have it: the charset that it was sent in is known only here."""
    charset = request.mimetype_params.get("charset", "utf-8")
    if not request.mimetype.startswith("text/") or charset.lower() in ("utf-8", "utf8"):
        return content
    try:
        return content.decode(charset).encode()
    except (LookupError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not in {charset}: {error}.", "content") from None


def _check_conditions(article_id: str) -> None:
    """Raise `Outdated` where the article is not as the caller's conditions say (RFC 9110, 13.1)."""
    wanted, unwanted = request.if_match, request.if_none_match
    if not wanted and not unwanted:
        return
    tag = _tag_of(article_id)
    if wanted and (tag is None or not wanted.contains(tag)):
        raise Outdated(f"“{article_id}” is not as you read it; read it again and write anew.")
    if unwanted and tag is not None and unwanted.contains_weak(tag):
        raise Outdated(f"There is already an article “{article_id}” like this.")


def _tag_of(article_id: str) -> str | None:
    try:
        return article_tag(full_article(*book.article(article_id)))
    except NotFound:
        return None


@write(
    "POST", "/articles:batch", contract.BatchAnswer, "Writing", "Write many articles", 404, 409,
    body=contract.Batch,
)  # fmt: skip
def batch_articles(asked: Parameters, body: contract.Batch) -> Response:
    """Write up to 100 articles and delete others, all or nothing, with one look at the index."""
    files = [ArticleFile(one.id, contract.SUFFIXES[one.format], one.content.encode()) for one in body.put]
    return answer({"articles": book.write_articles(files, body.delete) if files or body.delete else []})
