"""`kb mcp`: the knowledge base for assistants."""

from __future__ import annotations

import click

from kb.commands.shared import open_indexed_book


@click.command()
@click.option("--http", is_flag=True, help="Serve over HTTP instead of stdin and stdout.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on, with --http.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on, with --http.")
def mcp(http: bool, host: str, port: int) -> None:
    """Let an assistant search and quote the handbook (Model Context Protocol).

    Its tools are search, fetch, principles and counterparts; all of them only read. Links lead to
    KB_BASE_URL. Over HTTP the address is /mcp, for whoever reaches it: put it behind your proxy,
    which may pass on the host of KB_BASE_URL.

    \b
    Examples:
      kb mcp
      kb mcp --http --port 8001
    """
    from kb.assistants import serve_http, server

    with open_indexed_book() as book:
        if http:
            serve_http(book, host, port)
        else:
            server(book).run("stdio")
