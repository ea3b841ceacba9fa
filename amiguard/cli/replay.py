"""Edge: `replay`: the pure core and nothing else, on logs of the past."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from amiguard.cli.common import config_or_exit, fail, with_config, with_json
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.cli.pastreaders import Reader
    from amiguard.config import Config
    from amiguard.rehearsal import Rehearsal, Window

_OVERLAP: Final = 60.0
"""Seconds by which a log may begin before the one before it ends: a rotated set overlaps by none."""
_TWICE: Final = "begins before the log ahead of it ends; what both tell counts twice"


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a time; nothing where none is given."""
    from amiguard.cli.moments import moment  # noqa: PLC0415

    try:
        return None if value is None else moment(value, time.time())
    except ValueError:
        mistake = f"{value!r} is neither a time in ISO 8601 nor a duration such as '7d'"
        raise click.BadParameter(mistake, ctx, param) from None


@click.command("replay")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, allow_dash=True)
)
@click.option(
    "--filter", "filter_name", metavar="FILTER", help="Read them with this filter of fail2ban's kind."
)
@click.option("--since", callback=_moment, metavar="TIME", help="Tell no ban that began before it.")
@click.option("--until", callback=_moment, metavar="TIME", help="Tell no ban that began after it.")
@click.option("--times", is_flag=True, help="Also what each ban took: seconds and failures.")
@click.option("--accounts", is_flag=True, help="Which accounts were guessed at, and from where.")
@click.option("--diff", is_flag=True, help="What --config gains and loses against the usual configuration.")
@click.option("--against", metavar="FILE", help="With --diff: against this one.")
@click.option("--sweep", is_flag=True, help="What would come of other thresholds.")
@with_config
@with_json
def replay_command(
    files: tuple[Path, ...],
    filter_name: str | None,
    since: float | None,
    until: float | None,
    against: str | None,
    config_path: str | None,
    *,
    as_json: bool,
    **modes: bool,
) -> None:
    """Tell what would have been banned, when and why.

    FILEs are security logs (with --filter those of any program), plain or gzip,
    in any order; - is standard input.
    Nothing is touched, and no root is needed.  Logs of notices cannot be
    replayed: their dates lack year and zone.
    """
    from amiguard import views  # noqa: PLC0415
    from amiguard.cli import replayed  # noqa: PLC0415

    mode = _mode(modes)
    configs, reader = _configs(mode, config_path, against), _reader(filter_name)
    rehearsals, lines = _rehearse(configs, reader, files, _window(since, until))
    counted, telling = replayed.counted(rehearsals[-1], lines), replayed.MODES[mode]
    if as_json:
        click.echo(views.document({**counted, **telling.document(rehearsals)}))
    else:
        for line in (*telling.lines(rehearsals), replayed.sums(counted, rehearsals)):
            click.echo(line)


def _mode(modes: dict[str, bool]) -> str:
    wanted = [name for name, given in modes.items() if given]
    if len(wanted) > 1:
        raise click.UsageError(f"either --{wanted[0]} or --{wanted[1]}")
    return wanted[0] if wanted else "bans"


def _configs(mode: str, path: str | None, against: str | None) -> list[Config]:
    """The configurations to rehearse."""
    from amiguard.rehearsal import sweep  # noqa: PLC0415

    if against and mode != "diff":
        raise click.UsageError("--against goes with --diff")
    if mode == "diff" and path is None:
        raise click.UsageError("--diff compares the --config FILE that you name with another")
    config = config_or_exit(path)
    if mode == "diff":
        return [config_or_exit(against), config]
    return sweep(config) if mode == "sweep" else [config]


def _window(since: float | None, until: float | None) -> Window:
    from amiguard.rehearsal import Window  # noqa: PLC0415

    whole = Window()
    return Window(whole.since if since is None else since, whole.until if until is None else until)


def _reader(filter_name: str | None) -> Reader:
    from amiguard.cli.pastreaders import Filtered, Security  # noqa: PLC0415
    from amiguard.fail2ban.ini import FilterError  # noqa: PLC0415
    from amiguard.views import printable  # noqa: PLC0415

    try:
        return Filtered(filter_name) if filter_name else Security()
    except (FilterError, OSError) as error:
        fail(printable(f"{filter_name}: {error}"), Exit.USAGE)


def _rehearse(
    configs: Iterable[Config], reader: Reader, files: Iterable[Path], window: Window
) -> tuple[list[Rehearsal], int]:
    """Read the files once, for all; also gives the number of lines."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.cli.pastlogs import Progress, UnreadableError, in_order  # noqa: PLC0415
    from amiguard.rehearsal import Rehearsal  # noqa: PLC0415

    rehearsals, lines, now = [Rehearsal(config, window) for config in configs], 0, time.time()
    try:
        logs = in_order(files, reader, now)
        with Progress(logs) as advance:
            for log in logs:
                if 0 < log.first_time < rehearsals[0].latest - _OVERLAP:
                    click.echo(f"amiguard: {views.printable(str(log.path))}: {_TWICE}", err=True)
                reader.begin(rehearsals)
                for block in log.blocks(advance):
                    lines += block.count(b"\n") + (not block.endswith(b"\n"))
                    reader.read(block, rehearsals, now)
    except UnreadableError as error:
        fail(str(error), Exit.FAILED)
    return rehearsals, lines
