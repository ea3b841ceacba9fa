"""Pure: who must go when the table of suspects is full.

First those with nothing but unproven evidence, for a forger can invent any
number of them; they never hold more than half of the table.  Among equals the
lowest decayed score goes.  All scores decay at one rate, so their order does
not change with time: a suspect's *rank* is fixed until it fails again, and
then only rises, so a heap of ranks seen lately finds the lowest, or nearly so
where very many have failed again: no eviction looks at more than a few hundred.
"""

from __future__ import annotations

import heapq
import struct
from typing import TYPE_CHECKING, Final

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Standing = tuple[float, bool]
    """Rank, and whether any evidence is proven."""


_SLACK: Final = 1024
_LOOKS: Final = 256
"""Members that are ranked anew for an eviction: all of a full table would take a tenth of a second."""
_DOUBLE: Final = struct.Struct(">d")
_SIGN: Final = 1 << 63


def _entry(rank: float, source: Prefix) -> bytes:
    """Rank and source as bytes that sort as they do, for a heap of them is half as large.

    A double's bits sort like the numbers once the sign is turned; with negative ones, all of them (IEEE 754).
    """
    bits = int.from_bytes(_DOUBLE.pack(rank))
    bits ^= _SIGN if bits < _SIGN else 2 * _SIGN - 1
    return bits.to_bytes(_DOUBLE.size) + source.packed


def _source(entry: bytes) -> Prefix:
    return Prefix.unpack(entry[_DOUBLE.size :])


class Crowd:
    """Counts the members of a table of at most `limit`, and names the one who matters least."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heaps: tuple[list[bytes], list[bytes]] = ([], [])
        self._counts = [0, 0]

    def join(self, source: Prefix, rank: float, proven: bool) -> None:
        """A source comes into the table, or has another rank or standing since it left."""
        self._counts[proven] += 1
        heapq.heappush(self._heaps[proven], _entry(rank, source))

    def leave(self, *, proven: bool) -> None:
        """A source has left the table."""
        self._counts[proven] -= 1

    @property
    def bloated(self) -> bool:
        """Whether more is kept of members who left than of those who are there: time to `rebuild`."""
        return len(self._heaps[0]) + len(self._heaps[1]) > 2 * sum(self._counts) + _SLACK

    def victim(self, standing: Callable[[Prefix], Standing | None], newcomer: Prefix) -> Prefix | None:
        """Who must leave, other than the newcomer; None while there is room.

        `standing` tells a member's rank, or None for who is not in the table.
        """
        unproven, proven = self._counts
        if unproven + proven <= self._limit and unproven <= self._limit // 2:
            return None
        first = self._lowest(standing, newcomer, proven=False)
        return first or self._lowest(standing, newcomer, proven=True)

    def rebuild(self, members: Iterable[tuple[Prefix, Standing]]) -> None:
        """Begin anew with these members."""
        self._heaps = ([], [])
        self._counts = [0, 0]
        for source, (rank, proven) in members:
            self.join(source, rank, proven)

    def _lowest(
        self, standing: Callable[[Prefix], Standing | None], newcomer: Prefix, *, proven: bool
    ) -> Prefix | None:
        """Who ranks lowest; where many have failed again since they were ranked, of the first so many."""
        heap = self._heaps[proven]
        others: list[bytes] = []
        found = b""
        looks = 0
        while heap and (looks < _LOOKS or not found):
            looks += 1
            entry = heapq.heappop(heap)
            source = _source(entry)
            now = standing(source)
            if now is None or now[1] is not proven:
                continue  # gone, or in the other heap
            fresh = _entry(now[0], source)
            if source == newcomer or (found and fresh > found):
                others.append(fresh)
            else:
                others += [found] * bool(found)
                found = fresh
            if found and entry >= found:
                break  # nobody's rank is below where he was seen last
        for entry in others:
            heapq.heappush(heap, entry)
        return _source(found) if found else None
