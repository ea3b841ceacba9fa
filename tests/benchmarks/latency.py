"""Edge: from the last failing line written to the element in the kernel, as a netlink socket hears of it."""

from __future__ import annotations

import random
import time
from itertools import count
from typing import TYPE_CHECKING

import kernel
import peers
import records
import traffic
from figures import Figure, quantile
from logfile import SecurityLog
from ours import Guard
from pbx import Pbx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scale import Scale

_NUMBERS = count()


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """One attacker after the other; a quiet log, and one in which phones log in 100 times a second."""
    quiet, busy = _ours(root, scale.bans, busy=False), _ours(root, scale.bans, busy=True)
    theirs: list[float] = []
    if not (remark := peers.missing("fail2ban-server", "nft")):
        theirs = _fail2ban(root, scale.peer_bans)
        remark = f"{scale.bans} bans; fail2ban {scale.peer_bans}"
    for name, goal, share in (("median", 2.0, 0.5), ("99th percentile", 10.0, 0.99)):
        other = quantile(theirs, share) if theirs else None
        yield Figure(f"line to kernel, {name}", "ms", quantile(quiet, share), goal, "fail2ban", other, remark)
    over_ami = _over_ami(root, scale.bans)
    for name, goal, share in (("median", 1.0, 0.5), ("99th percentile", 5.0, 0.99)):
        yield Figure(f"AMI event to kernel, {name}", "ms", quantile(over_ami, share), goal)
    for name, share in (("median", 0.5), ("99th percentile", 0.99)):
        ours, calm = quantile(busy, share), quantile(quiet, share)
        yield Figure(f"the same, 100 benign lines/s, {name}", "ms", ours, peer="quiet log", theirs=calm)


def _ours(root: Path, bans: int, *, busy: bool) -> list[float]:
    kernel.flush()
    home = root / f"amiguard-{next(_NUMBERS)}"
    with SecurityLog(root / f"{home.name}.log") as log, Guard(home, log.path), kernel.Listener() as hears:
        return _delays(log.write, hears, bans, wait=log.murmur if busy else time.sleep)


def _over_ami(root: Path, bans: int) -> list[float]:
    kernel.flush()
    with Pbx(root / f"ami-{next(_NUMBERS)}") as pbx, kernel.Listener() as hears:
        return _delays(pbx.ami, hears, bans, render=records.as_ami)


def _fail2ban(root: Path, bans: int) -> list[float]:
    kernel.flush()
    home = root / f"fail2ban-{next(_NUMBERS)}"
    with (
        SecurityLog(root / f"{home.name}.log") as log,
        peers.Fail2ban(home, log.path),
        kernel.Listener() as hears,
    ):
        return _delays(log.write, hears, bans)


def _delays(
    write: Callable[[str], None],
    hears: kernel.Listener,
    bans: int,
    render: traffic.Render = records.classic,
    wait: Callable[[float], None] = time.sleep,
) -> list[float]:
    """Milliseconds, a ban each; four wrong passwords, a pause at random, and the fifth."""
    dice = random.Random(7)
    delays = []
    for address in map(traffic.stranger, range(bans)):
        write(traffic.guesses([address], 4, time.time(), render))
        wait(dice.uniform(0.04, 0.1))
        last = traffic.guesses([address], 1, time.time(), render)
        start = time.perf_counter()
        write(last)
        delays.append((hears.arrival(address, 30.0) - start) * 1000)
    return delays
