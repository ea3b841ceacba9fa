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
        server: an IPv4 address of the PBX.
    """

    def __init__(self, host: Host, server: str) -> None:
        self._server = server
        with host.inside():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, sender: str, port: int, message: bytes, to_port: int) -> None:
        """Send one packet in the name of `sender` and `port`; the kernel writes length and checksum."""
        size = _UDP_HEADER + len(message)
        there, here = socket.inet_aton(self._server), socket.inet_aton(sender)
        head = struct.pack(
            ">BBHHHBBH4s4s",
            *(0x45, 0, _IPV4_HEADER + size, 0, 0, _HOPS, socket.IPPROTO_UDP, 0),
            *(here, there),
        )
        udp = struct.pack(">HHHH", port, to_port, size, 0)  # 0: no checksum
        self._socket.sendto(head + udp + message, (self._server, 0))
