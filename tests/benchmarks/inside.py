"""Edge: one measurement, in namespaces that `bench.py` has made; prints its figures, a JSON object a line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import burst
import filtered
import flood
import footprint
import growth
import latency
import listing
import outcome
import packets
import restart
import scale
import startup
import throughput
import twice
from process import BenchError
from scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from figures import Figure

MEASUREMENTS: Mapping[str, Callable[[Path, Scale], Iterator[Figure]]] = {
    "throughput": throughput.measure,
    "filters": filtered.measure,
    "twice": twice.measure,
    "latency": latency.measure,
    "flood": flood.measure,
    "burst": burst.measure,
    "restart": restart.measure,
    "listing": listing.measure,
    "packets": packets.measure,
    "startup": startup.measure,
    "footprint": footprint.measure,
    "outcome": outcome.measure,
    "growth": growth.measure,
}
SELDOM = frozenset({"growth"})
"""What is measured only when it is asked for: it takes many minutes."""


def main(name: str, root: str, *options: str) -> int:
    """Measure one thing, with files under `root`."""
    try:
        for figure in MEASUREMENTS[name](Path(root), scale.QUICK if "--quick" in options else scale.FULL):
            sys.stdout.write(json.dumps(asdict(figure)) + "\n")
            sys.stdout.flush()
    except BenchError as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
