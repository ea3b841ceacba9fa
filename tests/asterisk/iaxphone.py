"""Edge: an IAX2 peer that registers with a password or calls without one, as RFC 5456 has it."""

from __future__ import annotations

import hashlib
import socket
import struct
import time
from typing import Final

PORT: Final = 4569
_HEAD: Final = struct.Struct(">HHIBBBB")
_FULL: Final = 0x8000
_IAX: Final = 6
_NEW, _REJECT, _REGREQ, _REGAUTH, _REGACK, _REGREJ = 1, 6, 13, 14, 15, 16
_AGAIN: Final = 0.3
_LIMIT: Final = 10.0
_NUMBER, _CONTEXT, _USERNAME, _CAPABILITY, _FORMAT, _VERSION = 1, 5, 6, 8, 9, 11
_CHALLENGE, _MD5, _REFRESH = 15, 16, 19
_ULAW: Final = struct.pack(">I", 4)


def register(pbx: str, user: str, password: str, limit: float = _LIMIT) -> bool:
    """Register once, from the network that this thread is in; whether the PBX takes it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect((pbx, PORT))
        words = [(_USERNAME, user.encode()), (_REFRESH, struct.pack(">H", 60))]
        call, _, said = _ask(wire, _frame(_REGREQ, 0, 0, words), limit, _REGAUTH)
        answer = hashlib.md5(said[_CHALLENGE] + password.encode()).hexdigest().encode()
        last = _frame(_REGREQ, call, 1, [*words, (_MD5, answer)])
        return _ask(wire, last, limit, _REGACK, _REGREJ)[1] == _REGACK


def claim(pbx: str, source: str, user: bytes) -> None:
    """Ask to register as this user."""
    words = [(_USERNAME, user), (_REFRESH, struct.pack(">H", 60))]
    _say(pbx, source, _frame(_REGREQ, 0, 0, words), _REGAUTH)


def dial(pbx: str, source: str, number: bytes) -> None:
    """Call this number as a guest, whom the PBX refuses."""
    words = [(_VERSION, struct.pack(">H", 2)), (_NUMBER, number), (_CONTEXT, b"default")]
    words += [(_CAPABILITY, _ULAW), (_FORMAT, _ULAW)]
    _say(pbx, source, _frame(_NEW, 0, 0, words), _REJECT)


def _say(pbx: str, source: str, frame: bytes, answer: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((source, 0))
        wire.connect((pbx, PORT))
        _ask(wire, frame, _LIMIT, answer)


def _frame(kind: int, call: int, number: int, words: list[tuple[int, bytes]]) -> bytes:
    """A frame of the protocol's own: our call is 1, theirs `call`; both have sent as many frames before."""
    head = _HEAD.pack(_FULL | 1, call, number * 10 + 3, number, number, _IAX, kind)
    return head + b"".join(struct.pack("BB", element, len(value)) + value for element, value in words)


def _ask(wire: socket.socket, frame: bytes, limit: float, *kinds: int) -> tuple[int, int, dict[int, bytes]]:
    """Send a frame, again and again, for now and then chan_iax2 passes over one; gives the answer."""
    deadline = time.monotonic() + limit
    wire.settimeout(min(limit, _AGAIN))
    while True:
        wire.send(frame)
        try:
            return _await(wire, *kinds)
        except TimeoutError:
            if time.monotonic() >= deadline:
                raise


def _await(wire: socket.socket, *kinds: int) -> tuple[int, int, dict[int, bytes]]:
    """The next frame of one of these kinds: their call, its kind, and its elements."""
    while True:
        data = wire.recv(4096)
        call, _, _, _, _, frame, kind = _HEAD.unpack_from(data)
        if frame == _IAX and kind in kinds:
            return call & ~_FULL, kind, dict(_elements(data[_HEAD.size :]))


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        element, length = data[:2]
        found.append((element, data[2 : 2 + length]))
        data = data[2 + length :]
    return found
