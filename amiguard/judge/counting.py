"""Pure: what two channels both tell counts once, and what happened twice counts twice.

Asterisk gives the same event, byte for byte the same, to every channel; but
two different events can agree in every byte as well (same millisecond, same
Call-ID).  So for each equal value the greatest of the channels' counts holds:
an occurrence is new when its channel has told it more often than any other.

A log may lag by minutes behind the AMI, longer than single events are
remembered.  For that the AMI's *coverage* is kept: what a log tells late, or
after a restart, of a time that the AMI has covered was told already.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.model import SecurityEvent

PASSED: Final = 5.0
"""Seconds by which every channel must have passed an event before it is forgotten."""
ENTRIES: Final = 65_536
SPANS: Final = 64
"""Spans of coverage that are remembered: an AMI that comes and goes makes many."""
NOISE: Final = 20
"""So many untold events are what hostile records and a busy logger may leave behind."""
PART: Final = 0.05
"""Of all compared events, a part that is no noise any more."""


_End = tuple[str, float]


class Span(NamedTuple):
    """A time, in seconds since the epoch, all of whose events `channel` has told.

    More may have happened within the millisecond of its end: `ahead` is how many of
    that one it has told before any other channel.
    """

    channel: str
    start: float
    end: float
    ahead: int = 0

    @property
    def key(self) -> _End:
        """What tells it from others."""
        return self.channel, self.end


class _Channel:
    """One that is open: it has told all that happened from `start` to `passed`; `live`, when it happened."""

    __slots__ = ("live", "passed", "start")

    def __init__(self, *, live: bool) -> None:
        self.live = live
        self.passed = -math.inf
        self.start = math.inf if live else -math.inf


class _Entry(NamedTuple):
    """How often each channel has told an event, and when it was judged."""

    time: float
    counts: dict[str, int]


class Counting:
    """Counts events by channel while more than one channel is open.

    Attributes:
        repeats: occurrences that another channel had told already.
        compared: occurrences of which it is known which channels told them.
        untold: of these, by channel, those that it has not told though it was there.
        shortened: entries given up before their time, for want of room.
    """

    def __init__(self) -> None:
        self.repeats = 0
        self.compared = 0
        self.untold: Counter[str] = Counter()
        self.shortened = 0
        self._channels: dict[str, _Channel] = {}
        self._entries: OrderedDict[SecurityEvent, _Entry] = OrderedDict()
        self._sessions: Counter[bytes] = Counter()
        """How many entries each session has: that there is none is sooner seen here."""
        self._horizon = -math.inf
        """Of what happened before, events may have been forgotten."""
        self._spans: list[Span] = []
        self._leads: dict[_End, int] = {}
        """Of each span: by how many events of its end its channel was ahead when they were forgotten."""
        self._expected = False

    @property
    def spans(self) -> list[Span]:
        """What was covered so far, the newest last; for the store."""
        running = [
            Span(name, channel.start, channel.passed)
            for name, channel in self._channels.items()
            if channel.live and channel.start <= channel.passed
        ]
        spans = (self._spans + running)[-SPANS:]
        leads = {span.key: self._leads.get(span.key, 0) for span in spans}
        ends = {span.end for span in spans}
        for time, counts in self._entries.values():
            if time in ends:
                _add(leads, time, counts)
        return [span._replace(ahead=leads[span.key]) for span in spans]

    @property
    def busy(self) -> bool:
        """Whether there is, was or may yet be a second channel, and so anything to compare."""
        channels = self._channels
        if len(channels) > 1 or self._spans or self._entries or self._expected:
            return True
        return any(channel.live for channel in channels.values())

    @property
    def lacking(self) -> list[str]:
        """Channels that have left more untold than is noise."""
        return [
            name for name, count in self.untold.items() if count >= NOISE and count >= PART * self.compared
        ]

    def expect(self) -> None:
        """A live channel may be opened at any time.

        Before we know of it, a log may have told what it is about to tell.
        """
        self._expected = True

    def open(self, channel: str, *, live: bool = False) -> None:
        """The channel will tell events from now on.

        Args:
            channel: its name.
            live: it tells nothing of what was before, and what happens at once, as the AMI
                does; from when on it covers all is said by `covers`.
        """
        if channel not in self._channels:
            self._channels[channel] = _Channel(live=live)

    def covers(self, channel: str, start: float) -> None:
        """All that happens from `start` on, this live channel will tell."""
        self._channels[channel].start = start

    def lost(self, channel: str) -> None:
        """A live channel has lost events: its coverage ends here."""
        live = self._channels[channel]
        if live.start <= live.passed:
            self._keep([*self._spans, Span(channel, live.start, live.passed)])
        live.start = math.inf

    def close(self, channel: str) -> None:
        """The channel is down, if it was open: nobody waits for what it has not told."""
        gone = self._channels.get(channel)
        if gone is not None:
            if gone.live:
                self.lost(channel)
            del self._channels[channel]

    def restore(self, spans: Iterable[Span]) -> None:
        """Take up what was covered before a restart; of all that single events were forgotten."""
        self._keep(list(spans))
        self._horizon = max((span.end for span in self._spans), default=self._horizon)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what the channels have passed, they still have."""
        for channel in self._channels.values():
            channel.passed += delta
            channel.start += delta
        spans = [
            Span(span.channel, span.start + delta, span.end + delta, self._leads[span.key])
            for span in self._spans
        ]
        self._leads = {}
        self._keep(spans)
        for event, (time, counts) in self._entries.items():
            self._entries[event] = _Entry(time + delta, counts)
        self._horizon += delta

    def caught_up(self, channel: str, time: float) -> None:
        """The channel has told all that happened before `time`, if it is open."""
        known = self._channels.get(channel)
        if known is not None and time > known.passed:
            known.passed = time
            self._forget()

    def repeated(self, channel: str, event: SecurityEvent, time: float) -> bool:
        """Count an occurrence; whether another channel has told it already.

        `time` is when it is judged: its own time may be one that nobody believes,
        and would let everything be forgotten, or be kept without end.
        """
        if not self.busy:
            return False
        entry = self._entries.get(event)
        if entry is None:
            if time <= self._horizon and self._covered(channel, time):
                self._told_late(channel)
                return True
            entry = self._remember(event, time)
        repeat = self._count(channel, event, entry.counts)
        self.repeats += repeat
        self.caught_up(channel, time)
        return repeat

    def remembers(self, session: bytes) -> bool:
        """Whether an event of this session is remembered, of which another channel may tell yet."""
        return session in self._sessions

    def note(self, channel: str, event: SecurityEvent) -> None:
        """An occurrence that counts for nothing now, but may have counted when another channel told it."""
        entry = self._entries.get(event) if self.remembers(event.session) else None
        if entry is not None:
            self._count(channel, event, entry.counts)

    def _remember(self, event: SecurityEvent, time: float) -> _Entry:
        entry = self._entries[event] = _Entry(time, {})
        self._sessions[event.session] += 1
        if len(self._entries) > ENTRIES:
            self._shorten()
        return entry

    def _count(self, channel: str, event: SecurityEvent, counts: dict[str, int]) -> bool:
        count = counts[channel] = counts.get(channel, 0) + 1
        repeat = any(told >= count for other, told in counts.items() if other != channel)
        if repeat and self._channels.keys() <= counts.keys() and set(counts.values()) == {count}:
            del self._entries[event]  # none is ahead, so nothing is lost by beginning anew
            self._forgotten(event)
            self.compared += count
        return repeat

    def _told_late(self, channel: str) -> None:
        self.repeats += 1
        if self.untold[channel]:
            self.untold[channel] -= 1

    def _keep(self, spans: list[Span]) -> None:
        self._spans = spans[-SPANS:]
        self._leads = {span.key: self._leads.get(span.key, span.ahead) for span in self._spans}

    def _covered(self, channel: str, time: float) -> bool:
        """Whether a live channel has told an event of that time, which another now tells."""
        running = any(
            live.live and name != channel and live.start <= time <= live.passed
            for name, live in self._channels.items()
        )
        return running or any(span.channel != channel and self._holds(span, time) for span in self._spans)

    def _holds(self, span: Span, time: float) -> bool:
        """Whether the span holds an event of that time: of its end, it holds as many as it was ahead."""
        if time != span.end:
            return span.start <= time < span.end
        lead = self._leads[span.key]
        self._leads[span.key] = max(lead - 1, 0)
        return lead > 0

    def _forget(self) -> None:
        """Retire the events that all have passed, in the order in which they came."""
        passed = min(channel.passed for channel in self._channels.values()) - PASSED
        self._horizon = max(self._horizon, passed)
        while self._entries and next(iter(self._entries.values())).time < passed:
            self._compare(*self._oldest())

    def _shorten(self) -> None:
        """Give up the oldest event."""
        time, _ = self._oldest()
        self._horizon = max(self._horizon, time)
        self.shortened += 1

    def _oldest(self) -> _Entry:
        """Take out the entry that came first; what its channels were ahead by is kept."""
        event, entry = self._entries.popitem(last=False)
        self._forgotten(event)
        _add(self._leads, *entry)
        return entry

    def _forgotten(self, event: SecurityEvent) -> None:
        """An entry was taken out."""
        if self._sessions[event.session] == 1:
            del self._sessions[event.session]
        else:
            self._sessions[event.session] -= 1

    def _compare(self, time: float, counts: dict[str, int]) -> None:
        """See who has not told what others have."""
        if len(self._channels) < 2:  # noqa: PLR2004 - there is nobody to compare with
            return
        most = max(counts.values())
        self.compared += most
        for name, channel in self._channels.items():
            if channel.start <= time and counts.get(name, 0) < most:
                self.untold[name] += most - counts.get(name, 0)


def _add(leads: dict[_End, int], time: float, counts: dict[str, int]) -> None:
    """Add by how much a channel is ahead of all others in an event of its span's end."""
    for name, count in counts.items():
        if (name, time) in leads:
            others = (told for other, told in counts.items() if other != name)
            leads[name, time] += max(count - max(others, default=0), 0)
