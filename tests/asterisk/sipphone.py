"""Edge: a phone, or who pretends to be one, over UDP, TCP, TLS or a web socket (WS, WSS)."""

from __future__ import annotations

import base64
import itertools
import os
import socket
import ssl
import struct
import time
from typing import TYPE_CHECKING, Self

import pbxconf
import sipwords
from sipwords import Request

if TYPE_CHECKING:
    from networks import Host

PATIENCE = 5.0
"""Seconds to wait for an answer that must come."""

_WEB = ("WS", "WSS")
_ENCRYPTED = ("TLS", "WSS")
_calls = itertools.count(1)
_HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Line:
    """A way to the PBX; a context manager.

    Args:
        host: where we are.
        server: the PBX's address, which decides about IPv4 or IPv6.
        transport: UDP, TCP, TLS, WS or WSS.
        port: of the PBX; by default PJSIP's.
        source: our own address; by default the host's first.
    """

    def __init__(
        self, host: Host, server: str, transport: str = "UDP", port: int | None = None, source: str = ""
    ) -> None:
        self.server = server
        self.transport = transport
        there = (server, port or sipwords.PORTS[transport])
        here = (source or (host.address6 if ":" in server else host.address4), 0)
        with host.inside():
            self._socket = _connected(transport, there, here)
        self.address, self.port = self._socket.getsockname()[:2]
        self._unread = b""
        self._web = transport in _WEB
        if self._web:
            self._shake_hands()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, message: bytes) -> None:
        """Send a message."""
        self._socket.sendall(_frame(message) if self._web else message)

    def hear(self, limit: float = PATIENCE) -> bytes:
        """The next message.

        Raises:
            TimeoutError: none came within `limit` seconds.
            ConnectionError: the PBX has hung up.
        """
        self._socket.settimeout(limit)
        if self.transport == "UDP":
            return self._socket.recv(65536)
        return self._unframe() if self._web else self._message()

    def _message(self) -> bytes:
        """One message of a stream of them."""
        head = self._until(b"\r\n\r\n")
        return head + self._exactly(sipwords.length(head))

    def _unframe(self) -> bytes:
        """One frame of a web socket; the server's are not masked (RFC 6455)."""
        size = self._exactly(2)[1]
        if size == 126:
            (size,) = struct.unpack(">H", self._exactly(2))
        return self._exactly(size)

    def _shake_hands(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(_HANDSHAKE.format(self.server, key).encode())
        answer = self._until(b"\r\n\r\n")
        assert b" 101 " in answer, answer

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            self._read()
        return self._exactly(self._unread.index(mark) + len(mark))

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._read()
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def _read(self) -> None:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the PBX has hung up")
        self._unread += received


class Phone:
    """Speaks SIP along a line as one user; each of its calls has a Call-ID of its own."""

    def __init__(self, line: Line, user: str) -> None:
        self.line = line
        self.user = user

    def request(self, method: str, *, call_id: str = "", target: str = "", expires: int = 300) -> Request:
        """A request to be changed or sent."""
        line = self.line
        name = call_id or f"call{next(_calls)}-{os.getpid()}"
        return Request(
            method, self.user, line.server, line.transport, line.address, line.port, name, 1, target, expires
        )

    def ask(self, request: Request, limit: float = PATIENCE) -> bytes:
        """Send it and wait for its final answer, passing over those to earlier requests.

        Raises:
            TimeoutError: none came within `limit` seconds.
        """
        self.line.send(bytes(request))
        deadline = time.monotonic() + limit
        wanted = (f"CSeq: {request.number} {request.method}".encode(), f"Call-ID: {request.call_id}".encode())
        while True:
            answer = self.line.hear(max(deadline - time.monotonic(), 0.001))
            if sipwords.status(answer) >= 200 and all(each in answer for each in wanted):
                return answer

    def register(self, password: str = "", limit: float = PATIENCE, expires: int = 300) -> int:
        """Log in with that password, by default the right one; gives the last answer's code."""
        first = self.request("REGISTER", expires=expires)
        challenge = self.ask(first, limit)
        if sipwords.status(challenge) != 401:
            return sipwords.status(challenge)
        second = first.answering(challenge, password or pbxconf.password(self.user))
        return sipwords.status(self.ask(second, limit))


def _connected(transport: str, there: tuple[str, int], here: tuple[str, int]) -> socket.socket:
    if transport == "UDP":
        family = socket.AF_INET6 if ":" in there[0] else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_DGRAM)
        plain.bind(here)
        plain.connect(there)
        return plain
    stream = socket.create_connection(there, PATIENCE, here)
    if transport not in _ENCRYPTED:
        return stream
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(stream)


def _frame(message: bytes) -> bytes:
    """A masked text frame; the mask of zeros changes nothing."""
    size = len(message)
    head = bytes([0x81, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x81, 0x80 | 126, size)
    return head + bytes(4) + message
