"""Edge: one open log file, read forwards in whole lines."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from amiguard.sources.position import BLOCK, HEAD, Position, cut

if TYPE_CHECKING:
    from pathlib import Path

# Without O_NONBLOCK, opening a FIFO would wait for its writer.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def _regular(status: os.stat_result, path: Path) -> os.stat_result:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return status


class LogFile:
    """An open file and how far it was read.

    Every read names its offset, so a half line needs no buffer: it is read again with
    its rest.

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
        self.overlong = self._offset > 0 and os.pread(self._fd, 1, self._offset - 1) != b"\n"
        return True

    def intact(self) -> bool:
        """Whether what was read is still there, neither cut off nor written anew."""
        head = os.pread(self._fd, HEAD, 0)
        if self.status().st_size < self._offset + len(self.rest) or not head.startswith(self._head):
            return False
        self._head = head
        return True

    def rewind(self) -> None:
        """Begin anew with whatever the file holds now."""
        self._head = os.pread(self._fd, HEAD, 0)
        self._offset, self.rest, self.overlong = 0, b"", False

    def take(self) -> bytes | None:
        """The next whole lines as in `Chunk.data`; None at the end or in a half line."""
        block = os.pread(self._fd, BLOCK, self._offset)
        data, used = cut(block) if not self.overlong else (b"", block.find(b"\n") + 1 or len(block))
        self._offset += used
        self.overlong = self.overlong if not used else block[used - 1 : used] != b"\n"
        self.rest = b"" if used else block
        self.more = used < len(block) or len(block) == BLOCK
        return data if used else None

    def tear(self) -> bytes:
        """Take the half line at the end as it is, for the file is given up."""
        torn, self.rest = self.rest, b""
        self._offset += len(torn)
        self.overlong = self.overlong or bool(torn)
        return torn
