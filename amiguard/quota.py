"""Pure: so many a minute, for what a stranger can have us say."""

from __future__ import annotations


class Quota:
    """So many a minute, and one more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute = 0
        self._left = 0

    def take(self, now: float) -> int:
        """How many are left with this one; 0 if none is."""
        if int(now // 60) != self._minute:
            self._minute, self._left = int(now // 60), self._limit + 1
        self._left = max(self._left - 1, 0)
        return self._left
