"""Edge: `setup`: shows, or makes, what a PBX needs to be guarded."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from amiguard import views
from amiguard.asterisk.console import Console
from amiguard.cli.common import CONFIG, fail, reports, with_config, with_json
from amiguard.exits import Exit
from amiguard.setup import look, making
from amiguard.setup.difference import difference
from amiguard.setup.plan import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amiguard.setup.view import Plan, View

_Result = TypeVar("_Result")


@click.command("setup")
@click.option("--apply", is_flag=True, help="Do it; what is there is kept beside it.")
@click.option("--root", metavar="DIR", default="/", help="Another root than this machine's; nothing is run.")
@with_config
@with_json
@reports
def setup_command(root: str, config_path: str | None, *, apply: bool, as_json: bool) -> None:
    """Show what this PBX needs to be guarded, line by line; with --apply, do it.

    A JSON security log and a log of notices, their rotation, an AMI user with the least
    privileges, amiguard.toml, the service.  A second time there is nothing to do.
    """
    view = _done(lambda: look.look(root, config_path or CONFIG))
    planned = plan(view)
    if apply:
        _done(lambda: making.make(Path(root), planned, Console(view.console)))
    if as_json:
        click.echo(views.document(_document(view, planned, applied=apply)))
    else:
        for line in _lines(view, planned, applied=apply):
            click.echo(views.printable(line))


def _done(act: Callable[[], _Result]) -> _Result:
    try:
        return act()
    except making.SetupError as error:
        fail(views.printable(str(error)), Exit.FAILED)
    except OSError as error:
        fail(views.printable(f"{error.filename}: {error.strerror}"), Exit.FAILED)


def _document(view: View, planned: Plan, *, applied: bool) -> dict[str, Any]:
    return {
        "product": view.product or "Asterisk",
        "asterisk": str(view.version) if view.version else None,
        "directory": view.directory,
        "listeners": [
            {"protocol": each.protocol, "address": str(each.address), "port": each.port}
            for each in view.listeners
        ],
        "guards": list(view.guards),
        "changes": [
            {"path": each.path, "why": each.why, "diff": list(map(views.printable, difference(each)))}
            for each in planned.changes
        ],
        "steps": [{"words": list(step.words), "why": step.why} for step in planned.steps],
        "notes": list(planned.notes),
        "applied": applied,
    }


def _lines(view: View, planned: Plan, *, applied: bool) -> Iterator[str]:
    version = f" (Asterisk {view.version})" if view.version else ""
    yield f"{view.product or 'Asterisk'}{version}: {view.directory}"
    if view.listeners:
        found = sorted({f"{each.protocol}/{each.port} on {each.address}" for each in view.listeners})
        yield f"listening here: {', '.join(found)}"
    for change in planned.changes:
        yield from ("", f"{change.path}: {change.why}", *(f"  {line}" for line in difference(change)))
    if planned.steps:
        yield from ("", "then:", *(f"  {shlex.join(step.words)}  # {step.why}" for step in planned.steps))
    if planned.notes:
        yield from ("", "to know:", *(f"  {note}" for note in planned.notes))
    yield from ("", _end(planned, applied=applied))


def _end(planned: Plan, *, applied: bool) -> str:
    if not (planned.changes or planned.steps):
        return "nothing to change"
    return "done" if applied else "nothing has been changed: --apply does it"
