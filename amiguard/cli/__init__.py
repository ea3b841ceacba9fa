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

_COMMANDS: Final = {
    "run": ("service", "Run the service in the foreground, as systemd does."),
    "status": ("service", "Tell how the service does."),
    "setup": ("setup", "Show what this PBX needs to be guarded; --apply does it."),
    "check": ("check", "Look at configuration, logs, AMI, firewall and store."),
    "audit": ("audit", "Read an Asterisk's configuration; say what it leaves open."),
    "list": ("bans", "List who is banned now."),
    "ban": ("bans", "Ban an address or prefix."),
    "unban": ("bans", "Lift the bans that hold an address."),
    "explain": ("explain", "Tell why an address is banned, or why it is not."),
    "accounts": ("accounts", "Tell which accounts are under attack, and from where."),
    "history": ("bans", "Tell past and present bans, newest first."),
    "allow": ("allow", "Say who is never banned."),
    "replay": ("replay", "Tell what would have been banned, when and why."),
    "report": ("report", "Tell of attacks, bans and their effect over days."),
    "watch": ("watch", "Show live who attacks and who is banned."),
    "filters": ("filters", "Filters, jails and an action for fail2ban."),
    "import-fail2ban": ("import_fail2ban", "Show what fail2ban's jails and bans become; --apply does it."),
    "notify": ("notify", "Tell the administrator what happens."),
    "demo": ("demo", "Show an attack, its ban and dropped packets, in a namespace."),
}
"""Each command's module, and what `amiguard --help` says of it without importing that."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"amiguard.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amiguard")
def cli() -> None:
    """Guard an Asterisk PBX: ban those who guess its passwords."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line."""
    cli.main(args=args, prog_name="amiguard")
