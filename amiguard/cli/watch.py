"""Edge: `watch`."""

from __future__ import annotations

import sys

import click

from amiguard.cli.common import config_or_exit, fail, with_config
from amiguard.exits import Exit


@click.command("watch")
@with_config
def watch_command(config_path: str | None) -> None:
    """Show live who attacks and who is banned, with keys to unban, allow and explain."""
    config = config_or_exit(config_path)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        fail("watch needs a terminal; `amiguard status --json` is for programs", Exit.USAGE)
    import curses  # noqa: PLC0415 - no other command needs it

    from amiguard.cli.watching import terminal  # noqa: PLC0415

    try:
        terminal.show(config.service.socket)
    except curses.error as error:
        fail(f"this terminal cannot show it: {error}", Exit.FAILED)
