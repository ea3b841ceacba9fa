"""Pure: what the service and a filter's worker say to each other, as bytes.

The service sends lines and waits for the answer before it sends more: so a pipe
never holds more than one of each, and neither can be made to keep anything.
"""

from __future__ import annotations

import json
import struct
from typing import Final, NamedTuple

from amiguard.fail2ban.matcher import Failure

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a frame's body."""
_HEAD: Final = struct.Struct("!I")
HEAD: Final = _HEAD.size
_WORK: Final = struct.Struct("!dI")
_SHOWN: Final = 200
"""Characters of a line, and of a name in it, that are told."""


class Work(NamedTuple):
    """Lines, each with its LF, of a log that has this number; `now` is in seconds since the epoch."""

    now: float
    log: int
    data: bytes


class Finding(NamedTuple):
    """A failure that was found, and the beginning of its line."""

    failure: Failure
    line: str


class Answer(NamedTuple):
    """What was found in the first `used` bytes; `overran`: the last line of them took too long."""

    used: int
    overran: bool
    findings: tuple[Finding, ...] = ()


def size(head: bytes) -> int:
    """How long the body is behind this head, which has `HEAD` bytes.

    Raises:
        ValueError: longer than any.
    """
    (length,) = _HEAD.unpack(head)
    if length > LARGEST:
        raise ValueError(f"a frame of {length} bytes")
    return int(length)


def work(asked: Work) -> bytes:
    """A frame that asks."""
    return _framed(_WORK.pack(asked.now, asked.log) + asked.data)


def worked(body: bytes) -> Work:
    """What a frame asks."""
    now, log = _WORK.unpack_from(body)
    return Work(now, log, body[_WORK.size :])


def answer(given: Answer) -> bytes:
    """A frame that answers."""
    rows = [(f.who[:_SHOWN], f.time, f.user[:_SHOWN], line[:_SHOWN]) for f, line in given.findings]
    return _framed(json.dumps((given.used, given.overran, rows)).encode())


def answered(body: bytes) -> Answer:
    """What a frame answers.

    Raises:
        ValueError: it is no answer.
    """
    used, overran, rows = json.loads(body)
    return Answer(used, overran, tuple(Finding(Failure(*row[:3]), row[3]) for row in rows))


def _framed(body: bytes) -> bytes:
    return _HEAD.pack(len(body)) + body
