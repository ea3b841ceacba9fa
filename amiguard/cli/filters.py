"""Edge: `filters`: what there is for fail2ban; tried on a log, put into its tree and taken out again."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from amiguard import filterfiles, views
from amiguard.cli.common import fail, print_table, reports, with_config, with_json
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amiguard.filterfiles import Step

_PROGRAM: Final = "fail2ban-regex"


_with_tree: Final = click.option(
    "--into",
    "tree",
    metavar="DIR",
    default=filterfiles.TREE,
    help=f"fail2ban's tree (default: {filterfiles.TREE}).",
)


@click.group("filters")
def filters_command() -> None:
    """Filters, jails and an action for fail2ban."""


@filters_command.command("list")
@with_config
@with_json
@reports
def list_command(config_path: str | None, *, as_json: bool) -> None:
    """List the files for fail2ban, and what each is for."""
    del config_path
    rows = [(path, _purpose(source)) for path, source in filterfiles.shipped().items()]
    if as_json:
        click.echo(views.document({"files": [{"path": path, "for": purpose} for path, purpose in rows]}))
    else:
        print_table(("FILE", "FOR"), rows)


def _purpose(source: Path) -> str:
    """The first sentence of a file's head, behind what kind of file it is."""
    head = source.read_text(encoding="utf-8").partition("\n\n")[0].partition("\n#\n")[0]
    text = " ".join(line.removeprefix("#").strip() for line in head.splitlines())
    return text.partition(": ")[2].partition(". ")[0].removesuffix(".")


@filters_command.command("show")
@click.argument("name")
@with_config
@with_json
@reports
def show_command(name: str, config_path: str | None, *, as_json: bool) -> None:
    """Show the file NAME: a filter's name, or a path as `filters list` has it."""
    del config_path
    shipped = filterfiles.shipped()
    path = name if name in shipped else f"{filterfiles.FILTERS}/{name}.conf"
    if path not in shipped:
        fail(f"no such file: {views.printable(name)}; see `amiguard filters list`", Exit.NOTHING)
    text = shipped[path].read_text(encoding="utf-8")
    click.echo(views.document({"path": path, "text": text}) if as_json else text, nl=as_json)


@filters_command.command("test")
@click.argument("filter_name", metavar="FILTER")
@click.argument("log", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@with_config
@with_json
@reports
def test_command(filter_name: str, log: str, config_path: str | None, *, as_json: bool) -> None:
    """Say whom FILTER (ours, fail2ban's or a path) names in the log FILE, as fail2ban itself reads it."""
    del config_path
    found = _named(_filter(filter_name), log)
    if as_json:
        rows = [{"address": address, "failures": times} for address, times in found]
        click.echo(views.document({"filter": filter_name, "found": rows}))
    elif found:
        print_table(("SOURCE", "FAILURES"), [(views.printable(who), str(times)) for who, times in found])
    if not found:
        fail("no line matches", Exit.NOTHING)


def _filter(name: str) -> str:
    """What fail2ban-regex knows the filter by."""
    ours = filterfiles.shipped().get(f"{filterfiles.FILTERS}/{name}.conf")
    return name if ours is None else str(ours)


def _named(name: str, log: str) -> list[tuple[str, int]]:
    """Who is named in the log, and how often, the most first."""
    if not shutil.which(_PROGRAM):
        fail(f"{_PROGRAM} is not there: install fail2ban to try its filters", Exit.FAILED)
    command = [_PROGRAM, "--encoding", "utf-8", "--out", "<ip>", log, name]
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="backslashreplace")  # noqa: S603 - no shell reads it
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        fail(f"{_PROGRAM}: {said[-1] if said else f'exit code {done.returncode}'}", Exit.FAILED)
    return Counter(done.stdout.split()).most_common()


@filters_command.command("install")
@_with_tree
@with_config
@with_json
@reports
def install_command(tree: str, config_path: str | None, *, as_json: bool) -> None:
    """Put the files into fail2ban's tree; what somebody else wrote there is set aside, not lost."""
    del config_path
    steps = _done(filterfiles.install, tree)
    _say(steps, as_json=as_json)
    if not as_json and any(step.done != "unchanged" for step in steps):
        click.echo("No jail is on: jail.d/amiguard.conf says how. Then: fail2ban-client reload")


@filters_command.command("uninstall")
@_with_tree
@with_config
@with_json
@reports
def uninstall_command(tree: str, config_path: str | None, *, as_json: bool) -> None:
    """Take the files out of fail2ban's tree, but for those that were edited."""
    del config_path
    steps = _done(filterfiles.uninstall, tree)
    _say(steps, as_json=as_json)
    if not steps:
        fail(f"nothing was installed into {views.printable(tree)}", Exit.NOTHING)


def _done(act: Callable[[Path], list[Step]], tree: str) -> list[Step]:
    try:
        return act(Path(tree))
    except filterfiles.TreeError as error:
        fail(views.printable(str(error)), Exit.FAILED)
    except OSError as error:
        fail(views.printable(f"{error.filename}: {error.strerror}"), Exit.FAILED)


def _say(steps: Sequence[Step], *, as_json: bool) -> None:
    if as_json:
        click.echo(views.document({"files": [step._asdict() for step in steps]}))
    elif steps:
        print_table(("FILE", "DONE", "NOTE"), steps)
