"""Pure: who has proven himself.

A friend is a source that logged in.  Friends have a table of their own, which
no flood of strangers can evict, and only a proven success gets into it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, Self, TypeVar

from amiguard.judge.neighbours import Neighbours, neighbourhood
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

Flow = tuple[Prefix, int]
"""Address and port that a log-in came from."""

_Key = TypeVar("_Key", bytes, Flow)

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
SHARED_ACCOUNTS: Final = 5
"""Accounts with a proven success within a day that make a source a shared one: a proxy or a large NAT."""
DIALLED: Final = b"\0"
"""Before an account that may be a number which somebody dialled: one user has any number of those."""
FRIENDS_AN_ACCOUNT: Final = 64
ACCOUNTS: Final = 64
FLOWS: Final = 64
COUNTED_ACCOUNTS: Final = 16
_NEVER: Final = -math.inf
_GRAINS: Final = 288
"""A log-in like one before it counts again after this part of the protection: five minutes of a day."""


class Friend:
    """A source that logged in: until when that protects it, with which accounts, from which ports."""

    __slots__ = ("accounts", "counted", "flows", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self.accounts: dict[bytes, float] = {}
        """Each account's last proven success."""
        self.counted: dict[bytes, float] = {}
        """Accounts whose failures have counted on the slow scale, and when."""
        self.flows: dict[Flow, float] = {}
        """Address and port of log-ins, and when."""

    def succeeded(self, account: bytes, flow: Flow, time: float, *, lasts: float) -> bytes | None:
        """Note a log-in that protects for `lasts` seconds; returns the account that made room, if any."""
        self.until = max(self.until, time + lasts)
        _note(self.flows, flow, time, FLOWS)
        return _note(self.accounts, account, time, ACCOUNTS)

    def last(self, account: bytes, flow: Flow) -> float:
        """When both this account and this flow had logged in; infinitely long ago where one never has."""
        by_account, by_flow = self.accounts.get(account, _NEVER), self.flows.get(flow, _NEVER)
        return min(by_flow, by_account)

    def counts_slowly(self, account: bytes, time: float) -> bool:
        """Whether this failure counts on the slow scale: the first of an account each day.

        Beyond `COUNTED_ACCOUNTS` accounts a day every failure does, for a
        mistyped phone has one account and a guesser many.
        """
        last = self.counted.get(account)
        if last is not None and time - last < DAY:
            return False
        if last is None and len(self.counted) >= COUNTED_ACCOUNTS:
            self.counted = {name: when for name, when in self.counted.items() if time - when < DAY}
        if last is not None or len(self.counted) < COUNTED_ACCOUNTS:
            self.counted[account] = time
        return True

    def shared(self, time: float) -> bool:
        """Whether so many accounts logged in from here within a day that a ban would hit others."""
        # A copy: lists are made in another thread than the judge's.
        users = [last for account, last in self.accounts.copy().items() if not account.startswith(DIALLED)]
        return sum(time - last < DAY for last in users) >= SHARED_ACCOUNTS

    def recent_flows(self, time: float) -> Iterator[Flow]:
        """Address and port of each log-in within the last hour."""
        return (flow for flow, last in self.flows.items() if time - last < HOUR)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        self.until += delta
        for times in (self.accounts, self.counted):
            times.update({name: when + delta for name, when in times.items()})
        self.flows.update({flow: when + delta for flow, when in self.flows.items()})

    def pack(self) -> bytes:
        """As bytes for the store."""
        accounts, counted = (
            {name.decode("latin-1"): when for name, when in times.items()}
            for times in (self.accounts, self.counted)
        )
        flows = [[str(address), port, when] for (address, port), when in self.flows.items()]
        return json.dumps([self.until, accounts, counted, flows]).encode()

    @classmethod
    def unpack(cls, state: bytes) -> Self:
        """Out of `pack`'s bytes."""
        friend = cls()
        friend.until, accounts, counted, flows = json.loads(state)
        friend.accounts = {name.encode("latin-1"): when for name, when in accounts.items()}
        friend.counted = {name.encode("latin-1"): when for name, when in counted.items()}
        friend.flows = {(Prefix.parse(address), port): when for address, port, when in flows}
        return friend


def _note(times: dict[_Key, float], key: _Key, time: float, limit: int) -> _Key | None:
    """Set a time, never back; the oldest makes room and is returned."""
    last = times.get(key)
    if last is not None:
        if time > last:
            times[key] = time
        return None
    oldest = min(times, key=times.__getitem__) if len(times) >= limit else None
    if oldest is not None:
        del times[oldest]
    times[key] = time
    return oldest


class Friends:
    """All friends: at most `limit` sources, and 64 of them an account."""

    def __init__(self, *, lasts: float, limit: int) -> None:
        """Begin without friends.

        Args:
            lasts: seconds that a log-in protects its source; 0 for no friends at all.
            limit: the most friends.
        """
        self._lasts = lasts
        self._grain = lasts / _GRAINS
        self._limit = limit
        self._friends: dict[Prefix, Friend] = {}
        self.neighbours = Neighbours()
        """The networks that friends live in."""
        self._sources: dict[bytes, set[Prefix]] = {}
        self.changed: set[Prefix] = set()
        """Friends that differ from what the store was given last."""

    def __len__(self) -> int:
        return len(self._friends)

    def __iter__(self) -> Iterator[Prefix]:
        return iter(self._friends)

    def all(self) -> list[tuple[Prefix, Friend]]:
        """Everybody remembered, whether or not his time is over."""
        return list(self._friends.items())

    def get(self, source: Prefix, time: float) -> Friend | None:
        """The friend at this source; None when there is none, or none any more."""
        friend = self._friends.get(source)
        if friend is None or friend.until > time:
            return friend
        self.drop(source)
        return None

    def record(self, source: Prefix) -> Friend | None:
        """What is known of the source, whether or not it still counts."""
        return self._friends.get(source)

    def succeeded(self, source: Prefix, account: bytes, flow: Flow, time: float) -> None:
        """A proven log-in makes a friend, or keeps one."""
        if self._lasts <= 0:
            return
        friend = self._friends.get(source)
        if friend is None:
            if not self._has_room(account, time):
                return
            friend = self._friends[source] = Friend()
            self.neighbours.add(source)
        elif friend.last(account, flow) > time - self._grain:
            return
        if account not in friend.accounts:
            self._sources.setdefault(account, set()).add(source)
        pushed_out = friend.succeeded(account, flow, time, lasts=self._lasts)
        if pushed_out is not None:
            self._unlink(source, pushed_out)
        self.changed.add(source)

    def noted(self, source: Prefix) -> None:
        """Something was noted of the source; if it is a friend, the store should hear of it."""
        if source in self._friends:
            self.changed.add(source)

    def drop(self, source: Prefix) -> None:
        """The source is a friend no more."""
        friend = self._friends.pop(source, None)
        if friend is not None:
            self.neighbours.remove(source)
            for account in friend.accounts:
                self._unlink(source, account)
            self.changed.add(source)

    def restore(self, source: Prefix, state: bytes) -> None:
        """Take a friend back that `Friend.pack` has packed.

        Raises:
            ValueError: the bytes are none of that.
        """
        friend = self._friends[source] = Friend.unpack(state)
        self.neighbours.add(source)
        for account in friend.accounts:
            self._sources.setdefault(account, set()).add(source)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what happened so long ago still did."""
        for friend in self._friends.values():
            friend.shift(delta)
        self.changed.update(self._friends)

    def near(self, account: bytes, source: Prefix) -> bool:
        """Whether the account has logged in from the source's network, as far as is remembered."""
        network = neighbourhood(source)
        return any(network.covers(friend) for friend in self._sources.get(account, ()))

    def within(self, prefix: Prefix, time: float) -> Prefix | None:
        """A friend inside the prefix; None when there is none."""
        inside = (s for s, friend in self._friends.items() if friend.until > time and prefix.covers(s))
        return next(inside, None)

    def _has_room(self, account: bytes, time: float) -> bool:
        if len(self._sources.get(account, ())) >= FRIENDS_AN_ACCOUNT:
            for source in list(self._sources[account]):
                self.get(source, time)
        if len(self._friends) >= self._limit:
            for source in list(self._friends):
                self.get(source, time)
        crowded = len(self._sources.get(account, ())) >= FRIENDS_AN_ACCOUNT
        return not crowded and len(self._friends) < self._limit

    def _unlink(self, source: Prefix, account: bytes) -> None:
        sources = self._sources[account]
        sources.discard(source)
        if not sources:
            del self._sources[account]
