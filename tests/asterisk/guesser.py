"""Edge: who guesses passwords without a tool: a program of its own, which goes on until it is killed.

    python guesser.py MODE SERVER PORT USER

MODE is a transport of SIP (UDP, TCP, TLS, WS, WSS), or a way to the AMI (plain, MD5,
AMI-TLS, MD5-TLS, HTTP, HTTPS).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from sipphone import Line, Phone
from sipwords import PORTS

LIMIT = 1.0
_AWAY = 0.01
"""Seconds between two guesses: nobody who guesses is nearer to his victim."""


class Here(NamedTuple):
    """The network that this process is in."""

    address4: str = ""
    address6: str = ""

    def inside(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is to be entered."""
        return contextlib.nullcontext()


Guess = Callable[[str, int, str, str], None]
"""Guesses at an address and port that a user has a secret, or one like it."""
Connect = Callable[[str, int], socket.socket]


def guess_sip(transport: str) -> Guess:
    """Guess the password of a phone."""

    def guess(server: str, port: int, user: str, secret: str) -> None:
        with Line(Here(), server, transport, port) as line:
            phone = Phone(line, user)
            for n in itertools.count():
                phone.register(f"{secret}-{n}", LIMIT)
                time.sleep(_AWAY)

    return guess


def guess_plain(connect: Connect) -> Guess:
    """Log in to the AMI with the secret itself."""

    def guess(server: str, port: int, user: str, secret: str) -> None:
        with connect(server, port) as manager:
            _log_in(manager, f"Username: {user}\r\nSecret: {secret}")

    return guess


def guess_md5(connect: Connect) -> Guess:
    """Log in to the AMI with the answer to its challenge."""

    def guess(server: str, port: int, user: str, secret: str) -> None:
        with connect(server, port) as manager:
            manager.sendall(b"Action: Challenge\r\nAuthType: MD5\r\n\r\n")
            heard = b""
            while not heard.partition(b"Challenge: ")[2].endswith(b"\r\n\r\n"):
                heard += _received(manager)
            challenge = heard.partition(b"Challenge: ")[2].split()[0]
            key = hashlib.md5(challenge + secret.encode()).hexdigest()
            _log_in(manager, f"AuthType: MD5\r\nUsername: {user}\r\nKey: {key}")

    return guess


def guess_http(connect: Connect) -> Guess:
    """Log in to the AMI over HTTP."""

    def guess(server: str, port: int, user: str, secret: str) -> None:
        path = f"/rawman?action=login&username={user}&secret={secret}"
        with connect(server, port) as web:
            _ask(web, f"GET {path} HTTP/1.0\r\n\r\n")

    return guess


def plain(server: str, port: int, limit: float = LIMIT) -> socket.socket:
    """A TCP connection, made within so many seconds."""
    return socket.create_connection((server, port), limit)


def encrypted(server: str, port: int) -> socket.socket:
    """A TLS connection, to whomever."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain(server, port))


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


_MODES = {mode: guess_sip(mode) for mode in PORTS} | {
    "plain": guess_plain(plain),
    "MD5": guess_md5(plain),
    "AMI-TLS": guess_plain(encrypted),
    "MD5-TLS": guess_md5(encrypted),
    "HTTP": guess_http(plain),
    "HTTPS": guess_http(encrypted),
}


def main(mode: str, server: str, port: str, user: str) -> None:
    """Guess and guess; who is shut out tries again."""
    for n in itertools.count():
        with contextlib.suppress(OSError):
            _MODES[mode](server, int(port), user, f"guess{n}")
        time.sleep(_AWAY)


if __name__ == "__main__":
    main(*sys.argv[1:])
