"""Edge: how soon a command answers that need not ask anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import kernel
import ours
import process
from figures import Figure, median
from logfile import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_GOAL = 0.15
_RUNS = 9


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """With a service that is down, `list` goes to kernel and store itself."""
    del scale
    kernel.flush()
    guard = ours.Guard(root / "down", written(root / "unread.log", ()))
    for words, command in (
        ("--help", [*ours.COMMAND, "--help"]),
        ("list, service down", guard.command("list")),
    ):
        yield Figure(f"amiguard {words}", "s", median(process.run(command)[0] for _ in range(_RUNS)), _GOAL)
