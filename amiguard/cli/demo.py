"""Edge: `demo`: recorded attacks against the real service and the real kernel, in a network of their own."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

import click

from amiguard.cli.common import config_or_exit, fail
from amiguard.exits import Exit

if TYPE_CHECKING:
    from types import FrameType

    from amiguard.demo.play import Outcome

_PACE: Final = 1.0
_QUICK: Final = 0.25
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNALLED: Final = 128


@click.command("demo")
@click.option("--quick", is_flag=True, help="The same in six seconds.")
@click.option(
    "--config", "config_path", metavar="FILE", help="Only checked: the demo guards a PBX of its own."
)
def demo_command(config_path: str | None, *, quick: bool) -> None:
    """Show attacks, bans and dropped packets in a network namespace of their own.

    Needs neither root nor Asterisk, and touches nothing of this machine.  Exit
    code 0 only if every ban was found in the kernel by an independent look, and
    by packets that came through before and no more after.
    """
    from amiguard.demo.children import StageError  # noqa: PLC0415
    from amiguard.demo.namespaces import ForbiddenError  # noqa: PLC0415
    from amiguard.demo.play import beats, play  # noqa: PLC0415
    from amiguard.demo.screen import screen  # noqa: PLC0415

    if config_path is not None:
        config_or_exit(config_path)
    for number in _ENDING:
        signal.signal(number, _leave)
    pace = _QUICK if quick else _PACE
    try:
        outcome = play(pace, screen(beats(pace)))
    except (ForbiddenError, StageError) as error:
        fail(str(error), Exit.FAILED)
    _tell(outcome)


def _leave(number: int, frame: FrameType | None) -> None:
    """Unwind, so that everything is put away; once begun, that is not disturbed."""
    del frame
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(_SIGNALLED + number)


def _tell(outcome: Outcome) -> None:
    from amiguard.demo.picture import summary  # noqa: PLC0415

    if outcome.failures:
        fail("\n".join(("not all was seen that should be:", *outcome.failures)), Exit.FAILED)
    click.echo("\nWhat you have seen:")
    for line in summary(outcome.tale, outcome.held):
        click.echo(line)
