"""Edge: a bell that rings in the event loop when a watched log was written or its directory changed."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from watchdog.events import (
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
)
from watchdog.observers.api import EventQueue, ObservedWatch
from watchdog.observers.inotify import InotifyEmitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)
# An emitter that is stopped while it reads says so as an error, and nothing is wrong.
logging.getLogger(InotifyEmitter.__module__).setLevel(logging.CRITICAL)

_WRITTEN: list[type[FileSystemEvent]] = [FileModifiedEvent]
_MOVED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileMovedEvent, FileDeletedEvent]

_Key = tuple[str, bool]
"""What is watched, without symlinks, and whether it is a directory."""
_Standing = tuple[int, int]
"""Device and inode of what a watch was set on: it stays with them when the name moves."""


class _Rope(EventQueue):
    """Where watchdog's threads put events: nothing is kept, only the bell is pulled."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        super().__init__()
        self._loop = loop
        self._ring = ring

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002 - as in Queue
        """Ring."""
        self._loop.call_soon_threadsafe(self._ring)


class Bell:
    """Watches over any number of files; it carries no data, and whoever relies on it polls as well.

    Emitters are used without an observer, whose thread would only hand each event on
    and cost as much again.  Where inotify cannot be had (a limit is reached, the file
    system has none) that is logged once, until all watches stand again.

    Attributes:
        moved: files came, went or were renamed; whoever has looked sets it back.
    """

    def __init__(self) -> None:
        self.moved = False
        self._event = asyncio.Event()
        self._watches: dict[_Key, tuple[_Standing, InotifyEmitter]] = {}
        self._deaf = False

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._ropes = {False: _Rope(loop, self._event.set), True: _Rope(loop, self._move)}
        return self

    def __exit__(self, *_: object) -> None:
        self._drop({})

    def watch(self, files: Iterable[str], directories: Iterable[str]) -> None:
        """Have just these watched: files for being written, directories for what comes and goes.

        What does not exist is left out, and what was replaced since is watched anew.
        """
        wanted = {(os.path.realpath(path), False) for path in files}
        wanted |= {(os.path.realpath(path), True) for path in directories}
        standing = {key: now for key in wanted if (now := _standing(key[0]))}
        self._drop(standing)
        refused = [error for key, now in standing.items() if (error := self._set(key, now))]
        if refused and not self._deaf:
            _log.warning("logs are read once a second only, for they cannot be watched: %s", refused[0])
        self._deaf = bool(refused)

    def ring(self) -> None:
        """Ring, though no file was written."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the bell, at most so long; whether it rang since the last wait."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def _move(self) -> None:
        self.moved = True
        self._event.set()

    def _drop(self, standing: dict[_Key, _Standing]) -> None:
        """Take down what is not asked for, moved away, or ended with its file (whose inode may be back)."""
        for key, (then, emitter) in list(self._watches.items()):
            if standing.get(key) != then or not emitter.is_alive():
                del self._watches[key]
                emitter.stop()
                emitter.join()

    def _set(self, key: _Key, standing: _Standing) -> OSError | None:
        if key in self._watches:
            return None
        try:
            emitter = self._emitter(*key)
            emitter.start()
        except FileNotFoundError:
            return None
        except OSError as error:
            return error
        self._watches[key] = standing, emitter
        return None

    def _emitter(self, path: str, directory: bool) -> InotifyEmitter:
        """Watch the path itself.

        For a file watchdog 7 would take its directory and drop what is not asked for in
        Python, so that a busy neighbour wakes us with each of its lines.
        """
        events = _MOVED if directory else _WRITTEN
        watch = ObservedWatch(path, recursive=False, event_filter=events)
        if watch.path != path:
            watch.path = path
        return InotifyEmitter(self._ropes[directory], watch, event_filter=events)


def _standing(path: str) -> _Standing | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
