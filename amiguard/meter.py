"""Pure: how far a counter has gone that may begin anew at any time."""

from __future__ import annotations


class Meter:
    """Reads a counter again and again; it stood at 0 when we began."""

    def __init__(self) -> None:
        self._last = 0

    def grown(self, count: int) -> int:
        """What was counted since the reading before; all of it, where the counter has begun anew."""
        last, self._last = self._last, count
        return count - last if count >= last else count
