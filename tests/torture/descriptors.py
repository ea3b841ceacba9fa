"""Edge: what a process has open."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_files(folder: Path) -> Iterator[str]:
    """Of a `/proc/PID/fd`: paths, and the kinds of what has none."""
    for each in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(each.readlink()).partition(":")[0]
