"""Edge: `notify test`: whether the administrator would be told."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from amiguard.cli.common import config_or_exit, fail, print_table, with_config, with_json
from amiguard.exits import Exit

if TYPE_CHECKING:
    from amiguard.config import Notify
    from amiguard.notify.messenger import Receiver

_TEST = "This is a test of amiguard's notifications; nothing has happened."


@click.group("notify")
def notify_command() -> None:
    """Tell the administrator what happens."""


@notify_command.command("test")
@with_config
@with_json
def test_command(config_path: str | None, *, as_json: bool) -> None:
    """Send everybody a test message; exit code 1 unless it reached all."""
    from amiguard import views  # noqa: PLC0415

    found = _told(config_or_exit(config_path).notify)
    if as_json:
        shown = [{"receiver": name, "ok": not trouble, "text": trouble} for name, trouble in found.items()]
        click.echo(views.document({"receivers": shown}))
    else:
        rows = [("ERROR" if trouble else "ok", name, trouble or "told") for name, trouble in found.items()]
        print_table(("", "RECEIVER", "ANSWER"), rows)
    if any(found.values()):
        fail("somebody was not told", Exit.FAILED)


def _told(notify: Notify) -> dict[str, str]:
    """By receiver, what was in the way; empty if nothing was."""
    from amiguard.notify.messenger import NotifyError, receivers  # noqa: PLC0415

    try:
        found = receivers(notify)
    except NotifyError as error:
        fail(str(error), Exit.FAILED)
    if not found:
        fail("nobody is told: [notify] has neither urls_file nor exec", Exit.NOTHING)
    return asyncio.run(_all(found))


async def _all(found: tuple[Receiver, ...]) -> dict[str, str]:
    answers = await asyncio.gather(*map(_one, found))
    return {receiver.name: answer for receiver, answer in zip(found, answers, strict=True)}


async def _one(receiver: Receiver) -> str:
    from amiguard.notify.gathering import Digest, News  # noqa: PLC0415
    from amiguard.notify.messenger import send  # noqa: PLC0415
    from amiguard.notify.program import ToldError  # noqa: PLC0415

    try:
        await send(receiver, Digest((News("test", time.time(), _TEST),)))
    except ToldError as error:
        return str(error)
    return ""
