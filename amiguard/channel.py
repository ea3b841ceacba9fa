"""Pure: one followed log: its reader, its clock, and what it has told so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from amiguard.judge.timing import Timing
from amiguard.sources.securitylog import Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.guard import Guard, Outcome


class Channel:
    """Lines of one log go in, what the guard thinks of them comes out."""

    def __init__(self, name: str, guard: Guard, *, over_http: bool = False) -> None:
        """Begin.

        Args:
            name: the log's path.
            guard: who judges.
            over_http: AMI over HTTP is on, so whole records may be forged in anything but JSON.
        """
        self.name = name
        self.timing = Timing()
        self._told = 0
        self.ambiguous: Counter[str] = Counter()
        self._guard = guard
        self._over_http = over_http
        self._reader = SecurityLog(skip_challenges=guard.points.worthless("ChallengeSent"))
        guard.counting.open(name)

    @property
    def events(self) -> int:
        """Security events read so far."""
        return self._told + self._reader.skipped

    @property
    def form(self) -> str:
        """`json` or `classic`."""
        return self._reader.form

    @property
    def forgeable(self) -> bool:
        """Whether an attacker could write whole records of his own here."""
        return self._over_http and self.form != "json"

    @property
    def settled(self) -> bool:
        """Whether the place reached can be resumed from."""
        return self._reader.settled

    def feed(self, data: bytes, receipt: float, *, backlog: bool) -> Iterator[Outcome | Ambiguous]:
        """Read and judge lines.

        Args:
            data: as `SecurityLog.feed` has it.
            receipt: when they were read, in seconds since the epoch.
            backlog: they may be much older than their receipt.

        Yields:
            Verdicts and alarms, and what was ambiguous.
        """
        observe, judge = self._guard.observe, self.timing.judge
        for found in self._reader.feed(data, receipt):
            if isinstance(found, Ambiguous):
                self.ambiguous[found.why] += 1
                yield found
                continue
            self._told += 1
            time = judge(found.time, receipt, backlog=backlog)
            yield from observe(found, time, self.name, forgeable=self.forgeable)
