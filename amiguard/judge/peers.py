"""Pure: who belongs to the PBX, though he may never have logged in: its trunks and registered phones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from amiguard.judge.friends import Flow, Friend
from amiguard.judge.neighbours import Neighbours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.model import Peer, Prefix

_REMEMBERED: Final = 4096
"""Known sources whose failures are remembered, and breached ones, each."""


class Peers:
    """The known peers, and what the sources that hold them have done.

    A source that holds a peer's address is treated as a friend.
    """

    def __init__(self, ipv4_prefix: int, ipv6_prefix: int) -> None:
        """Begin with none; `ipv4_prefix` and `ipv6_prefix` are the lengths of a usual source."""
        self._lengths = {32: ipv4_prefix, 128: ipv6_prefix}
        self._all: tuple[Peer, ...] = ()
        self._networks: dict[Prefix, list[Peer]] = {}
        self.neighbours = Neighbours()
        """The networks that peers live in."""
        self._inside: dict[Prefix, list[Peer]] = {}
        self._sizes: tuple[tuple[int, int], ...] = ()
        self._friends: dict[Prefix, Friend] = {}
        self._breached: dict[Prefix, None] = {}

    def __len__(self) -> int:
        """How many networks; several origins may tell of one."""
        return len(self._networks)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._all)

    def know(self, peers: Iterable[Peer]) -> None:
        """These are known, and no others any more."""
        networks, inside = defaultdict(list), defaultdict(list)
        self._all = tuple(peers)
        for peer in self._all:
            networks[peer.network].append(peer)
            source = self.source(peer)
            if source != peer.network:
                inside[source].append(peer)
        self._networks, self._inside = dict(networks), dict(inside)
        self._sizes = tuple({(network.bits, network.length) for network in networks})
        self.neighbours = Neighbours()
        for network in networks:
            self.neighbours.add(network)
        self._friends = {source: each for source, each in self._friends.items() if any(self.at(source))}

    def source(self, peer: Peer) -> Prefix:
        """The usual source that holds a peer, or its network where that is wider."""
        return peer.network.within(self._lengths[peer.network.bits])

    def at(self, source: Prefix) -> Iterator[Peer]:
        """The peers whose address, or a part of whose network, the source is or holds."""
        breached = source in self._breached
        for found in self._around(source):
            for peer in found:
                if not (breached and peer.registered):
                    yield peer

    def friend(self, source: Prefix) -> Friend | None:
        """The source as a friend that needs no log-in; None if it holds no peer."""
        if not self._sizes or next(self.at(source), None) is None:
            return None
        friend = self._friends.get(source)
        if friend is None:
            _make_room(self._friends)
            friend = self._friends[source] = Friend()
        return friend

    def flows(self, source: Prefix) -> Iterator[Flow]:
        """Address and port that the SIP of the peers in this source comes from, where that is known."""
        for peer in self.at(source):
            address = max(peer.network, source, key=lambda each: each.length)
            if peer.port and address.length == address.bits:
                yield address, peer.port

    def appointed(self, source: Prefix) -> Peer | None:
        """A peer there that an administrator wrote down; None when there is none.

        PJSIP's `match` and chan_sip's `insecure = port` let it call from any port, so
        no door would spare it.
        """
        return next((peer for peer in self.at(source) if not peer.registered), None)

    def overlapping(self, prefix: Prefix) -> Peer | None:
        """A peer that shares an address with the prefix; None when there is none."""
        return next((peer for peer in self._all if peer.network.overlaps(prefix)), None)

    def breached(self, source: Prefix) -> None:
        """A password was guessed from there: what registers from there is not known for it."""
        _make_room(self._breached)
        self._breached[source] = None

    def cleared(self, source: Prefix) -> None:
        """It has logged in as friends do."""
        self._breached.pop(source, None)

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds."""
        for friend in self._friends.values():
            friend.shift(delta)

    def _around(self, source: Prefix) -> Iterator[list[Peer]]:
        bits = source.bits
        for size, length in self._sizes:
            if size == bits and length <= source.length:
                yield self._networks.get(source.within(length), [])
        yield self._inside.get(source, [])


def _make_room(remembered: dict[Prefix, Friend] | dict[Prefix, None]) -> None:
    if len(remembered) >= _REMEMBERED:
        del remembered[next(iter(remembered))]
