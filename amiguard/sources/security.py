"""Pure: fields -> `SecurityEvent`, the one mapping in which all channels meet.

Also what can be read off an event whatever channel brought it: a field by its
name, and whether a blind sender could have made the event up.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from amiguard.lately import Lately
from amiguard.model import IPV4_BYTES, Endpoint, Prefix, SecurityEvent
from amiguard.sources.kinds import ACLS, FAILURE, KINDS, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.sources.kinds import EventKind

TAMPERED: Final = "a record tampered with"
"""What a record that was tampered with means, and how the reason of a ban for it begins."""
_CONNECTED: Final = frozenset((b"TCP", b"TLS", b"WS", b"WSS"))
_MODERN: Final = len("2026-11-21T22:21:39.487+0000")
_LAST_PORT: Final = 65_535
_LATEST: Final = 253_370_764_800.0  # the year 9999
_OFFSET: Final = (b"+", b"-")
_REMEMBERED: Final = 8192
_OVERREACHING: Final = frozenset(("RequestNotAllowed", "RequestBadFormat"))
_EPOCH: Final = (b"1970-01-01", b"1969-12-31")
"""How the SessionTV of a session begins that has not logged in, east and west of Greenwich."""

# What a named tuple's own constructor calls: by itself it takes half the time.
_event: Final[Callable[[tuple[object, ...]], SecurityEvent]] = partial(tuple.__new__, SecurityEvent)
_endpoint: Final[Callable[[tuple[object, ...]], Endpoint]] = partial(tuple.__new__, Endpoint)

_DETAIL: Final = {
    (kind.name, field): n for kind in (*KINDS.values(), FAILURE) for n, field in enumerate(kind.details)
}


def _host(text: bytes) -> tuple[bytes, Prefix]:
    """Transport and address of a RemoteAddress without its port."""
    _, *transport, address = text.partition(b"%")[0].split(b"/")
    return (transport[0] if transport else b""), Prefix.of(_packed(address))


def written(host: tuple[bytes, Prefix]) -> bytes:
    """RemoteAddress without its port, as Asterisk writes it, of a transport and an address."""
    transport, address = host
    parts = (b"IPV%d" % address.version, *((transport,) if transport else ()), address.address.encode())
    return b"/".join(parts)


def _packed(text: bytes) -> bytes:
    parts = text.split(b".")
    if b":" not in text and len(parts) == IPV4_BYTES:
        packed = bytes(map(int, parts))  # a part above 255 is a ValueError; three times as fast as ipaddress
        if b"%d.%d.%d.%d" % tuple(packed) != text:
            raise ValueError("leading zeros, which Asterisk never writes")
        return packed
    return ip_address(text.decode("ascii")).packed


class Mapper:
    """Makes events of fields, remembering addresses and the second it read last."""

    def __init__(self) -> None:
        self._hosts = Lately(_host, _REMEMBERED)
        self._second = self._zone = b""
        self._base = 0.0

    def event(
        self,
        kind: EventKind,
        service: bytes,
        eventtv: bytes,
        account: bytes,
        session: bytes,
        local: bytes,
        host: bytes,
        port: bytes,
        details: tuple[bytes | None, ...],
        *,
        tampered: bool = False,
    ) -> SecurityEvent:
        """Make an event; `host` is as in `grammar.address`, `details` in the order of the kind's table.

        Raises:
            ValueError: EventTV is no time, the address is none, or the port is above 65535.
        """
        number = int(port)
        if number > _LAST_PORT:
            raise ValueError("a port beyond the last one")
        transport, address = self._hosts[host]
        remote, time = _endpoint((transport, address, number)), self.time(eventtv)
        return _event((kind.name, time, service, account, session, local, remote, details, tampered))

    def time(self, eventtv: bytes) -> float:
        """Seconds since the epoch of an EventTV.

        `2026-11-21T22:21:39.487+0000` is what Asterisk 12 and later write (local
        time with its offset); `1379444180-215558`, seconds and microseconds,
        what Asterisk 11 wrote.

        Raises:
            ValueError: it is neither.
        """
        if len(eventtv) != _MODERN:
            return _asterisk11(eventtv)
        if eventtv[:20] != self._second or eventtv[23:] != self._zone:
            self._learn(eventtv[:20], eventtv[23:])
        return self._base + int(eventtv[20:23]) / 1000

    def _learn(self, second: bytes, zone: bytes) -> None:
        if zone[:1] not in _OFFSET:
            raise ValueError("an EventTV without an offset: nobody knows whose local time it is")
        self._base = datetime.fromisoformat((second[:-1] + zone).decode("ascii")).timestamp()
        self._second, self._zone = second, zone


def _asterisk11(eventtv: bytes) -> float:
    seconds, _, micros = eventtv.partition(b"-")
    time = int(seconds) + int(micros) / 1e6
    if not 0 <= time <= _LATEST:
        raise ValueError("an EventTV beyond all calendars")
    return time


def detail(event: SecurityEvent, field: str) -> bytes | None:
    """The named field after the addresses; None when the event does not carry it."""
    at = _DETAIL.get((event.kind, field))
    return None if at is None else event.details[at]


def meaning(event: SecurityEvent) -> str:
    """What happened, in plain words."""
    acl = detail(event, "ACLName")
    return TAMPERED if event.tampered else ACLS.get(acl or b"", MEANINGS[event.kind])


def overreaching(event: SecurityEvent) -> bool:
    """Whether somebody who has logged in to the AMI asks for what he may not, or what there is not."""
    session = detail(event, "SessionTV") if event.kind in _OVERREACHING and not event.tampered else None
    return session is not None and not session.startswith(_EPOCH)


def proven(event: SecurityEvent) -> bool:
    """Whether the source address is beyond doubt.

    A UDP source can be forged by anyone, and PJSIP's ChallengeSent carries an
    empty Challenge, so that even a wrong digest shows nothing.  What shows that
    our answer reached the sender: a connection; chan_sip's InvalidPassword that
    brings back the challenge it was sent; a success with a password.
    """
    if event.remote.transport in _CONNECTED:
        return True
    if event.kind == "SuccessfulAuth":
        return event.details[0] == b"1"
    if event.kind == "InvalidPassword" and event.service == b"SIP":
        challenge = detail(event, "Challenge")
        return bool(challenge) and challenge == detail(event, "ReceivedChallenge")
    return False
