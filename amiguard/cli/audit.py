"""Edge: `audit`: what an Asterisk installation leaves open, what an attacker gains, and what mends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from amiguard.cli.common import config_or_exit, fail, reports, with_config, with_json
from amiguard.exits import Exit

if TYPE_CHECKING:
    from amiguard.asterisk.audit.rule import Finding
    from amiguard.asterisk.survey import Survey
    from amiguard.config import Config

_SEVERITIES: Final = ("info", "low", "medium", "high", "critical")


@click.command("audit")
@click.argument("directory", required=False, metavar="[DIR]", default="")
@click.option(
    "--severity",
    type=click.Choice(_SEVERITIES),
    metavar="LEVEL",
    default="medium",
    help=f"Show nothing below it, of {', '.join(_SEVERITIES)}; medium if not said.",
)
@click.option("--explain", metavar="ID", help='All about a rule, or about "all" of them, as Markdown.')
@with_config
@with_json
@reports
def audit_command(
    directory: str, severity: str, explain: str | None, config_path: str | None, *, as_json: bool
) -> None:
    """Read an Asterisk's configuration as Asterisk does, and say what it leaves open.

    DIR is by default the one of this host's Asterisk.  Nothing is changed, and
    nothing but this host's Asterisk is asked.
    """
    if explain:
        _explain(explain, as_json=as_json)
        return
    from amiguard.asterisk.audit.rule import Severity  # noqa: PLC0415 - `--help` needs none of it
    from amiguard.asterisk.audit.rules import audit  # noqa: PLC0415
    from amiguard.asterisk.survey import survey  # noqa: PLC0415

    config = config_or_exit(config_path)
    user = config.ami[0].username if config.ami else "amiguard"
    surveyed = survey(directory, guarded=_guarded(config), ami_user=user)
    found = [each for each in audit(surveyed.site) if each.severity >= Severity[severity.upper()]]
    (_print_json if as_json else _print_text)(surveyed, found)
    if found:
        sys.exit(Exit.FAILED)
    if surveyed.unread:
        sys.exit(Exit.UNREAD)


def _explain(name: str, *, as_json: bool) -> None:
    from amiguard import views  # noqa: PLC0415
    from amiguard.asterisk.audit.report import explained, page  # noqa: PLC0415
    from amiguard.asterisk.audit.rules import BY_ID, RULES  # noqa: PLC0415

    rules = RULES if name == "all" else [rule for rule in RULES if rule.id == name.upper()]
    if not rules:
        fail(f"no rule {name!r}; there are {', '.join(BY_ID)}", Exit.NOTHING)
    if as_json:
        click.echo(views.document({"rules": list(map(explained, rules))}))
    else:
        click.echo("\n\n".join(map(page, rules)))


def _guarded(config: Config) -> bool | None:
    """Whether our table is in the kernel; None where we may not look."""
    from amiguard.firewall.declaration import survey  # noqa: PLC0415
    from amiguard.firewall.netlink import Channel, FirewallError  # noqa: PLC0415

    try:
        with Channel() as channel:
            return survey(channel, config.firewall.table, ()) is not None
    except FirewallError:
        return None


def _print_json(surveyed: Survey, found: list[Finding]) -> None:
    from amiguard import views  # noqa: PLC0415
    from amiguard.asterisk.audit.report import rows  # noqa: PLC0415

    click.echo(views.document({"findings": rows(found), "unread": list(surveyed.unread)}))


def _print_text(surveyed: Survey, found: list[Finding]) -> None:
    from amiguard.asterisk.audit.report import summary, text  # noqa: PLC0415
    from amiguard.views import printable  # noqa: PLC0415

    for line in text(found):
        click.echo(line)
    for reason in surveyed.unread:
        click.echo(f"not looked at: {printable(reason)}")
    click.echo(summary(found))
