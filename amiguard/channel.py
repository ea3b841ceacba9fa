"""Pure: one followed log: its reader, its clock, and what it has told so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from amiguard.judge.timing import Timing
from amiguard.sources.securitylog import SANDWICH_SECONDS, Ambiguous, SecurityLog

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
        self._fed = 0.0
        self.ambiguous: Counter[str] = Counter()
        self._guard = guard
        self._over_http = over_http
        self._reader = SecurityLog(skip_challenges=guard.skips_challenges, skip_repeats=guard.skips_repeats)
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

    def settled(self, now: float) -> bool:
        """Whether the place reached can be resumed from: no record can still go on."""
        return self._reader.settled or now - self._fed > SANDWICH_SECONDS

    def feed(self, data: bytes, receipt: float, *, backlog: bool) -> Iterator[Outcome | Ambiguous]:
        """Read and judge lines.

        Args:
            data: as `SecurityLog.feed` has it.
            receipt: when they were read, in seconds since the epoch.
            backlog: they may be much older than their receipt.

        Yields:
            Verdicts and alarms, and what was ambiguous.
        """
        self._fed = receipt
        observe, judge = self._guard.observe, self.timing.judge
        heard = self._reader.feed(data, receipt)
        self._told += len(heard)
        for found in heard:
            if isinstance(found, Ambiguous):
                self._told -= 1
                self.ambiguous[found.why] += 1
                yield found
                continue
            time = judge(found.time, receipt, backlog)
            outcome = observe(found, time, self.name, self._over_http and self.forgeable)
            if outcome:
                yield from outcome
