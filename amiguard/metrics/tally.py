"""Pure: a guard that counts what it judges; without metrics there is none of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.judge import wording
from amiguard.judge.guard import Guard
from amiguard.model import Verdict
from amiguard.sources import security

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from amiguard.config import Config
    from amiguard.judge.evidence import Told as Channel
    from amiguard.judge.friends import Friend
    from amiguard.judge.guard import Outcome
    from amiguard.judge.shield import Standing
    from amiguard.model import Ban, Offence, SecurityEvent

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
"""Upper ends, in seconds, of the classes of time from event to ban."""

_NOTICES: Final = "notices"
_FILTERS: Final = "filters"
"""Sources of what no security event tells of: `blame` is not told which log it was."""


class Told(NamedTuple):
    """What events have in common that are counted together; whether each is proven says `proven`."""

    source: str
    event: str
    service: bytes
    transport: bytes
    proven: bool


class Delays:
    """Times from event to ban: how many in each class, and their sum in seconds."""

    def __init__(self) -> None:
        self.classes = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def landed(self, bans: Iterable[Ban], now: float) -> None:
        """The kernel has these bans now; what nobody judged waited for no event."""
        for ban in bans:
            if ban.origin == "judged":
                delay = max(now - ban.since, 0.0)
                self.classes[bisect_left(BUCKETS, delay)] += 1
                self.sum += delay


class TallyingGuard(Guard):
    """Judges as any guard does, and counts.

    Nothing is passed over before it is counted, so a line that is worth nothing costs
    as much as any other.

    Attributes:
        told: events that were judged.
        sentenced: bans by the scale that decided and by proof.
        alarmed: alarms by kind.
        mercies: offences that brought no ban, by the reason.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.told: Counter[Told] = Counter()
        self.sentenced: Counter[tuple[str, str]] = Counter()
        self.alarmed: Counter[str] = Counter()
        self.mercies: Counter[str] = Counter()

    @property
    def skips_challenges(self) -> bool:
        """Never, for they are counted."""
        return False

    @property
    def skips_repeats(self) -> bool:
        """Never, for they are counted."""
        return False

    @property
    def hushes(self) -> None:
        """Nobody, for all are counted."""
        return None

    def observe(
        self, event: SecurityEvent, time: float, channel: str = "", forgeable: bool = False
    ) -> tuple[Outcome, ...]:
        """As `Guard.observe`."""
        proven = not forgeable and security.proven(event)
        self.told[Told(channel, event.kind, event.service, event.remote.transport, proven)] += 1
        return self._count(super().observe(event, time, channel, forgeable))

    def blame(
        self, event: SecurityEvent, *, told: Channel = "notice", proven: bool = False
    ) -> tuple[Outcome, ...]:
        """As `Guard.blame`; `overhear` and `unheard` come here, too."""
        source = _NOTICES if told == "notice" else _FILTERS
        self.told[Told(source, event.kind, event.service, event.remote.transport, proven)] += 1
        return self._count(super().blame(event, told=told, proven=proven))

    def keep(self, sources: Collection[str]) -> None:
        """Forget what other sources have told: a log that was rotated away does not come back."""
        for told in [told for told in self.told if told.source not in {*sources, _NOTICES, _FILTERS}]:
            del self.told[told]

    def _count(self, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        for outcome in outcomes:
            if isinstance(outcome, Verdict):
                self.sentenced[wording.scale(outcome.ban.reason), outcome.ban.proof] += 1
            else:
                self.alarmed[outcome.what] += 1
        return outcomes

    def _mercy(self, offence: Offence, standing: Standing, friend: Friend | None) -> str:
        why_not = super()._mercy(offence, standing, friend)
        if why_not:
            self.mercies[_why(standing, friend, offence.time)] += 1
        return why_not


def _why(standing: Standing, friend: Friend | None, time: float) -> str:
    """Why there was no ban, in a word."""
    if standing.protection is not None:
        return "protected"
    return "shared" if friend and friend.shared(time) else "peer"
