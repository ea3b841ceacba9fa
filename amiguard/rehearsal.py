"""Pure: logs of the past, judged by a configuration, and what it took to ban somebody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import attacks
from amiguard.channel import Channel
from amiguard.config import SECURITY, Log
from amiguard.filterchannel import FilterChannel
from amiguard.judge.friends import DAY
from amiguard.judge.guard import Guard
from amiguard.judge.scorer import Scorer
from amiguard.model import FOREVER, Verdict
from amiguard.sources import security

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.config import Config, Score
    from amiguard.fail2ban.frames import Finding
    from amiguard.judge.evidence import Told
    from amiguard.judge.guard import Outcome
    from amiguard.model import Ban, Offence, Prefix, SecurityEvent
    from amiguard.sources.securitylog import Ambiguous

FACTORS: Final = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
"""By what a sweep multiplies both thresholds."""
_NAME: Final = "replay"


class Tried(NamedTuple):
    """What a source has done since its last ban: when it failed first, and how often."""

    first: float
    tries: int


class Judged(NamedTuple):
    """A ban, and what it took: seconds from the first failure on, and failures that counted.

    `friend`: somebody had logged in from there who is now cut off.
    """

    ban: Ban
    took: float
    tries: int
    friend: bool


class Window(NamedTuple):
    """The bans that are told are those that begin in it; seconds since the epoch."""

    since: float = -FOREVER
    until: float = FOREVER


class _Noting(Scorer):
    """A scorer that also knows how long its suspects have been at it; bounded as they are."""

    def __init__(self, config: Score) -> None:
        super().__init__(config)
        self.spent = Tried(0.0, 0)
        """What it took to the last offence."""
        self._tried: dict[Prefix, Tried] = {}

    def add(
        self,
        source: Prefix,
        time: float,
        points: float,
        event: SecurityEvent,
        *,
        proven: bool,
        factor: float = 1.0,
        slow: bool = True,
        told: Told = "log",
    ) -> Offence | None:
        """As any scorer."""
        tried = self._tried.get(source) or Tried(time, 0)
        self._tried[source] = Tried(tried.first, tried.tries + 1)
        return super().add(source, time, points, event, proven=proven, factor=factor, slow=slow, told=told)

    def spend(self, offence: Offence) -> None:
        """As any scorer."""
        self._forget(offence.source)
        super().spend(offence)

    def forget(self, source: Prefix) -> None:
        """As any scorer."""
        self._forget(source)
        super().forget(source)

    def _forget(self, source: Prefix) -> None:
        self.spent = self._tried.pop(source, self.spent)


class _Witness(Guard):
    """A guard that also knows who has logged in as friends do, though it may be told to have none."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, _Noting)
        self._limit = config.score.max_sources
        self._logins: dict[Prefix, float] = {}

    def observe(
        self, event: SecurityEvent, time: float, channel: str = "", forgeable: bool = False
    ) -> tuple[Outcome, ...]:
        """As any guard."""
        outcome = super().observe(event, time, channel, forgeable)
        if event.kind == "SuccessfulAuth" and not (outcome or event.tampered) and security.proven(event):
            self._note(event, time)
        return outcome

    def judged(self, ban: Ban) -> Judged:
        """The ban that has just been judged, with what it took."""
        scorer = self.scoring(ban.source)
        assert isinstance(scorer, _Noting)
        first, tries = scorer.spent
        login = self._logins.get(ban.source)
        friend = login is not None and ban.since - login < DAY
        return Judged(ban, ban.since - first, tries, friend)

    def _note(self, event: SecurityEvent, time: float) -> None:
        source = self.shield.standings[event.remote.address].source
        if self.bans.covering(source, time):
            return
        self._logins.pop(source, None)
        if len(self._logins) >= self._limit:
            del self._logins[next(iter(self._logins))]
        self._logins[source] = time


class Rehearsal:
    """What a configuration makes of logs of the past, which are told one after another.

    Attributes:
        config: the configuration.
        judged: the bans, in their order.
    """

    def __init__(self, config: Config, window: Window | None = None) -> None:
        """Begin; what is before the window is judged too, for scores and friends come of it."""
        self.config = config
        self.judged: list[Judged] = []
        self._window = window or Window()
        self._guard = _Witness(config)
        self._channels: list[Channel | FilterChannel] = []

    def accounts(self) -> dict[str, Any]:
        """The accounts that were guessed at, as `attacks` tells them."""
        sources = {each.ban.source for each in self.judged}
        return attacks.told(self._guard, self.latest, -FOREVER, sources.__contains__)

    @property
    def latest(self) -> float:
        """The time of the latest event, in seconds since the epoch; 0 before the first."""
        return max((channel.timing.latest or 0.0 for channel in self._channels), default=0.0)

    @property
    def events(self) -> int:
        """Security events that were read."""
        return sum(channel.events for channel in self._channels)

    @property
    def ambiguous(self) -> int:
        """Records that can be read in more than one way."""
        return sum(channel.ambiguous.total() for channel in self._channels)

    def begin(self, filter_name: str = SECURITY) -> None:
        """Another log follows: a security log, to be fed, or what a filter has found, to be told."""
        log = Log(_NAME, filter_name)
        channel = FilterChannel(_NAME, log, self._guard) if log.foreign else Channel(_NAME, self._guard)
        self._channels.append(channel)

    def feed(self, data: bytes, now: float) -> None:
        """Judge whole lines of a security log; nothing in them is later than `now`."""
        channel = self._channels[-1]
        assert isinstance(channel, Channel)
        self._note(channel.feed(data, now, backlog=True))

    def tell(self, findings: Iterable[Finding], now: float) -> None:
        """Judge what a filter has found; nothing of it is later than `now`."""
        channel = self._channels[-1]
        assert isinstance(channel, FilterChannel)
        self._note(channel.tell(findings, now, backlog=True))

    def _note(self, outcomes: Iterable[Outcome | Ambiguous]) -> None:
        since, until = self._window
        for outcome in outcomes:
            if isinstance(outcome, Verdict):
                judged = self._guard.judged(outcome.ban)
                if since <= outcome.ban.since <= until:
                    self.judged.append(judged)


def sweep(config: Config) -> list[Config]:
    """The configuration with its thresholds multiplied by each of `FACTORS`."""
    return [_times(config, factor) for factor in FACTORS]


def _times(config: Config, factor: float) -> Config:
    fast, slow = config.score.fast, config.score.slow
    score = replace(
        config.score,
        fast=replace(fast, threshold=fast.threshold * factor),
        slow=replace(slow, threshold=slow.threshold * factor),
    )
    return replace(config, score=score)
