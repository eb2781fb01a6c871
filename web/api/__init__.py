"""`/api/v1`: the same answers as the pages, as JSON for programs."""

from __future__ import annotations

from web.api.v1 import blueprint

__all__ = ["blueprint"]
