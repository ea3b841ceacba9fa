"""Pure: one Asterisk heard through a log and an AMI, as the service hears it, but by the test's own clock."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import fakeasterisk
import made
import written
from lab import eventtv

from amiguard import ledger
from amiguard.amichannel import AmiChannel
from amiguard.channel import Channel
from amiguard.judge.forgery import Forgery
from amiguard.model import Ban, SecurityEvent, Verdict
from amiguard.sources.ami_inbox import Batch, Lost, State, Status
from amiguard.sources.amievents import AmiEvents, Shutdown
from amiguard.store import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.judge.guard import Guard, Outcome
    from amiguard.sources.securitylog import Ambiguous
    from amiguard.store import Snapshot

LOG, AMI = "/var/log/asterisk/security.json", "127.0.0.1:5038"
_SCALE = '{ half_life = "5200w", threshold = 1e6 }'
ENDLESS = f"[score]\nfast = {_SCALE}\nslow = {_SCALE}\n"
"""Nobody is banned and nothing decays: a score is the sum of the points."""
LISTENING = Status(State.LISTENING, "", 1)
DOWN = Status(State.DOWN, "it hung up", 1)


class Told(NamedTuple):
    """One event as each channel tells it."""

    event: SecurityEvent
    text: bytes

    @property
    def line(self) -> bytes:
        """As the JSON log has it."""
        return written.as_json(self.text)

    @classmethod
    def of(cls, at: float, source: str) -> Told:
        """A wrong password over UDP, so many seconds after `made.START`."""
        remote = b"IPV4/UDP/%s/5061" % source.encode()
        words = written.Words(remote=remote, eventtv=eventtv(made.START + at))
        kind = "ChallengeResponseFailed"
        (event,) = events(fakeasterisk.event(kind, words) + b"\r\n\r\n")
        return cls(event, written.record(kind, words))


def found(data: bytes) -> list[SecurityEvent | Ambiguous]:
    """What a client makes of these messages."""
    reader = AmiEvents(skip_challenges=False)
    outcomes = (*reader.read(data, made.START), *reader.end())
    return [each for each in outcomes if not isinstance(each, Shutdown)]


def events(data: bytes) -> list[SecurityEvent]:
    """The events of these messages."""
    return [each for each in found(data) if isinstance(each, SecurityEvent)]


class House:
    """A guard, a log and an AMI, which is down at first."""

    def __init__(self, toml: str, *, over_http: bool = False) -> None:
        self.bans: list[Ban] = []
        self._toml = toml
        self._forgery = Forgery(lambda: self.log.form == "json") if over_http else None
        self._begin(made.guard(toml))

    def _begin(self, guard: Guard) -> None:
        self.guard = guard
        self.log = Channel(LOG, guard, self._forgery)
        self.ami = AmiChannel(AMI, guard, lambda _: False, forgery=self._forgery)

    def read(self, lines: bytes, now: float) -> None:
        """The log has these lines."""
        self._take(self.log.feed(lines, now, backlog=False))

    def hear(self, told: Iterable[SecurityEvent | Ambiguous], now: float) -> None:
        """The AMI tells these."""
        self._take(self.ami.hear(Batch(list(told), now)))

    def idle(self, now: float) -> None:
        """Nothing is left to read in the log."""
        self.guard.counting.caught_up(LOG, self.log.timing.passed(now))

    def turn(self, status: Status) -> None:
        """The AMI comes up or goes down."""
        self.ami.turn(status)

    def lose(self) -> None:
        """The AMI has told more than there was room for."""
        self.ami.lose(Lost({}, 1))

    def snapshot(self) -> Snapshot:
        """What the store would have now."""
        book = ledger.Ledger(self.guard)
        book.allows([])  # so that there is something to write
        snapshot = book.snapshot(whole=True)
        assert snapshot is not None
        return snapshot

    def restart(self, snapshot: Snapshot) -> None:
        """Begin again with what the store has but bans; all else is forgotten, and the AMI is down."""
        guard = made.guard(self._toml)
        scores, friends = list(snapshot.scores), list(snapshot.friends)
        ledger.restore(guard, Memory([], scores, friends, dict(snapshot.notes), []))
        self._begin(guard)

    def points(self, event: SecurityEvent) -> float:
        """The score of its source; with an endless half-life the sum of its points."""
        suspect = self.guard.scorer.get(event.remote.address)
        return round(suspect.slow, 2) if suspect else 0.0

    def _take(self, outcomes: Iterator[Outcome | Ambiguous]) -> None:
        self.bans += [each.ban for each in outcomes if isinstance(each, Verdict)]


class Saved(NamedTuple):
    """What a crash leaves behind: the store, how far the log was read, and what the AMI had told."""

    store: Snapshot
    lines: int
    heard: Counter[SecurityEvent]


class Play:
    """Plays into a house what reaches it, in order of time, and keeps the books on who has told what."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.now = made.START
        self.heard: Counter[SecurityEvent] = Counter()
        self._lines: list[Told] = []
        self._since = 0.0
        self._saved = Saved(house.snapshot(), 0, Counter())

    @property
    def counts(self) -> Counter[SecurityEvent]:
        """How often each event has happened, as far as anybody has told us."""
        return Counter(told.event for told in self._lines) | self.heard

    def log(self, told: Told) -> None:
        """A line is written."""
        self._lines.append(told)
        self.house.read(told.line, self.now)

    def ami(self, told: Told) -> None:
        """An event is told, if the connection over which it comes is the one we have."""
        if self.house.ami.listening and told.event.time >= self._since:
            self.heard[told.event] += 1
            self.house.hear([told.event], self.now)

    def pong(self, asked: float) -> None:
        """A ping is answered."""
        if self.house.ami.listening and asked >= self._since:
            self.house.ami.passed(asked)

    def up(self) -> None:
        """Connect, if we are not."""
        if not self.house.ami.listening:
            self._since = self.now
            self.house.turn(LISTENING)

    def down(self) -> None:
        """The AMI hangs up."""
        self.house.turn(DOWN)

    def lost(self) -> None:
        """The AMI has told what found no room."""
        if self.house.ami.listening:
            self.house.lose()

    def save(self) -> None:
        """The store is written."""
        self._saved = Saved(self.house.snapshot(), len(self._lines), self.heard.copy())

    def crash(self) -> None:
        """Kill it and start it: the log is read again from where the store was written."""
        self.house.restart(self._saved.store)
        self.heard = self._saved.heard.copy()
        for told in self._lines[self._saved.lines :]:
            self.house.read(told.line, self.now)
        self.up()

    def restart(self) -> None:
        """Stop it and start it."""
        self.save()
        self.crash()
