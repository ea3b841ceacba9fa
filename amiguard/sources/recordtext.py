"""Pure: `SecurityEvent` -> the record in Asterisk's own words, but for what is never kept.

The order is that of `main/security_events.c` of Asterisk.  `ExpectedResponse` is
not there, for no event holds it; EventTV is written in this host's zone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from amiguard.sources.kinds import FAILURE, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.model import Endpoint, SecurityEvent


def record(event: SecurityEvent) -> bytes:
    """The record as Asterisk writes it behind a line's prefix, or another log's line; nothing is escaped."""
    if event.kind == FAILURE.name:
        return event.details[0] or b""
    return b",".join(b'%s="%s"' % (name.encode(), value) for name, value in _fields(event))


def _fields(event: SecurityEvent) -> Iterator[tuple[str, bytes]]:
    kind = KINDS[event.kind]
    yield "SecurityEvent", event.kind.encode()
    yield "EventTV", _eventtv(event.time)
    yield "Severity", kind.severity.encode()
    yield "Service", event.service
    yield "EventVersion", b"%d" % kind.version
    if kind.account_in_head:
        yield "AccountID", event.account
    yield "SessionID", event.session
    yield "LocalAddress", event.local
    yield "RemoteAddress", _address(event.remote)
    for name, value in zip(kind.details, event.details, strict=True):
        if value is not None:
            yield name, value


def _eventtv(time: float) -> bytes:
    moment = datetime.fromtimestamp(round(time, 3)).astimezone()
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}".encode()


def _address(end: Endpoint) -> bytes:
    transport = end.transport + b"/" if end.transport else b""
    return b"IPV%d/%s%s/%d" % (end.address.version, transport, end.address.address.encode(), end.port)
