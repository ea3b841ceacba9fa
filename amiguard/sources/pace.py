"""Pure: whether to be woken by a bell or to read by the clock."""

from __future__ import annotations

BUSY = 64
"""Rings within a second above which reading by the clock is cheaper than being woken."""
QUIET = 1.0
"""Seconds without a line after which the bell will do again."""


class Pace:
    """Takes the times (seconds, of any steady clock) of rings and lines.

    Being woken for each of 100 lines a second costs twice what as many looks by the
    clock do, but it is in time to the millisecond.

    Attributes:
        busy: read by the clock.
    """

    def __init__(self) -> None:
        self.busy = False
        self._since = 0.0
        self._rings = 0
        self._heard = 0.0

    def rang(self, now: float) -> None:
        """The bell has rung."""
        if now - self._since > 1:
            self._since, self._rings = now, 0
        self._rings += 1
        if self._rings > BUSY:
            self.busy, self._heard = True, now

    def heard(self, now: float) -> None:
        """There was something to read."""
        self._heard = now

    def rest(self, now: float) -> None:
        """See whether it is quiet again."""
        self.busy = self.busy and now - self._heard < QUIET
