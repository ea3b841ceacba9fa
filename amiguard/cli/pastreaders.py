"""Edge: who understands logs of the past: the reader of security logs, or a filter of fail2ban's kind."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from amiguard.fail2ban.frames import Finding
    from amiguard.fail2ban.matcher import Matcher
    from amiguard.rehearsal import Rehearsal


class Reader(Protocol):
    """Understands logs, one after another."""

    def first_time(self, blocks: Iterable[bytes], now: float) -> float:
        """The time of the first event, in seconds since the epoch; 0 where there is none."""

    def begin(self, rehearsals: Sequence[Rehearsal]) -> None:
        """Another log follows."""

    def read(self, block: bytes, rehearsals: Sequence[Rehearsal], now: float) -> None:
        """Have whole lines judged; nothing in them is later than `now`."""


class Security:
    """Reads security logs, in every form."""

    def first_time(self, blocks: Iterable[bytes], now: float) -> float:
        """As any reader."""
        from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

        del now
        reader = SecurityLog(skip_challenges=False)
        for block in blocks:
            for found in reader.feed(block, 0.0):
                if not isinstance(found, Ambiguous):
                    return found.time
        return 0.0

    def begin(self, rehearsals: Sequence[Rehearsal]) -> None:
        """As any reader."""
        for rehearsal in rehearsals:
            rehearsal.begin()

    def read(self, block: bytes, rehearsals: Sequence[Rehearsal], now: float) -> None:
        """As any reader."""
        for rehearsal in rehearsals:
            rehearsal.feed(block, now)


class Filtered:
    """Reads any program's logs with a filter; a line that takes it too long tells nothing."""

    def __init__(self, name: str) -> None:
        """Begin with a filter, as a jail asks for it.

        Raises:
            FilterError: there is none, or it cannot be used.
        """
        from amiguard.fail2ban.files import ready  # noqa: PLC0415

        self._name = name
        self._filter = ready(name)
        self._matcher = self._filter.twin()

    def first_time(self, blocks: Iterable[bytes], now: float) -> float:
        """As any reader."""
        found = (_found(self._filter.twin(), block, now) for block in blocks)
        times = (failure.time for failure, _ in chain.from_iterable(found))
        return next((time for time in times if time is not None), 0.0)

    def begin(self, rehearsals: Sequence[Rehearsal]) -> None:
        """As any reader."""
        self._matcher = self._filter.twin()
        for rehearsal in rehearsals:
            rehearsal.begin(self._name)

    def read(self, block: bytes, rehearsals: Sequence[Rehearsal], now: float) -> None:
        """As any reader."""
        findings = list(_found(self._matcher, block, now))
        for rehearsal in rehearsals:
            rehearsal.tell(findings, now)


def _found(matcher: Matcher, block: bytes, now: float) -> Iterator[Finding]:
    """What whole lines tell of; the last one may lack its end."""
    from amiguard.fail2ban.budget import Budget  # noqa: PLC0415
    from amiguard.fail2ban.trying import answers  # noqa: PLC0415

    lines = block if block.endswith(b"\n") else block + b"\n"
    with Budget() as budget:
        for answer in answers(matcher, lines, now, budget):
            yield from answer.findings
