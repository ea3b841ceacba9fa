"""Edge: `run` and `status`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from datetime import datetime
from typing import Any, Final

import click

from amiguard.cli.common import config_or_exit, fail, read_config, reports, with_config, with_json
from amiguard.exits import Exit

_PHONES: Final = 10
"""Broken phones that the text names."""
_WELL: Final = {"ok", "dry-run", "following", "starting", "listening", "connecting"}
"""States of firewall, store, logs and AMIs that need no mending."""


@click.command("run")
@with_config
@click.option("--verbose", is_flag=True, help="Say more.")
def run_command(config_path: str | None, *, verbose: bool) -> None:
    """Run the service in the foreground, as systemd does."""
    from amiguard import service  # noqa: PLC0415 - all that a service needs, and nobody else

    config_or_exit(config_path)
    _log_to_stderr(verbose=verbose)
    try:
        asyncio.run(service.run(lambda: read_config(config_path)))
    except service.StartError as error:
        fail(str(error), Exit.FAILED)


def _log_to_stderr(*, verbose: bool) -> None:
    # systemd takes the level from the number: sd-daemon(3).
    journal = "JOURNAL_STREAM" in os.environ
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Journal() if journal else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class _Journal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}.get(record.levelno, 7)
        return f"<{level}>{super().format(record)}"


@click.command("status")
@with_config
@with_json
@reports
def status_command(config_path: str | None, *, as_json: bool) -> None:
    """Tell how the service does; exit code 0 only when it answers."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.asking import asking  # noqa: PLC0415

    with asking(config_or_exit(config_path).service.socket, "status") as (head, rows):
        list(rows)
    if as_json:
        click.echo(views.document(head))
    else:
        _tell(head)


def _tell(status: dict[str, Any]) -> None:
    from amiguard.sight import BY_NAME  # noqa: PLC0415
    from amiguard.silence import Silent  # noqa: PLC0415
    from amiguard.views import printable  # noqa: PLC0415

    click.echo(f"guarding since  {status['since']}")
    firewall, store = status["firewall"], status["store"]
    _line(
        "firewall", f"{firewall['state']}, {firewall['repairs']} repairs", ill=firewall["state"] not in _WELL
    )
    _line("store", store["state"], ill=store["state"] not in _WELL)
    for row in status["silent"]:
        _line("SILENT", f"{printable(row['name'])}: {Silent(**row)}", ill=True)
    click.echo(f"bans            {status['bans']}")
    click.echo(f"tracked         {status['tracked']} sources, {status['friends']} friends")
    click.echo(f"known peers     {status['known']}")
    for name in status["sight"]:
        click.echo(f"sight           {BY_NAME.get(name, name)}")
    if status["hidden"]:
        click.echo(f"hidden          {status['hidden']} failed log-ins; Asterisk does not say whose")
    if overflows := status["notices"]["overflows"]:
        _line("overflows", f"{overflows}: Asterisk's log queue was full, and records are lost", ill=True)
    if status["channels"]["compared"]:
        _line("channels", _agreement(**status["channels"]), ill=bool(status["channels"]["lacking"]))
    if status["alarms"]:
        click.echo(f"alarms          {len(status['alarms'])}; `amiguard list --all` tells them")
    for phone in status["broken_phones"][:_PHONES]:
        click.echo(f"broken phone    {_broken(phone)}")
    if (more := len(status["broken_phones"]) - _PHONES) > 0:
        click.echo(f"broken phone    and {more} more")
    for source in status["sources"]:
        name = printable(source["name"])
        counts = f"{source['events']} events, {source['ambiguous']} ambiguous, {source['lag']:g} s behind"
        reason = f" ({source['reason']})" if source["reason"] else ""
        _line(
            source["kind"], f"{name}: {source['state']}{reason}, {counts}", ill=source["state"] not in _WELL
        )


def _line(what: str, text: str, *, ill: bool) -> None:
    """A line of the status; red, on a terminal, for what is ill."""
    click.secho(f"{what:15} {text}", fg="red" if ill else None)


def _agreement(compared: int, untold: dict[str, int], shortened: int, lacking: list[str]) -> str:
    from amiguard.views import printable  # noqa: PLC0415

    parts = [f"{compared} events compared"]
    parts += [f"{count} not told by {printable(name)}" for name, count in untold.items()]
    if shortened:
        parts.append(f"{shortened} given up for want of room")
    if lacking:
        parts.append("more than is noise")
    return ", ".join(parts)


def _broken(phone: dict[str, Any]) -> str:
    since = datetime.fromisoformat(phone["since"])
    rhythm = f"has failed every {phone['every']:.0f} s since {since:%A %Y-%m-%d %H:%M}"
    return f"account {phone['account']} at {phone['address']} {rhythm} with what looks like {phone['cause']}"
