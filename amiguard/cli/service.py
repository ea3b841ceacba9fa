"""Edge: `run` and `status`."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import click

from amiguard.cli.common import config_or_exit, fail, read_with_filters, reports, with_config, with_json
from amiguard.cli.loglines import log_to_stderr
from amiguard.exits import Exit

_PHONES: Final = 10
"""Broken phones that the text names."""


@click.command("run")
@with_config
@click.option("--verbose", is_flag=True, help="Say more.")
def run_command(config_path: str | None, *, verbose: bool) -> None:
    """Run the service in the foreground, as systemd does."""
    from amiguard import service  # noqa: PLC0415 - all that a service needs, and nobody else

    config_or_exit(config_path, read_with_filters)
    log_to_stderr(verbose=verbose)
    try:
        asyncio.run(service.run(lambda: read_with_filters(config_path)))
    except service.StartError as error:
        fail(str(error), Exit.FAILED)


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
    from amiguard import health  # noqa: PLC0415
    from amiguard.cli.accounted import broken  # noqa: PLC0415

    for name, text, ill in health.facts(status):
        _line(name, text, ill=ill)
    if status["alarms"]:
        click.echo(f"alarms          {len(status['alarms'])}; `amiguard list --all` tells them")
    for phone in status["broken_phones"][:_PHONES]:
        click.echo(f"broken phone    {broken(phone)}")
    if (more := len(status["broken_phones"]) - _PHONES) > 0:
        click.echo(f"broken phone    and {more} more")
    for row in status["sources"]:
        name, state, ill = health.source(row)
        counts = f"{row['events']} events, {row['ambiguous']} ambiguous, {row['lag']:g} s behind"
        _line(row["kind"], f"{name}: {state}, {counts}", ill=ill)


def _line(what: str, text: str, *, ill: bool) -> None:
    """A line of the status; red, on a terminal, for what is ill."""
    click.secho(f"{what:15} {text}", fg="red" if ill else None)
