"""Pure: nf_tables netlink messages as bytes: requests, transactions, answers.

The layouts are those of linux/netlink.h, linux/netfilter/nfnetlink.h and
linux/netfilter/nf_tables.h: message and attribute headers in host order, all
values in network order, everything aligned to 4 bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Message types: nf_tables' own are in the subsystem's page, the rest are netlink's.
_NF_TABLES = 10
NEWTABLE, GETTABLE, DELTABLE = (_NF_TABLES << 8 | number for number in (0, 1, 2))
NEWCHAIN, GETCHAIN = (_NF_TABLES << 8 | number for number in (3, 4))
NEWRULE, GETRULE, DELRULE = (_NF_TABLES << 8 | number for number in (6, 7, 8))
NEWSET, GETSET = (_NF_TABLES << 8 | number for number in (9, 10))
NEWSETELEM, GETSETELEM, DELSETELEM = (_NF_TABLES << 8 | number for number in (12, 13, 14))
NEWGEN, GETGEN = (_NF_TABLES << 8 | number for number in (15, 16))
GETFLOWTABLE = _NF_TABLES << 8 | 23
ERROR, DONE = 2, 3
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11

# Message flags.
_REQUEST = 0x1
ACK = 0x4
DUMP_INTERRUPTED = 0x10
DUMP = 0x300
EXCLUSIVE = 0x200
CREATE = 0x400
APPEND = 0x800

INET = 1
NESTED = 0x8000
_KIND_MASK = 0x3FFF
_HEADER = struct.Struct("=HH")
_MESSAGE = struct.Struct("=IHHII")
_FAMILY = struct.Struct(">BBH")
_ERRNO = struct.Struct("=i")

_ERROR_TEXT = 1


class MalformedError(ValueError):
    """Bytes that are no netlink message."""


class Request(NamedTuple):
    """One message of a transaction before it is framed; `what` tells a human what it asks for."""

    kind: int
    body: bytes
    what: str
    flags: int = CREATE | APPEND


class Message(NamedTuple):
    """One message of the kernel; `port` is the netlink port of the socket that caused it."""

    kind: int
    flags: int
    sequence: int
    port: int
    body: bytes


class Refusal(NamedTuple):
    """The kernel's answer to a request: `code` is an errno, 0 for an acknowledgement."""

    code: int
    text: str


def attribute(kind: int, value: bytes) -> bytes:
    """Pack one attribute, padded."""
    length = _HEADER.size + len(value)
    return _HEADER.pack(length, kind) + value + bytes(-length % 4)


def text(kind: int, value: str) -> bytes:
    """Pack a string attribute."""
    return attribute(kind, value.encode() + b"\0")


def attributes(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (type, value) of packed attributes.

    Raises:
        MalformedError: a length does not fit.
    """
    offset = 0
    while offset < len(block):
        length = attribute_length(block, offset)
        kind = _HEADER.unpack_from(block, offset)[1]
        yield kind & _KIND_MASK, block[offset + _HEADER.size : offset + length]
        offset += aligned(length)


def attribute_length(block: bytes, offset: int) -> int:
    """Length of the attribute that begins there, its header included and its padding not.

    Raises:
        MalformedError: it does not fit.
    """
    left = len(block) - offset
    length: int = _HEADER.unpack_from(block, offset)[0] if left >= _HEADER.size else 0
    if not _HEADER.size <= length <= left:
        raise MalformedError(f"an attribute of {length} bytes where {left} are left")
    return length


def aligned(length: int) -> int:
    """Length with its padding."""
    return (length + 3) & ~3


def body(attrs: bytes, family: int = INET, resource: int = 0) -> bytes:
    """Put the header that all of netfilter's messages share before the attributes."""
    return _FAMILY.pack(family, 0, resource) + attrs


def frame(kind: int, content: bytes, sequence: int, flags: int = 0) -> bytes:
    """Make a request of a body."""
    return _MESSAGE.pack(_MESSAGE.size + len(content), kind, flags | _REQUEST, sequence, 0) + content


def transaction(requests: Sequence[Request], sequence: int) -> bytes:
    """Frame requests as one transaction, numbered from ``sequence + 1``.

    Only the last is to be acknowledged; errors come back for each anyway, and
    those of the whole transaction under `sequence` itself.
    """
    last = len(requests)
    edge = body(b"", family=0, resource=_NF_TABLES)
    framed = [
        frame(kind, content, sequence + place, flags | (ACK if place == last else 0))
        for place, (kind, content, _, flags) in enumerate(requests, 1)
    ]
    begin, end = frame(_BATCH_BEGIN, edge, sequence), frame(_BATCH_END, edge, sequence + last + 1)
    return b"".join([begin, *framed, end])


def messages(datagram: bytes) -> Iterator[Message]:
    """Take apart what one read from the socket gave.

    Raises:
        MalformedError: a length does not fit.
    """
    offset = 0
    while offset < len(datagram):
        left = len(datagram) - offset
        head = _MESSAGE.unpack_from(datagram, offset) if left >= _MESSAGE.size else (0, 0, 0, 0, 0)
        length, kind, flags, sequence, port = head
        if not _MESSAGE.size <= length <= left:
            raise MalformedError(f"a message of {length} bytes where {left} are left")
        yield Message(kind, flags, sequence, port, datagram[offset + _MESSAGE.size : offset + length])
        offset += aligned(length)


def content(message: Message) -> bytes:
    """The attributes of a message of netfilter."""
    return message.body[_FAMILY.size :]


def refusal(message: Message) -> Refusal:
    """Read an `ERROR` message, with the kernel's own words if it has some.

    Raises:
        MalformedError: it is too short to be one.
    """
    if len(message.body) < _ERRNO.size:
        raise MalformedError("an error without a number")
    code = -_ERRNO.unpack_from(message.body)[0]
    words = message.body[_ERRNO.size + _MESSAGE.size :]
    told = dict(attributes(words)) if code else {}
    return Refusal(code, told.get(_ERROR_TEXT, b"").rstrip(b"\0").decode(errors="replace"))


def integer(value: bytes) -> int:
    """Read a number in network order; none is 0."""
    return int.from_bytes(value)


def signed(value: bytes) -> int:
    """Read a number that may be negative, in network order; none is 0."""
    return int.from_bytes(value, signed=True)
