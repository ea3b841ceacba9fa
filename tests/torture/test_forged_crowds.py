"""A million forged sources, and true attackers among them: memory stays bounded, and the true ones are banned."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import made
import ordeal
import pytest

from amiguard.model import Ban, Prefix, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = ordeal.rounds(4_000, 1_000_000)
TRUE = ordeal.rounds(40, 1_000)
TABLE = ordeal.rounds(1_000, 100_000)
GUESSES = 8
MIB = 2**20


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def forged(number: int) -> str:
    return f"{10 + number // 2**20 % 80}.{number >> 12 & 255}.{number >> 4 & 255}.{(number & 15) + 1}"


def flood(packets: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Sources and transports, each true one guessing `GUESSES` times, spread over all of it."""
    true = [f"203.{n >> 8}.{n & 255}.7" for n in range(TRUE)]
    guesses = sorted((chance.random(), source) for source in true for _ in range(GUESSES))
    due, total = iter([*guesses, (2.0, "")]), FORGED * packets
    at, source = next(due)
    for n in range(total):
        while at <= n / total:
            yield source, b"TCP"
            at, source = next(due)
        yield forged(n // packets), b"UDP"
    yield from ((source, b"TCP") for at, source in chain([(at, source)], due) if source)
