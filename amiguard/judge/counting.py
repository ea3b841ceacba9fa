"""Pure: what two channels both tell counts once, and what happened twice counts twice.

Asterisk gives the same event, byte for byte the same, to every channel; but
two different events can agree in every byte as well (same millisecond, same
Call-ID).  So for each equal value the greatest of the channels' counts holds:
an occurrence is new when its channel has told it more often than any other.

A log may lag by minutes behind the AMI, longer than single events are
remembered.  For that the AMI's *coverage* is kept: what a log tells late of a
time that the AMI has covered was told already.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.model import SecurityEvent

PASSED: Final = 5.0
"""Seconds by which every channel must have passed an event before it is forgotten."""
ENTRIES: Final = 65_536
SPANS: Final = 64
"""Spans of coverage that are remembered: an AMI that comes and goes makes many."""


class Span(NamedTuple):
    """A time, in seconds since the epoch, all of whose events `channel` has told."""

    channel: str
    start: float
    end: float


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
        self._horizon = -math.inf
        """Of what happened before, events may have been forgotten."""
        self._covering: dict[str, float] = {}
        self._spans: list[Span] = []

    @property
    def spans(self) -> list[Span]:
        """What was covered so far, the newest last; for the store."""
        running = [
            Span(channel, start, self._watermarks[channel])
            for channel, start in self._covering.items()
            if self._watermarks[channel] > start
        ]
        return (self._spans + running)[-SPANS:]

    @property
    def busy(self) -> bool:
        """Whether there is, was or may yet be a second channel, and so anything to compare."""
        return len(self._watermarks) > 1 or bool(self._spans) or bool(self._covering)

    def open(self, channel: str, *, covers_from: float | None = None) -> None:
        """The channel will tell events from now on.

        `covers_from`: it tells all that happens from that time on, and at once, as the AMI
        does while nothing of it is lost.
        """
        self._watermarks.setdefault(channel, -math.inf)
        if covers_from is not None:
            self._covering[channel] = covers_from

    def close(self, channel: str) -> None:
        """The channel is down: nobody waits for what it has not told."""
        self.lost(channel)
        self._watermarks.pop(channel, None)
        self._forget()

    def lost(self, channel: str, resumes: float | None = None) -> None:
        """The channel has lost events: its coverage ends, and begins again at `resumes`."""
        start = self._covering.pop(channel, None)
        if start is not None and self._watermarks[channel] > start:
            self._spans = [*self._spans, Span(channel, start, self._watermarks[channel])][-SPANS:]
        if resumes is not None:
            self._covering[channel] = resumes

    def restore(self, spans: Iterable[Span]) -> None:
        """Take up what was covered before a restart; of all that single events were forgotten."""
        self._spans = list(spans)[-SPANS:]
        self._horizon = max((span.end for span in self._spans), default=self._horizon)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what the channels have passed, they still have."""
        self._watermarks = {channel: time + delta for channel, time in self._watermarks.items()}
        self._covering = {channel: start + delta for channel, start in self._covering.items()}
        self._spans = [Span(channel, start + delta, end + delta) for channel, start, end in self._spans]
        self._ages = [(time + delta, serial, event) for time, serial, event in self._ages]
        self._horizon += delta

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
            if time <= self._horizon and self._covered(channel, time):
                self.repeats += 1
                return True
            counts = self._counts[event] = {}
            self._serial += 1
            heapq.heappush(self._ages, (time, self._serial, event))
        counts[channel] = counts.get(channel, 0) + 1
        repeat = any(count >= counts[channel] for other, count in counts.items() if other != channel)
        self.repeats += repeat
        self.caught_up(channel, time)
        return repeat

    def _covered(self, channel: str, time: float) -> bool:
        return any(span.channel != channel and span.start <= time <= span.end for span in self.spans)

    def _forget(self) -> None:
        passed = min(self._watermarks.values(), default=math.inf) - PASSED
        if len(self._watermarks) < 2:  # noqa: PLR2004 - nobody is left to repeat anything
            passed = math.inf
        while self._ages and (self._ages[0][0] < passed or len(self._ages) > ENTRIES):
            time, _, event = heapq.heappop(self._ages)
            self._horizon = max(self._horizon, time)
            del self._counts[event]
            self.shortened += time >= passed
