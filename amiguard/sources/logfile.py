"""Edge: one open log file, read forwards in whole lines."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from amiguard.sources.position import BLOCK, HEAD, Position, cut

if TYPE_CHECKING:
    from pathlib import Path

# Without O_NONBLOCK, opening a FIFO would wait for its writer.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_AGAIN: Final = 2 * HEAD
"""Bytes before the place that are read again with what follows, to see that they are still there."""
GLANCE: Final = 16 * 1024
"""Bytes that are looked for first: room for `BLOCK` costs more than to read what a quiet log has to say."""


def _regular(status: os.stat_result, path: Path) -> os.stat_result:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return status


class LogFile:
    """An open file and how far it was read.

    Every read names its offset, so a half line needs no buffer: it is read again with
    its rest.  So is the end of what was taken, and then one read is a whole look: it
    tells whether the file was cut off or written anew, and what is new in it.

    Attributes:
        rest: that half line, remembered for the day the file is cut away under us.
        overlong: the next bytes belong to a line that was cut, and are passed.
        more: there was more in the file than the last `take` took.

    Raises:
        OSError: the file cannot be opened or read, or is not a regular file.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, _FLAGS)
        try:
            status = _regular(os.fstat(self._fd), path)
            self._head = os.pread(self._fd, HEAD, 0)
        except OSError:
            self.close()
            raise
        self._device, self._inode = status.st_dev, status.st_ino
        self._offset = 0
        self._taken = b""
        self._ahead: bytes | None = None
        self.overlong = False
        self.rest = b""
        self.more = False

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    @property
    def position(self) -> Position:
        """The place behind what was taken."""
        return Position(self._device, self._inode, self._offset, self._head)

    def status(self) -> os.stat_result:
        """What the kernel says of the open file, whatever its name is now."""
        return os.fstat(self._fd)

    def is_same(self, status: os.stat_result) -> bool:
        """Whether this is the status of the open file; no inode is reused while it is open."""
        return (status.st_dev, status.st_ino) == (self._device, self._inode)

    def behind(self) -> int:
        """Bytes not taken yet."""
        return max(self.status().st_size - self._offset, 0)

    def resume(self, position: Position, *, copy: bool = False) -> bool:
        """Go on at a place, if it is in this file (or, with `copy`, in what this is a copy of).

        An offset behind anything but an LF is in a line that was given up there.
        """
        size = self.status().st_size
        fits = position.fits(self._device, self._inode, size, self._head)
        if not fits and not (copy and position.fits_copy(size, self._head)):
            return False
        self._offset = position.offset
        begin = max(self._offset - _AGAIN, 0)
        self._taken = os.pread(self._fd, self._offset - begin, begin)
        self.overlong = self._offset > 0 and not self._taken.endswith(b"\n")
        return True

    def intact(self) -> bool:
        """Whether what was read is still there, neither cut off nor written anew.

        What follows it comes with the same read, and waits for `take`.
        """
        block = self._read()
        if not block.startswith(self._taken) or not block.startswith(self.rest, len(self._taken)):
            return False
        if len(self._head) < HEAD:
            self._head = os.pread(self._fd, HEAD, 0)
        self._ahead = block
        return True

    def rewind(self) -> None:
        """Begin anew with whatever the file holds now."""
        self._head = os.pread(self._fd, HEAD, 0)
        self._offset, self._taken, self.rest, self.overlong = 0, b"", b"", False

    def take(self) -> bytes | None:
        """The next whole lines as in `Chunk.data`; None at the end or in a half line."""
        block = self._read() if self._ahead is None else self._ahead
        self._ahead = None
        begin = len(self._taken)
        data, end = self._lines(block, begin)
        used = end - begin
        self.more = end < len(block) or used == BLOCK
        self.rest = b"" if used else block[begin:]
        if not used:
            return None
        self._offset += used
        self._taken = block[max(end - _AGAIN, 0) : end]
        self.overlong = not self._taken.endswith(b"\n")
        return data

    def tear(self) -> bytes:
        """Take the half line at the end as it is, for the file is given up."""
        torn, self.rest = self.rest, b""
        self._offset += len(torn)
        self._taken = (self._taken + torn)[-_AGAIN:]
        self.overlong = self.overlong or bool(torn)
        return torn

    def _lines(self, block: bytes, begin: int) -> tuple[bytes, int]:
        """What is to be taken of a block from `begin` on, and where that ends; no more than `BLOCK` bytes."""
        if self.overlong:
            return b"", block.find(b"\n", begin) + 1 or len(block)
        return cut(block, begin)

    def _read(self) -> bytes:
        """The end of what was taken, and up to `BLOCK` bytes that follow it."""
        again = len(self._taken)
        begin = self._offset - again
        block = os.pread(self._fd, again + GLANCE, begin)
        return block if len(block) < again + GLANCE else os.pread(self._fd, again + BLOCK, begin)
