"""Pure: at which time an event is judged.

An event brings its own time, so that a live run, a replay of last year's log
and a test give the same bans.  But what is in a log an attacker may have
written, and clocks are set: a time is believed only near a better known one.
"""

from __future__ import annotations

from typing import Final

OLDEST: Final = 86_400.0
NEWEST: Final = 2.0
UNDERWAY: Final = 1.0
"""Seconds that an event may take from Asterisk to us; mostly it is 2 ms."""


class Timing:
    """The times of one channel's events."""

    def __init__(self) -> None:
        self.skewed = 0
        """Events whose own time was not believed."""
        self.latest: float | None = None
        """The greatest time judged so far; None before the first."""
        self._lag = 0.0

    def passed(self, now: float) -> float:
        """Before which time all is told by a channel that has nothing untold `now`.

        Asterisk's clock may not be ours, and a log may be written late: then what
        was told last was so much older than its receipt.
        """
        return now - UNDERWAY - max(self._lag, 0.0)

    def judge(self, eventtv: float, receipt: float, backlog: bool) -> float:
        """The time at which to judge an event.

        Live, an event is at most a day old and 2 s ahead of its receipt, else it
        is judged at its receipt.  In a backlog (a replay, or what a log held
        before we came) receipts say nothing: there the greatest time so far
        stands for them, and only what is yet to come is not believed.
        """
        reference = receipt if not backlog or self.latest is None else self.latest
        oldest = eventtv if backlog and self.latest is None else reference - OLDEST
        if oldest <= eventtv <= receipt + NEWEST:
            judged = eventtv
        else:
            self.skewed += 1
            judged = min(reference, receipt)
        if not backlog:
            self._lag = receipt - judged
        if self.latest is None or judged > self.latest:
            self.latest = judged
        return judged
