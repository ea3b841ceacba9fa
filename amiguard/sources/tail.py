"""Edge: one path name as one endless source of lines, whatever becomes of its files."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from amiguard.sources.logfile import LogFile
from amiguard.sources.position import HEAD, Chunk, Position, origins

if TYPE_CHECKING:
    from collections.abc import Iterator

State = Literal["starting", "following", "missing", "unreadable", "refused"]

_REMEMBERED = 16


class _Found(NamedTuple):
    """A file, and the name that it had then."""

    status: os.stat_result
    path: Path


class Source(Protocol):
    """What reads a log on, as far as others look at it; `Tail` says what each part means."""

    state: State
    reason: str
    at_end: bool

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the beginning has been delivered."""

    @property
    def behind(self) -> int:
        """How much has not been delivered yet; 0 if that cannot be told."""


class Tail:
    """Reads a path on through renaming, copying, truncation, deletion and return.

    Without a position the file is read from its beginning.  With one it is looked
    for by identity, under its name first and then in the whole directory, read to
    its end, and after it what was rotated later, the oldest first, and the
    present file.

    A renamed or deleted file is kept until its path holds something again and one
    further look found the old one at its end: a writer goes on into its open
    descriptor until it reopens, and logrotate's `create` makes the new file long
    before that.  When a file is truncated, its copy (copytruncate) is read first;
    what was written between copy and truncation is lost, to everybody.

    Attributes:
        state: what the last look found.
        reason: why it is unreadable, in the kernel's words, or refused.
        at_end: the last look has left nothing in the file but half a line at most.
        overlong: lines that were cut at `LINE` bytes.
    """

    def __init__(self, path: str | Path, position: Position | None = None) -> None:
        self.path = Path(path)
        self.state: State = "starting"
        self.reason = ""
        self.at_end = False
        self.overlong = 0
        self._backlog = True
        self._looked = self._took = False
        self._start = position
        self._file: LogFile | None = None
        self._left: deque[Position] = deque(maxlen=_REMEMBERED)

    def read(self) -> Chunk | None:
        """The next chunk, or None when there is nothing new; never raises, never waits."""
        chunk = self._attempt()
        self.at_end = chunk is None or not chunk.more
        return chunk

    def _attempt(self) -> Chunk | None:
        try:
            return self._look()
        except FileNotFoundError:
            self._fail("missing", "")
            self._backlog = False
        except OSError as error:
            self._fail("unreadable", error.strerror or str(error))
            if error.errno == errno.ESTALE:
                self.close()
        return None

    def close(self) -> None:
        """Give the open file back; a later read would resume."""
        if self._file:
            self._start = self._file.position
            self._file.close()
            self._file = None

    @property
    def is_open(self) -> bool:
        """Whether a file is in hand, be it one whose name is gone."""
        return self._file is not None

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the beginning has been delivered, rotated files too."""
        return not self._backlog

    @property
    def leaving(self) -> bool:
        """Whether the next look may go on to another file, so let it be soon."""
        return self._looked or (self._took and not self._is_present())

    @property
    def behind(self) -> int:
        """Bytes of the file in hand that were not delivered yet; 0 if that cannot be told."""
        with suppress(OSError):
            return self._file.behind() if self._file else 0
        return 0

    def has_read(self, path: Path) -> bool:
        """Whether a file of any name is one that this source reads or has read.

        Raises:
            OSError: it cannot be opened.
        """
        file = LogFile(path)
        known = any(file.resume(position) for position in self._known())
        file.close()
        return known

    def _fail(self, state: State, reason: str) -> None:
        self.state, self.reason, self._looked, self._took = state, reason, False, False

    def _look(self) -> Chunk | None:
        if self._file is None:
            self._file = self._find(self._start) or self._open(self.path)
        elif not self._file.intact():
            half = self._rewritten(self._file)
            if half:
                return self._torn(half, self._file)
        return self._take(self._file) or self._at_end(self._file)

    def _take(self, file: LogFile) -> Chunk | None:
        data = file.take()
        if data is None:
            return None
        self.state, self._looked, self._took = "following", False, not file.more
        self.overlong += bool(data) and file.overlong
        chunk = Chunk(data, file.position, self._backlog, file.more)
        if self._backlog and not file.more:
            self._backlog = self.leaving
        return chunk

    def _is_present(self) -> bool:
        """Whether the file in hand has the path now."""
        with suppress(OSError):
            return self._file is not None and self._file.is_same(self.path.stat())
        return False

    def _torn(self, half: bytes, file: LogFile) -> Chunk:
        return Chunk(half, file.position, self._backlog, more=True)

    def _at_end(self, file: LogFile) -> Chunk | None:
        """Stay with the present file; leave an old one at the second look."""
        present = self.path.stat()
        successor = None if file.is_same(present) else self._successor(file, present)
        if successor is None:
            self.state, self._looked, self._took, self._backlog = "following", False, False, False
            return None
        # Whoever looks while it is rotated may have missed where a file went.
        if not self._looked or not os.path.samestat(present, self.path.stat()):
            self._looked = True
            return None
        if torn := file.tear():
            return self._torn(torn, file)
        new = self._open(successor.path)
        if not new.is_same(successor.status):  # renamed meanwhile: the next look finds it
            new.close()
            return None
        self._turn_to(new)
        return self._take(new) or self._at_end(new)

    def _rewritten(self, file: LogFile) -> bytes:
        """Turn to the copy of a truncated file, or to its new beginning; then its half line is given up."""
        if copy := self._find(file.position):
            self._turn_to(copy)
            return b""
        half = file.rest
        file.rewind()
        return half

    def _turn_to(self, file: LogFile) -> LogFile:
        if self._file:
            self._left.append(self._file.position)
            self._file.close()
        self._file, self._looked, self._took = file, False, False
        return file

    def _open(self, path: Path) -> LogFile:
        """Open a file, behind what was already read of it if it was ever left."""
        file = LogFile(path)
        any(file.resume(position) for position in self._known())
        return file

    def _known(self) -> list[Position]:
        """The place in hand and those that were left; with whole heads, for an inode is soon used again."""
        now = [self._file.position] if self._file else []
        return now + [position for position in reversed(self._left) if len(position.head) == HEAD]

    def _find(self, position: Position | None) -> LogFile | None:
        """The file a position is in, under whatever name, ready to go on there."""
        if position is None:
            return None
        for path in self._candidates(position):
            with suppress(OSError), ExitStack() as unless_found:
                file = LogFile(path)
                unless_found.callback(file.close)
                if file.resume(position, copy=self._is_rotated(path)):
                    unless_found.pop_all()
                    return file
        return None

    def _candidates(self, position: Position) -> Iterator[Path]:
        """The path itself, the position's inode in its directory, then the newest rotated files."""
        yield self.path
        ranked = [
            (status.st_ino != position.inode, -status.st_mtime_ns, path)
            for status, path in self._siblings()
            if status.st_ino == position.inode or self._is_rotated(path)
        ]
        yield from (path for *_, path in sorted(ranked))

    def _successor(self, file: LogFile, present: os.stat_result) -> _Found | None:
        """The oldest file rotated after this one, else the present one if it holds anything."""
        since = file.status().st_mtime_ns
        later = [
            found
            for found in self._siblings()
            if found.status.st_mtime_ns > since
            and found.status.st_size
            and self._is_rotated(found.path)
            and not file.is_same(found.status)
        ]
        if later:
            return min(later, key=lambda found: (found.status.st_mtime_ns, found.path))
        return _Found(present, self.path) if present.st_size else None

    def _is_rotated(self, path: Path) -> bool:
        return self.path.name in origins(path.name)

    def _siblings(self) -> list[_Found]:
        found = []
        with suppress(FileNotFoundError, PermissionError), os.scandir(self.path.parent) as entries:
            for entry in entries:
                with suppress(OSError):
                    found.append(_Found(entry.stat(), Path(entry.path)))
        return [each for each in found if stat.S_ISREG(each.status.st_mode)]


class Refused(Tail):
    """A path that is not to be read, whatever it holds; it is shown, with the reason."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(path)
        self.state = "refused"
        self.reason = reason
        self._backlog = False

    def read(self) -> None:
        """Nothing; whether the file is there is looked at."""
        self.at_end = True
        self.state = "refused" if self.path.exists() else "missing"
