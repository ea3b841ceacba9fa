"""Edge: what one unit says in systemd's journal, as an endless source of lines.

Needs cysystemd, the extra `amiguard[journal]`: imported only where a journal is configured.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cysystemd.reader import JournalOpenMode, JournalReader, Rule

from amiguard.sources.journalline import line
from amiguard.sources.position import BLOCK, LINE, Chunk, Position

if TYPE_CHECKING:
    from cysystemd.reader import JournalEntry

    from amiguard.sources.tail import State

PAST: Final = 86_400
"""Seconds of the journal that are read at the first start: what a log that is rotated daily would hold."""
ENTRIES: Final = 256
"""Entries read at a time: some 10 ms."""
_LOOK: Final = 1.0
_MICRO: Final = 1_000_000
_ROOTS: Final = ("/var/log/journal", "/run/log/journal")
_NONE: Final = "journald keeps no journal of this machine; see Storage= in journald.conf"
_DENIED: Final = (
    "Permission denied; put the service's user into the group systemd-journal"
    " (SupplementaryGroups=systemd-journal in a drop-in: systemctl edit amiguard)"
)


class Journal:
    """Reads a unit's entries on through rotation, vacuum and return of the journal's files.

    Only `_SYSTEMD_UNIT` is believed, a field that journald writes and no sender.  A
    position's `head` is the cursor of an entry; `offset` is 0 behind it, and below 0 so
    many bytes of the lines up to it were not read.  Where that entry is gone,
    libsystemd goes on with the next: by its number, else by its time.

    Attributes:
        state: what the last look found: `following` or `unreadable`.
        reason: why it cannot be read.
        at_end: the last look has left nothing.
        fd: what becomes readable when a journal was written; None while none is open.
    """

    def __init__(
        self,
        unit: str,
        position: Position | None = None,
        *,
        bare: bool,
        framed: bool,
        directory: str = "",
    ) -> None:
        """Begin; nothing is opened yet.

        Args:
            unit: such as ``asterisk.service``.
            position: where to go on; without one the last `PAST` seconds are read.
            bare: the lines are the messages alone, as in `line`.
            framed: only what came by syslog(3), where a message is one datagram.  What a
                unit writes to its output journald cuts into entries at each LF, and a peer
                of Asterisk's may have written that.
            directory: where the files lie; by default where journald keeps this machine's.
        """
        self.state: State = "starting"
        self.reason = ""
        self.at_end = False
        self.fd: int | None = None
        self._rules = {"_SYSTEMD_UNIT": unit} | ({"_TRANSPORT": "syslog"} if framed else {})
        self._bare = bare
        self._place = position
        self._directory = directory
        self._backlog = True
        self._reader: JournalReader | None = None
        self._ahead: JournalEntry | None = None
        self._folders: list[str] = []
        self._due = 0.0

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the beginning has been delivered."""
        return not self._backlog

    @property
    def behind(self) -> int:
        """1 while there is more: how many bytes, no journal tells."""
        return int(self.state == "following" and not self.at_end)

    def close(self) -> None:
        """Give the files back; a later read would resume."""
        self._reader = self._ahead = self.fd = None
        self._folders, self._due = [], 0.0

    def read(self) -> Chunk | None:
        """The next entries, or None when there is nothing new; never raises, never waits."""
        chunk = None
        try:
            self._look()
            chunk = self._take(self._reader) if self._reader else None
        except OSError as error:
            self._fail(str(error))
        except SystemError as error:  # cysystemd's, for what libsystemd returns
            self._fail(str(error.args[0]))
        self.at_end = chunk is None or not chunk.more
        return chunk

    def _look(self) -> None:
        """Each second, see whether there are files, and others than those we know of."""
        now = time.monotonic()
        if now < self._due:
            return
        folders = list(filter(_readable, self._places()))
        if not folders:
            self._fail(_DENIED if any(_files(place) for place in self._places()) else _NONE)
        elif folders != self._folders:
            self._open()
            self._folders = folders
        self._due = now + _LOOK

    def _places(self) -> list[str]:
        if self._directory:
            return [self._directory]
        machine = Path("/etc/machine-id").read_text("ascii").strip()
        return [f"{root}/{machine}" for root in _ROOTS]

    def _fail(self, reason: str) -> None:
        self.close()
        self.state, self.reason = "unreadable", reason
        self._due = time.monotonic() + _LOOK

    def _open(self) -> None:
        reader = JournalReader()
        if self._directory:
            reader.open_directory(self._directory)
        else:
            reader.open(JournalOpenMode.LOCAL_ONLY)
        self.fd = reader.fd  # from its being asked for on, libsystemd watches for files that come and go
        reader.data_threshold = LINE
        for field, value in self._rules.items():
            reader.add_filter(Rule(field, value))
        self._ahead = self._sought(reader, self._place)
        self._reader, self.state, self.reason = reader, "following", ""

    def _sought(self, reader: JournalReader, place: Position | None) -> JournalEntry | None:
        """The first entry behind a place, which is then the one that the reader stands at."""
        if place is None:
            reader.seek_realtime_usec(int((time.time() - PAST) * _MICRO))
            return reader.next()
        reader.seek_cursor(place.head)
        entry = reader.next()
        if entry is None or entry.cursor != place.head:
            return entry
        return self._back(reader, entry, -place.offset) if place.offset else reader.next()

    def _back(self, reader: JournalReader, entry: JournalEntry, left: int) -> JournalEntry:
        while (left := left - len(self._line(entry))) > 0 and (before := reader.previous()):
            entry = before
        return entry

    def _take(self, reader: JournalReader) -> Chunk | None:
        reader.process_events()
        lines: list[bytes] = []
        last, full, size = None, False, 0
        while not full and (entry := self._ahead or reader.next()):
            last, self._ahead = entry, None
            lines.append(self._line(entry))
            size += len(lines[-1])
            full = len(lines) == ENTRIES or size >= BLOCK - LINE
        backlog, self._backlog = self._backlog, self._backlog and full
        if last is None:
            return None
        self._place = Position(0, 0, 0, last.cursor)
        return Chunk(b"".join(lines), self._place, backlog, more=full)

    def _line(self, entry: JournalEntry) -> bytes:
        return line(entry.data, entry.get_realtime_usec(), bare=self._bare)


def _files(folder: str) -> list[Path]:
    """The journals of the system; those of users hold no unit's messages."""
    return list(Path(folder).glob("system*.journal"))


def _readable(folder: str) -> bool:
    return any(os.access(file, os.R_OK) for file in _files(folder))
