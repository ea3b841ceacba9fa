"""Edge: `filters`: what there is for fail2ban; tried on a log, put into its tree and taken out again."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from amiguard import filterfiles, views
from amiguard.cli.common import fail, print_table, reports, with_config, with_json
from amiguard.exits import Exit
from amiguard.fail2ban.budget import Budget
from amiguard.fail2ban.files import ready
from amiguard.fail2ban.ini import FilterError
from amiguard.fail2ban.trying import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amiguard.fail2ban.matcher import Matcher
    from amiguard.filterfiles import Step

_BLOCK: Final = 1024 * 1024


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
@click.argument("name", metavar="FILTER")
@click.argument("log", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@with_config
@with_json
@reports
def test_command(name: str, log: str, config_path: str | None, *, as_json: bool) -> None:
    """Say whom FILTER names in the log FILE; a filter of ours, of fail2ban's, or the path of one."""
    del config_path
    try:
        found, given_up = _named(ready(name), Path(log))
    except FilterError as error:
        fail(views.printable(f"{name}: {error}"), Exit.USAGE)
    except OSError as error:
        fail(views.printable(f"{error.filename}: {error.strerror}"), Exit.FAILED)
    if as_json:
        rows = [{"source": who, "failures": times} for who, times in found]
        click.echo(views.document({"filter": name, "found": rows, "given_up": given_up}))
    elif found:
        print_table(("SOURCE", "FAILURES"), [(views.printable(who), str(times)) for who, times in found])
    if given_up:
        click.echo(f"amiguard: {given_up} lines take the filter too long, and tell nothing", err=True)
    if not found:
        fail("no line matches", Exit.NOTHING)


def _named(matcher: Matcher, log: Path) -> tuple[list[tuple[str, int]], int]:
    """Who is named how often, and how many lines were given up."""
    named: Counter[str] = Counter()
    given_up = 0
    with log.open("rb") as file, Budget() as budget:
        while lines := file.readlines(_BLOCK):
            for answer in answers(matcher, _ended(b"".join(lines)), time.time(), budget):
                named.update(failure.who for failure, _ in answer.findings)
                given_up += answer.overran
    return named.most_common(), given_up


def _ended(lines: bytes) -> bytes:
    return lines if lines.endswith(b"\n") else lines + b"\n"


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
