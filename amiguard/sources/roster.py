"""Edge: which files a set of paths and globs means now, a tail for each."""

from __future__ import annotations

import glob
import logging
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from amiguard.sources.position import is_compressed, origins
from amiguard.sources.tail import Refused, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from amiguard.sources.position import Position
    from amiguard.sources.tail import Source, State

_log = logging.getLogger(__name__)

MOST = 256
"""Files that are followed at once, a descriptor each."""

_SAID: dict[State, tuple[int, str]] = {
    "following": (logging.INFO, "%s is followed%s"),
    "missing": (logging.WARNING, "%s does not exist; it is followed when it does%s"),
    "refused": (logging.WARNING, "%s is not read: %s"),
    "unreadable": (logging.WARNING, "%s cannot be read; it is followed when it can: %s"),
}


def said_of(sources: Mapping[str, Source], before: Mapping[str, State]) -> dict[str, State]:
    """Log each source whose state was another before; returns what they are now, by name."""
    for name, source in sources.items():
        if source.state in _SAID and before.get(name) != source.state:
            level, text = _SAID[source.state]
            _log.log(level, text, name, source.reason)
    return {name: source.state for name, source in sources.items()}


class Roster:
    """The tails of paths, there or not, and of what matches the globs.

    Left out of a glob are compressed files, what rotation made of another file that is
    followed, and any file that a tail reads or has read under another name.

    Attributes:
        tails: by path, as text; changed only by `discover`.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        positions: Mapping[str, Position],
        refuses: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Begin; `refuses` tells why a path must not be read, nothing if it may."""
        names = list(patterns)
        self._refuses = refuses
        self._globs = [name for name in names if glob.has_magic(name)]
        self._paths = {name for name in names if not glob.has_magic(name)}
        self._positions = dict(positions)
        known = {path for path in positions if any(PurePath(path).match(form) for form in self._globs)}
        self.tails = {path: self._tail(path, positions.get(path)) for path in sorted(self._paths | known)}
        self._said: dict[str, State] = {}
        self._full = False

    def close(self) -> None:
        """Give back all files."""
        for tail in self.tails.values():
            tail.close()

    @property
    def folders(self) -> set[str]:
        """The directories in which files may come and go."""
        return {str(PurePath(path).parent) for path in (*self._globs, *self.tails)}

    def discover(self) -> None:
        """Take up new files of the globs, and forget those that are gone with nothing left to read."""
        self._forget(also_open=False)
        for pattern in self._globs:
            found = set(glob.glob(pattern))  # noqa: PTH207 - a pattern may be absolute or not, as text
            for path in sorted(found - self.tails.keys()):
                if self._is_new(path, found) and self._has_room():
                    self.tails[path] = self._tail(path, self._positions.pop(path, None))

    def report(self) -> None:
        """Log each change of a tail's state, once."""
        self._said = said_of(self.tails, self._said)

    def _tail(self, path: str, position: Position | None) -> Tail:
        why_not = self._refuses(path)
        return Refused(path, why_not) if why_not else Tail(path, position)

    def _is_new(self, path: str, found: set[str]) -> bool:
        folder, name = os.path.split(path)
        known = found | self.tails.keys()
        if is_compressed(name) or any(str(PurePath(folder, origin)) in known for origin in origins(name)):
            return False
        try:
            return Path(path).is_file() and not any(tail.has_read(Path(path)) for tail in self.tails.values())
        except OSError:
            return True  # its tail will say why

    def _has_room(self) -> bool:
        if len(self.tails) >= MOST:
            self._forget(also_open=True)
        room = len(self.tails) < MOST
        if not room and not self._full:
            _log.warning("only the first %d files are followed", MOST)
        self._full = not room
        return room

    def _forget(self, *, also_open: bool) -> None:
        for path, tail in list(self.tails.items()):
            if path not in self._paths and tail.state == "missing" and (also_open or not tail.is_open):
                tail.close()
                del self.tails[path]
                self._positions.pop(path, None)
