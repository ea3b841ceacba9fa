"""Pure: whether to be woken by a bell or to read by the clock, and then how often."""

from __future__ import annotations

from typing import Final

ALERT: Final = 0.012
"""Seconds between looks by the clock while somebody fails."""
CALM: Final = 0.025
"""The same while nobody fails, and so nobody is to be banned."""
MOST: Final = 64
"""Finds within a second above which the clock is cheaper than to be woken for each: half of them, and it is
no longer."""
_SECOND: Final = 1.0


def until_beat(now: float, beat: float) -> float:
    """Seconds until a clock at `now` shows a whole multiple of `beat`: all who wait for it wake up as one."""
    return beat - now % beat


class Pace:
    """Takes the times (seconds, of any steady clock) at which there was something to read.

    The bell is in time to the millisecond, but it costs what a look by the clock costs,
    which is mostly the waking up, and a busy log rings for each line.  While phones log in
    and all is well there is nothing to be in time for: a ban takes several failures, and
    the first is soon enough to be alert.

    Attributes:
        busy: read by the clock.
        step: `ALERT` from a failure on until a second without any, else `CALM`.
    """

    def __init__(self) -> None:
        self.busy = False
        self.step = ALERT
        self._failed = 0.0
        self._since = 0.0
        self._finds = 0

    def found(self) -> None:
        """There was something to read."""
        self._finds += 1

    def rest(self, now: float, *, failures: bool = True) -> None:
        """See whether it is still the same; `failures`: there were some of late."""
        if failures:
            self._failed = now
        self.step = ALERT if now - self._failed < _SECOND else CALM
        if self._finds > MOST or now - self._since >= _SECOND:
            self.busy = self._finds > (MOST // 2 if self.busy else MOST)
            self._since, self._finds = now, 0
