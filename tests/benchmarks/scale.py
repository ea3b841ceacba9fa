"""Pure: how much is measured; the whole in some minutes, `--quick` in one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts for ours; what begins with `peer_` is for fail2ban, which takes longer for each."""

    runs: int
    lines: int
    peer_lines: int
    twice: int
    flooded: float
    bans: int
    peer_bans: int
    bursts: tuple[int, ...]
    peer_burst: int
    restored: tuple[int, ...]
    tracked: int
    watched: float
    packeted: tuple[int, ...]
    grown: tuple[int, ...]
    outcome: int


FULL = Scale(
    runs=3,
    lines=1_000_000,
    peer_lines=100_000,
    twice=300_000,
    flooded=10.0,
    bans=250,
    peer_bans=40,
    bursts=(10_000, 100_000),
    peer_burst=300,
    restored=(10_000, 100_000),
    tracked=100_000,
    watched=10.0,
    packeted=(1_000, 10_000, 100_000),
    grown=(1_000, 10_000, 100_000, 1_000_000),
    outcome=1,
)
QUICK = Scale(
    runs=1,
    lines=100_000,
    peer_lines=20_000,
    twice=50_000,
    flooded=3.0,
    bans=60,
    peer_bans=6,
    bursts=(2_000,),
    peer_burst=60,
    restored=(10_000,),
    tracked=20_000,
    watched=3.0,
    packeted=(1_000, 10_000),
    grown=(1_000, 10_000),
    outcome=10,
)
