"""Pure: what an interval set holds, and what must change in it.

An element carries the prefix it serves as its comment, so `nft` shows it and
the prefixes can be read back from the kernel after a restart.
"""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from amiguard.firewall.elements import Item, Seen
from amiguard.firewall.ranges import Range, disjoint, prefixes, whole
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Seconds by which an element may be off before it is written anew, which sets its counter to 0.
_TOLERANCE = 1.0


class Piece(NamedTuple):
    """A range in the kernel, the prefixes that it serves, and its first element."""

    first: int
    last: int
    owners: tuple[Prefix, ...]
    element: Seen

    @property
    def remaining(self) -> float:
        """Seconds it has to live."""
        return math.inf if self.element.remaining is None else self.element.remaining


class Change(NamedTuple):
    """Elements to delete, then to add."""

    gone: list[Item]
    new: list[Item]


def items(span: Range, width: int, seconds: float = math.inf, comment: str = "") -> list[Item]:
    """The elements of a range of addresses of `width` bytes."""
    live = None if seconds == math.inf else seconds
    behind = span.last + 1
    ends = [] if behind >> width * 8 else [Item(behind.to_bytes(width), end=True)]
    return [Item(span.first.to_bytes(width), live, comment=comment), *ends]


def pieces(elements: Iterable[Seen], width: int) -> Iterator[Piece]:
    """Put together the ranges of an interval set, in order; an end without a beginning is none."""
    ordered = sorted(elements, key=lambda one: (one.key, not one.end))
    for element, after in zip_longest(ordered, ordered[1:]):
        if not element.end:
            first = int.from_bytes(element.key)
            last = int.from_bytes(after.key) - 1 if after else (1 << width * 8) - 1
            yield Piece(first, last, _owners(first, last, element), element)


def planned(wanted: Mapping[Prefix, float], width: int) -> Iterator[Piece]:
    """The ranges that a set must have that holds these prefixes, for so many seconds each."""
    for span in disjoint(wanted):
        seconds = wanted[span.owner]
        element = Seen(span.first.to_bytes(width), None if seconds == math.inf else seconds, 0, 0)
        yield Piece(span.first, span.last, (span.owner,), element)


def near(changed: Iterable[Prefix], wanted: Mapping[Prefix, float]) -> set[Prefix]:
    """Those of the prefixes whose ranges may change with others: all within the widest around each."""
    lengths = sorted({prefix.length for prefix in wanted})
    around = {_widest(prefix, lengths, wanted) for prefix in changed}
    edges = [(one.network, whole(one).last.to_bytes(len(one.network))) for one in around]
    return {one for one in wanted if any(first <= one.network <= last for first, last in edges)}


def wanted(standing: Iterable[Piece]) -> dict[Prefix, float]:
    """The prefixes that ranges serve, and the seconds they remain (infinite: for ever)."""
    return {owner: piece.remaining for piece in standing for owner in piece.owners}


def difference(standing: Iterable[Piece], wanted: Mapping[Prefix, float], width: int) -> Change:
    """What to delete and what to add so that the set holds these prefixes, for so many seconds each."""
    target = {(span.first, span.last): span for span in disjoint(wanted)}
    gone: list[Item] = []
    for piece in standing:
        span = target.get((piece.first, piece.last))
        if span and piece.owners == (span.owner,) and _alike(piece.remaining, wanted[span.owner]):
            del target[piece.first, piece.last]
        else:
            gone += items(Range(piece.first, piece.last, piece.owners[0]), width)
    new = [
        item
        for span in target.values()
        for item in items(span, width, wanted[span.owner], comment=str(span.owner))
    ]
    return Change(gone, new)


def _widest(prefix: Prefix, lengths: Iterable[int], wanted: Mapping[Prefix, float]) -> Prefix:
    """The widest of the wanted prefixes that covers one; itself if none does."""
    wider = (prefix.within(length) for length in lengths if length < prefix.length)
    return next((one for one in wider if one in wanted), prefix)


def _alike(one: float, other: float) -> bool:
    return one == other or abs(one - other) < _TOLERANCE


def _owners(first: int, last: int, element: Seen) -> tuple[Prefix, ...]:
    """The prefix that the comment names; without one, those that make up the range."""
    try:
        return (Prefix.parse(element.comment),)
    except ValueError:
        return tuple(prefixes(first, last, len(element.key)))
