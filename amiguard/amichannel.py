"""Pure: one AMI connection: what it has told so far, and what of that counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from amiguard.judge.evidence import AMI
from amiguard.judge.forgery import Heard
from amiguard.judge.timing import Timing
from amiguard.sources.ami_inbox import State, Status
from amiguard.sources.securitylog import Ambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amiguard.judge.forgery import Forgery
    from amiguard.judge.guard import Guard, Outcome
    from amiguard.model import SecurityEvent
    from amiguard.sources.ami_inbox import Batch, Lost


class AmiChannel:
    """What the AMI brings goes in, what the guard thinks of it comes out.

    Attributes:
        missed: events that found no room, which the log must tell.
        status: how it stands with the connection.
        trouble: the last state and reason that were said; cleared when it listens.
    """

    def __init__(
        self,
        address: str,
        guard: Guard,
        is_own: Callable[[SecurityEvent], bool],
        skipped: Callable[[], int] = int,
        forgery: Forgery | None = None,
    ) -> None:
        """Begin; nothing is connected yet.

        Args:
            address: of the AMI, for people.
            guard: who judges.
            is_own: whether an event is about a connection of ours, which is never an offence.
            skipped: how many events the connection has passed over, being worth nothing.
            forgery: AMI over HTTP is on, so whole events may be forged.
        """
        self.name = AMI + address
        self.address = address
        self.timing = Timing()
        self.missed = 0
        self.ambiguous: Counter[str] = Counter()
        self.status = Status(State.DOWN, "not begun", 0)
        self.trouble: tuple[State, str] | None = None
        self._told = 0
        self._guard = guard
        self._is_own = is_own
        self._skipped = skipped
        self._forgery = forgery
        self._covers = False
        """Whether it has told an event since it began, or has lost some: what came before may be untold."""
        guard.counting.expect()

    @property
    def events(self) -> int:
        """Security events told so far."""
        return self._told + self._skipped()

    @property
    def listening(self) -> bool:
        """Whether security events come now."""
        return self.status.state is State.LISTENING

    def hear(self, batch: Batch) -> Iterator[Outcome | Ambiguous]:
        """Judge what came at once.

        Where whole events may be forged and a JSON log, in which they may not, tells
        the same, the log alone is judged; without one they count, but prove nothing.
        """
        self._guard.notices.now = batch.receipt
        heeded = self._attend(heeded=self._forgery is None or not self._forgery.json_alone)
        observe, judge, forgeable = self._guard.observe, self.timing.judge, self._forgery is not None
        for found in batch.found:
            if isinstance(found, Ambiguous):
                self.ambiguous[found.why] += 1
                yield found
                continue
            self._told += 1
            time = judge(found.time, batch.receipt, backlog=False)
            if not heeded and not self._confirmed(found, time, batch.receipt):
                continue
            if heeded and not self._covers:
                self._covers = True
                self._guard.counting.covers(self.name, time)
            if self._is_own(found):
                continue
            if outcome := observe(found, time, self.name, forgeable):
                yield from outcome

    def _confirmed(self, event: SecurityEvent, time: float, now: float) -> bool:
        """Whether a JSON log has shown the event's beginning; if not, it is kept until one does."""
        return self._forgery is not None and self._forgery.told(Heard(event, time, self.name), now)

    def turn(self, status: Status) -> None:
        """The connection has changed."""
        self.status = status
        if not self.listening:
            self._attend(heeded=False)
            return
        self.trouble = None
        if self._forgery is None:  # else it depends on who else tells something when the first event comes
            self._attend(heeded=True)

    def passed(self, asked: float) -> None:
        """All that happened before `asked` was told."""
        self._guard.counting.caught_up(self.name, self.timing.passed(asked))

    def lose(self, lost: Lost) -> None:
        """Events were lost; from the next one on all is covered again."""
        self.missed += sum(lost.by_address.values()) + lost.others
        if self._covers:
            self._covers = False
            self._guard.counting.lost(self.name)

    def _attend(self, *, heeded: bool) -> bool:
        """Let the counting know whether this channel tells what is judged."""
        if heeded:
            self._guard.counting.open(self.name, live=True)
        else:
            self._covers = False
            self._guard.counting.close(self.name)
        return heeded
