"""Pure: a story whose every guesser is known, and what was made of each; the same seed tells the same.

Five kinds of sources fail, among phones that log in: of ten lines eight are theirs.  Each of
these phones had logged in before the first guess, as phones of a PBX that works have.
"""

from __future__ import annotations

import random
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

import records
import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SPAN = 7200.0
"""Seconds that the story lasts."""
VICTIM = "1007"
"""The account that many guess at, from an address each."""
EXACT = 0.001
"""Seconds to which times are told."""
_REGISTER = 3600.0
"""Seconds before it in which every phone has logged in once."""
_BENIGN = 4
"""Benign lines for each of failure."""


class Kind(NamedTuple):
    """Sources alike: how many there are, how often each fails, and how long it waits each time, in seconds.

    `banned`: whether it is right to ban them.
    """

    name: str
    sources: int
    tries: int
    least: float
    most: float
    banned: bool


KINDS = (
    Kind("fast", 60, 30, 0.2, 2.0, banned=True),
    Kind("enumerating", 30, 40, 1.0, 5.0, banned=True),
    Kind("slow", 40, 50, 60.0, 120.0, banned=True),
    Kind("distributed", 200, 3, 300.0, 1800.0, banned=False),
    Kind("mistyping phones", 20, 2, 3.0, 20.0, banned=False),
)


class Try(NamedTuple):
    """A failed attempt: when, in seconds since the epoch, from where, and the name of its source's kind."""

    time: float
    address: str
    kind: str


class Story(NamedTuple):
    """All failed attempts, and all lines of the log, both in their order."""

    tries: list[Try]
    lines: list[tuple[float, str]]

    def sources(self, kind: Kind) -> dict[str, list[float]]:
        """The times at which each source of that kind has failed."""
        found: dict[str, list[float]] = {}
        for each in self.tries:
            if each.kind == kind.name:
                found.setdefault(each.address, []).append(each.time)
        return found


class Outcome(NamedTuple):
    """What has become of the sources of one kind.

    `seconds` and `guesses` hold, for each that was banned, how long after his first attempt
    and at which of his attempts.
    """

    sources: int
    seconds: list[float]
    guesses: list[int]

    @property
    def banned(self) -> int:
        """How many were banned."""
        return len(self.seconds)


def story(end: float, share: int = 1, seed: int = 8) -> Story:
    """What happened until `end`, in seconds since the epoch; of each kind one source in `share`."""
    dice = random.Random(seed)
    tries = sorted(each for kind in KINDS for each in _tries(kind, share, end - SPAN, dice))
    failures = [line for n, each in enumerate(tries) for line in _lines(each, n)]
    book = traffic.phones()[: traffic.PHONES // share]
    known = [line for phone in book for line in _phone(phone, end - SPAN - dice.uniform(1, _REGISTER), dice)]
    known += _corrected(tries, dice)
    pairs = (len(failures) * _BENIGN - len(known)) // 2
    benign = (_phone(dice.choice(book), end - dice.uniform(1, SPAN), dice) for _ in range(pairs))
    lines = [*failures, *known, *(line for pair in benign for line in pair)]
    return Story(tries, sorted(lines, key=lambda line: line[0]))


def outcome(told: Story, kind: Kind, bans: Mapping[str, float]) -> Outcome:
    """What became of the sources of a kind; `bans` says since when each address was banned."""
    sources = told.sources(kind)
    caught = {address: times for address, times in sources.items() if address in bans}
    seconds = [bans[address] - times[0] for address, times in caught.items()]
    guesses = [sum(time < bans[address] + EXACT for time in times) for address, times in caught.items()]
    return Outcome(len(sources), seconds, guesses)


def _tries(kind: Kind, share: int, begin: float, dice: random.Random) -> Iterator[Try]:
    first = int(IPv4Address(f"45.{KINDS.index(kind)}.0.0"))
    for number in range(kind.sources // share):
        waits = [dice.uniform(kind.least, kind.most) for _ in range(kind.tries - 1)]
        when = begin + dice.uniform(0, SPAN - sum(waits) - 60)
        address = str(IPv4Address(first + number * 7))
        for wait in (0.0, *waits):
            when = round(when + wait, 3)
            yield Try(when, address, kind.name)


def _lines(each: Try, nonce: int) -> Iterator[tuple[float, str]]:
    when, address, kind = each
    if kind == "enumerating":
        yield from ((when, line) for line in traffic.unknown_account(address, when, nonce))
        return
    sender = records.peer(address, "TLS" if int(IPv4Address(address)) % 2 else "UDP", 1024 + nonce % 60000)
    account = VICTIM if kind == "distributed" else str(1000 + int(IPv4Address(address)) % traffic.PHONES)
    told = records.message(records.WRONG_PASSWORD, when, account, f"{nonce:08x}@x", sender, f"{nonce:032x}")
    yield when, records.classic(told, when)


def _corrected(tries: list[Try], dice: random.Random) -> Iterator[tuple[float, str]]:
    """Who mistypes gets it right at last."""
    last = {each.address: each.time for each in tries if each.kind == "mistyping phones"}
    for address, when in last.items():
        account = str(1000 + int(IPv4Address(address)) % traffic.PHONES)
        sender = records.peer(address, "TLS" if int(IPv4Address(address)) % 2 else "UDP")
        yield from _phone(traffic.Phone(account, sender), when + dice.uniform(3, 20), dice)


def _phone(phone: traffic.Phone, when: float, dice: random.Random) -> Iterator[tuple[float, str]]:
    lines = traffic.log_in(phone, when, dice, records.classic)
    yield from zip((when, when + 0.003), lines, strict=True)
