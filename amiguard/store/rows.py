"""Pure: what is remembered; the values that go into the store and come out of it.

States of scores, friends and notes are opaque bytes: their owners pack and
unpack them, so that a change of theirs needs no change of the schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amiguard.judge.tallies import Tally
    from amiguard.model import Ban, Prefix, Scope

EndedWhy = Literal["expired", "unbanned", "replaced"]


class DropRow(NamedTuple):
    """Packets of the banned that the kernel has dropped within an hour, which counts from the epoch."""

    hour: int
    packets: int


class StateRow(NamedTuple):
    """The packed state of one source: its score, or what made it a friend."""

    source: Prefix
    state: bytes


class PositionRow(NamedTuple):
    """How far the log at `path` has had its effect; device, inode and first bytes tell the file.

    Of a journal `path` is its name and `head` a cursor.
    """

    path: str
    device: int
    inode: int
    offset: int
    head: bytes


class BanRow(NamedTuple):
    """A ban as the history tells it.

    `evidence` is packed by whoever judged.  `ended` is the time at which the
    ban was cut short; None if it ran, or still runs, to its `until`.
    A `pardoned` ban no longer counts as a strike.
    """

    ban: Ban
    evidence: bytes = b""
    ended: float | None = None
    ended_why: EndedWhy | None = None
    pardoned: bool = False

    def end(self, now: float) -> tuple[float, EndedWhy] | None:
        """When and why the ban was over at `now` (seconds since the epoch); None while it runs."""
        if self.ended is not None and self.ended_why is not None:
            return self.ended, self.ended_why
        return (self.ban.until, "expired") if self.ban.until <= now else None


class Ending(NamedTuple):
    """One ban, known by its source, scope and beginning, is over at `at`."""

    source: Prefix
    scope: Scope
    since: float
    at: float
    why: EndedWhy

    @classmethod
    def of(cls, ban: Ban, at: float, why: EndedWhy) -> Ending:
        """End this ban."""
        return cls(ban.source, ban.scope, ban.since, at, why)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What has changed since the last one: a consistent cut, committed whole or not at all.

    Removals come before additions, so a source in both `forgotten` and
    `scores` is kept.  Bans come before endings and endings before pardons, so
    a ban may begin, end and be pardoned in one snapshot.

    Attributes:
        positions: logs that were read further.
        closed: paths that are no longer followed.
        scores: sources whose score changed.
        forgotten: sources whose score is gone.
        friends: friends made or changed.
        unfriended: friends no longer.
        notes: other packed state by name.
        bans: new ones; one that is recorded already (same source, scope and since) is passed over.
        ended: bans cut short.
        pardoned: sources whose newest judged ban no longer counts as a strike.
        allows: all run-time allows if they changed, else None.
        tallies: failures to be added to those counted before.
        drops: packets dropped, to be added in the same way.
    """

    positions: Sequence[PositionRow] = ()
    closed: Sequence[str] = ()
    scores: Sequence[StateRow] = ()
    forgotten: Sequence[Prefix] = ()
    friends: Sequence[StateRow] = ()
    unfriended: Sequence[Prefix] = ()
    notes: Mapping[str, bytes] = field(default_factory=dict)
    bans: Sequence[BanRow] = ()
    ended: Sequence[Ending] = ()
    pardoned: Sequence[Prefix] = ()
    allows: Sequence[Prefix] | None = None
    tallies: Sequence[Tally] = ()
    drops: Sequence[DropRow] = ()


class Memory(NamedTuple):
    """What a start takes up again, besides bans and strikes."""

    positions: list[PositionRow]
    scores: list[StateRow]
    friends: list[StateRow]
    notes: dict[str, bytes]
    allows: list[Prefix]
