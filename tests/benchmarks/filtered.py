"""Edge: CPU a line of logs that fail2ban's own filters read, of our service and of fail2ban."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

import kernel
import otherlogs
import peers
import process
import traffic
from figures import Figure
from logfile import written
from ours import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scale import Scale

_COMMITTED = 1.2  # positions and scores are written at most once a second
_TIMES = 3.0
"""How many times less than fail2ban's ours is to be."""
_NUMBERS = count()


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Each filter on a log of its program; start-up measured apart and taken off."""
    remark = peers.missing("fail2ban-server")
    for name, form in otherlogs.FORMS.items():
        now = time.time()
        some, none = (
            written(root / f"{name}-{lines}", otherlogs.lines(form, lines, now, traffic.LAST))
            for lines in (scale.peer_lines, 0)
        )
        theirs = None if remark else _each(_theirs, root, name, some, none, scale)
        ours = _each(_ours, root, name, some, none, scale)
        goal = theirs and theirs / _TIMES
        yield Figure(f"filter {name}", "us CPU a line", ours, goal, "fail2ban", theirs, remark)


def _each(
    cpu: Callable[[Path, str, Path], float], root: Path, name: str, some: Path, none: Path, scale: Scale
) -> float:
    """Microseconds a line."""
    start, spent = (cpu(root, name, log) for log in (none, some))
    return (spent - start) / scale.peer_lines * 1e6


def _ours(root: Path, name: str, log: Path) -> float:
    """Seconds of CPU of a service without a memory, and its filter's, until the last one is banned."""
    kernel.flush()
    with kernel.Listener() as hears, Guard(root / f"ours-{next(_NUMBERS)}", log, reader=name) as guard:
        hears.arrival(traffic.LAST, 90)
        time.sleep(_COMMITTED)
        return sum(map(process.cpu, (guard.pid, *process.children(guard.pid))))


def _theirs(root: Path, name: str, log: Path) -> float:
    """Seconds of CPU of a server without a memory until it has banned the one who comes last."""
    with peers.Fail2ban(root / f"theirs-{next(_NUMBERS)}", log, blocks=False, reader=name) as server:
        process.until(lambda: server.has_banned(traffic.LAST), "fail2ban's last ban", 120, every=0.5)
        return process.cpu(server.pid)
