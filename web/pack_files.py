"""A pack as a file to be saved, for pages and programs alike."""

from __future__ import annotations

from io import BytesIO

from flask import Response, send_file, url_for

from kb.exporters import exporter, file_name
from kb.models import Pack
from web import interface
from web.current import book


def pack_file(pack: Pack, form: str) -> Response:
    """The answer that hands a pack over as a file in a format. Raises `InvalidRequest`."""
    media_type = exporter(form).media_type
    written = book.export(pack, form, interface.absolute(url_for("pages.home", lang=None)))
    return send_file(
        BytesIO(written),
        media_type,
        as_attachment=True,
        download_name=file_name(pack, form),
        conditional=False,
        etag=False,
        max_age=0,
    )
