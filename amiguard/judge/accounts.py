"""Pure: which accounts are guessed at, and from where.

A guesser with many addresses stays below every threshold at each of them; the
account that they all try gives him away.  Nothing is banned for it, for a forger
can invent the addresses.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from amiguard.judge.friends import DAY
from amiguard.judge.wording import NAME
from amiguard.model import FOREVER, Prefix
from amiguard.sources.kinds import UNKNOWN

if TYPE_CHECKING:
    from amiguard.model import SecurityEvent

SPREAD: Final = 10
"""Sources that fail on one account within a day, from which on somebody guesses with many addresses.

The users of one account have a few, and a telephone in a mobile network a few a day.
"""
ATTACKED: Final = 25
"""Failures on one account within a day, from which on it is under attack however few they come from.

A single source would be banned long before.
"""
ACCOUNTS: Final = 1024
"""Accounts that are remembered; those that do not exist make room, then those with the fewest sources."""
SOURCES: Final = 512
"""Sources of an account; who failed longest ago makes room."""
PAIRS: Final = 8192
"""Sources of all accounts."""

_KEPT: Final = 0.75
"""The part that is left when room is made: at each newcomer would cost too much."""
_GUESSES: Final = {"InvalidPassword": True, "ChallengeResponseFailed": True, "InvalidAccountID": False}
"""Events that test a password or an account, and whether the account exists."""
_ACCOUNT: Final = struct.Struct("<dI?BBI")  # since, failures, exists, lengths of service and name, sources
_TRIES: Final = struct.Struct("<dIB")  # last, failures, length of the packed source
_MOST: Final = 0xFFFF_FFFF

Key = tuple[bytes, bytes]
"""Service and account."""

AttackKind = Literal["distributed", "guessing", "tries"]


class Tries(NamedTuple):
    """What a source has tried on an account: how often, and when last."""

    failures: int
    last: float


class Attack(NamedTuple):
    """An account that is guessed at, with the sources of the last day, who failed longest ago first.

    `exists`: Asterisk has tested a password; otherwise it knows no such account.
    """

    service: bytes
    account: bytes
    exists: bool
    since: float
    failures: int
    sources: tuple[tuple[Prefix, Tries], ...]

    @property
    def last(self) -> float:
        """When it was tried last, in seconds since the epoch."""
        return self.sources[-1][1].last

    @property
    def kind(self) -> AttackKind:
        """What it looks like: guesses with many addresses, many guesses, or no more than tries."""
        if self.exists and len(self.sources) >= SPREAD:
            return "distributed"
        return "guessing" if self.exists and self.failures >= ATTACKED else "tries"

    def after(self, time: float) -> Attack:
        """What is left of it after `time`."""
        sources = tuple(each for each in self.sources if each[1].last > time)
        if len(sources) == len(self.sources):
            return self
        return self._replace(sources=sources, failures=sum(tries.failures for _, tries in sources))


class _Account:
    """The failures of one account within a day."""

    __slots__ = ("exists", "failures", "since", "sources")

    def __init__(self, since: float, *, exists: bool) -> None:
        self.since = since
        self.exists = exists
        self.failures = 0
        """Those of `sources`."""
        self.sources: dict[bytes, Tries] = {}
        """By the source, packed; who failed last is the last."""

    def failed(self, source: bytes, time: float) -> bool:
        """Note a failure; whether the source is new."""
        known = self.sources.pop(source, None)
        failures = min(known.failures + 1, _MOST) if known else 1
        self.sources[source] = Tries(failures, max(time, known.last) if known else time)
        self.failures += 1
        return known is None

    def forget(self, time: float, *, room: int = 0) -> None:
        """Forget what is more than a day old, and more where there is no room for so many others."""
        while self.sources:
            first = next(iter(self.sources))
            if len(self.sources) + room <= SOURCES and self.sources[first].last > time - DAY:
                return
            self.failures -= self.sources.pop(first).failures
        self.since = time

    def pack(self, key: Key) -> bytes:
        """As bytes for the store."""
        service, name = key
        counts = len(service), len(name), len(self.sources)
        head = _ACCOUNT.pack(self.since, min(self.failures, _MOST), self.exists, *counts)
        rows = [_TRIES.pack(last, n, len(source)) + source for source, (n, last) in self.sources.items()]
        return b"".join((head, service, name, *rows))


class Accounts:
    """The accounts that are guessed at."""

    def __init__(self) -> None:
        self._accounts: dict[Key, _Account] = {}
        self._pairs = 0
        self.changed = False
        """Whether there is more than the store was given last."""

    def failed(self, event: SecurityEvent, source: Prefix, time: float) -> bool:
        """Note a failure; whether another source has joined an attack with many addresses.

        Args:
            event: what happened.
            source: whose failure it is.
            time: when, in seconds since the epoch.
        """
        exists = _GUESSES.get(event.kind)
        if exists is None or event.account in {b"", UNKNOWN} or event.tampered:
            return False
        key = _key(event)
        account = self._accounts.get(key) or self._meet(key, time)
        account.exists |= exists
        before = len(account.sources)
        account.forget(time, room=1)
        joined = account.failed(source.packed, time)
        self._pairs += len(account.sources) - before
        self.changed = True
        if self._pairs > PAIRS:
            self._make_room(len(self._accounts))
        return joined and account.exists and len(account.sources) >= SPREAD

    def attacked(self, event: SecurityEvent, time: float) -> bool:
        """Whether the account that an event names is under attack at `time`."""
        account = self._accounts.get(_key(event))
        if account is None or not account.exists:
            return False
        before = len(account.sources)
        account.forget(time)
        self._pairs += len(account.sources) - before
        return len(account.sources) >= SPREAD or account.failures >= ATTACKED

    def attack(self, event: SecurityEvent) -> Attack:
        """What has been tried on the account that an event names.

        Raises:
            KeyError: nothing has.
        """
        key = _key(event)
        return _attack(key, self._accounts[key])

    def all(self, since: float = -FOREVER) -> list[Attack]:
        """Every account that was tried after `since`, those with many sources first; any thread may ask."""
        found = [_attack(key, account).after(since) for key, account in list(self._accounts.items())]
        tried = [attack for attack in found if attack.sources]
        return sorted(tried, key=lambda each: (each.exists, len(each.sources), each.failures), reverse=True)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        for account in self._accounts.values():
            account.since += delta
            shifted = {source: Tries(n, last + delta) for source, (n, last) in account.sources.items()}
            account.sources = shifted

    def pack(self) -> bytes:
        """As bytes for the store."""
        return b"".join([account.pack(key) for key, account in self._accounts.items()])

    def restore(self, state: bytes) -> None:
        """Take them back out of `pack`'s bytes.

        Raises:
            struct.error: the bytes are none of that.
        """
        reader = _Reader(state)
        while reader.left:
            since, failures, exists, *lengths, sources = reader.take(_ACCOUNT)
            service, name = map(reader.cut, lengths)
            account = self._accounts[service, name] = _Account(since, exists=exists)
            account.failures = failures
            for _ in range(sources):
                last, times, length = reader.take(_TRIES)
                account.sources[reader.cut(length)] = Tries(times, last)
            self._pairs += sources

    def _meet(self, key: Key, time: float) -> _Account:
        if len(self._accounts) >= ACCOUNTS:
            self._make_room(round(ACCOUNTS * _KEPT))
        account = self._accounts[key] = _Account(time, exists=False)
        return account

    def _make_room(self, limit: int) -> None:
        """Forget the accounts that matter least, until there are at most so many, with room for sources."""
        order = sorted(
            self._accounts.items(), key=lambda item: (item[1].exists, len(item[1].sources), item[1].since)
        )
        for key, account in order:
            if len(self._accounts) <= limit and self._pairs <= PAIRS * _KEPT:
                return
            self._pairs -= len(account.sources)
            del self._accounts[key]


class _Reader:
    """Reads packed bytes from their beginning to their end."""

    def __init__(self, state: bytes) -> None:
        self._state = state
        self._at = 0

    @property
    def left(self) -> bool:
        """Whether there is more."""
        return self._at < len(self._state)

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        """The next values."""
        values = form.unpack_from(self._state, self._at)
        self._at += form.size
        return values

    def cut(self, length: int) -> bytes:
        """The next bytes."""
        self._at += length
        return self._state[self._at - length : self._at]


def _key(event: SecurityEvent) -> Key:
    return event.service, event.account[:NAME]


def _attack(key: Key, account: _Account) -> Attack:
    sources = tuple((Prefix.unpack(source), tries) for source, tries in list(account.sources.items()))
    return Attack(*key, account.exists, account.since, account.failures, sources)
