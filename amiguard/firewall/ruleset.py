"""Pure: what the table holds, its chain, sets and rules, as data that pyroute2's classes encode.

Numbers are those of linux/netfilter/nf_tables.h and of nft's data types, names
are pyroute2's.  The chain stands before connection tracking (prerouting,
priority -300), so that a ban cuts established flows too.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amiguard.model import Scope

CHAIN = "guard"
PREROUTING = 0
PRIORITY = -300
ACCEPT = 1
SIP_PORTS = "sip_ports"
ALLOW_SETS = ("allow4", "allow6")
_DROP = 0

Version = Literal[4, 6]
Expression = tuple[str, dict[str, Any]]
Rule = list[Expression]


class Ports(Protocol):
    """Ports that a house ban closes, from `first` to `last`."""

    @property
    def protocol(self) -> Literal["udp", "tcp"]:
        """What they are ports of."""

    @property
    def first(self) -> int:
        """From 1 to 65535."""

    @property
    def last(self) -> int:
        """From `first` to 65535."""


class Set(NamedTuple):
    """A set of the table: `kind` is nft's number of the key's type, `width` the key's length in bytes.

    A set of bans has a `scope`; `length` is that of the networks in it, or None
    for an interval set, which takes any.
    """

    name: str
    kind: int
    width: int
    comment: str
    interval: bool = False
    timed: bool = True
    scope: Scope | None = None
    length: int | None = None


class _Family(NamedTuple):
    """Where a packet of an IP version has its source, and nft's number of the address type."""

    number: int
    offset: int
    width: int
    kind: int
    behind: int  # the register behind an address in register 1


_FAMILIES: dict[Version, _Family] = {4: _Family(2, 12, 4, 7, 9), 6: _Family(10, 8, 16, 8, 2)}
_NAMES: dict[Scope, tuple[str, str]] = {"house": ("ban", "net"), "door": ("door", "doornet")}

_SERVICE = 13
_CONCATENATED = 6  # bits that each type takes in the number of a concatenation
_PORT_IN_KEY = 4  # the parts of a concatenated key are aligned
_META_IIF, _META_NFPROTO, _META_L4PROTO = 4, 15, 16
_NETWORK, _TRANSPORT = 1, 2
_SOURCE_PORT, _DESTINATION_PORT = 0, 2
_EQUAL, _AT_MOST, _AT_LEAST = 0, 3, 5
_HOP_LIMIT = 7
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmpv6": 58}
_LOOPBACK = 1  # the index of lo in every network namespace
_NEIGHBOURS = (133, 137)  # RFC 4861: router solicitation to redirect
_UNROUTED = 255  # RFC 4861: the hop limit that no packet from beyond the link still has


def home(prefix: Prefix, scope: Scope, lengths: Mapping[Version, int]) -> str:
    """Name of the set that holds a ban: of single sources, or of networks of other lengths."""
    sources, networks = _NAMES[scope]
    name = sources if prefix.length == lengths[prefix.version] else networks
    return f"{name}{prefix.version}"


def sets(lengths: Mapping[Version, int]) -> list[Set]:
    """All sets of the table, for sources of the given lengths."""
    ports = Set(SIP_PORTS, _SERVICE, 2, "where SIP and IAX2 listen: what a door ban closes", timed=False)
    return [*(one for version in _FAMILIES for one in _sets(version, lengths[version])), ports]


def _sets(version: Version, length: int) -> Iterator[Set]:
    """The sets of one IP version."""
    family = _FAMILIES[version]
    for scope, (sources, networks) in _NAMES.items():
        kind, width = family.kind, family.width
        words = f"{scope} bans of sources, /{length}"
        yield Set(f"{sources}{version}", kind, width, words, scope=scope, length=length)
        yield Set(f"{networks}{version}", kind, width, f"{scope} bans of networks", True, scope=scope)
    yield Set(f"allow{version}", family.kind, family.width, "never banned", interval=True, timed=False)
    kind = family.kind << _CONCATENATED | _SERVICE
    yield Set(f"spare{version}", kind, family.width + _PORT_IN_KEY, "phones that a door ban spares")


def spared(source: bytes, port: int) -> bytes:
    """Key of an address and UDP source port in a `spare` set."""
    return source + port.to_bytes(2) + bytes(_PORT_IN_KEY - 2)


def rules(lengths: Mapping[Version, int], ports: Sequence[Ports]) -> list[Rule]:
    """The rules of the chain, in order.

    Args:
        lengths: length of a source of each IP version.
        ports: what a house ban closes; none are all.
    """
    accept, drop = [_verdict(ACCEPT)], [("counter", {}), _verdict(_DROP)]
    houses = [_door(some) for some in ports] or [[]]
    sip = [*_protocol("udp"), _load(_TRANSPORT, _DESTINATION_PORT, 2), _found(SIP_PORTS)]
    return [
        [*_meta(_META_IIF, struct.pack("=I", _LOOPBACK)), *accept],
        [*_neighbours(), *accept],
        *([*_source(version), _found(f"allow{version}"), *accept] for version in _FAMILIES),
        *([*door, *ban, *drop] for door in houses for ban in _bans("house", lengths)),
        *([*_flow(version), _found(f"spare{version}"), *accept] for version in _FAMILIES),
        *([*sip, *ban, *drop] for ban in _bans("door", lengths)),
        [*sip, ("counter", {})],  # the last: what comes while nobody tells of it
    ]


def _bans(scope: Scope, lengths: Mapping[Version, int]) -> Iterator[Rule]:
    """Matches of a banned source."""
    for version in _FAMILIES:
        sources, networks = _NAMES[scope]
        yield [*_source(version, lengths[version]), _found(f"{sources}{version}")]
        yield [*_source(version), _found(f"{networks}{version}")]


def _neighbours() -> Rule:
    """Match of IPv6 neighbour discovery, without which a neighbour cannot even be answered."""
    return [
        *_meta(_META_NFPROTO, bytes([_FAMILIES[6].number])),
        *_protocol("icmpv6"),
        _load(_TRANSPORT, 0, 1),
        *_between(*(bytes([kind]) for kind in _NEIGHBOURS)),
        _load(_NETWORK, _HOP_LIMIT, 1),
        _compare(_EQUAL, bytes([_UNROUTED])),
    ]


def _source(version: Version, length: int | None = None) -> Rule:
    """Load the source address, or the network of `length` bits that holds it, into register 1."""
    family = _FAMILIES[version]
    width = family.width
    loads = [
        *_meta(_META_NFPROTO, bytes([family.number])),
        _load(_NETWORK, family.offset, width),
    ]
    if length is None or length == width * 8:
        return loads
    mask, nothing = Prefix.of(b"\xff" * width, length).network, bytes(width)
    masking = {"sreg": 1, "dreg": 1, "len": width, "mask": _value(mask), "xor": _value(nothing)}
    return [*loads, ("bitwise", masking)]


def _flow(version: Version) -> Rule:
    """Load source address and UDP source port, one behind the other."""
    load_port = _load(_TRANSPORT, _SOURCE_PORT, 2, _FAMILIES[version].behind)
    return [*_protocol("udp"), *_source(version), load_port]


def _door(ports: Ports) -> Rule:
    """Match of a packet to some ports."""
    within = _between(ports.first.to_bytes(2), ports.last.to_bytes(2))
    return [*_protocol(ports.protocol), _load(_TRANSPORT, _DESTINATION_PORT, 2), *within]


def _protocol(name: str) -> Rule:
    """Match of a transport protocol."""
    return _meta(_META_L4PROTO, bytes([_PROTOCOLS[name]]))


def _meta(key: int, expected: bytes) -> Rule:
    """Match of something known about a packet."""
    return [("meta", {"key": key, "dreg": 1}), _compare(_EQUAL, expected)]


def _load(base: int, offset: int, length: int, register: int = 1) -> Expression:
    return "payload", {"dreg": register, "base": base, "offset": offset, "len": length}


def _compare(operation: int, value: bytes) -> Expression:
    return "cmp", {"sreg": 1, "op": operation, "data": _value(value)}


def _between(first: bytes, last: bytes) -> Rule:
    """Match of a value from `first` to `last`."""
    if first == last:
        return [_compare(_EQUAL, first)]
    return [_compare(_AT_LEAST, first), _compare(_AT_MOST, last)]


def _found(name: str) -> Expression:
    return "lookup", {"set": name, "sreg": 1}


def _verdict(code: int) -> Expression:
    verdict = {"attrs": [("NFTA_VERDICT_CODE", code)]}
    return "immediate", {"dreg": 0, "data": {"attrs": [("NFTA_DATA_VERDICT", verdict)]}}


def _value(value: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}
