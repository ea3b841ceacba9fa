"""Pure: who lives near whom: a /24 of IPv4, a /48 of IPv6 is taken to be one neighbourhood."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from amiguard.model import Prefix

_LENGTHS: Final = {32: 24, 128: 48}


def neighbourhood(source: Prefix) -> Prefix:
    """The neighbourhood that a source lives in, or the source itself where that is wider."""
    return source.within(_LENGTHS[source.bits])


class Neighbours:
    """The neighbourhoods of many, so that one look tells whether somebody lives near."""

    def __init__(self) -> None:
        self._counts: Counter[Prefix] = Counter()

    def add(self, source: Prefix) -> None:
        """Somebody moves in."""
        self._counts[neighbourhood(source)] += 1

    def remove(self, source: Prefix) -> None:
        """Somebody who was added moves out."""
        network = neighbourhood(source)
        self._counts[network] -= 1
        if not self._counts[network]:
            del self._counts[network]

    def near(self, source: Prefix) -> bool:
        """Whether one of them lives in the source's neighbourhood."""
        return neighbourhood(source) in self._counts
