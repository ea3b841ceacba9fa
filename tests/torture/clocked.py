"""Edge: amiguard under clocks that a test sets: no namespace has a wall clock of its own.

    python clocked.py FILE python -m amiguard run --config ...

stands before amiguard's own words as nice(1) does.  FILE holds two doubles:
seconds by which wall clock and monotonic clock are ahead.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab import Service

_AHEAD = struct.Struct("dd")


@contextlib.contextmanager
def clocked(service: Service) -> Iterator[tuple[Service, Clocks]]:
    """Run a service that was not started yet, with clocks of its own."""
    clocks = Clocks(service)
    with service.start(*clocks.behind):
        yield service, clocks


class Clocks:
    """The clocks of a service that runs `behind` them."""

    def __init__(self, service: Service) -> None:
        self._file = service.root / "clocks"
        self._wall = self._steady = 0.0
        self._file.write_bytes(bytes(_AHEAD.size))
        self.behind = (sys.executable, __file__, str(self._file))

    @property
    def ahead(self) -> float:
        """Seconds by which the wall clock is ahead of the test's."""
        return self._wall

    def set(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self._move(seconds, 0.0)

    def sleep(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._move(seconds, seconds)

    def _move(self, wall: float, steady: float) -> None:
        self._wall += wall
        self._steady += steady
        with self._file.open("r+b", buffering=0) as file:
            file.write(_AHEAD.pack(self._wall, self._steady))


def main(clocks: str, _python: str, _module: str, _name: str, *words: str) -> None:
    """Run amiguard with these words."""
    with Path(clocks).open("rb") as file:
        ahead = mmap.mmap(file.fileno(), _AHEAD.size, prot=mmap.PROT_READ)
    wall, steady = time.time, time.monotonic
    time.time = lambda: wall() + _AHEAD.unpack_from(ahead)[0]
    time.monotonic = lambda: steady() + _AHEAD.unpack_from(ahead)[1]
    from amiguard.cli import cli  # noqa: PLC0415 - not before the clocks are ours

    cli(words, prog_name="amiguard")


if __name__ == "__main__":
    main(*sys.argv[1:])
