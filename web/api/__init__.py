"""`/api/v1`: the same answers as the pages, as JSON for programs.

`contract` and `pack_contract` say what may be asked and what is answered; `reading`, `streams`,
`writing`, `packs`, `drafts` and `reviews` do it; `access` says who may, `specification` tells the world.
"""

from __future__ import annotations

from apiflask import APIFlask

from kb.settings import Settings
from web.api import access, specification

# Imported for their views.
from web.api import drafts as drafts
from web.api import packs as packs
from web.api import reading as reading
from web.api import reviews as reviews
from web.api import streams as streams
from web.api import writing as writing
from web.api.calls import blueprint

__all__ = ["set_up"]


def set_up(app: APIFlask, settings: Settings) -> None:
    """Give an application the API. Its blueprint takes only keys, so no form's token guards it (CSRF)."""
    app.register_blueprint(blueprint)
    app.extensions["csrf"].exempt(blueprint)
    specification.set_up(app)
    access.set_up(app, blueprint, settings)
