"""The command line: parse, call, print; a file a group of commands.

A command's module is imported when the command is: `amiguard list` should not
wait for what only `amiguard run` needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

import click

from amiguard import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_MODULES: Final = {
    "run": "service",
    "status": "service",
    "setup": "setup",
    "check": "check",
    "audit": "audit",
    "list": "bans",
    "ban": "bans",
    "unban": "bans",
    "explain": "explain",
    "accounts": "accounts",
    "history": "bans",
    "allow": "allow",
    "replay": "replay",
    "report": "report",
    "filters": "filters",
    "notify": "notify",
    "demo": "demo",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"amiguard.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amiguard")
def cli() -> None:
    """Guard an Asterisk PBX: ban those who guess its passwords."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line."""
    cli.main(args=args, prog_name="amiguard")
