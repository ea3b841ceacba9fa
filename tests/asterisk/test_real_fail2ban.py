"""The newest fail2ban that Debian has reads our filters as the stable one does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import chroots
import pytest
import readme

pytestmark = pytest.mark.asterisk

SCORE = Path(__file__).parents[1] / "filters/score.py"
OURS = slice(1, 6)
"""Of a row's cells: the log, its lines, and what our filters make of them."""


def ours(rows: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")][OURS] for row in rows]


def test_the_newest_fail2ban_finds_what_readme_says_of_ours() -> None:
    root = chroots.build(chroots.HOST)
    command = ["chroot", root, "fail2ban-regex", "--version"]
    version = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    assert (1, 1) <= tuple(map(int, version.split(".")[:2]))
    [shown] = re.findall(r"<!-- filters -->\n(.*?)\n<!-- /filters -->", readme.TEXT, re.DOTALL)
    told = subprocess.run([sys.executable, SCORE, root], check=True, capture_output=True, text=True).stdout
    assert ours(shown.splitlines()) == ours(told.splitlines())
