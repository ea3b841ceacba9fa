"""Pure: counters read now and then -> events a second."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEMBERED: Final = 60
"""Rates that a curve can show."""
_SHORTEST: Final = 0.1
"""Seconds between two looks below which a rate would mean nothing."""


class Rates:
    """Events a second by channel.

    Attributes:
        now: of each channel since the look before; one that began anew has none yet.
        curve: of all channels together, the newest last.
    """

    def __init__(self) -> None:
        self.now: dict[str, float] = {}
        self.curve: deque[float] = deque(maxlen=REMEMBERED)
        self._before: tuple[str, float, dict[str, int]] | None = None

    def look(self, told: Mapping[str, Any]) -> None:
        """Take in what a service tells: `since`, `at` in seconds, and its `sources` with their `events`."""
        since, at = told["since"], told["at"]
        counts = {row["name"]: row["events"] for row in told["sources"]}
        if self._before and self._before[0] == since:
            _, then, before = self._before
            passed = at - then
            if 0 <= passed < _SHORTEST:
                return
            grown = {name: count - before.get(name, count) for name, count in counts.items()}
            self.now = {name: growth / passed for name, growth in grown.items() if growth >= 0 < passed}
            self.curve.append(sum(self.now.values()))
        self._before = since, at, counts
