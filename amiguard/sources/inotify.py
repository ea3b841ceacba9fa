"""Edge: watchdog's inotify, read by the event loop instead of a thread.

A thread that hands each event on, and another that takes it, cost several times as
much as to read and judge the line that was written.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final, Self

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.inotify_c import WatchDescriptor

# That events were lost is said as a warning; who polls as well has lost nothing.
logging.getLogger(InotifyFD.__module__).setLevel(logging.ERROR)

WRITTEN: Final = Mask(InotifyConstants.IN_MODIFY | InotifyConstants.IN_MASK_ADD)
"""For a file: it was written or cut off."""
MOVED: Final = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_MOVE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MASK_ADD
)
"""For a directory: something in it came, went or was renamed."""
_ROOM: Final = 4096
"""Bytes of events that are read at a time."""


class Rope:
    """A watch: pulls when something happens to what it is tied to.

    Attributes:
        torn: what it was tied to is gone, and it with it.
    """

    def __init__(self, inotify: InotifyFD, path: str, mask: Mask, pull: Callable[[], None]) -> None:
        """Tie it.

        Raises:
            OSError: it cannot be tied, for the path is gone or a limit is reached.
        """
        self.torn = False
        self._pull = pull
        self._inotify = inotify
        self._knot = inotify.add_callback(os.fsencode(path), mask, self, self._name)

    def untie(self) -> None:
        """Pull no more."""
        self._inotify.remove_callbacks([(self._knot, self._name)])

    @property
    def _name(self) -> CallbackId:
        return CallbackId(id(self))

    def on_event(self, event: InotifyEvent) -> None:  # noqa: ARG002 - that it came is all that counts
        """Pull."""
        self._pull()

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002 - as above
        """Pull for the last time."""
        self.torn = True
        self._pull()

    def on_queue_overflow(self) -> None:
        """Pull: nobody knows what has happened."""
        self._pull()


class Inotify(InotifyFD):
    """An instance of our own, a context manager inside a running loop.

    Raises:
        OSError: there can be no more of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_reading = False  # there is no thread that reads, and would have to close it
        os.set_inheritable(self._inotify_fd, False)

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._inotify_fd, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._inotify_fd)
        self.close()

    def _hear(self) -> None:
        for event in self.read_events(event_buffer_size=_ROOM):
            self.handle_event(event)
