"""Pure: what was held against a source, packed small.

A suspect's evidence is bytes, because a hundred thousand lists would cost more
than what is in them.  It keeps the newest records, each with what it was worth.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.model import Endpoint, Prefix, SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS: Final = 8
"""The most records a suspect's evidence holds; each has at most `LARGEST` bytes, so 8 KiB in all."""

_HEAD: Final = struct.Struct("<HdffBHB")  # size, time, points, score, flags, port, length of the address
_PROVEN: Final = 1
_TAMPERED: Final = 2
_ABSENT: Final = b"\x01"
LARGEST: Final = 1024
_TEXT: Final = LARGEST - _HEAD.size - 16


class Exhibit(NamedTuple):
    """One record of evidence: the event, what it was worth, and the score after it."""

    event: SecurityEvent
    points: float
    score: float
    proven: bool


def pack(exhibit: Exhibit) -> bytes:
    """One record of at most `LARGEST` bytes: longer values are cut."""
    event, points, score, proven = exhibit
    kind, time, service, account, session, local, remote, details, tampered = event
    transport, address, port = remote
    known = [_ABSENT if value is None else value for value in details]
    values = (kind.encode(), service, account, session, local, transport, *known)
    text = b"\0".join(values)
    if len(text) > _TEXT or text.count(b"\0") >= len(values):  # Asterisk's own strings hold no NUL
        text = b"\0".join([value[: _TEXT // len(values) - 1].replace(b"\0", b"") for value in values])
    flags = _PROVEN * proven | _TAMPERED * tampered
    network = address.network
    size = _HEAD.size + len(network) + len(text)
    return _HEAD.pack(size, time, points, score, flags, port, len(network)) + network + text


def append(packed: bytes, records: int, record: bytes) -> bytes:
    """Add a record behind the `records` others; the oldest makes room where there are `RECORDS`."""
    if records < RECORDS:
        return packed + record
    return packed[int.from_bytes(packed[:2], "little") :] + record


def unpack(packed: bytes) -> Iterator[Exhibit]:
    """The records, oldest first."""
    for start in _starts(packed):
        size, time, points, score, flags, port, width = _HEAD.unpack_from(packed, start)
        begin = start + _HEAD.size
        network, text = packed[begin : begin + width], packed[begin + width : start + size]
        kind, service, account, session, local, transport, *details = text.split(b"\0")
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
        yield Exhibit(event, points, score, bool(flags & _PROVEN))


def _starts(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        yield at
        at += int.from_bytes(packed[at : at + 2], "little")
