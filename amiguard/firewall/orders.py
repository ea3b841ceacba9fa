"""Pure: what the kernel is ordered to do about bans, and to which of the table's sets it belongs."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Self

from amiguard.firewall import ruleset
from amiguard.firewall.elements import Item
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from amiguard.model import Ban, Scope, Verdict

Wanted = dict[Prefix, float]
"""Networks and the seconds for which they shall be banned, infinite for ever."""


class Element(NamedTuple):
    """A ban as the kernel shall hold it; `expires` is in seconds from now, None for ever."""

    source: Prefix
    scope: Scope
    expires: float | None

    @classmethod
    def of(cls, ban: Ban, now: float) -> Self:
        """What a ban that runs at `now` (seconds since the epoch) is from then on."""
        return cls(ban.source, ban.scope, ban.left(now))


class Flow(NamedTuple):
    """A phone that a door ban spares for so many seconds: a single address and its UDP port."""

    source: Prefix
    port: int
    seconds: float


class Order(NamedTuple):
    """What belongs together: bans, phones that they spare, and former bans whose place they take."""

    bans: Sequence[Element] = ()
    spared: Sequence[Flow] = ()
    lifted: Sequence[tuple[Prefix, Scope]] = ()


def opened(verdicts: Iterable[Verdict], now: float) -> Iterator[tuple[Prefix, Scope]]:
    """Doors that need not be closed any more, for the house is; a door that stays closed is none."""
    for ban, _, old in verdicts:
        if old is not None and old.scope == "door" != ban.scope and old.until > now:
            yield old.source, old.scope


class Parts(NamedTuple):
    """An order by the sets that it changes; in each, of the same source the last counts."""

    wanted: dict[str, Wanted]
    passing: dict[str, list[Item]]
    leaving: dict[str, list[Prefix]]

    @property
    def size(self) -> int:
        """Elements of a transaction that does all of it: who passes is added, deleted and added."""
        bans, flows, lifts = (sum(map(len, sets.values())) for sets in self)
        return bans + 3 * flows + lifts


def parts(order: Order, lengths: Mapping[ruleset.Version, int]) -> Parts:
    """Sort an order, where sources have the given lengths."""
    leaving: defaultdict[str, list[Prefix]] = defaultdict(list)
    for prefix, scope in order.lifted:
        leaving[ruleset.home(prefix, scope, lengths)].append(prefix)
    return Parts(wanted(order.bans, lengths), _passing(order.spared), leaving)


def wanted(elements: Iterable[Element], lengths: Mapping[ruleset.Version, int]) -> dict[str, Wanted]:
    """Bans by the set they belong to."""
    homes: defaultdict[str, Wanted] = defaultdict(dict)
    for source, scope, expires in elements:
        homes[ruleset.home(source, scope, lengths)][source] = math.inf if expires is None else expires
    return homes


def _passing(flows: Iterable[Flow]) -> dict[str, list[Item]]:
    keys: defaultdict[str, dict[bytes, float]] = defaultdict(dict)
    for source, port, seconds in flows:
        keys[f"spare{source.version}"][ruleset.spared(source.network, port)] = seconds
    return {name: [Item(*one) for one in times.items()] for name, times in keys.items()}
