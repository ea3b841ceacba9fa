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
from typing import TYPE_CHECKING, Final, Self

from amiguard.judge import evidence
from amiguard.judge.crowd import Crowd
from amiguard.model import Offence

if TYPE_CHECKING:
    from amiguard.config import Score
    from amiguard.model import Prefix

EVIDENCE_BYTES: Final = 32 * 1024 * 1024
"""All suspects' evidence together; the oldest suspects' goes first."""

_STATE: Final = struct.Struct("<dddddB")


class Suspect:
    """What is known of a source that has failed: scores as of `at`, and the newest evidence."""

    __slots__ = ("at", "evidence", "fast", "fast_proven", "records", "slow", "slow_proven")

    def __init__(self, at: float) -> None:
        self.at = at
        self.fast = self.fast_proven = self.slow = self.slow_proven = 0.0
        self.evidence = b""
        self.records = 0

    @property
    def proven(self) -> bool:
        """Whether any of the evidence is beyond forgery."""
        return self.fast_proven > 0

    def pack(self) -> bytes:
        """As bytes for the store."""
        numbers = (self.fast, self.fast_proven, self.slow, self.slow_proven, self.at, self.records)
        return _STATE.pack(*numbers) + self.evidence

    @classmethod
    def unpack(cls, state: bytes) -> Self:
        """Out of `pack`'s bytes."""
        suspect = cls(0.0)
        *scores, suspect.at, suspect.records = _STATE.unpack_from(state)
        suspect.fast, suspect.fast_proven, suspect.slow, suspect.slow_proven = scores
        suspect.evidence = state[_STATE.size :]
        return suspect


class Scorer:
    """Adds up what sources have done.  At most `config.max_sources` are remembered."""

    def __init__(self, config: Score) -> None:
        self._fast, self._slow = config.fast, config.slow
        self._suspects: dict[Prefix, Suspect] = {}
        self._crowd = Crowd(config.max_sources)
        self._evidence = 0
        self.changed: set[Prefix] = set()
        """Sources whose state differs from what the store was given last."""

    def __len__(self) -> int:
        return len(self._suspects)

    def get(self, source: Prefix) -> Suspect | None:
        """What is known of the source; None when nothing is."""
        return self._suspects.get(source)

    def add(
        self,
        source: Prefix,
        time: float,
        points: float,
        *,
        proven: bool,
        factor: float = 1.0,
        slow: bool = True,
    ) -> Offence | None:
        """Count an event against a source.

        Args:
            source: whom to blame.
            time: seconds since the epoch; an earlier one than the source's last counts as that.
            points: what the event is worth, more than 0.
            proven: whether the source address is beyond doubt.
            factor: both thresholds are multiplied by it.
            slow: whether the event counts on the slow scale too.

        Returns:
            The offence when a threshold is reached: a proven one if the proven
            evidence alone suffices.
        """
        suspect = self._suspects.get(source)
        if suspect is None:
            suspect = self._suspects[source] = Suspect(time)
            self._crowd.join(source, -math.inf, proven=False)
        else:
            self._decay(suspect, time)
        suspect.fast += points
        suspect.slow += points * slow
        if proven:
            if not suspect.fast_proven:
                self._crowd.promote(source, -math.inf)
            suspect.fast_proven += points
            suspect.slow_proven += points * slow
        self.changed.add(source)
        self._make_room(source)
        return self._offence(source, suspect, factor)

    def exhibit(self, source: Prefix, record: bytes) -> None:
        """Put a packed record to the source's evidence, if the source is known."""
        suspect = self._suspects.get(source)
        if suspect is None:
            return
        before = len(suspect.evidence)
        suspect.evidence = evidence.append(suspect.evidence, suspect.records, record)
        suspect.records = min(suspect.records + 1, evidence.RECORDS)
        self._evidence += len(suspect.evidence) - before
        if self._evidence > EVIDENCE_BYTES:
            self._shed()

    def scores(self, source: Prefix, time: float) -> tuple[float, float]:
        """The fast and the slow score at `time`; 0 for the unknown."""
        suspect = self._suspects.get(source)
        if suspect is None:
            return 0.0, 0.0
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
        suspect.fast, suspect.slow = suspect.fast_proven, suspect.slow_proven
        self._crowd.leave(proven=True)
        self._crowd.join(offence.source, -math.inf, proven=True)
        self.changed.add(offence.source)

    def forget(self, source: Prefix) -> None:
        """The source starts anew."""
        suspect = self._suspects.pop(source, None)
        if suspect is not None:
            self._evidence -= len(suspect.evidence)
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
        self._evidence += len(suspect.evidence)
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
        score = math.log2(suspect.slow) if suspect.slow > 0 else -math.inf
        return score + suspect.at / self._slow.half_life, suspect.proven

    def _shed(self) -> None:
        for source, suspect in self._suspects.items():
            self._evidence -= len(suspect.evidence)
            suspect.evidence, suspect.records = b"", 0
            self.changed.add(source)
            if self._evidence <= EVIDENCE_BYTES * 3 // 4:
                break

    def _decay(self, suspect: Suspect, time: float) -> None:
        passed = time - suspect.at
        if passed <= 0:
            return
        fast = math.exp2(-passed / self._fast.half_life)
        slow = math.exp2(-passed / self._slow.half_life)
        suspect.fast *= fast
        suspect.fast_proven *= fast
        suspect.slow *= slow
        suspect.slow_proven *= slow
        suspect.at = time

    def _offence(self, source: Prefix, suspect: Suspect, factor: float) -> Offence | None:
        fast, slow = self._fast.threshold * factor, self._slow.threshold * factor
        if suspect.fast < fast and suspect.slow < slow:
            return None
        if suspect.fast_proven >= fast or suspect.slow_proven >= slow:
            scale = "fast" if suspect.fast_proven >= fast else "slow"
            score = suspect.fast_proven if scale == "fast" else suspect.slow_proven
            return Offence(source, suspect.at, score, "proven", scale)
        scale = "fast" if suspect.fast >= fast else "slow"
        return Offence(
            source, suspect.at, suspect.fast if scale == "fast" else suspect.slow, "unproven", scale
        )
