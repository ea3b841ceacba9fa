"""Edge: the configuration files of an Asterisk installation, read as Asterisk does."""

from __future__ import annotations

import contextlib
import gc
import glob
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from amiguard.asterisk.conf import MOST_BYTES, ConfError, ConfMissingError, load
from amiguard.asterisk.sections import Conf, Note, Place

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


class Files:
    """Reads configuration files, and keeps the reasons for what could not be.

    Attributes:
        directory: where asterisk.conf is.
        reasons: for worry, in words.
        unread: of these those that are our own trouble: files that we may not or cannot read.
        refused: of these those for which Asterisk discards a file.
        seen: every file that was read, as it was found.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.reasons: list[str] = []
        self.unread: list[str] = []
        self.refused: list[Note] = []
        self.seen: dict[str, os.stat_result] = {}

    def conf(self, name: str, *, needed: bool = False) -> Conf | None:
        """A file as Asterisk has it, empty if it has none; None if we cannot read it, or what it needs."""
        known = len(self.unread)
        try:
            with _uncollected():
                return load(name, self._read)
        except ConfMissingError:
            if len(self.unread) > known:
                return None
            self.reasons += [f"{Path(self.directory, name)} does not exist"] * needed
            return Conf(())
        except ConfError as error:
            if len(self.unread) > known:
                return None
            self.reasons.append(f"{error}; Asterisk discards the whole file")
            self.refused.append(error.note or Note(Place(str(Path(self.directory, name)), 0), str(error)))
            return Conf(())

    def _read(self, name: str) -> Iterator[tuple[str, bytes]]:
        # pathlib's glob would take hidden files, an editor's for one, which glob(3) leaves out.
        for path in sorted(glob.glob(str(Path(self.directory, name)))):  # noqa: PTH207
            try:
                status = Path(path).stat()
                if stat.S_ISREG(status.st_mode):
                    self.seen[path] = status
                    with Path(path).open("rb") as file:
                        yield path, file.read(MOST_BYTES + 1)
            except OSError as error:
                self.unread.append(f"{path} cannot be read: {error.strerror}")
                self.reasons.append(self.unread[-1])


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Put garbage collection off: of a large file's objects none is garbage; looking takes half the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
