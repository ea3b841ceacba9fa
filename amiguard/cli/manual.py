"""Edge: the man page, made from what the commands say of themselves.

As a program it prints the page: ``python -m amiguard.cli.manual > amiguard.1``
"""

from __future__ import annotations

import inspect
import sys
from itertools import chain
from typing import TYPE_CHECKING, Final

import click

from amiguard import __version__
from amiguard.cli import cli
from amiguard.cli.common import CONFIG
from amiguard.exits import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES: Final = {
    CONFIG: "the configuration: every key with its default, and what it is for",
    "/etc/amiguard/ami.secret": "the secret of the AMI user, for root alone",
    "/var/lib/amiguard": "bans, history, evidence, friends, places in the logs",
    "/run/amiguard/control.sock": "where the commands ask the service; for root and the group amiguard",
}
_LEAD: Final = inspect.cleandoc(cli.help or "")


def page() -> str:
    """The page, in roff with the macros of man(7)."""
    return "\n".join(chain(_head(), _commands(), _exits(), _files(), _end())) + "\n"


def _head() -> Iterator[str]:
    yield f'.TH AMIGUARD 1 "" "amiguard {__version__}" "User Commands"'
    yield from (".SH NAME", _text(f"amiguard - {_LEAD[0].lower()}{_LEAD[1:].rstrip('.')}"))
    yield from (".SH SYNOPSIS", ".B amiguard", ".I COMMAND", "[", ".I OPTIONS", "]...")
    yield from (".SH DESCRIPTION", _text(_LEAD))


def _commands() -> Iterator[str]:
    yield ".SH COMMANDS"
    context = click.Context(cli, info_name="amiguard")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command
        yield from _command(command, click.Context(command, parent=context, info_name=name))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command with its options; a group's commands after it."""
    yield f".SS {_text(context.command_path)}"
    yield from (_bold(" ".join([context.command_path, *command.collect_usage_pieces(context)])), ".PP")
    yield _text(inspect.cleandoc(command.help or ""))
    for param in command.get_params(context):
        if isinstance(param, click.Option) and (record := param.get_help_record(context)):
            yield from (".TP", _bold(record[0]), _text(record[1]))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from _command(inner, click.Context(inner, parent=context, info_name=name))


def _exits() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for code, meaning in MEANINGS.items():
        yield from (".TP", _bold(str(int(code))), _text(meaning.replace("`", "")))


def _files() -> Iterator[str]:
    yield ".SH FILES"
    for path, purpose in _FILES.items():
        yield from (".TP", f".I {_text(path)}", _text(purpose))


def _end() -> Iterator[str]:
    yield from (".SH SEE ALSO", ".BR asterisk (8),", ".BR nft (8),", ".BR systemctl (1)")


def _bold(text: str) -> str:
    return rf"\fB{_text(text)}\fR"


def _text(text: str) -> str:
    r"""A text that roff takes as it is: no line of it begins a request, and no ``-`` becomes a hyphen."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))


if __name__ == "__main__":
    sys.stdout.write(page())
