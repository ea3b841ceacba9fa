"""Edge: the right to write in a state directory, which one process at a time has."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from amiguard.store.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_WAIT: Final = 2.0
"""Seconds for a command to be done that writes while no service runs."""
_AGAIN: Final = 0.02


class Claim:
    """A lock (flock(2)) on the directory itself, which ends with the process, however that ends.

    It needs no file, so it can be had on a full or read-only disk too; and who is
    asked where the service is, the control socket, can be deleted, but this cannot.
    """

    def __init__(self) -> None:
        self._folder: int | None = None

    def take(self, directory: Path) -> list[str]:
        """Claim the directory that now has this name, unless it is ours; what was claimed before is let go.

        Returns:
            Warnings for the administrator: this file system may have no locks.

        Raises:
            StoreError: another process has claimed it.
            OSError: it is not there, or no directory.
        """
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        if self._holds(folder):
            os.close(folder)
            return []
        try:
            warnings = _lock(folder, directory)
        except StoreError:
            os.close(folder)
            raise
        self.close()
        self._folder = folder
        return warnings

    def close(self) -> None:
        """Let it go."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _holds(self, folder: int) -> bool:
        return self._folder is not None and os.path.samestat(os.fstat(folder), os.fstat(self._folder))


def _lock(folder: int, directory: Path) -> list[str]:
    """Lock an open directory; gives a warning where the file system has no locks."""
    end = time.monotonic() + _WAIT
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError(f"{directory}: another amiguard is at work there") from None
            time.sleep(_AGAIN)
        except OSError as error:  # NFS: EBADF, for it wants what is locked to be open for writing
            return [
                f"{directory}: it cannot be locked, so see that only one amiguard uses it: {error.strerror}"
            ]
        else:
            return []
