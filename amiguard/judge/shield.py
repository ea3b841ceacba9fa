"""Pure: who is never banned, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from amiguard.lately import Lately
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOPBACK: Final = (Prefix.parse("127.0.0.0/8"), Prefix.parse("::1"))
_LINK_LOCAL: Final = Prefix.parse("fe80::/10")
_REMEMBERED: Final = 8192

Shelter = Literal["ignored", "spared"]


class Protection(NamedTuple):
    """Why an address is not banned: *ignored*, its events count for nothing; *spared*, they are told."""

    shelter: Shelter
    why: str


class Standing(NamedTuple):
    """How an address is treated: the source that it scores as, and what protects it."""

    source: Prefix
    on_link: bool
    protection: Protection | None

    @property
    def ignored(self) -> bool:
        """Whether its events count for nothing."""
        return self.protection is not None and self.protection.shelter == "ignored"


class Shield:
    """Knows the networks that no judgement may touch, and what a source is."""

    def __init__(self, ipv4_prefix: int, ipv6_prefix: int) -> None:
        self._lengths = {32: ipv4_prefix, 128: ipv6_prefix}
        self._neighbourhoods: tuple[Prefix, ...] = (_LINK_LOCAL,)
        self._groups: dict[str, tuple[Shelter, tuple[Prefix, ...]]] = {"loopback": ("ignored", _LOOPBACK)}
        self._by_length: dict[tuple[int, int], dict[Prefix, Protection]] = {}
        self.standings = Lately(self._look, _REMEMBERED)
        """How each address is treated: every event asks, and few sources send most of them."""
        self._sort()

    def protect(self, why: str, networks: Iterable[Prefix], *, shelter: Shelter = "ignored") -> None:
        """Protect these networks for this reason, instead of those protected for it before."""
        self._groups[why] = (shelter, tuple(networks))
        self._sort()

    def protected(self) -> list[tuple[Prefix, str]]:
        """All networks that are protected, each with the reason."""
        return [(network, why) for why, (_, networks) in self._groups.items() for network in networks]

    def on_link(self, networks: Iterable[Prefix]) -> None:
        """IPv6 sources in these networks are single addresses: our neighbours share the prefix."""
        self._neighbourhoods = (_LINK_LOCAL, *(n for n in networks if n.is_ipv6))
        self.standings.clear()

    def protects(self, prefix: Prefix) -> Protection | None:
        """What forbids a ban of this prefix: something in it or around it is protected."""
        for why, (shelter, networks) in self._groups.items():
            if any(network.overlaps(prefix) for network in networks):
                return Protection(shelter, why)
        return None

    def touches_link(self, prefix: Prefix) -> bool:
        """Whether neighbours of this host are in the prefix."""
        return any(network.overlaps(prefix) for network in self._neighbourhoods)

    def _look(self, address: Prefix) -> Standing:
        protection = self._around(address)
        source = address.within(self._lengths[address.bits])
        near = address.is_ipv6 and any(network.covers(address) for network in self._neighbourhoods)
        # A single address as well where somebody protected would share its prefix.
        shared = source != address and protection is None and self.protects(source) is not None
        return Standing(address if near or shared else source, near, protection)

    def _around(self, address: Prefix) -> Protection | None:
        """What protects an address: one look-up for each length of prefix that is protected."""
        for (size, length), networks in self._by_length.items():
            if size == len(address.network):
                protection = networks.get(address.within(length))
                if protection is not None:
                    return protection
        return None

    def _sort(self) -> None:
        self._by_length = {}
        for why, (shelter, networks) in self._groups.items():
            for network in networks:
                key = (len(network.network), network.length)
                self._by_length.setdefault(key, {}).setdefault(network, Protection(shelter, why))
        self.standings.clear()
