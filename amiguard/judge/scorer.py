"""Pure: `SecurityEvent`s worth points -> `Offence`.

A score is a sum that decays, on two time scales: the fast one catches a
guesser at work, the slow one him who tries ten times a day.  Each scale has
two numbers, all evidence and the proven part of it, because only proven
evidence closes the house.  There is no list of times, so nothing an attacker
chooses makes repetition cheaper or memory larger.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final, Self, cast

from amiguard.judge import evidence
from amiguard.judge.crowd import Crowd
from amiguard.judge.evidence import Exhibit
from amiguard.model import Offence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.config import Score
    from amiguard.model import Prefix, Proof, SecurityEvent

EVIDENCE_BYTES: Final = 16 * 1024 * 1024
"""All suspects' evidence together; the oldest suspects' goes first."""
UNSETTLED: Final = 200
"""Suspects whose newest evidence may be unpacked: quick to add, but large."""

_LOWEST: Final = -math.inf
_NEAR: Final = 0.75
"""The part of a threshold from which on evidence is worth writing down at once."""
_STATE: Final = struct.Struct("<dddddB")


class Suspect:
    """What is known of a source that has failed: scores as of `at`, and the newest evidence.

    Evidence is `fresh` at first, and `packed` before it takes much room.  Of the
    scores, the part that is proven and the part that is not are kept apart:
    mostly one of them is the 0.0 that all suspects share.
    """

    __slots__ = ("at", "fast_proven", "fast_rest", "fresh", "packed", "records", "slow_proven", "slow_rest")

    def __init__(self, at: float) -> None:
        self.at = at
        self.fast_proven = self.fast_rest = self.slow_proven = self.slow_rest = 0.0
        self.packed = b""
        self.records = 0
        self.fresh: tuple[Exhibit, ...] = ()

    @property
    def fast(self) -> float:
        """The score on the fast scale."""
        return self.fast_proven + self.fast_rest

    @property
    def slow(self) -> float:
        """The score on the slow scale."""
        return self.slow_proven + self.slow_rest

    @property
    def evidence(self) -> bytes:
        """The newest evidence, packed."""
        return self._gathered()[0]

    def _gathered(self) -> tuple[bytes, int]:
        packed, records = self.packed, self.records
        for exhibit in self.fresh:
            packed = evidence.append(packed, records, evidence.pack(exhibit))
            records = min(records + 1, evidence.RECORDS)
        return packed, records

    def settle(self) -> int:
        """Pack what is fresh, which takes a tenth of the room; returns by how many bytes `packed` grew."""
        before = len(self.packed)
        self.packed, self.records = self._gathered()
        self.fresh = ()
        return len(self.packed) - before

    @property
    def proven(self) -> bool:
        """Whether any of the evidence is beyond forgery."""
        return self.fast_proven > 0

    def pack(self, *, evidence: bool = True) -> bytes:
        """As bytes for the store, with or without the evidence."""
        packed, records = self._gathered() if evidence else (b"", 0)
        numbers = (self.fast_proven, self.fast_rest, self.slow_proven, self.slow_rest, self.at, records)
        return _STATE.pack(*numbers) + packed

    @classmethod
    def unpack(cls, state: bytes) -> Self:
        """Out of `pack`'s bytes."""
        suspect = cls(0.0)
        *scores, suspect.at, suspect.records = _STATE.unpack_from(state)
        suspect.fast_proven, suspect.fast_rest, suspect.slow_proven, suspect.slow_rest = scores
        suspect.packed = state[_STATE.size :]
        return suspect


class Scorer:
    """Adds up what sources have done.  At most `config.max_sources` are remembered."""

    def __init__(self, config: Score) -> None:
        self._fast, self._slow = config.fast, config.slow
        self._suspects: dict[Prefix, Suspect] = {}
        self._crowd = Crowd(config.max_sources)
        self._evidence = 0
        self._unsettled: list[Suspect] = []
        self.changed: set[Prefix] = set()
        """Sources whose state differs from what the store was given last."""

    def __len__(self) -> int:
        return len(self._suspects)

    def __iter__(self) -> Iterator[Prefix]:
        return iter(self._suspects)

    def get(self, source: Prefix) -> Suspect | None:
        """What is known of the source; None when nothing is."""
        return self._suspects.get(source)

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
    ) -> Offence | None:
        """Count an event against a source, and keep it as evidence.

        Args:
            source: whom to blame.
            time: seconds since the epoch; an earlier one than the source's last counts as that.
            points: what the event is worth, more than 0.
            event: what happened.
            proven: whether the source address is beyond doubt.
            factor: both thresholds are multiplied by it.
            slow: whether the event counts on the slow scale too.

        Returns:
            The offence when a threshold is reached: a proven one if the proven
            evidence alone suffices.
        """
        known = self._suspects.get(source)
        suspect = known or self._meet(source, time, proven=proven)
        if time > suspect.at:
            self._decay(suspect, time)
        if proven:
            if known is not None and not known.proven:
                self._crowd.promote(source, _LOWEST)
            suspect.fast_proven += points
            suspect.slow_proven += points * slow
        else:
            suspect.fast_rest += points
            suspect.slow_rest += points * slow
        self.changed.add(source)
        self._exhibit(suspect, Exhibit(event, points, suspect.fast, proven))
        if known is None:  # not before: whether the newcomer is proven decides who leaves
            self._make_room(source)
        return self._offence(source, suspect, factor)

    def exhibit(self, source: Prefix, event: SecurityEvent, *, proven: bool) -> None:
        """Put an event that counts for nothing to the source's evidence, if the source is known."""
        suspect = self._suspects.get(source)
        if suspect is not None:
            self._exhibit(suspect, Exhibit(event, 0.0, suspect.fast, proven))

    def _meet(self, source: Prefix, time: float, *, proven: bool) -> Suspect:
        suspect = self._suspects[source] = Suspect(time)
        self._crowd.join(source, _LOWEST, proven=proven)
        return suspect

    def _exhibit(self, suspect: Suspect, exhibit: Exhibit) -> None:
        if not suspect.fresh:
            self._unsettled.append(suspect)
        suspect.fresh = (*suspect.fresh[-evidence.RECORDS + 1 :], exhibit)
        if len(self._unsettled) >= UNSETTLED:
            self._settle()

    def state(self, source: Prefix, *, whole: bool) -> bytes | None:
        """A suspect as the store shall have it; None when nothing is known.

        Unless it is to be the `whole`, evidence is left out of those who are far from a
        threshold: most of a flood are, and would be written again with each event.
        """
        suspect = self._suspects.get(source)
        if suspect is None:
            return None
        near = suspect.fast >= _NEAR * self._fast.threshold or suspect.slow >= _NEAR * self._slow.threshold
        return suspect.pack(evidence=whole or near)

    def scores(self, source: Prefix, time: float) -> tuple[float, float]:
        """The fast and the slow score at `time`; 0 for the unknown."""
        suspect = self._suspects.get(source)
        if suspect is None:
            return 0.0, 0.0
        if time > suspect.at:
            self._decay(suspect, time)
        return suspect.fast, suspect.slow

    def spend(self, offence: Offence) -> None:
        """The offence uses the source's score up; an unproven one only what is unproven.

        Otherwise a single packet over UDP would wipe out any number of guesses over TLS.
        """
        suspect = self._suspects.get(offence.source)
        if suspect is None or offence.proof == "proven" or not suspect.proven:
            self.forget(offence.source)
            return
        suspect.fast_rest = suspect.slow_rest = 0.0
        self._crowd.leave(proven=True)
        self._crowd.join(offence.source, _LOWEST, proven=True)
        self.changed.add(offence.source)

    def forget(self, source: Prefix) -> None:
        """The source starts anew."""
        suspect = self._suspects.pop(source, None)
        if suspect is not None:
            suspect.fresh = ()  # or `_settle` would count it
            self._evidence -= len(suspect.packed)
            self._crowd.leave(proven=suspect.proven)
            self.changed.add(source)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what happened so long ago still did."""
        for suspect in self._suspects.values():
            suspect.at += delta
        self._rank_all()
        self.changed.update(self._suspects)

    def restore(self, source: Prefix, state: bytes) -> None:
        """Take a suspect back that `Suspect.pack` has packed.

        Raises:
            struct.error: the bytes are none of that.
        """
        suspect = self._suspects[source] = Suspect.unpack(state)
        self._evidence += len(suspect.packed)
        rank, proven = self._rank(suspect)
        self._crowd.join(source, rank, proven=proven)
        self._make_room(source)

    def _make_room(self, newcomer: Prefix) -> None:
        if self._crowd.bloated:
            self._rank_all()
        victim = self._crowd.victim(self._standing, newcomer)
        while victim is not None:
            self.forget(victim)
            victim = self._crowd.victim(self._standing, newcomer)

    def _rank_all(self) -> None:
        self._crowd.rebuild((source, self._rank(suspect)) for source, suspect in self._suspects.items())

    def _standing(self, source: Prefix) -> tuple[float, bool] | None:
        suspect = self._suspects.get(source)
        return None if suspect is None else self._rank(suspect)

    def _rank(self, suspect: Suspect) -> tuple[float, bool]:
        # Score halves each half-life: its logarithm, less the time in half-lives, stays.
        score = math.log2(suspect.slow) if suspect.slow > 0 else _LOWEST
        return score + suspect.at / self._slow.half_life, suspect.proven

    def _settle(self) -> None:
        self._evidence += sum(suspect.settle() for suspect in self._unsettled)
        self._unsettled.clear()
        if self._evidence > EVIDENCE_BYTES:
            self._shed()

    def _shed(self) -> None:
        for source, suspect in self._suspects.items():
            self._evidence -= len(suspect.packed)
            suspect.packed, suspect.records, suspect.fresh = b"", 0, ()
            self.changed.add(source)
            if self._evidence <= EVIDENCE_BYTES * 3 // 4:
                break

    def _decay(self, suspect: Suspect, time: float) -> None:
        passed = time - suspect.at
        fast = math.exp2(-passed / self._fast.half_life)
        slow = math.exp2(-passed / self._slow.half_life)
        if suspect.fast_proven:
            suspect.fast_proven *= fast
            suspect.slow_proven *= slow
        if suspect.fast_rest:
            suspect.fast_rest *= fast
            suspect.slow_rest *= slow
        suspect.at = time

    def _offence(self, source: Prefix, suspect: Suspect, factor: float) -> Offence | None:
        fast, slow = self._fast.threshold * factor, self._slow.threshold * factor
        if suspect.fast < fast and suspect.slow < slow:
            return None
        for proof, fast_score, slow_score in (
            ("proven", suspect.fast_proven, suspect.slow_proven),
            ("unproven", suspect.fast, suspect.slow),
        ):
            if fast_score >= fast:
                return Offence(source, suspect.at, fast_score, cast("Proof", proof), "fast")
            if slow_score >= slow:
                return Offence(source, suspect.at, slow_score, cast("Proof", proof), "slow")
        return None
