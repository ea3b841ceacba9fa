"""Edge: the configuration files of an Asterisk installation, read as Asterisk does."""

from __future__ import annotations

import glob
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from amiguard.asterisk.conf import MOST_BYTES, ConfError, ConfMissingError, load
from amiguard.asterisk.sections import Conf

if TYPE_CHECKING:
    from collections.abc import Iterator


class Files:
    """Reads configuration files, and keeps the reasons for what could not be."""

    def __init__(self, directory: str) -> None:
        """Read from this directory, where asterisk.conf is."""
        self.directory = directory
        self.reasons: list[str] = []

    def conf(self, name: str, *, needed: bool = False) -> Conf | None:
        """A file as Asterisk has it, empty if it has none; None if it is there and we cannot read it."""
        known = len(self.reasons)
        try:
            return load(name, self._read)
        except ConfMissingError:
            if len(self.reasons) > known:
                return None
            self.reasons += [f"{Path(self.directory, name)} does not exist"] * needed
            return Conf(())
        except ConfError as error:
            self.reasons.append(f"{error}; Asterisk discards the whole file")
            return Conf(())

    def _read(self, name: str) -> Iterator[tuple[str, bytes]]:
        # pathlib's glob would take hidden files, an editor's for one, which glob(3) leaves out.
        for path in sorted(glob.glob(str(Path(self.directory, name)))):  # noqa: PTH207
            try:
                if stat.S_ISREG(Path(path).stat().st_mode):
                    with Path(path).open("rb") as file:
                        yield path, file.read(MOST_BYTES + 1)
            except OSError as error:
                self.reasons.append(f"{path} cannot be read: {error.strerror}")
