"""Pure: what was held against a source, packed small.

A suspect's evidence is bytes, because a hundred thousand lists would cost more
than what is in them.  It keeps the newest records, each with what it was worth.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from amiguard.model import Endpoint, Prefix, SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

Told = Literal["log", "ami", "notice"]
"""By what a record was told."""

RECORDS: Final = 8
"""The most records a suspect's evidence holds; each has at most `LARGEST` bytes, so 8 KiB in all."""

AMI: Final = "ami "
"""How the name of a channel begins that is an AMI."""

_HEAD: Final = struct.Struct("<HdffBHB")  # size, time, points, score, flags, port, length of the address
_SLOW: Final = struct.Struct("<f")
_PROVEN: Final = 1
_TAMPERED: Final = 2
_SCALES: Final = 4
"""The slow score stands behind the address: older records have none."""
_CUT: Final = 8
_TOLD: Final[dict[Told, int]] = {"log": 0, "ami": 16, "notice": 32}
_TELLER: Final = 48
_TELLERS: Final[dict[int, Told]] = {flags: told for told, flags in _TOLD.items()}
_ABSENT: Final = b"\x01"
LARGEST: Final = 1024
_TEXT: Final = LARGEST - _HEAD.size - _SLOW.size - 16


class Exhibit(NamedTuple):
    """One record of evidence: the event, what it was worth, and the scores after it.

    `score` is that of the fast scale, `slow` that of the slow one.  `told` says by
    what kind of channel it came, `cut` that values were too long to be kept whole.
    """

    event: SecurityEvent
    points: float
    score: float
    proven: bool
    slow: float = 0.0
    told: Told = "log"
    cut: bool = False


def told_by(channel: str) -> Told:
    """By what the channel of this name tells."""
    return "ami" if channel.startswith(AMI) else "log"


def pack(exhibit: Exhibit) -> bytes:
    """One record of at most `LARGEST` bytes: longer values are cut."""
    event, points, score, proven, slow, told, cut = exhibit
    kind, time, service, account, session, local, remote, details, tampered = event
    transport, address, port = remote
    known = [_ABSENT if value is None else value for value in details]
    values = (kind.encode(), service, account, session, local, transport, *known)
    text = b"\0".join(values)
    if len(text) > _TEXT or text.count(b"\0") >= len(values):  # Asterisk's own strings hold no NUL
        text = b"\0".join([value[: _TEXT // len(values) - 1].replace(b"\0", b"") for value in values])
        cut = True
    flags = _PROVEN * proven | _TAMPERED * tampered | _SCALES | _CUT * cut | _TOLD[told]
    rest = address.network + _SLOW.pack(slow) + text
    size = _HEAD.size + len(rest)
    return _HEAD.pack(size, time, points, score, flags, port, len(address.network)) + rest


def without(packed: bytes, records: int) -> bytes:
    """All but so many of the oldest records; none are taken away where the number is below 0."""
    at = 0
    for _ in range(records):
        at += int.from_bytes(packed[at : at + 2], "little")
    return packed[at:]


def unpack(packed: bytes) -> Iterator[Exhibit]:
    """The records, oldest first."""
    at = 0
    while at < len(packed):
        end = at + int.from_bytes(packed[at : at + 2], "little")
        yield _read(packed[at:end])
        at = end


def _read(record: bytes) -> Exhibit:
    _, time, points, score, flags, port, width = _HEAD.unpack_from(record)
    network, rest = record[_HEAD.size :][:width], record[_HEAD.size + width :]
    slow = 0.0
    if flags & _SCALES:
        (slow,) = _SLOW.unpack_from(rest)
        rest = rest[_SLOW.size :]
    kind, service, account, session, local, transport, *details = rest.split(b"\0")
    event = SecurityEvent(
        kind.decode(),
        time,
        service,
        account,
        session,
        local,
        Endpoint(transport, Prefix.of(network), port),
        tuple(None if value == _ABSENT else value for value in details),
        bool(flags & _TAMPERED),
    )
    told, cut = _TELLERS[flags & _TELLER], bool(flags & _CUT)
    return Exhibit(event, points, score, bool(flags & _PROVEN), slow, told, cut)
