"""Edge: programs that must succeed, with a pip that may reach no index."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_UNREACHABLE = re.compile(r"No matching distribution found|Could not find a version")


def run(*command: str | Path, cwd: str | Path = "/") -> str:
    """What a program prints that must succeed; a pip that reaches no index skips the test."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)
    if done.returncode and (found := _UNREACHABLE.search(done.stderr)):
        pytest.skip(f"pip reaches no index: {found[0]}")
    assert not done.returncode, done.stderr
    return done.stdout
