"""Edge: `explain`: from the service, or for root from kernel and store without it."""

from __future__ import annotations

import json

import click

from amiguard.cli.common import config_or_exit, reports, with_config, with_json


@click.command("explain")
@click.argument("address")
@with_config
@with_json
@reports
def explain_command(address: str, config_path: str | None, *, as_json: bool) -> None:
    """Tell why ADDRESS is banned, or why it is not, with the evidence."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.cli import explained, offline  # noqa: PLC0415

    with offline.rows(config_or_exit(config_path), "explain", address=address) as rows:
        told = json.loads(next(rows))
    if as_json:
        click.echo(views.document(told))
    else:
        for line in explained.lines(told):
            click.echo(line)
