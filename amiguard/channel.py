"""Pure: one followed log: its reader, its clock, and what it has told so far."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from amiguard.judge.timing import Timing
from amiguard.sources.securitylog import SANDWICH_SECONDS, Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.counting import Counting
    from amiguard.judge.forgery import Forgery
    from amiguard.judge.guard import Guard, Outcome
    from amiguard.sources.cutrecord import Beginning
    from amiguard.sources.position import Chunk


class Reader(Protocol):
    """What understands the bytes of a log."""

    @property
    def settled(self) -> bool:
        """Whether the next line can be understood without those before it."""

    @property
    def form(self) -> str:
        """`json` or `classic`: what the file was seen to be written in."""


class Followed(ABC):
    """One followed log, whoever reads it.

    Attributes:
        name: its path.
        timing: when what it tells happened.
        ambiguous: records that blamed nobody, by the reason.
        counting: where what several channels tell is counted once.
    """

    def __init__(self, name: str, counting: Counting) -> None:
        self.name = name
        self.timing = Timing()
        self.ambiguous: Counter[str] = Counter()
        self.counting = counting
        counting.open(name)

    @property
    @abstractmethod
    def events(self) -> int:
        """What it has told of log-ins so far."""

    @property
    @abstractmethod
    def shows(self) -> str:
        """What `sight` calls it; empty when it shows nothing that no other log would."""

    @property
    @abstractmethod
    def form(self) -> str:
        """What it is written in."""

    @property
    def trouble(self) -> str:
        """Why it is not read as it should be; empty while it is."""
        return ""

    @abstractmethod
    def settled(self, now: float) -> bool:
        """Whether the place reached can be resumed from."""


class LogChannel(Followed):
    """One followed log of Asterisk's, read as it comes."""

    _reader: Reader

    def __init__(self, name: str, counting: Counting) -> None:
        """Begin; who inherits gives it its reader."""
        super().__init__(name, counting)
        self._fed = 0.0

    @property
    def form(self) -> str:
        """`json` or `classic`."""
        return self._reader.form

    def settled(self, now: float) -> bool:
        """Whether the place reached can be resumed from: no record can still go on."""
        return self._reader.settled or now - self._fed > SANDWICH_SECONDS

    def hear(self, chunk: Chunk, receipt: float) -> Iterator[Outcome | Ambiguous]:
        """Read and judge a chunk that was read at `receipt`."""
        return self.feed(chunk.data, receipt, backlog=chunk.backlog)

    @abstractmethod
    def feed(self, data: bytes, receipt: float, *, backlog: bool) -> Iterator[Outcome | Ambiguous]:
        """Read and judge lines.

        Args:
            data: whole lines, or one without its end that nothing will follow.
            receipt: when they were read, in seconds since the epoch.
            backlog: they may be much older than their receipt.

        Returns:
            Verdicts and alarms, and what was ambiguous.
        """


class Channel(LogChannel):
    """Lines of a security log go in, what the guard thinks of them comes out."""

    _reader: SecurityLog

    def __init__(self, name: str, guard: Guard, forgery: Forgery | None = None) -> None:
        """Begin.

        Args:
            name: the log's path.
            guard: who judges.
            forgery: AMI over HTTP is on, so whole records may be forged in anything but JSON.
        """
        super().__init__(name, guard.counting)
        self._reader = SecurityLog(
            skip_challenges=guard.skips_challenges, skip_repeats=guard.skips_repeats, hushed=guard.hushes
        )
        self._told = 0
        self._guard = guard
        self._forgery = forgery

    @property
    def events(self) -> int:
        """Security events read so far."""
        return self._told + self._reader.skipped

    @property
    def shows(self) -> str:
        """What its form shows."""
        return self.form

    @property
    def forgeable(self) -> bool:
        """Whether an attacker could write whole records of his own here."""
        return self._forgery is not None and self.form != "json"

    def feed(self, data: bytes, receipt: float, *, backlog: bool) -> Iterator[Outcome | Ambiguous]:
        """Read and judge lines of security events."""
        self._fed = self._guard.notices.now = receipt
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
