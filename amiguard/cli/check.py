"""Edge: `check`: configuration, files, firewall rights and sight, each said plainly, with its mend."""

from __future__ import annotations

import glob
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import click

from amiguard.cli.common import config_file, config_or_exit, fail, print_table, with_config, with_json
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.config import Ami, Config, Log

_SAMPLE: Final = 256 * 1024

_PATIENCE: Final = 3.0

Level = Literal["ok", "warning", "error"]


class Finding(NamedTuple):
    """One thing looked at: how it stands, and what mends it."""

    level: Level
    subject: str
    text: str
    mend: str = ""


@click.command("check")
@with_config
@with_json
def check_command(config_path: str | None, *, as_json: bool) -> None:
    """Look at configuration, logs, firewall and store; exit code 1 if something stands in the way."""
    from amiguard import views  # noqa: PLC0415

    config = config_or_exit(config_path)
    findings = [Finding("ok", "configuration", config_file(config_path) or "defaults"), *_findings(config)]
    if as_json:
        click.echo(views.document({"findings": [finding._asdict() for finding in findings]}))
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


def _findings(config: Config) -> Iterator[Finding]:
    yield from _logs(config)
    yield from (_ami(ami) for ami in config.ami)
    yield _firewall(config)
    yield _store(config)
    yield _service(config)


def _logs(config: Config) -> Iterator[Finding]:
    from amiguard.asterisk.discover import discover  # noqa: PLC0415

    installation = discover()
    if config.logs:
        for log in config.logs:
            yield from _log(log)
    else:
        yield from (Finding("warning", "discovery", reason) for reason in installation.reasons)
        yield from _path(installation.log)
    if installation.manager is not None and installation.manager.over_http:
        yield Finding(
            "warning",
            "sight",
            "AMI over HTTP is on: whole records can be forged in anything but a JSON log",
            "webenabled = no in manager.conf, or a JSON security log",
        )


def _log(log: Log) -> Iterator[Finding]:
    found = sorted(glob.glob(log.path)) or [log.path]  # noqa: PTH207 - a pattern may be absolute
    for path in found:
        yield from _path(path)


def _path(path: str) -> Iterator[Finding]:
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            yield Finding("error", path, "not a regular file", "name the log itself")
            return
        with Path(path).open("rb") as file:
            file.seek(max(status.st_size - _SAMPLE, 0))
            sample = file.read(_SAMPLE)
    except FileNotFoundError:
        mend = 'add "security.json => [json]security" to [logfiles] in logger.conf, then `logger reload`'
        yield Finding("warning", path, "does not exist yet; it is followed when it does", mend)
    except OSError as error:
        yield Finding("error", path, error.strerror or str(error), "let the service's user read it")
    else:
        yield _content(path, sample, whole=status.st_size <= _SAMPLE)


def _content(path: str, sample: bytes, *, whole: bool) -> Finding:
    from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

    if not sample:
        return Finding("ok", path, "empty so far")
    reader = SecurityLog(skip_challenges=False)
    lines = sample if whole else sample.partition(b"\n")[2]
    found = list(reader.feed(lines[: lines.rfind(b"\n") + 1], 0.0))
    events = sum(not isinstance(outcome, Ambiguous) for outcome in found)
    if not events:
        return Finding("warning", path, "holds no security event", "is it the log with the level `security`?")
    text = f"{reader.form}, {events} events and {len(found) - events} ambiguous records at its end"
    if reader.form == "json":
        return Finding("ok", path, text)
    mend = 'a JSON log shows more: "security.json => [json]security" in logger.conf'
    return Finding("ok", path, f"{text}; {mend}")


def _ami(ami: Ami) -> Finding:
    from amiguard.sources.ami_secret import SecretError, read_secret  # noqa: PLC0415

    place = f"ami {ami.host}:{ami.port}"
    try:
        read_secret(ami.secret_file)
        with socket.create_connection((ami.host, ami.port), timeout=_PATIENCE):
            return Finding("ok", place, "answers; `amiguard status` tells whether it lets us listen")
    except SecretError as error:
        return Finding("error", place, str(error), "a file of mode 0600 with the secret of the AMI user")
    except OSError as error:
        mend = "enabled = yes in manager.conf, then `manager reload`"
        return Finding("warning", place, f"cannot connect: {error.strerror or error}", mend)


def _firewall(config: Config) -> Finding:
    from amiguard.firewall.netlink import FirewallError  # noqa: PLC0415
    from amiguard.session import firewall_of  # noqa: PLC0415

    if config.service.dry_run:
        return Finding("warning", "firewall", "dry_run is on: nobody is kept out", "dry_run = false")
    try:
        with firewall_of(config) as firewall:
            return Finding("ok", "firewall", f"nf_tables answers, generation {firewall.generation()}")
    except FirewallError as error:
        return Finding("error", "firewall", str(error), "run as root, or give CAP_NET_ADMIN")


def _store(config: Config) -> Finding:
    directory = Path(config.service.state_dir).absolute()
    nearest = next(path for path in (directory, *directory.parents) if os.access(path, os.F_OK))
    if os.access(nearest, os.W_OK):
        return Finding("ok", "store", str(directory))
    return Finding("error", "store", f"{nearest} cannot be written", "run as the service's user or root")


def _service(config: Config) -> Finding:
    from amiguard.control import ControlError, asking  # noqa: PLC0415

    try:
        with asking(config.service.socket, "status") as (head, _):
            return Finding("ok", "service", f"guarding since {head['since']}")
    except ControlError as error:
        return Finding("warning", "service", str(error), "systemctl start amiguard, or `amiguard run`")
