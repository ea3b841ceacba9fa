"""Edge: `accounts`: from the service, or for root from the store without it."""

from __future__ import annotations

import json

import click

from amiguard.cli.common import config_or_exit, reports, with_config, with_json
from amiguard.exits import Exit


@click.command("accounts")
@click.argument("account", required=False)
@with_config
@with_json
@reports
def accounts_command(account: str | None, config_path: str | None, *, as_json: bool) -> None:
    """Tell which accounts were guessed at within a day, and from where; of ACCOUNT every source."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.asking import ControlError  # noqa: PLC0415
    from amiguard.cli import accounted, offline  # noqa: PLC0415

    with offline.rows(config_or_exit(config_path), "accounts") as rows:
        told = json.loads(next(rows))
    if account is not None:
        told = accounted.of(told, account)
        if not any(told.values()):
            raise ControlError(f"nothing is known of {views.printable(account)}", Exit.NOTHING)
    if as_json:
        click.echo(views.document(told))
    else:
        for line in accounted.lines(told, whole=account is not None):
            click.echo(line)
