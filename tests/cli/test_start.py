"""What a command loads before it does anything."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from amiguard.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

ASKED = """
import sys
from amiguard.cli import main
try:
    main({arguments!r})
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
HEAVY = {"asyncio", "pyroute2", "sqlite3", "watchdog", "amiguard.session", "amiguard.sources.grammar"}


def loaded(*arguments: str) -> set[str]:
    program = ASKED.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, text=True)
    return set(done.stderr.split())


def loaded_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


def test_help_loads_no_command() -> None:
    modules = loaded("--help")
    assert "amiguard.cli" in modules
    assert {"amiguard.cli"} == {name for name in modules if name.startswith("amiguard.cli")}
    assert set() == HEAVY & modules


@pytest.mark.parametrize("command", ["list", "history", "unban"])
def test_a_command_that_asks_the_service_is_light(command: str) -> None:
    modules = loaded(command, "--help")
    assert "amiguard.cli.bans" in modules
    assert set() == HEAVY & modules


def test_a_service_loads_only_what_its_configuration_asks_for() -> None:
    modules = loaded_by("amiguard.session")
    seldom = {"amiguard.feed", "amiguard.sources.ami_client", "amiguard.sources.journals"}
    assert "amiguard.ears" in modules
    assert set() == seldom & modules


@pytest.mark.kernel
def test_a_list_without_a_service_loads_no_more_than_it_reads(tmp_path: Path) -> None:
    config = tmp_path / "amiguard.toml"
    config.write_text(f'[service]\nstate_dir = "{tmp_path}"\nsocket = "{tmp_path}/none"\n')
    modules = loaded("list", "--config", str(config))
    assert "amiguard.firewall.nftables" in modules
    assert {"sqlite3"} == HEAVY & modules


def test_each_command_is_where_the_table_says() -> None:
    with click.Context(cli) as context:
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            assert command is not None
            assert name == command.name
