"""Edge: `report`: what happened over days, as text, page, JSON or CSV."""

from __future__ import annotations

import time
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from amiguard.cli.common import config_or_exit, reports, with_config, with_json

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR: Final = 3_600.0
_LONGEST: Final = 366 * 24 * _HOUR


def _file(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    kind = click.File("w", encoding="utf-8", atomic=True)
    return click.option(name, f"{name[2:]}_file", metavar="FILE", type=kind, help=text)


@click.command("report")
@_file("--html", 'One page with pictures, that needs nothing else; "-" is standard output.')
@_file("--csv", "A number a row, for a spreadsheet.")
@click.option(
    "--since", metavar="DURATION", default="30d", show_default=True, help="How far back, 1h to 366d."
)
@with_config
@with_json
@reports
def report_command(
    html_file: TextIO | None, csv_file: TextIO | None, since: str, config_path: str | None, *, as_json: bool
) -> None:
    """Tell of attacks, bans and their effect over days; also while the service is down, for root."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.cli.gathering import gathered  # noqa: PLC0415
    from amiguard.report import page, sheets, summary, text  # noqa: PLC0415

    now, long = time.time(), _seconds(since)
    with gathered(config_or_exit(config_path), now - long, now) as material:
        report = summary.summarise(material)
    if html_file:
        sheet = resources.files("amiguard.report").joinpath("page.css").read_text(encoding="utf-8")
        html_file.write(page.page(report, sheet))
    if csv_file:
        csv_file.write(sheets.sheet(report))
    if as_json:
        click.echo(views.document(sheets.document(report)))
    elif not (html_file or csv_file):
        for line in text.lines(report):
            click.echo(line)


def _seconds(since: str) -> float:
    from amiguard.config import duration  # noqa: PLC0415

    try:
        seconds = duration(since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    if not _HOUR <= seconds <= _LONGEST:
        raise click.BadParameter("from 1h to 366d", param_hint="--since")
    return seconds
