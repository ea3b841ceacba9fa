"""Edge: who guesses passwords without a tool: a program of its own, which goes on until it is killed.

    python guesser.py MODE SERVER PORT

MODE is a transport of SIP (UDP, TCP, TLS, WS, WSS), or a way to the AMI (plain, MD5, AMI-TLS, HTTP).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import socket
import ssl
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1.0
_AWAY = 0.01
"""Seconds between two guesses: nobody who guesses is nearer to his victim."""
_USER = "limited"


class Here(NamedTuple):
    """The network that this process is in."""

    address4: str = ""
    address6: str = ""

    def inside(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is to be entered."""
        return contextlib.nullcontext()


def guess_sip(transport: str) -> Callable[[str, int, str], None]:
    """Guess the password of phone 101."""

    def guess(server: str, port: int, secret: str) -> None:
        with Line(Here(), server, transport, port) as line:
            phone = Phone(line, "101")
            for n in itertools.count():
                phone.register(f"{secret}-{n}", LIMIT)
                time.sleep(_AWAY)

    return guess


def guess_plain(server: str, port: int, secret: str) -> None:
    """Log in to the AMI with the secret itself."""
    with socket.create_connection((server, port), LIMIT) as manager:
        _log_in(manager, f"Username: {_USER}\r\nSecret: {secret}")


def guess_md5(server: str, port: int, secret: str) -> None:
    """Log in to the AMI with the answer to its challenge."""
    with socket.create_connection((server, port), LIMIT) as manager:
        manager.sendall(b"Action: Challenge\r\nAuthType: MD5\r\n\r\n")
        heard = b""
        while not heard.partition(b"Challenge: ")[2].endswith(b"\r\n\r\n"):
            heard += _received(manager)
        challenge = heard.partition(b"Challenge: ")[2].split()[0]
        key = hashlib.md5(challenge + secret.encode()).hexdigest()
        _log_in(manager, f"AuthType: MD5\r\nUsername: {_USER}\r\nKey: {key}")


def guess_tls(server: str, port: int, secret: str) -> None:
    """Log in to the AMI over TLS."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((server, port), LIMIT) as plain, context.wrap_socket(plain) as manager:
        _log_in(manager, f"Username: {_USER}\r\nSecret: {secret}")


def guess_http(server: str, port: int, secret: str) -> None:
    """Log in to the AMI over HTTP."""
    path = f"/rawman?action=login&username={_USER}&secret={secret}"
    with socket.create_connection((server, port), LIMIT) as web:
        _ask(web, f"GET {path} HTTP/1.0\r\n\r\n")


def _log_in(manager: socket.socket, words: str) -> None:
    _ask(manager, f"Action: Login\r\n{words}\r\n\r\n")


def _ask(manager: socket.socket, words: str) -> None:
    """Ask to be let in and wait for the refusal, which Asterisk is in no hurry to give."""
    manager.settimeout(5 * LIMIT)
    manager.sendall(words.encode())
    heard = b""
    while b"failed" not in heard:
        heard += _received(manager)


def _received(connection: socket.socket) -> bytes:
    received = connection.recv(4096)
    if not received:
        raise ConnectionError("the PBX has hung up")
    return received


_MODES = {mode: guess_sip(mode) for mode in ("UDP", "TCP", "TLS", "WS", "WSS")} | {
    "plain": guess_plain,
    "MD5": guess_md5,
    "AMI-TLS": guess_tls,
    "HTTP": guess_http,
}


def main(mode: str, server: str, port: str) -> None:
    """Guess and guess; who is shut out tries again."""
    for n in itertools.count():
        with contextlib.suppress(OSError):
            _MODES[mode](server, int(port), f"guess{n}")
        time.sleep(_AWAY)


if __name__ == "__main__":
    main(*sys.argv[1:])
