"""Pure: one followed log of notices: what it tells that no security event does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiguard.channel import LogChannel
from amiguard.sight import NOTICES
from amiguard.sources.notice import NoticeLog
from amiguard.sources.noticelines import Notice
from amiguard.sources.securitylog import Ambiguous

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.guard import Guard, Outcome
    from amiguard.sources.position import Chunk


class NoticeChannel(LogChannel):
    """Lines of a notice log go in, what the guard thinks of them comes out.

    What stood there before we came is passed over: the date of a notice lacks
    year and zone, so nobody knows when it was, nor whether it has counted already.
    """

    _reader: NoticeLog

    def __init__(self, name: str, guard: Guard) -> None:
        """Begin; `name` is the log's path, `guard` judges."""
        super().__init__(name, guard.notices.counting)
        self._reader = NoticeLog()
        self._guard = guard
        self._told = 0
        self._since: float | None = None

    @property
    def events(self) -> int:
        """Notices of refused log-ins read so far."""
        return self._told

    @property
    def shows(self) -> str:
        """Of the forms, only text has the bytes that are not UTF-8."""
        return "" if self.form == "json" else NOTICES

    def hear(self, chunk: Chunk, receipt: float) -> Iterator[Outcome | Ambiguous]:
        """As of any log; while there is more in the file, nobody knows how long it has stood there."""
        self._since = receipt if self._since is None else self._since
        yield from self.feed(chunk.data, receipt, backlog=chunk.backlog)
        if not chunk.more:
            self._since = None

    def feed(self, data: bytes, receipt: float, *, backlog: bool) -> Iterator[Outcome | Ambiguous]:
        """Read and judge lines of notices."""
        notices = self._guard.notices
        self._fed = notices.now = self.timing.latest = receipt
        for found in self._reader.feed(data, receipt):
            if isinstance(found, Ambiguous):
                self.ambiguous[found.why] += 1
                yield found
            elif isinstance(found, Notice):
                self._told += 1
                notices.uncompared += backlog
                if not backlog:
                    yield from self._guard.overhear(found, self.name, self._since or receipt)
            elif not backlog:
                notices.health(found)
