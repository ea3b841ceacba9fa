"""Edge: `allow add|del|list`: who is never banned, changed while the service runs."""

from __future__ import annotations

import json
from typing import Any

import click

from amiguard.cli.common import config_or_exit, print_json_lists, print_table, reports, with_config, with_json


@click.group("allow")
def allow_command() -> None:
    """Say who is never banned."""


def _ask(config_path: str | None, **arguments: Any) -> list[str]:
    from amiguard.asking import asking  # noqa: PLC0415

    with asking(config_or_exit(config_path).service.socket, "allow", **arguments) as (_, rows):
        return list(rows)


def _show(rows: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json_lists(allows=rows)
        return
    networks = [json.loads(row) for row in rows]
    if networks:
        print_table(("NETWORK", "ORIGIN"), [(each["network"], each["origin"]) for each in networks])
    else:
        click.echo("no network is allowed, but for our own addresses")


@allow_command.command("add")
@click.argument("network")
@click.option("--force", is_flag=True, help="Even a very wide prefix.")
@with_config
@with_json
@reports
def add_command(network: str, config_path: str | None, *, force: bool, as_json: bool) -> None:
    """Never ban NETWORK; bans inside it are lifted at once."""
    _show(_ask(config_path, action="add", network=network, force=force), as_json=as_json)


@allow_command.command("del")
@click.argument("network")
@with_config
@with_json
@reports
def del_command(network: str, config_path: str | None, *, as_json: bool) -> None:
    """Allow NETWORK no longer."""
    _show(_ask(config_path, action="del", network=network), as_json=as_json)


@allow_command.command("list")
@with_config
@with_json
@reports
def list_command(config_path: str | None, *, as_json: bool) -> None:
    """List the networks that are never banned."""
    _show(_ask(config_path, action="list"), as_json=as_json)
