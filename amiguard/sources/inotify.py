"""Edge: inotify(7), by watchdog's calls of it, read by the event loop.

watchdog's own threads, one that reads and one that hands each event on, cost several
times as much as to read and judge the line that was written.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from watchdog.observers.inotify_c import (
    InotifyConstants,
    Mask,
    WatchDescriptor,
    inotify_add_watch,
    inotify_init,
    inotify_rm_watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# A watch is of the file, whatever its name: who asks for one under another name must not take away from it.
_BOTH: Final = InotifyConstants.IN_MASK_ADD
WRITTEN: Final = Mask(_BOTH | InotifyConstants.IN_MODIFY)
"""For a file: it was written or cut off."""
MOVED: Final = Mask(
    _BOTH | InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVE | InotifyConstants.IN_DELETE
)
"""For a directory: something in it came, went or was renamed."""
_ROOM: Final = 4096
"""Bytes of events that are read at a time."""
_EVENT: Final = struct.Struct("iIII")
"""Watch, mask, cookie, and the length of the name that follows."""
_LIMITS: Final = {
    errno.ENOSPC: "inotify watch limit reached",
    errno.EMFILE: "inotify instance limit reached",
}


class Rope:
    """Tied to a file or directory, and pulled when something happens to it.

    Attributes:
        watch: what the kernel calls the knot.
        pull: does what is to be done then.
        torn: the file is gone, and nothing will happen to it any more.
    """

    def __init__(self, watch: WatchDescriptor, pull: Callable[[], None]) -> None:
        self.watch = watch
        self.pull = pull
        self.torn = False


class Inotify:
    """An instance of inotify, a context manager inside a running loop.

    Raises:
        OSError: there can be no more of them.
    """

    def __init__(self) -> None:
        self._fd = _done(inotify_init())
        os.set_inheritable(self._fd, False)
        os.set_blocking(self._fd, False)
        self._ropes: dict[int, list[Rope]] = {}

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._fd, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def tie(self, path: str, mask: Mask, pull: Callable[[], None]) -> Rope:
        """Call `pull` whenever `mask`, which is `WRITTEN` or `MOVED`, happens to what has the path now.

        Raises:
            OSError: it cannot be watched: there is none, or a limit is reached.
        """
        watch = WatchDescriptor(_done(inotify_add_watch(self._fd, os.fsencode(path), mask)))
        rope = Rope(watch, pull)
        self._ropes.setdefault(watch, []).append(rope)
        return rope

    def untie(self, rope: Rope) -> None:
        """Pull it no more."""
        others = self._ropes.get(rope.watch, [])
        if rope in others:
            others.remove(rope)
            if not others:
                del self._ropes[rope.watch]
                inotify_rm_watch(self._fd, rope.watch)  # which fails where the file is gone, and it with it

    def _hear(self) -> None:
        place, events = 0, b""
        with suppress(BlockingIOError):
            events = os.read(self._fd, _ROOM)
        while place < len(events):
            watch, mask, _, length = _EVENT.unpack_from(events, place)
            place += _EVENT.size + length
            self._happened(watch, mask)

    def _happened(self, watch: int, mask: int) -> None:
        """Pull what is tied there, or everything: after an overflow nobody knows what has happened."""
        if mask & InotifyConstants.IN_Q_OVERFLOW:
            ropes = [rope for each in self._ropes.values() for rope in each]
        elif mask & InotifyConstants.IN_IGNORED:
            ropes = self._ropes.pop(watch, [])
            for rope in ropes:
                rope.torn = True
        else:
            ropes = self._ropes.get(watch, [])
        for rope in ropes:
            rope.pull()


def _done(result: int) -> int:
    """What a call gave.

    Raises:
        OSError: it failed.
    """
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, _LIMITS.get(code) or os.strerror(code))
    return result
