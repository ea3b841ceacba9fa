"""Pure: prefixes that overlap, as the disjoint ranges that an interval set can hold.

The kernel refuses overlapping intervals (EEXIST), yet a /8 may be banned for
an hour and a /16 inside it for a week.  So the wider one is cut where a
narrower one outlives it; each range carries the name of the prefix it serves,
from which the prefixes can be read back.
"""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, NamedTuple

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Range(NamedTuple):
    """Addresses of one family from `first` to `last`, closed for the sake of `owner`."""

    first: int
    last: int
    owner: Prefix


def disjoint(wanted: Mapping[Prefix, float]) -> list[Range]:
    """Cut prefixes of one family so that no two overlap and each address lasts as long as its longest.

    Args:
        wanted: until when each prefix is wanted, on any clock.

    Returns:
        Ranges in order.
    """
    ranges: list[Range] = []
    around: list[Range] = []
    position = 0

    def cut(last: int) -> None:
        """Give what lies before `last`, from where the former range ended, to the innermost prefix."""
        nonlocal position
        if around and position <= last:
            ranges.append(Range(position, last, around[-1].owner))
        position = max(position, last + 1)

    def leave(first: int) -> None:
        """Close the prefixes that end before `first`."""
        while around and around[-1].last < first:
            cut(around[-1].last)
            around.pop()

    for prefix in sorted(wanted):
        span = whole(prefix)
        leave(span.first)
        if around and wanted[prefix] <= wanted[around[-1].owner]:
            continue
        cut(span.first - 1)
        position = span.first
        around.append(span)
    leave(1 << 128)
    return ranges


def collapse(prefixes: Iterable[Prefix]) -> list[Range]:
    """Prefixes of one family without those that others cover."""
    return disjoint(dict.fromkeys(prefixes, math.inf))


def whole(prefix: Prefix) -> Range:
    """All addresses of a prefix."""
    first = int.from_bytes(prefix.network)
    return Range(first, first + (1 << prefix.bits - prefix.length) - 1, prefix)


def prefixes(first: int, last: int, width: int) -> Iterator[Prefix]:
    """The fewest prefixes that make up a range of addresses of `width` bytes."""
    ends = (ipaddress.ip_address(address.to_bytes(width)) for address in (first, last))
    for network in ipaddress.summarize_address_range(*ends):
        yield Prefix(network.network_address.packed, network.prefixlen)
