"""Edge: what the service holds and how often it wakes: idle, with phones logging in, after an attack."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import kernel
import peers
import process
import traffic
from figures import Figure
from logfile import SecurityLog, written
from ours import TABLE, Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scale import Scale

_SETTLE = 2.0
_BANNED_SHARE = 5


class Rest(NamedTuple):
    """MiB resident, wake-ups a second, and per cent of a CPU with 100 benign lines a second."""

    memory: float
    wakeups: float
    load: float


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Idle and benign: the same ten seconds of phones for either program."""
    with SecurityLog(root / "ours.log") as log, Guard(root / "idle", log.path) as guard:
        ours = _rest(guard.pid, log, scale.watched)
    theirs, remark = _fail2ban(root, scale.watched)
    goals = {"memory": 43.0, "wakeups": 2.0, "load": 2.0}
    names = {"memory": "idle, resident", "wakeups": "idle, wake-ups", "load": "100 benign lines/s"}
    for key, unit in (("memory", "MiB"), ("wakeups", "a second"), ("load", "% CPU")):
        other = getattr(theirs, key) if theirs else None
        yield Figure(names[key], unit, getattr(ours, key), goals[key], "fail2ban", other, remark)
    yield _crowded(root, scale.tracked)


def _fail2ban(root: Path, watched: float) -> tuple[Rest | None, str]:
    if remark := peers.missing("fail2ban-server", "nft"):
        return None, remark
    with SecurityLog(root / "theirs.log") as log, peers.Fail2ban(root / "fail2ban", log.path) as server:
        return _rest(server.pid, log, watched), ""


def _rest(pid: int, log: SecurityLog, seconds: float) -> Rest:
    time.sleep(_SETTLE)
    memory = process.memory(pid)
    wakeups = _rate(lambda: process.wakeups(pid), lambda: time.sleep(seconds))
    load = _rate(lambda: process.cpu(pid), lambda: log.murmur(seconds))
    return Rest(memory, wakeups, load * 100)


def _rate(read: Callable[[], float], meanwhile: Callable[[], None]) -> float:
    """By how much a counter grows a second."""
    before, start = read(), time.perf_counter()
    meanwhile()
    return (read() - before) / (time.perf_counter() - start)


def _crowded(root: Path, sources: int) -> Figure:
    """After a crowd's attack: so many sources are below the threshold, and a fifth as many were banned."""
    kernel.flush()
    banned = sources // _BANNED_SHARE
    crowd = [(0, banned, 5), (banned, banned + sources, 3)]
    log = written(root / "crowd.log", [*(_attack(*each) for each in crowd), traffic.last_one(time.time())])
    with kernel.Listener(kernel.GENERATIONS) as changes, Guard(root / "crowded", log) as guard:
        kernel.settled(changes, TABLE, banned + 1, 90)
        time.sleep(_SETTLE)
        held, status = process.memory(guard.pid), guard.status() or {}
    name = f"{sources:,} tracked, {banned:,} banned, resident"
    remark = f"tracked {status.get('tracked')}, bans {status.get('bans')}"
    return Figure(name, "MiB", held, 124.0, remark=remark)


def _attack(first: int, last: int, times: int) -> str:
    """Guesses of those attackers, every second over TLS: over UDP they may hold but half of the table."""
    halves = (range(first, last, 2), "UDP"), (range(first + 1, last, 2), "TLS")
    return "".join(
        traffic.guesses(map(traffic.stranger, numbers), times, time.time(), transport=transport)
        for numbers, transport in halves
    )
