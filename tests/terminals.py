"""Edge: a program in a terminal of its own, of any size, and what one would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence

LIMIT = 20.0
# Curses would believe these more than the terminal.
_SURROUNDINGS = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}


class Terminal:
    """A context manager; the program has it as its controlling terminal."""

    def __init__(self, command: Sequence[str], width: int = 80, height: int = 24, **environment: str) -> None:
        self.screen = pyte.Screen(width, height)
        self.raw = b""
        """All that it was sent."""
        self._stream = pyte.ByteStream(self.screen)
        self._end, theirs = pty.openpty()
        self._size(width, height)
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=_SURROUNDINGS | {"TERM": "linux", "LC_ALL": "C.UTF-8"} | environment,
        )
        self._theirs = theirs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._end)

    @property
    def lines(self) -> list[str]:
        """What stands there, without the blanks at the ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    def look(self, seconds: float = 0.05) -> None:
        """Take in what it writes, for so long."""
        end = time.monotonic() + seconds
        while select.select([self._end], [], [], max(end - time.monotonic(), 0))[0]:
            data = os.read(self._end, 1 << 16)
            self.raw += data
            self._stream.feed(data)

    def until(self, seen: Callable[[str], object], what: str = "it") -> None:
        """Look until this is seen in the text."""
        deadline = time.monotonic() + LIMIT
        while not seen(self.text):
            assert time.monotonic() < deadline, f"{what} was not seen within {LIMIT:g} s:\n{self.text}"
            self.look()

    def shows(self, *words: str) -> None:
        """Look until all of these words stand there."""
        self.until(lambda text: all(word in text for word in words), f"{words}")

    def lacks(self, *words: str) -> None:
        """Look until none of these words stands there any more."""
        self.until(lambda text: not any(word in text for word in words), f"a text without {words}")

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._end, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, of which the kernel tells the program."""
        self.screen.resize(height, width)
        self._size(width, height)

    def ends(self) -> int:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
            self.look()
        self.look()
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    @property
    def modes(self) -> list[object]:
        """How the terminal treats what is typed."""
        return termios.tcgetattr(self._theirs)

    def _size(self, width: int, height: int) -> None:
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
