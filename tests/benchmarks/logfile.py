"""Edge: a security log as Asterisk writes it: appended, unbuffered, a record at a time."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Self

import records
import traffic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class SecurityLog:
    """A log that grows, or one written beforehand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, text: str) -> None:
        """Append the text with one write, or as few as the system takes."""
        rest = memoryview(text.encode())
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def murmur(self, seconds: float, lines_a_second: int = 100) -> None:
        """Let phones log in for so long, their lines evenly spread and written one by one."""
        dice, book = random.Random(5), traffic.phones()
        end, step = time.perf_counter() + seconds, 1 / lines_a_second
        due = time.perf_counter()
        while due < end:
            for line in traffic.log_in(dice.choice(book), time.time(), dice, records.classic):
                time.sleep(max(due - time.perf_counter(), 0.0))
                self.write(line)
                due += step


def written(path: Path, chunks: Iterable[str]) -> Path:
    """Write a whole log beforehand."""
    with path.open("w", encoding="ascii") as log:
        log.writelines(chunks)
    return path
