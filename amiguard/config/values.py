"""Pure: readers for the kinds of values that this configuration has: durations, networks, ports, paths."""

from __future__ import annotations

import ipaddress
import re

from amiguard.config.schema import Reader, text, wrong
from amiguard.config.shape import Port
from amiguard.model import FOREVER, Prefix
from amiguard.notify.kinds import KINDS, Kind

DURATION = 'a duration such as "10m" (s, m, h, d, w; at most 5200w)'
PATH = text("a path", r"[^\0]+")
UNIT = text('a unit such as "asterisk.service", or ""', r"(?:[A-Za-z0-9:_.@\\-]{1,240}\.(?:service|scope))?")
WORD = text("a text that is not empty, without control characters", r"[^\x00-\x1f\x7f]+")

_DURATION = re.compile(r"([0-9]+)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 5200 * _UNITS["w"]
_PORTS = re.compile(r"(udp|tcp)/([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LAST_PORT = 65535
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})")
_LONGEST_SOCKET = 107


def duration(value: str) -> float:
    """Seconds of a duration such as ``10m``: digits and one of s, m, h, d, w, or ``forever`` (`FOREVER`).

    Raises:
        ValueError: it is none, or longer than 5200 weeks.
    """
    if value == "forever":
        return FOREVER
    match = _DURATION.fullmatch(value)
    seconds = float(match[1]) * _UNITS[match[2]] if match else FOREVER
    if seconds > _LONGEST:
        raise ValueError(f'{value[:40]!r} is neither {DURATION} nor "forever"')
    return seconds


def span(*, zero: bool = False, forever: bool = False) -> Reader[float]:
    """A reader of durations; `zero` and `forever` say which ends are allowed."""
    expected = DURATION + (' or "0s"' if zero else " above zero") + (', or "forever"' if forever else "")

    def read(value: object) -> float:
        try:
            seconds = duration(value if isinstance(value, str) else "")
        except ValueError:
            raise wrong(value, expected) from None
        if (seconds == 0 and not zero) or (seconds == FOREVER and not forever):
            raise wrong(value, expected)
        return seconds

    return read


def network(value: object) -> Prefix:
    """Read an address or a network; a bare IPv6 address is that one address.

    Raises:
        SchemaError: it is neither, or it has bits behind its prefix length.
    """
    try:
        given = ipaddress.ip_interface(value if isinstance(value, str) else "")
    except ValueError:
        given = None
    if given is None or "%" in str(given):
        raise wrong(value, 'an address or a network such as "192.0.2.7" or "2001:db8::/32", without a zone')
    packed = given.network.network_address.packed
    prefix = Prefix.of(packed, given.network.prefixlen)
    if given.packed != packed:
        raise wrong(value, f"no bits behind the prefix length; {prefix} was probably meant")
    return prefix


def port(value: object) -> Port:
    """Read ``udp/5060`` or ``tcp/5060-5061``.

    Raises:
        SchemaError: it is neither, or no such ports exist.
    """
    match = _PORTS.fullmatch(value) if isinstance(value, str) else None
    if match:
        first = int(match[2])
        last = int(match[3] or first)
        if 1 <= first <= last <= _LAST_PORT:
            return Port("udp" if match[1] == "udp" else "tcp", first, last)
    raise wrong(value, 'ports from 1 to 65535 such as "udp/5060" or "tcp/5060-5061"')


def listen(value: object) -> tuple[str, int] | None:
    """Read ``127.0.0.1:9872`` or ``[::1]:9872``; nothing for an empty text.

    Raises:
        SchemaError: it is no address with a port.
    """
    if value == "":
        return None
    match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    try:
        if match and 1 <= int(match[3]) <= _LAST_PORT:
            return str(ipaddress.ip_address(match[1] or match[2])), int(match[3])
    except ValueError:
        pass
    raise wrong(value, '"", or an address and port such as "127.0.0.1:9872" or "[::1]:9872"')


def kind(value: object) -> Kind:
    """Read a kind of news.

    Raises:
        SchemaError: it is none.
    """
    for known in KINDS:
        if value == known:
            return known
    raise wrong(value, f"one of {', '.join(KINDS)}")


def socket(value: object) -> str:
    """Read the path of a Unix socket, for which the kernel has room for 107 bytes (unix(7)).

    Raises:
        SchemaError: it is none, or longer.
    """
    if isinstance(value, str) and "\0" not in value and 0 < len(value.encode()) <= _LONGEST_SOCKET:
        return value
    raise wrong(value, f"the path of a socket, at most {_LONGEST_SOCKET} bytes")
