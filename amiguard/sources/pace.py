"""Pure: whether to be woken by a bell or to read by the clock, and then how often."""

from __future__ import annotations

BUSY = 64
"""Rings within a second above which reading by the clock is cheaper than being woken."""
QUIET = 1.0
"""Seconds without a line after which the bell will do again, and without a failure until all is well."""
STEP = 0.012
"""Seconds between looks at busy logs while somebody fails."""
CALM = 0.05
"""The same while nobody fails, and so nobody is to be banned."""


def until_beat(now: float, beat: float) -> float:
    """Seconds until a clock at `now` shows a whole multiple of `beat`: all who wait for it wake up as one."""
    return beat - now % beat


class Pace:
    """Takes the times (seconds, of any steady clock) of rings and lines.

    Being woken for each of 100 lines a second costs twice what as many looks by the
    clock do, but it is in time to the millisecond.  Most of what a look costs is the
    waking up, so there are few of them while phones log in and all is well: a ban takes
    several failures, and the first is soon enough to make the looks frequent.

    Attributes:
        busy: read by the clock.
        step: seconds until the next look by the clock.
    """

    def __init__(self) -> None:
        self.busy = False
        self.step = STEP
        self._failed = 0.0
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

    def rest(self, now: float, *, failures: bool = True) -> None:
        """See whether it is quiet again; `failures`: there were some of late."""
        self.busy = self.busy and now - self._heard < QUIET
        if failures:
            self._failed = now
        self.step = STEP if now - self._failed < QUIET else CALM
