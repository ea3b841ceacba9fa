"""Pure: what matters of a TLS certificate: DER bytes -> its end, its key's length, its names.

The few steps through ASN.1 that RFC 5280, section 4.1 prescribes; nothing is verified.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SUBJECT_ALT_NAME: Final = b"\x55\x1d\x11"  # 2.5.29.17
_RSA: Final = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1
_VERSION, _EXTENSIONS, _UTC_TIME = 0xA0, 0xA3, 0x17
_LONG: Final = 0x80
_CENTURY: Final = 50


class Certificate(NamedTuple):
    """What matters of a certificate.

    Attributes:
        ends: seconds since the epoch.
        rsa_bits: 0 for keys of other kinds.
        self_signed: issued by its own subject.
        named: it has a subjectAltName, without which no client of today accepts it.
    """

    ends: float
    rsa_bits: int
    self_signed: bool
    named: bool


def certificate(pem: bytes) -> Certificate:
    """Read the first certificate of a PEM file.

    Raises:
        ValueError: there is none, or it is malformed.
    """
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("no certificate in it")
    try:
        return _read(base64.b64decode(found[1]))
    except (IndexError, StopIteration, ValueError, OverflowError) as error:
        raise ValueError("a malformed certificate") from error


def _read(der: bytes) -> Certificate:
    parts = _children(_first(_first(der)))
    if next(parts)[0] == _VERSION:
        next(parts)  # the serial number
    _, (_, issuer), (_, validity), (_, subject), (_, key), *rest = parts
    _, (when, end) = _children(validity)
    extensions = b"".join(value for kind, value in rest if kind == _EXTENSIONS)
    return Certificate(_time(when, end), _rsa_bits(key), issuer == subject, _has_names(extensions))


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & _LONG:
            size = length - _LONG
            length, at = int.from_bytes(data[at : at + size]), at + size
        yield tag, data[at : at + length]
        at += length


def _first(data: bytes) -> bytes:
    return next(_children(data))[1]


def _time(tag: int, text: bytes) -> float:
    """UTCTime has two digits of the year, from 1950 to 2049."""
    century = b"" if tag != _UTC_TIME else b"19" if int(text[:2]) >= _CENTURY else b"20"
    return (
        datetime.strptime((century + text).decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
    )


def _rsa_bits(key: bytes) -> int:
    (_, algorithm), (_, bits) = _children(key)
    if _first(algorithm) != _RSA:
        return 0
    return int.from_bytes(_first(_first(bits[1:]))).bit_length()


def _has_names(extensions: bytes) -> bool:
    if not extensions:
        return False
    return any(_first(value) == _SUBJECT_ALT_NAME for _, value in _children(_first(extensions)))
