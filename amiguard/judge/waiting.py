"""Pure: things that wait for their counterpart, known by several keys, and taken once."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

T = TypeVar("T")

_TIME: Final = attrgetter("time")


class _Entry(Generic[T]):
    __slots__ = ("item", "keys", "taken", "time")

    def __init__(self, item: T, time: float, keys: Sequence[Hashable]) -> None:
        self.item = item
        self.time = time
        self.keys = keys
        self.taken = False


class Queue(Generic[T]):
    """At most `limit` things in the order of their times; the oldest make room.

    Attributes:
        forgotten: the time of the last one that left and was never taken.
    """

    def __init__(self, limit: int) -> None:
        self.forgotten = -math.inf
        self._limit = limit
        self._order: deque[_Entry[T]] = deque()
        self._by_key: dict[Hashable, list[_Entry[T]]] = {}

    def __len__(self) -> int:
        """How many are held, those that were taken and are not yet gone among them."""
        return len(self._order)

    def add(self, item: T, time: float, keys: Sequence[Hashable]) -> list[T]:
        """Put something in; returns what it pushes out.  A time before the last one's counts as that."""
        entry = _Entry(item, max(time, self._order[-1].time) if self._order else time, keys)
        self._order.append(entry)
        for key in keys:
            self._by_key.setdefault(key, []).append(entry)
        return self._drop() if len(self._order) > self._limit else []

    def take(self, keys: Sequence[Hashable], since: float) -> T | None:
        """Take the oldest of those not before `since` under the first key that has one."""
        for key in keys:
            entries = self._by_key.get(key, [])
            at = bisect_left(entries, since, key=_TIME)
            while at < len(entries):
                entry = entries.pop(at)
                if not entry.taken:
                    entry.taken = True
                    return entry.item
        return None

    def leave(self, before: float) -> list[T]:
        """Take out all from before that time; returns those that nobody has taken."""
        left: list[T] = []
        while self._order and self._order[0].time < before:
            left += self._drop()
        return left

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        self.forgotten += delta
        for entry in self._order:
            entry.time += delta

    def _drop(self) -> list[T]:
        entry = self._order.popleft()
        for key in entry.keys:
            entries = self._by_key.get(key, [])
            if entries and entries[0] is entry:
                del entries[0]
            if not entries:
                self._by_key.pop(key, None)
        if entry.taken:
            return []
        self.forgotten = entry.time
        return [entry.item]
