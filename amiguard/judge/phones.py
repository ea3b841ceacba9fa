"""Pure: the broken phones of friends, whose failures are told and spared.

A ban would cut off the whole house behind the address.  A guesser with a valid
account may imitate such a phone: he then has `SPARED` tries a day, in the
rhythm that `rhythm` allows, and his account's name is told every day.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from amiguard.judge.friends import DAY
from amiguard.judge.rhythm import BrokenPhone, Rhythm, cause
from amiguard.model import Prefix
from amiguard.sources.kinds import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.model import SecurityEvent

HOUSES: Final = 512
"""Friends whose failing accounts are remembered; who failed longest ago makes room."""
ACCOUNTS: Final = 16
"""Accounts of a friend; those that are no phone yet make room first."""
SPARED: Final = 5760
"""Wrong passwords of a friend that are spared in a day: four phones that try once a minute, or one each 15 s.

A friend's fast threshold of 72 lets 3,600 a day pass anyhow, at two points each.
"""
_GUESSES: Final = frozenset(("InvalidPassword", "ChallengeResponseFailed"))
_LONGEST: Final = 80


class _House:
    """The failing accounts behind one address."""

    __slots__ = ("day", "rhythms", "spared")

    def __init__(self, day: float) -> None:
        self.rhythms: dict[bytes, Rhythm] = {}
        self.day = day
        """When the day began in which `spared` failures were spared."""
        self.spared = 0

    def account(self, event: SecurityEvent) -> bytes | None:
        """Whose failure it is: where Asterisk names no account, that of the same Call-ID just before."""
        if event.account != UNKNOWN:
            return event.account[:_LONGEST]
        session = hash(event.session)
        return next((name for name, each in self.rhythms.items() if each.session == session), None)

    def rhythm(self, account: bytes, event: SecurityEvent, time: float) -> Rhythm | None:
        """The account's rhythm; None if there is no room for it."""
        rhythm = self.rhythms.get(account)
        if rhythm is not None and not rhythm.silent(time):
            return rhythm
        if rhythm is None and len(self.rhythms) >= ACCOUNTS and not self._make_room(time):
            return None
        rhythm = self.rhythms[account] = Rhythm(event, time)
        return rhythm

    def spares(self, event: SecurityEvent, time: float) -> bool:
        """Whether another failure today is spared; it is counted if it tests a password."""
        if event.kind not in _GUESSES or event.account == UNKNOWN:
            return True
        if time - self.day >= DAY:
            self.day, self.spared = time, 0
        self.spared += 1
        return self.spared <= SPARED

    def _make_room(self, time: float) -> bool:
        passing = [name for name, each in self.rhythms.items() if not each.steady or each.silent(time)]
        if passing:
            del self.rhythms[min(passing, key=lambda name: self.rhythms[name].last)]
        return bool(passing)


class Phones:
    """Which accounts of friends fail in a phone's rhythm."""

    def __init__(self) -> None:
        self._houses: dict[Prefix, _House] = {}

    def failed(self, source: Prefix, event: SecurityEvent, time: float) -> BrokenPhone | None:
        """Note a friend's failure; the phone whose it is, if it is a broken one's and to be spared."""
        if event.service == b"AMI" or event.tampered or not cause(event):
            return None
        house = self._houses.pop(source, None) or _House(time)
        if len(self._houses) >= HOUSES:
            del self._houses[next(iter(self._houses))]
        self._houses[source] = house  # the newest is the last
        account = house.account(event)
        rhythm = house.rhythm(account, event, time) if account is not None else None
        if account is None or rhythm is None:
            return None
        rhythm.failed(event, time)
        return _phone(account, rhythm) if rhythm.steady and house.spares(event, time) else None

    def broken(self, time: float) -> Iterator[BrokenPhone]:
        """All phones that are broken at `time`."""
        for house in self._houses.values():
            for account, rhythm in house.rhythms.items():
                if rhythm.steady and rhythm.lately(time):
                    yield _phone(account, rhythm)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        for house in self._houses.values():
            house.day += delta
            for rhythm in house.rhythms.values():
                rhythm.shift(delta)

    def pack(self) -> bytes:
        """The broken phones as bytes for the store."""
        rows = []
        for source, house in self._houses.items():
            steady = {name: each.pack() for name, each in house.rhythms.items() if each.steady}
            if steady:
                named = {name.decode("latin-1"): values for name, values in steady.items()}
                rows.append([str(source), house.day, house.spared, named])
        return json.dumps(rows).encode()

    def restore(self, state: bytes) -> None:
        """Take them back out of `pack`'s bytes.

        Raises:
            ValueError: the bytes are none of that.
        """
        for source, day, spared, rhythms in json.loads(state):
            house = self._houses[Prefix.parse(source)] = _House(day)
            house.spared = spared
            house.rhythms = {name.encode("latin-1"): Rhythm.unpack(each) for name, each in rhythms.items()}


def _phone(account: bytes, rhythm: Rhythm) -> BrokenPhone:
    return BrokenPhone(rhythm.address, account, rhythm.every, rhythm.since, rhythm.failures, rhythm.cause)
