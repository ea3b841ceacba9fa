"""Pure: the nouns that flow through the house; nothing in here acts.

A line of text becomes a `SecurityEvent`, some events become an `Offence`, an
offence becomes a `Ban`, a ban becomes one netlink transaction.  All times are
seconds since the epoch as floats; a time that never comes is `FOREVER`.
"""

from __future__ import annotations

import ipaddress
import math
from typing import Final, Literal, NamedTuple, Self

FOREVER: Final = math.inf
IPV4_BYTES: Final = 4

Scope = Literal["house", "door"]
Proof = Literal["proven", "unproven"]
Origin = Literal["judged", "operator", "fail2ban", "fleet"]

_LENGTHS: Final = tuple(length.to_bytes(1) for length in range(129))
_MAPPED: Final = b"\x00" * 10 + b"\xff\xff"


class Prefix(NamedTuple):
    """An IPv4 or IPv6 network: what is scored, banned and allowed.

    `network` is 4 or 16 bytes in network order with all bits behind `length`
    zero.  IPv4-mapped IPv6 never appears: it is IPv4.
    """

    network: bytes
    length: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address or ``address/length``; bits behind the length must be zero.

        Raises:
            ValueError: the text is neither, or it has a zone (``%eth0``).
        """
        address = ipaddress.ip_interface(text)
        if "%" in text:
            raise ValueError(f"{text!r} has a zone, which no packet carries")
        if address.ip != address.network.network_address:
            raise ValueError(f"{text!r} has bits set behind its prefix length")
        return cls.of(address.packed, address.network.prefixlen)

    @classmethod
    def of(cls, packed: bytes, length: int = -1) -> Self:
        """Make the network of `length` bits (all, by default) that holds the packed address."""
        if len(packed) > IPV4_BYTES and packed.startswith(_MAPPED):
            packed, length = packed[len(_MAPPED) :], max(length - 96, 0) if length >= 0 else 32
        bits = len(packed) * 8
        if length < 0 or length >= bits:
            return cls(packed, bits)
        shift = bits - length
        return cls((int.from_bytes(packed) >> shift << shift).to_bytes(bits // 8), length)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Out of `packed`."""
        return cls(packed[:-1], packed[-1])

    @property
    def packed(self) -> bytes:
        """Network and length as bytes: as a key, half as large as we are."""
        return self.network + _LENGTHS[self.length]

    @property
    def bits(self) -> int:
        """Length of an address of this family: 32 or 128."""
        return len(self.network) * 8

    @property
    def version(self) -> Literal[4, 6]:
        """The IP version."""
        return 4 if len(self.network) == IPV4_BYTES else 6

    @property
    def is_ipv6(self) -> bool:
        """Whether this is an IPv6 network."""
        return len(self.network) > IPV4_BYTES

    @property
    def address(self) -> str:
        """The network address alone, as text."""
        if len(self.network) == IPV4_BYTES:
            return "{}.{}.{}.{}".format(*self.network)  # half the time that a join takes
        return str(ipaddress.IPv6Address(self.network))

    def within(self, length: int) -> Prefix:
        """The network of at most `length` bits around this one."""
        return self if length >= self.length else Prefix.of(self.network, length)

    def covers(self, other: Prefix) -> bool:
        """Whether every address of `other` is in this network."""
        return (
            len(self.network) == len(other.network)
            and self.length <= other.length
            and Prefix.of(other.network, self.length).network == self.network
        )

    def overlaps(self, other: Prefix) -> bool:
        """Whether the two share an address."""
        return self.covers(other) or other.covers(self)

    def __str__(self) -> str:
        return self.address if self.length == self.bits else f"{self.address}/{self.length}"


class Endpoint(NamedTuple):
    """One end of a conversation; `transport` is empty where Asterisk did not know it."""

    transport: bytes
    address: Prefix
    port: int


class Peer(NamedTuple):
    """Somebody who belongs to the PBX, whether or not he has logged in: a trunk, a registered phone.

    `port` is the UDP port that its SIP comes from, 0 where that is not known.
    `origin` says how we know, and where. `registered`: it has registered, and so
    has chosen the address itself; the others an administrator wrote down.
    """

    network: Prefix
    port: int
    origin: str
    registered: bool = False


class SecurityEvent(NamedTuple):
    """What Asterisk said, the same value whether it came by log or by AMI.

    Texts are Asterisk's bytes, never decoded: an attacker may have written
    them.  `details` holds what follows the addresses, in the order of the
    kind's table, absent ones as None and `ExpectedResponse` left out.  `tampered`:
    a value holds bytes that no honest peer sends, and the source is known even so.
    """

    kind: str
    time: float
    service: bytes
    account: bytes
    session: bytes
    local: bytes
    remote: Endpoint
    details: tuple[bytes | None, ...]
    tampered: bool = False


class Offence(NamedTuple):
    """A source's score has reached a threshold."""

    source: Prefix
    time: float
    score: float
    proof: Proof
    reason: str


class Ban(NamedTuple):
    """Keep `source` out from `since` until `until` (`FOREVER`: for good).

    A *house* ban closes every port (or `firewall.ports`), a *door* ban only
    UDP to the SIP ports.  `strike` counts the source's bans within
    `ban.forget_after`, from 1; 0 for a ban that nobody judged.
    """

    source: Prefix
    scope: Scope
    proof: Proof
    since: float
    until: float
    reason: str
    origin: Origin = "judged"
    strike: int = 0
    score: float = 0.0

    @property
    def key(self) -> tuple[Prefix, Scope, float]:
        """What tells it from all other bans, past ones too."""
        return self.source, self.scope, self.since

    def left(self, now: float) -> float | None:
        """Seconds that it runs on after `now`; None for good."""
        return None if self.until == FOREVER else self.until - now


class Verdict(NamedTuple):
    """A ban, the packed evidence that it rests on, and the ban of the same source that it replaces."""

    ban: Ban
    evidence: bytes = b""
    replaced: Ban | None = None


AlarmKind = Literal["breach", "suppressed", "broken phone", "distributed guessing"]


class Alarm(NamedTuple):
    """Something an administrator should hear of, said once: no ban comes of it.

    `about` tells apart what is said of one source for different reasons: an account.
    """

    what: AlarmKind
    source: Prefix
    time: float
    text: str
    evidence: bytes = b""
    about: bytes = b""
