"""Pure: which notices tell of an attempt that no security event tells of.

Asterisk says of most refusals twice what happened: by a security event and by a
notice.  Each event pays for one notice of the same kind, address, and Call-ID
or account within a second; a notice that nobody has paid for counts as the
missing event.  It is paired off one by one, so that an attempt which is seen
shelters none that is not.

A notice has no time that can be believed - its date lacks year and zone - so
what is compared are the times at which both were read.  What cannot be
compared, counts for nothing: it might have been counted already.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.judge.counting import Counting
from amiguard.judge.waiting import Queue
from amiguard.model import Endpoint, SecurityEvent
from amiguard.sources.kinds import KINDS
from amiguard.sources.noticelines import TOLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.model import Prefix
    from amiguard.sources.noticelines import Health, Notice

WITHIN: Final = 1.0
"""Seconds between the security event and the notice of one attempt, at most."""
PATIENCE: Final = 60.0
"""Seconds that a notice waits for a security log to catch up; then nobody can tell any more."""
ENTRIES: Final = 32_768
"""Notices that wait, and events that have had no notice yet, each at most."""
IAX2: Final = b"IAX2"
"""The service that raises no security events: its notices need not wait for any."""

_DROPPED: Final = 4096
_VALUE: Final = 256
"""Bytes of account and Call-ID that are kept."""
_WORD: Final = 32
"""Bytes of them that are compared: Asterisk cuts accounts in events at 36 and more."""

_PAIRED: Final = {pair: pair[1] for pair in TOLD if pair[0] != IAX2} | {
    (b"AMI", "ChallengeResponseFailed"): "InvalidPassword"
}
"""By service and kind of a security event, the kind of the notice that goes with it."""
_FOLLOWED: Final = {(b"AMI", "InvalidAccountID"): "InvalidPassword", (b"AMI", "FailedACL"): "InvalidPassword"}
"""Notices behind which Asterisk writes another one of the same log-in, and its kind."""

_Key = tuple[bytes, str, "Prefix", bytes]


class _Waiting(NamedTuple):
    event: SecurityEvent
    firm: bool


class Notices:
    """Pairs notices with security events; all times are seconds since the epoch.

    Attributes:
        listening: whether any log of notices is followed.
        now: when what is told next was read; whoever tells it sets this.
        counting: what several logs of notices all tell.
        missing: notices that counted as the missing event.
        uncompared: notices that counted for nothing, because it was too late to compare them.
        hidden: attempts of which no trustworthy word tells who made them.
        overflows: how often Asterisk has said that it threw log records away.
    """

    def __init__(self) -> None:
        self.listening = False
        self.now = -math.inf
        self.counting = Counting()
        self.missing = self.uncompared = self.hidden = self.overflows = 0
        self._told: Queue[bool] = Queue(ENTRIES)
        self._waiting: Queue[_Waiting] = Queue(ENTRIES)
        self._dropped: deque[float] = deque()
        self._unpaid: deque[float] = deque(maxlen=_DROPPED)

    def told(self, event: SecurityEvent, time: float) -> None:
        """A security event that counts was told, and is judged at `time`: it pays for one notice."""
        kind = _PAIRED.get((event.service, event.kind))
        if kind is None:
            return
        keys = _event_keys(event, kind)
        if self._waiting.take(keys, min(time, self.now) - WITHIN) is None:
            self._told.add(True, self.now, keys)

    def hear(self, notice: Notice, log: str, since: float) -> SecurityEvent | None:
        """A notice was read.

        Args:
            notice: what it says.
            log: in which log it stood.
            since: the earliest time at which it may have been written; at most `now`.

        Returns:
            The event that it stands for, if it is to be judged at once.
        """
        event = _event(notice, self.now)
        keys = _notice_keys(event)
        if self.counting.busy and self.counting.repeated(log, event._replace(time=0.0), self.now):
            if notice.firm and self._waiting.take(keys, since - WITHIN):
                self._wait(event, keys, firm=True)  # it was less sure before
            return None
        if notice.service == IAX2:
            self.missing += 1
            return event
        if follower := _FOLLOWED.get((notice.service, notice.kind)):
            self._told.add(True, self.now, _notice_keys(event._replace(kind=follower))[:-1])
        if not self._told.take(keys, since - WITHIN):
            self._compare_later(event, keys, since, firm=notice.firm)
        return None

    def health(self, health: Health) -> None:
        """Asterisk says that it has hidden something."""
        if health.what == "records dropped":
            self.overflows += 1
        elif len(self._dropped) < _DROPPED:
            self._dropped.append(self.now)
        else:
            self.hidden += 1

    def due(self, now: float, passed: float) -> Iterator[SecurityEvent]:
        """The missing events: of the notices for which no security event can come any more.

        Args:
            now: the present time.
            passed: all security events from before that time have been told.
        """
        for event, firm in self._waiting.leave(passed - WITHIN):
            self._unpaid.append(event.time)
            self.missing += firm
            self.hidden += not firm
            if firm:
                yield event
        self._attribute(passed)
        self.uncompared += len(self._waiting.leave(now - PATIENCE))
        self._told.leave(now - PATIENCE)

    def shift(self, delta: float) -> None:
        """The host's clock was set by `delta` seconds."""
        self.now += delta
        self.counting.shift(delta)
        self._told.shift(delta)
        self._waiting.shift(delta)
        self._dropped = deque(time + delta for time in self._dropped)
        self._unpaid = deque((time + delta for time in self._unpaid), _DROPPED)

    def _compare_later(self, event: SecurityEvent, keys: list[_Key], since: float, *, firm: bool) -> None:
        if since - WITHIN <= self._told.forgotten:
            self.uncompared += 1
        else:
            self._wait(event, keys, firm=firm)

    def _wait(self, event: SecurityEvent, keys: list[_Key], *, firm: bool) -> None:
        self.uncompared += len(self._waiting.add(_Waiting(event, firm), self.now, keys))

    def _attribute(self, passed: float) -> None:
        """A dropped event is hidden, unless a notice of the same moment went without an event."""
        while self._dropped and self._dropped[0] < passed - 2 * WITHIN:
            time = self._dropped.popleft()
            while self._unpaid and self._unpaid[0] < time - WITHIN:
                self._unpaid.popleft()
            self.hidden += not (self._unpaid and self._unpaid[0] <= time + WITHIN)


def _event(notice: Notice, time: float) -> SecurityEvent:
    """The security event that says the same; it has no LocalAddress, as each that Asterisk writes has."""
    details = tuple(notice.reason if name == "ACLName" else None for name in KINDS[notice.kind].details)
    remote = Endpoint(b"UDP" if notice.service == IAX2 else b"", notice.address, notice.port or 0)
    account, call_id = notice.account[:_VALUE], notice.call_id[:_VALUE]
    return SecurityEvent(notice.kind, time, notice.service, account, call_id, b"", remote, details)


def _notice_keys(event: SecurityEvent) -> list[_Key]:
    """Under which it may be found: the last one only by an event whose words cannot be compared."""
    head = (event.service, event.kind, event.remote.address)
    return [(*head, word[:_WORD]) for word in (event.session, event.account) if word] + [(*head, b"")]


def _event_keys(event: SecurityEvent, kind: str) -> list[_Key]:
    head = (event.service, kind, event.remote.address)
    words = [word[:_WORD] for word in (event.session, event.account) if word]
    return [(*head, word) for word in words] + [(*head, b"")] * (event.tampered or not event.account)
