"""Pure: Asterisk's address lists, judged by asking who would get in.

As in main/acl.c: rules in order, the last that fits decides, and whom none
fits may come in.  Named lists (``acl = ...``) are asked one after the other.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.sections import Conf, Variable, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STRANGERS: Final = ("203.0.113.1", "2001:db8::1")
NEIGHBOURS: Final = ("10.9.8.7", "192.168.77.7")
LOOPBACK: Final = ("127.0.0.1", "::1")

_BITS: Final = {4: 32, 6: 128}
_LENGTH: Final = re.compile(r"\s*\+?([0-9]{1,30})")
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]{1,30}|[0-9]{1,30}")
_PARTS: Final = 4
_IPV4: Final = 4
_LOOPBACK_BYTE: Final = 127


class Address(NamedTuple):
    """An address as a number, and its family."""

    number: int
    version: int


class Rung(NamedTuple):
    """One network of a ``permit`` or ``deny`` line."""

    allow: bool
    network: Address
    mask: int
    variable: Variable

    @property
    def length(self) -> int:
        """Bits of the mask."""
        return self.mask.bit_count()

    @property
    def is_single(self) -> bool:
        """Whether it is one address."""
        return self.length == _BITS[self.network.version]

    @property
    def is_loopback(self) -> bool:
        """Whether it holds addresses of loopback alone."""
        return _is_loopback(self.network)

    def fits(self, address: Address) -> bool:
        """Whether the address is in the network."""
        return self.network == (address.number & self.mask, address.version)

    def covers(self, other: Rung) -> bool:
        """Whether all of the other network is in this one."""
        return self.fits(other.network) and self.mask & other.mask == self.mask


@dataclass(frozen=True, slots=True)
class Acl:
    """Lists that must all let somebody in.

    Attributes:
        ladders: each a list of rules in order.
        broken: a line that Asterisk cannot read; whose it is lets nobody in.
        missing: an ``acl =`` line that names a list which there is not.
    """

    ladders: tuple[tuple[Rung, ...], ...] = ()
    broken: Variable | None = None
    missing: Variable | None = None

    @property
    def exists(self) -> bool:
        """Whether there is any list."""
        return bool(self.ladders or self.broken or self.missing)

    @property
    def rungs(self) -> Iterator[Rung]:
        """All rules."""
        return (rung for ladder in self.ladders for rung in ladder)

    @property
    def lines(self) -> list[Variable]:
        """The lines that it is made of."""
        return list(dict.fromkeys(rung.variable for rung in self.rungs))

    def admits(self, text: str) -> bool:
        """Whether that address would get in."""
        return self.lets(address(text))

    def lets(self, who: Address) -> bool:
        """As `admits`."""
        if self.broken or self.missing:
            return False
        return all(_allowed(ladder, who) for ladder in self.ladders)

    def shadowed(self) -> Iterator[tuple[Rung, Rung]]:
        """Rules without effect, each with the later and wider one that decides otherwise."""
        for ladder in self.ladders:
            for index, rung in enumerate(ladder):
                over = [each for each in ladder[index + 1 :] if each.fits(rung.network)]
                if over and over[-1].allow != rung.allow and over[-1].covers(rung):
                    yield rung, over[-1]

    def doors(self) -> Iterator[Rung]:
        """The ``permit`` networks that let somebody in."""
        return (rung for rung in self.rungs if rung.allow and self.lets(rung.network))


def acl(variables: Iterable[Variable], named: Conf) -> Acl:
    """Read ``permit``, ``deny`` and ``acl`` lines; `named` is acl.conf."""
    lines = list(variables)
    own, broken = _ladder(lines)
    ladders = [own] if own else []
    missing = None
    for variable in (each for each in lines if fold(each.name) == "acl"):
        for section in map(named.section, map(str.lstrip, variable.value.split(","))):
            missing = missing or (None if section else variable)
            ladders.append(_ladder(section.variables if section else ())[0])
    return Acl(tuple(ladders), broken, missing)


def address(text: str) -> Address:
    """An address as a number; mapped IPv6 is IPv4.

    Raises:
        ValueError: it is none.
    """
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return Address(_old_style(text), 4)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return Address(int(found), found.version)


def _ladder(lines: Iterable[Variable]) -> tuple[tuple[Rung, ...], Variable | None]:
    """The rules up to the first line that cannot be read, and that line."""
    rungs: list[Rung] = []
    for variable in lines:
        if fold(variable.name) in {"permit", "deny"}:
            try:
                rungs += _rungs(variable)
            except ValueError:
                return tuple(rungs), variable
    return tuple(rungs), None


def _rungs(variable: Variable) -> Iterator[Rung]:
    """The networks of a line.  A blank is part of the address, and makes it none."""
    allow = fold(variable.name).startswith("p")
    for part in variable.value.split(","):
        host, slash, length = part.partition("/")
        network = address(host.removeprefix("!"))
        mask = _mask(length, network.version) if slash else (1 << _BITS[network.version]) - 1
        within = Address(network.number & mask, network.version)
        yield Rung(allow != host.startswith("!"), within, mask, variable)


def _mask(text: str, version: int) -> int:
    if ":" in text or "." in text:
        mask = address(text)
        if mask.version != version:
            raise ValueError("address and mask are of different families")
        return mask.number
    found, bits = _LENGTH.match(text), _BITS[version]
    if found is None or int(found[1]) > bits:
        raise ValueError("no prefix length")
    return (1 << bits) - (1 << bits - int(found[1]))


def _old_style(text: str) -> int:
    """An IPv4 address as inet_aton(3) has it: ``10.1`` is 10.0.0.1, ``010`` is eight."""
    parts = text.split(".")
    if len(parts) > _PARTS or not all(map(_NUMBER.fullmatch, parts)):
        raise ValueError(f"{text!r} is no address")
    *firsts, last = [_c_number(part) for part in parts]
    room = 256 ** (_PARTS - len(firsts))
    if last >= room or any(first > 255 for first in firsts):  # noqa: PLR2004 - a byte
        raise ValueError(f"{text!r} is no address")
    return last + sum(first << 8 * (3 - index) for index, first in enumerate(firsts))


def _c_number(text: str) -> int:
    base = 16 if text[:2].lower() == "0x" else 8 if text.startswith("0") else 10
    return int(text, base)


def _is_loopback(who: Address) -> bool:
    return who.number >> 24 == _LOOPBACK_BYTE if who.version == _IPV4 else who.number == 1


def _allowed(ladder: tuple[Rung, ...], who: Address) -> bool:
    return next((rung.allow for rung in reversed(ladder) if rung.fits(who)), True)
