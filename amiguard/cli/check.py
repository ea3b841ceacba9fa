"""Edge: `check`: configuration, files, firewall rights and sight, each said plainly, with its mend."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from amiguard.cli.common import (
    config_file,
    config_or_exit,
    fail,
    print_table,
    read_with_filters,
    with_config,
    with_json,
)
from amiguard.cli.findings import Finding
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amiguard.config import Config

_AHEAD: Final = 2.0
"""Seconds; what is further ahead is judged at its receipt."""
_SHOWN = ("level", "subject", "text", "mend")


@click.command("check")
@click.option(
    "--canary", is_flag=True, help="Fail to log in to the AMI once, and wait for it on every channel."
)
@with_config
@with_json
def check_command(config_path: str | None, *, canary: bool, as_json: bool) -> None:
    """Look at configuration, logs, AMI, firewall and store; exit code 1 if something stands in the way."""
    from amiguard import views  # noqa: PLC0415

    config = config_or_exit(config_path, read_with_filters)
    file = config_file(config_path) or "defaults"
    findings = [Finding("ok", "configuration", file), *_findings(config, canary=canary)]
    if as_json:
        shown = [dict(zip(_SHOWN, finding, strict=False)) for finding in findings]
        click.echo(views.document({"findings": shown}))
    else:
        marks = {"ok": "ok", "warning": "WARNING", "error": "ERROR"}
        print_table(
            ("", "WHAT", "FOUND"), [(marks[f.level], views.printable(f.subject), _text(f)) for f in findings]
        )
    if any(finding.level == "error" for finding in findings):
        fail("something stands in the way", Exit.FAILED)


def _text(finding: Finding) -> str:
    from amiguard.views import printable  # noqa: PLC0415

    return printable(finding.text + (f"; mend: {finding.mend}" if finding.mend else ""))


def _findings(config: Config, *, canary: bool) -> Iterator[Finding]:
    from amiguard.cli import check_firewall  # noqa: PLC0415 - `--help` needs none of it

    yield from _channels(config, canary=canary)
    yield from check_firewall.look(config)
    yield _store(config)
    yield from _notify(config)
    yield _service(config)


def _channels(config: Config, *, canary: bool) -> Iterator[Finding]:
    from amiguard.asterisk.discover import discover  # noqa: PLC0415
    from amiguard.cli import check_logs  # noqa: PLC0415
    from amiguard.logs import Logs  # noqa: PLC0415

    installation = discover()
    logs = Logs(config, installation)
    found = list(check_logs.look(logs, installation.log_directory))
    if config.ami:
        from amiguard.cli import check_ami  # noqa: PLC0415 - costs what asyncio costs

        found += check_ami.look(config.ami)
    yield from found
    if canary:
        from amiguard.cli import check_canary  # noqa: PLC0415 - as above

        yield from check_canary.look(config, installation, logs)
    manager = installation.manager
    yield from _sight(found, over_http=manager is not None and manager.over_http)
    yield from _time(max((finding.newest for finding in found), default=0.0))


def _time(newest: float) -> Iterator[Finding]:
    """Whether Asterisk's clock is ours."""
    ahead = newest - time.time()
    if ahead > _AHEAD:
        text = f"the newest event is {ahead:.0f} s ahead of this clock: such are judged when they come"
        yield Finding("warning", "time", text, "let NTP keep the clock, and see Asterisk's time zone")
    elif newest:
        yield Finding("ok", "time", "no event is ahead of this clock")


def _sight(found: Sequence[Finding], *, over_http: bool) -> Iterator[Finding]:
    """What the channels that hold or tell events now cannot show."""
    from amiguard.sight import BY_NAME, FULL, sight  # noqa: PLC0415

    forms = [finding.form for finding in found if finding.form]
    for name in sight(forms, over_http=over_http) if forms else ():
        if name == FULL:
            yield Finding("ok", "sight", "full")
        else:
            _, meaning, mend = BY_NAME[name]
            yield Finding("warning" if mend else "ok", f"sight: {name}", meaning, mend)


def _store(config: Config) -> Finding:
    directory = Path(config.service.state_dir).absolute()
    nearest = next(path for path in (directory, *directory.parents) if os.access(path, os.F_OK))
    if os.access(nearest, os.W_OK):
        return Finding("ok", "store", str(directory))
    return Finding("error", "store", f"{nearest} cannot be written", "run as the service's user or root")


def _notify(config: Config) -> Iterator[Finding]:
    from amiguard.notify.messenger import NotifyError, receivers  # noqa: PLC0415

    try:
        found = receivers(config.notify)
    except NotifyError as error:
        yield Finding("error", "notify", str(error), "what `amiguard notify test` asks for")
    else:
        for receiver in found:
            yield Finding("ok", "notify", receiver.name)


def _service(config: Config) -> Finding:
    from amiguard.asking import ControlError, asking  # noqa: PLC0415

    try:
        with asking(config.service.socket, "status") as (head, _):
            return Finding("ok", "service", f"guarding since {head['since']}")
    except ControlError as error:
        return Finding("warning", "service", str(error), "systemctl start amiguard, or `amiguard run`")
