"""Edge: a bell that rings in the event loop when a watched log was written or its directory changed."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from amiguard.sources.inotify import MOVED, WRITTEN, Inotify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.sources.inotify import Rope

_log = logging.getLogger(__name__)

_Key = tuple[str, bool]
"""What is watched, without symlinks, and whether it is a directory."""
_Standing = tuple[int, int]
"""Device and inode of what a watch was set on: it stays with them when the name moves."""


class Bell:
    """Watches over any number of files; it carries no data, and whoever relies on it polls as well.

    Where inotify cannot be had (a limit is reached, the file system has none) that is
    logged once, until all watches stand again.

    Attributes:
        moved: files came, went or were renamed; whoever has looked sets it back.
    """

    def __init__(self) -> None:
        self.moved = False
        self._rung = False
        self._stir = asyncio.Event()
        self._inotify: Inotify | None = None
        self._stack = ExitStack()
        self._watches: dict[_Key, tuple[_Standing, Rope]] = {}
        self._deaf = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watches.clear()
        self._stack.close()

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
        self._rung = True
        self._stir.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the bell, at most so long; whether it rang since the last wait."""
        timer = asyncio.get_running_loop().call_later(seconds, self._stir.set)
        try:
            await self._stir.wait()
        finally:
            timer.cancel()
        self._stir.clear()
        rung, self._rung = self._rung, False
        return rung

    def _move(self) -> None:
        self.moved = True
        self.ring()

    def _drop(self, standing: dict[_Key, _Standing]) -> None:
        """Take down what is not asked for, moved away, or ended with its file (whose inode may be back)."""
        for key, (then, rope) in list(self._watches.items()):
            if self._inotify and (standing.get(key) != then or rope.torn):
                del self._watches[key]
                self._inotify.untie(rope)

    def _set(self, key: _Key, standing: _Standing) -> OSError | None:
        if key in self._watches:
            return None
        try:
            self._watches[key] = standing, self._rope(*key)
        except (FileNotFoundError, PermissionError):
            return None  # which its tail will say
        except OSError as error:
            return error
        return None

    def _rope(self, path: str, directory: bool) -> Rope:
        if self._inotify is None:
            self._inotify = self._stack.enter_context(Inotify())
        mask, pull = (MOVED, self._move) if directory else (WRITTEN, self.ring)
        return self._inotify.tie(path, mask, pull)


def _standing(path: str) -> _Standing | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
