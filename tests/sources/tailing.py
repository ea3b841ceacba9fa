"""Edge: a log file under a test's hands, and what rotation does to it."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from amiguard.sources.tail import Tail

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.sources.position import Chunk, Position

WIDTH = 100
"""Bytes of a line here: three lines are more than the kept head of a file."""


def lines(*numbers: int) -> bytes:
    return b"".join(b"%06d".ljust(WIDTH, b".") % number + b"\n" for number in numbers)


class Log:
    """A log file and the one who reads it; every write is later than the one before."""

    clock = itertools.count(1_700_000_000)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tail = Tail(path)
        self.chunks: list[Chunk] = []

    def write(self, data: bytes, path: Path | None = None) -> None:
        path = path or self.path
        with path.open("ab") as file:
            file.write(data)
        now = next(self.clock)
        os.utime(path, (now, now))

    def read(self) -> bytes:
        """All that is to be had now; two looks at an end are needed to leave a file."""
        chunks = list(self._chunks())
        self.chunks += chunks
        return b"".join(chunk.data for chunk in chunks)

    def _chunks(self) -> Iterator[Chunk]:
        while (chunk := self.tail.read()) or self.tail.leaving:
            if chunk:
                yield chunk

    def restart(self, position: Position | None = None) -> None:
        position = position or self.chunks[-1].position
        self.tail.close()
        self.tail = Tail(self.path, position)

    def named(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


def sequential(log: Log) -> None:
    """Asterisk's `rotatestrategy = sequential`: the newest has the highest number."""
    number = next(n for n in itertools.count() if not log.named(f".{n}").exists())
    log.path.rename(log.named(f".{number}"))


def rotate(log: Log) -> None:
    """Asterisk's `rotate`, and logrotate's way: the newest is always .1 (Asterisk: .0)."""
    last = next(n for n in itertools.count(1) if not log.named(f".{n}").exists())
    for number in range(last, 1, -1):
        log.named(f".{number - 1}").rename(log.named(f".{number}"))
    log.path.rename(log.named(".1"))


def timestamp(log: Log) -> None:
    """Asterisk's `timestamp`."""
    log.path.rename(log.named(f".{next(log.clock)}"))


def create(log: Log) -> None:
    """Logrotate with `create`: the new file is there at once, and empty."""
    rotate(log)
    log.path.touch()


Rotation = Callable[[Log], None]
RENAMING: list[Rotation] = [sequential, rotate, timestamp, create]


def copytruncate(log: Log) -> None:
    log.path.with_name("security.1").unlink(missing_ok=True)
    shutil.copyfile(log.path, log.named(".1"))
    os.truncate(log.path, 0)


def drop_override() -> None:
    """Give up the right of root (we are root of the namespace) to open what its mode forbids."""
    capabilities = ctypes.create_string_buffer(24)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capset(header, capabilities) == 0
