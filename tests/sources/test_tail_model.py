"""Any sequence of writes, rotations, truncations, deletions and restarts, against a model.

The writer holds its file open as Asterisk does.  The clock of file times is the
model's own, for the kernel's tick (4 ms) is longer than a whole run.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from amiguard.sources.tail import Tail


class LogsAndReader(RuleBasedStateMachine):
    """Lines carry their number; each must be delivered once, in order, or have a reason not to be."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "security"
        self.clock = itertools.count(1_700_000_000)
        self.numbers = itertools.count()
        self.writer = self.open()
        self.half = b""
        self.moved = False
        self.where: dict[int, int] = {}
        self.halves: list[bytes] = []
        self.delivered: list[int] = []
        self.excused: set[int] = set()

    @initialize()
    def begin(self) -> None:
        self.write_lines(1)
        self.tail = Tail(self.path)
        self.read_once()

    # what the writer does

    @rule(count=st.integers(1, 5))
    def write_lines(self, count: int) -> None:
        for _ in range(count):
            self.finish_half()
            self.append(self.new_line())

    @rule(size=st.integers(6, 50))
    def write_half(self, size: int) -> None:
        self.finish_half()
        line = self.new_line()
        self.half = line[size:]
        self.halves.append(line[:size])
        self.append(line[:size])

    @rule()
    def finish_half(self) -> None:
        if self.half:
            self.append(self.half)
            self.half = b""

    # what becomes of the file

    @rule(reopens=st.booleans())
    def sequential(self, reopens: bool) -> None:
        number = next(n for n in itertools.count() if not self.named(n).exists())
        self.rename_to(number, reopens)

    @rule(reopens=st.booleans())
    def rotate(self, reopens: bool) -> None:
        self.shift()
        self.rename_to(1, reopens)

    @rule(reopens=st.booleans())
    def timestamp(self, reopens: bool) -> None:
        self.rename_to(next(self.clock), reopens)

    @rule()
    @precondition(lambda self: self.moved)
    def reopen(self) -> None:
        """Asterisk hears of the rotation; a line that it was writing is never finished."""
        self.abandon_half()
        os.close(self.writer)
        self.writer = self.open()
        self.moved = False

    @rule()
    @precondition(lambda self: not self.moved)
    def copytruncate(self) -> None:
        self.shift()
        shutil.copyfile(self.path, self.named(1))
        self.stamp(self.named(1))
        os.truncate(self.path, 0)
        self.stamp(self.path)
        self.lose(self.path)

    @rule()
    @precondition(lambda self: not self.moved)
    def delete(self) -> None:
        self.lose(self.path)
        self.path.unlink()
        self.moved = True
        self.reopen()

    @rule()
    def prune(self) -> None:
        rotated = [path for path in self.folder.iterdir() if path != self.path]
        oldest = min(rotated, key=lambda path: path.stat().st_mtime_ns, default=None)
        if oldest and oldest.stat().st_ino != os.fstat(self.writer).st_ino:
            self.lose(oldest)
            oldest.unlink()

    # what the reader does

    @rule()
    def read_once(self) -> None:
        self.look()

    @rule()
    def read_all(self) -> None:
        while self.look():
            pass

    def look(self) -> bool:
        """Whether another look may bring more."""
        chunk = self.tail.read()
        if chunk is None:
            return self.tail.leaving
        self.position = chunk.position
        self.place = int(chunk.data.splitlines()[-1][:6])
        if chunk.data.endswith(b"\n"):
            self.deliver(chunk.data)
        else:
            assert chunk.data in self.halves
        return True

    @rule()
    def restart(self) -> None:
        """Where the place is gone, only the file that has the path now can be taken up."""
        self.tail.close()
        self.tail = Tail(self.path, self.position)
        if self.place not in self.where:
            if self.moved:
                self.reopen()
            present = self.path.stat().st_ino
            self.excused |= {number for number, inode in self.where.items() if inode != present}
        self.look()

    def teardown(self) -> None:
        if self.moved:
            self.reopen()
        self.write_lines(1)
        self.read_all()
        self.tail.close()
        os.close(self.writer)
        shutil.rmtree(self.folder)
        missing = set(self.where) - set(self.delivered) - self.excused
        assert not missing

    # how

    def open(self) -> int:
        writer = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.stamp(writer)
        return writer

    def named(self, suffix: int) -> Path:
        return self.folder / f"security.{suffix}"

    def stamp(self, file: Path | int) -> None:
        now = next(self.clock)
        os.utime(file, (now, now))

    def new_line(self) -> bytes:
        number = next(self.numbers)
        self.where[number] = os.fstat(self.writer).st_ino
        return b"%06d" % number + b"." * (60 + number % 50) + b"\n"

    def append(self, data: bytes) -> None:
        os.write(self.writer, data)
        self.stamp(self.writer)

    def abandon_half(self) -> None:
        if self.half:
            self.excused.add(max(self.where))
            self.half = b""

    def shift(self) -> None:
        last = next(n for n in itertools.count(1) if not self.named(n).exists())
        for number in range(last, 1, -1):
            self.named(number - 1).rename(self.named(number))

    def rename_to(self, suffix: int, reopens: bool) -> None:
        if self.moved:
            self.reopen()
        self.path.rename(self.named(suffix))
        self.moved = True
        if reopens:
            self.reopen()
        else:
            self.path.touch()
            self.stamp(self.path)

    def lose(self, path: Path) -> None:
        """What a file holds unread may never be seen, now that it goes."""
        inode = path.stat().st_ino
        if inode == os.fstat(self.writer).st_ino:
            self.abandon_half()
        gone = {number for number, where in self.where.items() if where == inode}
        self.excused |= gone
        self.where = {number: where for number, where in self.where.items() if where != inode}

    def deliver(self, data: bytes) -> None:
        for line in data.splitlines():
            number = int(line[:6])
            assert line == b"%06d" % number + b"." * (60 + number % 50)
            assert not self.delivered or number > self.delivered[-1]
            self.delivered.append(number)


LogsAndReader.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLogsAndReader = LogsAndReader.TestCase
