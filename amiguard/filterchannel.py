"""Pure: one followed log that a filter of fail2ban's kind reads: what it tells, as events to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.channel import Followed
from amiguard.fail2ban.request import asked
from amiguard.judge.counting import Counting
from amiguard.model import Endpoint, Prefix, SecurityEvent
from amiguard.sources.kinds import FAILURE
from amiguard.sources.securitylog import Ambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from amiguard.config import Log
    from amiguard.fail2ban.frames import Finding
    from amiguard.judge.guard import Guard, Outcome

_FORGEABLE: Final = (
    *("asterisk", "freeswitch", "counter-strike"),  # UDP
    *("named-refused", "nsd"),  # DNS over UDP
    *("portsentry", "scanlogd"),  # a packet that nobody need answer
)
"""fail2ban's own filters of which a single packet with a forged sender makes a failure."""
_OURS: Final = "amiguard-asterisk-"
NAMED: Final = "a name instead of an address"
SLOW: Final = "it takes the filter too long"
_EXCERPT: Final = 200
_LINE: Final = 400
"""Bytes of a line that are kept as evidence."""


class Named(NamedTuple):
    """A failure of somebody whose name was told, and not his address; `time` is when it is judged."""

    name: str
    time: float
    user: str
    line: str


class FilterChannel(Followed):
    """What a filter finds goes in, what the guard thinks of it comes out.

    Attributes:
        log: how it is configured.
        named: failures whose sources' names wait to be resolved; whoever does that takes them out.
    """

    def __init__(self, name: str, log: Log, guard: Guard, worker_trouble: Callable[[], str] = str) -> None:
        """Begin.

        Args:
            name: the log's path.
            log: how it is configured.
            guard: who judges.
            worker_trouble: why nobody tries the filter, if so.
        """
        super().__init__(name, Counting())
        filter_name = asked(log.filter).name
        self.log = log
        self._worker_trouble = worker_trouble
        self.named: list[Named] = []
        self._service = filter_name.encode()
        self._proven = not (log.forgeable or filter_name in _FORGEABLE or filter_name.startswith(_OURS))
        self._resolves = log.usedns
        self._guard = guard
        self._told = 0

    @property
    def events(self) -> int:
        """Failures found so far."""
        return self._told

    @property
    def shows(self) -> str:
        """Nothing of Asterisk's own events."""
        return ""

    @property
    def form(self) -> str:
        """The filter, for nobody knows more of its log."""
        return self.log.filter

    @property
    def trouble(self) -> str:
        """Why lines wait, else how many were given up."""
        given_up = self.ambiguous[SLOW]
        return self._worker_trouble() or (
            f"{given_up} lines given up: they take the filter {self.log.filter} too long" if given_up else ""
        )

    def settled(self, now: float) -> bool:
        """Always: each finding has had its effect before the place behind it is known."""
        del now
        return True

    def tell(
        self, findings: Iterable[Finding], receipt: float, *, backlog: bool
    ) -> Iterator[Outcome | Ambiguous]:
        """Judge what was found.

        Args:
            findings: in their order.
            receipt: when their lines were read, in seconds since the epoch.
            backlog: they may be much older than their receipt.
        """
        for (who, written, user), line in findings:
            self._told += 1
            now = receipt if not backlog or self.timing.latest is None else self.timing.latest
            time = self.timing.judge(now if written is None else written, receipt, backlog)
            one = Named(who, time, user, line)
            if address := _address(who):
                yield from self._guard.blame(self._event(one, address), told="log", proven=self._proven)
            elif self._resolves:
                self.named.append(one)
            else:
                self.ambiguous[NAMED] += 1

    def resolved(self, one: Named, addresses: Iterable[Prefix]) -> Iterator[Outcome]:
        """Judge a failure whose source's name has these addresses.

        Whoever owns an address chooses its name, also that of another host: so it proves nothing.
        """
        for address in addresses:
            yield from self._guard.blame(self._event(one, address), told="log")

    def give_up(self, line: bytes) -> Ambiguous:
        """Take note of a line that was not read."""
        self.ambiguous[SLOW] += 1
        return Ambiguous(f"{SLOW} ({self.log.filter})", line[:_EXCERPT])

    def _event(self, one: Named, address: Prefix) -> SecurityEvent:
        remote, details = Endpoint(b"", address, 0), (one.line.encode()[:_LINE],)
        return SecurityEvent(
            FAILURE.name, one.time, self._service, one.user.encode(), b"", b"", remote, details
        )


def _address(who: str) -> Prefix | None:
    """The address, if it is one, and not a network that some text looked like."""
    try:
        address = Prefix.parse(who)
    except ValueError:
        return None
    return address if address.length == address.bits else None
