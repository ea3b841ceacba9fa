"""Edge: packets whose sender is forged, as anybody can send them who sits at no honest provider."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from networks import Host

_HOPS = 64
_IPV4_HEADER = 20
_UDP_HEADER = 8


class Forger:
    """Sends over UDP in the name of others; a context manager.

    Args:
        host: where he is.
        server: the PBX's address, which decides about IPv4 or IPv6.
    """

    def __init__(self, host: Host, server: str) -> None:
        self._family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self._head = _head6 if ":" in server else _head4
        self._server = server
        self._there = socket.inet_pton(self._family, server)
        with host.inside():
            self._socket = socket.socket(self._family, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, sender: str, port: int, message: bytes, to_port: int) -> None:
        """Send one packet in the name of `sender` and `port`."""
        size = _UDP_HEADER + len(message)
        addresses = socket.inet_pton(self._family, sender) + self._there
        udp = struct.pack(">HHHH", port, to_port, size, 0) + message
        self._socket.sendto(self._head(addresses, udp), (self._server, 0))


def _head4(addresses: bytes, udp: bytes) -> bytes:
    """An IPv4 packet, whose length and checksum the kernel writes; UDP may go without a checksum."""
    head = (0x45, 0, _IPV4_HEADER + len(udp), 0, 0, _HOPS, socket.IPPROTO_UDP, 0)
    return struct.pack(">BBHHHBBH", *head) + addresses + udp


def _head6(addresses: bytes, udp: bytes) -> bytes:
    """An IPv6 packet, where UDP must have its checksum (RFC 8200)."""
    pseudo = addresses + struct.pack(">II", len(udp), socket.IPPROTO_UDP)
    summed = udp[:6] + struct.pack(">H", _checksum(pseudo + udp)) + udp[_UDP_HEADER:]
    return struct.pack(">IHBB", 6 << 28, len(udp), socket.IPPROTO_UDP, _HOPS) + addresses + summed


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); none is written as 0, which would mean that there is none."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF) or 0xFFFF
