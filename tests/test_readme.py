"""README names what there is: commands, options, keys, paths, targets, modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
import readme

from amiguard import config
from amiguard.asterisk.audit.rules import RULES
from amiguard.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = {"--config", "--json", "--help", "-h,"}
"""Options of which the text says once who has them."""
WITHOUT_JSON = {"run", "watch", "demo"}
SMALL = 150_000
"""Bytes of a picture."""
IN_SUMMARY = ("amiguard/cli/", "amiguard/demo/")
"""Packages whose modules the map does not name one by one."""


def commands(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        elif command:
            yield " ".join((*before, name)), command


def options(command: click.Command) -> dict[str, str]:
    """Options with their placeholders, and what `--help` says of each."""
    context = click.Context(command)
    given = (param for param in command.get_params(context) if isinstance(param, click.Option))
    records = (option.get_help_record(context) for option in given)
    return {name: text.partition("  [")[0] for name, text in filter(None, records)}


def flags(command: click.Command) -> set[str]:
    return {name.split()[0] for name in options(command)}


@pytest.mark.parametrize("words", sorted(set(readme.mentioned())), ids=" ".join)
def test_every_command_parses(words: tuple[str, ...]) -> None:
    """A name alone is a mention; with arguments it is to be typed."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found, name
        command = found
    command.make_context("amiguard", [*rest], resilient_parsing=not rest)


def test_every_option_is_in_the_table_with_its_help() -> None:
    expected = [
        (f"`{name}`", f"`{option}`", text)
        for name, command in commands()
        for option, text in options(command).items()
        if option.split()[0] not in SHARED
    ]
    assert expected == readme.table("command", "option", "meaning")


def test_every_rule_of_the_audit_is_in_the_table() -> None:
    expected = [(f"`{rule.id}`", rule.severity.word, rule.title) for rule in RULES]
    assert expected == readme.table("rule", "worst", "finds")


def test_every_command_takes_config_and_all_but_those_that_show_take_json() -> None:
    assert [] == [name for name, command in commands() if "--config" not in flags(command)]
    assert WITHOUT_JSON == {name for name, command in commands() if "--json" not in flags(command)}


def test_every_command_has_an_example() -> None:
    """But for those that do not end at once."""
    shown = {example.words[0] for example in readme.examples()}
    assert set(cli.list_commands(click.Context(cli))) == shown | {"run", "watch", "demo"}


def test_the_configuration_is_the_whole_example_and_all_others_can_be_used() -> None:
    blocks = readme.blocks("toml")
    assert config.example() in blocks
    for block in blocks:
        config.parse(block, "README.md")


def test_every_target_of_make_exists() -> None:
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)", readme.TEXT, re.MULTILINE))
    makefile = (readme.ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test", "lint", "bench"} <= named
    assert set() == named - set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_every_path_exists() -> None:
    assert {"LICENSE", "tests/corpus/index.tsv", "amiguard/sources/kinds.py"} <= readme.paths()
    assert [] == [path for path in readme.paths() if not (readme.ROOT / path).exists()]


def test_every_picture_exists_and_is_small() -> None:
    pictures = [readme.ROOT / path for path in re.findall(r"!\[[^]]+\]\(([^)]+)\)", readme.TEXT)]
    assert {".png", ".svg"} == {picture.suffix for picture in pictures}
    assert [] == [picture for picture in pictures if picture.stat().st_size > SMALL]
    assert set(pictures) == set((readme.ROOT / "docs").iterdir()), "all that are drawn are shown"


def test_what_the_map_names_exists() -> None:
    assert {"amiguard/model.py", "amiguard/judge/guard.py", "tests/"} <= set(readme.house())
    assert [] == [path for path in readme.house() if not (readme.ROOT / path).exists()]


def test_the_map_names_every_module() -> None:
    files = (readme.ROOT / "amiguard").rglob("[!_]*.py")
    modules = {path.relative_to(readme.ROOT).as_posix() for path in files}
    unnamed = modules - set(readme.house())
    assert set() == {module for module in unnamed if not module.startswith(IN_SUMMARY)}


def test_the_programs_that_tests_want_are_those_that_ci_installs() -> None:
    [sentence] = re.findall(r"all of them have (.*?) installed", readme.TEXT, re.DOTALL)
    script = (readme.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [needed] = re.findall(r"^needed=\((.*)\)$", script, re.MULTILINE)
    assert set(re.findall(r"`(.*?)`", sentence)) <= {pair.partition(":")[0] for pair in needed.split()}
