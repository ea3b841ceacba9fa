"""Pure: who has fallen silent: an input that tells nothing is an alarm, not peace.

All channels tell the same events, so one that stays behind while another speaks
does not hear any more.  When all are silent, packets to the SIP ports say
whether there might have been something to hear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

QUIET: Final = 60.0
"""Seconds without an event after which a channel may be silent."""
EVENTS: Final = 20
"""So many events of others in that time show that it is."""
HUSH: Final = 6 * 3600.0
"""The same for all channels together: phones that log in do so more often."""
PACKETS: Final = 1000
"""So many packets to the SIP ports in that time show that Asterisk is in use."""
EVERYBODY: Final = "all channels"


class Silent(NamedTuple):
    """A channel, or `EVERYBODY`, has told nothing for so many seconds, in which so much has happened.

    What happened are events that others told, or packets to the SIP ports.
    """

    name: str
    seconds: float
    events: int = 0
    packets: int = 0

    def __str__(self) -> str:
        if self.name == EVERYBODY:
            came = f"while {self.packets} packets came to the SIP ports"
            hours = f"{self.seconds / 3600:.0f} h"
            return f"no security event for {hours}, {came}; that is well only where no phone logs in"
        return f"nothing for {self.seconds:.0f} s, while others told {self.events} events"


class _Last(NamedTuple):
    """When a channel told something last, and how much had happened by then."""

    at: float
    events: int = 0


class Silence:
    """Counts what the channels tell; times are seconds of any steady clock."""

    def __init__(self, now: float) -> None:
        """Begin at `now`."""
        self._told: dict[str, int] = {}
        self._last: dict[str, _Last] = {}
        self._events = 0
        self._heard = now
        self._packets = 0
        self._counter = 0

    def look(self, told: Mapping[str, int], expected: Collection[str], now: float) -> None:
        """Take note of how many events each channel has told so far.

        Args:
            told: of the channels that could tell something now.
            expected: names of those that must tell all; others only once they have told
                something while we looked, for a file that was rotated tells nothing.
            now: the time.
        """
        growth = {name: count - self._told.get(name, count) for name, count in told.items()}
        most = max(growth.values(), default=0)
        self._events += most
        if most:
            self._heard, self._packets = now, 0
        begun = {name for name in told if growth[name] or (name in expected and name not in self._last)}
        self._last = {name: last for name, last in self._last.items() if name in told}
        self._last.update(dict.fromkeys(begun, _Last(now, self._events)))
        self._told = dict(told)

    def packets(self, counter: int) -> None:
        """Take note of a counter of packets to the SIP ports, which may begin anew."""
        self._packets += counter - self._counter if counter >= self._counter else counter
        self._counter = counter

    def silent(self, now: float) -> Iterator[Silent]:
        """Who is silent."""
        for name, (since, then) in self._last.items():
            if now - since >= QUIET and self._events - then >= EVENTS:
                yield Silent(name, now - since, events=self._events - then)
        if now - self._heard >= HUSH and self._packets >= PACKETS:
            yield Silent(EVERYBODY, now - self._heard, packets=self._packets)
