"""Pure: the rhythm in which one account fails: a phone's, or a guesser's.

A phone with an old password tries again at regular intervals, for days.  What
one attempt of it looks like: a few tries at once (without an answer, with one,
with one to a fresh challenge), each perhaps sent again by UDP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from amiguard.model import Prefix
from amiguard.sources import security
from amiguard.sources.kinds import UNKNOWN

if TYPE_CHECKING:
    from amiguard.model import SecurityEvent

AGREEING: Final = 6
"""Equal intervals in a row that make a phone: whoever types has not so much patience, and seven
attempts of four failures at 2 points stay below a friend's threshold of 72."""
FASTEST: Final = 15.0
"""The shortest interval, in seconds; 20 s is the shortest that phones are delivered with."""
LONGEST: Final = 7200.0
"""After so many silent seconds all begins anew; phones try again within the hour, or miss once."""
ATTEMPT: Final = 5.0
"""Seconds within which a phone makes the tries of an attempt, each of which is one round trip."""
TRIES: Final = 4
"""Different tries in an attempt; more are guesses."""
TRANSACTION: Final = 32.0
"""Seconds for which UDP repeats a request that has no answer: 64 * T1, RFC 3261 section 17.1.2.2."""

_JITTER: Final = 0.2
_SLACK: Final = 2.0
_PERIODS: Final = 3
"""An interval may be so many periods long: packets are lost."""

_ADDRESS: Final = "an address that its access list refuses"
_CAUSES: Final[dict[str | bytes | None, str]] = {
    "InvalidPassword": "an old password",
    "ChallengeResponseFailed": "an old password",
    "InvalidAccountID": "an account that does not exist",
    "InvalidTransport": "a transport that its account may not use",
    "ChallengeSent": "an account that does not exist",
    b"not_match_endpoint_acl": _ADDRESS,
    b"not_match_endpoint_contact_acl": _ADDRESS,
    b"device_must_match_acl": _ADDRESS,
}
"""What it looks like when a phone fails so, by event or, for a FailedACL, by ACLName."""


def cause(event: SecurityEvent) -> str:
    """What a failure looks like when a phone fails so; empty if no phone does."""
    what = security.detail(event, "ACLName") if event.kind == "FailedACL" else event.kind
    return _CAUSES.get(what, "")


class BrokenPhone(NamedTuple):
    """An account that fails as only a phone does.

    `every` is the seconds between two attempts, `since` the first failure's time in
    seconds since the epoch, `failures` how many there were, `cause` what it looks like.
    """

    address: Prefix
    account: bytes
    every: float
    since: float
    failures: int
    cause: str

    def __str__(self) -> str:
        account = self.account.decode("utf-8", "backslashreplace")
        rhythm = f"has failed every {self.every:.0f} s, {self.failures} times"
        return f"account {account} at {self.address} {rhythm}, with what looks like {self.cause}"


class Rhythm:
    """The failures of one account; the address is that of the last one."""

    __slots__ = ("address", "agreeing", "cause", "every", "failures", "last", "session", "since", "tries")

    def __init__(self, event: SecurityEvent, time: float) -> None:
        """Begin with a first failure, which is yet to be counted by `failed`."""
        self.address = event.remote.address
        self.since = self.last = time
        """When the first and the last attempt began, in seconds since the epoch."""
        self.every = 0.0
        """Seconds between two attempts; 0 while there was only one."""
        self.failures = 0
        self.agreeing = 0
        """Intervals in a row that were like the others."""
        self.cause = cause(event)
        self.session = 0
        """A hash of the last attempt's Call-ID."""
        self.tries: tuple[int, ...] = ()
        """Hashes of the last attempt's different tries."""

    @property
    def steady(self) -> bool:
        """Whether only a phone fails so."""
        return self.agreeing >= AGREEING

    def lately(self, time: float) -> bool:
        """Whether it goes on still."""
        return time - self.last <= (_PERIODS + _JITTER) * self.every + TRANSACTION

    def silent(self, time: float) -> bool:
        """Whether all begins anew with the next failure."""
        return time - self.last > LONGEST

    def failed(self, event: SecurityEvent, time: float) -> None:
        """Count a failure."""
        self.failures += 1
        self.address, self.session = event.remote.address, hash(event.session)
        if event.account != UNKNOWN:
            self.cause = cause(event)
        passed, this = time - self.last, hash((event.kind, event.session, event.details))
        if passed <= TRANSACTION and this in self.tries:
            return  # the same try once more tells a guesser nothing
        if passed > ATTEMPT:
            self._attempted(passed)
            self.last, self.tries = time, (this,)
        elif len(self.tries) < TRIES:
            self.tries = (*self.tries, this)
        else:
            self.agreeing = 0

    def _attempted(self, interval: float) -> None:
        periods = min(max(round(interval / self.every), 1), _PERIODS) if self.every else 1
        astray = abs(interval - periods * self.every)
        if interval < FASTEST:
            self.agreeing, self.every = 0, 0.0
        elif astray > max(_JITTER * self.every, _SLACK):
            self.agreeing, self.every = 1, interval
        else:
            self.agreeing += 1
            self.every += (interval / periods - self.every) / 4

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        self.since += delta
        self.last += delta

    def pack(self) -> list[Any]:
        """As values for JSON."""
        numbers = self.since, self.last, self.every, self.failures, self.agreeing
        return [str(self.address), self.cause, *numbers]

    @classmethod
    def unpack(cls, values: list[Any]) -> Self:
        """Out of `pack`'s values."""
        rhythm = cls.__new__(cls)
        address, rhythm.cause, *numbers = values
        rhythm.address = Prefix.parse(address)
        rhythm.since, rhythm.last, rhythm.every, rhythm.failures, rhythm.agreeing = numbers
        rhythm.session, rhythm.tries = 0, ()
        return rhythm
