"""Pure: a span of time in equal steps, and what is counted in each."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from amiguard.judge.tallies import HOUR

_STEPS: Final = tuple(HOUR * hours for hours in (1, 2, 6, 12, 24, 48, 168))
_MOST: Final = 62
"""Columns that a picture has room for: two months of days."""
OTHERS: Final = "other"


class Series(NamedTuple):
    """What was counted of one thing, a number a step."""

    name: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.values)


class Timeline(NamedTuple):
    """Counts of several things over the same steps, which begin at `starts` and last `step` seconds."""

    starts: tuple[float, ...]
    step: int
    series: tuple[Series, ...]


class Ruler:
    """Divides a span of time into steps that begin at whole hours and days of the local time."""

    def __init__(self, since: float, until: float) -> None:
        """Choose the shortest step of which there are not too many."""
        long = until - since
        self.step = next((step for step in _STEPS if long / step <= _MOST - 1), _STEPS[-1])
        offset = datetime.fromtimestamp(until).astimezone().utcoffset()
        east = offset.total_seconds() if offset else 0.0
        first = (since + east) // self.step * self.step - east
        count = int((until - first) // self.step) + 1
        self.starts = tuple(first + n * self.step for n in range(count))

    def index(self, time: float) -> int:
        """The step that holds a time; the first or last for one beyond."""
        return min(max(int((time - self.starts[0]) // self.step), 0), len(self.starts) - 1)


class Tracks:
    """Counts things by step."""

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler
        self._counts: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def add(self, name: str, time: float, times: int = 1) -> None:
        """Something of this name happened so many times."""
        self._counts[name][self._ruler.index(time)] += times

    def timeline(self, most: int) -> Timeline:
        """The most frequent things, at most so many, the rest together as `OTHERS`."""
        ranked = sorted(self._counts, key=lambda name: (-self._counts[name].total(), name))
        alone = ranked if len(ranked) <= most else ranked[: most - 1]
        series = [self._series(name, self._counts[name]) for name in alone]
        if rest := ranked[len(alone) :]:
            series.append(self._series(OTHERS, sum((self._counts[name] for name in rest), Counter())))
        return Timeline(self._ruler.starts, self._ruler.step, tuple(series))

    def _series(self, name: str, counts: Counter[int]) -> Series:
        return Series(name, tuple(counts[n] for n in range(len(self._ruler.starts))))
