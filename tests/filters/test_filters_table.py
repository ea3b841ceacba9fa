"""README's table of the filters is what they do, and fail2ban's own program agrees."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import logs
import pytest
import readme
from judged import OURS
from score import table

if TYPE_CHECKING:
    from pathlib import Path

    from judged import Judge
    from logs import Line


def installed() -> str:
    """The version of the fail2ban that judges here."""
    command = ["fail2ban-regex", "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


def test_readme_has_the_table(judge: Judge) -> None:
    """Of the version that it names: another one's own filter may do better, or worse."""
    [version] = re.findall(r"its own `asterisk` filter \(([\d.]+)\)", readme.TEXT)
    if installed() != version:
        pytest.skip(f"needs fail2ban {version}, which README's table is of")
    [shown] = re.findall(r"<!-- filters -->\n(.*?)\n<!-- /filters -->", readme.TEXT, re.DOTALL)
    assert list(table(judge)) == shown.splitlines()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("amiguard-asterisk-security", logs.security("security")),
        ("amiguard-asterisk-security-json", logs.security("json")),
        ("amiguard-asterisk-notice", logs.notices(as_json=False)),
        ("amiguard-asterisk-notice-json", logs.notices(as_json=True)),
    ],
)
def test_the_program_finds_the_same(judge: Judge, tmp_path: Path, name: str, lines: list[Line]) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(line.text + b"\n" for line in lines))
    command = ["fail2ban-regex", "--encoding", "utf-8", "--out", "<ip>", str(log), str(OURS / f"{name}.conf")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert Counter(judge.whom(name, *(line.text for line in lines))) == Counter(told.split())
