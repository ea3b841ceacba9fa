"""Edge: whether more of everything makes each of it dearer: a ban, a source, a line, a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import kernel
import ours
import process
import records
import traffic
from figures import Figure
from logfile import written
from ours import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_HOURS = 3600.0
_SETTLE = 2.0
_RESTORED = {1_000_000: 15.0}


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """So many bans, of a record each; so many sources that fail three times, less what is idle."""
    kernel.flush()
    with Guard(root / "idle", written(root / "idle.log", ())) as guard:
        time.sleep(_SETTLE)
        cpu, memory = process.cpu(guard.pid), process.memory(guard.pid)
    for count in scale.grown:
        yield from _bans(root, count, cpu, memory)
        yield from _sources(root, count, cpu, memory)


def _bans(root: Path, count: int, cpu: float, memory: float) -> Iterator[Figure]:
    kernel.flush()
    now = time.time()
    lines = (traffic.failure(records.AMI_USER, traffic.stranger(n), now, n) for n in range(count))
    guard = Guard(root / f"bans-{count}", written(root / f"bans-{count}.log", lines), ours.AT_ONCE)
    with guard:
        process.until(lambda: _said(guard, "bans") >= count, f"{count} bans", _HOURS, every=1.0)
        time.sleep(_SETTLE)
        yield Figure(f"{count:,} bans: CPU each", "us", (process.cpu(guard.pid) - cpu) / count * 1e6)
        yield Figure(f"{count:,} bans: memory each", "bytes", _bytes_each(guard, memory, count))
    kernel.flush()
    start = time.perf_counter()
    with guard:
        spent = time.perf_counter() - start
        yield Figure(f"{count:,} bans restored, start included", "s", spent, _RESTORED.get(count))
        yield Figure(f"{count:,} bans restored: memory each", "bytes", _bytes_each(guard, memory, count))


def _sources(root: Path, count: int, cpu: float, memory: float) -> Iterator[Figure]:
    kernel.flush()
    crowd = range(count)
    tries = (traffic.guesses(map(traffic.stranger, crowd), 1, time.time(), transport="TLS") for _ in range(3))
    log = written(root / f"sources-{count}.log", [*tries, traffic.last_one(time.time())])
    with Guard(root / f"sources-{count}", log) as guard:
        process.until(lambda: _said(guard, "bans") >= 1, f"{count} sources judged", _HOURS, every=1.0)
        time.sleep(_SETTLE)
        lines, held = 3 * count, int(_said(guard, "tracked"))
        yield Figure(f"{count:,} sources: CPU a line", "us", (process.cpu(guard.pid) - cpu) / lines * 1e6)
        remark = f"tracked {held}"
        yield Figure(
            f"{count:,} sources: memory each", "bytes", _bytes_each(guard, memory, held), remark=remark
        )


def _said(guard: Guard, what: str) -> float:
    """A number of `amiguard status`; 0 while it does not answer."""
    return float((guard.status() or {}).get(what, 0))


def _bytes_each(guard: Guard, memory: float, count: int) -> float:
    return (process.memory(guard.pid) - memory) * 2**20 / count
