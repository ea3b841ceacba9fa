"""Edge: a flood as fast as Asterisk can tell one, by log and AMI at once, and a quiet attacker in it."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, NamedTuple

import kernel
import process
import records
import traffic
from figures import Figure, median
from pbx import Pbx
from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_RATE = 20_000
"""Events a second: an Asterisk under a flood of UDP packets tells no more."""
_STEP = 0.01
_WRITING_AHEAD = 60e-6
_ATTEMPTS = 5
_AFTER = 1.0
_FLOODER, _QUIET = traffic.stranger(1), traffic.stranger(2)


class Piece(NamedTuple):
    """What is told in one step: when, in both forms, and whether the quiet one guesses in it."""

    due: float
    log: str
    ami: str
    quiet: bool


class Felt(NamedTuple):
    """Milliseconds until each was banned; MiB at the most; microseconds of CPU an event; events missed."""

    flooder: float
    quiet: float
    peak: float
    cost: float
    missed: int


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """One source makes 10,000 attempts a second, another five in all."""
    felt = [_flooded(root / f"flood-{run}", scale.flooded) for run in range(scale.runs)]
    name = f"{_RATE:,} events/s for {scale.flooded:g} s by log and AMI"
    remark = f"missed by the AMI, seen in the log: {max(each.missed for each in felt):,}"
    yield Figure(f"{name}: flooder banned", "ms", median(each.flooder for each in felt), 100.0)
    yield Figure(f"{name}: quiet attacker banned", "ms", median(each.quiet for each in felt), 100.0)
    yield Figure(f"{name}: CPU", "us an event", median(each.cost for each in felt), remark=remark)
    yield Figure(f"{name}: peak of the service", "MiB", max(each.peak for each in felt), 100.0)


def _flooded(root: Path, seconds: float) -> Felt:
    kernel.flush()
    with Pbx(root) as pbx, kernel.Listener() as hears:
        pieces = _pieces(seconds)
        before = process.cpu(pbx.guard.pid)
        banned = _tell(pbx, pieces, hears)
        spent, peak = process.cpu(pbx.guard.pid) - before, process.memory(pbx.guard.pid, "VmHWM")
        return Felt(*banned, peak, spent / seconds / _RATE * 1e6, pbx.missed)


def _pieces(seconds: float) -> list[Piece]:
    """The whole flood, written beforehand; it begins when that is done."""
    steps, attempts = int(seconds / _STEP), int(_RATE * _STEP / 2)
    begin = time.time() + steps * attempts * 2 * _WRITING_AHEAD + 1
    quiet = [steps * n // (_ATTEMPTS + 1) for n in range(1, _ATTEMPTS + 1)]
    numbers = (range(n * attempts, (n + 1) * attempts) for n in range(steps))
    return [_piece(begin + n * _STEP, each, quiet=n in quiet) for n, each in enumerate(numbers)]


def _piece(due: float, attempts: range, *, quiet: bool) -> Piece:
    def told(render: traffic.Render) -> str:
        flood = (traffic.unknown_account(_FLOODER, due, nonce, render) for nonce in attempts)
        guess = traffic.guesses([_QUIET], 1, due, render) if quiet else ""
        return "".join(record for pair in flood for record in pair) + guess

    return Piece(due, told(records.classic), told(records.as_ami), quiet)


def _tell(pbx: Pbx, pieces: list[Piece], hears: kernel.Listener) -> tuple[float, float]:
    """Tell all of it, each piece when it is due; milliseconds until either was banned.

    Raises:
        BenchError: one of them was not.
    """
    banned: dict[bytes, float] = {}
    guessed = begun = time.perf_counter()
    for number, piece in enumerate(pieces):
        banned.update(hears.arrivals(max(piece.due - time.time(), 0.0)))
        if not number:
            begun = time.perf_counter()
        if piece.quiet:
            guessed = time.perf_counter()
        pbx.log(piece.log)
        pbx.ami(piece.ami)
    banned.update(hears.arrivals(_AFTER))
    return tuple((_when(banned, who) - since) * 1000 for who, since in ((_FLOODER, begun), (_QUIET, guessed)))


def _when(banned: dict[bytes, float], address: str) -> float:
    if (key := socket.inet_aton(address)) not in banned:
        raise BenchError(f"{address} was not banned")
    return banned[key]
