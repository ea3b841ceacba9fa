"""Pure: what two channels both tell counts once, and what happened twice counts twice.

Asterisk gives the same event, byte for byte the same, to every channel; but
two different events can agree in every byte as well (same millisecond, same
Call-ID).  So for each equal value the greatest of the channels' counts holds:
an occurrence is new when its channel has told it more often than any other.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from amiguard.model import SecurityEvent

PASSED: Final = 5.0
"""Seconds by which every channel must have passed an event before it is forgotten."""
ENTRIES: Final = 65_536


class Counting:
    """Counts events by channel while more than one channel is open."""

    def __init__(self) -> None:
        self.repeats = 0
        """Occurrences that another channel had told already."""
        self.shortened = 0
        """Entries given up before their time, for want of room."""
        self._watermarks: dict[str, float] = {}
        self._counts: dict[SecurityEvent, dict[str, int]] = {}
        self._ages: list[tuple[float, int, SecurityEvent]] = []
        self._serial = 0

    @property
    def busy(self) -> bool:
        """Whether there is more than one channel, and so anything to compare."""
        return len(self._watermarks) > 1

    def open(self, channel: str) -> None:
        """The channel will tell events from now on."""
        self._watermarks.setdefault(channel, -math.inf)

    def close(self, channel: str) -> None:
        """The channel is down: nobody waits for what it has not told."""
        self._watermarks.pop(channel, None)
        self._forget()

    def caught_up(self, channel: str, time: float) -> None:
        """The channel has told all that happened before `time`."""
        if channel in self._watermarks:
            self._watermarks[channel] = max(self._watermarks[channel], time)
            self._forget()

    def repeated(self, channel: str, event: SecurityEvent, time: float) -> bool:
        """Count an occurrence; whether another channel has told it already.

        `time` is when it is judged: its own time may be one that nobody believes,
        and would let everything be forgotten, or be kept without end.
        """
        if not self.busy:
            return False
        counts = self._counts.get(event)
        if counts is None:
            counts = self._counts[event] = {}
            self._serial += 1
            heapq.heappush(self._ages, (time, self._serial, event))
        counts[channel] = counts.get(channel, 0) + 1
        repeat = any(count >= counts[channel] for other, count in counts.items() if other != channel)
        self.repeats += repeat
        self.caught_up(channel, time)
        return repeat

    def _forget(self) -> None:
        passed = min(self._watermarks.values(), default=math.inf) - PASSED
        if not self.busy:
            passed = math.inf
        while self._ages and (self._ages[0][0] < passed or len(self._ages) > ENTRIES):
            time, _, event = heapq.heappop(self._ages)
            del self._counts[event]
            self.shortened += time >= passed
