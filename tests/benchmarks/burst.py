"""Edge: thousands of sources that cross the threshold at once: how long until the kernel holds them all."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

import kernel
import peers
import process
import traffic
from figures import Figure, median
from kernel import Listener
from logfile import SecurityLog
from ours import TABLE, Guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_GOAL = 1.0
_NUMBERS = count()


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Four wrong passwords each are judged beforehand; the clock runs from the last of the fifths."""
    ours = median(_ours(root, scale.burst) for _ in range(scale.runs))
    theirs, remark = None, peers.missing("fail2ban-server", "nft")
    if not remark:
        theirs = _fail2ban(root, scale.peer_burst) * scale.burst / scale.peer_burst
        remark = f"fail2ban: scaled from {scale.peer_burst}"
    name = f"{scale.burst:,} sources at once, all banned"
    yield Figure(name, "s", ours, _GOAL, "fail2ban", theirs, remark)


def _ours(root: Path, sources: int) -> float:
    kernel.flush()
    home = root / f"amiguard-{next(_NUMBERS)}"
    crowd = [traffic.stranger(n) for n in range(sources)]
    with SecurityLog(root / f"{home.name}.log") as log, Guard(home, log.path), Listener() as hears:
        log.write(traffic.guesses(crowd, 4, time.time()) + traffic.last_one(time.time()))
        hears.arrival(traffic.LAST, 60)
        return _last_straw(log, crowd, TABLE)


def _fail2ban(root: Path, sources: int) -> float:
    kernel.flush()
    crowd = [traffic.stranger(n) for n in range(sources)]
    home = root / f"fail2ban-{next(_NUMBERS)}"
    with SecurityLog(root / f"{home.name}.log") as log, peers.Fail2ban(home, log.path) as server:
        log.write(traffic.guesses(crowd, 4, time.time()) + traffic.last_one(time.time()))
        process.until(lambda: server.has_banned(traffic.LAST), "fail2ban's failures", 60, every=0.5)
        return _last_straw(log, crowd, peers.TABLE)


def _last_straw(log: SecurityLog, crowd: list[str], table: str) -> float:
    fifths = traffic.guesses(crowd, 1, time.time())
    with Listener(kernel.GENERATIONS) as changes:
        log.write(fifths)
        start = time.perf_counter()
        return kernel.settled(changes, table, len(crowd) + 1, 120) - start
