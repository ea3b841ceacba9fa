"""What is wrong is said in one line, with the contract's exit code and no traceback."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from lab import PROGRAM, attack, run

if TYPE_CHECKING:
    from pathlib import Path

WRONG = {
    "unknown key": ("[service]\nsocet = 'x'", "service.socet"),
    "unknown section": ("[servce]", "servce"),
    "wrong type": ("[ban]\nshared = 'yes'", "ban.shared"),
    "impossible value": ("[ban]\nipv4_prefix = 33", "ban.ipv4_prefix"),
    "wrong duration": ("[ban]\ndurations = ['soon']", "soon"),
    "no TOML": ("[service", "line 1"),
    "no UTF-8": ("x = '\udcff'", "x"),
}
COMMANDS = [
    *(["run"], ["status"], ["list"], ["ban", "203.0.113.7"], ["unban", "--all"], ["history"], ["check"]),
    *(
        ["allow", "add", "10.0.0.0/8"],
        ["allow", "del", "10.0.0.0/8"],
        ["allow", "list"],
        ["replay", os.devnull],
    ),
]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_named(tmp_path: Path, case: str) -> None:
    text, place = WRONG[case]
    file = tmp_path / "amiguard.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = run("run", "--config", str(file))
    assert (2, "") == (ran.code, ran.out)
    assert ran.err.startswith(f"amiguard: {file}: ")
    assert place in ran.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_refuses_a_wrong_configuration(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text("[service]\nsocet = 'x'", encoding="utf-8")
    assert 2 == run(*words, "--config", str(file)).code
    missing = run(*words, "--config", str(tmp_path / "none"))
    assert (2, f"amiguard: {tmp_path}/none: No such file or directory\n") == (missing.code, missing.err)


@pytest.mark.parametrize("words", COMMANDS[1:], ids=" ".join)
def test_every_command_but_run_has_json(words: list[str]) -> None:
    assert "--json" in run(*words[: 2 if words[0] == "allow" else 1], "--help").out


@pytest.mark.parametrize(
    "words",
    [
        ["unban"],
        ["unban", "--all", "203.0.113.7"],
        ["ban"],
        ["list", "x"],
        ["nothing"],
        ["replay"],
        ["allow", "add"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(words: list[str]) -> None:
    assert 2 == run(*words).code


def test_history_takes_no_limit_of_zero() -> None:
    assert 2 == run("history", "--limit", "0").code


def test_the_program_reads_its_standard_configuration_or_defaults() -> None:
    ran = subprocess.run([*PROGRAM, "replay", "--json", os.devnull], capture_output=True, check=True)
    assert {"version": 1, "lines": 0, "events": 0, "ambiguous": 0, "bans": []} == json.loads(ran.stdout)


@pytest.mark.parametrize("name", ["missing", "folder", "torn.gz", "garbled.gz"])
def test_replay_names_the_file_it_cannot_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    packed = gzip.compress(os.urandom(5000))
    (tmp_path / "torn.gz").write_bytes(packed[:-100])
    (tmp_path / "garbled.gz").write_bytes(packed[:30] + b"\xff" * 200 + packed[230:])
    good = tmp_path / "security"
    good.write_bytes(attack("203.0.113.7"))
    ran = run("replay", str(good), str(tmp_path / name))
    assert (1, "") == (ran.code, ran.out)
    assert ran.err.startswith(f"amiguard: {tmp_path / name}: ")
    assert 1 == ran.err.count("\n")
