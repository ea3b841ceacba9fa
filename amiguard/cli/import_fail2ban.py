"""Edge: `import-fail2ban`: jails, addresses and bans of fail2ban become amiguard's; fail2ban is only read."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from amiguard import views
from amiguard.asking import ControlError, asking
from amiguard.cli.common import CONFIG, config_or_exit, fail, reports, with_config, with_json
from amiguard.exits import Exit
from amiguard.fail2ban.ini import FilterError
from amiguard.model import Prefix

if TYPE_CHECKING:
    from amiguard.config import Config
    from amiguard.fail2ban.banned import Banned
    from amiguard.fail2ban.moving import Move

_TREE: Final = "/etc/fail2ban"
_DATABASE: Final = "/var/lib/fail2ban/fail2ban.sqlite3"
_NO_DATABASE: Final = "None"
_MODE: Final = 0o644
_SOON: Final = 2.0
"""Seconds by which a ban that stands may be over sooner than fail2ban's."""


@click.command("import-fail2ban")
@click.option("--from", "tree", metavar="DIR", default=_TREE, help=f"fail2ban's tree (default: {_TREE}).")
@click.option("--apply", is_flag=True, help="Do it; without this it is only shown.")
@with_config
@with_json
@reports
def import_fail2ban_command(tree: str, config_path: str | None, *, apply: bool, as_json: bool) -> None:
    """Show what fail2ban's jails and bans become here; with --apply, do it.

    The configuration gets a part that a second run writes anew, and the service
    the bans that run.  Nothing of fail2ban is changed.
    """
    target = Path(config_path or CONFIG)
    config = config_or_exit(config_path if target.exists() else None)
    try:
        text = target.read_text(encoding="utf-8") if target.exists() else ""
        move, bans = _moved(Path(tree), text)
        after = _checked(target, text, move.toml)
    except (FilterError, OSError) as error:
        fail(views.printable(str(error)), Exit.FAILED)
    if apply:
        _write(target, text, after)
        move = move._replace(notes=(*move.notes, *_handed(config, bans)))
    _tell(target, move, bans, changed=after != text, applied=apply, as_json=as_json)


def _moved(tree: Path, text: str) -> tuple[Move, list[Banned]]:
    """What is to become of the tree beside this configuration.

    Raises:
        FilterError: it cannot be read.
    """
    from amiguard.asterisk.discover import discover  # noqa: PLC0415 - `--help` needs none of it
    from amiguard.config import parse  # noqa: PLC0415
    from amiguard.fail2ban import jails, moving  # noqa: PLC0415
    from amiguard.fail2ban.files import complaint, load_tree  # noqa: PLC0415

    found = list(jails.enabled(load_tree(tree, "jail")))
    # Where there is any [[log]] none is discovered.
    log = "" if parse(moving.merged(text, ""), "").logs else discover().log
    wanted = [jail for jail in found if isinstance(jail, jails.Jail)]
    move = moving.move(wanted, log, complaint)
    notes = [str(error) for error in found if isinstance(error, FilterError)]
    bans, why_none = _bans(tree)
    return move._replace(notes=(*move.notes, *notes, *why_none)), bans


def _bans(tree: Path) -> tuple[list[Banned], list[str]]:
    """The bans that run, or why they cannot be told."""
    from amiguard.fail2ban.banned import banned  # noqa: PLC0415
    from amiguard.fail2ban.files import load_tree  # noqa: PLC0415

    try:
        database = load_tree(tree, "fail2ban").get("DEFAULT", "dbfile", {}) or _DATABASE
        return ([], []) if database == _NO_DATABASE else (banned(Path(database), time.time()), [])
    except FilterError as error:
        return [], [f"no bans are taken over: {error}"]


def _checked(target: Path, text: str, block: str) -> str:
    """The configuration as it shall be.

    Raises:
        FilterError: it would be wrong.
    """
    from amiguard.config import ConfigError, parse  # noqa: PLC0415
    from amiguard.fail2ban.moving import merged  # noqa: PLC0415

    after = merged(text, block)
    try:
        parse(after, str(target))
    except ConfigError as error:
        raise FilterError(f"{error}; move what stands twice by hand, this is the part:\n{block}") from error
    return after


def _write(target: Path, before: str, after: str) -> None:
    """Write all or nothing."""
    if before == after:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(after, encoding="utf-8")
    fresh.chmod(target.stat().st_mode & 0o7777 if target.exists() else _MODE)
    fresh.replace(target)


def _handed(config: Config, bans: list[Banned]) -> list[str]:
    """Hand bans to the service, but for those that it has; what it refuses, and why."""
    told = []
    try:
        held = _held(config.service.socket)
        for ban in bans:
            source = ban.source.within(config.ban.ipv6_prefix) if ban.source.is_ipv6 else ban.source
            if held.get(source, 0.0) < ban.left - _SOON and (refusal := _ban(config.service.socket, ban)):
                told.append(f"{ban.source} ({ban.jail}) is not banned: {refusal}")
    except ControlError as error:
        told.append(f"{error}: start it, then do this again for the bans")
    return told


def _held(socket: str) -> dict[Prefix, float]:
    """The seconds that each ban has left.

    Raises:
        ControlError: the service does not answer.
    """
    with asking(socket, "list") as (_, rows):
        bans = [json.loads(row) for row in rows]
    return {Prefix.parse(f"{ban['address']}/{ban['prefix']}"): ban["remaining"] or math.inf for ban in bans}


def _ban(socket: str, ban: Banned) -> str:
    """Have somebody banned for the rest of his time; why the service refuses, if it does.

    Raises:
        ControlError: it does not answer.
    """
    lasting = {"for": "forever" if math.isinf(ban.left) else f"{int(ban.left)}s"}
    said = {"address": str(ban.source), "origin": "fail2ban", "reason": f"fail2ban: {ban.jail}", **lasting}
    try:
        with asking(socket, "ban", **said) as (_, rows):
            list(rows)
    except ControlError as error:
        if error.code == Exit.SILENT:
            raise
        return str(error)
    return ""


def _tell(
    target: Path, move: Move, bans: list[Banned], *, changed: bool, applied: bool, as_json: bool
) -> None:
    if as_json:
        rows = [{"address": str(ban.source), "jail": ban.jail} for ban in bans]
        click.echo(
            views.document({"applied": applied, "toml": move.toml, "notes": list(move.notes), "bans": rows})
        )
        return
    head = f"# {target}" + ("" if changed else " (has it already)")
    click.echo(f"{views.printable(head)}\n\n{move.toml}")
    for ban in bans:
        click.echo(f"ban   {ban.source} {views.span(ban.left)} ({views.printable(ban.jail)})")
    for note in move.notes:
        click.echo(f"note  {views.printable(note)}")
    click.echo(
        "done; then: systemctl reload amiguard" if applied else "nothing has been changed: --apply does it"
    )
