"""Pure: how often what has failed, hour by hour: for reports, not for judgement."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.model import Proof, SecurityEvent

HOUR: Final = 3600
"""Seconds of an hour."""
TAMPERING: Final = "tampering"
"""What a record tampered with counts as, whatever its kind."""


class Tally(NamedTuple):
    """How often something failed within an hour.

    `hour` counts from the epoch.  `event` is the kind of event, or `TAMPERING`.
    No sender chooses any of this: of an hour there are as many tallies as kinds of
    event, services and transports at most.
    """

    hour: int
    event: str
    service: str
    transport: str
    proof: Proof
    times: int


class Tallies:
    """Counts what fails, until it is taken."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[float, str, bytes, bytes, bool], int] = defaultdict(int)

    def failed(self, event: SecurityEvent, time: float, *, proven: bool) -> None:
        """Count an event at `time`, in seconds since the epoch."""
        kind = TAMPERING if event.tampered else event.kind
        self._counts[time // HOUR, kind, event.service, event.remote.transport, proven] += 1

    def take(self) -> list[Tally]:
        """All that was counted since it was last asked."""
        counts, self._counts = self._counts, defaultdict(int)
        return [
            Tally(
                int(hour),
                event,
                service.decode(),
                transport.decode(),
                "proven" if proven else "unproven",
                count,
            )
            for (hour, event, service, transport, proven), count in counts.items()
        ]

    def put_back(self, taken: Iterable[Tally]) -> None:
        """What was taken is to be taken again."""
        for hour, event, service, transport, proof, times in taken:
            self._counts[hour, event, service.encode(), transport.encode(), proof == "proven"] += times
