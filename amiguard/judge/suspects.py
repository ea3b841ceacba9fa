"""Pure: all suspects, a few of them at work, the others asleep as the bytes that the store has as well."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from amiguard.judge import evidence
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.evidence import Exhibit

AWAKE: Final = 200
"""Suspects at work at once: quick to change, but ten times as large."""

_STATE: Final = struct.Struct("<dddddB")
_RECORDS_AT: Final = _STATE.size - 1


class Glimpse(NamedTuple):
    """What a look at a suspect tells: scores as of `at`, and whether any evidence is beyond forgery."""

    fast: float
    slow: float
    at: float
    proven: bool


class Suspect:
    """What is known of a source that has failed: scores as of `at`, and the newest evidence.

    Evidence is `fresh` at first, and `packed` before the suspect falls asleep.  Of
    the scores, the part that is proven and the part that is not are kept apart.
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
    def proven(self) -> bool:
        """Whether any of the evidence is beyond forgery."""
        return self.fast_proven > 0

    @property
    def evidence(self) -> bytes:
        """The newest evidence, packed."""
        if self.fresh:
            surplus = self.records + len(self.fresh) - evidence.RECORDS
            packed = map(evidence.pack, self.fresh)
            self.packed = b"".join((evidence.without(self.packed, surplus), *packed))
            self.records += len(self.fresh) - max(surplus, 0)
            self.fresh = ()
        return self.packed

    def glimpse(self) -> Glimpse:
        """The scores at a look."""
        return Glimpse(self.fast, self.slow, self.at, self.proven)

    def exhibit(self, exhibit: Exhibit) -> None:
        """Put a record to the evidence; the oldest makes room."""
        self.fresh = (*self.fresh[-evidence.RECORDS + 1 :], exhibit)

    def pack(self) -> bytes:
        """As bytes, for the store and to sleep."""
        packed = self.evidence
        numbers = (self.fast_proven, self.fast_rest, self.slow_proven, self.slow_rest, self.at, self.records)
        return _STATE.pack(*numbers) + packed

    @classmethod
    def unpack(cls, state: bytes) -> Self:
        """Out of `pack`'s bytes."""
        suspect = cls(0.0)
        *scores, suspect.at, suspect.records = _STATE.unpack_from(state)
        suspect.fast_proven, suspect.fast_rest, suspect.slow_proven, suspect.slow_rest = scores
        suspect.packed = state[_STATE.size :]
        return suspect


def without_evidence(state: bytes) -> bytes:
    """`Suspect.pack`'s bytes of the scores alone."""
    return state[: _STATE.size - 1] + b"\0"


class Suspects:
    """Suspects by their source.

    Attributes:
        evidence: bytes of evidence of those asleep.
    """

    def __init__(self) -> None:
        self._states: dict[bytes, Suspect | bytes] = {}
        """By the source, packed: a Prefix each would take twice the room."""
        self._awake: list[bytes] = []
        self._before: list[bytes] = []
        """Who was awake until all fell asleep."""
        self.evidence = 0

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[Prefix]:
        return map(Prefix.unpack, self._states)

    def has_room(self, source: Prefix) -> bool:
        """Whether something is known of the source, and fewer records than evidence holds."""
        state = self._states.get(source.packed)
        if state is None:
            return False
        records = state[_RECORDS_AT] if isinstance(state, bytes) else state.records + len(state.fresh)
        return records < evidence.RECORDS

    def within(self, network: Prefix) -> list[Prefix]:
        """Suspects in a network; any thread may ask, for it looks at a copy."""
        whole = network.network[: network.length // 8]
        near = [key for key in list(self._states) if key.startswith(whole)]
        return [source for source in map(Prefix.unpack, near) if network.covers(source)]

    def lately(self) -> Iterator[tuple[Prefix, Glimpse]]:
        """Those that did something last, newest first, without waking anybody; twice `AWAKE` at most."""
        for key in dict.fromkeys((*reversed(self._awake), *reversed(self._before))):
            source = Prefix.unpack(key)
            glimpse = self.glimpse(source)
            if glimpse is not None:
                yield source, glimpse

    def get(self, source: Prefix) -> Suspect | None:
        """The suspect, awake; None when nothing is known."""
        key = source.packed
        state = self._states.get(key)
        if isinstance(state, bytes):
            self._slept(state, -1)
            return self._wake(key, Suspect.unpack(state))
        return state

    def meet(self, source: Prefix, time: float) -> Suspect:
        """A new suspect."""
        return self._wake(source.packed, Suspect(time))

    def put(self, source: Prefix, state: bytes) -> None:
        """Take a suspect back that `Suspect.pack` has packed, asleep."""
        self._states[source.packed] = state
        self._slept(state)

    def drop(self, source: Prefix) -> Glimpse | None:
        """Forget a suspect; None when nothing was known."""
        glimpse = self.glimpse(source)
        state = self._states.pop(source.packed, None)
        if isinstance(state, bytes):
            self._slept(state, -1)
        return glimpse

    def glimpse(self, source: Prefix) -> Glimpse | None:
        """The scores, without waking anybody; None when nothing is known."""
        state = self._states.get(source.packed)
        if isinstance(state, bytes):
            fast_proven, fast_rest, slow_proven, slow_rest, at, _ = _STATE.unpack_from(state)
            return Glimpse(fast_proven + fast_rest, slow_proven + slow_rest, at, fast_proven > 0)
        return None if state is None else state.glimpse()

    def packed(self, source: Prefix) -> bytes:
        """The suspect as `Suspect.pack` has it, without waking anybody.

        Raises:
            KeyError: nothing is known of it.
        """
        return _packed(self._states[source.packed])

    def shift(self, delta: float) -> None:
        """What was done, was done `delta` seconds later."""
        self.evidence = 0
        for key, state in self._states.items():
            suspect = Suspect.unpack(_packed(state))
            suspect.at += delta
            self._sleeps(key, suspect)
        self._awake.clear()

    def shed(self, limit: int) -> list[Prefix]:
        """Throw evidence away, the oldest suspects' first, until `limit` bytes are left; whose it was."""
        bare: list[Prefix] = []
        for key, state in self._states.items():
            if self.evidence <= limit:
                break
            if isinstance(state, bytes) and len(state) > _STATE.size:
                self._slept(state, -1)
                self._states[key] = without_evidence(state)
                bare.append(Prefix.unpack(key))
        return bare

    def _wake(self, key: bytes, suspect: Suspect) -> Suspect:
        if len(self._awake) >= AWAKE:
            self._sleep()
        self._awake.append(key)
        self._states[key] = suspect
        return suspect

    def _sleep(self) -> None:
        """All who are awake fall asleep."""
        for key in self._awake:
            suspect = self._states.get(key)
            if isinstance(suspect, Suspect):
                self._sleeps(key, suspect)
        self._before, self._awake = self._awake, []

    def _sleeps(self, key: bytes, suspect: Suspect) -> None:
        state = self._states[key] = suspect.pack()
        self._slept(state)

    def _slept(self, state: bytes, sign: int = 1) -> None:
        self.evidence += sign * (len(state) - _STATE.size)


def _packed(state: Suspect | bytes) -> bytes:
    return state if isinstance(state, bytes) else state.pack()
