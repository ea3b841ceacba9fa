"""Edge: a set of paths and globs as one asynchronous stream of chunks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

from amiguard.sources.bell import Bell
from amiguard.sources.pace import ALERT, Pace, until_beat
from amiguard.sources.roster import Roster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping

    from amiguard.sources.position import Chunk, Position
    from amiguard.sources.tail import Tail

POLL = 1.0
"""Seconds between looks without a bell; NFS never rings, and inotify overflows."""


class Follower:
    """Follows paths and globs: a context manager inside a running loop, to be iterated once.

    The consumer sets the pace: while it is busy, the lines wait in their files.

        with Follower(["/var/log/asterisk/security*"], positions) as follower:
            async for path, chunk in follower:
                ...

    Attributes:
        begun: set when each file was looked at once.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        positions: Mapping[str, Position],
        refuses: Callable[[str], str] = lambda _: "",
        busy: Collection[str] = (),
        failures: Callable[[], bool] = lambda: True,
    ) -> None:
        """Begin.

        Args:
            patterns: paths and globs.
            positions: where to go on, by path.
            refuses: tells why a path must not be read, nothing if it may.
            busy: paths of which nobody can take more just now; whoever changes that calls `hurry`.
            failures: tells whether somebody has failed of late, so that there is cause to hurry.
        """
        self.begun = asyncio.Event()
        self._busy = busy
        self._failures = failures
        self._roster = Roster(patterns, positions, refuses)
        self._bell = Bell()
        self._pace = Pace()
        self._muted = False
        self._more = False
        self._due = 0.0

    def __enter__(self) -> Self:
        self._bell.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.__exit__()
        self._roster.close()

    @property
    def tails(self) -> Mapping[str, Tail]:
        """What is followed now, by path; for status and lag."""
        return self._roster.tails

    def hurry(self) -> None:
        """Look again at once: somebody is no longer busy."""
        self._bell.ring()

    async def __aiter__(self) -> AsyncIterator[tuple[str, Chunk]]:
        while True:
            self._look_around(time.monotonic())
            for found in self._round():
                yield found
            self.begun.set()
            await self._pause()

    def _round(self) -> Iterator[tuple[str, Chunk]]:
        """At most one chunk of each file, so that none starves."""
        self._more = False
        for path, tail in self.tails.items():
            if path not in self._busy and (chunk := tail.read()):
                self._pace.found()
                self._more = self._more or chunk.more
                yield path, chunk

    async def _pause(self) -> None:
        if self._more:
            await asyncio.sleep(0)
        elif self._pace.busy:
            await asyncio.sleep(self._pace.step)
        else:
            await self._bell.wait(ALERT if self._leaving() else until_beat(time.monotonic(), POLL))

    def _leaving(self) -> bool:
        """Whether a tail may soon turn to another file."""
        return any(tail.leaving for tail in self.tails.values())

    def _look_around(self, now: float) -> None:
        """Each second, and when files moved or the pace changed, see what there is to follow."""
        self._pace.rest(now, failures=self._failures())
        if now >= self._due:
            self._roster.report()
        elif not self._bell.moved and self._pace.busy == self._muted:
            return
        self._due = now + until_beat(now, POLL)
        self._muted, self._bell.moved = self._pace.busy, False
        self._roster.discover()
        read = (path for path, tail in self.tails.items() if tail.state != "refused")
        self._bell.watch([] if self._muted else read, self._roster.folders)
