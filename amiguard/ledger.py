"""Pure: what has happened since the store last heard of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from amiguard.judge.counting import Span
from amiguard.judge.tallies import HOUR
from amiguard.store.rows import BanRow, DropRow, Ending, PositionRow, Snapshot, StateRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amiguard.judge.guard import Guard
    from amiguard.judge.scorer import Scorer
    from amiguard.model import Ban, Prefix, Verdict
    from amiguard.store.rows import EndedWhy, Memory

CROWDED: Final = 8000
"""Changes that should not wait: a snapshot of so many takes some 10 ms to make."""
_PORTS: Final = "sip_ports"
_SPANS: Final = "coverage"
_PHONES: Final = "broken_phones"
_ALARMS: Final = "alarms"
_ACCOUNTS: Final = "accounts"
_KEPT: Final = 100_000
_PARTS: Final = (
    "positions",
    "scores",
    "forgotten",
    "friends",
    "unfriended",
    "notes",
    "bans",
    "ended",
    "pardoned",
    "tallies",
    "drops",
)


class Ledger:
    """Collects changes; `snapshot` is a consistent cut through all of them.

    Attributes:
        trouble: why the store does not take them; empty while it does.
    """

    def __init__(self, guard: Guard) -> None:
        self.trouble = ""
        self._guard = guard
        self._bans: list[BanRow] = []
        self._leaving: Sequence[BanRow] = ()
        self._ended: list[Ending] = []
        self._pardoned: list[Prefix] = []
        self._positions: dict[str, PositionRow] = {}
        self._closed: set[str] = set()
        self._allows: frozenset[Prefix] | None = None
        self._drops: Counter[int] = Counter()
        self._noted: dict[str, bytes] = {}
        self._places: dict[str, PositionRow] = {}
        self._allowed: frozenset[Prefix] = frozenset()

    @property
    def crowded(self) -> bool:
        """Whether a snapshot is due before its time: there is much, or an operator has spoken."""
        if self._pardoned or self._allows is not None:
            return True
        guard = self._guard
        changed = (guard.scorer.changed, guard.wide.changed, guard.friends.changed, self._bans, self._ended)
        return sum(map(len, changed)) >= CROWDED

    @property
    def unwritten(self) -> list[BanRow]:
        """Bans that the store may not have yet, oldest first."""
        return [*self._leaving, *self._bans]

    def begun(self, verdict: Verdict) -> None:
        """A ban begins."""
        self._bans.append(BanRow(verdict.ban, verdict.evidence))
        if verdict.replaced is not None:
            self.ended((verdict.replaced,), verdict.ban.since, "replaced")

    def ended(self, bans: Iterable[Ban], at: float, why: EndedWhy) -> None:
        """Bans were cut short."""
        self._ended += [Ending.of(ban, at, why) for ban in bans]

    def pardoned(self, sources: Iterable[Prefix]) -> None:
        """The last strike of these no longer counts."""
        self._pardoned += sources

    def read(self, position: PositionRow) -> None:
        """A log was read up to here, and what it said has had its effect."""
        self._positions[position.path] = self._places[position.path] = position
        self._closed.discard(position.path)

    def closed(self, path: str) -> None:
        """A log is gone."""
        self._positions.pop(path, None)
        self._places.pop(path, None)
        self._closed.add(path)

    def allows(self, networks: Iterable[Prefix]) -> None:
        """These are all run-time allows now."""
        self._allows = self._allowed = frozenset(networks)

    def dropped(self, packets: int, at: float) -> None:
        """The kernel has dropped so many packets, lately."""
        self._drops[int(at // HOUR)] += packets

    def stored(self, memory: Memory) -> None:
        """This the store has already."""
        self._places = {row.path: row for row in memory.positions}
        self._allowed = frozenset(memory.allows)

    def begin_anew(self) -> None:
        """The store has lost everything: all that is remembered has changed."""
        guard = self._guard
        for table in (guard.scorer, guard.wide, guard.friends):
            table.changed.update(table)
        guard.alarms.changed = True
        self._noted = {}
        self._positions = {**self._places, **self._positions}
        self._allows = self._allowed
        # One of the same source and moment that comes first, with its evidence, holds.
        self._bans = [*self._bans, *map(BanRow, guard.bans), *map(BanRow, guard.bans.past())]

    def snapshot(self, *, whole: bool = False) -> Snapshot | None:
        """All changes, which are forgotten here; None if there are none.

        `whole`: with all evidence, as at the end of a session.
        """
        guard = self._guard
        scores, forgotten = _suspects(guard.scorer, whole=whole)
        wide, left = _suspects(guard.wide, whole=whole)
        friends, unfriended = _split(guard)
        snapshot = Snapshot(
            positions=list(self._positions.values()),
            closed=sorted(self._closed),
            scores=scores + wide,
            forgotten=forgotten + left,
            friends=friends,
            unfriended=unfriended,
            notes=self._note(_PORTS, _numbers(guard.sip_ports)),
            bans=self._bans,
            ended=self._ended,
            pardoned=self._pardoned,
            allows=None if self._allows is None else sorted(self._allows),
            tallies=guard.tallies.take(),
            drops=[DropRow(*drop) for drop in self._drops.items() if drop[1]],
        )
        self._drops = Counter()
        self._bans, self._ended, self._pardoned, self._positions, self._allows = [], [], [], {}, None
        self._closed, self._leaving = set(), snapshot.bans
        if snapshot.allows is None and not any(getattr(snapshot, name) for name in _PARTS):
            return None
        # Coverage grows with every second, but matters only beside positions and scores.
        covered = self._note(_SPANS, json.dumps(guard.counting.spans).encode())
        phones = self._note(_PHONES, guard.phones.pack())
        alarms = self._note(_ALARMS, guard.alarms.pack()) if guard.alarms.changed else {}
        accounts = {_ACCOUNTS: guard.logins.accounts.pack()} if guard.logins.accounts.changed else {}
        guard.alarms.changed = guard.logins.accounts.changed = False
        return replace(snapshot, notes={**snapshot.notes, **covered, **phones, **alarms, **accounts})

    def _note(self, name: str, note: bytes) -> dict[str, bytes]:
        """The note, if the store has another."""
        if self._noted.get(name) == note:
            return {}
        self._noted[name] = note
        return {name: note}

    def put_back(self, snapshot: Snapshot) -> None:
        """The store could not take the snapshot: its changes wait for the next one."""
        guard = self._guard
        for row in snapshot.scores:
            guard.scoring(row.source).changed.add(row.source)
        for source in snapshot.forgotten:
            guard.scoring(source).changed.add(source)
        guard.friends.changed.update([row.source for row in snapshot.friends], snapshot.unfriended)
        # While the disk is full for days, the newest bans are those worth remembering.
        self._bans, self._leaving = [*snapshot.bans, *self._bans][-_KEPT:], ()
        self._ended = [*snapshot.ended, *self._ended][-_KEPT:]
        self._pardoned = [*snapshot.pardoned, *self._pardoned][-_KEPT:]
        self._positions = {row.path: row for row in snapshot.positions} | self._positions
        self._closed.update(path for path in snapshot.closed if path not in self._positions)
        if self._allows is None and snapshot.allows is not None:
            self._allows = frozenset(snapshot.allows)
        self._noted = {}
        guard.alarms.changed |= _ALARMS in snapshot.notes
        guard.logins.accounts.changed |= _ACCOUNTS in snapshot.notes
        guard.tallies.put_back(snapshot.tallies)
        self._drops.update(dict(snapshot.drops))


def restore(guard: Guard, memory: Memory) -> None:
    """Give the guard its memory back.

    Raises:
        ValueError, struct.error: the store holds what this version did not write.
    """
    for source, state in memory.scores:
        guard.scoring(source).restore(source, state)
    for source, state in memory.friends:
        guard.friends.restore(source, state)
    guard.sip_ports.update(map(int, memory.notes.get(_PORTS, b"").split()))
    guard.logins.accounts.restore(memory.notes.get(_ACCOUNTS, b""))
    guard.alarms.restore(memory.notes.get(_ALARMS, b"[]"))
    guard.phones.restore(memory.notes.get(_PHONES, b"[]"))
    guard.counting.restore(Span(*span) for span in json.loads(memory.notes.get(_SPANS, b"[]")))


def _numbers(ports: Iterable[int]) -> bytes:
    return b" ".join(b"%d" % port for port in sorted(ports))


def _suspects(scorer: Scorer, *, whole: bool) -> tuple[list[StateRow], list[Prefix]]:
    changed, scorer.changed = scorer.changed, set()
    if whole:
        changed |= set(scorer)
    states = [(source, scorer.state(source, whole=whole)) for source in changed]
    kept = [StateRow(source, state) for source, state in states if state is not None]
    return kept, [source for source, state in states if state is None]


def _split(guard: Guard) -> tuple[list[StateRow], list[Prefix]]:
    changed, guard.friends.changed = guard.friends.changed, set()
    states = [(source, guard.friends.record(source)) for source in changed]
    kept = [StateRow(source, friend.pack()) for source, friend in states if friend is not None]
    return kept, [source for source, friend in states if friend is None]
