"""Pure: what an AMI connection has brought, until the judge has time: bounded, for Asterisk waits for nobody.

Asterisk hangs up on a reader that lets it wait for 100 ms (`writetimeout`).  So
what finds no room is counted by address and dropped; the log has it all.
"""

from __future__ import annotations

from collections import Counter, deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from amiguard.model import SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amiguard.model import Prefix
    from amiguard.sources.securitylog import Ambiguous

ROOM: Final = 8_388_608
"""Bytes as they came over the wire: 1.5 s of a flood, and some 30 MiB of memory as events."""
ADDRESSES: Final = 1024
"""Sources whose losses are counted apart."""


class State(StrEnum):
    """How it stands with a connection."""

    CONNECTING = "connecting"
    LISTENING = "listening"
    DEAF = "no security events"
    REFUSED = "log-in refused"
    AUTHLIMIT = "too many not logged in"
    DOWN = "down"


class Status(NamedTuple):
    """A state, why in words, and the attempt since the last connection that lasted, from 1."""

    state: State
    reason: str
    attempt: int


class Batch(NamedTuple):
    """What came at once; `receipt` in seconds since the epoch."""

    found: Sequence[SecurityEvent | Ambiguous]
    receipt: float


class Passed(NamedTuple):
    """Asterisk has answered: all that happened before `time` (seconds since the epoch) was told."""

    time: float


class Lost(NamedTuple):
    """What found no room: events by address, and all others."""

    by_address: Mapping[Prefix, int]
    others: int


Item: TypeAlias = Batch | Lost | Passed | Status


class Inbox:
    """Takes whatever comes, in order, and never makes anybody wait."""

    def __init__(self, ring: Callable[[], None], room: int = ROOM) -> None:
        """Begin empty.

        Args:
            ring: called whenever there is something to take.
            room: bytes of batches that it holds, as they came over the wire.
        """
        self._ring = ring
        self._room = room
        self._items: deque[tuple[Item, int]] = deque()
        self._lost: Counter[Prefix] = Counter()
        self._others = 0

    def put(self, batch: Batch, weight: int) -> None:
        """Take in a batch that came as so many bytes, or count what it holds as lost."""
        if weight > self._room:
            self._lose(batch)
        else:
            self._report()
            self._room -= weight
            self._items.append((batch, weight))
        self._ring()

    def say(self, news: Status | Passed) -> None:
        """Take in news of the connection; they come seldom, and always find room."""
        self._report()
        self._items.append((news, 0))
        self._ring()

    def take(self) -> Item | None:
        """The next item; None when there is none."""
        if not self._items:
            self._report()
        if not self._items:
            return None
        item, weight = self._items.popleft()
        self._room += weight
        return item

    def _lose(self, batch: Batch) -> None:
        for each in batch.found:
            source = each.remote.address if isinstance(each, SecurityEvent) else None
            if source is None or (source not in self._lost and len(self._lost) >= ADDRESSES):
                self._others += 1
            else:
                self._lost[source] += 1

    def _report(self) -> None:
        if self._lost or self._others:
            self._items.append((Lost(self._lost, self._others), 0))
            self._lost, self._others = Counter(), 0
