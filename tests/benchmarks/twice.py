"""Edge: CPU an event that the log and the AMI both tell, of the whole service."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import kernel
import process
import records
import traffic
from figures import Figure, median
from pbx import Pbx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from scale import Scale

_COMMITTED = 1.2  # positions and scores are written at most once a second
_AHEAD = 60.0
_PATIENCE = 5.0
"""What README recommends as `writetimeout`; we write as fast as is read."""
_TENS = 50
"""Tens of records that are written at once."""


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """The traffic of `throughput`, each piece written into the log and sent over the AMI."""
    heard = [_heard(root / f"run-{run}", scale.twice) for run in range(scale.runs)]
    name = f"{scale.twice:,} events by log and AMI"
    remark = f"repeats known {heard[0][1]:,}, missed {heard[0][2]:,}"
    yield Figure(name, "us CPU an event", median(cost for cost, _, _ in heard), 7.0, remark=remark)


def _heard(root: Path, events: int) -> tuple[float, int, int]:
    """Microseconds an event; how many failures were known from the other channel, and how many missed.

    Events bear times yet to come, so that each is judged when it is heard: what both
    channels tell within seconds counts once, however old the traffic would be.
    """
    kernel.flush()
    end = time.time() + events / traffic.RECORDS_A_SECOND + _AHEAD
    by_log, by_ami = (_pieces(traffic.day(events, end, form)) for form in (records.classic, records.as_ami))
    with Pbx(root, _PATIENCE) as pbx, kernel.Listener() as hears:
        before = process.cpu(pbx.guard.pid)
        for each, same in zip(by_log, by_ami, strict=True):
            pbx.log(each)
            pbx.ami(same)
        pbx.log(traffic.last_one(end))
        pbx.ami(traffic.last_one(end, records.as_ami))
        hears.arrival(traffic.LAST, 60)
        time.sleep(_COMMITTED)
        spent = process.cpu(pbx.guard.pid) - before
        return spent / events * 1e6, pbx.repeats, pbx.missed


def _pieces(chunks: Iterable[str]) -> Iterator[str]:
    stream = iter(chunks)
    while piece := "".join(islice(stream, _TENS)):
        yield piece
