"""Commands of `kb`, a file for each subject; `kb.cli` names them."""

from __future__ import annotations

import click

from kb.commands import api_keys, lists, mcp, writing

COMMANDS: tuple[click.Command, ...] = (
    api_keys.keys,
    lists.articles,
    lists.passages,
    lists.similar,
    lists.principle,
    lists.terms,
    lists.stats,
    lists.status,
    mcp.mcp,
    writing.put,
    writing.delete,
)
"""Every command that lives here."""

__all__ = ["COMMANDS"]
