"""Edge: `list`, `ban`, `unban`, `history`: from the service, or for root from kernel and store without it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

import click

from amiguard.cli.columns import network
from amiguard.cli.common import config_or_exit, print_json_lists, print_table, reports, with_config, with_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from amiguard.config import Config

_ACCOUNT: Final = 32
"""Characters of an account that a table shows."""


@click.command("list")
@click.option("--all", "everybody", is_flag=True, help="Also who is not banned, and why, and the alarms.")
@with_config
@with_json
@reports
def list_command(config_path: str | None, *, everybody: bool, as_json: bool) -> None:
    """List who is banned now."""
    from amiguard.cli import offline  # noqa: PLC0415

    config = config_or_exit(config_path)
    with contextlib.ExitStack() as stack:
        rows = stack.enter_context(offline.rows(config, "list"))
        more = stack.enter_context(_spared(config)) if everybody else {}
        if as_json:
            print_json_lists(bans=rows, **more)
        else:
            _print_running([json.loads(row) for row in rows])
            _print_spared({name: [json.loads(row) for row in each] for name, each in more.items()})


@contextlib.contextmanager
def _spared(config: Config) -> Iterator[dict[str, Iterable[str]]]:
    """Who is spared, and the alarms; only the service knows them."""
    from amiguard.asking import asking  # noqa: PLC0415

    with asking(config.service.socket, "spared") as (head, rows):
        yield {"spared": rows, "alarms": map(json.dumps, head["alarms"])}


def _print_spared(told: dict[str, list[dict[str, Any]]]) -> None:
    if spared := told.get("spared"):
        click.echo("\nnot banned by judgement, or not so soon:")
        print_table(
            ("ADDRESS", "WHY", "ACCOUNTS", "LAST LOG-IN", "ORIGIN"),
            [
                (e["address"], e["kind"], str(e["accounts"] or ""), e["last"] or "", e["origin"])
                for e in spared
            ],
        )
    if alarms := told.get("alarms"):
        click.echo("\nalarms, newest first:")
        print_table(
            ("SINCE", "ALARM", "SOURCE", "EVIDENCE", "TEXT"),
            [(e["since"], e["kind"], e["source"], _evidence(e["evidence"]), e["text"]) for e in alarms],
        )


def _evidence(records: list[dict[str, Any]]) -> str:
    """The last record, and how many there are."""
    if not records:
        return "-"
    last = records[-1]
    return f"{len(records)} records, last {last['event']} {last['account'][:_ACCOUNT]}"


def _print_running(bans: list[dict[str, Any]]) -> None:
    from amiguard.views import printable, span  # noqa: PLC0415

    if not bans:
        click.echo("nobody is banned")
        return
    print_table(
        ("SOURCE", "SCOPE", "PROOF", "LEFT", "STRIKE", "DROPPED", "ORIGIN", "REASON"),
        [
            (
                network(ban),
                ban["scope"],
                ban["proof"],
                span(ban["remaining"]),
                str(ban["strike"]),
                str(ban["packets"]),
                ban["origin"],
                printable(ban["reason"]),
            )
            for ban in bans
        ],
    )


def _origin(**how: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--origin", metavar="WHO", type=click.Choice(["operator", "fail2ban"]), **how)


@click.command("ban")
@click.argument("address")
@click.option("--for", "lasting", metavar="DURATION", help='How long: 10m, 1h, 7d, or "forever".')
@click.option("--reason", metavar="TEXT", help="Why, for list and history.")
@click.option("--force", is_flag=True, help="Even a friend, a known peer, a very wide prefix.")
@_origin(default="operator", help="operator, or fail2ban, which shortens no other ban.")
@with_config
@with_json
@reports
def ban_command(
    address: str,
    lasting: str | None,
    reason: str | None,
    origin: str,
    config_path: str | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Ban ADDRESS, an address or prefix; a bare IPv6 address means its source prefix."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.asking import asking  # noqa: PLC0415

    config = config_or_exit(config_path)
    arguments = {"address": address, "for": _lasting(lasting), "reason": reason, "force": force}
    with asking(config.service.socket, "ban", origin=origin, **arguments) as (head, rows):
        list(rows)
    if as_json:
        click.echo(views.document({"ban": head["ban"]}))
    else:
        until = head["ban"]["until"]
        click.echo(f"banned {network(head['ban'])} {f'until {until}' if until else 'for ever'}")


def _lasting(text: str | None) -> str | None:
    from amiguard.config import duration  # noqa: PLC0415

    if text is not None:
        try:
            duration(text)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--for") from error
    return text


@click.command("unban")
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--all", "everybody", is_flag=True, help="Lift every ban.")
@_origin(help="Only what operator, or fail2ban, wanted; strikes stay.")
@click.option("--reason", metavar="TEXT", help="Only what was banned for this reason; strikes stay.")
@with_config
@with_json
@reports
def unban_command(
    addresses: tuple[str, ...],
    origin: str | None,
    reason: str | None,
    config_path: str | None,
    *,
    everybody: bool,
    as_json: bool,
) -> None:
    """Lift the bans that hold any ADDRESS, and forget their last strike."""
    from amiguard.cli import offline  # noqa: PLC0415

    if bool(addresses) == everybody:
        raise click.UsageError("name addresses, or say --all")
    config = config_or_exit(config_path)
    wanted = {"addresses": list(addresses), "all": everybody, "origin": origin, "reason": reason}
    with offline.rows(config, "unban", **wanted) as rows:
        lifted = list(rows)
    if as_json:
        print_json_lists(unbanned=lifted)
    else:
        for row in lifted:
            click.echo(f"unbanned {network(json.loads(row))}")


@click.command("history")
@click.argument("address", required=False)
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="The newest so many."
)
@with_config
@with_json
@reports
def history_command(address: str | None, limit: int, config_path: str | None, *, as_json: bool) -> None:
    """Tell past and present bans, newest first, of ADDRESS or of all."""
    from amiguard.cli import offline  # noqa: PLC0415

    config = config_or_exit(config_path)
    with offline.rows(config, "history", address=address, limit=limit) as rows:
        if as_json:
            print_json_lists(bans=rows)
        else:
            _print_history(map(json.loads, rows))


def _print_history(bans: Iterable[dict[str, Any]]) -> None:
    from amiguard.views import printable  # noqa: PLC0415

    rows = [
        (
            ban["since"],
            network(ban),
            ban["scope"],
            str(ban["strike"]),
            f"{ban['why']} {ban['ended']}" if ban["why"] else "runs",
            ban["origin"],
            printable(ban["reason"]),
        )
        for ban in bans
    ]
    if rows:
        print_table(("SINCE", "SOURCE", "SCOPE", "STRIKE", "END", "ORIGIN", "REASON"), rows)
    else:
        click.echo("no ban is remembered")
