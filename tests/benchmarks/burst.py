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

_GOALS = {10_000: 0.7}
_NUMBERS = count()


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Four wrong passwords each are judged beforehand; the clock runs from the last of the fifths."""
    theirs, remark = None, peers.missing("fail2ban-server", "nft")
    if not remark:
        theirs = _fail2ban(root, scale.peer_burst) / scale.peer_burst
        remark = f"fail2ban: scaled from {scale.peer_burst}"
    for sources in scale.bursts:
        spent = median(_ours(root, sources) for _ in range(scale.runs))
        name, scaled = f"{sources:,} sources at once, all banned", theirs and theirs * sources
        yield Figure(name, "s", spent, _GOALS.get(sources), "fail2ban", scaled, remark)


def _ours(root: Path, sources: int) -> float:
    """Over TLS: of sources whose packets could be forged, half of the table is all that is remembered.

    The one that tells that the others are judged is one of them: a hundred thousand is all the table holds.
    """
    kernel.flush()
    home = root / f"amiguard-{next(_NUMBERS)}"
    crowd = [traffic.stranger(n) for n in range(sources - 1)]
    with SecurityLog(root / f"{home.name}.log") as log, Guard(home, log.path), Listener() as hears:
        log.write(_guesses(crowd, 4) + traffic.last_one(time.time()))
        hears.arrival(traffic.LAST, 120)
        return _last_straw(log, crowd, TABLE)


def _fail2ban(root: Path, sources: int) -> float:
    kernel.flush()
    crowd = [traffic.stranger(n) for n in range(sources)]
    home = root / f"fail2ban-{next(_NUMBERS)}"
    with SecurityLog(root / f"{home.name}.log") as log, peers.Fail2ban(home, log.path) as server:
        log.write(_guesses(crowd, 4) + traffic.last_one(time.time()))
        process.until(lambda: server.has_banned(traffic.LAST), "fail2ban's failures", 60, every=0.5)
        return _last_straw(log, crowd, peers.TABLE)


def _last_straw(log: SecurityLog, crowd: list[str], table: str) -> float:
    fifths = _guesses(crowd, 1)
    with Listener(kernel.GENERATIONS) as changes:
        log.write(fifths)
        start = time.perf_counter()
        return kernel.settled(changes, table, len(crowd) + 1, 120) - start


def _guesses(crowd: list[str], times: int) -> str:
    return traffic.guesses(crowd, times, time.time(), transport="TLS")
