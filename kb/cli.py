"""The `kb` command: finds a command in its table and tells a person what went wrong.

Each command parses its words, calls `KnowledgeBase` and prints the answer.
"""

from __future__ import annotations

import gc
import os
from importlib import import_module

import click

from kb.commands import COMMANDS
from kb.errors import InvalidRequest, ServicebookError


class _Commands(click.Group):
    """The commands of the table, each imported when it is needed. What goes wrong on purpose ends in
    one line, not in a traceback: with exit status 2 for wrong usage, as click has it, else with 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"kb.commands.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ServicebookError as error:
            click.secho(f"kb: {error}", fg="red", err=True)
            ctx.exit(2 if isinstance(error, InvalidRequest) else 1)


_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


# What a command loads stays: looking through it for what could go took a tenth of the time of a search.
gc.set_threshold(50_000)
# No matrices are multiplied here: threads for it would only keep a second core busy for a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@click.group(cls=_Commands, context_settings=_HELP)
@click.version_option(package_name="servicebook")
def main() -> None:
    """Servicebook: find the right passage on service standards, in Russian, Chinese or English."""


if __name__ == "__main__":
    main(prog_name="kb")
