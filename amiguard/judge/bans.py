"""Pure: `Offence` -> `Ban`: how long, which strike, and which bans run."""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from amiguard.model import Ban

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.config import BanPolicy
    from amiguard.model import Offence, Prefix, Scope

_STRIKES: Final = 32
"""Strikes remembered of a source; the durations run out long before."""
_PART: Final = 64
"""Of the strikes remembered, so much of a full table is forgotten at once."""
_REMEMBERED: Final = "the record of it is lost, but that it was is remembered"
_UNUSED: Final = {4: 32, 16: 128}
"""Bits of an address by its bytes: no prefix is longer."""


class Bans:
    """The bans that run, one a source at most, and everybody's strikes."""

    def __init__(self, policy: BanPolicy, limit: int) -> None:
        """Begin without bans.

        Args:
            policy: how long a ban lasts.
            limit: the most offenders whose strikes are remembered, and the most bans that unproven
                evidence may bring about: a forger can invent any number of sources.
        """
        self._policy = policy
        self._limit = limit
        self._running: dict[Prefix, Ban] = {}
        self._ends: list[tuple[float, Prefix]] = []
        self._lengths: dict[int, Counter[int]] = {size: Counter() for size in _UNUSED}
        """How many bans there are of each prefix length, by the size of an address."""
        self._shortest = dict(_UNUSED)
        """The shortest of these lengths: mostly that of every source."""
        self._strikes: dict[Prefix, tuple[float, ...]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[Ban]:
        return iter(self._running.values())

    def newest(self, limit: int) -> list[Ban]:
        """The bans imposed last, at most `limit`, newest first."""
        return list(islice(reversed(self._running.values()), limit))

    def get(self, source: Prefix) -> Ban | None:
        """The ban of exactly this source, if it runs."""
        return self._running.get(source)

    def covering(self, source: Prefix, time: float) -> Ban | None:
        """A ban at `time` that keeps all of the source out; a house ban before a door ban."""
        found = self._running.get(source)
        if found is not None and found.until <= time:
            found = None
        size = len(source.network)
        if source.length <= self._shortest[size]:
            return found
        for length in self._lengths[size]:
            if length < source.length and (found is None or found.scope == "door"):
                ban = self._running.get(source.within(length))
                found = ban if ban is not None and ban.until > time else found
        return found

    def full(self, time: float) -> bool:
        """Whether as many bans run at `time` as may."""
        if len(self._running) >= self._limit:
            self.expire(time)
        return len(self._running) >= self._limit

    def overlapping(self, prefix: Prefix) -> list[Ban]:
        """Bans that hold the prefix or lie inside it."""
        around = [self._running.get(prefix.within(length)) for length in range(prefix.length + 1)]
        inside = (
            [
                ban
                for source, ban in self._running.items()
                if source.length > prefix.length and prefix.covers(source)
            ]
            if prefix.length < prefix.bits
            else []
        )
        return [ban for ban in around if ban is not None] + inside

    def sentence(self, offence: Offence, scope: Scope, reason: str) -> Ban:
        """The ban that this offence earns, as the source's next strike; nothing runs yet."""
        source, time, score, proof, _ = offence
        policy = self._policy
        past = self._strikes.get(source)
        strike = 1 + (sum(time - each < policy.forget_after for each in past) if past else 0)
        duration = policy.durations[min(strike, len(policy.durations)) - 1]
        if scope == "door":
            duration = min(duration, policy.door_max)
        self.count_strike(source, time)
        return Ban(source, scope, proof, time, time + duration, reason, "judged", strike, score)

    def impose(self, ban: Ban) -> Ban | None:
        """Let the ban run; returns the one that it replaces, if any."""
        source = ban.source
        replaced = self._running.pop(source, None)  # the newest is the last
        self._running[source] = ban
        if replaced is None:
            self._count(source)
        heapq.heappush(self._ends, (ban.until, source))
        return replaced

    def lift(self, prefix: Prefix) -> list[Ban]:
        """End every ban that holds the prefix or lies inside it, with the last strike of each source."""
        return [ban for each in self.overlapping(prefix) if (ban := self.end(each.source))]

    def end(self, source: Prefix) -> Ban | None:
        """End the ban of exactly this source, if it runs, with the last strike."""
        ban = self.drop(source)
        if ban is not None and (strikes := self._strikes.pop(source, ())[:-1]):
            self._strikes[source] = strikes
        return ban

    def drop(self, source: Prefix) -> Ban | None:
        """End the ban of exactly this source, if it runs; its strikes stay."""
        return self._remove(source)

    def expire(self, time: float) -> list[Ban]:
        """Drop the bans that are over at `time`."""
        over = []
        while self._ends and self._ends[0][0] <= time:
            until, source = heapq.heappop(self._ends)
            ban = self._running.get(source)
            if ban is not None and ban.until == until:
                self._remove(source)
                over.append(ban)
        return over

    def count_strike(self, source: Prefix, time: float) -> None:
        """A judged ban began at `time`."""
        strikes = (*self._strikes.pop(source, ()), time)[-_STRIKES:]
        if len(self._strikes) >= self._limit:
            self._forget_strikes()
        self._strikes[source] = strikes

    def _forget_strikes(self) -> None:
        """Forget who has not offended for the longest; many at once, as a dict's first is slow to find."""
        for source in list(islice(self._strikes, max(self._limit // _PART, 1))):
            del self._strikes[source]

    def strikes(self, source: Prefix) -> tuple[float, ...]:
        """When the source was banned by judgement before, oldest first."""
        return self._strikes.get(source, ())

    def past(self) -> Iterator[Ban]:
        """A ban, long over, for each strike of who is not banned by it now: all that is known of it."""
        for source, times in self._strikes.items():
            ban = self._running.get(source)
            for strike, time in enumerate(times, 1):
                if ban is None or ban.since != time:
                    yield Ban(source, "house", "proven", time, time, _REMEMBERED, "judged", strike)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds; what the kernel holds runs on as before."""
        running = [ban._replace(since=ban.since + delta, until=ban.until + delta) for ban in self]
        self._running = {ban.source: ban for ban in running}
        self._ends = [(ban.until, ban.source) for ban in running]
        heapq.heapify(self._ends)

    def restore(self, running: Iterable[Ban], strikes: Iterable[tuple[Prefix, float]]) -> None:
        """Take up what ran and what was counted before; strikes oldest first."""
        for ban in running:
            self._running[ban.source] = ban
        self._ends = [(ban.until, source) for source, ban in self._running.items()]
        heapq.heapify(self._ends)
        for size in self._lengths:
            lengths = Counter(source.length for source in self._running if len(source.network) == size)
            self._lengths[size] = lengths
        self._measure()
        for source, time in strikes:
            self.count_strike(source, time)

    def _count(self, source: Prefix) -> None:
        """One ban more of a network of this length."""
        size, length = len(source.network), source.length
        self._lengths[size][length] += 1
        self._shortest[size] = min(self._shortest[size], length)

    def _remove(self, source: Prefix) -> Ban | None:
        ban = self._running.pop(source, None)
        if ban is not None:
            lengths = self._lengths[len(source.network)]
            lengths[source.length] -= 1
            if not lengths[source.length]:
                del lengths[source.length]
                self._measure()
        return ban

    def _measure(self) -> None:
        for size, lengths in self._lengths.items():
            self._shortest[size] = min(lengths, default=_UNUSED[size])
