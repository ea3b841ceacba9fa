"""Pure: `SecurityEvent`s worth points -> `Offence`.

A score is a sum that decays, on two time scales: the fast one catches a
guesser at work, the slow one him who tries ten times a day.  Each scale has
two numbers, all evidence and the proven part of it, because only proven
evidence closes the house.  There is no list of times, so nothing an attacker
chooses makes repetition cheaper or memory larger.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

from amiguard.judge import evidence
from amiguard.judge.crowd import Crowd
from amiguard.judge.evidence import Exhibit
from amiguard.judge.suspects import Glimpse, Suspect, Suspects, without_evidence
from amiguard.model import Offence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.config import Score
    from amiguard.judge.evidence import Told
    from amiguard.model import Prefix, Proof, SecurityEvent

EVIDENCE_BYTES: Final = 14 * 1024 * 1024
"""The evidence of all who are asleep; the oldest suspects' goes first."""

_NEAR: Final = 0.75
"""The part of a threshold from which on evidence is worth writing down at once."""


class Scorer:
    """Adds up what sources have done.  At most `config.max_sources` are remembered."""

    def __init__(self, config: Score) -> None:
        self._fast, self._slow = config.fast, config.slow
        self._suspects = Suspects()
        self._crowd = Crowd(config.max_sources)
        self.changed: set[Prefix] = set()
        """Sources whose state differs from what the store was given last."""

    def __len__(self) -> int:
        return len(self._suspects)

    def __iter__(self) -> Iterator[Prefix]:
        return iter(self._suspects)

    def has_room(self, source: Prefix) -> bool:
        """Whether the source is known, and a record worth nothing would push out no other."""
        return self._suspects.has_room(source)

    def within(self, network: Prefix) -> list[Prefix]:
        """Who is known in a network; any thread may ask."""
        return self._suspects.within(network)

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
        told: Told = "log",
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
            told: by what it was told.

        Returns:
            The offence when a threshold is reached, proven if the proven evidence alone suffices.
        """
        known = self._suspects.get(source)
        suspect = known or self._suspects.meet(source, time)
        was_proven = suspect.proven
        if time > suspect.at:
            self._decay(suspect, time)
        if proven:
            suspect.fast_proven += points
            suspect.slow_proven += points * slow
        else:
            suspect.fast_rest += points
            suspect.slow_rest += points * slow
        self.changed.add(source)
        self._exhibit(suspect, Exhibit(event, points, suspect.fast, proven, suspect.slow, told))
        if known is None:
            self._join(source, suspect.glimpse())
        elif proven and not was_proven:
            self._promote(source, suspect.glimpse())
        return self._offence(source, suspect, factor)

    def _promote(self, source: Prefix, seen: Glimpse) -> None:
        """Rank a source anew that nothing proven was known of until now."""
        self._crowd.leave(proven=False)
        self._crowd.join(source, *self._rank(seen))

    def newest(self, source: Prefix) -> Exhibit | None:
        """The newest record against the source; None when there is none."""
        suspect = self.portrait(source, 0.0)
        records = list(evidence.unpack(suspect.evidence)) if suspect else []
        return records[-1] if records else None

    def exhibit(self, source: Prefix, event: SecurityEvent, *, proven: bool, told: Told = "log") -> None:
        """Put an event that counts for nothing to the source's evidence, if the source is known."""
        suspect = self._suspects.get(source)
        if suspect is not None:
            self._exhibit(suspect, Exhibit(event, 0.0, suspect.fast, proven, suspect.slow, told))
            self.changed.add(source)

    def _exhibit(self, suspect: Suspect, exhibit: Exhibit) -> None:
        suspect.exhibit(exhibit)
        if self._suspects.evidence > EVIDENCE_BYTES:
            self.changed.update(self._suspects.shed(EVIDENCE_BYTES * 3 // 4))

    def state(self, source: Prefix, *, whole: bool) -> bytes | None:
        """A suspect as the store shall have it; None when nothing is known.

        Unless it is to be the `whole`, evidence is left out of those who are far from a
        threshold: most of a flood are, and would be written again with each event.
        """
        glimpse = self._suspects.glimpse(source)
        if glimpse is None:
            return None
        near = glimpse.fast >= _NEAR * self._fast.threshold or glimpse.slow >= _NEAR * self._slow.threshold
        state = self._suspects.packed(source)
        return state if whole or near else without_evidence(state)

    def portrait(self, source: Prefix, time: float) -> Suspect | None:
        """A copy of what is known of the source, with its scores at `time`; to look changes nothing."""
        if self._suspects.glimpse(source) is None:
            return None
        copy = Suspect.unpack(self._suspects.packed(source))
        if time > copy.at:
            self._decay(copy, time)
        return copy

    def lately(self, time: float) -> Iterator[tuple[Prefix, Glimpse]]:
        """Suspects that did something last, newest first, with their scores at `time`; some hundreds."""
        for source, seen in self._suspects.lately():
            yield source, self._faded(seen, time)

    def scores(self, source: Prefix, time: float) -> tuple[float, float]:
        """The fast and the slow score at `time`, 0 for the unknown; to look changes nothing.

        What a look changed would not be in the store, and a crash would show it.
        """
        seen = self._suspects.glimpse(source)
        return self._faded(seen, time)[:2] if seen else (0.0, 0.0)

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
        self._crowd.join(offence.source, *self._rank(suspect.glimpse()))
        self.changed.add(offence.source)

    def forget(self, source: Prefix) -> None:
        """The source starts anew."""
        known = self._suspects.drop(source)
        if known is not None:
            self._crowd.leave(proven=known.proven)
            self.changed.add(source)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what happened so long ago still did."""
        self._suspects.shift(delta)
        self._rank_all()
        self.changed.update(self._suspects)

    def restore(self, source: Prefix, state: bytes) -> None:
        """Take a suspect back that `Suspect.pack` has packed.

        Raises:
            struct.error: the bytes are none of that.
        """
        self._suspects.put(source, state)
        if glimpse := self._suspects.glimpse(source):
            self._join(source, glimpse)

    def _join(self, newcomer: Prefix, glimpse: Glimpse) -> None:
        """Make room for a newcomer; not before it is known whether he is proven."""
        self._crowd.join(newcomer, *self._rank(glimpse))
        if self._crowd.bloated:
            self._rank_all()
        victim = self._crowd.victim(self._standing, newcomer)
        while victim is not None:
            self.forget(victim)
            victim = self._crowd.victim(self._standing, newcomer)

    def _rank_all(self) -> None:
        looks = ((source, self._suspects.glimpse(source)) for source in self._suspects)
        self._crowd.rebuild((source, self._rank(glimpse)) for source, glimpse in looks if glimpse)

    def _standing(self, source: Prefix) -> tuple[float, bool] | None:
        glimpse = self._suspects.glimpse(source)
        return None if glimpse is None else self._rank(glimpse)

    def _rank(self, glimpse: Glimpse) -> tuple[float, bool]:
        # Score halves each half-life: its logarithm, less the time in half-lives, stays.
        score = math.log2(glimpse.slow) if glimpse.slow > 0 else -math.inf
        return score + glimpse.at / self._slow.half_life, glimpse.proven

    def _faded(self, seen: Glimpse, time: float) -> Glimpse:
        """A glimpse as it would be at `time`, if that is later."""
        passed = max(time - seen.at, 0.0)
        fast = seen.fast * math.exp2(-passed / self._fast.half_life)
        slow = seen.slow * math.exp2(-passed / self._slow.half_life)
        return Glimpse(fast, slow, seen.at + passed, seen.proven)

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
