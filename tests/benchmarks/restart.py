"""Edge: a reboot: how long until the stored bans stand in an empty kernel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import kernel
import ours
import peers
import process
import records
import traffic
from figures import Figure, median
from kernel import Listener
from logfile import written
from ours import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_GOALS = {10_000: 0.3, 100_000: 1.0}


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """The interpreter's start and its imports are measured apart and taken off, for either program."""
    theirs, remark = _fail2ban(root, scale)
    start = median(peers.imports(ours.MODULES) for _ in range(3))
    for bans in scale.restored:
        spent = _ours(root, bans, scale.runs) - start
        name, scaled = f"restart with {bans:,} bans", theirs and theirs * bans
        yield Figure(name, "s", spent, _GOALS.get(bans), "fail2ban", scaled, remark)
        yield _bulk(root, name, spent, bans)
    yield Figure("start and imports, taken off above", "s", start)


def seeded(root: Path, bans: int) -> Guard:
    """A stopped service that remembers so many bans, a record each."""
    now = time.time()
    lines = (traffic.failure(records.AMI_USER, traffic.stranger(n), now + n / 1e6, n) for n in range(bans))
    log = written(root / f"seed-{bans}.log", lines)
    kernel.flush()
    with (
        Listener(kernel.GENERATIONS) as changes,
        Guard(root / f"amiguard-{bans}", log, ours.AT_ONCE) as guard,
    ):
        kernel.settled(changes, ours.TABLE, bans, 120)
        time.sleep(1.0)  # the store follows the kernel
    return guard


def _ours(root: Path, bans: int, runs: int) -> float:
    guard = seeded(root, bans)
    return median(_restored(guard, ours.TABLE, bans) for _ in range(runs))


def _restored(subject: Guard | peers.Fail2ban, table: str, bans: int) -> float:
    """Seconds from the start of the program until its bans stand."""
    kernel.flush()
    with Listener(kernel.GENERATIONS) as changes:
        start = time.perf_counter()
        subject.start()
        try:
            return kernel.settled(changes, table, bans, 120) - start
        finally:
            subject.stop()


def _fail2ban(root: Path, scale: Scale) -> tuple[float | None, str]:
    """Seconds a ban, and the remark."""
    if remark := peers.missing("fail2ban-server", "nft"):
        return None, remark
    bans, log = scale.peer_burst, written(root / "unread.log", ())
    with peers.Fail2ban(root / "fail2ban", log) as server:
        server.ask("set", peers.JAIL, "banip", *map(traffic.stranger, range(bans)))
        process.until(lambda: kernel.banned(peers.TABLE) >= bans, f"{bans} bans of fail2ban", 60, every=0.5)
    spent = _restored(server, peers.TABLE, bans) - _fail2ban_start(root, log)
    return spent / bans, f"fail2ban: scaled from {bans}"


def _fail2ban_start(root: Path, log: Path) -> float:
    """Seconds until a server without a memory answers."""
    start = time.perf_counter()
    with peers.Fail2ban(root / "fail2ban-empty", log):
        return time.perf_counter() - start


def _bulk(root: Path, name: str, spent: float, bans: int) -> Figure:
    if remark := peers.missing("nft"):
        return Figure(name, "s", spent, peer="nft -f", remark=remark)
    kernel.flush()
    theirs = peers.nft_bulk(root, [traffic.stranger(n) for n in range(bans)])
    return Figure(name, "s", spent, peer="nft -f", theirs=theirs, remark="one bulk insert, nothing else")
