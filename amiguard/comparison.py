"""Pure: what came of rehearsals, in numbers, and what differs between two."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.model import Prefix
    from amiguard.rehearsal import Judged

_DECILES: Final = 10


class Spread(NamedTuple):
    """How values are spread: the middle one, what nine of ten do not exceed, the greatest; 0 of none."""

    median: float
    p90: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of these values."""
        if not values:
            return cls(0.0, 0.0, 0.0)
        p90 = quantiles(values, n=_DECILES, method="inclusive")[-1] if len(values) > 1 else values[0]
        return cls(median(values), p90, max(values))


class Summary(NamedTuple):
    """Bans, the sources that they hit, friends among these, seconds and failures until the first of each."""

    bans: int
    sources: int
    friends: tuple[Prefix, ...]
    took: Spread
    tries: Spread


class Difference(NamedTuple):
    """Sources by their first ban: only after the change, only before it, and in both (before, after)."""

    gained: tuple[Judged, ...]
    lost: tuple[Judged, ...]
    both: tuple[tuple[Judged, Judged], ...]


def summary(judged: Sequence[Judged]) -> Summary:
    """What came of one rehearsal."""
    firsts = list(_firsts(judged).values())
    took, tries = Spread.of([each.took for each in firsts]), Spread.of([each.tries for each in firsts])
    friends = dict.fromkeys(each.ban.source for each in judged if each.friend)
    return Summary(len(judged), len(firsts), tuple(friends), took, tries)


def difference(before: Sequence[Judged], after: Sequence[Judged]) -> Difference:
    """What a change of the configuration has changed."""
    old, new = _firsts(before), _firsts(after)
    return Difference(
        tuple(judged for source, judged in new.items() if source not in old),
        tuple(judged for source, judged in old.items() if source not in new),
        tuple((judged, new[source]) for source, judged in old.items() if source in new),
    )


def _firsts(judged: Sequence[Judged]) -> dict[Prefix, Judged]:
    """The first ban of each source."""
    firsts: dict[Prefix, Judged] = {}
    for each in judged:
        firsts.setdefault(each.ban.source, each)
    return firsts
