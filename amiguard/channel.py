"""Pure: one followed log: its reader, its clock, and what it has told so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from amiguard.judge.timing import Timing
from amiguard.sources.securitylog import SANDWICH_SECONDS, Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.forgery import Forgery
    from amiguard.judge.guard import Guard, Outcome
    from amiguard.sources.cutrecord import Beginning


class Channel:
    """Lines of one log go in, what the guard thinks of them comes out."""

    def __init__(self, name: str, guard: Guard, forgery: Forgery | None = None) -> None:
        """Begin.

        Args:
            name: the log's path.
            guard: who judges.
            forgery: AMI over HTTP is on, so whole records may be forged in anything but JSON.
        """
        self.name = name
        self.timing = Timing()
        self._told = 0
        self._fed = 0.0
        self.ambiguous: Counter[str] = Counter()
        self._guard = guard
        self._forgery = forgery
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
        return self._forgery is not None and self.form != "json"

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
        forgeable = self.forgeable
        heeded = not (forgeable and self._json_alone)
        for found in heard:
            if isinstance(found, Ambiguous):
                self._told -= 1
                self.ambiguous[found.why] += 1
                yield found
                yield from self._confirmed(found.beginning, receipt)
                continue
            time = judge(found.time, receipt, backlog)
            outcome = observe(found, time, self.name, forgeable) if heeded else ()
            if outcome:
                yield from outcome

    @property
    def _json_alone(self) -> bool:
        return self._forgery is not None and self._forgery.json_alone

    def _confirmed(self, beginning: Beginning | None, now: float) -> Iterator[Outcome]:
        """What follows from the event that the AMI has told, and of which this is the beginning."""
        heard = self._forgery.cut(beginning, now) if self._forgery and beginning else None
        if heard:
            yield from self._guard.observe(*heard, forgeable=True)
