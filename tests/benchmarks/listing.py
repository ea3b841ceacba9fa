"""Edge: `amiguard list --json` of very many bans: its time, and what the judge and the memory feel of it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import ours
import process
import records
import restart
import traffic
from figures import Figure, median
from kernel import Listener
from logfile import SecurityLog
from ours import Guard
from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scale import Scale

_EVERY = 0.013
_CALM = 3.0
_AFTER_START = 3.0


class Listing(NamedTuple):
    """How long the command took, and the delays of the bans meanwhile, in milliseconds."""

    seconds: float
    delays: list[float]


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """New bans go on every 13 ms, before and during the listings; start-up is measured apart."""
    bans = max(scale.restored)
    guard = restart.seeded(root, bans)
    bare = median(process.run([*ours.COMMAND, "list", "--help"])[0] for _ in range(3))
    log = root / f"seed-{bans}.log"
    with guard, SecurityLog(log) as tail, Listener() as hears:
        time.sleep(_AFTER_START)
        prober = Prober(tail, hears)
        calm = prober.probe(_ended_after(_CALM))
        idle = process.memory(guard.pid)
        listings = [_listing(guard, prober, bans) for _ in range(scale.runs)]
        peak = process.memory(guard.pid, "VmHWM")
    name = f"list --json of {bans:,} bans"
    yield Figure(name, "s", median(each.seconds for each in listings) - bare, 1.2, remark="start-up off")
    delays = [delay for each in listings for delay in each.delays]
    yield _delay(f"{name}: worst ban meanwhile", max(delays), max(calm), 20.0)
    yield _delay(f"{name}: median ban meanwhile", median(delays), median(calm))
    yield Figure(f"{name}: peak of the service", "MiB", peak, peer="before", theirs=idle)


class Prober:
    """Gets one address banned at a time, at a steady pace, and hears when the kernel has it."""

    def __init__(self, log: SecurityLog, hears: Listener) -> None:
        self._log, self._hears, self._number = log, hears, 2**23

    def probe(self, ended: Callable[[], bool]) -> list[float]:
        """Milliseconds from record to element, a ban each, until `ended` says so."""
        sent: dict[bytes, float] = {}
        delays: list[float] = []
        while not ended():
            self._send(sent)
            delays += self._heard(sent, _EVERY)
        return delays + self._rest(sent)

    def _send(self, sent: dict[bytes, float]) -> None:
        self._number += 1
        address = traffic.stranger(self._number)
        record = traffic.failure(records.AMI_USER, address, time.time(), self._number)
        sent[socket.inet_aton(address)] = time.perf_counter()
        self._log.write(record)

    def _heard(self, sent: dict[bytes, float], seconds: float) -> list[float]:
        came = self._hears.arrivals(seconds)
        return [(when - sent.pop(key)) * 1000 for key, when in came if key in sent]

    def _rest(self, sent: dict[bytes, float]) -> list[float]:
        """Those still under way.

        Raises:
            BenchError: a second was not enough for them.
        """
        delays = self._heard(sent, 1.0)
        if sent:
            raise BenchError(f"{len(sent)} bans did not come within a second while listing")
        return delays


def _listing(guard: Guard, prober: Prober, bans: int) -> Listing:
    out = guard.root / "list.json"
    with out.open("wb") as sink:
        start = time.perf_counter()
        child = subprocess.Popen(guard.command("list", "--json"), stdout=sink)
        ends: list[float] = []
        delays = prober.probe(lambda: _note_end(child, ends))
    listed = len(json.loads(out.read_bytes())["bans"])
    if listed < bans:
        raise BenchError(f"amiguard list: {listed} of {bans} bans")
    return Listing(ends[0] - start, delays)


def _note_end(child: subprocess.Popen[bytes], ends: list[float]) -> bool:
    if child.poll() is None:
        return False
    ends.append(time.perf_counter())
    return True


def _ended_after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def _delay(name: str, ours_: float, calm: float, goal: float | None = None) -> Figure:
    return Figure(name, "ms", ours_, goal, "no listing", calm)
